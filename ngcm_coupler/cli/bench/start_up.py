"""``ngcm-coupler bench start-up``: how long a run takes until its first interval is over."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
from typing import Any

from ngcm_coupler.cli import tables
from ngcm_coupler.cli.bench import demo
from ngcm_coupler.cli.bench.options import Options
from ngcm_coupler.cli.bench.timing import quartiles, spread
from ngcm_coupler.errors import NgcmError
from ngcm_coupler.output.log.timing import Phase

_WAYS = {
    "nothing kept": ("executables", False),
    "JAX's cache": ("jax_cache", True),
    "executables": ("executables", True),
}
"""Name -> keep_compiled of &ngcm_device, and whether an earlier run has left something."""

_REPEATS = 3
_MORE = """
&ngcm_device keep_compiled = '{kept}' /
&ngcm_log format = 'json' /
&ngcm_driver run_hours = 1 /
"""


def measure(options: Options) -> list[dict[str, Any]]:
    """Starts the demo for an hour in each of the ways, in turn.

    Returns:
      For each way its name, quartiles of the seconds from the start of the command to the end of
      the first interval, and of those that start-up takes, and compiling or loading the interval.
    """
    seconds: dict[str, list[dict[str, float]]] = {name: [] for name in _WAYS}
    with tempfile.TemporaryDirectory() as folder:
        left = pathlib.Path(folder) / "left"
        for kept in dict.fromkeys(kept for kept, _ in _WAYS.values()):
            _start(kept, left / kept)
        for repeat in range(options.repeats or _REPEATS):
            for name, (kept, again) in _WAYS.items():
                cache = left / kept if again else pathlib.Path(folder) / f"fresh{repeat}"
                seconds[name].append(_start(kept, cache))
    return [
        {"name": name, **{key: quartiles([each[key] for each in found]) for key in found[0]}}
        for name, found in seconds.items()
    ]


def text(results: list[dict[str, Any]]) -> str:
    """The results as a table."""
    rows = [
        [row["name"], *(spread(values, ".1f") for key, values in row.items() if key != "name")]
        for row in results
    ]
    header = ["what earlier runs have left", "first interval over after [s]"]
    return tables.markdown_table([*header, "start-up [s]", "compiling or loading it [s]"], rows)


def _start(kept: str, cache: pathlib.Path) -> dict[str, float]:
    """Seconds of one run, in a cache folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        namelist = pathlib.Path(folder) / "start.nml"
        namelist.write_text(demo.namelist(more=_MORE.format(kept=kept)))
        main = "from ngcm_coupler.cli import main; raise SystemExit(main())"
        command = [sys.executable, "-c", main, "run", str(namelist)]
        environment = os.environ | {"XDG_CACHE_HOME": str(cache)}
        environment.pop("JAX_COMPILATION_CACHE_DIR", None)
        begun, over, lines, timing = time.perf_counter(), 0.0, [], {}
        with subprocess.Popen(
            [*command, "--output", folder],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            env=environment,
        ) as run:
            for line in run.stderr or ():
                lines.append(line)
                event = json.loads(line) if line.startswith("{") else {}
                if event.get("event") == "interval":
                    over = time.perf_counter() - begun
                if event.get("event") == "timing":
                    timing = event
    if run.returncode or not over:
        raise NgcmError(f"bench: a run of the demo failed: {''.join(lines[-10:])}")
    return {
        "first_interval_s": over,
        "start_up_s": timing[Phase.START_UP.key],
        "compile_s": timing[Phase.COMPILE.key],
    }
