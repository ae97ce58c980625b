"""Spectral transform of many fields at once, in the layout of `layout.py`."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from dinosaur.jax_numpy_utils import precise_einsum

from ngcm_coupler.engine.dycore.tables import Horizontal, Latitudes


def legendre(x: jax.Array, table: jax.Array) -> jax.Array:
    """Product over the last axis of every m.

    Args:
      x: shape (m, pair, channel, a).
      table: shape (m, a, b).

    Returns:
      Shape (m, pair, channel, b).
    """
    m, pair, channels, _ = x.shape
    product = precise_einsum("mca,mab->mcb", x.reshape(m, pair * channels, -1), table)
    return product.reshape(m, pair, channels, -1)


def zonal_slope(y: jax.Array, tables: Horizontal) -> jax.Array:
    """∂/∂λ / a of Fourier coefficients (m, pair, ...): exchanges cosine and sine."""
    return tables.zonal_slope * jnp.flip(y, axis=1)


def to_longitudes(y: jax.Array, tables: Horizontal) -> jax.Array:
    """Sum of the Fourier series, (m, pair, channel, θ) -> (λ, channel, θ)."""
    channels, width = y.shape[2:]
    y = y.reshape(tables.parities, 2 * tables.orders, -1)
    groups = precise_einsum("qim,qmc->qic", tables.fourier, y)
    groups = jax.lax.optimization_barrier(groups)
    if tables.parities == 2:
        even, odd = groups
        groups = jnp.stack([even + odd, even - odd])
    return groups.reshape(tables.longitudes, channels, width)


def from_longitudes(x: jax.Array, tables: Horizontal) -> jax.Array:
    """Fourier coefficients times λ's weightless sum, (λ, channel, θ) -> (m, pair, channel, θ)."""
    channels, width = x.shape[1:]
    x = x.reshape(tables.parities, tables.longitudes // tables.parities, -1)
    if tables.parities == 2:
        x = jnp.stack([x[0] + x[1], x[0] - x[1]])
    y = precise_einsum("qmi,qic->qmc", tables.fourier.swapaxes(1, 2), x)
    return y.reshape(-1, 2, channels, width)


def quadrature(
    values: jax.Array, meridional: jax.Array, latitudes: Latitudes
) -> jax.Array:
    """Legendre transform of values, plus that of secθ ∂(cosθ X)/∂θ / a of the second.

    Args:
      values: shape (m, pair, channel, θ).
      meridional: X cosθ / cos²θ, same shape.
      latitudes: of this block.

    Returns:
      This block's share, shape (m, pair, channel, l).
    """
    return legendre(jnp.concatenate([values, meridional], axis=-1), latitudes.analysis)
