"""``ngcm-coupler bench interval``: what everything around the step of the demo model costs."""

from __future__ import annotations

import contextlib
import dataclasses
import pathlib
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np

from ngcm_coupler.cli import tables
from ngcm_coupler.cli.bench import bridge, demo, profile
from ngcm_coupler.cli.bench.options import Options
from ngcm_coupler.cli.bench.timing import in_turn, quartiles, spread
from ngcm_coupler.clock import Clock
from ngcm_coupler.component import Component
from ngcm_coupler.config import Config, parse
from ngcm_coupler.config.model_groups import DEMO
from ngcm_coupler.engine.atmosphere import InitialCondition, initial_condition
from ngcm_coupler.engine.neuralgcm.checkpoint import read_checkpoint
from ngcm_coupler.engine.neuralgcm.model import NeuralGCM
from ngcm_coupler.interval import Interval

_ALONE = "the model alone"
_GREY = "and radiation 'grey'"
_PROGRAMS = {
    "with turbulent fluxes of three tiles, water, dry mass": ("host", "none"),
    _GREY: ("grey", "none"),
    "and a cool skin over a warm layer": ("grey", "cool_and_warm"),
}
"""Name -> radiation and skin of the compiled interval."""

_DECODED = "and in an hour in which its decoder is used"
_HOURS_A_DECODER = 12
"""Of which one has it: see `interval.lowest_air`."""

_HOST, _HISTORY = "with 'grey', as a host has it", "and a history of every hour"
_QUIET = "&ngcm_log level = 'error' /\n"
_REPEATS = 30


def measure(options: Options) -> dict[str, Any]:
    """Times the compiled interval, then all that a host does in an interval, in turn.

    A host's interval is puts of all imports, the advance, and gets of all exports, with checks,
    budgets and log, through Python; what the bridge from Fortran adds is measured by itself.

    Returns:
      "rows": for each its name, quartiles of an interval [ms] and of the ratio to the model alone
      just before it [1]; "overhead" and "processor_overhead": quartiles of the part of a host's
      interval, by the clock and in processor time, that is not the model's step, with its share of
      the decoder [1]; "bridge": part of a host's interval that an exchange takes through it [1];
      "profile": what `profile.shares` gives, where that is asked for.
    """
    engine = NeuralGCM(read_checkpoint(DEMO), DEMO)
    initial = initial_condition(engine, None, jax.random.key(0))
    bare = jax.jit(
        lambda state: dataclasses.replace(
            engine.step(engine.parameters, state, initial.surface), diagnostics={}
        )
    )
    runs: dict[str, Callable[[], object]] = {_ALONE: lambda: bare(initial.state)}
    for name, (radiation, skin) in _PROGRAMS.items():
        config = parse(demo.namelist(radiation, skin))
        decoding, runs[name] = _program(engine, initial, config)
        if name == _GREY:
            runs[_DECODED] = decoding
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as open_components:
        history = f"&ngcm_history file = '{folder}/history.nc' /\n"
        for name, more in ((_HOST, ""), (_HISTORY, history)):
            text_ = demo.namelist(more=_QUIET + more)
            runs[name] = open_components.enter_context(_host(pathlib.Path(folder), text_))
        seconds = in_turn(runs, options.repeats or _REPEATS)
    host = seconds[_HOST].wall
    exchange = bridge.grid(engine.grid.nlat, 500)["exchange_us"]
    found: dict[str, Any] = {
        "rows": [
            {
                "name": name,
                "milliseconds": quartiles(1e3 * seconds[name].wall),
                "ratio": quartiles(seconds[name].wall / seconds[_ALONE].wall),
            }
            for name in runs
        ],
        "overhead": quartiles(_overhead({name: each.wall for name, each in seconds.items()})),
        "processor_overhead": quartiles(
            _overhead({name: each.processor for name, each in seconds.items()})
        ),
        "bridge": 1e-6 * exchange[1] / float(np.median(host)),
    }
    if options.profile:
        found["profile"] = profile.shares(options.profile)
    return found


def text(results: dict[str, Any]) -> str:
    """The results as a table and two lines."""
    cells = [
        [row["name"], spread(row["milliseconds"], ".0f"), spread(row["ratio"], ".3f")]
        for row in results["rows"]
    ]
    wall, processor = (
        spread([100.0 * value for value in results[name]], ".1f")
        for name in ("overhead", "processor_overhead")
    )
    lines = [
        tables.markdown_table(["an hour of the demo model", "interval [ms]", "ratio [1]"], cells),
        f"not the model's step: {wall} % of a host's interval, {processor} % of its processor time;"
        f" an exchange through the bridge: {100.0 * results['bridge']:.3f} %\n",
    ]
    if "profile" in results:
        lines.append(profile.text(results["profile"]))
    return "\n".join(lines)


def _overhead(seconds: dict[str, np.ndarray]) -> np.ndarray:
    """What is not the model's step of a mean interval of a host, of each repeat [1]."""
    decoder = float(np.median(seconds[_DECODED] - seconds[_GREY]))
    return 1.0 - seconds[_ALONE] / (seconds[_HOST] + decoder / _HOURS_A_DECODER)


def _program(
    engine: NeuralGCM, initial: InitialCondition, config: Config
) -> tuple[Callable[[], object], Callable[[], object]]:
    """The compiled interval: the first one, which uses the decoder, and the second."""
    interval = Interval(engine, config)
    imports = interval.initial_imports(engine.parameters, initial.state, initial.surface)
    begin = interval.begin(engine.parameters, initial.state, Clock(initial.time).day, 0)
    advance = jax.jit(interval.advance)
    state, _ = advance(engine.parameters, begin, imports)
    return (
        lambda: advance(engine.parameters, begin, imports),
        lambda: advance(engine.parameters, state, imports),
    )


@contextlib.contextmanager
def _host(folder: pathlib.Path, text_: str) -> Iterator[Callable[[], None]]:
    """An interval of a host that puts back what it has got at the start."""
    namelist = folder / f"{len(list(folder.iterdir()))}.nml"
    namelist.write_text(text_)
    component = Component.create(str(namelist))
    try:
        size = component.grid.size
        surface, received = {}, np.empty(size)
        for number, field in enumerate(component.fields, 1):
            if field.direction == "import":
                component.get(number, surface.setdefault(number, np.empty(size)))

        def run() -> None:
            for number, values in surface.items():
                component.put(number, values)
            component.advance(component.interval_seconds)
            component.wait()
            for number, field in enumerate(component.fields, 1):
                if field.direction == "export":
                    component.get(number, received)

        yield run
    finally:
        component.close()
