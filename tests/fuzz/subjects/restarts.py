"""Restart files, whose contents have a checksum."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from fuzz.mutators import netcdf
from fuzz.subject import Subject, digest
from ngcm_coupler.output.restart.files import read_restart, write_restart

_HEADER = {"identity": {"atmosphere": "x", "imports": ["a", "b"]}, "elapsed_seconds": 3600}


def make(folder: Path) -> list[Path]:
    """A small file and one with what a run has in it, by its types and names."""
    random = np.random.default_rng(1)
    small = {"state.a": np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4)}
    write_restart(str(folder / "small.nc"), _HEADER, small)
    arrays = {
        "state.temperature": random.random((1, 3, 8, 16), np.float32),
        "state.key": np.array([[1, 2**32 - 1]], np.uint32),
        "state.steps": np.array([7], np.int32),
        "exports": random.random((1, 4, 128), np.float32),
        "imports": random.random((1, 2, 128), np.float32),
        "host.ocean heat": random.random(128),
        "history.a.sums": random.random((2, 128)),
    }
    header = _HEADER | {"start": "2000-01-01T00:00:00", "budgets": [{"water": [0.1, 1e-9]}]}
    write_restart(str(folder / "whole.nc"), header, arrays)
    return sorted(folder.glob("*.nc"))


def use(file: Path) -> str:
    header, arrays = read_restart(str(file))
    named = (part for name in sorted(arrays) for part in (name, arrays[name]))
    return digest([json.dumps(header, sort_keys=True), *named])


SUBJECT = Subject("restarts", make, netcdf.spoilt, use, exact=True)
