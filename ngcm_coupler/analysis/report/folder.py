"""The netCDF files of one run in a folder, known by what is in them and not by their names."""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import numpy as np

from ngcm_coupler.clock import Clock
from ngcm_coupler.errors import DataError, reading
from ngcm_coupler.files.foreign import BUDGET_TITLE
from ngcm_coupler.files.netcdf import open_dataset, unreadable
from ngcm_coupler.output.history import LEFT_OUT, SAMPLED

_SIGNATURES = (b"\x89HDF", b"CDF")
_SINCE = "seconds since "
_MOST_SECONDS = 10_000 * 366 * 86400
P = ParamSpec("P")
T = TypeVar("T")
_HISTORY_VARIABLES = ("time", "time_bounds", "lat", "lon", "cell_area", "land_area_fraction")


@dataclasses.dataclass(frozen=True)
class RunFile:
    """One file of a run.

    Attributes:
      path: the file.
      attributes: its global attributes.
      time_units: since when its times count.
      calendar: of that date.
      bounds: begin and end of each record, in those units, shape (records, 2).
      grid: latitudes, longitudes and land fraction, flat; empty for budgets.
      variables: names of its variables.
    """

    path: Path
    attributes: dict[str, str]
    time_units: str
    calendar: str
    bounds: np.ndarray
    grid: np.ndarray
    variables: tuple[str, ...]

    @property
    def start(self) -> Clock:
        """The clock as the run began."""
        date = self.time_units.removeprefix(_SINCE).replace(" ", "T")
        return Clock(date, self.calendar)

    @property
    def spacing(self) -> int:
        """Time between two records of a history of instants [s]; 0 of other files."""
        return int(self.attributes.get(SAMPLED, 0))

    @property
    def left_out(self) -> frozenset[str] | None:
        """The fields that the run had and did not write; None where the file does not tell."""
        names = self.attributes.get(LEFT_OUT)
        return None if names is None else frozenset(names.split())


@dataclasses.dataclass(frozen=True)
class RunFiles:
    """The files of one run in the order of time; one of the two may be empty."""

    history: tuple[RunFile, ...]
    budget: tuple[RunFile, ...]


def of_run(made: Callable[Concatenate[Path, P], T]) -> Callable[Concatenate[Path, P], T]:
    """The outermost net of what is made of the files in a folder, which comes first."""

    @functools.wraps(made)
    def call(folder: Path, *arguments: P.args, **named: P.kwargs) -> T:
        with reading(f"a file of the run in {folder}", DataError):
            return made(folder, *arguments, **named)

    return call


def sampling(history: Sequence[RunFile]) -> str:
    """Which part of the time a history has, in words; empty where one record follows the other."""
    if not history:
        return ""
    count = sum(len(each.bounds) for each in history)
    begin, end = history[0].bounds[0]
    hours, spacing = (end - begin) / 3600, history[0].spacing / 3600
    if spacing <= hours:
        return ""
    return (
        f"{count} records of {hours:g} h, one every {spacing:g} h: {count * hours:g} of"
        f" {count * spacing:g} hours"
    )


