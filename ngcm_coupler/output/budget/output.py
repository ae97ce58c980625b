"""The ledger of every interval as a CF netCDF file."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ngcm_coupler.clock import Clock
from ngcm_coupler.errors import OutputError
from ngcm_coupler.files import Grown
from ngcm_coupler.files.foreign import BUDGET_TITLE
from ngcm_coupler.files.netcdf import exclusive, keep_little, left_open
from ngcm_coupler.output import disk_space
from ngcm_coupler.output.budget.entries import Entry
from ngcm_coupler.output.budget.ledger import Ledger

_FILL_VALUE = 1.0e20

_CHUNK_BYTES = 4096
"""What netCDF takes of the disk at once for a variable of one number a record."""


class BudgetFile:
    """Writes one record an interval and leaves a complete file after each."""

    def __init__(
        self,
        path: str,
        ledger: Ledger,
        start: Clock,
        attributes: Mapping[str, str],
        provenance: Mapping[str, str],
    ) -> None:
        """Creates the file.

        Args:
          path: file to write; an old one of that name is replaced.
          ledger: whose entries are written.
          start: clock at the beginning of the run.
          attributes: global attributes, such as the model.
          provenance: name of an exported field -> where its values come from.

        Raises:
          OutputError: the file cannot be created.
        """
        self._path = path
        self._ledger = ledger
        count = len(ledger.entries) + 2
        self._record_bytes = disk_space.record_bytes(count * _CHUNK_BYTES, count)
        try:
            with left_open(path, "w", format="NETCDF4") as self._file:
                self._define(start, attributes, provenance)
                keep_little(self._file)
                self._file.sync()
                self._grown = Grown(path)
        except (OSError, RuntimeError) as error:
            raise OutputError(
                f"&ngcm_history budget_file = '{path}' cannot be created ({error}); check folder,"
                " permission and free space"
            ) from error

    def write(self) -> None:
        """Appends the last interval of the ledger.

        Raises:
          OutputError: the disk is full, or the file has gone.
        """
        clock = self._ledger.clock
        assert clock is not None
        try:
            with exclusive():
                self._grown.require_whole()
                disk_space.take(self._path, self._record_bytes)
                record = self._file.dimensions["time"].size
                begin = clock.elapsed_seconds - self._ledger.interval_seconds
                self._file["time"][record] = clock.elapsed_seconds
                self._file["time_bounds"][record] = begin, clock.elapsed_seconds
                for name, value in self._ledger.last.items():
                    self._file[name][record] = _FILL_VALUE if np.isnan(value) else value
                self._file.sync()
                self._grown.note()
        except (OSError, RuntimeError) as error:
            raise OutputError(
                f"&ngcm_history budget_file = '{self._path}': the record of {clock.iso8601()}"
                f" cannot be written ({error}); the records before it are complete; make room on"
                " the disk, or name another file"
            ) from error

    def close(self) -> None:
        """Closes the file.

        Raises:
          OutputError: what is left cannot be written.
        """
        try:
            with exclusive():
                try:
                    self._grown.require_whole()
                finally:
                    self._file.close()
                disk_space.give_back(self._path)
        except (OSError, RuntimeError) as error:
            raise OutputError(
                f"&ngcm_history budget_file = '{self._path}' cannot be completed ({error}); check"
                " the free space of the disk"
            ) from error

    def _define(
        self, start: Clock, attributes: Mapping[str, str], provenance: Mapping[str, str]
    ) -> None:
        file = self._file
        file.setncatts({"Conventions": "CF-1.11", **attributes, "title": BUDGET_TITLE})
        file.createDimension("time", None)
        file.createDimension("bnds", 2)
        time = file.createVariable("time", "i8", ("time",))
        time.setncatts(
            {
                "standard_name": "time",
                "units": start.time_units,
                "calendar": start.calendar,
                "axis": "T",
                "bounds": "time_bounds",
            }
        )
        file.createVariable("time_bounds", "i8", ("time", "bnds"))
        for entry in self._ledger.entries:
            variable = file.createVariable(entry.name, "f8", ("time",), fill_value=_FILL_VALUE)
            variable.setncatts(_attributes(entry, provenance))


def _attributes(entry: Entry, provenance: Mapping[str, str]) -> dict[str, str]:
    """CF attributes of an entry, with its sign and where it comes from."""
    time = "time: mean" if entry.averaging == "interval_mean" else "time: point"
    attributes = {
        "long_name": entry.description,
        "units": entry.units,
        "cell_methods": f"{time} area: mean" + (f" where {entry.surface}" * bool(entry.surface)),
        "over_time": entry.over,
        "provenance": provenance.get(entry.field, "budget: sum of other entries"),
    }
    if entry.positive:
        attributes["positive_direction"] = entry.positive
    return attributes
