"""``ngcm-coupler bench bridge``: what a call from a host costs."""

from __future__ import annotations

import ctypes
import json
import pathlib
import subprocess
import sys
import tempfile
from typing import Any

import numpy as np

from ngcm_coupler.cli import buildconfig, tables
from ngcm_coupler.cli.bench.options import Options
from ngcm_coupler.cli.bench.timing import spread
from ngcm_coupler.errors import NgcmError

_GRIDS = {64: 0.3, 256: 6.0}
"""Rows of the grids measured, and the milliseconds an exchange may take on a quiet core."""

_NAMELIST = """
&ngcm_model engine = 'analytic', analytic_latitudes = {nlat}, analytic_step_seconds = 3600 /
&ngcm_coupling interval_seconds = 3600 /
&ngcm_log level = 'error' /
"""

_REPEATS = 500
_CALLS = 10_000
_TIMES = ("put", "get", "advance_0", "exchange")


def measure(options: Options) -> list[dict[str, Any]]:
    """Quartiles of the microseconds of each call on two grids, and what memory grows by."""
    return [grid(nlat, options.repeats or _REPEATS) for nlat in _GRIDS]


def grid(nlat: int, repeats: int) -> dict[str, Any]:
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
    found = json.loads(done.stdout)
    for name in _TIMES:
        time = found[f"{name}_us"]
        low, high = time["quartiles"]
        found[f"{name}_us"] = [low, time["median"], high]
    return found | {"limit_ms": _GRIDS[nlat], "python_blocks_growth": blocks}


def text(results: list[dict[str, Any]]) -> str:
    """The results as a table."""
    header = ["grid", "put [µs]", "get [µs]", "send [µs]", "exchange [µs]", "may take [µs]"]
    rows = []
    for found in results:
        grown = found["resident_bytes_after"] - found["resident_bytes_before"]
        rows.append(
            [
                f"{found['nlon']}x{found['nlat']}",
                *(spread(found[f"{name}_us"], ".1f") for name in _TIMES),
                f"{1000.0 * found['limit_ms']:.0f}",
                f"{grown / 1024.0:+.0f} KiB",
                f"{found['python_blocks_growth']:+d}",
            ]
        )
    return tables.markdown_table([*header, "memory", "Python blocks"], rows)


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
