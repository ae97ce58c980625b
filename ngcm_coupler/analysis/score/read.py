"""The files of an ensemble and of its reference, point by point and time by time."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import xarray

from ngcm_coupler.analysis.score.grid import Points
from ngcm_coupler.analysis.score.values import present
from ngcm_coupler.clock.file_times import FileTimes
from ngcm_coupler.errors import DataError, reading, shown
from ngcm_coupler.fields.units import unit_of
from ngcm_coupler.files.netcdf import import_netcdf4, require_sound_header, unreadable

MEMBER_DIMENSIONS = ("member", "realization")


@dataclasses.dataclass(frozen=True)
class File:
    """One opened file.

    Attributes:
      path: its name.
      data: its dimensions, attributes and coordinates.
      points: its grid.
      times: of its records.
      member_dimension: the dimension of its members; '' for a file that is one.
    """

    path: str
    data: xarray.Dataset
    points: Points
    times: FileTimes
    member_dimension: str

    @classmethod
    def open(cls, path: str) -> File:
        """Opens a file.

        Raises:
          DataError: it cannot be read, or has no times or no grid.
        """
        import_netcdf4()
        with reading(path, DataError):
            try:
                require_sound_header(path)
                data = xarray.open_dataset(
                    path, engine="netcdf4", decode_times=False, decode_timedelta=False
                )
            except (OSError, RuntimeError, ValueError) as error:
                raise DataError(unreadable(path, error)) from error
            return cls._of(path, data)

    @classmethod
    def _of(cls, path: str, data: xarray.Dataset) -> File:
        if "time" not in data.dims or "time" not in data.coords:
            raise DataError(f"{path} has no dimension time with a variable of that name")
        times = _times(path, data, "time", data["time"].values)
        if twice := times.twice():
            raise DataError(f"{path} has the time {twice} more than once; keep one of the records")
        dimension = next((name for name in MEMBER_DIMENSIONS if name in data.dims), "")
        return cls(path, data, Points.of(path, data), times, dimension)

    @functools.cached_property
    def contents(self) -> Any:
        """The same file as netCDF4 has it, from which fields are read."""
        return import_netcdf4().Dataset(self.path)

    def close(self) -> None:
        """Closes it."""
        self.data.close()
        if "contents" in self.__dict__:
            self.contents.close()

    @property
    def members(self) -> list[str]:
        """What messages call its members."""
        count = self.data.sizes[self.member_dimension] if self.member_dimension else 1
        if count == 1:
            return [self.path]
        return [f"member {place + 1} of {self.path}" for place in range(count)]

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

    def values(self, name: str, place: int) -> np.ndarray:
        """A field of a record, one of the file's or of each of its members.

        Returns:
          Float64, not a number where a value is missing, shape (members, nlat, nlon).

        Raises:
          DataError: a value is infinite.
        """
        with reading(f"{self.path}: {name}", DataError):
            field = present(self.contents[name], time=place)
            one = self.member_dimension
            members = [field.isel({one: i}) for i in range(field.sizes[one])] if one else [field]
            values = np.stack([self.points.ordered(member) for member in members])
        if np.isinf(values).any():
            date = self.times.date(place)
            raise DataError(f"{self.path}: {name} has infinite values at {date}; mark them missing")
        return values

    def start(self) -> int:
        """Beginning of the first record: its bound, or its time where it has none [s]."""
        time = self.data["time"]
        bounds = time.attrs.get("bounds") or time.encoding.get("bounds")
        if isinstance(bounds, str) and bounds in self.data.variables and self.data[bounds].size:
            first = self.data[bounds].values.reshape(-1)[:1]
            return int(_times(self.path, self.data, bounds, first).seconds[0])
        return int(self.times.seconds[0])

    def _is_field(self, name: str) -> bool:
        dims = {"time", *self.points.dims}
        if self.member_dimension:
            dims.add(self.member_dimension)
        return set(self.data[name].dims) == dims


@dataclasses.dataclass(frozen=True)
class Moment:
    """A time that all files have.

    Attributes:
      date: in the calendar of the files, ISO 8601.
      lead_hours: since the beginning of the ensemble.
      places: of its record in each file of the ensemble.
      reference: of its record in the reference.
    """

    date: str
    lead_hours: float
    places: tuple[int, ...]
    reference: int


@dataclasses.dataclass(frozen=True)
class Comparison:
    """An ensemble and its reference, which have points, members and units in common.

    Attributes:
      members: the files of the ensemble.
      reference: the file to compare with.
      fields: name in the ensemble -> name in the reference.
      moments: the times that both have, in the order of the first file.
      unmatched: how many times of the ensemble the reference lacks.
      notes: what a reader of the scores should know of the times and units.
    """

    members: Sequence[File]
    reference: File
    fields: Mapping[str, str]
    moments: Sequence[Moment]
    unmatched: int
    notes: Sequence[str]


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
    places = [_places(file, first) for file in members]
    for file, own in zip(members, places, strict=True):
        if len(file.times) != len(first.times) or (own < 0).any():
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
    there = _places(reference, first)
    common = np.flatnonzero(there >= 0).tolist()
    if not common:
        raise DataError(
            f"{first.path} ({first.times.span()}) and {reference.path} ({reference.times.span()})"
            " have no time in common"
        )
    start = first.start()
    moments = [
        Moment(
            first.times.date(place),
            (int(first.times.seconds[place]) - start) / 3600.0,
            tuple(int(own[place]) for own in places),
            int(there[place]),
        )
        for place in common
    ]
    notes = [*_calendars(first, (*members, reference)), *_unitless(members, reference, fields)]
    return Comparison(members, reference, fields, moments, len(first.times) - len(common), notes)


def _times(path: str, data: xarray.Dataset, name: str, values: np.ndarray) -> FileTimes:
    """Times of a file, in the units of the variable or, of bounds, in those of the time."""
    said = {**data["time"].attrs, **data[name].attrs}
    try:
        return FileTimes.decoded(values, str(said.get("units", "")), str(said.get("calendar", "")))
    except ValueError as error:
        raise DataError(f"{path}: the times in {name} {shown(error)}; correct them") from error


def _places(file: File, first: File) -> np.ndarray:
    """Where the times of the first file are in another, -1 where they are not.

    Raises:
      DataError: a time may be one of several.
    """
    try:
        return file.times.written_in(first.times.calendar).places_of(first.times)
    except ValueError as error:
        raise DataError(f"{file.path}: its times {error}; keep one record of that time") from error


def _calendars(first: File, others: Sequence[File]) -> Iterator[str]:
    """What is to be said of calendars that differ."""
    own = first.times.calendar
    for file in others:
        if file.times.calendar != own:
            yield (
                f"{first.path} counts time in the calendar {own} and {file.path} in"
                f" {file.times.calendar}: records are paired by the dates as they are written"
            )
            return


def _unitless(members: Sequence[File], reference: File, fields: Mapping[str, str]) -> Iterator[str]:
    """What is to be said of fields that have units in some files only."""
    for name, known_as in fields.items():
        named = [*((file, name) for file in members), (reference, known_as)]
        units = [str(file.data[of].attrs.get("units", "")).strip() for file, of in named]
        if "" in units and any(units):
            place = units.index("")
            file, of = named[place]
            count = units.count("") - 1
            more = f", and {count} more of the files," if count else ""
            yield (
                f"{of} has no units in {file.path}{more} and '{shown(max(units), 40)}' in others:"
                " it is scored as it stands"
            )


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
        if len(pair) == 2 and pair[0] != pair[1] and not _same_unit(*pair):
            raise DataError(
                f"{field.name} has the {what} '{pair[0]}' in {path} and '{pair[1]}' in"
                f" {reference}; make them the same"
            )


def _same_unit(one: str, other: str) -> bool:
    """Whether two spellings are one unit, as m s-1 and m s**-1."""
    first, second = unit_of(one), unit_of(other)
    return first is not None and second is not None and first.means(second)
