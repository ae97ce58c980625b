"""``ngcm-coupler bench step --against-upstream``: the model's step with either dynamical core."""

from __future__ import annotations

import os
import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ngcm_coupler.cli import tables
from ngcm_coupler.engine.base import initial_condition
from ngcm_coupler.engine.checkpoint import read_checkpoint
from ngcm_coupler.engine.neuralgcm import NeuralGCM
from ngcm_coupler.engine.random_weights import DETERMINISTIC, FULL_SIZE, with_random_weights

FULL_SIZE_MODEL = "2.8-degrees"
"""Stands for a model of the size of the published deterministic one, with random weights."""

_CORES = ("upstream", "fast")
_STEPS = 24
_QUARTILES = (25, 50, 75)


def measure(model: str, repeats: int) -> dict[str, Any]:
    """Times steps from the same state with both cores in turn, and compares a run of 24.

    Args:
      model: a checkpoint, ``demo`` or `FULL_SIZE_MODEL`.
      repeats: steps of each.

    Returns:
      The model, the machine's load before and after, for each core the seconds of compiling and
      quartiles of a step in wall and processor time [ms], quartiles of the ratio of both wall
      times [1], and for each field of the state after 24 steps the largest difference of its
      harmonics over the largest of them [1].
    """
    checkpoint = read_checkpoint("demo" if model == FULL_SIZE_MODEL else model)
    if model == FULL_SIZE_MODEL:
        checkpoint = with_random_weights(checkpoint, (*FULL_SIZE, *DETERMINISTIC), seed=0)
    load = [os.getloadavg()[0]]
    steps, compiling, states = {}, {}, {}
    for core in _CORES:
        engine = NeuralGCM(checkpoint, "demo", dycore=core)
        if not states:  # of upstream's encoder, for both
            initial = initial_condition(engine, None, jax.random.key(0))
        steps[core] = _step(engine, initial.surface)
        start = time.perf_counter()
        jax.block_until_ready(steps[core](initial.state))
        compiling[core] = time.perf_counter() - start
        states[core] = initial.state
    wall, processor = (np.empty((repeats, len(_CORES))) for _ in range(2))
    for repeat in range(repeats):
        for place, core in enumerate(_CORES):
            start = time.perf_counter(), time.process_time()
            jax.block_until_ready(steps[core](initial.state))
            wall[repeat, place] = time.perf_counter() - start[0]
            processor[repeat, place] = time.process_time() - start[1]
    for _ in range(_STEPS):
        states = {core: steps[core](state) for core, state in states.items()}
    load.append(os.getloadavg()[0])
    return {
        "model": model,
        "load": load,
        "cores": {
            core: {
                "first_step_s": compiling[core],
                "wall_ms": _quartiles(1e3 * wall[:, place]),
                "processor_ms": _quartiles(1e3 * processor[:, place]),
            }
            for place, core in enumerate(_CORES)
        },
        "speedup": _quartiles(wall[:, 0] / wall[:, 1]),
        "processor_speedup": _quartiles(processor[:, 0] / processor[:, 1]),
        "difference": differences(states["fast"].state, states["upstream"].state),
    }


def differences(ours: Any, theirs: Any) -> dict[str, float]:
    """For each field of two spectral states the largest difference over the largest harmonic."""
    pairs = {
        name: (getattr(ours, name), getattr(theirs, name))
        for name in ("vorticity", "divergence", "temperature_variation", "log_surface_pressure")
    }
    pairs |= {name: (ours.tracers[name], theirs.tracers[name]) for name in theirs.tracers}
    return {
        name: float(jnp.abs(one - other).max() / jnp.abs(other).max())
        for name, (one, other) in pairs.items()
    }


def text(result: dict[str, Any]) -> str:
    """The result as a table and a few lines."""
    cells = [
        [
            core,
            _spread(row["wall_ms"], ".0f"),
            _spread(row["processor_ms"], ".0f"),
            f"{row['first_step_s']:.0f}",
        ]
        for core, row in result["cores"].items()
    ]
    header = ["dycore", "step [ms]", "processor time [ms]", "first step, compiled [s]"]
    worst = max(result["difference"], key=result["difference"].__getitem__)
    return (
        f"{tables.markdown_table(header, cells)}\n\n"
        f"model {result['model']}: {_spread(result['speedup'], '.2f')} times upstream's speed,"
        f" {_spread(result['processor_speedup'], '.2f')} in processor time; load"
        f" {result['load'][0]:.1f} before, {result['load'][1]:.1f} after\n"
        f"largest difference after {_STEPS} steps: {result['difference'][worst]:.1e} ({worst})"
    )


def _step(engine: NeuralGCM, surface: Any) -> Any:
    """One compiled step of an engine."""
    return jax.jit(lambda state: engine.step(engine.parameters, state, surface))


def _quartiles(values: np.ndarray) -> list[float]:
    return np.percentile(values, _QUARTILES).tolist()


def _spread(quartiles: list[float], form: str) -> str:
    low, middle, high = (format(value, form) for value in quartiles)
    return f"{middle} [{low}, {high}]"
