"""Explicit tendency of the spectral state: to the grid, the nonlinear terms, and back."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp

from ngcm_coupler.engine.dycore import transform
from ngcm_coupler.engine.dycore.equations import Air, Fields, Terms, nonlinear_terms
from ngcm_coupler.engine.dycore.layout import Layout
from ngcm_coupler.engine.dycore.tables import Horizontal, Latitudes, Vertical


@dataclasses.dataclass(frozen=True, eq=False)
class Tendency:
    """The explicit terms as a function of the packed state.

    Attributes:
      layout: of the packed state.
      horizontal: tables of the transform.
      vertical: tables of the levels.
      air: constants.
      surface: -∇²Φ_s of the orography, packed, shape (m, pair, 1, l).
    """

    layout: Layout
    horizontal: Horizontal
    vertical: Vertical
    air: Air
    surface: jax.Array

    def __call__(self, x: jax.Array) -> jax.Array:
        """∂x/∂t of the terms that are stepped explicitly, in the layout of the state."""
        tables, k = self.horizontal, self.layout.levels
        values, sloped = self._operands(x)

        def share(latitudes: Latitudes) -> tuple[jax.Array, jax.Array]:
            fields = self._fields(values, sloped, latitudes)
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
        energy, pressure = other[:, :, :-1], other[:, :, -1:]
        divergence = main[:, :, k : 2 * k] - tables.laplacian * energy + self.surface
        return jnp.concatenate(
            [main[:, :, :k], divergence, main[:, :, 2 * k :], pressure], axis=2
        )

    def _operands(self, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        """What is summed with P_lm, and what with its slope, along the meridian.

        The first are the state, stream function ψ and velocity potential χ and ∇²ln p_s; the
        second ψ, χ, humidity and ln p_s.
        """
        tables, k = self.horizontal, self.layout.levels
        potentials = x[:, :, : 2 * k] * tables.inverse_laplacian
        pressure = x[:, :, -1:]
        q = x[:, :, (2 + self.air.humidity) * k : (3 + self.air.humidity) * k]
        values = jnp.concatenate([x, potentials, pressure * tables.laplacian], axis=2)
        sloped = jnp.concatenate([potentials, q, pressure], axis=2)
        return jax.lax.optimization_barrier((values, sloped))

    def _fields(self, values: jax.Array, sloped: jax.Array, latitudes: Latitudes) -> Fields:
        """All fields on a block of latitudes."""
        tables, k, scalars = self.horizontal, self.layout.levels, self.layout.scalars
        y = transform.legendre(values, latitudes.synthesis)
        slope = transform.legendre(sloped, latitudes.slope)
        channels = self.layout.channels
        state, pressure = y[:, :, : channels - 1], y[:, :, channels - 1 : channels]
        psi, chi = y[:, :, channels : channels + k], y[:, :, channels + k : channels + 2 * k]
        psi_y, chi_y = slope[:, :, :k], slope[:, :, k : 2 * k]
        first = (2 + self.air.humidity) * k
        along = transform.zonal_slope(
            jnp.concatenate([chi, psi, state[:, :, first : first + k], pressure], axis=2), tables
        )
        # (U, V) = cosθ (∇χ + k×∇ψ)
        u = along[:, :, :k] - psi_y
        v = along[:, :, k : 2 * k] + chi_y
        nodal = transform.to_longitudes(
            jnp.concatenate(
                [state, u, v, along[:, :, 2 * k :], slope[:, :, 2 * k :], y[:, :, -1:]], axis=2
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
        main = transform.quadrature(
            direct - transform.zonal_slope(along, tables), across, latitudes
        )
        width = latitudes.synthesis.shape[-1]
        return main, transform.legendre(other, latitudes.analysis[:, :width])


def _ends(widths: list[int]) -> list[int]:
    """Where `jnp.split` has to cut for parts of these widths."""
    return [sum(widths[: number + 1]) for number in range(len(widths) - 1)]
