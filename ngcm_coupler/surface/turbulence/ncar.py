"""The closure of the NCAR bulk algorithm of Large and Yeager: neutral coefficients and stability.

Elementwise functions of JAX arrays; `bulk.py` iterates them. The neutral coefficients at 10 m
appear as roughness lengths: log(10 m / z0) is k / sqrt(Cd) for momentum and k sqrt(Cd) / Ce for a
scalar. The published shift of a coefficient to another height and stability is then exactly the
logarithmic profile that all schemes share. Ce and Ch are proportional to sqrt(Cd), and so the
roughness lengths of heat and moisture are constants.

Sources:
  Large and Yeager (2009), Climate Dynamics 33, 341-364: the drag coefficient.
  Large and Yeager (2004), NCAR Technical Note NCAR/TN-460+STR: the rest.
"""

from __future__ import annotations

import math

import jax.numpy as jnp
from jax import Array

from ngcm_coupler.constants import VON_KARMAN
from ngcm_coupler.surface.turbulence import coare

_STANTON_STABLE = 18.0e-3  # Ch / sqrt(Cd) [1]
_STANTON_UNSTABLE = 32.7e-3
_DALTON = 34.6e-3  # Ce / sqrt(Cd) [1]
_STRONG_WIND = 33.0  # the drag coefficient is constant beyond it [m s-1]
_LARGEST_ZETA = 10.0

_STABLE_LOG_HEAT_ROUGHNESS = math.log(10.0) - VON_KARMAN / _STANTON_STABLE
_LOG_MOISTURE_ROUGHNESS = math.log(10.0) - VON_KARMAN / _DALTON

LEAST_WIND = 0.5
"""The wind speed is taken to be no less [m s-1]. There is no gustiness."""

UNSTABLE_LOG_HEAT_ROUGHNESS = math.log(10.0) - VON_KARMAN / _STANTON_UNSTABLE
"""Logarithm of the roughness length of heat in unstable air [log m]."""


def drag_coefficient(neutral_wind: Array) -> Array:
    """Neutral 10 m drag coefficient [1] from the neutral 10 m wind speed [m s-1].

    Source: Large and Yeager (2009).
    """
    wind = jnp.clip(neutral_wind, LEAST_WIND, _STRONG_WIND)
    drag = 2.70 / wind + 0.142 + wind / 13.09 - 3.14807e-10 * wind**6
    return 1e-3 * jnp.where(neutral_wind < _STRONG_WIND, drag, 2.34)


def log_roughness(
    friction_velocity: Array, neutral_wind: Array, viscosity: Array
) -> tuple[Array, Array, Array]:
    """Logarithms of the roughness lengths of the sea.

    Args:
      friction_velocity: [m s-1], of which only the shape is used.
      neutral_wind: mean neutral wind speed at 10 m [m s-1].
      viscosity: unused.

    Returns:
      Logarithms of the roughness lengths of momentum, heat and moisture [log m]; that of heat is
      for stable air.
    """
    del viscosity
    log_momentum = math.log(10.0) - VON_KARMAN / jnp.sqrt(drag_coefficient(neutral_wind))
    return (
        log_momentum,
        jnp.full_like(friction_velocity, _STABLE_LOG_HEAT_ROUGHNESS),
        jnp.full_like(friction_velocity, _LOG_MOISTURE_ROUGHNESS),
    )


def psi_momentum(zeta: Array) -> Array:
    """Integrated stability function of momentum at zeta = z / L, which is limited to 10 in size.

    Source: Large and Yeager (2004): Paulson (1970) when unstable, -5 zeta when stable.
    """
    zeta = jnp.clip(zeta, -_LARGEST_ZETA, _LARGEST_ZETA)
    stable, unstable = jnp.maximum(zeta, 0.0), jnp.minimum(zeta, 0.0)
    return coare.kansas_momentum(unstable, 16.0) - 5.0 * stable


def psi_heat(zeta: Array) -> Array:
    """Likewise for heat and moisture."""
    zeta = jnp.clip(zeta, -_LARGEST_ZETA, _LARGEST_ZETA)
    stable, unstable = jnp.maximum(zeta, 0.0), jnp.minimum(zeta, 0.0)
    return coare.kansas_heat(unstable, 16.0) - 5.0 * stable
