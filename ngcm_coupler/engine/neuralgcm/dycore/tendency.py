"""Explicit tendency of the spectral state: to the grid, the nonlinear terms, and back."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp

from ngcm_coupler.engine.neuralgcm.dycore import transform
from ngcm_coupler.engine.neuralgcm.dycore.equations import Fields, MoistAir, Terms, nonlinear_terms
from ngcm_coupler.engine.neuralgcm.dycore.layout import Layout
from ngcm_coupler.engine.neuralgcm.dycore.tables import Horizontal, Latitudes, Vertical


@dataclasses.dataclass(frozen=True, eq=False)
class Tendency:
    """The explicit terms as a function of the packed state.

    Attributes:
      layout: of the packed state.
      horizontal: tables of the transform.
      vertical: tables of the levels.
      air: constants.
      surface: -∇²Φ_s of the orography, packed, shape (m, e, pair, 1, l').
    """

    layout: Layout
    horizontal: Horizontal
    vertical: Vertical
    air: MoistAir
    surface: jax.Array

    def __call__(self, x: jax.Array) -> jax.Array:
        """∂x/∂t of the terms that are stepped explicitly, in the layout of the state."""
        tables, k = self.horizontal, self.layout.levels
        operands = self._operands(x)

        def share(latitudes: Latitudes) -> tuple[jax.Array, jax.Array]:
            fields = self._fields(operands, latitudes)
            return self._transformed(
                nonlinear_terms(fields, latitudes, self.vertical, self.air), latitudes
            )

        if tables.blocks == 1:
            main, other = share(Latitudes(*(table[0] for table in tables.latitudes)))
        else:
            # One block after the other stays in the cache of a CPU, where all of them would not.
            blocks = Latitudes(*map(jnp.asarray, tables.latitudes))
            zero = jax.tree.map(
                lambda like: jnp.zeros(like.shape, like.dtype),
                jax.eval_shape(share, jax.tree.map(lambda table: table[0], blocks)),
            )
            (main, other), _ = jax.lax.scan(
                lambda total, block: (jax.tree.map(jnp.add, total, share(block)), None),
                zero,
                blocks,
            )
        energy, pressure = other[..., :-1, :], other[..., -1:, :]
        divergence = main[..., k : 2 * k, :] - tables.laplacian * energy + self.surface
        return jnp.concatenate(
            [main[..., :k, :], divergence, main[..., 2 * k :, :], pressure], axis=-2
        )

    def _operands(self, x: jax.Array) -> _Operands:
        """What is summed to fields: the state, and what follows from it harmonic by harmonic."""
        tables, k = self.horizontal, self.layout.levels
        pressure = x[..., -1:, :]
        humidity = x[..., (2 + self.air.humidity) * k : (3 + self.air.humidity) * k, :]
        operands = _Operands(
            x,
            x[..., : 2 * k, :] * tables.inverse_laplacian,
            jnp.concatenate([humidity, pressure], axis=-2),
            pressure * tables.laplacian,
        )
        return _Operands(*jax.lax.optimization_barrier(tuple(operands)))

    def _fields(self, operands: _Operands, latitudes: Latitudes) -> Fields:
        """All fields on a block of latitudes."""
        tables, k, scalars = self.horizontal, self.layout.levels, self.layout.scalars

        def values(x: jax.Array) -> jax.Array:
            return transform.legendre(x, latitudes.synthesis)

        def slopes(x: jax.Array) -> jax.Array:
            return transform.legendre(x, latitudes.slope)

        state = values(operands.state)
        first = (2 + self.air.humidity) * k
        with_gradient = [state[..., first : first + k, :], state[..., -1:, :]]
        psi_chi_x = transform.zonal_slope(values(operands.potentials), tables)
        psi_x, chi_x = psi_chi_x[..., :k, :], psi_chi_x[..., k:, :]
        psi_chi_y = slopes(operands.potentials)
        psi_y, chi_y = psi_chi_y[..., :k, :], psi_chi_y[..., k:, :]

        def symmetric(y: jax.Array) -> jax.Array:
            return transform.to_hemispheres(y, tables, odd=False)

        def antisymmetric(y: jax.Array) -> jax.Array:
            return transform.to_hemispheres(y, tables, odd=True)

        nodal = transform.to_longitudes(
            jnp.concatenate(
                [
                    symmetric(state[..., :-1, :]),
                    # (U, V) = cosθ (∇χ + k×∇ψ)
                    symmetric(chi_x) - antisymmetric(psi_y),
                    symmetric(psi_x) + antisymmetric(chi_y),
                    *(symmetric(transform.zonal_slope(y, tables)) for y in with_gradient),
                    antisymmetric(slopes(operands.humidity_and_pressure)),
                    symmetric(values(operands.pressure_laplacian)),
                ],
                axis=2,
            ),
            tables,
        )
        widths = [k] * (4 + scalars) + [k, 1, k, 1, 1]
        parts = iter(jnp.split(nodal, _ends(widths), axis=1))
        vorticity, divergence = next(parts), next(parts)
        advected = tuple(next(parts) for _ in range(scalars))
        u, v, q_x, p_x, q_y, p_y, laplacian = parts
        return Fields(vorticity, divergence, advected, u, v, q_x, q_y, p_x, p_y, laplacian)

    def _transformed(self, terms: Terms, latitudes: Latitudes) -> tuple[jax.Array, jax.Array]:
        """A block's share of the tendencies, and that of energy and surface pressure."""
        tables, k, scalars = self.horizontal, self.layout.levels, self.layout.scalars
        nodal = jnp.concatenate(
            [
                terms.force_u,
                terms.force_v,
                *terms.flux_v,
                *terms.flux_u,
                terms.curl,
                terms.divergence,
                *terms.sources,
                terms.energy,
                terms.pressure,
            ],
            axis=1,
        )
        nodal = jax.lax.optimization_barrier(nodal)
        y = transform.from_longitudes(nodal, tables)
        widths = [k, k, scalars * k, scalars * k, (2 + scalars) * k, k + 1]
        force_u, force_v, flux_v, flux_u, direct, other = jnp.split(y, _ends(widths), axis=2)
        # -k·∇×F, -∇·F and -∇·(v s): what is differentiated along the circle and the meridian.
        along = jnp.concatenate([force_v, force_u, flux_u], axis=2)
        across = jnp.concatenate([force_u, -force_v, -flux_v], axis=2)
        values = direct - tables.zonal_slope[:, 0] * jnp.flip(along, axis=1)
        main = transform.legendre(
            jnp.concatenate(
                [
                    transform.from_hemispheres(values, tables, odd=False),
                    transform.from_hemispheres(across, tables, odd=True),
                ],
                axis=-1,
            ),
            latitudes.analysis,
        )
        width = latitudes.synthesis.shape[-1]
        return main, transform.legendre(
            transform.from_hemispheres(other, tables, odd=False), latitudes.analysis[..., :width, :]
        )


class _Operands(NamedTuple):
    """What is summed to fields, shape (m, e, pair, channel, l').

    Attributes:
      state: all of its channels.
      potentials: stream function ψ and velocity potential χ.
      humidity_and_pressure: q and ln p_s, for their gradients.
      pressure_laplacian: ∇²ln p_s.
    """

    state: jax.Array
    potentials: jax.Array
    humidity_and_pressure: jax.Array
    pressure_laplacian: jax.Array


def _ends(widths: list[int]) -> list[int]:
    """Where `jnp.split` has to cut for parts of these widths."""
    return [sum(widths[: number + 1]) for number in range(len(widths) - 1)]
