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
from ngcm_coupler.surface.turbulence.near_surface_air import (
    DrivingAir,
    NearSurfaceAir,
    driving,
)
from ngcm_coupler.surface.turbulence.schemes import SCHEMES, with_drag_limit
from ngcm_coupler.surface.turbulence.similarity import (
    BulkFluxes,
    BulkScheme,
    Scales,
    Surface,
    fluxes,
    improved,
    neutral_scales,
    solved,
)
from ngcm_coupler.surface.turbulence.skin import FIRST_THICKNESS, SeaSkin, cool_skin

_MORE_ITERATIONS_WITH_SKIN = 2


def bulk_fluxes(
    scheme: str,
    air: NearSurfaceAir,
    sea_surface_temperature: ArrayLike,
    *,
    skin: SeaSkin | None = None,
    iterations: int | None = None,
    drag_limit: float = 0.0,
) -> BulkFluxes:
    """Fluxes of momentum, heat and water between the air and the open sea.

    Every input broadcasts against the others; outputs have the common shape and dtype. Outputs
    are differentiable in every input, calm and neutral air included.

    Args:
      scheme: a name in `SCHEMES`.
      air: above the sea; its wind is relative to the surface current.
      sea_surface_temperature: temperature of the sea [K]: of its skin, or with `skin` that of the
        water below, from which the temperature of the skin follows.
      skin: what gives the sea a cool skin and a warm layer below; None for neither.
      iterations: number of iterations, static; default the scheme's, and two more with a skin.
      drag_limit: of `with_drag_limit` [1]; 0 leaves the scheme as it is published.

    Returns:
      The fluxes and the near-surface values.

    Raises:
      ConfigError: no such scheme, or not one iteration.

    Sources: Fairall et al. (2003), sec. 2, for what all schemes share; Fairall et al. (1996a) for
    the cool skin.
    """
    closure = SCHEMES.get(scheme)
    if closure is None:
        raise ConfigError(f"bulk scheme {scheme!r} is unknown; use one of {', '.join(SCHEMES)}")
    if drag_limit:
        closure = with_drag_limit(closure, drag_limit)
    if iterations is None:
        iterations = closure.iterations + (0 if skin is None else _MORE_ITERATIONS_WITH_SKIN)
    if iterations < 1:
        raise ConfigError(f"bulk scheme {scheme!r}: iterations={iterations}; use at least 1")

    above, (sst, *of_skin) = driving(
        air, sea_surface_temperature, *(skin or ()), least_wind=closure.least_wind
    )
    if skin is None:
        sea = _sea(sst, above)
        scales = solved(closure, above, sea, neutral_scales(above, sea), iterations)
    else:
        longwave, shortwave, warming = of_skin
        below = _sea(sst + warming, above)
        sea, scales = _solved_with_skin(closure, above, below, longwave, shortwave, iterations)
    _, slope = moist.with_slope(moist.sea_surface_humidity, sea.temperature, above.pressure)
    return fluxes(
        closure,
        above,
        sea,
        scales,
        latent_heat=moist.latent_heat_of_vaporisation(sea.temperature),
        humidity_slope=slope,
    )


def _sea(temperature: Array, air: DrivingAir) -> Surface:
    """The sea of a skin temperature."""
    return Surface(temperature, moist.sea_surface_humidity(temperature, air.pressure))


def _solved_with_skin(
    closure: BulkScheme,
    air: DrivingAir,
    below: Surface,
    downwelling_longwave: Array,
    net_shortwave: Array,
    iterations: int,
) -> tuple[Surface, Scales]:
    """The skin of the sea with the scales that go with it.

    The skin is renewed before the scales in every iteration, so that the last fluxes are exactly
    those over the last skin.
    """
    start = neutral_scales(air, below)
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
