"""Land as turbulence meets it; the host tells its temperature and its wetness, or the air does."""

from __future__ import annotations

import math

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from ngcm_coupler.constants import ZERO_CELSIUS
from ngcm_coupler.surface import moist
from ngcm_coupler.surface.turbulence import solid
from ngcm_coupler.surface.turbulence.near_surface_air import NearSurfaceAir, driving
from ngcm_coupler.surface.turbulence.similarity import Surface

_LOG_SCALAR_RATIO = math.log(0.1)  # of the roughness lengths of scalars and momentum
_SOIL_EXPONENT = 4.0
"""Fitted: soil as dry as the air of the demo's January then evaporates 1.1 mm/day from all land,
0.3 from the Sahara and 3 from the Amazon; land's mean of the year is 1.3 (Wild et al. 2015)."""

_RECYCLING_EXPONENT = 1.5
"""Well below that of the soil, so that only soil much wetter than its air meets the limit. The
larger, the drier deserts stay, and the more the closing factor has to make good elsewhere."""

_THAWED_CELSIUS = 1.0  # water is liquid from here on; it is ice up to 0 degrees


def land_ground(
    air: NearSurfaceAir,
    surface_temperature: ArrayLike,
    *,
    roughness_length: ArrayLike,
    moisture_availability: ArrayLike,
) -> solid.Ground:
    """Land as it meets the air.

    Evaporation is the moisture availability times that of a wet surface; dew and frost form as on
    a wet surface. The roughness length of heat and moisture is a tenth of that of momentum.
    Heights count from the ground over smooth land, and over tall vegetation from its displacement
    height; the logarithmic profile of the wind starts at zero there, one roughness length above
    the level where it would end without this shift. So any roughness length has winds at 10 m.

    Up to 0 degrees Celsius the surface holds ice, which sublimates; from 1 degree on it holds
    water; saturation and latent heat are linear between, so that fluxes have no jump.

    Every input broadcasts against the others; outputs have the common shape and dtype. Fluxes over
    it are differentiable in every input, calm and neutral air included; where dew turns into
    evaporation the derivative has a step.

    Args:
      air: above the land.
      surface_temperature: of the skin of the land [K].
      roughness_length: of momentum [m], positive.
      moisture_availability: evaporation over that of a wet surface [1], 0 to 1.

    Returns:
      What `solid_fluxes` takes.

    Sources: Manabe (1969) for the availability of moisture; Best et al. (2011) for a tenth, the
    default of JULES, after Garratt and Hicks (1973).
    """
    above, (temperature, roughness, availability) = driving(
        air,
        surface_temperature,
        roughness_length,
        moisture_availability,
        least_wind=solid.LEAST_WIND,
    )
    above = above._replace(
        wind_height=above.wind_height + roughness,
        temperature_height=above.temperature_height + roughness,
    )
    log_roughness = jnp.log(roughness)
    saturated, slope = moist.with_slope(_land_humidity, temperature, above.pressure)
    excess = above.humidity - saturated
    share = jnp.where(excess > 0.0, 1.0, availability)
    return solid.Ground(
        air=above,
        surface=Surface(temperature, above.humidity - share * excess),
        log_momentum_roughness=log_roughness,
        log_scalar_roughness=log_roughness + _LOG_SCALAR_RATIO,
        latent_heat=_latent_heat(temperature),
        humidity_slope=share * slope,
        origin=roughness,
    )


def relative_humidity_at_land(
    air_temperature: Array, specific_humidity: Array, surface_air_pressure: Array
) -> Array:
    """Relative humidity of air at the ground, over ice where it freezes [1], 0 to 1.

    Args:
      air_temperature: brought down to the surface [K].
      specific_humidity: [kg kg-1].
      surface_air_pressure: at the surface [Pa].
    """
    saturated = _land_humidity(air_temperature, surface_air_pressure)
    return jnp.clip(specific_humidity / saturated, 0.0, 1.0)


def availability_below(relative_humidity: Array) -> Array:
    """Moisture availability of soil that is as dry as the air above it [1].

    Air over land has its moisture from the ground, and dries where the ground does (Bouchet 1963;
    Fisher et al. 2008 infer the moisture of soil from it). The power is fitted.

    Args:
      relative_humidity: at the ground [1], 0 to 1.
    """
    return relative_humidity**_SOIL_EXPONENT


def recycled_evaporation(
    evaporation: Array, moisture_availability: Array, relative_humidity: Array
) -> Array:
    """The part of a host's evaporation that the model's air bears out.

    What a model takes out of the air over land is precipitation less an evaporation of its own. A
    host's in its place makes all that the host has too much fall again, so that a desert waters
    itself. The model's air tells how wet its own land is: soil counts as no wetter than that.

    Args:
      evaporation: of the land [kg m-2 s-1]; dew counts in full.
      moisture_availability: that it has been computed with [1].
      relative_humidity: at the ground [1], 0 to 1.
    """
    limit = jnp.maximum(relative_humidity, 1e-3) ** _RECYCLING_EXPONENT
    counted = evaporation * limit / jnp.maximum(moisture_availability, limit)
    return jnp.where(evaporation > 0.0, counted, evaporation)


def _land_humidity(temperature: Array, pressure: Array) -> Array:
    """Specific humidity of air in equilibrium with the water or ice of the ground."""
    over_water = moist.saturation_vapour_pressure(temperature, pressure)
    over_ice = moist.saturation_vapour_pressure_over_ice(temperature, pressure)
    thawed = _thawed(temperature)
    return moist.specific_humidity(over_ice + thawed * (over_water - over_ice), pressure)


def _latent_heat(temperature: Array) -> Array:
    """Latent heat of sublimation or vaporisation [J kg-1]."""
    vaporisation = moist.latent_heat_of_vaporisation(temperature)
    sublimation = moist.LATENT_HEAT_OF_SUBLIMATION
    return sublimation + _thawed(temperature) * (vaporisation - sublimation)


def _thawed(temperature: Array) -> Array:
    """How much of the surface holds water rather than ice [1]."""
    return jnp.clip((temperature - ZERO_CELSIUS) / _THAWED_CELSIUS, 0.0, 1.0)
