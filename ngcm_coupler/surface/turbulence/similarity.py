"""Monin-Obukhov similarity between a surface and the lowest level: what all tiles share.

Similarity gives the fluxes implicitly, and a fixed number of fixed-point iterations solves for
them. What distinguishes one published algorithm from another is a `BulkScheme`, and one tile from
another its `Surface`; the iteration is written once.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from ngcm_coupler.constants import GRAVITY, SPECIFIC_HEAT_DRY_AIR, VON_KARMAN
from ngcm_coupler.surface.turbulence.near_surface_air import (
    DRY_LAPSE_RATE,
    LEAST_WIND,
    DrivingAir,
)

_VIRTUAL = 0.61  # virtual temperature is T (1 + 0.61 q); rounded as in the definition of L
_LEAST_BUOYANCY = 1e-9  # moisture with less has no part in the choice of a roughness length [K]
_FIRST_ROUGHNESS = 1e-4  # [m], of the first guess over the sea only

FIRST_GUST = 0.5
"""Gust speed of the first guess [m s-1]. Source: Fairall et al. (2003), sec. 2."""


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
    least_wind: float = LEAST_WIND
    """Slower wind drives fluxes as if it had this speed [m s-1]. It is positive, so that the speed
    can be differentiated."""
    unstable_log_heat_roughness: float | None = None
    """What replaces the roughness length of heat in unstable air [log m]; None: nothing does."""
    psi_at_roughness: bool = False
    """Whether profiles begin with the psi of the roughness length, which is not zero over rough
    surfaces. The published algorithms over the sea leave it out."""


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
    heat_flux_derivative: Array
    """Derivative of the sum of the two in the temperature of the surface [W m-2 K-1], with the
    exchange coefficients and the latent heat held fixed. It is negative."""
    evaporation: Array
    """[kg m-2 s-1], positive upward, sublimation included: minus the latent heat flux over the
    latent heat."""
    eastward_wind_10m: Array
    """[m s-1], relative to the motion of the surface."""
    northward_wind_10m: Array
    """[m s-1], relative to the motion of the surface."""
    air_temperature_2m: Array
    """[K]."""
    specific_humidity_2m: Array
    """[kg kg-1]."""
    surface_temperature: Array
    """Temperature of the skin, which the fluxes go with [K]."""
    friction_velocity: Array
    """u* [m s-1] of wind and gusts together: density u*^2 is no less than the mean stress."""
    temperature_scale: Array
    """theta* [K], positive when the air is warmer than the surface."""
    humidity_scale: Array
    """q* [kg kg-1], positive when moisture condenses on the surface."""
    inverse_obukhov_length: Array
    """1 / L [m-1], positive when stable, zero when neutral."""


class Surface(NamedTuple):
    """What drives the fluxes from below."""

    temperature: Array
    humidity: Array  # specific humidity of the air at the surface


class Scales(NamedTuple):
    """What iteration improves."""

    friction_velocity: Array
    temperature: Array
    humidity: Array
    gusty_speed: Array  # wind and gusts together [m s-1]
    neutral_wind: Array  # mean wind at 10 m that would give this stress when neutral [m s-1]


class Layer(NamedTuple):
    """The shape of the profiles in the surface layer."""

    inverse_obukhov_length: Array
    log_momentum_roughness: Array
    log_heat_roughness: Array
    log_moisture_roughness: Array


def solved(
    scheme: BulkScheme, air: DrivingAir, surface: Surface, start: Scales, iterations: int
) -> Scales:
    """The scales of the profiles, after a number of iterations.

    A rolled loop runs as fast as an unrolled one (5 ms for 8192 points on a slow CPU), and its
    gradient compiles in 2 s instead of 27 s and runs ten times faster. Its trip count is static,
    so that it can be differentiated in reverse.
    """
    return jax.lax.fori_loop(
        0, iterations, lambda _, scales: improved(scheme, air, surface, scales), start
    )


def neutral_scales(air: DrivingAir, surface: Surface) -> Scales:
    """A first guess: neutral profiles over one roughness length.

    Guessing the stability first (Grachev and Fairall 1997) would save about one iteration; eight
    settle without it over the sea.
    """
    log_roughness = math.log(_FIRST_ROUGHNESS)
    speed = jnp.sqrt(air.wind_speed**2 + FIRST_GUST**2)
    momentum = VON_KARMAN / (jnp.log(air.wind_height) - log_roughness)
    scalar = VON_KARMAN / (jnp.log(air.temperature_height) - log_roughness)
    friction_velocity = momentum * speed
    return Scales(
        friction_velocity=friction_velocity,
        temperature=scalar * (air.potential_temperature - surface.temperature),
        humidity=scalar * (air.humidity - surface.humidity),
        gusty_speed=speed,
        neutral_wind=friction_velocity / VON_KARMAN * (math.log(10.0) - log_roughness),
    )


def improved(scheme: BulkScheme, air: DrivingAir, surface: Surface, scales: Scales) -> Scales:
    """One iteration: stability and roughness, then scales, then gusts."""
    layer = _layer(scheme, air, surface, scales)
    return scales_in(scheme, air, surface, layer, scales.gusty_speed)


def scales_in(
    scheme: BulkScheme, air: DrivingAir, surface: Surface, layer: Layer, gusty_speed: Array
) -> Scales:
    """The scales that profiles of this shape have in wind and gusts of this speed [m s-1]."""
    momentum = VON_KARMAN / momentum_depth(scheme, layer, air.wind_height)
    heat = VON_KARMAN / heat_depth(scheme, layer, air.temperature_height)
    moisture = VON_KARMAN / moisture_depth(scheme, layer, air.temperature_height)
    friction_velocity = momentum * gusty_speed
    temperature = heat * (air.potential_temperature - surface.temperature)
    humidity = moisture * (air.humidity - surface.humidity)
    buoyancy_flux = -friction_velocity * buoyancy(air, temperature, humidity)
    gusty_speed = jnp.sqrt(air.wind_speed**2 + scheme.gustiness(buoyancy_flux) ** 2)
    neutral_speed = friction_velocity / VON_KARMAN * (math.log(10.0) - layer.log_momentum_roughness)
    return Scales(
        friction_velocity=friction_velocity,
        temperature=temperature,
        humidity=humidity,
        gusty_speed=gusty_speed,
        neutral_wind=neutral_speed * air.wind_speed / gusty_speed,
    )


def fluxes(
    scheme: BulkScheme,
    air: DrivingAir,
    surface: Surface,
    scales: Scales,
    *,
    latent_heat: Array,
    humidity_slope: Array,
    origin: ArrayLike = 0.0,
) -> BulkFluxes:
    """Fluxes and near-surface values that go with the scales.

    Args:
      scheme: the bulk scheme.
      air: what drives from above.
      surface: what drives from below.
      scales: of the profiles over this surface.
      latent_heat: of the change of phase [J kg-1].
      humidity_slope: derivative of the surface's humidity in its temperature [K-1].
      origin: what the heights in `air` exceed heights above the surface by [m].

    Returns:
      The fluxes and the near-surface values.
    """
    mass_flux = air.density * scales.friction_velocity  # [kg m-2 s-1]
    drag = mass_flux * scales.friction_velocity / scales.gusty_speed
    evaporation = -mass_flux * scales.humidity
    layer = _layer(scheme, air, surface, scales)
    momentum_all = momentum_depth(scheme, layer, air.wind_height)
    heat_all = heat_depth(scheme, layer, air.temperature_height)
    moisture_all = moisture_depth(scheme, layer, air.temperature_height)
    momentum_10m = momentum_depth(scheme, layer, 10.0 + origin) / momentum_all
    heat_2m = heat_depth(scheme, layer, 2.0 + origin) / heat_all
    moisture_2m = moisture_depth(scheme, layer, 2.0 + origin) / moisture_all
    theta_excess = air.potential_temperature - surface.temperature
    humidity_excess = air.humidity - surface.humidity
    conductance = VON_KARMAN * mass_flux
    return BulkFluxes(
        eastward_stress=drag * air.eastward_wind,
        northward_stress=drag * air.northward_wind,
        sensible_heat_flux=SPECIFIC_HEAT_DRY_AIR * mass_flux * scales.temperature,
        latent_heat_flux=-latent_heat * evaporation,
        heat_flux_derivative=-conductance
        * (SPECIFIC_HEAT_DRY_AIR / heat_all + latent_heat * humidity_slope / moisture_all),
        evaporation=evaporation,
        eastward_wind_10m=momentum_10m * air.eastward_wind,
        northward_wind_10m=momentum_10m * air.northward_wind,
        air_temperature_2m=surface.temperature + heat_2m * theta_excess - 2.0 * DRY_LAPSE_RATE,
        specific_humidity_2m=surface.humidity + moisture_2m * humidity_excess,
        surface_temperature=surface.temperature,
        friction_velocity=scales.friction_velocity,
        temperature_scale=scales.temperature,
        humidity_scale=scales.humidity,
        inverse_obukhov_length=layer.inverse_obukhov_length,
    )


def _layer(scheme: BulkScheme, air: DrivingAir, surface: Surface, scales: Scales) -> Layer:
    """Stability and roughness that go with the scales."""
    log_momentum, log_heat, log_moisture = scheme.log_roughness(
        scales.friction_velocity, scales.neutral_wind, air.viscosity
    )
    inverse_obukhov_length = (
        VON_KARMAN
        * buoyancy(air, scales.temperature, scales.humidity)
        / scales.friction_velocity**2
    )
    layer = Layer(inverse_obukhov_length, log_momentum, log_heat, log_moisture)
    if scheme.unstable_log_heat_roughness is None:
        return layer
    return _with_either_heat_roughness(
        scheme, air, surface, layer, scheme.unstable_log_heat_roughness
    )


def _with_either_heat_roughness(
    scheme: BulkScheme, air: DrivingAir, surface: Surface, layer: Layer, log_unstable: float
) -> Layer:
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
    theta_excess = air.potential_temperature - surface.temperature
    humidity_excess = air.humidity - surface.humidity
    humidity = VON_KARMAN * humidity_excess / moisture_depth(scheme, layer, height)
    cancelling = -_VIRTUAL * air.temperature * humidity  # theta* of neutral air [K]
    warm = theta_excess > 0.0
    # The floor keeps the ratio and its derivative finite.
    opposing = (jnp.abs(cancelling) > _LEAST_BUOYANCY) & (warm == (cancelling > 0.0))
    log_neutral = (
        jnp.log(height)
        - scheme.psi_heat(layer.inverse_obukhov_length * height)
        - VON_KARMAN * theta_excess / jnp.where(opposing, cancelling, 1.0)
    )
    log_stable = layer.log_heat_roughness
    share = jnp.clip((log_neutral - log_stable) / (log_unstable - log_stable), 0.0, 1.0)
    unstable_share = jnp.where(
        opposing, jnp.where(warm, share, 1.0 - share), jnp.where(warm, 0.0, 1.0)
    )
    return layer._replace(
        log_heat_roughness=log_stable + unstable_share * (log_unstable - log_stable)
    )


def buoyancy(air: DrivingAir, temperature: Array, humidity: Array) -> Array:
    """Buoyancy [m s-2] of scales, or differences, of temperature [K] and humidity [1]."""
    virtual = temperature + _VIRTUAL * air.temperature * humidity
    return GRAVITY / air.temperature * virtual


def momentum_depth(scheme: BulkScheme, layer: Layer, height: ArrayLike) -> Array:
    """What k u(z) / u* is."""
    return _depth(scheme, scheme.psi_momentum, layer, layer.log_momentum_roughness, height)


def heat_depth(scheme: BulkScheme, layer: Layer, height: ArrayLike) -> Array:
    """What k (theta(z) - theta of the surface) / theta* is."""
    return _depth(scheme, scheme.psi_heat, layer, layer.log_heat_roughness, height)


def moisture_depth(scheme: BulkScheme, layer: Layer, height: ArrayLike) -> Array:
    """What k (q(z) - q of the surface) / q* is."""
    return _depth(scheme, scheme.psi_heat, layer, layer.log_moisture_roughness, height)


def _depth(
    scheme: BulkScheme,
    psi: Callable[[Array], Array],
    layer: Layer,
    log_roughness: Array,
    height: ArrayLike,
) -> Array:
    """Log(z / z0) - psi(z / L), and + psi(z0 / L) where it counts."""
    depth = jnp.log(height) - log_roughness - psi(layer.inverse_obukhov_length * height)
    if scheme.psi_at_roughness:
        depth = depth + psi(layer.inverse_obukhov_length * jnp.exp(log_roughness))
    return depth
