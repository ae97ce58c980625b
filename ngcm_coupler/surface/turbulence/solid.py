"""The closure of solid surfaces: a roughness that the flow does not change, and deep stability.

Over winter ice and under a clear night sky the lowest level, 100 m up, is often many Obukhov
lengths above the surface, where what was measured near the ground says little. The stability
functions are those of the IFS over all surfaces, after Holtslag and De Bruin (1988). They have no
critical Richardson number; from 120 m they give u* and heat fluxes within a factor of two of the
long-tailed functions of weather models (Louis et al. 1982), where functions fitted over Arctic ice
(Gryanik et al. 2020) would leave a quarter of the heat flux or less.
"""

from __future__ import annotations

import operator
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from ngcm_coupler.surface.turbulence import ecmwf
from ngcm_coupler.surface.turbulence.near_surface_air import DrivingAir
from ngcm_coupler.surface.turbulence.similarity import (
    FIRST_GUST,
    BulkFluxes,
    BulkScheme,
    Layer,
    Scales,
    Surface,
    buoyancy,
    fluxes,
    heat_depth,
    momentum_depth,
    scales_in,
    solved,
)

LEAST_WIND = 1.0
"""The wind speed is taken to be no less [m s-1]: calm air over a grid cell is not calm everywhere.
Source: Oleson et al. (2013), the technical note of CLM 4.5."""

_LEAST_BUOYANCY = 1e-9  # air with less starts as neutral [m s-2]
_NEWTON_STEPS = 2

ITERATIONS = 10
"""How often to iterate."""


class Ground(NamedTuple):
    """A solid surface with the air above it, all of one shape."""

    air: DrivingAir
    """What drives from above."""
    surface: Surface
    """What drives from below."""
    log_momentum_roughness: Array
    """Logarithm of the roughness length of momentum [log m]."""
    log_scalar_roughness: Array
    """Likewise of heat and moisture."""
    latent_heat: Array
    """Of the change of phase [J kg-1]."""
    humidity_slope: Array
    """Derivative of the surface's humidity in its temperature [K-1]."""
    origin: Array
    """What the heights in `air` exceed heights above the surface by [m]."""


def solid_fluxes(*grounds: Ground) -> list[BulkFluxes]:
    """Fluxes between the air and solid surfaces, all of one shape.

    They are solved for together, so that the iteration and its gradient are compiled once.

    Args:
      *grounds: the surfaces, one or more.

    Returns:
      The fluxes and the near-surface values of each.

    Raises:
      ValueError: their shapes differ.
    """
    together: Ground = jax.tree.map(lambda *values: jnp.stack(values), *grounds)
    closure = scheme(together.log_momentum_roughness, together.log_scalar_roughness)
    start = first_guess(closure, together.air, together.surface)
    found = fluxes(
        closure,
        together.air,
        together.surface,
        solved(closure, together.air, together.surface, start, ITERATIONS),
        latent_heat=together.latent_heat,
        humidity_slope=together.humidity_slope,
        origin=together.origin,
    )
    return [jax.tree.map(operator.itemgetter(i), found) for i in range(len(grounds))]


def scheme(log_momentum: Array, log_scalar: Array) -> BulkScheme:
    """The bulk scheme of a surface of given roughness.

    Args:
      log_momentum: logarithm of the roughness length of momentum [log m].
      log_scalar: likewise of heat and moisture [log m].

    Returns:
      The scheme; gusts are those of the IFS.
    """
    return BulkScheme(
        log_roughness=lambda *_: (log_momentum, log_scalar, log_scalar),
        psi_momentum=ecmwf.unlimited_psi_momentum,
        psi_heat=ecmwf.unlimited_psi_heat,
        gustiness=ecmwf.gustiness,
        iterations=ITERATIONS,
        least_wind=LEAST_WIND,
        psi_at_roughness=True,
    )


def first_guess(scheme: BulkScheme, air: DrivingAir, surface: Surface) -> Scales:
    """Scales to start the iteration from, near the solution in stable air.

    There the plain iteration creeps. Where heat and moisture have
    one roughness length and gusts are constant, L alone is unknown: the logarithm of 1 / L equals
    a function of itself, which Newton's method solves. Unstable air starts neutral.

    Args:
      scheme: of the surface, made by `scheme`.
      air: what drives from above.
      surface: what drives from below.

    Returns:
      The scales.
    """
    theta_excess = air.potential_temperature - surface.temperature
    excess = buoyancy(air, theta_excess, air.humidity - surface.humidity)
    stable = excess > _LEAST_BUOYANCY
    calm_gust = scheme.gustiness(jnp.zeros_like(excess))
    speed = jnp.sqrt(air.wind_speed**2 + jnp.where(stable, calm_gust, FIRST_GUST) ** 2)
    roughness = scheme.log_roughness(speed, speed, air.viscosity)
    log_buoyancy = jnp.log(jnp.where(stable, excess, 1.0) / speed**2)

    def implied(log_inverse_length: Array) -> Array:
        """The logarithm of 1 / L that the profiles have when they are given this one."""
        layer = Layer(jnp.exp(log_inverse_length), *roughness)
        return (
            log_buoyancy
            + 2.0 * jnp.log(momentum_depth(scheme, layer, air.wind_height))
            - jnp.log(heat_depth(scheme, layer, air.temperature_height))
        )

    neutral = Layer(jnp.zeros_like(speed), *roughness)
    log_inverse_length = (
        log_buoyancy
        + 2.0 * jnp.log(momentum_depth(scheme, neutral, air.wind_height))
        - jnp.log(heat_depth(scheme, neutral, air.temperature_height))
    )
    for _ in range(_NEWTON_STEPS):
        value, slope = jax.jvp(implied, (log_inverse_length,), (jnp.ones_like(speed),))
        log_inverse_length = log_inverse_length + (value - log_inverse_length) / (1.0 - slope)
    inverse_length = jnp.where(stable, jnp.exp(log_inverse_length), 0.0)
    return scales_in(scheme, air, surface, Layer(inverse_length, *roughness), speed)
