"""Turbulent fluxes between the air and the open sea by bulk formulae."""

from __future__ import annotations

from jax.typing import ArrayLike

from ngcm_coupler.errors import ConfigError
from ngcm_coupler.surface import moist
from ngcm_coupler.surface.schemes import SCHEMES
from ngcm_coupler.surface.similarity import (
    BulkFluxes,
    Surface,
    air_and_surface,
    fluxes,
    neutral_scales,
    solved,
)


def bulk_fluxes(
    scheme: str,
    *,
    eastward_wind: ArrayLike,
    northward_wind: ArrayLike,
    air_temperature: ArrayLike,
    specific_humidity: ArrayLike,
    surface_air_pressure: ArrayLike,
    sea_surface_temperature: ArrayLike,
    wind_height: ArrayLike,
    temperature_height: ArrayLike,
    potential_temperature: ArrayLike | None = None,
    iterations: int | None = None,
) -> BulkFluxes:
    """Fluxes of momentum, heat and water between the air and the open sea.

    Every input broadcasts against the others; outputs have the common shape and dtype. Outputs
    are differentiable in every input, calm and neutral air included.

    Args:
      scheme: a name in `SCHEMES`.
      eastward_wind: mean wind at `wind_height` relative to the surface current [m s-1].
      northward_wind: likewise.
      air_temperature: temperature at `temperature_height` [K].
      specific_humidity: at `temperature_height` [kg kg-1].
      surface_air_pressure: at the sea surface [Pa].
      sea_surface_temperature: skin temperature of the sea [K]. There is no cool-skin correction.
      wind_height: height of the wind above the surface [m].
      temperature_height: height of temperature and humidity above the surface [m].
      potential_temperature: at `temperature_height` [K], referred to 1000 hPa as in the field
        table; it is brought to the surface pressure before the sea's temperature is subtracted.
        Without it, the air is brought down dry-adiabatically, as COARE does:
        `air_temperature` + (g / cp) `temperature_height`.
      iterations: number of iterations, static; default the scheme's.

    Returns:
      The fluxes and the near-surface values.

    Raises:
      ConfigError: no such scheme, or not one iteration.

    Source: Fairall et al. (2003), sec. 2, for what all schemes share.
    """
    closure = SCHEMES.get(scheme)
    if closure is None:
        raise ConfigError(f"bulk scheme {scheme!r} is unknown; use one of {', '.join(SCHEMES)}")
    if iterations is None:
        iterations = closure.iterations
    if iterations < 1:
        raise ConfigError(f"bulk scheme {scheme!r}: iterations={iterations}; use at least 1")

    air, (sst,) = air_and_surface(
        sea_surface_temperature,
        eastward_wind=eastward_wind,
        northward_wind=northward_wind,
        air_temperature=air_temperature,
        specific_humidity=specific_humidity,
        surface_air_pressure=surface_air_pressure,
        wind_height=wind_height,
        temperature_height=temperature_height,
        potential_temperature=potential_temperature,
        least_wind=closure.least_wind,
    )
    humidity, slope = moist.with_slope(moist.sea_surface_humidity, sst, air.pressure)
    sea = Surface(sst, humidity)
    return fluxes(
        closure,
        air,
        sea,
        solved(closure, air, sea, neutral_scales(air, sea), iterations),
        latent_heat=moist.latent_heat_of_vaporisation(sst),
        humidity_slope=slope,
    )
