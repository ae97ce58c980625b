"""The closures of the COARE 3.0 and 3.6 bulk algorithms: roughness, stability and gustiness.

Elementwise functions of JAX arrays; `bulk.py` iterates them. COARE 3.6 is COARE 3.5 (Edson et al.
2013) in what is used here: there is no wave input, and the cool skin is in `skin.py`. The authors'
code stops rows with z/L > 50 after one iteration; here every row is iterated alike. COARE 3.0
and 3.6 share the stability function of heat.

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

BETA_3P0 = 1.25
"""Gustiness over the convective velocity scale [1]. Source: Fairall et al. (2003)."""

BETA_3P6 = 1.2
"""Likewise. Source: COARE 3.6's code."""

CALM_GUST = 0.2
"""Gustiness where nothing is convective [m s-1]. Source: COARE's code."""


def charnock_3p6(neutral_wind: Array) -> Array:
    """Charnock coefficient [1] from the neutral 10 m wind speed [m s-1].

    Linear up to 19 m s-1, constant above. It is negative below 3 m s-1, where the smooth-flow
    part dominates the roughness. Source: Edson et al. (2013), the slope from the corrigendum.
    """
    return 0.0017 * jnp.minimum(neutral_wind, 19.0) - 0.005


def charnock_3p0(neutral_wind: Array) -> Array:
    """Charnock coefficient [1] from the neutral 10 m wind speed [m s-1].

    0.011 up to 10 m s-1, 0.018 from 18 m s-1, linear between. Source: Fairall et al. (2003).
    """
    return 0.011 + 0.007 * jnp.clip((neutral_wind - 10.0) / 8.0, 0.0, 1.0)


def log_roughness_3p6(
    friction_velocity: Array, neutral_wind: Array, viscosity: Array
) -> tuple[Array, Array, Array]:
    """Logarithms of the roughness lengths of the sea.

    Args:
      friction_velocity: [m s-1].
      neutral_wind: mean neutral wind speed at 10 m [m s-1].
      viscosity: kinematic viscosity of air [m2 s-1].

    Returns:
      Logarithms of the roughness lengths of momentum, heat and moisture [log m].

    Source: Edson et al. (2013) for momentum, a smooth-flow plus a Charnock part; COARE 3.6 for
    scalars, min(1.6e-4, 5.8e-5 Rr**-0.72) with the roughness Reynolds number Rr.
    """
    smooth = 0.11 * viscosity / friction_velocity
    rough = charnock_3p6(neutral_wind) * friction_velocity**2 / GRAVITY
    # In calm, fiercely convective air the negative Charnock coefficient would eat up the smooth
    # part, and the roughness would have no logarithm.
    log_momentum = jnp.log(jnp.maximum(smooth + rough, 0.1 * smooth))
    log_reynolds = log_momentum + jnp.log(friction_velocity / viscosity)
    log_scalar = jnp.minimum(math.log(1.6e-4), math.log(5.8e-5) - 0.72 * log_reynolds)
    return log_momentum, log_scalar, log_scalar


def log_roughness_3p0(
    friction_velocity: Array, neutral_wind: Array, viscosity: Array
) -> tuple[Array, Array, Array]:
    """Likewise for COARE 3.0.

    Source: Fairall et al. (2003): a smooth-flow plus a Charnock part for momentum,
    min(1.1e-4, 5.5e-5 Rr**-0.6) for scalars.
    """
    smooth = 0.11 * viscosity / friction_velocity
    rough = charnock_3p0(neutral_wind) * friction_velocity**2 / GRAVITY
    log_momentum = jnp.log(smooth + rough)
    log_reynolds = log_momentum + jnp.log(friction_velocity / viscosity)
    log_scalar = jnp.minimum(math.log(1.1e-4), math.log(5.5e-5) - 0.6 * log_reynolds)
    return log_momentum, log_scalar, log_scalar


