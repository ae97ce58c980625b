"""``ngcm-coupler bench regrid``: what an exchange grid costs and how exact it is, beside YAC."""

from __future__ import annotations

import concurrent.futures
import functools
import importlib.util
import multiprocessing
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from ngcm_coupler.cli import tables
from ngcm_coupler.cli.bench.options import Options
from ngcm_coupler.cli.memory import peak_bytes
from ngcm_coupler.grid import GaussianGrid
from ngcm_coupler.regrid import ExchangeGrid, Regridder, SurfaceGrid
from ngcm_coupler.regrid.analytic_fields import FIELDS
from ngcm_coupler.regrid.tripolar import tripolar_grid

_GRIDS = ((64, (182, 149), 9), (128, (362, 292), 7), (256, (1442, 1021), 3))
"""Rows of the Gaussian grid, columns and rows of the ocean's, and at most how many repeats."""

_FIELDS = 20
_DIRECTIONS = ("to_surface", "to_atmosphere")
_TASKS = {
    "fresh": "result in fresh memory",
    "over": "over an earlier result",
    "side_by_side": "fields of a point side by side too",
    "scipy": "scipy's matrix @ fields",
    "fill": "filling the result with 0",
}
"""What is timed of a regridding; the last is the least that writing its result can take."""

_METHODS = ("conservative", "conservative_second_order", "bilinear")


def measure(options: Options) -> dict[str, Any]:
    """Measures three pairs of grids, each in processes of its own, and misfits on the first pair.

    Returns:
      "grids": a row for each pair, with quartiles of the seconds that weights take, the peak of
      memory, and for each direction quartiles of the milliseconds that fields take; "misfits":
      method -> mean relative misfit of each field [1]; "binary mask": part of a uniform flux that
      is gained or lost [1] if atmosphere cells of at least the given part of sea count as sea
      altogether.
    """
    rows = []
    for nlat, shape, most in _GRIDS:
        count = max(min(options.repeats or most, most), 1)
        row = {"atmosphere": f"{2 * nlat}x{nlat}", "ocean": f"{shape[0]}x{shape[1]}"}
        row |= _alone(_ours, nlat, shape, count)
        if importlib.util.find_spec("yac") is not None:
            row |= _alone(_beside_yac, nlat, shape, count)
        rows.append(row)
    exchange = ExchangeGrid.build(*_pair(*_GRIDS[0][:2]))
    return {
        "grids": rows,
        "misfits": {method: _misfits(exchange, method) for method in _METHODS},
        "binary mask": {str(part): _lost(exchange, part) for part in (0.0, 0.5, 1.0)},
    }


def text(results: dict[str, Any]) -> str:
    """The results as tables."""
    rows = results["grids"]
    beside = "yac_weights_s" in rows[0]
    pair = ["atmosphere", "ocean"]
    weights = [*pair, "memory [MiB]", "weights [s]", *(["YAC weights [s]"] if beside else [])]
    fields = [*pair, "direction", *_TASKS.values(), *(["YAC"] if beside else [])]
    costs = [
        [
            row["atmosphere"],
            row["ocean"],
            f"{row['memory_mib']:.0f}",
            _number(row["weights_s"]),
            *([_number(row["yac_weights_s"])] if beside else []),
        ]
        for row in rows
    ]
    times = [
        [
            row["atmosphere"],
            row["ocean"],
            direction.replace("_", " "),
            *(_number(row["fields_ms"][direction][task]) for task in _TASKS),
            *([_number(row["yac_ms"][direction])] if beside else []),
        ]
        for row in rows
        for direction in _DIRECTIONS
    ]
    misfits = [
        [method, *(f"{value:.2e}" for value in values)]
        for method, values in results["misfits"].items()
    ]
    masks = [[part, f"{lost:+.4f}"] for part, lost in results["binary mask"].items()]
    return "\n".join(
        [
            "Weights to the ocean and back, conservative; medians, quartiles in brackets; memory is"
            " the peak of the process\n",
            tables.markdown_table(weights, costs),
            f"Milliseconds that {_FIELDS} fields take by conservative weights\n",
            tables.markdown_table(fields, times),
            *(
                []
                if beside
                else ["YAC is not installed here; `pip install yac` adds its columns\n"]
            ),
            f"Mean relative misfit of fields on {rows[0]['atmosphere']} regridded to"
            f" {rows[0]['ocean']} (Valcke et al. 2022)\n",
            tables.markdown_table(["method", *FIELDS], misfits),
            "What a binary mask of the atmosphere makes of a uniform flux into the sea\n",
            tables.markdown_table(["cells that are sea: more than, or all", "gained"], masks),
        ]
    )


