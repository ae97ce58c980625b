"""The closure of the COARE 3.6 bulk algorithm: roughness, stability and gustiness.

Elementwise functions of JAX arrays; `bulk.py` iterates them. COARE 3.6 is COARE 3.5 (Edson et al.
2013) in what is used here: no wave input, a skin temperature instead of the cool-skin model. The
authors' code stops rows with z/L > 50 after one iteration; here every row is iterated alike.

Sources:
  Fairall et al. (2003), J. Climate 16, 571-591.
  Edson et al. (2013), J. Phys. Oceanogr. 43, 1589-1610, and its corrigendum (2014).
  Fairall et al. (2022), the COARE 3.6 distribution and its description.
"""

from __future__ import annotations

import math

import jax.numpy as jnp
from jax import Array

from ngcm_coupler.constants import GRAVITY

BOUNDARY_LAYER_HEIGHT = 600.0
"""Depth of the convective boundary layer that drives gusts [m]. Source: COARE's default."""

_BETA = 1.2  # gustiness over convective velocity scale [1]
_CALM_GUST = 0.2  # gustiness where nothing is convective [m s-1]


def charnock(neutral_wind: Array) -> Array:
    """Charnock coefficient [1] from the neutral 10 m wind speed [m s-1].

    Linear up to 19 m s-1, constant above. It is negative below 3 m s-1, where the smooth-flow
    part dominates the roughness. Source: Edson et al. (2013), the slope from the corrigendum.
    """
    return 0.0017 * jnp.minimum(neutral_wind, 19.0) - 0.005


def log_roughness(
    friction_velocity: Array, neutral_wind: Array, viscosity: Array
) -> tuple[Array, Array]:
    """Logarithms of the roughness lengths of the sea.

    Args:
      friction_velocity: [m s-1].
      neutral_wind: mean neutral wind speed at 10 m [m s-1].
      viscosity: kinematic viscosity of air [m2 s-1].

    Returns:
      Log of the momentum roughness length, log of the one that heat and moisture share [log m].

    Source: Edson et al. (2013) for momentum, a smooth-flow plus a Charnock part; COARE 3.6 for
    scalars, min(1.6e-4, 5.8e-5 Rr**-0.72) with the roughness Reynolds number Rr.
    """
    smooth = 0.11 * viscosity / friction_velocity
    rough = charnock(neutral_wind) * friction_velocity**2 / GRAVITY
    # In calm, fiercely convective air the negative Charnock coefficient would eat up the smooth
    # part, and the roughness would have no logarithm.
    log_momentum = jnp.log(jnp.maximum(smooth + rough, 0.1 * smooth))
    log_reynolds = log_momentum + jnp.log(friction_velocity / viscosity)
    log_scalar = jnp.minimum(math.log(1.6e-4), math.log(5.8e-5) - 0.72 * log_reynolds)
    return log_momentum, log_scalar


def gustiness(buoyancy_flux: Array) -> Array:
    """Speed of the gusts of a convective boundary layer [m s-1] from the buoyancy flux [m2 s-3].

    Source: Fairall et al. (2003), eq. 8, and COARE's lower bound.
    """
    # The bound is put on the flux, so that the cube root never meets zero.
    calm = (_CALM_GUST / _BETA) ** 3 / BOUNDARY_LAYER_HEIGHT
    return _BETA * jnp.cbrt(BOUNDARY_LAYER_HEIGHT * jnp.maximum(buoyancy_flux, calm))


def psi_momentum(zeta: Array) -> Array:
    """Integrated stability function of momentum at zeta = z / L.

    Source: Edson et al. (2013): the form of Beljaars and Holtslag (1991) when stable; the Kansas
    form, blended to the convective limit of Grachev et al. (2000), when unstable.
    """
    stable, unstable = jnp.maximum(zeta, 0.0), jnp.minimum(zeta, 0.0)
    x2 = jnp.sqrt(1.0 - 15.0 * unstable)
    x = jnp.sqrt(x2)
    kansas = jnp.log((1.0 + x) ** 2 * (1.0 + x2) / 8.0) - 2.0 * jnp.arctan(x) + math.pi / 2.0
    convective = _psi_convective(1.0 - 10.15 * unstable)
    return _blend(unstable, kansas, convective) - (0.7 * stable + _beljaars_holtslag(stable, 0.75))


def psi_heat(zeta: Array) -> Array:
    """Integrated stability function of heat and moisture at zeta = z / L.

    Source: Beljaars and Holtslag (1991) when stable; Grachev et al. (2000), as Fairall et al.
    (2003) take it, when unstable.
    """
    stable, unstable = jnp.maximum(zeta, 0.0), jnp.minimum(zeta, 0.0)
    kansas = 2.0 * jnp.log((1.0 + jnp.sqrt(1.0 - 15.0 * unstable)) / 2.0)
    convective = _psi_convective(1.0 - 34.15 * unstable)
    y = 1.0 + 2.0 / 3.0 * stable
    return _blend(unstable, kansas, convective) - (
        y * jnp.sqrt(y) - 1.0 + _beljaars_holtslag(stable, 0.6667)
    )


# Both psi are the sum of a stable and an unstable part, each of which is zero on the other's side:
# no branch is ever evaluated where its derivative does not exist.


def _beljaars_holtslag(zeta: Array, b: float) -> Array:
    """Returns b (zeta - c/d) exp(-d zeta) + b c/d with c = 5, d = 0.35; zero at zeta = 0."""
    c_over_d = 5.0 / 0.35
    return b * ((zeta - c_over_d) * jnp.exp(-0.35 * zeta) + c_over_d)


def _psi_convective(y_cubed: Array) -> Array:
    """Free-convection psi. Source: Grachev et al. (2000)."""
    y = jnp.cbrt(y_cubed)
    root3 = math.sqrt(3.0)
    return (
        1.5 * jnp.log((y * y + y + 1.0) / 3.0)
        - root3 * jnp.arctan((2.0 * y + 1.0) / root3)
        + math.pi / root3
    )


def _blend(zeta: Array, kansas: Array, convective: Array) -> Array:
    """Kansas near neutral, convective far from it. Source: Fairall et al. (1996)."""
    weight = zeta**2 / (1.0 + zeta**2)
    return kansas + weight * (convective - kansas)