def find(folder: Path) -> RunFiles:
    """The history and budget files in a folder, but for those that have no record yet.

    Raises:
      DataError: there is none, one cannot be read, none has a record, or they are of two runs.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder; give the one that holds the files of a run")
    history, budget, others = [], [], []
    for path in sorted(folder.iterdir()):
        if path.is_file() and _is_netcdf(path):
            kind, segment = _read(path)
            {"history": history, "budget": budget}.get(kind, others).append(segment)
    if not history and not budget:
        seen = f"; of other kinds: {', '.join(each.path.name for each in others)}" if others else ""
        raise DataError(
            f"{folder} holds no history or budget file of ngcm_coupler{seen}; set file and"
            " budget_file in &ngcm_history and give the folder that they are in"
        )
    # A chain whose last segment ends within a month has the file of that month, yet without a mean.
    begun = [[each for each in kind if len(each.bounds)] for kind in (history, budget)]
    if not any(begun):
        raise DataError(
            f"{', '.join(each.path.name for each in (*history, *budget))} in {folder} has no record"
            " yet: the run has not completed the time of one; wait until it has"
        )
    _require_one_run([each for kind in begun for each in kind])
    return RunFiles(*map(_in_order, begun))


def _is_netcdf(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4).startswith(_SIGNATURES)


def _read(path: Path) -> tuple[str, RunFile]:
    """The kind of a file and what identifies its run."""
    with reading(str(path), DataError):
        try:
            with open_dataset(path) as file:
                file.set_auto_mask(False)
                return _identified(path, file)
        except (OSError, RuntimeError) as error:
            raise DataError(unreadable(path, error)) from error


def _identified(path: Path, file: Any) -> tuple[str, RunFile]:
    attributes = {name: str(file.getncattr(name)) for name in file.ncattrs()}
    names = tuple(file.variables)
    has_history = all(name in names for name in _HISTORY_VARIABLES)
    kind = "budget" if attributes.get("title") == BUDGET_TITLE else "other"
    kind = "history" if has_history else kind
    if kind == "history" and "realization" in file.dimensions:
        raise DataError(
            f"{path} holds {file.dimensions['realization'].size} members of an ensemble, and a"
            " report is of one run; take a member out of it, as with `ncks -d realization,0`, then"
            " `ncwa -a realization`, and give a folder with that file"
        )
    if kind == "other":
        return kind, RunFile(path, attributes, "", "", np.empty((0, 2)), np.empty(0), names)
    parts = [file[name][...].ravel() for name in ("lat", "lon", "land_area_fraction")
             if kind == "history"]  # fmt: skip
    grid = np.concatenate(parts) if parts else np.empty(0)
    bounds = np.asarray(file["time_bounds"][...])
    time = file["time"]
    if bounds.ndim != 2 or bounds.shape[1] != 2 or not time.units.startswith(_SINCE):
        raise DataError(
            f"{path}: its time_bounds have the shape {bounds.shape} in {time.units!r}, expected"
            f" begin and end of each record in '{_SINCE}' a date, as runs write them; give the"
            " files as they were written"
        )
    _require_times(path, bounds)
    return kind, RunFile(path, attributes, time.units, time.calendar, bounds, grid, names)


def _require_times(path: Path, bounds: np.ndarray) -> None:
    """Refuses records whose times are those of no run: the page would have a place for each day.

    Raises:
      DataError: they are no numbers, do not follow each other, or span more than 10,000 years.
    """
    if not np.issubdtype(bounds.dtype, np.number) or not (np.abs(bounds) < _MOST_SECONDS).all():
        fault = "are no seconds since the start of a run"
    elif (bounds[:, 0] >= bounds[:, 1]).any() or (np.diff(bounds, axis=0) <= 0).any():
        fault = "do not follow each other"
    else:
        return
    raise DataError(f"{path}: the times in time_bounds {fault}; give the file as it was written")


def _require_one_run(segments: Sequence[RunFile]) -> None:
    """Raises a `DataError` that names two files of different runs."""
    for number, later in enumerate(segments):
        for earlier in segments[:number]:
            if difference := _difference(earlier, later):
                raise DataError(
                    f"{earlier.path.name} and {later.path.name} are of two runs: {difference}; keep"
                    " the files of one run in a folder of their own"
                )


def _difference(first: RunFile, other: RunFile) -> str:
    """What shows that two files are of two runs; empty where nothing does."""
    model, other_model = (each.attributes.get("source", "") for each in (first, other))
    if model != other_model:
        return f"the model is {model!r} and {other_model!r}"
    if first.time_units != other.time_units:
        return f"time counts in {first.time_units!r} and {other.time_units!r}"
    if first.calendar != other.calendar:
        return f"the calendar is {first.calendar!r} and {other.calendar!r}"
    if first.grid.size == 0 or other.grid.size == 0:
        return ""
    if not np.array_equal(first.grid, other.grid):
        return "their grids or land differ"
    only_one = sorted(set(first.variables) ^ set(other.variables))
    return f"only one has {', '.join(only_one[:3])}" if only_one else ""


def _in_order(segments: Sequence[RunFile]) -> tuple[RunFile, ...]:
    """Sorted by time.

    Raises:
      DataError: two files hold the same interval.
    """
    ordered = sorted(segments, key=lambda each: each.bounds[0, 0])
    for earlier, later in itertools.pairwise(ordered):
        if later.bounds[0, 0] < earlier.bounds[-1, 1]:
            raise DataError(
                f"{earlier.path.name} and {later.path.name} hold the same intervals; keep one of"
                " them in the folder"
            )
    return tuple(ordered)
