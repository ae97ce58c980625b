"""The millimetre and the metres at the top of the sea, which an ocean model does not resolve.

The cool skin: the sea loses heat at its very surface, which conduction through a thin film leaves
some tenths of a degree colder than the water below. The warm layer: on a calm sunny day the sun
warms the upper metres by some degrees. Elementwise functions of JAX arrays.

Sources:
  Fairall et al. (1996a), J. Geophys. Res. 101, 1295-1308: the cool skin, as COARE has it.
  Zeng and Beljaars (2005), Geophys. Res. Lett. 32, L14605: the warm layer.
  Takaya et al. (2010), J. Geophys. Res. 115, C06009: its stability and its waves.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from ngcm_coupler.constants import GRAVITY, VON_KARMAN, ZERO_CELSIUS

FIRST_THICKNESS = 1e-3
"""First guess of the thickness of the cool skin [m]."""

_LARGEST_THICKNESS = 0.01
_LEAST_AIR_FRICTION_VELOCITY = 1e-3  # [m s-1]; below, shear has no part in the skin
_SAUNDERS = 6.0  # thickness of a sheared skin over nu / u* [1]
_WATER_DENSITY = 1022.0  # [kg m-3]; these four as COARE has them
_WATER_HEAT_CAPACITY = 4000.0  # [J kg-1 K-1]
_WATER_VISCOSITY = 1e-6  # [m2 s-1]
_WATER_CONDUCTIVITY = 0.6  # [W m-1 K-1]
_HALINE_CONTRACTION = 0.026  # salinity times contraction coefficient [1]
_LEAST_EXPANSION_CELSIUS = -3.1  # colder sea water than exists has the expansion of this

_LAYER_DEPTH = 3.0  # [m]
_PROFILE_EXPONENT = 0.3
_AIR_DENSITY = 1.2  # [kg m-3]; its variation is a few per cent of the friction velocity
_LANGMUIR_NUMBER = 0.3  # of a sea in balance with the wind [1]
_LANGMUIR_FACTOR = _LANGMUIR_NUMBER ** (-2.0 / 3.0)
_LEAST_FRICTION_VELOCITY = 1e-4  # [m s-1], in water
_LEAST_WARMING = 1e-6  # [K], so that the square root can be differentiated
# Fractions of sunlight in three bands, and what each loses per metre [m-1].
_SUNLIGHT = ((0.28, 71.5), (0.27, 2.8), (0.45, 0.07))
_ABSORBED = 1.0 - sum(part * math.exp(-rate * _LAYER_DEPTH) for part, rate in _SUNLIGHT)


class SeaSkin(NamedTuple):
    """What makes the skin of the sea another than the water below; broadcast as the air above."""

    downwelling_longwave_flux: ArrayLike
    """At the surface [W m-2]."""
    net_shortwave_flux: ArrayLike
    """Sunlight that the sea absorbs [W m-2]."""
    warm_layer_warming: ArrayLike = 0.0
    """What a warm layer exceeds the temperature of the sea by [K]."""


def thermal_expansion(sea_surface_temperature: Array) -> Array:
    """Thermal expansion coefficient of sea water of salinity 35 [K-1]; zero at -3.2 degrees.

    Source: COARE.
    """
    celsius = sea_surface_temperature - ZERO_CELSIUS
    return 2.1e-5 * (jnp.maximum(celsius, _LEAST_EXPANSION_CELSIUS) + 3.2) ** 0.79


def cool_skin(
    thickness: Array,
    *,
    sea_surface_temperature: Array,
    net_shortwave_flux: Array,
    nonsolar_flux: Array,
    latent_heat_flux: Array,
    latent_heat: Array,
    friction_velocity: Array,
    air_density: Array,
) -> tuple[Array, Array]:
    """How much colder the skin is than the water below it, and how thick: one iteration.

    Args:
      thickness: of the skin, from the last iteration [m].
      sea_surface_temperature: of the water below the skin [K].
      net_shortwave_flux: into the sea [W m-2].
      nonsolar_flux: net long-wave, sensible and latent heat into the sea [W m-2].
      latent_heat_flux: into the sea [W m-2].
      latent_heat: of vaporisation [J kg-1].
      friction_velocity: u* in the air [m s-1].
      air_density: [kg m-3].

    Returns:
      The cooling [K], negative where the sun warms the skin, and the thickness [m].

    Source: Fairall et al. (1996a), eqs. 10 to 17: Saunders' (1967) constant, smaller where the skin
    sinks by its weight, and the sunlight that the skin absorbs.
    """
    absorbed = net_shortwave_flux * (
        0.065 + 11.0 * thickness + 6.6e-5 / thickness * jnp.expm1(-thickness / 8e-4)
    )
    cooling = -nonsolar_flux - absorbed  # [W m-2]
    # Cooling and salt that evaporation leaves make the skin heavy.
    weight = (
        thermal_expansion(sea_surface_temperature) * cooling
        - _HALINE_CONTRACTION * _WATER_HEAT_CAPACITY / latent_heat * latent_heat_flux
    )
    friction_velocity = jnp.maximum(friction_velocity, _LEAST_AIR_FRICTION_VELOCITY)
    inertia = (16.0 * GRAVITY * _WATER_HEAT_CAPACITY * (_WATER_DENSITY * _WATER_VISCOSITY) ** 3) / (
        _WATER_CONDUCTIVITY * air_density * friction_velocity**2
    ) ** 2
    heavy = weight > 0.0
    sinking = (inertia * jnp.where(heavy, weight, 1.0)) ** 0.75
    saunders = jnp.where(heavy, _SAUNDERS / jnp.cbrt(1.0 + sinking), _SAUNDERS)
    shear = jnp.sqrt(air_density / _WATER_DENSITY) * friction_velocity
    thickness = jnp.minimum(saunders * _WATER_VISCOSITY / shear, _LARGEST_THICKNESS)
    return cooling * thickness / _WATER_CONDUCTIVITY, thickness


def warm_layer_step(
    warming: Array,
    *,
    sea_surface_temperature: Array,
    net_shortwave_flux: Array,
    nonsolar_flux: Array,
    friction_velocity: Array,
    seconds: float,
) -> Array:
    """Advances the warming of the sea below its skin over the water at 3 m.

    Args:
      warming: by how much the warm layer exceeds `sea_surface_temperature` [K], not negative.
      sea_surface_temperature: of the water below the warm layer [K].
      net_shortwave_flux: into the sea [W m-2].
      nonsolar_flux: net long-wave, sensible and latent heat into the sea [W m-2].
      friction_velocity: u* in the air [m s-1].
      seconds: length of the step [s].

    Returns:
      The warming at the end of the step [K], not negative.

    The step is exact for the stability at its start, and so stable for any length.
    Where the layer gains heat, the buoyancy is that of the gain, but no less than what keeps the
    layer stable after sunset: mixing has no jump where gain turns into loss.

    Sources: Zeng and Beljaars (2005), eqs. 6 and 11 to 13; Takaya et al. (2010), eqs. 3 to 6, for
    the stability function and the mixing by waves, of which the Langmuir number is 0.3.
    """
    heat_capacity = _WATER_DENSITY * _WATER_HEAT_CAPACITY  # [J m-3 K-1]
    shear = jnp.maximum(
        math.sqrt(_AIR_DENSITY / _WATER_DENSITY) * friction_velocity, _LEAST_FRICTION_VELOCITY
    )
    buoyancy = GRAVITY * thermal_expansion(sea_surface_temperature)  # [m s-2 K-1]
    gain = (nonsolar_flux + _ABSORBED * net_shortwave_flux) / heat_capacity  # [K m s-1]
    lasting = jnp.sqrt(
        _PROFILE_EXPONENT * buoyancy / (5.0 * _LAYER_DEPTH) * jnp.maximum(warming, _LEAST_WARMING)
    )
    buoyancy_flux = jnp.maximum(buoyancy * gain, lasting * shear**2)  # [m2 s-3]
    zeta = _LAYER_DEPTH * VON_KARMAN * buoyancy_flux / shear**3
    stability = 1.0 + (5.0 * zeta + 4.0 * zeta**2) / (1.0 + 3.0 * zeta + 0.25 * zeta**2)
    mixing = (
        (_PROFILE_EXPONENT + 1.0)
        * VON_KARMAN
        * _LANGMUIR_FACTOR
        * shear
        / (_LAYER_DEPTH * stability)
    )  # [s-1]
    heating = gain * (_PROFILE_EXPONENT + 1.0) / (_PROFILE_EXPONENT * _LAYER_DEPTH)  # [K s-1]
    mixed = -jnp.expm1(-seconds * mixing)
    return jnp.maximum(warming + mixed * (heating / mixing - warming), 0.0)
