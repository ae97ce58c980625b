"""Reduction of surface pressure to mean sea level."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from ngcm_coupler.constants import GAS_CONSTANT_DRY_AIR, GRAVITY

STANDARD_LAPSE_RATE = 0.0065
"""Decrease of temperature with height below the surface [K m-1]. Source: ICAO."""

_WARM_SURFACE = 290.5
_COLD_SURFACE = 255.0
"""Temperatures [K] between which the standard lapse rate is used as it is."""


def air_pressure_at_mean_sea_level(
    surface_air_pressure: jax.Array,
    surface_altitude: jax.Array,
    air_temperature: jax.Array,
    air_pressure: jax.Array,
) -> jax.Array:
    """Surface pressure reduced to the geoid through air of a standard lapse rate.

    Args:
      surface_air_pressure: [Pa], shape (n,).
      surface_altitude: height of the model's own surface [m], shape (n,); where it is zero the
        pressure stays as it is.
      air_temperature: at the lowest level [K], shape (n,).
      air_pressure: at the lowest level [Pa], shape (n,).

    Returns:
      Mean-sea-level pressure [Pa], shape (n,).

    Source: Yessad (2018), "FULL-POS in the cycle 46 of ARPEGE/IFS", reduction to mean sea level;
    the same as Trenberth, Berry and Buja (1993), NCAR/TN-396.
    """
    exponent = STANDARD_LAPSE_RATE * GAS_CONSTANT_DRY_AIR / GRAVITY
    surface = air_temperature * (1.0 + exponent * (surface_air_pressure / air_pressure - 1.0))
    sea_level = surface + STANDARD_LAPSE_RATE * surface_altitude
    altitude = jnp.where(jnp.abs(surface_altitude) < 1e-3, 1e-3, surface_altitude)
    # A hot plateau would get a sea level hotter than any air, a cold one a far too dense column.
    lapse_rate = jnp.where(
        (sea_level > _WARM_SURFACE) & (surface <= _WARM_SURFACE),
        (_WARM_SURFACE - surface) / altitude,
        jnp.where(surface > _WARM_SURFACE, 0.0, STANDARD_LAPSE_RATE),
    )
    surface = jnp.where(surface > _WARM_SURFACE, 0.5 * (_WARM_SURFACE + surface), surface)
    surface = jnp.where(surface < _COLD_SURFACE, 0.5 * (_COLD_SURFACE + surface), surface)
    ratio = lapse_rate * surface_altitude / surface
    weight = GRAVITY * surface_altitude / (GAS_CONSTANT_DRY_AIR * surface)
    return surface_air_pressure * jnp.exp(weight * (1.0 - ratio / 2.0 + ratio**2 / 3.0))
