"""The state as one array, so that a transform is one matrix product.

Upstream keeps (level, wavenumber, degree) of each field. Here all fields are channels of one
array (m, pair, channel, l), `pair` being cosine and sine. Both halves of a transform then are
products of row-major matrices, and nothing is transposed between them:

  modal (m, pair, channel, l) - Legendre -> (m, pair, channel, θ) - Fourier -> (λ, channel, θ)
"""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
from dinosaur.primitive_equations import State

from ngcm_coupler.engine.dycore.tables import Horizontal


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
        """Upstream's state as one array (m, pair, channel, l)."""
        fields = [state.vorticity, state.divergence, state.temperature_variation]
        fields += [state.tracers[name] for name in self.tracers]
        return self.pack_one(jnp.concatenate([*fields, state.log_surface_pressure]), tables)

    def pack_one(self, x: jax.Array, tables: Horizontal) -> jax.Array:
        """Upstream's (channel, wavenumber, l) as (m, pair, channel, l)."""
        if not self.padded:
            x = jnp.concatenate([x[:, :1], jnp.zeros_like(x[:, :1]), x[:, 1:]], axis=1)
        orders, parities = tables.orders, tables.parities
        fill = 2 * orders * parities - x.shape[1]
        x = jnp.pad(x, ((0, 0), (0, fill), (0, 0)))
        x = x.reshape(-1, orders, parities, 2, x.shape[-1]).transpose(2, 1, 3, 0, 4)
        return x.reshape(orders * parities, 2, -1, x.shape[-1])

    def unpack(self, x: jax.Array, tables: Horizontal, state: State) -> State:
        """The opposite of `pack`; the time is that of `state`, as is the number of wavenumbers."""
        x = x.reshape(tables.parities, tables.orders, 2, -1, x.shape[-1])
        x = x.transpose(3, 1, 0, 2, 4).reshape(x.shape[3], -1, x.shape[-1])
        if not self.padded:
            x = jnp.concatenate([x[:, :1], x[:, 2:]], axis=1)
        x = x[:, : state.vorticity.shape[-2]]
        fields = jnp.split(x, list(range(self.levels, x.shape[0], self.levels)))
        return State(
            vorticity=fields[0],
            divergence=fields[1],
            temperature_variation=fields[2],
            log_surface_pressure=fields[-1],
            tracers=dict(zip(self.tracers, fields[3:-1], strict=True)),
            sim_time=state.sim_time,
        )

    def gravity_wave_part(self, x: jax.Array) -> jax.Array:
        """Divergence, temperature and log surface pressure, on which the implicit terms act."""
        k = self.levels
        return jnp.concatenate([x[:, :, k : 3 * k], x[:, :, -1:]], axis=2)

    def with_gravity_wave_part(self, x: jax.Array, part: jax.Array) -> jax.Array:
        """The same array with that part replaced."""
        k = self.levels
        return jnp.concatenate(
            [x[:, :, :k], part[:, :, :-1], x[:, :, 3 * k : -1], part[:, :, -1:]], axis=2
        )
