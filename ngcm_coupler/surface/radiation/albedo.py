"""Short-wave bands at the surface, and the albedo of open water in them."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array

DIFFUSE_WATER_ALBEDO = 0.06
"""Albedo of open water in diffuse light [1]. Source: Briegleb et al. (1986)."""


def open_water_albedo(cosine: Array) -> Array:
    """Albedo of open water without waves or foam, the same in the visible and the near infrared.

    Args:
      cosine: cosine of the solar zenith angle while the sun is up [1], shape (n,).

    Returns:
      The albedo [1], shape (4, n): between 0.03 (sun overhead) and 0.25 (sun at the horizon) in
      direct light.

    Source: Taylor et al. (1996), Q. J. R. Meteorol. Soc. 122, 839-861, eq. for direct light.
    """
    high = cosine > 0.0
    power = jnp.where(high, jnp.where(high, cosine, 1.0) ** 1.4, 0.0)
    direct = 0.037 / (1.1 * power + 0.15)
    diffuse = jnp.full_like(direct, DIFFUSE_WATER_ALBEDO)
    return jnp.stack([direct, diffuse, direct, diffuse])
