"""Rain or snow: what part of precipitation arrives frozen."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
from jax import Array

from ngcm_coupler.constants import (
    SPECIFIC_HEAT_DRY_AIR,
    ZERO_CELSIUS,
)
from ngcm_coupler.surface import moist

_WET_BULB_ITERATIONS = 4  # within 0.01 K of the solution even in a desert; 1 uK where it may snow

_SNOW_STEEPNESS = 2.0  # Wang et al. (2019), eq. 1: 1 / (1 + 6.99e-5 exp(2 (Tw + 3.97)))

_SNOW_OFFSET = math.log(6.99e-5) + 2.0 * 3.97


def wet_bulb_temperature(
    air_temperature: Array, specific_humidity: Array, air_pressure: Array
) -> Array:
    """Temperature of air that has been saturated by evaporating water into it at constant pressure.

    Args:
      air_temperature: [K].
      specific_humidity: [kg kg-1].
      air_pressure: [Pa].

    Returns:
      Wet-bulb temperature over liquid water [K].

    Source: American Meteorological Society, Glossary of Meteorology, "isobaric wet-bulb
    temperature": cp (T - Tw) = L (qs(Tw) - q), here by Newton's method.
    """
    vaporisation = moist.latent_heat_of_vaporisation(air_temperature) / SPECIFIC_HEAT_DRY_AIR

    def excess(wet_bulb: Array) -> Array:
        vapour = moist.saturation_vapour_pressure(wet_bulb, air_pressure)
        saturated = moist.specific_humidity(vapour, air_pressure)
        return wet_bulb - air_temperature + vaporisation * (saturated - specific_humidity)

    wet_bulb = air_temperature
    for _ in range(_WET_BULB_ITERATIONS):
        value, slope = jax.jvp(excess, (wet_bulb,), (jnp.ones_like(wet_bulb),))
        wet_bulb = wet_bulb - value / slope
    return wet_bulb


def snow_fraction(air_temperature: Array, specific_humidity: Array, air_pressure: Array) -> Array:
    """Part of precipitation that arrives as snow.

    Args:
      air_temperature: near the surface, at 2 m [K], shape (n,).
      specific_humidity: likewise [kg kg-1], shape (n,).
      air_pressure: at the surface [Pa], shape (n,).

    Returns:
      Snow over all precipitation [1], shape (n,): a half at a wet-bulb temperature of 0.8 degrees
      Celsius. Dry air cools what falls through it, and so has snow at higher temperatures.

    Source: Wang et al. (2019), Geophysical Research Letters 46, 13825-13835, eq. 1.
    """
    wet_bulb = wet_bulb_temperature(air_temperature, specific_humidity, air_pressure)
    return jax.nn.sigmoid(-_SNOW_STEEPNESS * (wet_bulb - ZERO_CELSIUS) - _SNOW_OFFSET)


def rain_and_snow(precipitation: Array, snow: Array) -> tuple[Array, Array]:
    """Splits precipitation by a snow fraction [1]. Each of shape (n,), in one unit.

    Two products, and no difference: where nearly all is snow, what a compiler rounds otherwise in
    the two places would leave a rain below zero.
    """
    return (1.0 - snow) * precipitation, snow * precipitation
