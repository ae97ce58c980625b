"""Right-hand side of the moist primitive equations at the points of the grid.

Vorticity ζ, divergence δ, temperature T = T̄(σ) + T', specific humidity q, further tracers,
ln p_s; (U, V) = cosθ (u, v). With R and R_v the gas constants of dry air and vapour, ε = R_v / R,
κ = R / c_p and G = v·∇ln p_s, the terms that are not stepped implicitly are

  ∂ζ/∂t  = -k·∇×F + c               F = (ζ + f) k×v + σ̇ ∂v/∂σ + R T' (1 + (ε-1) q - clouds) ∇ln p_s
  ∂δ/∂t  = -∇·F + d - ∇²(|v|²/2 + Φ_q + Φ_s)
  ∂T'/∂t = -∇·(v T') + T' δ - σ̇ ∂T'/∂σ + [T̄ by G alone] + κ T_q (ω/p)
  ∂q/∂t  = -∇·(v q) + q δ - σ̇ ∂q/∂σ    and so for every tracer
  ∂ln p_s/∂t = -Σ G Δσ

The part of the moist pressure gradient that belongs to T̄ is not in F but expanded,
  c = (R_v - R) T̄ (∇ln p_s × ∇q)·k ,   d = -(R_v - R) T̄ (∇q·∇ln p_s + q ∇²ln p_s),
as upstream discretises it; in F it would be another discretisation, 5e-4 away.

Sources: Bourke (1972); Hoskins and Simmons (1975); Durran (2010), sec. 8.6; upstream's
`dinosaur.primitive_equations`, whose discretisation this is, term by term.
"""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp
from dinosaur.jax_numpy_utils import precise_einsum

from ngcm_coupler.engine.neuralgcm.dycore.tables import Latitudes, Vertical


class Fields(NamedTuple):
    """Values on a block of latitudes, shape (λ, k, θ) with one level for pressure.

    Gradients are cosθ ∇, their components with suffixes _x and _y.
    """

    vorticity: jax.Array
    divergence: jax.Array
    scalars: tuple[jax.Array, ...]
    u: jax.Array
    v: jax.Array
    humidity_x: jax.Array
    humidity_y: jax.Array
    pressure_x: jax.Array
    pressure_y: jax.Array
    pressure_laplacian: jax.Array


class Terms(NamedTuple):
    """What the transform back makes tendencies of, shapes as in `Fields`.

    Attributes:
      force_u: F_λ / cosθ, the vector above in upstream's scaling.
      force_v: F_θ / cosθ.
      curl: c.
      divergence: d.
      sources: of each scalar what is not the divergence of its flux.
      flux_u: u times each scalar, / cosθ.
      flux_v: v times each scalar, / cosθ.
      energy: |v|²/2 + Φ_q.
      pressure: ∂ln p_s/∂t.
    """

    force_u: jax.Array
    force_v: jax.Array
    curl: jax.Array
    divergence: jax.Array
    sources: tuple[jax.Array, ...]
    flux_u: tuple[jax.Array, ...]
    flux_v: tuple[jax.Array, ...]
    energy: jax.Array
    pressure: jax.Array


@dataclasses.dataclass(frozen=True)
class MoistAir:
    """Constants of the moist air, nondimensional.

    Attributes:
      gas_constant: R.
      vapour_gas_constant: R_v.
      kappa: R / c_p.
      vapour_heat_capacity_ratio: c_pv / c_p.
      humidity: number of the scalar that is q.
      clouds: numbers of the scalars that are condensate.
    """

    gas_constant: float
    vapour_gas_constant: float
    kappa: float
    vapour_heat_capacity_ratio: float
    humidity: int
    clouds: tuple[int, ...]


def nonlinear_terms(fields: Fields, latitudes: Latitudes, levels: Vertical, air: MoistAir) -> Terms:
    """All products of fields, evaluated on one block of latitudes."""
    zeta, delta, u, v = fields.vorticity, fields.divergence, fields.u, fields.v
    p_x, p_y = fields.pressure_x, fields.pressure_y
    temperature, q = fields.scalars[0], fields.scalars[air.humidity]
    sec2 = latitudes.secant_squared
    mean = levels.reference
    excess = air.vapour_gas_constant / air.gas_constant - 1.0  # ε - 1

    pressure_advection = (u * p_x + v * p_y) * sec2  # G
    by_mean_flow = _vertical(levels.mean_flow, pressure_advection)
    # σ̇ at interfaces and ω/p at centres, from ∫ (δ + G) dσ (Durran, eq. 8.120 and 8.124).
    integral = _vertical(levels.integral, delta + pressure_advection)
    velocity = levels.half_inverse_distance * (
        levels.bottom[:-1] * integral[:, -1:] - integral[:, :-1]
    )
    lower = levels.alpha * integral
    compression = (lower + _shifted_down(lower)) / levels.thickness

    def vertical_advection(x: jax.Array) -> jax.Array:
        """-σ̇ ∂x/∂σ, the mean of both interfaces (Durran, eq. 8.118)."""
        flux = velocity * (x[:, 1:] - x[:, :-1])
        return -(jnp.pad(flux, _BELOW) + jnp.pad(flux, _ABOVE))

    moisture = 1.0 + excess * q
    virtual = moisture - sum(fields.scalars[cloud] for cloud in air.clouds)
    # R T_v' without the part of T̄, and k×v = (-V, U).
    virtual_temperature = air.gas_constant * temperature * virtual
    absolute = zeta + latitudes.coriolis
    force_u = (-v * absolute - vertical_advection(u) + virtual_temperature * p_x) * sec2
    force_v = (u * absolute - vertical_advection(v) + virtual_temperature * p_y) * sec2

    moist = (air.vapour_gas_constant - air.gas_constant) * mean
    q_x, q_y = fields.humidity_x, fields.humidity_y
    curl = moist * sec2 * (p_x * q_y - p_y * q_x)
    divergence = -moist * (sec2 * (q_x * p_x + q_y * p_y) + q * fields.pressure_laplacian)

    energy = (u * u + v * v) * (0.5 * sec2)
    energy += _vertical(levels.geopotential, excess * q * (temperature + mean))  # Φ_q

    # κ T_q ω/p with the moist air's own R and c_p (Simmons and Burridge 1981 for T' and T̄ q).
    capacity = air.vapour_heat_capacity_ratio
    warm = temperature * moisture + mean * ((1.0 + excess - capacity) * q)
    warm = warm / (1.0 + (capacity - 1.0) * q)
    heating = air.kappa * warm * (pressure_advection - compression)
    sources = [s * delta + vertical_advection(s) for s in fields.scalars]
    sources[0] += by_mean_flow[:, :-1] + heating

    u, v = u * sec2, v * sec2
    return Terms(
        force_u,
        force_v,
        curl,
        divergence,
        tuple(sources),
        tuple(u * s for s in fields.scalars),
        tuple(v * s for s in fields.scalars),
        energy,
        by_mean_flow[:, -1:],
    )


_BELOW = ((0, 0), (0, 1), (0, 0))
_ABOVE = ((0, 0), (1, 0), (0, 0))


def _shifted_down(x: jax.Array) -> jax.Array:
    """The value of the level above, zero at the top."""
    return jnp.pad(x[:, :-1], _ABOVE)


def _vertical(matrix: jax.Array, x: jax.Array) -> jax.Array:
    """A matrix (j, k) on the levels of (λ, k, θ); spread over λ so that nothing is transposed."""
    matrix = jnp.broadcast_to(matrix, (x.shape[0], *matrix.shape))
    return precise_einsum("ijk,ikt->ijt", matrix, x)
