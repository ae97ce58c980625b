"""Recordings, whose fields have checksums."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fuzz.mutators import netcdf
from fuzz.subject import Implausible, Subject, digest
from ngcm_coupler.fields import field
from ngcm_coupler.grid import GaussianGrid
from ngcm_coupler.output.recording import Interval, Recorder, Recording

IMPORTS = ("sea_surface_temperature", "sea_ice_area_fraction")
EXPORTS = ("rainfall_flux", "snowfall_flux", "eastward_wind")
INTERVALS = 3
"""The last of them has failed."""


def make(folder: Path) -> list[Path]:
    grid = GaussianGrid(16, 8)
    recorder = Recorder(
        str(folder / "recording.nc"),
        grid,
        [field(name) for name in IMPORTS],
        [field(name) for name in EXPORTS],
        {"namelist": "&ngcm_model engine = 'analytic' /\n", "jax": "0.0.0"},
        bytes(range(256)),
    )
    for record in range(INTERVALS):
        recorder.begin(f"2000-01-01T0{record}:00:00", _rows(IMPORTS, record, grid.size))
        if record < INTERVALS - 1:
            recorder.complete(_rows(EXPORTS, record, grid.size))
    recorder.fail("the atmosphere has failed: é")
    recorder.close()
    return [folder / "recording.nc"]


def use(file: Path) -> str:
    """Fields must be those that were recorded; the header has no checksum."""
    recording = Recording(str(file))
    try:
        parts: list[object] = [recording.header, recording.restart, recording.dates]
        for record in range(len(recording.dates)):
            interval = recording.interval(record)
            _require_recorded(recording, interval, record)
            parts += [interval.date, interval.imports, interval.exports, interval.failure]
        return digest(parts)
    finally:
        recording.close()


def _require_recorded(recording: Recording, interval: Interval, record: int) -> None:
    for names, rows in (
        (recording.imports, interval.imports),
        (recording.exports, interval.exports),
    ):
        if rows is not None and not np.array_equal(rows, _rows(names, record, rows.shape[1])):
            raise Implausible("fields that were not recorded")


def _rows(names: tuple[str, ...] | list[str], record: int, size: int) -> np.ndarray:
    """Values that only this field has in this interval."""
    seeds = ([record, *name.encode()] for name in names)
    return np.stack([np.random.default_rng(seed).random(size, np.float32) for seed in seeds])


SUBJECT = Subject("recordings", make, netcdf.spoilt, use)