def _alone(task: Callable[..., dict[str, Any]], *args: Any) -> dict[str, Any]:
    """Runs a task in a fresh process, whose peak of memory is the task's."""
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(task, *args).result()


def _pair(nlat: int, shape: tuple[int, int]) -> tuple[GaussianGrid, SurfaceGrid]:
    return GaussianGrid(2 * nlat, nlat), tripolar_grid(*shape)


def _weights(grid: GaussianGrid, surface: SurfaceGrid) -> tuple[Regridder, Regridder]:
    exchange = ExchangeGrid.build(grid, surface)
    down = exchange.regridder("to_surface", "conservative")
    return down, exchange.regridder("to_atmosphere", "conservative")


def _ours(nlat: int, shape: tuple[int, int], repeats: int) -> dict[str, Any]:
    """Time of weights and of their application."""
    grid, surface = _pair(nlat, shape)
    regridders = _weights(grid, surface)
    peak = peak_bytes() / 2**20
    down, up = (_application(regridder, 5 * repeats) for regridder in regridders)
    (weights,) = _in_turn(repeats, lambda: _weights(grid, surface))
    return {
        "weights_s": weights,
        "memory_mib": peak,
        "fields_ms": dict(zip(_DIRECTIONS, (down, up), strict=True)),
    }


def _application(regridder: Regridder, repeats: int) -> dict[str, list[float]]:
    """Milliseconds of each of `_TASKS`, done in turn."""
    values = np.random.default_rng(0).normal(size=(_FIELDS, regridder.source.size))
    columns = np.ascontiguousarray(values.T)
    out = regridder.apply(values)
    seconds = _in_turn(
        repeats,
        lambda: regridder.apply(values),
        lambda: regridder.apply(values, out),
        lambda: regridder.apply(columns.T, out),
        lambda: regridder.matrix @ columns,
        lambda: out.fill(0.0),
    )
    return dict(zip(_TASKS, map(_milli, seconds), strict=True))


def _beside_yac(nlat: int, shape: tuple[int, int], repeats: int) -> dict[str, Any]:
    """The same of YAC, its weights in turn with ours."""
    from ngcm_coupler.cli.bench import yac

    grid, surface = _pair(nlat, shape)
    compute = yac.prepare(grid, surface, ExchangeGrid.build(grid, surface).counted)
    theirs, ours = _in_turn(repeats, compute, lambda: _weights(grid, surface))
    fields = {}
    for direction, weights, size in zip(
        _DIRECTIONS, compute(), (grid.size, surface.size), strict=True
    ):
        apply = weights.get_interpolation(collection_size=_FIELDS)
        values = np.random.default_rng(0).normal(size=(_FIELDS, size))
        (seconds,) = _in_turn(5 * repeats, functools.partial(apply, values))
        fields[direction] = _milli(seconds)
    return {"weights_s": ours, "yac_weights_s": theirs, "yac_ms": fields}


def _in_turn(repeats: int, *tasks: Callable[[], object]) -> list[list[float]]:
    """Quartiles of the seconds of each task, all run once in every repeat."""
    seconds = np.empty((len(tasks), repeats))
    for repeat in range(repeats):
        for index, task in enumerate(tasks):
            start = time.perf_counter()
            task()
            seconds[index, repeat] = time.perf_counter() - start
    return np.percentile(seconds, (25, 50, 75), axis=1).T.tolist()


def _misfits(exchange: ExchangeGrid, method: Any) -> list[float]:
    """Mean relative misfit of each field over the ocean's wet cells [1]."""
    regridder = exchange.regridder("to_surface", method)
    atmosphere, surface = exchange.atmosphere, exchange.surface
    misfits = []
    for field in FIELDS.values():
        got = regridder.apply(field(atmosphere.longitude, atmosphere.latitude))
        expected = field(surface.longitude, surface.latitude)
        misfits.append(float(np.mean(np.abs(got / expected - 1.0)[exchange.counted])))
    return misfits


def _lost(exchange: ExchangeGrid, part: float) -> float:
    """What a binary mask adds to a uniform flux into the sea, as part of it [1]."""
    fraction, area = exchange.sea_area_fraction, exchange.atmosphere.area
    sea = fraction >= 1.0 if part == 1.0 else fraction > part
    return float(np.sum(area[sea]) / np.sum(area * fraction) - 1.0)


def _milli(seconds: list[float]) -> list[float]:
    return [1e3 * value for value in seconds]


def _number(quartiles: list[float]) -> str:
    low, middle, high = quartiles
    return f"{middle:.3g} [{low:.3g}, {high:.3g}]"
