"""What the tests of the history share: a small planet, and a history that is easy to fill."""

from __future__ import annotations

import dataclasses
import types

import numpy as np
import pytest

from ngcm_coupler.clock import Clock
from ngcm_coupler.config.run_groups import History as Settings
from ngcm_coupler.fields import field
from ngcm_coupler.files.netcdf import open_dataset
from ngcm_coupler.grid import GaussianGrid
from ngcm_coupler.output.history import History

HOUR = 3600
GRID = GaussianGrid(16, 8)
LAND = np.where(np.arange(GRID.size) % 16 < 4, 1.0, np.where(np.arange(GRID.size) % 16 < 8, 0.4, 0))
NAMES = (
    "sea_surface_temperature",
    "sea_ice_area_fraction",
    "air_temperature",
    "surface_downwelling_longwave_flux_in_air",
    "surface_downward_sensible_heat_flux_over_ice_free_sea",
    "surface_downward_sensible_heat_flux_over_sea_ice",
    "surface_downward_sensible_heat_flux_over_land",
)
FIELDS = tuple(field(name) for name in NAMES)


@dataclasses.dataclass
class Written:
    """A history, its clock, and the values of every interval that it was given."""

    history: History
    clock: Clock
    seconds: int
    shape: tuple[int, ...]
    given: list[dict[str, np.ndarray]] = dataclasses.field(default_factory=list)

    def write(self, intervals=1, **more):
        """Gives it intervals of numbers that the date alone decides."""
        for _ in range(intervals):
            self.clock = self.clock.advanced(self.seconds)
            values = numbers(self.clock, self.shape) | more
            self.given.append(values)
            self.history.write(self.clock, self.seconds, values)
        return self


def numbers(clock, shape=()):
    """Values of every field at a moment; where the sun is, there is more ice."""
    random = np.random.default_rng(clock.elapsed_seconds)
    values = {
        name: random.standard_normal((*shape, GRID.size)).astype(np.float32) for name in NAMES
    }
    values["sea_ice_area_fraction"] = np.abs(values["sea_ice_area_fraction"]).clip(0, 1)
    values["sea_ice_area_fraction"][..., ::5] = 0.0
    return values


@pytest.fixture
def planet():
    """Grid and land of the histories."""
    return types.SimpleNamespace(grid=GRID, land=LAND)


@pytest.fixture
def make(tmp_path):
    """Opens histories, which are closed at the end of the test."""
    opened = []

    def open_history(name="h.nc", start=None, seconds=HOUR, settings=None, **options):
        start = start or Clock("2000-01-01")
        options.setdefault("fields", FIELDS)
        fields = options.pop("fields")
        origin = {row.name: "a test" for row in fields}
        history = History(
            str(tmp_path / name), GRID, LAND, fields, start, {"source": "a model"}, origin,
            interval_seconds=seconds, settings=Settings(**(settings or {})), **options,
        )  # fmt: skip
        opened.append(history)
        members = options.get("members")
        return Written(history, start, seconds, () if members is None else (len(members),))

    yield open_history
    for history in opened:
        history.close()


@pytest.fixture
def read(tmp_path):
    """Reads a file: its variables by name, with what is missing as NaN, and their attributes."""

    def read_file(name="h.nc"):
        with open_dataset(tmp_path / name) as file:
            values = {
                key: np.ma.filled(each[...].astype(np.float64), np.nan)
                for key, each in file.variables.items()
            }
            attributes = {
                key: {each: variable.getncattr(each) for each in variable.ncattrs()}
                for key, variable in file.variables.items()
            }
            return values, attributes

    return read_file
