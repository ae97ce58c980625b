"""A file of a state: which variable is which, and what its dimensions are."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ngcm_coupler.clock.file_times import FileTimes
from ngcm_coupler.engine.neuralgcm.initial_state.axes import Axis
from ngcm_coupler.engine.neuralgcm.initial_state.quantities import OTHER_QUANTITIES, Quantity
from ngcm_coupler.errors import DataError, shown

_NAMES = {
    "longitude": ("longitude", "lon"),
    "latitude": ("latitude", "lat"),
    "level": ("level", "pressure_level", "isobaricinhpa", "isobaricinpa", "plev", "lev"),
    "time": ("valid_time", "time"),
}
"""Kind of axis -> names of it, those that decide first."""

_STANDARD_NAMES = {
    "longitude": "longitude",
    "latitude": "latitude",
    "air_pressure": "level",
    "time": "time",
}

_UNITS = {
    "degrees_east": "longitude",
    "degree_east": "longitude",
    "degrees_north": "latitude",
    "degree_north": "latitude",
    "hpa": "level",
    "millibars": "level",
    "millibar": "level",
    "pa": "level",
}


_NUMBERS = {"scale_factor", "add_offset", "valid_min", "valid_max"}
"""Attributes that netCDF4 computes with."""

_LONGEST = 2**21
"""Every hour of two centuries; a damaged file may ask for all memory there is."""


@dataclasses.dataclass(frozen=True)
class StateFile:
    """An open file.

    Attributes:
      dataset: netCDF4's.
    """

    dataset: Any

    def text(self, name: str, attribute: str) -> str:
        """An attribute of a variable; '' where there is none or it is no text."""
        variable = self.dataset.variables[name]
        value = variable.getncattr(attribute) if attribute in variable.ncattrs() else ""
        return value if isinstance(value, str) else ""

    def variable(self, wanted: Quantity) -> str:
        """The name in the file of what is wanted; '' where it is not there.

        Raises:
          DataError: several may be meant, or one has its name and says that it is another.
        """
        names = list(self.dataset.variables)
        found = [name for name in wanted.names if name in names][:1]
        if not found:
            found = [n for n in names if self.text(n, "standard_name") in wanted.standard_names]
        if len(found) > 1:
            raise DataError(
                f"has {shown(', '.join(found))}, which may each be {wanted.name}; give the one"
                " that is meant this name"
            )
        for name in found:
            self._require_said_alike(name, wanted)
        return found[0] if found else ""

    def axis(self, kind: str, dimensions: Iterable[str]) -> str:
        """The variable that is an axis of that kind along one of the dimensions, or a number.

        Args:
          kind: of `_NAMES`.
          dimensions: those of the fields.

        Returns:
          Its name; '' where there is none.
        """
        found: list[tuple[bool, int, str]] = []
        order = [name.lower() for name in _NAMES[kind]]
        for name in self.dataset.variables:
            along = self.along(name)
            if self._kind_of(name) == kind and (not along or along in [(d,) for d in dimensions]):
                place = order.index(name.lower()) if name.lower() in order else len(order)
                # A number beside an axis is of something else, as the begin of a forecast.
                found.append((not along, place, name))
        return min(found, default=(False, 0, ""))[2]

    def along(self, name: str) -> tuple[str, ...]:
        """The dimensions of a variable that are longer than one."""
        variable = self.dataset.variables[name]
        sizes = zip(variable.dimensions, variable.shape, strict=True)
        return tuple(dimension for dimension, size in sizes if size != 1)

    def times(self, name: str) -> FileTimes:
        """The dates of the file.

        Raises:
          DataError: they are no dates.
        """
        self._require_numbers(name)
        try:
            return FileTimes.decoded(
                self.dataset.variables[name][...],
                self.text(name, "units"),
                self.text(name, "calendar"),
            )
        except ValueError as error:
            raise DataError(
                f"its times, variable {shown(name)!r}, {shown(error)}; write them as CF says"
            ) from error

    def axis_numbers(self, name: str) -> tuple[np.ndarray, str]:
        """The numbers of an axis, float64, NaN where missing, and their units.

        Raises:
          DataError: they are no numbers.
        """
        self._require_numbers(name)
        values = np.ma.atleast_1d(np.ma.asarray(self.dataset.variables[name][...])).reshape(-1)
        return np.ma.filled(values.astype(np.float64), np.nan), self.text(name, "units")

    def field(
        self, name: str, axes: Mapping[str, Axis], dimensions: Mapping[str, str], time: int,
        levels: Sequence[int],
    ) -> np.ndarray:  # fmt: skip
        """A field at a time.

        Args:
          name: of the variable.
          axes: kind -> axis.
          dimensions: name of a dimension -> kind of its axis.
          time: place of the date.
          levels: places of levels among those of the axis; none for a field of the surface.

        Returns:
          Float32, NaN where missing, shape ([levels,] longitudes, latitudes), in the order of the
          axes.

        Raises:
          DataError: it has no such dimensions, or holds no numbers.
        """
        self._require_numbers(name)
        variable = self.dataset.variables[name]
        kinds, index = [], []
        chosen = axes["level"].places[list(levels)] if levels else np.empty(0, int)
        low = int(chosen.min()) if levels else 0
        for dimension, size in zip(variable.dimensions, variable.shape, strict=True):
            kind = dimensions.get(dimension, "")
            if kind in ("longitude", "latitude") or (kind == "level" and levels):
                kinds.append(kind)
                whole = slice(low, int(chosen.max()) + 1) if kind == "level" else slice(None)
                index.append(whole)
            elif kind == "time" and size > 1:
                index.append(time)
            elif size == 1:
                index.append(0)
            else:
                raise DataError(
                    f"variable {name!r} has a dimension {shown(dimension)} of {size}; expected"
                    " longitude, latitude, level and time; select one of it, as with `ncks -d"
                    f" {shown(dimension)},0`"
                )
        wanted = [*(["level"] if levels else []), "longitude", "latitude"]
        if sorted(kinds) != sorted(wanted):
            raise DataError(
                f"variable {name!r} has the dimensions {shown(', '.join(variable.dimensions))};"
                f" expected those of {', '.join(wanted)}"
            )
        with np.errstate(over="ignore", invalid="ignore"):  # infinite is refused by who judges
            values = np.ma.asarray(variable[tuple(index)]).astype(np.float32)
        array = np.ma.filled(values, np.nan)
        array = array.transpose([kinds.index(kind) for kind in wanted])
        array = array[..., axes["longitude"].places, :][..., axes["latitude"].places]
        return np.ascontiguousarray(array[chosen - low] if levels else array)

    def _kind_of(self, name: str) -> str:
        for kind, names in _NAMES.items():
            if name.lower() in names:
                return kind
        said = _STANDARD_NAMES.get(self.text(name, "standard_name"), "")
        return said or _UNITS.get(self.text(name, "units").lower(), "")

    def _require_said_alike(self, name: str, wanted: Quantity) -> None:
        """What a variable says of itself must not be another quantity."""
        for attribute in ("standard_name", "short_name", "GRIB_shortName"):
            said = self.text(name, attribute)
            other = OTHER_QUANTITIES.get(said, wanted.name)
            if other != wanted.name:
                raise DataError(
                    f"variable {name!r} has the {attribute} {said!r}, which is {other} and not"
                    f" {wanted.name}; correct its name or this attribute"
                )

    def _require_numbers(self, name: str) -> None:
        kind = self.dataset.variables[name].dtype
        if not isinstance(kind, np.dtype) or kind.kind not in "fiu":
            raise DataError(f"variable {name!r} is of type {shown(kind)}, expected numbers")
        for attribute in _NUMBERS & {*self.dataset.variables[name].ncattrs()}:
            value = self.dataset.variables[name].getncattr(attribute)
            if not isinstance(value, (int, float, np.number)):
                raise DataError(
                    f"variable {name!r} has the {attribute} {shown(value)}, expected a number"
                )
        if len(self.along(name)) < 2 and self.dataset.variables[name].size > _LONGEST:
            raise DataError(f"variable {name!r} has more than {_LONGEST} numbers along one axis")
