"""Turbulent fluxes between the air and sea ice, or the snow on it."""

from __future__ import annotations

import math

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from ngcm_coupler.constants import VON_KARMAN
from ngcm_coupler.surface import moist
from ngcm_coupler.surface.turbulence import solid
from ngcm_coupler.surface.turbulence.similarity import (
    BulkFluxes,
    Surface,
    air_and_surface,
    fluxes,
    solved,
)

NEUTRAL_COEFFICIENT = 1.4e-3
"""Neutral exchange coefficient of momentum, heat and moisture at 10 m [1].

Source: the constant coefficients of NEMO's bulk formulae over ice (Madec et al., NEMO ocean engine,
surface boundary condition); the drag lies within the 1.3 to 1.8 thousandths measured over Arctic
pack ice (Andreas et al. 2010).
"""

_LOG_ROUGHNESS = math.log(10.0) - VON_KARMAN / math.sqrt(NEUTRAL_COEFFICIENT)  # [log m]


def ice_fluxes(
    *,
    eastward_wind: ArrayLike,
    northward_wind: ArrayLike,
    air_temperature: ArrayLike,
    specific_humidity: ArrayLike,
    surface_air_pressure: ArrayLike,
    surface_temperature: ArrayLike,
    wind_height: ArrayLike,
    temperature_height: ArrayLike,
    potential_temperature: ArrayLike | None = None,
) -> BulkFluxes:
    """Fluxes of momentum, heat and water between the air and sea ice.

    The neutral coefficients at 10 m stand for a roughness length of 0.23 mm. With it, similarity
    gives the exchange at the height and stability of the air. The surface is saturated over ice,
    snow or not, and what evaporates sublimates.

    Every input broadcasts against the others; outputs have the common shape and dtype. Outputs
    are differentiable in every input, calm and neutral air included.

    Args:
      eastward_wind: mean wind at `wind_height`, relative to the drift of the ice [m s-1].
      northward_wind: likewise.
      air_temperature: temperature at `temperature_height` [K].
      specific_humidity: at `temperature_height` [kg kg-1].
      surface_air_pressure: at the surface [Pa].
      surface_temperature: of the top of the ice or snow [K].
      wind_height: height of the wind above the surface [m].
      temperature_height: height of temperature and humidity above the surface [m].
      potential_temperature: as in `bulk_fluxes`.

    Returns:
      The fluxes and the near-surface values.
    """
    air, (temperature,) = air_and_surface(
        surface_temperature,
        eastward_wind=eastward_wind,
        northward_wind=northward_wind,
        air_temperature=air_temperature,
        specific_humidity=specific_humidity,
        surface_air_pressure=surface_air_pressure,
        wind_height=wind_height,
        temperature_height=temperature_height,
        potential_temperature=potential_temperature,
        least_wind=solid.LEAST_WIND,
    )
    log_roughness = jnp.full_like(temperature, _LOG_ROUGHNESS)
    scheme = solid.scheme(log_roughness, log_roughness)
    humidity, slope = moist.with_slope(_ice_humidity, temperature, air.pressure)
    ice = Surface(temperature, humidity)
    return fluxes(
        scheme,
        air,
        ice,
        solved(scheme, air, ice, solid.first_guess(scheme, air, ice), solid.ITERATIONS),
        latent_heat=jnp.full_like(temperature, moist.LATENT_HEAT_OF_SUBLIMATION),
        humidity_slope=slope,
    )


def _ice_humidity(temperature: Array, pressure: Array) -> Array:
    """Specific humidity of air in equilibrium with ice."""
    vapour = moist.saturation_vapour_pressure_over_ice(temperature, pressure)
    return moist.specific_humidity(vapour, pressure)
