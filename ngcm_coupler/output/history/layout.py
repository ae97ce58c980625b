"""How a history file is laid out: its dimensions, coordinates and attributes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from ngcm_coupler.clock import Clock
from ngcm_coupler.files.foreign import HISTORY_TITLE
from ngcm_coupler.grid import Grid
from ngcm_coupler.output.comparison import differing
from ngcm_coupler.output.history.variables import Record, Variable

SAMPLED = "sampled_every_seconds"
"""Global attribute of a history of instants: time between two records."""

LEFT_OUT = "fields_left_out"
"""Global attribute: the exchanged fields that the namelist has not chosen, separated by blanks."""

SETTINGS = "settings"
"""Global attribute: the keys on which results depend, by which runs that share a name are known."""

_MAY_DIFFER = ("ngcm_coupler_version", LEFT_OUT, SETTINGS)
"""Global attributes that may be others where a file is continued."""

MISSING = np.float32(1.0e20)
"""Value of a cell that has none."""

_PASCAL = 100.0  # in a hPa


@dataclasses.dataclass(frozen=True, eq=False)
class Layout:
    """What all files of a history have in common.

    Attributes:
      grid: grid of the fields.
      land_area_fraction: [1], shape (grid.size,).
      variables: what a record holds.
      pressures_hpa: levels of the variables on levels [hPa].
      members: numbers of the members of an ensemble; None for a single run, without a dimension.
      start: a clock of the run; times count from its start.
      record: what a record is.
      interval_seconds: the coupling interval [s].
      compression_level: 0 for none.
      attributes: global attributes, such as the model.
    """

    grid: Grid
    land_area_fraction: np.ndarray
    variables: tuple[Variable, ...]
    pressures_hpa: tuple[float, ...]
    members: tuple[int, ...] | None
    start: Clock
    record: Record
    interval_seconds: int
    compression_level: int
    attributes: Mapping[str, str]

    def define(self, file: Any) -> None:
        """Gives an empty file its dimensions, coordinates and variables."""
        file.setncatts({"Conventions": "CF-1.11", "title": HISTORY_TITLE, **self.attributes})
        sizes = {"time": None, "lat": self.grid.nlat, "lon": self.grid.nlon, "bnds": 2}
        if self.members is not None:
            sizes["realization"] = len(self.members)
        if self.pressures_hpa:
            sizes["plev"] = len(self.pressures_hpa)
        for name, size in sizes.items():
            file.createDimension(name, size)
        for name, (dtype, dims, values, attributes) in self._coordinates().items():
            created = file.createVariable(name, dtype, dims)
            created.setncatts(attributes)
            if values is not None:
                created[:] = values
        for each in self.variables:
            dims = self.dimensions(each)
            chunks = [1] * (len(dims) - 2) + [self.grid.nlat, self.grid.nlon]
            packed = self.compression_level > 0
            created = file.createVariable(
                each.name, "f4", dims, fill_value=MISSING, chunksizes=chunks, zlib=packed,
                complevel=self.compression_level, shuffle=packed,
            )  # fmt: skip
            created.setncatts(each.attributes(self.record, self.interval_seconds))

    def dimensions(self, variable: Variable) -> tuple[str, ...]:
        """The dimensions of a variable in a file."""
        member = () if self.members is None else ("realization",)
        level = ("plev",) if variable.on_levels else ()
        return ("time", *member, *level, "lat", "lon")

    def record_size(self) -> tuple[int, int]:
        """Bytes of the data of a record, and in how many chunks they are written."""
        members = 1 if self.members is None else len(self.members)
        levels = len(self.pressures_hpa)
        chunks = members * sum(levels if each.on_levels else 1 for each in self.variables)
        return MISSING.nbytes * self.grid.size * chunks, chunks

    def difference(self, file: Any) -> str | None:
        """What shows that an open file is none of this history, in words, or None."""
        attributes = {name: str(file.getncattr(name)) for name in file.ncattrs()}
        if attributes.get("title") != HISTORY_TITLE:
            return "it is no history of ngcm_coupler"
        for name, own in self.attributes.items():
            if name not in _MAY_DIFFER and attributes.get(name) != own:
                return f"its {name} is {attributes.get(name)}, this run's is {own}"
        # Older files do not say which settings they are of.
        there, here = (_parsed(each.get(SETTINGS, "")) for each in (attributes, self.attributes))
        for name in differing(there, here):
            return f"its {name} is {there[name]}, this run's is {here[name]}"
        names = {each.name: each for each in self.variables}
        coordinates = self._coordinates()
        if odd := sorted({*file.variables} ^ {*names, *coordinates}):
            return f"only one of them has {', '.join(odd)}"
        for name, (_, _, values, expected) in coordinates.items():
            known = {key: file[name].getncattr(key) for key in file[name].ncattrs()}
            if known != expected:
                return f"its {name} has {known}, this run's has {expected}"
            if values is not None and not np.array_equal(file[name][...], values):
                return f"its {name} has other values than this run's"
        for name, variable in names.items():
            if file[name].dimensions != (dims := self.dimensions(variable)):
                return (
                    f"its {name} has the dimensions {file[name].dimensions}, this run's has {dims}"
                )
            expected = variable.attributes(self.record, self.interval_seconds)
            for key in ("units", "cell_methods"):
                if (known := file[name].getncattr(key)) != expected[key]:
                    return (
                        f"the {key} of its {name} are {known!r}, this run's are {expected[key]!r}"
                    )
        return None

    def _coordinates(self) -> dict[str, tuple[str, tuple[str, ...], Any, dict[str, str]]]:
        """Name -> type, dimensions, values if they are those of the grid, and attributes."""
        grid, shape = self.grid, (self.grid.nlat, self.grid.nlon)
        edges = grid.latitude_bounds
        half = 180.0 / grid.nlon * np.array([-1.0, 1.0])
        time = {
            "standard_name": "time", "units": self.start.time_units,
            "calendar": self.start.calendar, "axis": "T", "bounds": "time_bounds",
        }  # fmt: skip
        found: dict[str, tuple[str, tuple[str, ...], Any, dict[str, str]]] = {
            "time": ("i8", ("time",), None, time),
            "time_bounds": ("i8", ("time", "bnds"), None, {}),
            "lat": ("f8", ("lat",), grid.latitudes, {
                "standard_name": "latitude", "units": "degrees_north", "axis": "Y",
                "bounds": "lat_bounds",
            }),
            "lat_bounds": ("f8", ("lat", "bnds"), np.stack([edges[:-1], edges[1:]], -1), {}),
            "lon": ("f8", ("lon",), grid.longitudes, {
                "standard_name": "longitude", "units": "degrees_east", "axis": "X",
                "bounds": "lon_bounds",
            }),
            "lon_bounds": ("f8", ("lon", "bnds"), grid.longitudes[:, np.newaxis] + half, {}),
            "cell_area": ("f8", ("lat", "lon"), grid.area.reshape(shape), {
                "standard_name": "cell_area", "units": "m2",
            }),
            "land_area_fraction": (
                "f8", ("lat", "lon"), self.land_area_fraction.reshape(shape),
                {"standard_name": "land_area_fraction", "units": "1"},
            ),
        }  # fmt: skip
        if self.members is not None:
            names = {"standard_name": "realization", "long_name": "number of the member"}
            members = np.array(self.members, np.int32)
            found["realization"] = ("i4", ("realization",), members, {**names, "units": "1"})
        if self.pressures_hpa:
            found["plev"] = ("f8", ("plev",), _PASCAL * np.array(self.pressures_hpa), {
                "standard_name": "air_pressure", "long_name": "pressure", "units": "Pa",
                "positive": "down", "axis": "Z",
            })  # fmt: skip
        return found


def settings_text(settings: Mapping[str, str]) -> str:
    """Keys and values as a file has them, one on a line."""
    return "\n".join(f"{name} = {value}" for name, value in settings.items())


def _parsed(text: str) -> dict[str, str]:
    lines = (line.partition(" = ") for line in text.splitlines())
    return {name: value for name, _, value in lines}
