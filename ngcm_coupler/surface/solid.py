"""The closure of solid surfaces: a roughness that the flow does not change, and deep stability.

Over winter ice and under a clear night sky the lowest level, 100 m up, is often many Obukhov
lengths above the surface. The stability functions of Gryanik et al. (2020) were fitted to a year
over Arctic ice, have no critical Richardson number, and let turbulence decay without dying.

Elementwise functions of JAX arrays; `similarity.py` iterates them.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array

from ngcm_coupler.surface import coare, ecmwf
from ngcm_coupler.surface.similarity import (
    FIRST_GUST,
    Air,
    BulkScheme,
    Layer,
    Scales,
    Surface,
    buoyancy,
    heat_depth,
    momentum_depth,
    scales_in,
)

_MOMENTUM_A, _MOMENTUM_B = 5.0, 0.3
_HEAT_A, _HEAT_B = 5.0, 0.4

_LEAST_BUOYANCY = 1e-9  # air with less starts as neutral [m s-2]
_NEWTON_STEPS = 3

ITERATIONS = 8
"""How often to iterate."""


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
        psi_momentum=psi_momentum,
        psi_heat=psi_heat,
        gustiness=ecmwf.gustiness,
        iterations=ITERATIONS,
        psi_at_roughness=True,
    )


def first_guess(scheme: BulkScheme, air: Air, surface: Surface) -> Scales:
    """Scales to start the iteration from, near the solution in stable air.

    There the plain iteration creeps, by a third of the way at a time. Where heat and moisture have
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


def psi_momentum(zeta: Array) -> Array:
    """Integrated stability function of momentum at zeta = z / L.

    Source: Gryanik et al. (2020) when stable; Paulson (1970) with the coefficients of Dyer (1974)
    when unstable.
    """
    stable, unstable = jnp.maximum(zeta, 0.0), jnp.minimum(zeta, 0.0)
    return coare.kansas_momentum(unstable, 16.0) - 3.0 * _MOMENTUM_A / _MOMENTUM_B * (
        jnp.cbrt(1.0 + _MOMENTUM_B * stable) - 1.0
    )


def psi_heat(zeta: Array) -> Array:
    """Likewise of heat and moisture. The neutral Prandtl number, 0.98 as published, is 1."""
    stable, unstable = jnp.maximum(zeta, 0.0), jnp.minimum(zeta, 0.0)
    return coare.kansas_heat(unstable, 16.0) - _HEAT_A / _HEAT_B * jnp.log1p(_HEAT_B * stable)
