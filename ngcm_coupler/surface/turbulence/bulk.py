"""Turbulent fluxes between the air and the open sea by bulk formulae."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from ngcm_coupler.constants import SPECIFIC_HEAT_DRY_AIR
from ngcm_coupler.errors import ConfigError
from ngcm_coupler.surface import moist
from ngcm_coupler.surface.derived import SEA_EMISSIVITY, net_longwave
from ngcm_coupler.surface.turbulence.schemes import SCHEMES, with_drag_limit
from ngcm_coupler.surface.turbulence.similarity import (
    BulkFluxes,
    BulkScheme,
    NearSurfaceAir,
    Scales,
    Surface,
    air_and_surface,
    fluxes,
    improved,
    neutral_scales,
    solved,
)
from ngcm_coupler.surface.turbulence.skin import FIRST_THICKNESS, cool_skin

_MORE_ITERATIONS_WITH_SKIN = 2


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
    downwelling_longwave_flux: ArrayLike | None = None,
    net_shortwave_flux: ArrayLike | None = None,
    warm_layer_warming: ArrayLike = 0.0,
    drag_limit: float = 0.0,
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
      sea_surface_temperature: temperature of the sea [K]: of its skin, or with radiation that of
        the water below, from which the temperature of the skin follows.
      wind_height: height of the wind above the surface [m].
      temperature_height: height of temperature and humidity above the surface [m].
      potential_temperature: at `temperature_height` [K], referred to 1000 hPa as in the field
        table; it is brought to the surface pressure before the sea's temperature is subtracted.
        Without it, the air is brought down dry-adiabatically, as COARE does:
        `air_temperature` + (g / cp) `temperature_height`.
      iterations: number of iterations, static; default the scheme's, and two more with a skin.
      downwelling_longwave_flux: at the surface [W m-2]; with `net_shortwave_flux` it gives the sea
        a cool skin.
      net_shortwave_flux: sunlight that the sea absorbs [W m-2].
      warm_layer_warming: what a warm layer exceeds `sea_surface_temperature` by [K].
      drag_limit: of `with_drag_limit` [1]; 0 leaves the scheme as it is published.

    Returns:
      The fluxes and the near-surface values.

    Raises:
      ConfigError: no such scheme, not one iteration, or one of the two radiative fluxes alone.

    Sources: Fairall et al. (2003), sec. 2, for what all schemes share; Fairall et al. (1996a) for
    the cool skin.
    """
    closure = SCHEMES.get(scheme)
    if closure is None:
        raise ConfigError(f"bulk scheme {scheme!r} is unknown; use one of {', '.join(SCHEMES)}")
    if drag_limit:
        closure = with_drag_limit(closure, drag_limit)

    given = (downwelling_longwave_flux, net_shortwave_flux)
    radiation = [flux for flux in given if flux is not None]
    if len(radiation) == 1:
        missing = "downwelling_longwave" if downwelling_longwave_flux is None else "net_shortwave"
        raise ConfigError(f"{missing}_flux is missing; a cool skin needs both radiative fluxes")
    if iterations is None:
        iterations = closure.iterations + (_MORE_ITERATIONS_WITH_SKIN if radiation else 0)
    if iterations < 1:
        raise ConfigError(f"bulk scheme {scheme!r}: iterations={iterations}; use at least 1")

    air, (sst, warming, *radiation) = air_and_surface(
        sea_surface_temperature,
        warm_layer_warming,
        *radiation,
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
    sea = _sea(sst + warming, air)
    start = neutral_scales(air, sea)
    if radiation:
        sea, scales = _solved_with_skin(closure, air, sea, start, iterations, *radiation)
    else:
        scales = solved(closure, air, sea, start, iterations)
    _, slope = moist.with_slope(moist.sea_surface_humidity, sea.temperature, air.pressure)
    return fluxes(
        closure,
        air,
        sea,
        scales,
        latent_heat=moist.latent_heat_of_vaporisation(sea.temperature),
        humidity_slope=slope,
    )


def _sea(temperature: Array, air: NearSurfaceAir) -> Surface:
    """The sea of a skin temperature."""
    return Surface(temperature, moist.sea_surface_humidity(temperature, air.pressure))


def _solved_with_skin(
    closure: BulkScheme,
    air: NearSurfaceAir,
    below: Surface,
    start: Scales,
    iterations: int,
    downwelling_longwave: Array,
    net_shortwave: Array,
) -> tuple[Surface, Scales]:
    """The skin of the sea with the scales that go with it.

    The skin is renewed before the scales in every iteration, so that the last fluxes are exactly
    those over the last skin.
    """
    latent_heat = moist.latent_heat_of_vaporisation(below.temperature)

    def iteration(_: int, carry: tuple[Array, Array, Scales]) -> tuple[Array, Array, Scales]:
        cooling, thickness, scales = carry
        mass_flux = air.density * scales.friction_velocity
        latent = latent_heat * mass_flux * scales.humidity
        sensible = SPECIFIC_HEAT_DRY_AIR * mass_flux * scales.temperature
        longwave = net_longwave(downwelling_longwave, below.temperature - cooling, SEA_EMISSIVITY)
        cooling, thickness = cool_skin(
            thickness,
            sea_surface_temperature=below.temperature,
            net_shortwave_flux=net_shortwave,
            nonsolar_flux=longwave + sensible + latent,
            latent_heat_flux=latent,
            latent_heat=latent_heat,
            friction_velocity=scales.friction_velocity,
            air_density=air.density,
        )
        skin = _sea(below.temperature - cooling, air)
        return cooling, thickness, improved(closure, air, skin, scales)

    nothing = jnp.zeros_like(below.temperature)
    cooling, _, scales = jax.lax.fori_loop(
        0, iterations, iteration, (nothing, nothing + FIRST_THICKNESS, start)
    )
    return _sea(below.temperature - cooling, air), scales
