"""Ozone, which the model does not carry: an analytic climatology."""

from __future__ import annotations

import math

import jax.numpy as jnp
from jax import Array

from ngcm_coupler.constants import GRAVITY

DOBSON = 2.1415e-5
"""Mass of ozone in one Dobson unit [kg m-2]."""

_MASS_RATIO = 47.998 / 28.965  # molar mass of ozone over that of dry air
_NEW_YEAR = math.radians(280.46)  # mean longitude of the sun on 1 January


def total_ozone(solar_longitude: Array, latitude: Array) -> Array:
    """Ozone in the column by season and latitude; what depends on longitude is left out.

    Args:
      solar_longitude: mean longitude of the sun [rad], shape (), which tells the season.
      latitude: [rad], shape (n,).

    Returns:
      [Dobson units], shape (n,): 235 at the equator, up to 425 in the northern spring.

    Source: Van Heuklon (1979), Solar Energy 22, 63-68.
    """
    season = solar_longitude - _NEW_YEAR
    north = (150.0 + 40.0 * jnp.sin(season - math.radians(0.9865 * 30.0))) * jnp.sin(
        1.28 * latitude
    ) ** 2
    south = (100.0 + 30.0 * jnp.sin(season + math.radians(0.9865 * 152.625))) * jnp.sin(
        1.5 * latitude
    ) ** 2
    return 235.0 + jnp.where(latitude > 0.0, north, south)


def ozone_profile(total: Array, air_pressure: Array, interface_pressure: Array) -> Array:
    """Ozone on levels: a tropical profile scaled to the column.

    Args:
      total: ozone in the column [Dobson units], shape (n,).
      air_pressure: [Pa], shape (levels, n).
      interface_pressure: [Pa], shape (levels + 1, n).

    Returns:
      Mole fraction in dry air [1], shape (levels, n).

    Source: Wing et al. (2018), Geosci. Model Dev. 11, 793-813, eq. 1 (RCEMIP), for the shape.
    """
    hectopascals = air_pressure / 100.0
    shape = 3.6478e-6 * hectopascals**0.83209 * jnp.exp(-hectopascals / 11.3515)
    mass = _MASS_RATIO / GRAVITY * (shape * jnp.diff(interface_pressure, axis=0)).sum(axis=0)
    return shape * (total * DOBSON / mass)
