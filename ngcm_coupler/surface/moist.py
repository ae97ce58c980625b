"""Moist air next to the sea: saturation, density, viscosity, latent heat.

Elementwise functions of JAX arrays of any shape, in SI units.
"""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array

from ngcm_coupler.constants import (
    GAS_CONSTANT_DRY_AIR,
    SALINITY_HUMIDITY_FACTOR,
    VIRTUAL_TEMPERATURE_FACTOR,
    ZERO_CELSIUS,
)

_MASS_RATIO = 0.622
"""Molar mass of water over that of dry air [1], rounded as the bulk algorithms were fitted with."""


def saturation_vapour_pressure(temperature: Array, pressure: Array) -> Array:
    """Saturation vapour pressure over liquid water in moist air.

    Args:
      temperature: temperature [K].
      pressure: air pressure [Pa], for the enhancement factor of moist air.

    Returns:
      Vapour pressure [Pa].

    Source: Buck (1981), eq. 8 with coefficients e_w4, f_w4, as COARE uses it.
    """
    celsius = temperature - ZERO_CELSIUS
    enhancement = 1.0007 + 3.46e-8 * pressure
    return 611.21 * enhancement * jnp.exp(17.502 * celsius / (celsius + 240.97))


def sea_surface_humidity(temperature: Array, pressure: Array) -> Array:
    """Specific humidity of air in equilibrium with sea water.

    Args:
      temperature: skin temperature of the sea [K].
      pressure: air pressure at the surface [Pa].

    Returns:
      Specific humidity [kg kg-1]; salt lowers the vapour pressure by 2 %.

    Source: Fairall et al. (1996), sec. 2; the salinity effect is that of Kraus (1972).
    """
    vapour = SALINITY_HUMIDITY_FACTOR * saturation_vapour_pressure(temperature, pressure)
    return _MASS_RATIO * vapour / (pressure - (1.0 - _MASS_RATIO) * vapour)


def air_density(temperature: Array, humidity: Array, pressure: Array) -> Array:
    """Density of moist air [kg m-3] from temperature [K], specific humidity [1], pressure [Pa]."""
    virtual = temperature * (1.0 + VIRTUAL_TEMPERATURE_FACTOR * humidity)
    return pressure / (GAS_CONSTANT_DRY_AIR * virtual)


def kinematic_viscosity(temperature: Array) -> Array:
    """Kinematic viscosity of dry air [m2 s-1] at a temperature [K]. Source: Andreas (1989)."""
    celsius = temperature - ZERO_CELSIUS
    return 1.326e-5 * (1.0 + celsius * (6.542e-3 + celsius * (8.301e-6 - celsius * 4.84e-9)))


def latent_heat_of_vaporisation(temperature: Array) -> Array:
    """Latent heat of vaporisation [J kg-1] at a sea temperature [K].

    Source: Fairall et al. (1996), appendix; it is linear in the temperature.
    """
    return 2.501e6 - 2370.0 * (temperature - ZERO_CELSIUS)
