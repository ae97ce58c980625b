"""The air between a surface and the lowest level: as it is given, and as it drives fluxes."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from ngcm_coupler.air import LowestLevel
from ngcm_coupler.constants import GRAVITY, KAPPA, REFERENCE_PRESSURE, SPECIFIC_HEAT_DRY_AIR
from ngcm_coupler.surface import moist

DRY_LAPSE_RATE = GRAVITY / SPECIFIC_HEAT_DRY_AIR
"""[K m-1]."""

LEAST_WIND = 1e-3
"""Slower wind drives fluxes as if it had this speed [m s-1], unless the scheme has its own."""

_COLDEST = 100.0  # [K]


class NearSurfaceAir(NamedTuple):
    """The air above a surface, as an atmosphere or a mast has it; all broadcast to one shape."""

    eastward_wind: ArrayLike
    """Mean wind at `wind_height`, relative to the motion of the surface [m s-1]."""
    northward_wind: ArrayLike
    """Likewise."""
    air_temperature: ArrayLike
    """At `temperature_height` [K]."""
    specific_humidity: ArrayLike
    """At `temperature_height` [kg kg-1]."""
    surface_air_pressure: ArrayLike
    """At the surface [Pa]."""
    wind_height: ArrayLike
    """Of the wind above the surface [m]."""
    temperature_height: ArrayLike
    """Of temperature and humidity above the surface [m]."""
    potential_temperature: ArrayLike | None = None
    """At `temperature_height` [K], referred to 1000 hPa as in the field table; it is brought to the
    surface pressure before the surface's temperature is subtracted. Without it, the air is brought
    down dry-adiabatically, as COARE does: `air_temperature` + (g / cp) `temperature_height`."""

    @classmethod
    def of(cls, level: LowestLevel) -> NearSurfaceAir:
        """The air of the lowest level of an atmosphere, without its negative humidity."""
        theta = level.air_temperature * (REFERENCE_PRESSURE / level.air_pressure) ** KAPPA
        return cls(
            level.eastward_wind,
            level.northward_wind,
            level.air_temperature,
            jnp.maximum(level.specific_humidity, 0.0),
            level.surface_air_pressure,
            level.height,
            level.height,
            theta,
        )


class DrivingAir(NamedTuple):
    """What drives the fluxes from above. Iteration does not change it."""

    eastward_wind: Array
    northward_wind: Array
    wind_speed: Array  # of the mean wind, no less than the scheme's least [m s-1]
    wind_height: Array
    temperature: Array
    humidity: Array
    temperature_height: Array
    potential_temperature: Array  # referred to the pressure of the surface [K]
    pressure: Array  # at the surface [Pa]
    viscosity: Array
    density: Array  # as COARE has it: the air's own temperature, the pressure of the surface


def driving(
    air: NearSurfaceAir, *surface: ArrayLike, least_wind: float = LEAST_WIND
) -> tuple[DrivingAir, list[Array]]:
    """The air, and whatever describes the surface, in a common shape and floating-point type.

    Args:
      air: as it is given.
      *surface: what describes the surface, its temperature [K] first.
      least_wind: slower wind is taken to have this speed [m s-1].

    Returns:
      The air, and the list of what describes the surface. Where pressure or a height is not
      positive, or a temperature below 100 K, everything that follows is not a number.
    """
    given = air.potential_temperature
    inputs = (*air[:-1], air.air_temperature if given is None else given, *surface)
    dtype = jnp.result_type(float, *inputs)
    u, v, t, q, p, zu, zt, theta, *below = jnp.broadcast_arrays(
        *(jnp.asarray(x, dtype) for x in inputs)
    )
    # What cannot be air or ground makes every flux NaN: the formulae alone would give it fluxes,
    # plausible ones under a negative pressure.
    possible = (p > 0.0) & (zu > 0.0) & (zt > 0.0) & (t > _COLDEST) & (below[0] > _COLDEST)
    p = jnp.where(possible, p, jnp.nan)
    theta = t + DRY_LAPSE_RATE * zt if given is None else theta * (p / REFERENCE_PRESSURE) ** KAPPA
    driver = DrivingAir(
        eastward_wind=u,
        northward_wind=v,
        wind_speed=jnp.sqrt(jnp.maximum(u**2 + v**2, least_wind**2)),
        wind_height=zu,
        temperature=t,
        humidity=q,
        temperature_height=zt,
        potential_temperature=theta,
        pressure=p,
        viscosity=moist.kinematic_viscosity(t),
        density=moist.air_density(t, q, p),
    )
    return driver, below
