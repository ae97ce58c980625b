"""The files of a history: made, taken up again where a run continues, and written record by record.

All of it runs in the thread that writes, one file at a time.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ngcm_coupler.clock import Clock
from ngcm_coupler.errors import OutputError, shown
from ngcm_coupler.files import Claims, Grown, replaced
from ngcm_coupler.files.foreign import HISTORY_TITLE, require_no_foreign
from ngcm_coupler.files.netcdf import (
    exclusive,
    import_netcdf4,
    keep_little,
    left_open,
    open_dataset,
)
from ngcm_coupler.output import disk_space
from ngcm_coupler.output.history.layout import Layout

_log = logging.getLogger(__name__)

_NO_ROOM = (
    "check folder, permission and free space, and continue from the last restart, or name another"
    " file"
)
_DAMAGED = (
    "it is damaged, or not this user's: put a sound copy in its place, or move it away, and"
    " continue from the last restart"
)

Existing = Literal["replace", "refuse", "continue"]
"""What becomes of a file that is there already."""


@dataclasses.dataclass(frozen=True)
class Record:
    """What goes into a file at once.

    Attributes:
      clock: at the end of the record.
      time: coordinate [s since the start].
      bounds: begin and end [s since the start].
      values: name -> float32, shape ([members,] [levels,] n), of no one else.
    """

    clock: Clock
    time: int
    bounds: tuple[int, int]
    values: Mapping[str, np.ndarray]


class Files:
    """One file after the other.

    Attributes:
      path: the file that is open; empty while none is.
      count: records in it.
    """

    def __init__(self, layout: Layout, existing: Existing, *, claims: bool) -> None:
        """Opens nothing yet.

        Args:
          layout: what the files have in common.
          existing: what becomes of files that are there already.
          claims: whether nobody has claimed them, as their names are not known beforehand.
        """
        self.path, self.count = "", 0
        self._claims, self._claimed = claims, Claims()
        self._layout, self._existing = layout, existing
        self._record_bytes = disk_space.record_bytes(*layout.record_size())
        self._file: Any = None
        self._grown: Grown | None = None

    def open(self, path: str, begin: Clock, what: str = "cannot be created") -> None:
        """Opens a file for the records from a moment on, and closes that before it.

        Args:
          path: the file.
          begin: beginning of the first record.
          what: the words of a failure.

        Raises:
          OutputError: it cannot be created, or one is there that must not be replaced.
        """
        self.close()
        if self._claims:
            self._claimed = Claims()
            self._claimed.take(path, f"&ngcm_history file = '{path}'")
            if self._existing == "replace":
                require_no_foreign(path, f"&ngcm_history file = '{path}'", HISTORY_TITLE)
        with self._failures(path, what), exclusive():
            there = Path(path).exists()
            if there and self._existing == "refuse":
                raise OutputError(
                    f"&ngcm_history file = '{path}' exists, and a branch would replace it; give"
                    " this run another name"
                )
            if there and self._existing == "continue":
                self.count = self._take_up(path, begin)
            else:
                if there:
                    _log.info("the run begins, and replaces %s of an earlier one", path)
                self._file, self.count = self._created(path), 0
            self.path, self._grown = path, Grown(path)

    def write(self, path: str, record: Record) -> None:
        """Writes a record to a file, which is opened if it is not.

        Raises:
          OutputError: the disk is full, or the file has gone.
        """
        what = f"the record of {record.clock.iso8601()} cannot be written"
        if path != self.path:
            self.open(path, record.clock.advanced(record.bounds[0] - record.bounds[1]), what)
        with self._failures(path, what), exclusive():
            self._require_whole()
            disk_space.take(path, self._record_bytes)
            place = self.count
            self._file["time"][place] = record.time
            self._file["time_bounds"][place] = record.bounds
            for name, values in record.values.items():
                variable = self._file[name]
                variable[place] = values.reshape(variable.shape[1:])
            self._sync()
            self.count += 1

    def to_disk(self) -> None:
        """Waits until all records would outlive a power failure.

        Raises:
          OutputError: the disk has failed, or the file has gone.
        """
        with self._failures(self.path, "cannot be brought to the disk"), exclusive():
            self._require_whole()
            with Path(self.path).open("rb") as written:
                os.fsync(written.fileno())

    def close(self) -> None:
        """Closes the file that is open.

        Raises:
          OutputError: what is left cannot be written.
        """
        path, file, self.path, self._file = self.path, self._file, "", None
        try:
            if file is not None:
                with self._failures(path, "cannot be completed"), exclusive():
                    self._complete(path, file)
        finally:
            self._claimed.release()

    def _complete(self, path: str, file: Any) -> None:
        grown, self._grown = self._grown, None
        # A file that is complete may have been moved away by then.
        if grown is None or not grown.is_there:
            file.close()
            return
        try:
            grown.require_whole()
        finally:
            file.close()
        disk_space.give_back(path)

    def require(self, path: str, count: int) -> None:
        """Checks that a file has the records that a restart says it has.

        Raises:
          OutputError: it has not.
        """
        found = self._count(path) if Path(path).exists() else None
        if found is None or found < count:
            state = "is not there" if found is None else f"has {found}"
            raise OutputError(
                f"&ngcm_history file = '{path}': the restart that this run continues from was"
                f" written after {count} records of it, and it {state}; put it back, or give this"
                " run another name"
            )

    def _created(self, path: str) -> Any:
        with left_open(path, "w", format="NETCDF4") as file:
            file.set_auto_maskandscale(False)
            self._layout.define(file)
            # Also of the variables that have come since.
            file.set_auto_maskandscale(False)
            keep_little(file)
            file.sync()
        return file

    def _count(self, path: str) -> int:
        with (
            self._failures(path, "exists and cannot be read", _DAMAGED),
            open_dataset(path) as file,
        ):
            return file.dimensions["time"].size if "time" in file.dimensions else 0

    def _take_up(self, path: str, begin: Clock) -> int:
        """Opens a file of an earlier run behind its records up to a moment; says how many.

        Those after it, of a run that has failed later, come again: they go.
        """
        now = begin.elapsed_seconds
        with self._failures(path, "exists and cannot be read", _DAMAGED):
            self._file = file = import_netcdf4().Dataset(path, "a")
            file.set_auto_maskandscale(False)
            if difference := self._layout.difference(file):
                raise OutputError(
                    f"&ngcm_history file = '{path}' exists and cannot be continued: {difference};"
                    " move it away, or give this run another name"
                )
            ends = file["time_bounds"][:, 1]
        kept = int((ends <= now).sum())
        if kept and ends[kept - 1] != now:
            last = begin.advanced(int(ends[kept - 1]) - now).iso8601()
            raise OutputError(
                f"&ngcm_history file = '{path}' exists and cannot be continued: its records end"
                f" {last}, and the next begins {begin.iso8601()}; move it away, or give this run"
                " another name"
            )
        if kept < len(ends):
            _log.warning(
                "%s: %d records after %s, of a run that got further, are written anew",
                path, len(ends) - kept, begin.iso8601(),
            )  # fmt: skip
            self._shorten(path, kept)
        keep_little(self._file)
        return kept

    def _shorten(self, path: str, kept: int) -> None:
        """Replaces the open file by one with its first records only, whole or not at all."""
        old = self._file
        with replaced(Path(os.path.realpath(path))) as temporary:
            new = self._created(str(temporary))
            try:
                names = [name for name, each in old.variables.items() if "time" in each.dimensions]
                for place in range(kept):
                    for name in names:
                        new[name][place] = old[name][place]
            finally:
                new.close()
                old.close()
        self._file = import_netcdf4().Dataset(path, "a")
        self._file.set_auto_maskandscale(False)

    def _require_whole(self) -> None:
        if self._grown is not None:
            self._grown.require_whole()

    def _sync(self) -> None:
        self._file.sync()
        if self._grown is not None:
            self._grown.note()

    @contextlib.contextmanager
    def _failures(self, path: str, what: str, remedy: str = _NO_ROOM) -> Iterator[None]:
        try:
            yield
        except (OSError, RuntimeError, LookupError, AttributeError) as error:
            raise OutputError(
                f"&ngcm_history file = '{path}': {what} ({shown(error)}); {remedy}"
            ) from error
