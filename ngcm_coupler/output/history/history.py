"""The history of a run: records of the chosen fields, at the chosen times, in their files."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np

from ngcm_coupler.clock import Clock
from ngcm_coupler.config import PERIOD
from ngcm_coupler.config.run_groups import History as Settings
from ngcm_coupler.errors import RestartError
from ngcm_coupler.fields import Field
from ngcm_coupler.fields.levels import Levels
from ngcm_coupler.grid import Grid
from ngcm_coupler.output.history.file import Existing, Files, Record
from ngcm_coupler.output.history.layout import LEFT_OUT, MISSING, SAMPLED, Layout
from ngcm_coupler.output.history.means import Means
from ngcm_coupler.output.history.schedule import Schedule
from ngcm_coupler.output.history.variables import Record as Kind
from ngcm_coupler.output.history.variables import Variable
from ngcm_coupler.output.history.writer import Writer


@dataclasses.dataclass(frozen=True)
class Continued:
    """Where an earlier run has left off: what `History.state` gave.

    Attributes:
      header: of types that JSON keeps exactly.
      sums: name -> array.
    """

    header: Mapping[str, Any]
    sums: Mapping[str, np.ndarray]


def needs_levels(settings: Settings, clock: Clock, interval_seconds: int) -> bool:
    """Whether `History.write` at the end of that interval will need the fields on levels.

    Any rank that holds members can tell, also where another one writes.
    """
    if not settings.file or not settings.level_fields:
        return False
    schedule = Schedule.of(settings.file, settings, interval_seconds)
    return settings.record != "instant" or schedule.record.rings(clock, interval_seconds)


class History:
    """Writes records while the run goes on, and leaves a complete file after each.

    Imports are recorded as the host has put them, over land too. Exports that mean something over
    sea or land only are masked where a cell has none.
    """

    def __init__(
        self,
        path: str,
        grid: Grid,
        land_area_fraction: np.ndarray,
        fields: Sequence[Field],
        start: Clock,
        attributes: Mapping[str, str],
        provenance: Mapping[str, str],
        *,
        interval_seconds: int,
        settings: Settings | None = None,
        levels: Levels | None = None,
        members: Sequence[int] | None = None,
        existing: Existing = "replace",
        continued: Continued | None = None,
    ) -> None:
        """Opens the first file.

        Args:
          path: file to write; with the placeholder of a period where the settings ask for one.
          grid: grid of the fields.
          land_area_fraction: [1], shape (grid.size,).
          fields: the fields that are exchanged.
          start: clock as this run takes up the history.
          attributes: global attributes, such as the model.
          provenance: name of each field -> where its values come from.
          interval_seconds: the coupling interval [s].
          settings: what to write and when; without, all fields in every interval.
          levels: fields on pressure levels to write.
          members: numbers of the members of an ensemble, whose values have an axis of members
            first; None for a single run.
          existing: what becomes of files that are there already.
          continued: where the run that this one continues has left off.

        Raises:
          OutputError: a file cannot be created, or one is there that must not be replaced.
          RestartError: what is continued is in the middle of a record of another kind.
        """
        settings = settings or Settings()
        levels = levels or Levels()
        self._kind = cast(Kind, settings.record)
        model = attributes.get("source", "")
        self._variables = (
            *(
                Variable.of_field(row, provenance[row.name])
                for row in fields
                if row.name in settings.fields or not settings.fields
            ),
            *(Variable.of_levels(row, model) for row in levels.fields),
        )
        self._no_sea, self._no_land = land_area_fraction >= 1.0, land_area_fraction <= 0.0
        self._schedule = Schedule.of(path, settings, interval_seconds)
        self._means = (
            None if self._kind == "instant" else Means(self._variables, land_area_fraction)
        )
        self._identity = {
            "record": self._kind,
            "interval_hours": settings.interval_hours,
            "variables": [each.name for each in self._variables],
            "levels_hpa": list(levels.pressures_hpa),
            "members": None if members is None else list(members),
        }
        self._begin = start  # of the record in progress
        if continued is not None:
            self._continue(continued)
        # A reader could not tell what was not chosen from what the run does not have.
        chosen = {each.name for each in self._variables}
        left_out = " ".join(row.name for row in fields if row.name not in chosen)
        attributes = {**attributes, LEFT_OUT: left_out}
        if self._kind == "instant":
            spacing = 3600 * settings.interval_hours or interval_seconds
            attributes = {**attributes, SAMPLED: str(spacing)}
        self._files = Files(
            Layout(
                grid, land_area_fraction, self._variables, levels.pressures_hpa,
                None if members is None else tuple(members), start, self._kind, interval_seconds,
                settings.compression_level, attributes,
            ),
            existing,
            claims=PERIOD in path,
        )  # fmt: skip
        self._writer = Writer(self._files.close)
        try:
            first = self._begin if self._means else self._schedule.first(start, interval_seconds)
            path = self._schedule.file(first)
            self._writer.submit(functools.partial(self._open, path, existing, continued))
            self._writer.drain()
        except BaseException:
            self._writer.close()
            raise

    def write(self, clock: Clock, interval_seconds: int, values: Mapping[str, np.ndarray]) -> None:
        """Takes the fields of the interval that ends now; their arrays may be used again after it.

        Waits only when several records are still to be written.

        Args:
          clock: clock at the end of the interval.
          interval_seconds: length of the interval.
          values: name of each field -> float32, shape ([members,] n), on levels ([members,]
            levels, n), those only where `needs_levels` has said so.

        Raises:
          OutputError: a record before it could not be written: the disk is full, the file has
            gone, or a folder cannot be written to.
        """
        if self._means is not None:
            self._means.add(values, interval_seconds)
        if not self._schedule.record.rings(clock, interval_seconds):
            return
        begin = clock.advanced(-interval_seconds) if self._means is None else self._begin
        if self._means is None:
            rows = {each.name: values[each.name] for each in self._variables}
        else:
            rows = self._means.take(float(MISSING))
        bounds = begin.elapsed_seconds, clock.elapsed_seconds
        # A mean is of the middle of its time, so that one of January bears a date in January.
        time = bounds[1] if self._means is None else sum(bounds) // 2
        masked = {each.name: self._masked(each, rows[each.name]) for each in self._variables}
        record = Record(clock, time, bounds, masked)
        job = functools.partial(self._files.write, self._schedule.file(begin), record)
        self._writer.submit(job)
        self._begin = clock

    def state(self) -> Continued:
        """Everything that a continued run needs, once all records are on the disk.

        Raises:
          OutputError: a record could not be written: a restart must not claim it.
        """
        self._writer.submit(self._files.to_disk)
        self._writer.drain()
        header = {
            **self._identity,
            "begin": self._begin.elapsed_seconds,
            "seconds": self._means.seconds if self._means else 0,
            "file": self._files.path,
            "records": self._files.count,
        }
        return Continued(header, self._means.state() if self._means else {})

    def close(self) -> None:
        """Writes what is left and closes the file.

        Raises:
          OutputError: a record or the rest of a file could not be written.
        """
        self._writer.close()

    def _open(self, path: str, existing: Existing, continued: Continued | None) -> None:
        """In the thread: opens the file of the first record."""
        if continued is not None and existing == "continue":
            file, count = continued.header["file"], continued.header["records"]
            # The last record may have been that of the period before.
            ours = {path, self._schedule.file(self._begin.advanced(-1))}
            if count and file in ours:
                self._files.require(file, count)
        self._files.open(path, self._begin)

    def _continue(self, continued: Continued) -> None:
        header = continued.header
        if not 0 <= header["begin"] <= self._begin.elapsed_seconds:
            raise RestartError(
                f"the restart of {self._begin.iso8601()} has a record of the history begin"
                f" {header['begin']} s after the start of the run; go on from a file that nobody"
                " has changed"
            )
        begin = self._begin.advanced(header["begin"] - self._begin.elapsed_seconds)
        if header["seconds"]:
            for name, own in self._identity.items():
                if header.get(name) != own:
                    raise RestartError(
                        f"the restart of {self._begin.iso8601()} is in the middle of a mean that"
                        f" began {begin.iso8601()}, with {name} = {header.get(name)}; this run's is"
                        f" {own}: leave &ngcm_history as it was, or continue from a restart at the"
                        " end of a record"
                    )
            assert self._means is not None
            self._means.restore(continued.sums, header["seconds"])
        self._begin = begin

    def _masked(self, variable: Variable, values: np.ndarray) -> np.ndarray:
        """The values of a record, as an array of its own."""
        if variable.masked:
            nowhere = self._no_land if variable.surface == "land" else self._no_sea
            return np.where(nowhere, MISSING, values).astype(np.float32, copy=False)
        return np.array(values, np.float32)
