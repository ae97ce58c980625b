"""Precipitation from the water that the model's column physics takes out of the air.

Most checkpoints predict no precipitation, but what their physics takes out of a column is
precipitation less evaporation, and the tiles know evaporation. Their sum is precipitation.
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from ngcm_coupler.constants import (
    SPECIFIC_HEAT_DRY_AIR,
    ZERO_CELSIUS,
)
from ngcm_coupler.surface import moist

_WET_BULB_ITERATIONS = 4  # within 0.01 K of the solution even in a desert; 1 uK where it may snow

_SNOW_STEEPNESS = 2.0  # Wang et al. (2019), eq. 1: 1 / (1 + 6.99e-5 exp(2 (Tw + 3.97)))
_SNOW_OFFSET = math.log(6.99e-5) + 2.0 * 3.97

_RESIDENCE_SECONDS = 10.0 * 86400.0

_LARGEST_FACTOR = 10.0
"""Precipitation is multiplied by no more in one interval, so that water left over from dry ones is
not poured on the few points where it rains next."""


def precipitation_step(
    net_downward: Array, evaporation: Array, debt: Array, seconds: float
) -> tuple[Array, Array]:
    """Precipitation of a step, never negative; what would be is owed by the column.

    The model and the tiles know nothing of each other, so that their sum is often negative. Later
    precipitation of the same column pays the debt first. Exported water less the change of debt is
    the sum of the two, step by step.

    Args:
      net_downward: precipitation less evaporation by the model's physics [kg m-2 s-1], shape (n,).
      evaporation: of the whole cell by the tiles [kg m-2 s-1], upward, shape (n,).
      debt: water that the column owes [kg m-2], not negative, shape (n,).
      seconds: length of the step [s].

    Returns:
      Precipitation [kg m-2 s-1] and the new debt [kg m-2], each of shape (n,). An input moves
      either the one or the other, and half of each where both are zero: what it adds in water is
      kept by the gradients too.
    """
    wanted = (net_downward + evaporation) * seconds - debt
    return jnp.maximum(wanted, 0.0) / seconds, jnp.maximum(-wanted, 0.0)


def remembered_debt(debt: Array, seconds: float) -> Array:
    """What is left of a debt after a step in which nothing fell.

    Where the tiles evaporate less than the model has learned to, a debt would grow for ever. Water
    stays in the air for ten days; an older debt is no longer one of the column but of the globe,
    which pays it by the factor that closes the global budget. So no debt exceeds what is missing
    in ten days.

    Args:
      debt: [kg m-2], shape (n,).
      seconds: length of the step [s].

    Returns:
      The debt [kg m-2], shape (n,).

    Source: Trenberth (1998), Climatic Change 39, 667-694: residence time of 9 to 10 days.
    """
    return debt * math.exp(-seconds / _RESIDENCE_SECONDS)


def close_water_budget(
    precipitation: np.ndarray, area_weights: np.ndarray, target: float, remainder: float
) -> tuple[np.ndarray, float, float]:
    """Multiplies precipitation by one factor, so that the globe gets what the air has lost.

    Runs on the host, in double precision. Single precision of what is returned leaves a remainder,
    which the next interval makes good: the sum over intervals is exact.

    Args:
      precipitation: means of an interval [kg m-2 s-1], not negative, float32, shape (k, n); all
        rows, such as rain and snow, are multiplied alike.
      area_weights: area of each point over that of the globe [1], float64, shape (n,).
      target: precipitation that closes the budget, mean over globe and interval [kg m-2 s-1]: mean
        evaporation less the change of the water in the air.
      remainder: what earlier intervals of the same length owe the surface [kg m-2 s-1]; 0 at the
        start of a run.

    Returns:
      Precipitation, float32, shape (k, n); the new remainder [kg m-2 s-1]; and the factor [1].
      Where nothing is to fall on the globe as a whole, or nothing does fall, all is zero and in
      the remainder, likewise what a factor above 10 would add.
    """
    wanted = target + remainder
    weighted = (precipitation.astype(np.float64) * area_weights).sum()
    factor = 0.0
    if wanted > 0.0 and weighted > 0.0:
        factor = min(float(wanted / weighted), _LARGEST_FACTOR)
    closed = (precipitation * np.float64(factor)).astype(np.float32)
    exported = (closed.astype(np.float64) * area_weights).sum()
    return closed, float(wanted - exported), factor


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
    """Splits precipitation by a snow fraction [1]. Each of shape (n,), in one unit."""
    snowfall = snow * precipitation
    return precipitation - snowfall, snowfall
