"""The closure of the ECMWF bulk algorithm: roughness, stability and gustiness of the IFS.

Elementwise functions of JAX arrays; `bulk.py` iterates them. The IFS solves the same equations for
z / L from the bulk Richardson number; it also adds psi at the roughness length, which is left out
here as in the other schemes. The Charnock coefficient is constant, as in the IFS without waves.

Source: ECMWF, IFS Documentation, Part IV: Physical Processes, ch. 3, "Turbulent transport and
interactions with the surface".
"""

from __future__ import annotations

import math

import jax.numpy as jnp
from jax import Array

from ngcm_coupler.constants import GRAVITY
from ngcm_coupler.surface.turbulence import coare

CHARNOCK = 0.018
"""Charnock coefficient without wave model [1]. Source: IFS Documentation, Part IV, ch. 3."""

LARGEST_ROUGHNESS = 1e-3
"""Largest roughness length of momentum [m], reached near 20 m/s. Source: AeroBulk, whose scheme of
this name ocean models know. The documentation of the IFS has none, and its drag grows without end;
that of the sea does not (Powell et al. 2003)."""

BOUNDARY_LAYER_HEIGHT = 1000.0
"""Depth of the convective boundary layer [m]. Source: IFS Documentation, Part IV, ch. 3."""

_BETA = 1.0  # gustiness over convective velocity scale [1]
_CALM_GUST = 0.1  # [m s-1]; keeps the speed off zero where nothing is convective
# As u* dies out, the smooth-flow roughness would outgrow the height of the air. This bound keeps u*
# above 0.3 mm s-1 and changes nothing where turbulence lives.
_LARGEST_ZETA = 100.0


def log_roughness(
    friction_velocity: Array, neutral_wind: Array, viscosity: Array
) -> tuple[Array, Array, Array]:
    """Logarithms of the roughness lengths of the sea.

    Args:
      friction_velocity: [m s-1].
      neutral_wind: unused: the Charnock coefficient does not depend on the wind.
      viscosity: kinematic viscosity of air [m2 s-1].

    Returns:
      Logarithms of the roughness lengths of momentum, heat and moisture [log m].

    Source: IFS Documentation, Part IV, ch. 3: smooth-flow parts 0.11, 0.40 and 0.62 nu / u*, and
    for momentum a Charnock part; AeroBulk (Brodeau et al. 2017) for its limit.
    """
    del neutral_wind
    smooth = viscosity / friction_velocity
    momentum = 0.11 * smooth + CHARNOCK / GRAVITY * friction_velocity**2
    log_momentum = jnp.log(jnp.minimum(momentum, LARGEST_ROUGHNESS))
    log_smooth = jnp.log(smooth)
    return log_momentum, log_smooth + math.log(0.40), log_smooth + math.log(0.62)


def gustiness(buoyancy_flux: Array) -> Array:
    """Free-convection velocity [m s-1] from the buoyancy flux [m2 s-3].

    Source: IFS Documentation, Part IV, ch. 3.
    """
    return coare.gustiness(buoyancy_flux, _BETA, BOUNDARY_LAYER_HEIGHT, _CALM_GUST)


def psi_momentum(zeta: Array) -> Array:
    """Integrated stability function of momentum at zeta = z / L, which is limited over the sea."""
    return unlimited_psi_momentum(jnp.minimum(zeta, _LARGEST_ZETA))


def psi_heat(zeta: Array) -> Array:
    """Likewise for heat and moisture."""
    return unlimited_psi_heat(jnp.minimum(zeta, _LARGEST_ZETA))


def unlimited_psi_momentum(zeta: Array) -> Array:
    """Integrated stability function of momentum at zeta = z / L.

    Source: IFS Documentation, Part IV, ch. 3: Paulson (1970) with the coefficients of Dyer (1974)
    when unstable, Holtslag and De Bruin (1988) when stable.
    """
    stable, unstable = jnp.maximum(zeta, 0.0), jnp.minimum(zeta, 0.0)
    return coare.kansas_momentum(unstable, 16.0) - (
        stable + coare.beljaars_holtslag(stable, 2.0 / 3.0)
    )


def unlimited_psi_heat(zeta: Array) -> Array:
    """Integrated stability function of heat and moisture at zeta = z / L.

    Source: as for momentum; the power of 3/2 is that of Beljaars and Holtslag (1991).
    """
    stable, unstable = jnp.maximum(zeta, 0.0), jnp.minimum(zeta, 0.0)
    y = 1.0 + 2.0 / 3.0 * stable
    return coare.kansas_heat(unstable, 16.0) - (
        y * jnp.sqrt(y) - 1.0 + coare.beljaars_holtslag(stable, 2.0 / 3.0)
    )
