"""``ngcm-coupler bench``: what the plugin costs, measured on this machine."""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import pathlib
import platform
import subprocess
import sys
import tempfile
from typing import Any

import numpy as np

from ngcm_coupler.cli import buildconfig, tables
from ngcm_coupler.errors import NgcmError

_GRIDS = ((64, 0.3), (256, 6.0))
"""Rows of the grids measured, and the milliseconds an exchange may take on a quiet core."""

_NAMELIST = """
&ngcm_model engine = 'analytic', analytic_latitudes = {nlat}, analytic_step_seconds = 3600 /
&ngcm_coupling interval_seconds = 3600 /
&ngcm_log level = 'error' /
"""

_CALLS = 10_000


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Adds the command to ``ngcm-coupler``."""
    parser = subparsers.add_parser(
        "bench",
        help="measure what the plugin costs on this machine",
        description=(
            "bridge: microseconds of a call from a C host, of an exchange of 8 puts, an advance by "
            "no time and 15 gets, and memory over 10,000 calls. step: an hour of the demo model "
            "alone and with its surface exchange, in turn, or with either dynamical core. "
            "radiation: both schemes on the demo model, means beside observed ones, and cost. "
            "regrid: weights between three pairs of grids and their application, beside YAC where "
            "it is installed."
        ),
    )
    parser.add_argument(
        "subject", choices=["bridge", "step", "radiation", "regrid"], help="what to measure"
    )
    parser.add_argument(
        "--against-upstream",
        nargs="?",
        const="demo",
        metavar="MODEL",
        help="step: compare the dynamical cores on 'demo' (the default), on the file of a "
        "checkpoint, or on '2.8-degrees', a model of full size with random weights",
    )
    parser.add_argument("--days", type=int, default=5, help="days of the radiation run (5)")
    parser.add_argument("--repeats", type=int, default=500, help="repeats of each call (500)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    if args.subject == "radiation":
        from ngcm_coupler.cli import bench_radiation

        print(bench_radiation.measure(args.days))
        return 0
    if args.subject == "step":
        from ngcm_coupler.cli import bench_dycore, bench_step

        if args.against_upstream is not None:
            result = bench_dycore.measure(args.against_upstream, min(args.repeats, 30))
            print(json.dumps(result, indent=2) if args.json else bench_dycore.text(result))
            return 0
        rows = bench_step.measure(min(args.repeats, 30))
        print(json.dumps(rows, indent=2) if args.json else bench_step.text(rows))
        return 0
    if args.subject == "regrid":
        from ngcm_coupler.cli import bench_regrid

        costs = bench_regrid.measure(args.repeats)
        print(json.dumps(costs, indent=2) if args.json else bench_regrid.text(costs))
        return 0
    results = {"machine": _machine(), "bridge": [_measure(*grid, args.repeats) for grid in _GRIDS]}
    if args.json:
        print(json.dumps(results, indent=2))
    else:
        _print(results)
    return 0


def _measure(nlat: int, limit_ms: float, repeats: int) -> dict[str, Any]:
    """Runs the C host and the allocation check on one grid."""
    with tempfile.TemporaryDirectory() as folder:
        namelist = pathlib.Path(folder) / "bench.nml"
        namelist.write_text(_NAMELIST.format(nlat=nlat))
        host = buildconfig.prefix() / "bin" / "ngcm_bench"
        done = subprocess.run(
            [host, namelist, str(repeats)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise NgcmError(f"{host} failed with exit code {done.returncode}: {done.stderr}")
        blocks = _allocated_blocks(str(namelist))
    return json.loads(done.stdout) | {"limit_ms": limit_ms, "python_blocks_growth": blocks}


def _allocated_blocks(namelist: str) -> int:
    """Growth of Python's allocated blocks over many puts and gets through the library."""
    library = ctypes.CDLL(str(buildconfig.prefix() / "lib" / "libngcm.so"))
    handle, nlon, nlat = ctypes.c_int(), ctypes.c_int(), ctypes.c_int()

    def check(status: int) -> None:
        if status:
            message = ctypes.create_string_buffer(4096)
            library.ngcm_last_error(message, len(message))
            raise NgcmError(f"bench: status {status}: {message.value.decode()}")

    no_mpi = -(2**31)  # NGCM_NO_MPI of ngcm.h
    check(library.ngcm_create(namelist.encode(), no_mpi, ctypes.byref(handle)))
    check(library.ngcm_grid_size(handle, ctypes.byref(nlon), ctypes.byref(nlat)))
    values = np.empty(nlon.value * nlat.value)
    pointer = values.ctypes.data_as(ctypes.POINTER(ctypes.c_double))

    def call(times: int) -> None:
        for _ in range(times):
            check(library.ngcm_get_f64(handle, 1, pointer, values.size))
            check(library.ngcm_put_f64(handle, 1, pointer, values.size))

    call(100)
    before = sys.getallocatedblocks()
    call(_CALLS // 2)
    growth = sys.getallocatedblocks() - before
    check(library.ngcm_destroy(handle))
    return growth


def _machine() -> dict[str, Any]:
    """What the figures depend on."""
    import jax

    import ngcm_coupler

    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load_average": os.getloadavg()[0],
        "python": platform.python_version(),
        "jax": jax.__version__,
        "ngcm_coupler": ngcm_coupler.__version__,
    }


def _processor() -> str:
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":")[1].strip() for line in lines if "model name" in line), "unknown")


def _print(results: dict[str, Any]) -> None:
    machine = results["machine"]
    print(", ".join(f"{name} {value}" for name, value in machine.items()))
    print(f"Medians [microseconds], quartiles in brackets; memory over {_CALLS} calls\n")
    header = ["grid", "put", "get", "send", "exchange", "may take", "memory", "Python blocks"]
    rows = []
    for grid in results["bridge"]:
        grown = grid["resident_bytes_after"] - grid["resident_bytes_before"]
        times = [grid[f"{name}_us"] for name in ("put", "get", "advance_0", "exchange")]
        rows.append(
            [
                f"{grid['nlon']}x{grid['nlat']}",
                *(
                    "{:.1f} [{:.1f}, {:.1f}]".format(time["median"], *time["quartiles"])
                    for time in times
                ),
                f"{1000.0 * grid['limit_ms']:.0f}",
                f"{grown / 1024.0:+.0f} KiB",
                f"{grid['python_blocks_growth']:+d}",
            ]
        )
    print(tables.text_table(header, rows), end="")
