"""The arrays of a state by name, as restart files hold them."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ngcm_coupler.engine.atmosphere import is_random_key
from ngcm_coupler.errors import RestartError

PREFIX = "state."
"""How the names of `named_leaves` begin."""


def named_leaves(state: Any) -> list[tuple[str, Any]]:
    """The arrays of a state with their place in it, ``state.vorticity`` say, in tree order.

    Upstream's states are registered without names, so JAX only numbers their fields; the
    dataclass knows what they are called.
    """
    named = []
    for path, leaf in jax.tree_util.tree_flatten_with_path(state)[0]:
        node, names = state, ["state"]
        for key in path:
            if isinstance(key, jax.tree_util.FlattenedIndexKey):
                names.append(dataclasses.fields(node)[key.key].name)
                node = getattr(node, names[-1])
            else:
                names.append(jax.tree_util.keystr((key,), simple=True))
                node = node[key.key] if hasattr(key, "key") else getattr(node, names[-1])
        named.append((".".join(names), leaf))
    return named


def to_host(leaf: jax.Array) -> np.ndarray:
    """An array on the host; a random key as its bits, truth as a byte, which netCDF knows."""
    if is_random_key(leaf):
        return np.asarray(jax.random.key_data(leaf))
    values = np.asarray(leaf)
    return values.astype(np.uint8) if values.dtype == bool else values


def to_leaf(name: str, value: np.ndarray, leaf: jax.ShapeDtypeStruct) -> Any:
    """The inverse of `to_host`, checked against the leaf of the template."""
    is_key = is_random_key(leaf)
    expected = jax.eval_shape(jax.random.key_data, leaf) if is_key else leaf
    dtype = np.uint8 if expected.dtype == bool else expected.dtype
    if value.shape != expected.shape or value.dtype != dtype:
        raise RestartError(
            f"restart array {name} has shape {value.shape} and type {value.dtype}; the model needs"
            f" {expected.shape} and {dtype}"
        )
    if is_key:
        return jax.random.wrap_key_data(jnp.asarray(value))
    return value.astype(expected.dtype)


def not_finite(state: dict[str, np.ndarray]) -> str:
    """Which variables of a state are not finite, and on which level first, from the top.

    Args:
      state: arrays of one member by name.

    Returns:
      The end of a message; empty where all are finite.
    """
    places = []
    for name, array in state.items():
        if np.issubdtype(array.dtype, np.inexact) and not np.isfinite(array).all():
            level = int(np.argwhere(~np.isfinite(array))[0][0]) + 1 if array.ndim == 3 else None
            places.append(name if level is None else f"{name} (level {level} of {len(array)})")
    return f"; in the state: {', '.join(places)}" if places else ""
