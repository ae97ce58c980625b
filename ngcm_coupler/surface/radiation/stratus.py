"""Low clouds under an inversion over the sea, where the model's cloud water makes too few.

The water is the model's; how much of the sky it is spread over follows from the stability of the
air below 700 hPa. The model's own scheme of clouds in part of a cell knows convection, humidity and
water, and no inversion that holds water together.

Source: Wood and Bretherton (2006), J. Clim. 19, 6425-6432, whose estimated inversion strength
carries what Klein and Hartmann (1993) found for the subtropics to the middle latitudes.
"""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array

from ngcm_coupler.air import Columns
from ngcm_coupler.constants import (
    GAS_CONSTANT_DRY_AIR,
    GAS_CONSTANT_WATER_VAPOUR,
    GRAVITY,
    KAPPA,
    REFERENCE_PRESSURE,
    SPECIFIC_HEAT_DRY_AIR,
    ZERO_CELSIUS,
)
from ngcm_coupler.surface import moist

_COVER = 0.14  # without an inversion [1]
_COVER_PER_KELVIN = 0.06
_TOP = 7e4  # the stability is that of the air below this pressure [Pa]
_MOIST = 8.5e4  # and its moist lapse rate that at this one
_FADING = 5e3  # below the top, clouds come in over this much pressure [Pa]
# Levels with much more liquid water than this belong to the cloud [1]: a tenth of what is usual in
# stratus, so that it decides what is cloudy, and not how much.
_LIQUID = 5e-6


def stratus_cover(columns: Columns) -> Array:
    """Part of each level that stratus covers, were all of the cell open sea [1], (levels, n).

    Args:
      columns: the air; negative cloud water counts as zero.

    Source: Wood and Bretherton (2006), fig. 5 and table 1, for the cover.
    """
    liquid = jnp.maximum(columns.cloud_liquid, 0.0)
    strength = inversion_strength(columns)
    cover = jnp.clip(_COVER + _COVER_PER_KELVIN * strength, 0.0, 1.0)
    low = jnp.clip((columns.air_pressure - _TOP) / _FADING, 0.0, 1.0)
    return cover * low * -jnp.expm1(-liquid / _LIQUID)


def inversion_strength(columns: Columns) -> Array:
    """Estimated inversion strength (EIS) [K], shape (n,).

    The potential temperature at 700 hPa less that of the lowest level, less by how much it grows
    along a moist adiabat from the base of the clouds. Where the surface lies above 700 hPa it is
    zero.

    Source: Wood and Bretherton (2006), eq. 4 and 5; Lawrence (2005), Bull. Am. Meteorol. Soc. 86,
    225-233, eq. 24, for the height of the base.
    """
    temperature, levels = columns.air_temperature, columns.air_pressure
    near, pressure = temperature[-1], levels[-1]
    above = jnp.clip((_TOP - levels[:-1]) / jnp.diff(levels, axis=0), 0.0, 1.0)
    high = temperature[0] + (above * jnp.diff(temperature, axis=0)).sum(axis=0)
    stability = high * (REFERENCE_PRESSURE / _TOP) ** KAPPA
    stability = stability - near * (REFERENCE_PRESSURE / pressure) ** KAPPA
    middle = 0.5 * (near + high)
    height = GAS_CONSTANT_DRY_AIR * middle / GRAVITY * jnp.log(pressure / _TOP)
    base = cloud_base(near, columns.specific_humidity[-1], pressure)
    strength = stability - _moist_growth(middle) * (height - base)
    return jnp.where(height > 0.0, strength, 0.0)


def cloud_base(temperature: Array, humidity: Array, pressure: Array) -> Array:
    """Height above a parcel of air at which it condenses when lifted [m]."""
    vapour = moist.saturation_vapour_pressure(temperature, pressure)
    relative = jnp.clip(humidity / moist.specific_humidity(vapour, pressure), 0.0, 1.0)
    celsius = temperature - ZERO_CELSIUS
    return (20.0 + 0.2 * celsius) * 100.0 * (1.0 - relative)


def _moist_growth(temperature: Array) -> Array:
    """Growth of potential temperature with height along a moist adiabat at 850 hPa [K m-1]."""
    saturated = moist.specific_humidity(
        moist.saturation_vapour_pressure(temperature, jnp.asarray(_MOIST)), jnp.asarray(_MOIST)
    )
    heat = moist.latent_heat_of_vaporisation(temperature)
    along = heat * saturated / (GAS_CONSTANT_DRY_AIR * temperature)
    across = heat**2 * saturated
    across = across / (SPECIFIC_HEAT_DRY_AIR * GAS_CONSTANT_WATER_VAPOUR * temperature**2)
    return GRAVITY / SPECIFIC_HEAT_DRY_AIR * (1.0 - (1.0 + along) / (1.0 + across))
