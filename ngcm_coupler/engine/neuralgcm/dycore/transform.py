"""Spectral transform of many fields at once, in the layout of `layout.py`."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from dinosaur.jax_numpy_utils import precise_einsum

from ngcm_coupler.engine.neuralgcm.dycore.tables import Horizontal, Table


def legendre(x: jax.Array, table: Table) -> jax.Array:
    """Product over the last axis of every m and parity of l.

    Args:
      x: shape (m, e, pair, channel, a).
      table: shape (m, e, a, b).

    Returns:
      Shape (m, e, pair, channel, b).
    """
    m, e, pair, channels, _ = x.shape
    product = precise_einsum("meca,meab->mecb", x.reshape(m, e, pair * channels, -1), table)
    return product.reshape(m, e, pair, channels, -1)


def to_hemispheres(y: jax.Array, tables: Horizontal, odd: bool) -> jax.Array:
    """Sum over both parities of l on both sides of the equator.

    Args:
      y: shape (m, e, pair, channel, θ).
      tables: of the transform.
      odd: whether the functions are meridional slopes, whose parity is the opposite.

    Returns:
      Shape (m, pair, channel, 2 θ).
    """
    mirror = -tables.mirror if odd else tables.mirror
    return jnp.concatenate([y[:, 0] + y[:, 1], mirror * (y[:, 0] - y[:, 1])], axis=-1)


def from_hemispheres(y: jax.Array, tables: Horizontal, odd: bool) -> jax.Array:
    """The transposed of `to_hemispheres`: (m, pair, channel, 2 θ) -> (m, e, pair, channel, θ)."""
    mirror = -tables.mirror if odd else tables.mirror
    north, south = jnp.split(y, 2, axis=-1)
    south = mirror * south
    return jnp.stack([north + south, north - south], axis=1)


def zonal_slope(y: jax.Array, tables: Horizontal) -> jax.Array:
    """∂/∂λ / a of coefficients (m, e, pair, channel, ...): exchanges cosine and sine."""
    return tables.zonal_slope * jnp.flip(y, axis=2)


def to_longitudes(y: jax.Array, tables: Horizontal) -> jax.Array:
    """Sum of the Fourier series, (m, pair, channel, 2 θ) -> (images λ, channel, 2 θ)."""
    channels, width = y.shape[2:]
    y = y.reshape(-1, tables.orders, 2, channels * width).swapaxes(1, 2)
    y = y.reshape(tables.groups, tables.orders, -1)
    parts = precise_einsum("gim,gmc->gic", tables.fourier, y)
    parts = jax.lax.optimization_barrier(parts)
    images = jnp.stack([_signed_sum(signs, parts) for signs in tables.images])
    return images.reshape(-1, channels, width)


def from_longitudes(x: jax.Array, tables: Horizontal) -> jax.Array:
    """The transposed of `to_longitudes`: (images λ, channel, 2 θ) -> (m, pair, channel, 2 θ)."""
    channels, width = x.shape[1:]
    images = x.reshape(tables.groups, -1, channels * width)
    signs_of_groups = zip(*tables.images, strict=True)
    parts = jnp.stack([_signed_sum(signs, images) for signs in signs_of_groups])
    y = precise_einsum("gmi,gic->gmc", tables.fourier_quadrature, parts)
    y = y.reshape(-1, 2, tables.orders, channels * width).swapaxes(1, 2)
    return y.reshape(-1, 2, channels, width)


def _signed_sum(signs: tuple[int, ...], parts: jax.Array) -> jax.Array:
    """The sum of all parts, each with its sign, the first of which is positive."""
    total = parts[0]
    for sign, part in zip(signs[1:], parts[1:], strict=True):
        total = total + part if sign > 0 else total - part
    return total


def to_grid(x: jax.Array, tables: Horizontal, shape: tuple[int, int]) -> jax.Array:
    """Folded fields (images λ, channel, 2 θ) as (channel, longitude, latitude) of that shape."""
    longitudes, latitudes = shape
    north, south = jnp.split(x, 2, axis=-1)
    x = jnp.concatenate([jnp.flip(south[..., latitudes % 2 :], axis=-1), north], axis=-1)
    images = x.reshape(len(tables.images), -1, *x.shape[1:])
    turn = 2 * longitudes // len(tables.images)
    # Of a second image, what is not the point itself, from the far end.
    rest = turn - images.shape[1]
    parts = [
        jnp.flip(image[1 : 1 + rest], axis=0) if number % 2 else image
        for number, image in enumerate(images)
    ]
    return jnp.concatenate(parts).transpose(1, 0, 2)


def from_grid(x: jax.Array, tables: Horizontal) -> jax.Array:
    """The opposite of `to_grid`: every point and its images, some of them twice."""
    x = x.transpose(1, 0, 2)
    longitudes, _, latitudes = x.shape
    turn = 2 * longitudes // len(tables.images)
    count = turn // 2 + 1
    parts = []
    for start in range(0, longitudes, turn):
        parts.append(x[start : start + count])
        # The images of the first point begin the next turn; after the last, the circle is closed.
        first = x[(start + turn) % longitudes][None]
        parts += [first, jnp.flip(x[start + turn - count + 1 : start + turn], axis=0)]
    x = jnp.concatenate(parts)
    half = latitudes // 2
    return jnp.concatenate([x[..., half:], jnp.flip(x, axis=-1)[..., half:]], axis=-1)
