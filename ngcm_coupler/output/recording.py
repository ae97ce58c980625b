"""Recordings: all that goes into the atmosphere and out of it, to run it again without its host.

The file is written as the run goes. What comes in is on the disk before an interval is computed,
so that a run that dies in it leaves what it died of. It is a classic netCDF file, whose bytes stay
where they are as it grows: nothing that is written later can damage an earlier interval.
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ngcm_coupler.clock.calendars import date_problem
from ngcm_coupler.errors import DataError, OutputError, reading, shown
from ngcm_coupler.fields import Field
from ngcm_coupler.files import Grown
from ngcm_coupler.files.foreign import RECORDING_TITLE
from ngcm_coupler.files.netcdf import exclusive, import_netcdf4, left_open, require_sound_header
from ngcm_coupler.grid import Grid

FORMAT_VERSION = 1

_DATE_LENGTH = 32
_FAILURE_LENGTH = 1024
_PREFIX = "header_"
_UNFINISHED, _COMPLETED, _FAILED = range(3)


class Recorder:
    """Writes a recording: `begin` before and `complete` or `fail` after every interval."""

    def __init__(
        self,
        path: str,
        grid: Grid,
        imports: Sequence[Field],
        exports: Sequence[Field],
        header: Mapping[str, str],
        restart: bytes,
    ) -> None:
        """Creates the file.

        Args:
          path: file to write; an old one of that name is replaced.
          grid: grid of the fields.
          imports: fields of the rows of the import array.
          exports: fields of the rows of the export array.
          header: what the run is and where it runs: names of letters and underscores -> text.
          restart: restart file of the state before the first interval.

        Raises:
          OutputError: the file cannot be created.
        """
        self._path = path
        self._shape = (grid.nlat, grid.nlon)
        self._fields = {"import": tuple(imports), "export": tuple(exports)}
        self._record = -1
        try:
            # The fifth classic format has variables of any size and types without a sign.
            with left_open(path, "w", format="NETCDF3_64BIT_DATA") as self._file:
                self._define(grid, header, len(restart))
                self._file["lat"][:] = grid.latitudes
                self._file["lon"][:] = grid.longitudes
                self._file["restart"][:] = np.frombuffer(restart, np.uint8)
                self._to_disk()
                self._grown = Grown(path)
        except (OSError, RuntimeError) as error:
            raise OutputError(
                f"&ngcm_recording file = '{path}' cannot be created ({error}); check folder,"
                " permission and free space"
            ) from error

    def begin(self, date: str, values: np.ndarray) -> None:
        """Brings the imports of an interval to the disk, before it is computed.

        Args:
          date: at the beginning of the interval, as `Clock.iso8601` gives it.
          values: imports as the device has them, float32, shape (len(imports), n).

        Raises:
          OutputError: the disk is full, or the file has gone.
        """
        self._record += 1
        self._write("import", values, {"date": _characters(date, _DATE_LENGTH)}, _UNFINISHED)

    def complete(self, values: np.ndarray) -> None:
        """Adds the exports of the interval begun last, float32, shape (len(exports), n).

        Raises:
          OutputError: the disk is full, or the file has gone.
        """
        self._write("export", values, {}, _COMPLETED)

    def fail(self, message: str) -> None:
        """Adds why the interval begun last could not be computed.

        Raises:
          OutputError: the disk is full, or the file has gone.
        """
        failure = _characters(message, _FAILURE_LENGTH)
        self._write("export", None, {"failure": failure}, _FAILED)

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
        except (OSError, RuntimeError) as error:
            raise OutputError(
                f"&ngcm_recording file = '{self._path}' cannot be completed ({error})"
            ) from error

    def _write(
        self, kind: str, values: np.ndarray | None, more: Mapping[str, np.ndarray], state: int
    ) -> None:
        record = self._record
        try:
            with exclusive():
                self._grown.require_whole()
                if values is not None:
                    for row, field in zip(values, self._fields[kind], strict=True):
                        self._file[field.name][record] = row.reshape(self._shape)
                    digests = [np.frombuffer(_digest(row), np.uint8) for row in values]
                    self._file[f"{kind}_sha256"][record] = np.stack(digests)
                for name, array in more.items():
                    self._file[name][record] = array
                self._file["state"][record] = state
                self._to_disk()
                self._grown.note()
        except (OSError, RuntimeError) as error:
            raise OutputError(
                f"&ngcm_recording file = '{self._path}': interval {record + 1} cannot be written"
                f" ({error}); the intervals before it are complete"
            ) from error

    def _to_disk(self) -> None:
        self._file.sync()
        with Path(self._path).open("rb") as written:
            os.fsync(written.fileno())

    def _define(self, grid: Grid, header: Mapping[str, str], restart_size: int) -> None:
        """Dimensions, variables and global attributes."""
        file = self._file
        sizes = {
            "interval": None, "lat": grid.nlat, "lon": grid.nlon, "byte": restart_size,
            "import": len(self._fields["import"]), "export": len(self._fields["export"]),
            "digest": hashlib.sha256().digest_size, "date_length": _DATE_LENGTH,
            "failure_length": _FAILURE_LENGTH,
        }  # fmt: skip
        for name, size in sizes.items():
            file.createDimension(name, size)
        attributes = {_PREFIX + name: text for name, text in header.items()}
        for kind, fields in self._fields.items():
            attributes[f"{kind}s"] = " ".join(field.name for field in fields)
        file.setncatts({"title": RECORDING_TITLE, "format_version": FORMAT_VERSION, **attributes})
        file.createVariable("lat", "f8", ("lat",)).units = "degrees_north"
        file.createVariable("lon", "f8", ("lon",)).units = "degrees_east"
        restart = file.createVariable("restart", "u1", ("byte",))
        restart.long_name = "restart file of the state before the first interval"
        file.createVariable("state", "i1", ("interval",)).setncatts(
            {
                "flag_values": np.array([_UNFINISHED, _COMPLETED, _FAILED], np.int8),
                "flag_meanings": "unfinished completed failed",
            }
        )
        date = file.createVariable("date", "S1", ("interval", "date_length"))
        date.long_name = "date at the beginning of the interval"
        file.createVariable("failure", "S1", ("interval", "failure_length"))
        for kind, fields in self._fields.items():
            file.createVariable(f"{kind}_sha256", "u1", ("interval", kind, "digest"))
            for field in fields:
                created = file.createVariable(field.name, "f4", ("interval", "lat", "lon"))
                created.setncatts({"long_name": field.description, "units": field.units})


@dataclasses.dataclass(frozen=True)
class Interval:
    """One interval of a recording.

    Attributes:
      date: at its beginning.
      imports: what the device had, float32, shape (fields, n).
      exports: what came out, in the same form; None if the run did not complete it.
      failure: why it could not be computed; '' if it could, or if the run just ended.
    """

    date: str
    imports: np.ndarray
    exports: np.ndarray | None
    failure: str


class Recording:
    """A recording to read, also one that ends in the middle of an interval.

    Attributes:
      path: the file.
      header: what `Recorder` was given.
      imports: names of the imported fields.
      exports: names of the exported fields.
      restart: restart file of the state before the first interval.
      dates: beginning of every interval; '' of one that is damaged.
    """

    def __init__(self, path: str) -> None:
        """Opens a recording.

        Raises:
          DataError: the file is missing, no recording, of another version, or damaged.
        """
        self.path = path
        with exclusive(), reading(f"recording {shown(path)}", DataError):
            try:
                require_sound_header(path)
                self._file = import_netcdf4().Dataset(path, "r")
            except (OSError, RuntimeError, UnicodeError) as error:
                raise DataError(f"recording {path} cannot be read: {shown(error)}") from error
            try:
                self._open()
            except BaseException as error:
                self._file.close()
                if isinstance(error, (RuntimeError, UnicodeError)):
                    raise self._damage(shown(error)) from error
                raise

    def _open(self) -> None:
        """Reads all but the intervals."""
        # Bits as they lie in the file, whatever attributes a damaged one has.
        self._file.set_auto_maskandscale(False)
        self._file.set_auto_chartostring(False)
        attributes = {name: self._file.getncattr(name) for name in self._file.ncattrs()}
        self._require_recording(attributes)
        self.header = {
            name.removeprefix(_PREFIX): str(text)
            for name, text in attributes.items()
            if name.startswith(_PREFIX)
        }
        self.imports = self._names(attributes, "imports")
        self.exports = self._names(attributes, "exports")
        self._require("restart", "u1", ("byte",))
        self._require("state", "i1", ("interval",))
        self._require("date", "S1", ("interval", "date_length"))
        self._require("failure", "S1", ("interval", "failure_length"))
        for kind, names in (("import", self.imports), ("export", self.exports)):
            self._require(f"{kind}_sha256", "u1", ("interval", kind, "digest"))
            if self._file.dimensions[kind].size != len(names):
                raise self._damage(f"{kind} has another size than there are names of {kind}s")
            for name in names:
                self._require(name, "f4", ("interval", "lat", "lon"))
        count, size = self._file.dimensions["interval"].size, Path(self.path).stat().st_size
        if max(count, self._file["restart"].size) > size:
            raise self._damage("restart or the intervals are longer than the whole file")
        self.restart = self._file["restart"][:].tobytes()
        dates = [_text(self._file["date"][record]) for record in range(count)]
        self.dates = ["" if date_problem(date) else date for date in dates]

    def interval(self, record: int) -> Interval:
        """The interval of that number, from 0.

        Raises:
          DataError: it is damaged; names the field.
        """
        if not self.dates[record]:
            raise DataError(
                f"recording {self.path} is damaged: interval {record + 1} has no date; use --until"
                " to replay what is before it"
            )
        what = f"recording {shown(self.path)}: interval {record + 1}"
        with exclusive(), reading(what, DataError):
            state = int(self._file["state"][record])
            if state not in (_UNFINISHED, _COMPLETED, _FAILED):
                raise self._damage(f"interval {record + 1} has the state {state}")
            failure = _text(self._file["failure"][record]) if state == _FAILED else ""
            imports = self._rows("import", self.imports, record)
            done = state == _COMPLETED
            exports = self._rows("export", self.exports, record) if done else None
        return Interval(self.dates[record], imports, exports, failure)

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def _rows(self, kind: str, names: Sequence[str], record: int) -> np.ndarray:
        rows = np.stack([self._file[name][record].reshape(-1) for name in names])
        digests = self._file[f"{kind}_sha256"][record]
        for name, row, digest in zip(names, rows, digests, strict=True):
            if _digest(row) != digest.tobytes():
                raise DataError(
                    f"recording {self.path} is damaged: {name} in the interval that begins"
                    f" {self.dates[record]} does not match its checksum; use --until to replay"
                    " what is before it"
                )
        return rows

    def _require_recording(self, attributes: Mapping[str, Any]) -> None:
        if attributes.get("title") != RECORDING_TITLE:
            raise DataError(
                f"{self.path} is not a recording of ngcm_coupler; give the file that"
                " &ngcm_recording names"
            )
        version = attributes.get("format_version", "(none)")
        if np.ndim(version) or version != FORMAT_VERSION:
            raise DataError(
                f"recording {self.path} has format version {shown(version)}; this ngcm_coupler"
                f" reads version {FORMAT_VERSION}"
            )

    def _require(self, name: str, kind: str, dims: tuple[str, ...]) -> None:
        """Refuses a variable of another type or shape than `Recorder` gives it."""
        variable = self._file.variables.get(name)
        if variable is None:
            raise self._damage(f"it has no variable {shown(name)}")
        if variable.dtype != np.dtype(kind) or variable.dimensions != dims:
            raise self._damage(
                f"{shown(name)} is of type {shown(variable.dtype)} on"
                f" {shown(', '.join(variable.dimensions)) or 'no dimension'}, expected {kind} on"
                f" {', '.join(dims)}"
            )
        # Sizes that a damaged head tells might ask for all the memory there is.
        records = variable.shape[0] if name == "date" else 1
        bytes_read = math.prod(variable.shape[1:]) * variable.dtype.itemsize * records
        if name == "restart":
            bytes_read = variable.size
        if bytes_read > Path(self.path).stat().st_size:
            raise self._damage(f"{name} is longer than the whole file")

    def _names(self, attributes: Mapping[str, Any], which: str) -> list[str]:
        names = attributes.get(which)
        if not isinstance(names, str):
            raise self._damage(f"its attribute {which} is {shown(names)}, expected names of fields")
        return names.split()

    def _damage(self, what: str) -> DataError:
        return DataError(
            f"recording {self.path} is damaged: {what}; copy it again, or record the run again"
        )


def _digest(row: np.ndarray) -> bytes:
    """SHA-256 of a field's bits."""
    return hashlib.sha256(np.ascontiguousarray(row, "<f4").tobytes()).digest()


def shortened(text: str, length: int = _FAILURE_LENGTH) -> str:
    """The text cut to that many bytes, as a recording has the message of a failure."""
    return text.encode(errors="replace")[:length].decode(errors="ignore")


def _characters(text: str, length: int) -> np.ndarray:
    return np.frombuffer(shortened(text, length).encode().ljust(length, b"\0"), "S1")


def _text(characters: np.ndarray) -> str:
    return characters.tobytes().rstrip(b"\0").decode(errors="replace")
