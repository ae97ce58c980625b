"""Turbulent fluxes between the air and the open sea by bulk formulae.

Monin-Obukhov similarity gives the fluxes implicitly, and a fixed number of fixed-point iterations
solves for them. What distinguishes one published algorithm from another is a `BulkScheme`; the
iteration is written once.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from ngcm_coupler.constants import (
    GRAVITY,
    KAPPA,
    REFERENCE_PRESSURE,
    SPECIFIC_HEAT_DRY_AIR,
    VON_KARMAN,
)
from ngcm_coupler.errors import ConfigError
from ngcm_coupler.surface import coare, ecmwf, moist, ncar

_DRY_LAPSE_RATE = GRAVITY / SPECIFIC_HEAT_DRY_AIR  # [K m-1]
_VIRTUAL = 0.61  # virtual temperature is T (1 + 0.61 q); rounded as in the definition of L
_LEAST_BUOYANCY = 1e-9  # moisture with less has no part in the choice of a roughness length [K]
_FIRST_ROUGHNESS = 1e-4  # [m], of the first guess only
_FIRST_GUST = 0.5  # [m s-1], of the first guess only; Fairall et al. (2003), sec. 2


@dataclass(frozen=True)
class BulkScheme:
    """What distinguishes one bulk algorithm from another."""

    log_roughness: Callable[[Array, Array, Array], tuple[Array, Array, Array]]
    """(u* [m s-1], neutral 10 m wind [m s-1], viscosity [m2 s-1]) to the logarithms of the
    roughness lengths of momentum, heat and moisture [log m]."""
    psi_momentum: Callable[[Array], Array]
    """z / L to the integrated stability function of momentum."""
    psi_heat: Callable[[Array], Array]
    """z / L to the integrated stability function of heat and moisture."""
    gustiness: Callable[[Array], Array]
    """Buoyancy flux [m2 s-3] to the gust speed [m s-1], to be added in squares to the wind."""
    iterations: int
    """How often to iterate unless the caller says otherwise."""
    least_wind: float = 1e-3
    """Slower wind drives fluxes as if it had this speed [m s-1]. It is positive, so that the speed
    can be differentiated."""
    unstable_log_heat_roughness: float | None = None
    """What replaces the roughness length of heat in unstable air [log m]; None: nothing does."""


SCHEMES: dict[str, BulkScheme] = {
    "coare3p6": BulkScheme(
        log_roughness=coare.log_roughness_3p6,
        psi_momentum=coare.psi_momentum_3p6,
        psi_heat=coare.psi_heat,
        gustiness=partial(coare.gustiness, beta=coare.BETA_3P6),
        iterations=8,
    ),
    "coare3p0": BulkScheme(
        log_roughness=coare.log_roughness_3p0,
        psi_momentum=coare.psi_momentum_3p0,
        psi_heat=coare.psi_heat,
        gustiness=partial(coare.gustiness, beta=coare.BETA_3P0),
        iterations=8,
    ),
    "ecmwf": BulkScheme(
        log_roughness=ecmwf.log_roughness,
        psi_momentum=ecmwf.psi_momentum,
        psi_heat=ecmwf.psi_heat,
        gustiness=ecmwf.gustiness,
        iterations=5,
    ),
    "ncar": BulkScheme(
        log_roughness=ncar.log_roughness,
        psi_momentum=ncar.psi_momentum,
        psi_heat=ncar.psi_heat,
        gustiness=jnp.zeros_like,
        iterations=10,
        least_wind=ncar.LEAST_WIND,
        unstable_log_heat_roughness=ncar.UNSTABLE_LOG_HEAT_ROUGHNESS,
    ),
}
"""The bulk algorithms by the names that a namelist uses."""


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class BulkFluxes:
    """Surface fluxes, and what the same profiles say of the air below the lowest level."""

    eastward_stress: Array
    """[N m-2], into the surface, along the mean wind."""
    northward_stress: Array
    """[N m-2], into the surface, along the mean wind."""
    sensible_heat_flux: Array
    """[W m-2], positive into the surface."""
    latent_heat_flux: Array
    """[W m-2], positive into the surface, without the Webb correction."""
    evaporation: Array
    """[kg m-2 s-1], positive upward: minus the latent heat flux over the latent heat."""
    eastward_wind_10m: Array
    """[m s-1], relative to the surface current."""
    northward_wind_10m: Array
    """[m s-1], relative to the surface current."""
    air_temperature_2m: Array
    """[K]."""
    specific_humidity_2m: Array
    """[kg kg-1]."""
    friction_velocity: Array
    """u* [m s-1] of wind and gusts together: density u*^2 is no less than the mean stress."""
    temperature_scale: Array
    """theta* [K], positive when the air is warmer than the sea."""
    humidity_scale: Array
    """q* [kg kg-1], positive when moisture condenses on the sea."""
    inverse_obukhov_length: Array
    """1 / L [m-1], positive when stable, zero when neutral."""


class _Air(NamedTuple):
    """What drives the fluxes. Iteration does not change it."""

    wind_speed: Array
    wind_height: Array
    temperature: Array
    temperature_height: Array
    theta_excess: Array  # potential temperature of the air less that of the sea [K]
    humidity_excess: Array  # specific humidity of the air less that of the sea
    viscosity: Array


class _Scales(NamedTuple):
    """What iteration improves."""

    friction_velocity: Array
    temperature: Array
    humidity: Array
    gusty_speed: Array  # wind and gusts together [m s-1]
    neutral_wind: Array  # mean wind at 10 m that would give this stress when neutral [m s-1]


class _Layer(NamedTuple):
    """The shape of the profiles in the surface layer."""

    inverse_obukhov_length: Array
    log_momentum_roughness: Array
    log_heat_roughness: Array
    log_moisture_roughness: Array


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

    inputs = (
        eastward_wind,
        northward_wind,
        air_temperature,
        specific_humidity,
        surface_air_pressure,
        sea_surface_temperature,
        wind_height,
        temperature_height,
        air_temperature if potential_temperature is None else potential_temperature,
    )
    dtype = jnp.result_type(float, *inputs)
    u, v, t, q, p, sst, zu, zt, theta = jnp.broadcast_arrays(
        *(jnp.asarray(x, dtype) for x in inputs)
    )
    if potential_temperature is None:
        theta = t + _DRY_LAPSE_RATE * zt
    else:
        theta = theta * (p / REFERENCE_PRESSURE) ** KAPPA
    q_sea = moist.sea_surface_humidity(sst, p)
    air = _Air(
        wind_speed=jnp.sqrt(jnp.maximum(u**2 + v**2, closure.least_wind**2)),
        wind_height=zu,
        temperature=t,
        temperature_height=zt,
        theta_excess=theta - sst,
        humidity_excess=q - q_sea,
        viscosity=moist.kinematic_viscosity(t),
    )
    # A rolled loop runs as fast as an unrolled one (5 ms for 8192 points on a slow CPU), and its
    # gradient compiles in 2 s instead of 27 s and runs ten times faster. Its trip count is static,
    # so that it can be differentiated in reverse.
    scales = jax.lax.fori_loop(
        0, iterations, lambda _, s: _improved(closure, air, s), _first_guess(air)
    )

    # The air is as dense as COARE has it: its own temperature, the pressure of the surface.
    mass_flux = moist.air_density(t, q, p) * scales.friction_velocity  # [kg m-2 s-1]
    drag = mass_flux * scales.friction_velocity / scales.gusty_speed
    evaporation = -mass_flux * scales.humidity
    layer = _layer(closure, air, scales)
    momentum_10m = _momentum_depth(closure, layer, 10.0) / _momentum_depth(closure, layer, zu)
    heat_2m = _heat_depth(closure, layer, 2.0) / _heat_depth(closure, layer, zt)
    moisture_2m = _moisture_depth(closure, layer, 2.0) / _moisture_depth(closure, layer, zt)
    return BulkFluxes(
        eastward_stress=drag * u,
        northward_stress=drag * v,
        sensible_heat_flux=SPECIFIC_HEAT_DRY_AIR * mass_flux * scales.temperature,
        latent_heat_flux=-moist.latent_heat_of_vaporisation(sst) * evaporation,
        evaporation=evaporation,
        eastward_wind_10m=momentum_10m * u,
        northward_wind_10m=momentum_10m * v,
        air_temperature_2m=sst + heat_2m * air.theta_excess - 2.0 * _DRY_LAPSE_RATE,
        specific_humidity_2m=q_sea + moisture_2m * air.humidity_excess,
        friction_velocity=scales.friction_velocity,
        temperature_scale=scales.temperature,
        humidity_scale=scales.humidity,
        inverse_obukhov_length=layer.inverse_obukhov_length,
    )


def _first_guess(air: _Air) -> _Scales:
    """Neutral profiles over one roughness length.

    Guessing the stability first (Grachev and Fairall 1997) would save about one iteration; eight
    settle without it.
    """
    log_roughness = math.log(_FIRST_ROUGHNESS)
    speed = jnp.sqrt(air.wind_speed**2 + _FIRST_GUST**2)
    momentum = VON_KARMAN / (jnp.log(air.wind_height) - log_roughness)
    scalar = VON_KARMAN / (jnp.log(air.temperature_height) - log_roughness)
    friction_velocity = momentum * speed
    return _Scales(
        friction_velocity=friction_velocity,
        temperature=scalar * air.theta_excess,
        humidity=scalar * air.humidity_excess,
        gusty_speed=speed,
        neutral_wind=friction_velocity / VON_KARMAN * (math.log(10.0) - log_roughness),
    )


def _improved(closure: BulkScheme, air: _Air, scales: _Scales) -> _Scales:
    """One iteration: stability and roughness, then scales, then gusts."""
    layer = _layer(closure, air, scales)
    momentum = VON_KARMAN / _momentum_depth(closure, layer, air.wind_height)
    heat = VON_KARMAN / _heat_depth(closure, layer, air.temperature_height)
    moisture = VON_KARMAN / _moisture_depth(closure, layer, air.temperature_height)
    friction_velocity = momentum * scales.gusty_speed
    temperature = heat * air.theta_excess
    humidity = moisture * air.humidity_excess
    buoyancy_flux = -friction_velocity * _buoyancy_scale(air, temperature, humidity)
    gusty_speed = jnp.sqrt(air.wind_speed**2 + closure.gustiness(buoyancy_flux) ** 2)
    neutral_speed = friction_velocity / VON_KARMAN * (math.log(10.0) - layer.log_momentum_roughness)
    return _Scales(
        friction_velocity=friction_velocity,
        temperature=temperature,
        humidity=humidity,
        gusty_speed=gusty_speed,
        neutral_wind=neutral_speed * air.wind_speed / gusty_speed,
    )


def _layer(closure: BulkScheme, air: _Air, scales: _Scales) -> _Layer:
    """Stability and roughness that go with the scales."""
    buoyancy = _buoyancy_scale(air, scales.temperature, scales.humidity)
    log_momentum, log_heat, log_moisture = closure.log_roughness(
        scales.friction_velocity, scales.neutral_wind, air.viscosity
    )
    inverse_obukhov_length = VON_KARMAN * buoyancy / scales.friction_velocity**2
    layer = _Layer(inverse_obukhov_length, log_momentum, log_heat, log_moisture)
    if closure.unstable_log_heat_roughness is None:
        return layer
    return _with_either_heat_roughness(closure, air, layer, closure.unstable_log_heat_roughness)


def _with_either_heat_roughness(
    closure: BulkScheme, air: _Air, layer: _Layer, log_unstable: float
) -> _Layer:
    """Give unstable air its own roughness length of heat.

    Where warm air meets a sea that moistens it, the weak exchange of stable air can leave the air
    unstable and the strong exchange of unstable air leave it stable: neither is its own
    consequence, and an iteration that switches never settles. What lies between is neutral. There
    heat just cancels the buoyancy of moisture, which tells the roughness length; fluxes are
    continuous on both sides. As the new q* counts, iteration is neutral at once. Where cold air
    meets a sea that dries it, either exchange can be its own consequence, and the same formula
    leads from one to the other.
    """
    height = air.temperature_height
    humidity = VON_KARMAN * air.humidity_excess / _moisture_depth(closure, layer, height)
    cancelling = -_VIRTUAL * air.temperature * humidity  # theta* of neutral air [K]
    warm = air.theta_excess > 0.0
    # The floor keeps the ratio and its derivative finite.
    opposing = (jnp.abs(cancelling) > _LEAST_BUOYANCY) & (warm == (cancelling > 0.0))
    log_neutral = (
        jnp.log(height)
        - closure.psi_heat(layer.inverse_obukhov_length * height)
        - VON_KARMAN * air.theta_excess / jnp.where(opposing, cancelling, 1.0)
    )
    log_stable = layer.log_heat_roughness
    share = jnp.clip((log_neutral - log_stable) / (log_unstable - log_stable), 0.0, 1.0)
    unstable_share = jnp.where(
        opposing, jnp.where(warm, share, 1.0 - share), jnp.where(warm, 0.0, 1.0)
    )
    return layer._replace(
        log_heat_roughness=log_stable + unstable_share * (log_unstable - log_stable)
    )


def _buoyancy_scale(air: _Air, temperature: Array, humidity: Array) -> Array:
    """(g / T) theta_v* [m s-2], positive when stable."""
    virtual = temperature + _VIRTUAL * air.temperature * humidity
    return GRAVITY / air.temperature * virtual


def _momentum_depth(closure: BulkScheme, layer: _Layer, height: ArrayLike) -> Array:
    """Log(z / z0) - psi, which is k u(z) / u*."""
    zeta = layer.inverse_obukhov_length * height
    return jnp.log(height) - layer.log_momentum_roughness - closure.psi_momentum(zeta)


def _heat_depth(closure: BulkScheme, layer: _Layer, height: ArrayLike) -> Array:
    """Log(z / z0t) - psi, which is k (theta(z) - theta of the sea) / theta*."""
    zeta = layer.inverse_obukhov_length * height
    return jnp.log(height) - layer.log_heat_roughness - closure.psi_heat(zeta)


def _moisture_depth(closure: BulkScheme, layer: _Layer, height: ArrayLike) -> Array:
    """Log(z / z0q) - psi, which is k (q(z) - q of the sea) / q*."""
    zeta = layer.inverse_obukhov_length * height
    return jnp.log(height) - layer.log_moisture_roughness - closure.psi_heat(zeta)
