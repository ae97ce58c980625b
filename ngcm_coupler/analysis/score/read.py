"""The files of an ensemble and of its reference, point by point and time by time."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence

import numpy as np
import xarray

from ngcm_coupler.analysis.score.grid import Points
from ngcm_coupler.errors import DataError
from ngcm_coupler.netcdf import import_netcdf4

MEMBER_DIMENSIONS = ("member", "realization")


@dataclasses.dataclass(frozen=True)
class File:
    """One opened file.

    Attributes:
      path: its name.
      data: its contents, read where they are used.
      points: its grid.
      times: place of each date, as ISO 8601 has it.
      member_dimension: the dimension of its members; '' for a file that is one.
    """

    path: str
    data: xarray.Dataset
    points: Points
    times: Mapping[str, int]
    member_dimension: str

    @classmethod
    def open(cls, path: str) -> File:
        """Opens a file.

        Raises:
          DataError: it cannot be read, or has no times or no grid.
        """
        import_netcdf4()
        try:
            data = xarray.open_dataset(path, engine="netcdf4", decode_timedelta=False)
        except (OSError, ValueError) as error:
            raise DataError(f"{path} cannot be read: {error}") from error
        if "time" not in data.dims or "time" not in data.coords:
            raise DataError(f"{path} has no dimension time with a variable of that name")
        dates = [_iso8601(time) for time in data["time"].values]
        times = {date: place for place, date in enumerate(dates)}
        if len(times) < len(dates):
            twice = next(date for date in dates if dates.count(date) > 1)
            raise DataError(f"{path} has the time {twice} more than once; keep one of the records")
        dimension = next((name for name in MEMBER_DIMENSIONS if name in data.dims), "")
        return cls(path, data, Points.of(path, data), times, dimension)

    def fields(self) -> list[str]:
        """Variables that have times and points, and no dimension else but that of members."""
        return [str(name) for name in self.data.data_vars if self._is_field(str(name))]

    def require_field(self, name: str) -> xarray.DataArray:
        """The field of that name.

        Raises:
          DataError: there is none, or it has another dimension, as one of levels.
        """
        if name not in self.data.variables:
            raise DataError(
                f"{self.path} has no variable {name}; it has {', '.join(self.fields())}"
            )
        if not self._is_field(name):
            found = ", ".join(map(str, self.data[name].dims))
            raise DataError(
                f"{self.path}: {name} has the dimensions {found};"
                f" expected time, {', '.join(self.points.dims)}; select what is to be scored"
            )
        return self.data[name]

    def values(self, name: str, date: str) -> np.ndarray:
        """A field at a time, one of the file's or of each of its members.

        Returns:
          Float64, not a number where a value is missing, shape (members, nlat, nlon).

        Raises:
          DataError: a value is infinite.
        """
        field = self.data[name].isel(time=self.times[date])
        one = self.member_dimension
        members = [field.isel({one: i}) for i in range(field.sizes[one])] if one else [field]
        values = np.stack([self.points.ordered(member) for member in members])
        if np.isinf(values).any():
            raise DataError(f"{self.path}: {name} has infinite values at {date}; mark them missing")
        return values

    def start(self) -> object:
        """Beginning of the first record: its bound, or its time where it has none."""
        time = self.data["time"]
        bounds = time.attrs.get("bounds") or time.encoding.get("bounds")
        if bounds in self.data.variables:
            return self.data[bounds].values[0, 0]
        return time.values[0]

    def _is_field(self, name: str) -> bool:
        dims = {"time", *self.points.dims}
        if self.member_dimension:
            dims.add(self.member_dimension)
        return set(self.data[name].dims) == dims


@dataclasses.dataclass(frozen=True)
class Comparison:
    """An ensemble and its reference, which have points, members and units in common.

    Attributes:
      members: the files of the ensemble.
      reference: the file to compare with.
      fields: name in the ensemble -> name in the reference.
      leads: date of each time that both have -> hours since the beginning.
      unmatched: how many times of the ensemble the reference lacks.
    """

    members: Sequence[File]
    reference: File
    fields: Mapping[str, str]
    leads: Mapping[str, float]
    unmatched: int


def compare(members: Sequence[File], reference: File, fields: Mapping[str, str]) -> Comparison:
    """Checks what the files must have in common.

    Args:
      members: files of one member each, or with a dimension of members; of one beginning.
      reference: the file to compare with.
      fields: name in the ensemble -> name in the reference; empty for all that both have.

    Raises:
      DataError: grids, times, fields or units do not go together.
    """
    first = members[0]
    for file in (*members[1:], reference):
        file.points.require_same(file.path, first.points, first.path)
    for file in members[1:]:
        if file.times.keys() != first.times.keys():
            raise DataError(
                f"{file.path} has other times than {first.path}; give members of the same times"
            )
    if not fields:
        offered = set(reference.fields())
        fields = {name: name for name in first.fields() if name in offered}
    if not fields:
        raise DataError(
            f"{first.path} and {reference.path} have no field in common; name them with --fields"
            " NAME=NAME_IN_REFERENCE"
        )
    for name, known_as in fields.items():
        theirs = reference.require_field(known_as)
        for file in members:
            _require_alike(file.path, file.require_field(name), reference.path, theirs)
    dates = [date for date in first.times if date in reference.times]
    if not dates:
        raise DataError(
            f"{first.path} ({_span(first)}) and {reference.path} ({_span(reference)}) have no time"
            " in common"
        )
    times, start = first.data["time"].values, first.start()
    leads = {date: _hours(times[first.times[date]] - start) for date in dates}
    return Comparison(members, reference, fields, leads, len(first.times) - len(dates))


def _require_alike(
    path: str, field: xarray.DataArray, reference: str, other: xarray.DataArray
) -> None:
    """Units and the way of averaging, where both files say them."""
    for what, pattern in (("units", r"(.*)"), ("cell_methods", r".*\btime: (\w+)")):
        pair = [
            found[1].strip()
            for each in (field, other)
            if (found := re.match(pattern, str(each.attrs.get(what, "")))) and found[1]
        ]
        if len(pair) == 2 and pair[0] != pair[1]:
            raise DataError(
                f"{field.name} has the {what} '{pair[0]}' in {path} and '{pair[1]}' in"
                f" {reference}; make them the same"
            )


def _iso8601(time: object) -> str:
    if isinstance(time, np.datetime64):
        return str(np.datetime_as_string(time, unit="s"))
    return time.isoformat()  # pyright: ignore[reportAttributeAccessIssue] (a date of cftime)


def _hours(difference: object) -> float:
    if isinstance(difference, np.timedelta64):
        return float(difference / np.timedelta64(1, "h"))
    return difference.total_seconds() / 3600.0  # pyright: ignore[reportAttributeAccessIssue]


def _span(file: File) -> str:
    dates = list(file.times)
    return f"{dates[0]} to {dates[-1]}" if dates else "no times"
