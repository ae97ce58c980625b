"""The product of a sparse matrix with fields on the host."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from ngcm_coupler.errors import ShapeError
from ngcm_coupler.regrid import kernels


def product(matrix: csr_array, values: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """Multiplies fields by a matrix, with the fields of a point side by side in memory.

    Args:
      matrix: of n rows and m columns.
      values: shape (..., m). If they are a view of an array of shape (m, ...) nothing is copied.
      out: an earlier result of the same shape to write over. Fresh memory for large results costs
        as much as the product.

    Returns:
      float64, shape (..., n), a view of an array of shape (n, ...).

    Raises:
      ShapeError: `out` is no array of this shape, type and order in memory.
    """
    rows, columns = matrix.shape  # pyright: ignore[reportGeneralTypeIssues]
    shape = (*values.shape[:-1], rows)
    if out is None:
        out = np.moveaxis(np.empty((rows, *shape[:-1])), 0, -1)
    result = np.moveaxis(out, -1, 0) if out.shape == shape else out
    if out.shape != shape or out.dtype != np.float64 or not result.flags.c_contiguous:
        raise ShapeError(
            f"out has shape {out.shape} and type {out.dtype}, expected float64 of shape {shape}"
            " with the last dimension the slowest in memory; give an earlier result"
        )
    fields = np.moveaxis(values, -1, 0)
    together = fields.flags.c_contiguous
    with kernels.required():
        from ngcm_coupler.regrid import _product

    _product.multiply(
        matrix.indptr,
        matrix.indices,
        matrix.data,
        fields.reshape(columns, -1) if together else values.reshape(-1, columns),
        result.reshape(rows, -1),
        together,
    )
    return out
