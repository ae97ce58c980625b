"""Moist air next to a surface: saturation, density, viscosity, latent heat.

Elementwise functions of JAX arrays of any shape, in SI units.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
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


LATENT_HEAT_OF_SUBLIMATION = 2.834e6
"""[J kg-1]. Source: Murphy and Koop (2005), whose formula stays within 0.2 % of it from 223 K to
273 K."""


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


def saturation_vapour_pressure_over_ice(temperature: Array, pressure: Array) -> Array:
    """Likewise over ice. Source: Buck (1981), eq. 8 with coefficients e_i3, f_i4."""
    celsius = temperature - ZERO_CELSIUS
    enhancement = 1.0003 + 4.18e-8 * pressure
    return 611.15 * enhancement * jnp.exp(22.452 * celsius / (celsius + 272.55))


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
    return specific_humidity(vapour, pressure)


def specific_humidity(vapour_pressure: Array, pressure: Array) -> Array:
    """Specific humidity [kg kg-1] from the pressures of vapour and of all air [Pa]."""
    return _MASS_RATIO * vapour_pressure / (pressure - (1.0 - _MASS_RATIO) * vapour_pressure)


def with_slope(
    humidity: Callable[[Array, Array], Array], temperature: Array, pressure: Array
) -> tuple[Array, Array]:
    """A humidity of temperature and pressure, and its derivative in the temperature [K-1]."""
    return jax.jvp(lambda t: humidity(t, pressure), (temperature,), (jnp.ones_like(temperature),))


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
