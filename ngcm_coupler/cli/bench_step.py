"""``ngcm-coupler bench step``: what the surface exchange adds to a step of the demo model."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np

from ngcm_coupler.cli import tables
from ngcm_coupler.clock import Clock
from ngcm_coupler.config import Config, parse
from ngcm_coupler.engine.base import initial_condition
from ngcm_coupler.engine.checkpoint import read_checkpoint
from ngcm_coupler.engine.neuralgcm import NeuralGCM
from ngcm_coupler.fields import IMPORTS
from ngcm_coupler.interval import Interval

_TILES = [row.name for row in IMPORTS if row.surface and "water_" not in row.name]
_DARK = [name for name in _TILES if "albedo" not in name]
_NAMELIST = (
    "&ngcm_coupling interval_seconds = 3600, imports = {imports} /"
    "&ngcm_radiation scheme = '{radiation}' / &ngcm_surface sea_skin = '{skin}' /"
)
_VARIANTS = {
    "with turbulent fluxes of three tiles, water, dry mass": ("host", "none"),
    "and radiation 'grey'": ("grey", "none"),
    "and a cool skin over a warm layer": ("grey", "cool_and_warm"),
}


def measure(repeats: int) -> list[dict[str, Any]]:
    """Times the model alone and with its exchange, one after the other in turn.

    Args:
      repeats: steps of each.

    Returns:
      A row for each: its name, the median and quartiles of a step [ms], and of the ratio of a step
      to that of the model alone just before it [1].
    """
    engine = NeuralGCM(read_checkpoint("demo"), "demo")
    initial = initial_condition(engine, None, jax.random.key(0))
    bare = jax.jit(
        lambda state: dataclasses.replace(
            engine.step(engine.parameters, state, initial.surface), diagnostics={}
        )
    )
    runs: dict[str, Callable[[], object]] = {"the model alone": lambda: bare(initial.state)}
    for name, (radiation, skin) in _VARIANTS.items():
        names = ", ".join(f"'{name}'" for name in (_DARK if radiation == "host" else _TILES))
        config = parse(_NAMELIST.format(imports=names, radiation=radiation, skin=skin))
        runs[name] = _interval(engine, initial, config)
    for run in runs.values():
        jax.block_until_ready(run())
    seconds = {name: np.empty(repeats) for name in runs}
    for repeat in range(repeats):
        for name, run in runs.items():
            start = time.perf_counter()
            jax.block_until_ready(run())
            seconds[name][repeat] = time.perf_counter() - start
    return [_row(name, seconds) for name in runs]


def text(rows: list[dict[str, Any]]) -> str:
    """The rows as a table."""
    cells = [
        [
            row["name"],
            f"{row['milliseconds'][1]:.0f} [{row['milliseconds'][0]:.0f},"
            f" {row['milliseconds'][2]:.0f}]",
            f"{row['ratio'][1]:.3f} [{row['ratio'][0]:.3f}, {row['ratio'][2]:.3f}]",
        ]
        for row in rows
    ]
    return tables.markdown_table(["an hour of the demo model", "step [ms]", "ratio [1]"], cells)


def _interval(engine: NeuralGCM, initial: Any, config: Config) -> Callable[[], object]:
    """One step with its exchange, from the initial state."""
    interval = Interval(engine, config)
    imports = interval.initial_imports(engine.parameters, initial.state, initial.surface)
    day = Clock(initial.time).day
    state = interval.begin(initial.state, day, 0)
    advance = jax.jit(interval.advance)
    return lambda: advance(engine.parameters, state, imports)


def _row(name: str, seconds: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Medians and quartiles of one run."""
    own, alone = seconds[name], next(iter(seconds.values()))
    quartiles = (25, 50, 75)
    return {
        "name": name,
        "milliseconds": np.percentile(1e3 * own, quartiles).tolist(),
        "ratio": np.percentile(own / alone, quartiles).tolist(),
    }
