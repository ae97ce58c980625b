"""The state as one array, so that a transform is one matrix product.

Upstream keeps (level, wavenumber, degree) of each field. Here all fields are channels of one
array (m, e, pair, channel, l'), where the degree is l = 2 l' + e and `pair` is cosine and sine.
Both halves of a transform then are products of row-major matrices, channels being rows of the
first and columns of the second:

  (m, e, pair, channel, l') - Legendre -> (m, e, pair, channel, θ) - mirrored at the equator ->
  (group, order, channel, 2 θ) - Fourier -> (group, λ, channel, 2 θ) - mirrored at meridians ->
  (4 λ, channel, 2 θ)
"""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
from dinosaur.primitive_equations import State

from ngcm_coupler.engine.neuralgcm.dycore.tables import Horizontal


@dataclasses.dataclass(frozen=True)
class Layout:
    """Where the channels are: vorticity, divergence, temperature, tracers, log surface pressure.

    Attributes:
      levels: number of levels, which is the number of channels of every field but the last.
      tracers: names, in the order of their channels.
      padded: whether upstream's wavenumbers have a row for the sine of order zero.
    """

    levels: int
    tracers: tuple[str, ...]
    padded: bool

    @property
    def scalars(self) -> int:
        """Number of advected scalars: temperature and tracers."""
        return 1 + len(self.tracers)

    @property
    def channels(self) -> int:
        """Channels of a state."""
        return (2 + self.scalars) * self.levels + 1

    def pack(self, state: State, tables: Horizontal) -> jax.Array:
        """Upstream's state as one array (m, e, pair, channel, l')."""
        fields = [state.vorticity, state.divergence, state.temperature_variation]
        fields += [state.tracers[name] for name in self.tracers]
        return self.packed(jnp.concatenate([*fields, state.log_surface_pressure]), tables)

    def packed(self, x: jax.Array, tables: Horizontal) -> jax.Array:
        """Upstream's (channel, wavenumber, l) as (m, e, pair, channel, l')."""
        if not self.padded:
            x = jnp.concatenate([x[:, :1], jnp.zeros_like(x[:, :1]), x[:, 1:]], axis=1)
        return sorted_by_parity(x, tables)

    def unpack(self, x: jax.Array, tables: Horizontal, like: State) -> State:
        """The opposite of `pack`; time and number of wavenumbers are those of a given state."""
        wavenumbers, degrees = like.vorticity.shape[1:]
        x = sorted_by_number(x, tables, wavenumbers + (not self.padded), degrees)
        if not self.padded:
            x = jnp.concatenate([x[:, :1], x[:, 2:]], axis=1)
        fields = jnp.split(x, list(range(self.levels, x.shape[0], self.levels)))
        return State(
            vorticity=fields[0],
            divergence=fields[1],
            temperature_variation=fields[2],
            log_surface_pressure=fields[-1],
            tracers=dict(zip(self.tracers, fields[3:-1], strict=True)),
            sim_time=like.sim_time,
        )

    def gravity_wave_part(self, x: jax.Array) -> jax.Array:
        """Divergence, temperature and log surface pressure, on which the implicit terms act."""
        k = self.levels
        return jnp.concatenate([x[..., k : 3 * k, :], x[..., -1:, :]], axis=-2)

    def with_gravity_wave_part(self, x: jax.Array, part: jax.Array) -> jax.Array:
        """The same array with that part replaced."""
        k = self.levels
        return jnp.concatenate(
            [x[..., :k, :], part[..., :-1, :], x[..., 3 * k : -1, :], part[..., -1:, :]], axis=-2
        )


def sorted_by_parity(x: jax.Array, tables: Horizontal) -> jax.Array:
    """Wavenumbers 0, (0), 1, 1, 2, 2, ... (channel, wavenumber, l) as (m, e, pair, channel, l')."""
    parities, orders, half = tables.groups // 2, tables.orders, tables.degrees.shape[1]
    fill = 2 * orders * parities - x.shape[1]
    x = jnp.pad(x, ((0, 0), (0, fill), (0, 2 * half - x.shape[2])))
    x = x.reshape(-1, orders, parities, 2, half, 2).transpose(2, 1, 5, 3, 0, 4)
    return x.reshape(orders * parities, 2, 2, -1, half)


def sorted_by_number(x: jax.Array, tables: Horizontal, wavenumbers: int, degrees: int) -> jax.Array:
    """The opposite of `sorted_by_parity`, to so many wavenumbers and degrees."""
    parities, half = tables.groups // 2, tables.degrees.shape[1]
    x = x.reshape(parities, tables.orders, 2, 2, -1, half).transpose(4, 1, 0, 3, 5, 2)
    return x.reshape(x.shape[0], -1, 2 * half)[:, :wavenumbers, :degrees]
