"""``ngcm-coupler bench step``: the model's step with either dynamical core."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from ngcm_coupler.cli import tables
from ngcm_coupler.cli.bench.options import FULL_SIZE_MODEL, Options
from ngcm_coupler.cli.bench.timing import in_turn, quartiles, spread
from ngcm_coupler.config.model_groups import DEMO
from ngcm_coupler.engine.atmosphere import initial_condition
from ngcm_coupler.engine.neuralgcm.checkpoint import read_checkpoint
from ngcm_coupler.engine.neuralgcm.model import NeuralGCM
from ngcm_coupler.engine.neuralgcm.published import structure
from ngcm_coupler.engine.neuralgcm.random_weights import with_random_weights

_CORES = ("upstream", "fast")
_REPEATS = 30
_STEPS = 24


def measure(options: Options) -> dict[str, Any]:
    """Times steps from the same state with both cores in turn, and compares a run of 24.

    Returns:
      The model, the machine's load before and after, for each core the seconds of compiling and
      quartiles of a step in wall and processor time [ms], quartiles of the ratio of both wall
      times [1], and for each field of the state after 24 steps the largest difference of its
      harmonics over the largest of them [1], and what becomes of the last digits: the difference
      of upstream's core from itself, begun one digit beside; both on the grid likewise.
    """
    model = options.model
    checkpoint = read_checkpoint(DEMO if model == FULL_SIZE_MODEL else model)
    if model == FULL_SIZE_MODEL:
        checkpoint = with_random_weights(checkpoint, structure(model, checkpoint), seed=0)
    load = [os.getloadavg()[0]]
    steps, compiling, states = {}, {}, {}
    for core in _CORES:
        engine = NeuralGCM(checkpoint, DEMO, dycore=core)
        if not states:  # of upstream's encoder, for both
            initial = initial_condition(engine, None, jax.random.key(0))
        steps[core] = _step(engine, initial.surface)
        start = time.perf_counter()
        jax.block_until_ready(steps[core](initial.state))
        compiling[core] = time.perf_counter() - start
        states[core] = initial.state
    runs = {core: lambda core=core: steps[core](initial.state) for core in _CORES}
    seconds = in_turn(runs, options.repeats or _REPEATS)
    states["beside"] = with_last_digits_moved(initial.state)
    for _ in range(_STEPS):
        states = {name: steps.get(name, steps["upstream"])(x) for name, x in states.items()}
    fields = {name: engine.prognostic_fields(state) for name, state in states.items()}
    load.append(os.getloadavg()[0])
    upstream, fast = (seconds[core] for core in _CORES)
    return {
        "model": model,
        "load": load,
        "cores": {
            core: {
                "first_step_s": compiling[core],
                "wall_ms": quartiles(1e3 * seconds[core].wall),
                "processor_ms": quartiles(1e3 * seconds[core].processor),
            }
            for core in _CORES
        },
        "speedup": quartiles(upstream.wall / fast.wall),
        "processor_speedup": quartiles(upstream.processor / fast.processor),
        "difference": differences(*(_prognostic(states[name]) for name in ("fast", "upstream"))),
        "last_digits": differences(*(_prognostic(states[name]) for name in ("beside", "upstream"))),
        "difference_on_grid": _compared(fields["fast"], fields["upstream"]),
        "last_digits_on_grid": _compared(fields["beside"], fields["upstream"]),
    }


def differences(ours: Any, theirs: Any) -> dict[str, float]:
    """For each field of two spectral states the largest difference over the largest harmonic."""

    def by_name(state: Any) -> dict[str, jax.Array]:
        names = ("vorticity", "divergence", "temperature_variation", "log_surface_pressure")
        return {name: getattr(state, name) for name in names} | dict(state.tracers)

    return _compared(by_name(ours), by_name(theirs))


def _compared(ours: Mapping[str, jax.Array], theirs: Mapping[str, jax.Array]) -> dict[str, float]:
    """For each field the largest difference over the largest value."""
    return {
        name: float(jnp.abs(ours[name] - other).max() / jnp.abs(other).max())
        for name, other in theirs.items()
    }


def with_last_digits_moved(state: Any) -> Any:
    """A state with every number moved to the neighbouring float, up or down.

    What it grows into beside the state itself is what the last digits come to: two functions that
    are compiled apart, of which each rounds in its own way, are not owed more.

    Args:
      state: any pytree; what is not a field in single precision, as time and keys, stays.
    """
    leaves, structure = jax.tree.flatten(state)
    keys = jax.random.split(jax.random.key(0), len(leaves))

    def moved(leaf: Any, key: jax.Array) -> Any:
        if jnp.ndim(leaf) < 2 or leaf.dtype != jnp.float32:  # time, keys
            return leaf
        side = jnp.where(jax.random.bernoulli(key, shape=leaf.shape), jnp.inf, -jnp.inf)
        return jnp.nextafter(leaf, side)

    return jax.tree.unflatten(structure, list(map(moved, leaves, keys)))


def text(result: dict[str, Any]) -> str:
    """The result as a table."""
    cores = result["cores"]
    header = [
        "model",
        "upstream [ms]",
        "fast [ms]",
        "speedup [1]",
        "in processor time [1]",
        f"largest difference after {_STEPS} steps [1]",
        "of last digits [1]",
        "load",
    ]
    row = [
        result["model"],
        *(spread(cores[core]["wall_ms"], ".0f") for core in _CORES),
        spread(result["speedup"], ".2f"),
        spread(result["processor_speedup"], ".2f"),
        *(_largest(result[name]) for name in ("difference", "last_digits")),
        "{:.1f} to {:.1f}".format(*sorted(result["load"])),
    ]
    return tables.markdown_table(header, [row])


def _largest(found: Mapping[str, float]) -> str:
    field = max(found, key=found.__getitem__)
    return f"{found[field]:.1e} ({field})"


def _prognostic(state: Any) -> Any:
    """The fields of a state; those of models with random fields lie one deeper."""
    return getattr(state, "state", state)


def _step(engine: NeuralGCM, surface: Any) -> Any:
    """One compiled step of an engine."""
    return jax.jit(lambda state: engine.step(engine.parameters, state, surface))
