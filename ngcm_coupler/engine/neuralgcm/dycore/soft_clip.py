"""Upstream's `SoftClip` of features, with one logarithm instead of two nested softplus."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gin
import jax
import jax.numpy as jnp
import numpy as np

_SATURATED = 20.0
"""Softnesses beyond the limit at which nothing is left to a float32: e⁻²⁰ = 2e-9."""


@gin.register(module="ngcm_coupler")
def fast_soft_clip(
    coords: Any,
    dt: float,
    physics_specs: Any,
    aux_features: dict[str, Any],
    *,
    max_value: float,
    hinge_softness: float = 1.0,
) -> Callable[[Any], Any]:
    """Upstream's interface of transform modules; both limits are those of its `SoftClip`."""
    del coords, dt, physics_specs, aux_features

    def transform(features: Any) -> Any:
        return jax.tree.map(lambda x: soft_clip(x, max_value, hinge_softness), features)

    return transform


def soft_clip(x: jax.Array, limit: float, softness: float) -> jax.Array:
    """Values that bend smoothly into (-limit, limit).

    With s(z) = h ln(1 + e^(z/h)) and range r = 2 limit, upstream's
    limit - s(r - s(x + limit)) r / s(r) is, the logarithms written as one,

      limit - c (limit - x + h ln [(1 + e^((x-limit)/h) + e^(-r/h)) / (1 + e^((-x-limit)/h))])

    with c = r / s(r). Near zero it is x up to rounding.

    Args:
      x: any values.
      limit: of the result.
      softness: h, the width of the bends.
    """
    spread = 2.0 * limit / softness
    scale = spread / float(np.logaddexp(spread, 0.0))
    bound = limit + _SATURATED * softness
    inside = jnp.clip(x, -bound, bound)
    upper = jnp.exp((inside - limit) / softness)
    lower = jnp.exp((-inside - limit) / softness)
    bend = softness * jnp.log((1.0 + upper + float(np.exp(-spread))) / (1.0 + lower))
    return limit * (1.0 - scale) + scale * (inside - bend)