def gustiness(
    buoyancy_flux: Array,
    beta: float,
    depth: float = BOUNDARY_LAYER_HEIGHT,
    calm_gust: float = CALM_GUST,
) -> Array:
    """Speed of the gusts of a convective boundary layer.

    Args:
      buoyancy_flux: at the surface, positive when it drives convection [m2 s-3].
      beta: gustiness over the convective velocity scale [1].
      depth: depth of the boundary layer [m].
      calm_gust: gustiness where nothing is convective [m s-1].

    Returns:
      Gust speed [m s-1], to be added in squares to the wind.

    Source: Fairall et al. (2003), eq. 8, and COARE's lower bound.
    """
    # The bound is put on the flux, so that the cube root never meets zero.
    calm = (calm_gust / beta) ** 3 / depth
    return beta * jnp.cbrt(depth * jnp.maximum(buoyancy_flux, calm))


def psi_momentum_3p6(zeta: Array) -> Array:
    """Integrated stability function of momentum at zeta = z / L.

    Source: Edson et al. (2013): the form of Beljaars and Holtslag (1991) when stable; the Kansas
    form, blended to the convective limit of Grachev et al. (2000), when unstable.
    """
    stable = jnp.maximum(zeta, 0.0)
    return _psi_momentum_unstable(zeta) - (0.7 * stable + beljaars_holtslag(stable, 0.75))


def psi_momentum_3p0(zeta: Array) -> Array:
    """Integrated stability function of momentum at zeta = z / L.

    Source: Fairall et al. (2003); as in COARE 3.6 but for two coefficients when stable.
    """
    stable = jnp.maximum(zeta, 0.0)
    return _psi_momentum_unstable(zeta) - (stable + beljaars_holtslag(stable, 0.6667))


def psi_heat(zeta: Array) -> Array:
    """Integrated stability function of heat and moisture at zeta = z / L.

    Source: Beljaars and Holtslag (1991) when stable; Grachev et al. (2000), as Fairall et al.
    (2003) take it, when unstable.
    """
    stable, unstable = jnp.maximum(zeta, 0.0), jnp.minimum(zeta, 0.0)
    convective = _psi_convective(1.0 - 34.15 * unstable)
    y = 1.0 + 2.0 / 3.0 * stable
    return _blend(unstable, kansas_heat(unstable, 15.0), convective) - (
        y * jnp.sqrt(y) - 1.0 + beljaars_holtslag(stable, 0.6667)
    )


# Every psi is the sum of a stable and an unstable part, each of which is zero on the other's side:
# no branch is ever evaluated where its derivative does not exist.


def kansas_momentum(zeta: Array, gamma: float) -> Array:
    """Unstable psi of momentum, phi = (1 - gamma zeta)^(-1/4), for zeta <= 0.

    Source: Paulson (1970).
    """
    x2 = jnp.sqrt(1.0 - gamma * zeta)
    x = jnp.sqrt(x2)
    return jnp.log((1.0 + x) ** 2 * (1.0 + x2) / 8.0) - 2.0 * jnp.arctan(x) + math.pi / 2.0


def kansas_heat(zeta: Array, gamma: float) -> Array:
    """Unstable psi of heat, phi = (1 - gamma zeta)^(-1/2), for zeta <= 0.

    Source: Paulson (1970).
    """
    return 2.0 * jnp.log((1.0 + jnp.sqrt(1.0 - gamma * zeta)) / 2.0)


def beljaars_holtslag(zeta: Array, b: float) -> Array:
    """Returns b (zeta - c/d) exp(-d zeta) + b c/d with c = 5, d = 0.35; zero at zeta = 0."""
    c_over_d = 5.0 / 0.35
    return b * ((zeta - c_over_d) * jnp.exp(-0.35 * zeta) + c_over_d)


def _psi_momentum_unstable(zeta: Array) -> Array:
    """The unstable part of both versions' psi of momentum; zero when stable."""
    unstable = jnp.minimum(zeta, 0.0)
    convective = _psi_convective(1.0 - 10.15 * unstable)
    return _blend(unstable, kansas_momentum(unstable, 15.0), convective)


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
