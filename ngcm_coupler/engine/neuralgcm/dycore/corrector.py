"""The dynamical core as upstream's models call it: a "corrector" of the learned tendencies.

Upstream names the parts of a model in its configuration. `fast_dycore` is registered there, so
that a configuration can name it in place of `DycoreWithPhysicsCorrector`, which it wraps: that one
is built as ever, with the equation, integrator and filter of the configuration and with learned
orography under its own name, and what it would do is done here in another layout.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, cast

import gin
import jax
import jax.numpy as jnp
from dinosaur import time_integration
from dinosaur.coordinate_systems import CoordinateSystem
from dinosaur.primitive_equations import PrimitiveEquationsSigma, State
from dinosaur.sigma_coordinates import SigmaCoordinates
from dinosaur.spherical_harmonic import Grid
from neuralgcm.legacy import correctors

from ngcm_coupler.engine.neuralgcm.dycore.equations import MoistAir
from ngcm_coupler.engine.neuralgcm.dycore.layout import Layout
from ngcm_coupler.engine.neuralgcm.dycore.step import Implicit, advance
from ngcm_coupler.engine.neuralgcm.dycore.tables import (
    Horizontal,
    horizontal_tables,
    vertical_tables,
)
from ngcm_coupler.engine.neuralgcm.dycore.tendency import Tendency

_BLOCK_BYTES = 600_000
"""Size of a field of all levels on a block of latitudes on CPU, where it shall stay in a cache."""


@gin.register(module="ngcm_coupler")
def fast_dycore(
    coords: CoordinateSystem,
    dt: float,
    physics_specs: Any,
    aux_features: dict[str, Any],
    *,
    corrector_module: Callable[..., correctors.DycoreWithPhysicsCorrector],
) -> FastDycore | correctors.DycoreWithPhysicsCorrector:
    """Upstream's interface of corrector modules; `corrector_module` is the one to replace.

    Where upstream shards a model over devices, nothing is replaced.
    """
    if coords.spmd_mesh is not None:
        return corrector_module(coords, dt, physics_specs, aux_features)
    replaced = corrector_module(
        coords, dt, physics_specs, aux_features, checkpoint_explicit_terms=False
    )
    return FastDycore(replaced)


class FastDycore:
    """What `DycoreWithPhysicsCorrector` does to a state, from its own equation and filter."""

    def __init__(self, replaced: correctors.DycoreWithPhysicsCorrector) -> None:
        self._equation = cast(PrimitiveEquationsSigma, replaced.dycore_equation)
        self._filter = replaced.filter_fn
        self._substeps = replaced.dycore_substeps
        self._step = replaced.inner_dt
        self._whole_step = replaced.dt

    def __call__(self, state: State, tendencies: State, forcing: Any = None) -> State:
        """The state after `dt`, in which the learned tendencies are held constant.

        Args:
          state: before the step.
          tendencies: of its fields, None for those without.
          forcing: unused, as upstream.
        """
        del forcing
        equation = self._equation
        explicit = explicit_terms(equation, tuple(sorted(state.tracers)))
        layout, tables = explicit.layout, explicit.horizontal
        learned = layout.pack(_without_none(tendencies, state), tables)
        implicit = Implicit.of(equation, layout, tables.degrees, self._step)
        damping = _damping(self._filter, layout, tables)
        # Gradients would otherwise keep all fields on the grid of all stages.
        recomputed = jax.checkpoint(explicit)

        def tendency(x: jax.Array) -> jax.Array:
            with jax.named_scope("explicit terms"):
                return recomputed(x) + learned

        def substep(x: jax.Array, _: None) -> tuple[jax.Array, None]:
            return advance(x, tendency, implicit, self._step) * damping, None

        x, _ = jax.lax.scan(substep, layout.pack(state, tables), length=self._substeps)
        time = state.sim_time
        if time is not None:
            for _ in range(self._substeps):
                time = time + self._step
        after = layout.unpack(x, tables, state.replace(sim_time=time))
        return time_integration.maybe_fix_sim_time_roundoff(after, self._whole_step)


def explicit_terms(
    equation: PrimitiveEquationsSigma,
    tracers: tuple[str, ...],
    rows: int | None = None,
) -> Tendency:
    """The explicit terms of one of upstream's moist equations.

    Args:
      equation: `PrimitiveEquationsSigma` with humidity.
      tracers: names of the state's tracers.
      rows: latitudes of a block; None for what suits the device.
    """
    horizontal, specs = equation.coords.horizontal, equation.physics_specs
    if rows is None:
        rows = horizontal.latitude_nodes
        if jax.default_backend() == "cpu":
            row_bytes = 4 * horizontal.longitude_nodes * equation.coords.vertical.layers
            rows = max(2, round(_BLOCK_BYTES / row_bytes))
    tables = _cached_tables(horizontal, float(specs.angular_velocity), rows)
    padded = horizontal.modal_shape[0] == 2 * horizontal.longitude_wavenumbers
    levels = cast(SigmaCoordinates, equation.coords.vertical)
    layout = Layout(levels.layers, tracers, padded)
    number = {name: 1 + place for place, name in enumerate(tracers)}
    air = MoistAir(
        float(specs.R),
        float(specs.R_vapor),
        float(specs.kappa),
        float(specs.Cp_vapor / specs.Cp),
        number[str(equation.humidity_key)],
        tuple(number[name] for name in equation.cloud_keys or ()),
    )
    vertical = vertical_tables(levels, equation.reference_temperature, air.gas_constant, air.kappa)
    orography = layout.packed(jnp.asarray(equation.orography, jnp.float32)[None], tables)
    surface = -specs.g * (tables.laplacian * tables.kept) * orography
    return Tendency(layout, tables, vertical, air, surface)


@functools.lru_cache(maxsize=2)
def _cached_tables(grid: Grid, angular_velocity: float, rows: int) -> Horizontal:
    """The tables of a grid, which every tracing of a model asks for again."""
    return horizontal_tables(grid, rows, angular_velocity)


def _without_none(tendencies: State, state: State) -> State:
    """The tendencies with zeros for the fields that have none."""
    zeros = jax.tree.map(jnp.zeros_like, state)

    def filled(name: str) -> jax.Array:
        value = getattr(tendencies, name)
        return getattr(zeros, name) if value is None else value

    given = {name: value for name, value in tendencies.tracers.items() if value is not None}
    return State(
        vorticity=filled("vorticity"),
        divergence=filled("divergence"),
        temperature_variation=filled("temperature_variation"),
        log_surface_pressure=filled("log_surface_pressure"),
        tracers=zeros.tracers | given,
    )


def _damping(
    filter_fn: Callable[[State, State], State], layout: Layout, tables: Horizontal
) -> jax.Array:
    """What a filter multiplies every channel and degree with, shape (1, e, 1, channel, l').

    Upstream's filters that depend on degree and level alone are products; on a state of ones,
    one harmonic of each degree, they leave their factors.
    """
    degrees = int(tables.degrees[tables.kept[0, :, 0, 0] > 0.0].max()) + 2
    field = jnp.ones((layout.levels, 1, degrees), jnp.float32)
    ones = State(
        vorticity=field,
        divergence=field,
        temperature_variation=field,
        log_surface_pressure=field[:1],
        tracers=dict.fromkeys(layout.tracers, field),
    )
    after = filter_fn(ones, ones)
    fields = [after.vorticity, after.divergence, after.temperature_variation]
    fields += [*(after.tracers[name] for name in layout.tracers), after.log_surface_pressure]
    factors = jnp.concatenate(fields)[:, 0]
    factors = jnp.pad(factors, ((0, 0), (0, tables.degrees.size - degrees)))
    return factors.reshape(1, -1, tables.degrees.shape[1], 2).transpose(0, 3, 1, 2)[:, :, None]
