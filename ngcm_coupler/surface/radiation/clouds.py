"""Clouds that radiation sees, from the cloud water that the model carries.

The model knows cloud ice and liquid as means over a cell, and no cloud fraction. Water is gathered
into the fraction that the scheme of Xu and Randall (1996) gives; low clouds over the sea that keep
beside these are spread as far as the inversion above them lets them.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from ngcm_coupler.air import Columns
from ngcm_coupler.config.model_groups import Radiation as RadiationSettings
from ngcm_coupler.constants import GRAVITY, ZERO_CELSIUS
from ngcm_coupler.surface import moist
from ngcm_coupler.surface.radiation.stratus import stratus_cover

_WATER_EXPONENT = 0.49  # gamma of Xu and Randall (1996), eq. 1
_LEAST_WATER = 1e-9  # less cloud water is none [1]
_LEAST_FRACTION = 1e-3  # cloud water is spread over no less of a cell [1]
_ICE_ONLY = ZERO_CELSIUS - 23.0  # saturation is that over ice below [K], as in the IFS
_ICE_WIDTHS = 20.0, 140.0  # limits of the fit [micrometres]
# Effective radius, from volume over area, of a long hexagonal column over its mean width.
_RADIUS_OF_WIDTH = 3.0 * 3.0**0.5 / 8.0


class Clouds(NamedTuple):
    """Clouds as layers, each array of shape (levels, n), top level first."""

    fraction: Array
    """Part of the cell that is cloudy [1]."""
    liquid_path: Array
    """Liquid water within the cloudy part [kg m-2]."""
    ice_path: Array
    """Ice within the cloudy part [kg m-2]."""
    liquid_radius: Array
    """Effective radius of droplets [m]."""
    ice_radius: Array
    """Effective radius of ice crystals [m]."""


def clouds(settings: RadiationSettings, columns: Columns, ice_free_sea: Array) -> Clouds:
    """Diagnoses clouds.

    Args:
      settings: ``&ngcm_radiation``.
      columns: the air; negative humidity and cloud water count as zero.
      ice_free_sea: part of the cell that is open water [1], shape (n,).

    Returns:
      The clouds. Their water, fraction times path, is that of the model but for the least amounts.

    Source: Xu and Randall (1996), J. Atmos. Sci. 53, 3084-3102, eq. 1, for the fraction; Ou and
    Liou (1995), Atmos. Res. 35, 127-138, for the width of crystals; `stratus` for low clouds.
    """
    ice, liquid = jnp.maximum(columns.cloud_ice, 0.0), jnp.maximum(columns.cloud_liquid, 0.0)
    water = ice + liquid
    cloudy = water > _LEAST_WATER
    saturation = _saturation_humidity(columns.air_temperature, columns.air_pressure)
    relative = jnp.clip(columns.specific_humidity / saturation, 1e-3, 0.999)
    deficit = ((1.0 - relative) * saturation) ** _WATER_EXPONENT
    some_water = jnp.where(cloudy, water, 1.0)
    filled = 1.0 - jnp.exp(-settings.cloud_water_coefficient * some_water / deficit)
    fraction = jnp.clip(relative**settings.cloud_humidity_exponent * filled, _LEAST_FRACTION, 1.0)
    low = settings.stratus_factor * ice_free_sea * stratus_cover(columns)
    fraction = jnp.where(cloudy, 1.0 - (1.0 - fraction) * (1.0 - jnp.minimum(low, 1.0)), 0.0)
    per_cloud = jnp.where(cloudy, 1.0 / jnp.where(cloudy, fraction, 1.0), 0.0)
    mass = jnp.diff(columns.interface_pressure, axis=0) / GRAVITY * per_cloud
    celsius = jnp.clip(columns.air_temperature - ZERO_CELSIUS, -75.0, -20.0)
    width = 326.3 + celsius * (12.42 + celsius * (0.197 + celsius * 0.0012))
    return Clouds(
        fraction=fraction,
        liquid_path=liquid * mass,
        ice_path=ice * mass,
        liquid_radius=jnp.full_like(fraction, 1e-6 * settings.droplet_radius_micrometres),
        ice_radius=1e-6 * _RADIUS_OF_WIDTH * jnp.clip(width, *_ICE_WIDTHS),
    )


def cover_below(fraction: Array) -> Array:
    """Part of the sky that the clouds at and above each level leave nothing of, and so on down.

    Args:
      fraction: cloud fraction [1], shape (levels, n), in the order in which they are met.

    Returns:
      Cover of the layers met so far, this one included [1], shape (levels, n); the last is the
      total cover. Neighbouring layers overlap as much as they can, others at random.

    Source: Geleyn and Hollingsworth (1979), Contr. Atmos. Phys. 52, 1-16.
    """
    before = jnp.concatenate([jnp.zeros_like(fraction[:1]), fraction[:-1]])
    free = 1.0 - before
    ratio = (1.0 - jnp.maximum(fraction, before)) / jnp.where(free > 0.0, free, 1.0)
    clear = jnp.where(free > 0.0, ratio, 1.0)
    return 1.0 - jax.lax.associative_scan(jnp.multiply, clear, axis=0)


def added_up(values: Array) -> Array:
    """Sums from the first level to each, shape (levels, n).

    As a product with a triangle: a quarter of `jnp.cumsum` on a CPU, and half of what an
    associative scan compiles. A value that is not finite spoils the whole column.
    """
    triangle = jnp.tri(values.shape[0], dtype=values.dtype)
    return jnp.matmul(triangle, values, precision=jax.lax.Precision.HIGHEST)


def sampled(fraction: Array, offsets: Array, samples: int) -> Array:
    """Where clouds are in sub-columns of each column, maximum-random overlap.

    Sub-columns share the ranks of a lattice with an irrational step for every level, shifted by
    random offsets: the mean over them meets the cloud fraction far more closely than independent
    draws do.

    Args:
      fraction: cloud fraction [1], shape (levels, n), or (levels, samples, n) where each
        sub-column has its own.
      offsets: random numbers, uniform in 0 to 1, shape (levels, n).
      samples: number of sub-columns, static.

    Returns:
      Whether there is cloud, shape (samples, levels, n).

    Source: Raisanen et al. (2004), Q. J. R. Meteorol. Soc. 130, 2047-2067, eq. 14, for the
    overlap; Cranley and Patterson (1976), SIAM J. Numer. Anal. 13, 904-914, for the shift.
    """
    levels = fraction.shape[0]
    step = jnp.sqrt(_primes(levels)) % 1.0
    ranks = (jnp.arange(samples)[:, None] * step) % 1.0
    draws = (ranks[:, :, None] + offsets) % 1.0

    def below(rank: Array, layer: tuple[Array, Array, Array]) -> tuple[Array, Array]:
        draw, here, above = layer
        rank = jnp.where(rank > 1.0 - above, rank, draw * (1.0 - above))
        return rank, rank > 1.0 - here

    above = jnp.concatenate([jnp.zeros_like(fraction[:1]), fraction[:-1]])
    layers = (draws.swapaxes(0, 1), fraction, above)
    _, cloudy = jax.lax.scan(below, jnp.zeros_like(draws[:, 0]), layers)
    return cloudy.swapaxes(0, 1)


def _primes(count: int) -> Array:
    """The first prime numbers, whose roots are irrational."""
    found: list[int] = []
    candidate = 2
    while len(found) < count:
        if all(candidate % prime for prime in found):
            found.append(candidate)
        candidate += 1
    return jnp.asarray(found, jnp.float32)


def _saturation_humidity(temperature: Array, pressure: Array) -> Array:
    """Saturation specific humidity [1] over water, over ice in the cold, and between in between.

    Source: Buck (1981), eq. 8; the weight of ECMWF (2021), IFS Documentation, Part IV, ch. 7.
    """
    celsius = jnp.maximum(temperature - ZERO_CELSIUS, -100.0)
    water = 611.21 * jnp.exp(17.502 * celsius / (celsius + 240.97))
    ice = 611.15 * jnp.exp(22.452 * celsius / (celsius + 272.55))
    warm = jnp.clip((temperature - _ICE_ONLY) / (ZERO_CELSIUS - _ICE_ONLY), 0.0, 1.0) ** 2
    vapour = jnp.minimum(ice + warm * (water - ice), 0.5 * pressure)
    return moist.specific_humidity(vapour, pressure)
