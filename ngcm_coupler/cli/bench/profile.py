"""Which part of the model takes which share of the device's time, from a trace of JAX."""

from __future__ import annotations

import collections
import gzip
import json
import pathlib
import re
from typing import Any

import jax

from ngcm_coupler.cli import tables
from ngcm_coupler.cli.bench import demo
from ngcm_coupler.config import parse
from ngcm_coupler.device.compilation import bypassed
from ngcm_coupler.device.members import Members

_HOURS = 3

_PARTS = (
    ("explicit terms", "dynamical core: explicit terms"),
    ("custom_coords_corrector", "dynamical core: implicit terms, filters, layout"),
    ("radiation", "radiation"),
    ("surface exchange", "rest of the surface exchange"),
    ("epd_tower", "learned physics: networks"),
    ("parameterization", "learned physics: features and tendencies"),
    ("advance/", "rest of the model's step"),
)
"""What occurs in the name of an operation -> the part that it belongs to; the first one counts."""

_OTHER = "unnamed (copies, transposes)"


def shares(folder: str) -> dict[str, Any]:
    """Traces three hours of the demo model with radiation 'grey'.

    Args:
      folder: where the trace goes.

    Returns:
      "trace": the file; "seconds": part -> time of all threads or streams for an hour [s].
    """
    more = "&ngcm_device keep_compiled = 'nothing' /"
    resident = Members(parse(demo.namelist(more=more)))
    _, imports = resident.begin(None)
    resident.send(imports)
    with bypassed():  # what is kept may have the names of an older version
        resident.advance()
    resident.wait()
    with jax.profiler.trace(folder):
        for _ in range(_HOURS):
            resident.advance()
            resident.wait()
    traces = pathlib.Path(folder).rglob("*.trace.json.gz")
    trace = max(traces, key=lambda path: path.stat().st_mtime)
    names = _operations(resident.compiled_text())
    seconds: dict[str, float] = collections.defaultdict(float)
    for operation, spent in _own_seconds(trace).items():
        seconds[_part(names.get(operation, ""))] += spent / _HOURS
    return {"trace": str(trace), "seconds": dict(seconds)}


def text(found: dict[str, Any]) -> str:
    """The shares as a table."""
    total = sum(found["seconds"].values())
    rows = [
        [part, f"{1e3 * spent:.0f}", f"{100.0 * spent / total:.1f}"]
        for part, spent in sorted(found["seconds"].items(), key=lambda item: -item[1])
    ]
    header = ["part of an hour", "time of all threads [ms]", "share [%]"]
    return f"{tables.markdown_table(header, rows)}\ntrace: {found['trace']}\n"


def _part(name: str) -> str:
    return next((part for occurs, part in _PARTS if occurs in name), _OTHER)


def _operations(compiled: str) -> dict[str, str]:
    """Operation of the compiled program -> where in the model it comes from."""
    pattern = r'^\s*(?:ROOT )?%?([\w.\-]+) = .*?op_name="([^"]*)"'
    return dict(re.findall(pattern, compiled, re.M))


def _own_seconds(trace: pathlib.Path) -> dict[str, float]:
    """Seconds of every operation, without those inside it, as of the body of a loop."""
    with gzip.open(trace, "rt") as file:
        events = json.load(file)["traceEvents"]
    lanes: dict[tuple[int, int], list[dict[str, Any]]] = collections.defaultdict(list)
    for event in events:
        if event.get("ph") == "X" and "hlo_op" in event.get("args", {}):
            lanes[event["pid"], event["tid"]].append(event)
    seconds: dict[str, float] = collections.defaultdict(float)
    for lane in lanes.values():
        around: list[dict[str, Any]] = []
        for event in sorted(lane, key=lambda each: (each["ts"], -each["dur"])):
            while around and around[-1]["ts"] + around[-1]["dur"] <= event["ts"]:
                around.pop()
            spent = 1e-6 * event["dur"]
            seconds[event["args"]["hlo_op"]] += spent
            if around:
                seconds[around[-1]["args"]["hlo_op"]] -= spent
            around.append(event)
    return seconds
