"""Sea ice, or the snow on it, as turbulence meets it."""

from __future__ import annotations

import math

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from ngcm_coupler.constants import VON_KARMAN
from ngcm_coupler.surface import moist
from ngcm_coupler.surface.turbulence import solid
from ngcm_coupler.surface.turbulence.near_surface_air import NearSurfaceAir, driving
from ngcm_coupler.surface.turbulence.similarity import Surface

NEUTRAL_COEFFICIENT = 1.4e-3
"""Neutral exchange coefficient of momentum, heat and moisture at 10 m [1].

Source: the constant coefficients of NEMO's bulk formulae over ice (Madec et al., NEMO ocean engine,
surface boundary condition); the drag lies within the 1.3 to 1.8 thousandths measured over Arctic
pack ice (Andreas et al. 2010).
"""

_LOG_ROUGHNESS = math.log(10.0) - VON_KARMAN / math.sqrt(NEUTRAL_COEFFICIENT)  # [log m]


def ice_ground(air: NearSurfaceAir, surface_temperature: ArrayLike) -> solid.Ground:
    """Sea ice as it meets the air.

    The neutral coefficients at 10 m stand for a roughness length of 0.23 mm. With it, similarity
    gives the exchange at the height and stability of the air. The surface is saturated over ice,
    snow or not, and what evaporates sublimates.

    Every input broadcasts against the others; outputs have the common shape and dtype. Fluxes over
    it are differentiable in every input, calm and neutral air included.

    Args:
      air: above the ice; its wind is relative to the drift of the ice.
      surface_temperature: of the top of the ice or snow [K].

    Returns:
      What `solid_fluxes` takes.
    """
    above, (temperature,) = driving(air, surface_temperature, least_wind=solid.LEAST_WIND)
    log_roughness = jnp.full_like(temperature, _LOG_ROUGHNESS)
    humidity, slope = moist.with_slope(_ice_humidity, temperature, above.pressure)
    return solid.Ground(
        air=above,
        surface=Surface(temperature, humidity),
        log_momentum_roughness=log_roughness,
        log_scalar_roughness=log_roughness,
        latent_heat=jnp.full_like(temperature, moist.LATENT_HEAT_OF_SUBLIMATION),
        humidity_slope=slope,
        origin=jnp.zeros_like(temperature),
    )


def _ice_humidity(temperature: Array, pressure: Array) -> Array:
    """Specific humidity of air in equilibrium with ice."""
    vapour = moist.saturation_vapour_pressure_over_ice(temperature, pressure)
    return moist.specific_humidity(vapour, pressure)
