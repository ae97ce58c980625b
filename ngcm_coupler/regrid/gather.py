"""The product of a sparse matrix with fields, in the form that JAX compiles well."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from scipy.sparse import csr_array

_REMAINDER_COST = 4
"""A link of the remainder costs as much as this many of the padded part."""


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Gather:
    """A matrix of n rows as a short padded part and the remainder of long rows.

    A row of a cell at a pole may have hundreds of links. Padding all rows to that length would
    make the product slower by as much.

    Attributes:
      index: source of each link, 0 for padding, shape (width, n).
      weight: of each link, 0 for padding, float32, or float64 if JAX has it; the same shape.
      more_row: rows of the remaining links, ascending, shape (m,).
      more_index: their sources, shape (m,).
      more_weight: their weights, shape (m,).
    """

    index: jax.Array
    weight: jax.Array
    more_row: jax.Array
    more_index: jax.Array
    more_weight: jax.Array

    @classmethod
    def of(cls, matrix: csr_array) -> Gather:
        """Chooses the width at which padding and remainder together cost least."""
        counts = np.diff(matrix.indptr)
        longer = np.bincount(counts)[::-1].cumsum()[::-1]  # rows with at least this many links
        remaining = np.append(longer[::-1].cumsum()[::-1][1:], 0)
        cost = np.arange(longer.size) * counts.size + _REMAINDER_COST * remaining
        width = int(np.argmin(cost))
        row = np.repeat(np.arange(counts.size), counts)
        place = np.arange(matrix.nnz) - np.repeat(matrix.indptr[:-1], counts)
        short = place < width
        index = np.zeros((width, counts.size), np.int32)
        weight = np.zeros((width, counts.size))
        index[place[short], row[short]] = matrix.indices[short]
        weight[place[short], row[short]] = matrix.data[short]
        return cls(
            index=jnp.asarray(index),
            weight=jnp.asarray(weight),
            more_row=jnp.asarray(row[~short], jnp.int32),
            more_index=jnp.asarray(matrix.indices[~short], jnp.int32),
            more_weight=jnp.asarray(matrix.data[~short]),
        )

    def __call__(self, values: jax.Array) -> jax.Array:
        """Multiplies fields of shape (..., sources) to (..., n), in their own precision."""
        fields = values.reshape(-1, values.shape[-1]).T
        weight, more = self.weight.astype(values.dtype), self.more_weight.astype(values.dtype)
        result = jnp.zeros((self.index.shape[1], fields.shape[1]), values.dtype)
        for index, part in zip(self.index, weight, strict=True):
            # Padding points anywhere, to land too, where a field may be NaN.
            link = part[:, None]
            result = result + jnp.where(link == 0.0, 0.0, link * fields[index])
        result = result.at[self.more_row].add(
            more[:, None] * fields[self.more_index], indices_are_sorted=True
        )
        return result.T.reshape(*values.shape[:-1], result.shape[0])
