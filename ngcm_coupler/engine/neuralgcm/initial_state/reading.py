"""One date of a file, in the model's order and judged."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.util
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from ngcm_coupler.clock import Clock
from ngcm_coupler.clock.file_times import FileTimes
from ngcm_coupler.config.model_groups import DEMO
from ngcm_coupler.engine.neuralgcm.initial_state import axes, judgement
from ngcm_coupler.engine.neuralgcm.initial_state.axes import Axis
from ngcm_coupler.engine.neuralgcm.initial_state.file import StateFile
from ngcm_coupler.engine.neuralgcm.initial_state.quantities import Quantity, quantity
from ngcm_coupler.errors import ArgumentError, DataError, reading, shown
from ngcm_coupler.files.netcdf import open_dataset

_QUICK = 2**24
"""Values of a variable that `check_state` reads; of a larger one some levels [1]."""

_LOOKED_AT = 5
_ICE = "sea_ice_cover"


@dataclasses.dataclass(frozen=True)
class State:
    """A state at a date.

    Attributes:
      date: ``YYYY-MM-DDTHH:MM:SS``, as the file's calendar writes it.
      longitudes: from the first at or east of Greenwich on, equally spaced [degrees east].
      latitudes: from south to north [degrees north].
      spacing: of the latitudes: gauss, equiangular or equiangular_with_poles.
      fields: name -> float32, NaN where the sea has none, shape ([levels,] longitudes, latitudes).
    """

    date: str
    longitudes: np.ndarray
    latitudes: np.ndarray
    spacing: str
    fields: dict[str, np.ndarray]


def demo_path() -> Path:
    """The ERA5 state of 1959-01-02 that comes with the neuralgcm package."""
    spec = importlib.util.find_spec("neuralgcm")
    if spec is None or spec.origin is None:
        raise DataError("the package neuralgcm is not installed; run `pip install neuralgcm`")
    return Path(spec.origin).parent / "data" / "era5_tl31_19590102T00.nc"


def read_state(
    path: str, start: str | None, variables: Sequence[str], pressures: Sequence[float]
) -> State:
    """Reads and judges a state.

    Args:
      path: netCDF file; ``demo`` is the one inside the neuralgcm package.
      start: date to select, ISO 8601; None takes the only date in the file.
      variables: names of the model's.
      pressures: its levels [hPa].

    Raises:
      DataError: the file, a variable, the date or a level is missing, or the values cannot be.
    """
    with _opened(path) as file:
        layout = _Layout.found(file, start, variables, pressures)
        every = range(len(pressures))
        fields = {each.name: layout.field(each, every) for each in layout.names}
        layout.judge(fields, every)
        if _ICE in fields:  # packed values and interpolated ones overshoot
            np.clip(fields[_ICE], 0.0, 1.0, out=fields[_ICE])
        return State(
            layout.date,
            layout.axes["longitude"].values,
            layout.axes["latitude"].values,
            layout.axes["latitude"].spacing,
            fields,
        )


def check_state(
    path: str, start: str | None, variables: Sequence[str], pressures: Sequence[float]
) -> str:
    """Judges a state in seconds, however large it is; arguments and errors as `read_state`.

    Returns:
      Its date.
    """
    with _opened(path) as file:
        layout = _Layout.found(file, start, variables, pressures)
        points = layout.axes["longitude"].places.size * layout.axes["latitude"].places.size
        levels = list(range(len(pressures)))
        if points * len(levels) > _QUICK:
            spread = np.linspace(0, len(levels) - 1, min(_LOOKED_AT, len(levels)))
            levels = spread.round().astype(int).tolist()
        # One by one: the levels between are not to be read.
        fields = {
            each.name: np.concatenate([layout.field(each, [level]) for level in levels])
            if each.on_levels
            else layout.field(each, ())
            for each in layout.names
        }
        layout.judge(fields, levels)
        return layout.date


def clock_at(path: str, date: str, calendar: str) -> Clock:
    """The clock at the date of a state, written as it is in the calendar of the run.

    Raises:
      DataError: that calendar has no such date.
    """
    try:
        return Clock(date, calendar)
    except ArgumentError as error:
        raise DataError(
            f"initial state {shown(path)}: its date {date} is none of the calendar {calendar} in"
            " &ngcm_run; start from another date or in another calendar"
        ) from error


@contextlib.contextmanager
def _opened(path: str) -> Iterator[StateFile]:
    """The file; whatever is wrong with it is an error that names it."""
    name = str(demo_path()) if path == DEMO else path
    what = f"initial state {shown(name)}"
    with reading(what, DataError):
        try:
            with open_dataset(name) as dataset:
                yield StateFile(dataset)
        except (OSError, RuntimeError, UnicodeError) as error:  # netCDF's own
            raise DataError(
                f"{what}: not a readable netCDF file: {shown(error)}; expected ERA5 on pressure"
                " levels; correct the path, or fetch the file again"
            ) from error
        except DataError as error:
            raise DataError(f"{what}: {error}") from error


@dataclasses.dataclass(frozen=True)
class _Layout:
    """Where a state is in its file."""

    file: StateFile
    names: dict[Quantity, str]
    axes: dict[str, Axis]
    dimensions: dict[str, str]
    time: int
    date: str

    @classmethod
    def found(
        cls, file: StateFile, start: str | None, variables: Sequence[str],
        pressures: Sequence[float],
    ) -> _Layout:  # fmt: skip
        """Finds all that is wanted, or says what is not there."""
        names = {each: file.variable(each) for each in map(quantity, variables)}
        present = [name for name in names.values() if name]
        used = dict.fromkeys(
            dimension for name in present for dimension in file.dataset[name].dimensions
        )
        kinds = {kind: file.axis(kind, used) for kind in ("longitude", "latitude", "level", "time")}
        missing = [kind for kind, name in kinds.items() if not name]
        missing += [each.name for each, name in names.items() if not name]
        if missing:
            raise DataError(
                f"lacks {', '.join(missing)}; expected the variables of ERA5 on pressure levels,"
                f" {', '.join(variables)}, with a coordinate time"
            )
        units = {name: each.unit_fault(file.text(name, "units")) for each, name in names.items()}
        if odd := [f"variable {name!r} {fault}" for name, fault in units.items() if fault]:
            raise DataError("; ".join(odd))
        time, date = _chosen(file.times(kinds["time"]), start)
        return cls(
            file,
            names,
            {
                "longitude": axes.longitudes(*file.axis_numbers(kinds["longitude"])),
                "latitude": axes.latitudes(*file.axis_numbers(kinds["latitude"])),
                "level": axes.levels(*file.axis_numbers(kinds["level"]), pressures),
            },
            {
                dimension: kind
                for kind, name in kinds.items()
                for dimension in file.along(name) or file.dataset[name].dimensions
            },
            time,
            date,
        )

    def field(self, wanted: Quantity, levels: Sequence[int]) -> np.ndarray:
        """A field at some of the wanted levels, if it has any."""
        levels = levels if wanted.on_levels else ()
        name = self.names[wanted]
        return self.file.field(name, self.axes, self.dimensions, self.time, levels)

    def judge(self, fields: dict[str, np.ndarray], levels: Sequence[int]) -> None:
        """Refuses values that cannot be."""
        pressures = self.axes["level"].values[list(levels)]
        called = {each.name: name for each, name in self.names.items()}
        rows = self.axes["latitude"].values
        found = list(judgement.faults(fields, called, pressures, rows))
        if found:
            raise DataError("; ".join(found))


def _chosen(times: FileTimes, start: str | None) -> tuple[int, str]:
    """The place of a date in the file, and how the file's calendar writes it."""
    if not len(times):
        raise DataError("holds no time; expected the date of the state")
    if start is None:
        if len(times) > 1:
            raise DataError(
                f"holds {len(times)} dates, {times.span()}; choose one with start_date in &ngcm_run"
            )
        return 0, times.date(0)
    absent = DataError(
        f"start_date {start} is not in the file, which holds {times.span()} (dates:"
        f" {len(times)}); choose one of them, or a file that has it"
    )
    try:
        wanted = times.at(start)
    except ValueError as error:
        raise absent from error
    try:
        place = int(times.places_of(wanted)[0])
    except ValueError as error:
        raise DataError(f"its times {error}; keep one record of that time") from error
    if place < 0:
        raise absent
    return place, start
