"""The one place where the netCDF library enters the process, and where its users take turns."""

from __future__ import annotations

import contextlib
import importlib
import math
import mmap
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from ngcm_coupler.errors import LONGEST_PATH, shown
from ngcm_coupler.files.whole import require_file, require_folder

_LOCK = threading.RLock()

_CLASSIC = {b"CDF\1": (4, 4), b"CDF\2": (4, 8), b"CDF\5": (8, 8)}
"""How a classic file begins -> bytes of a count and of an offset."""

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 4, 6: 8, 7: 1, 8: 2, 9: 4, 10: 8, 11: 8}
"""Number of a type in a classic file -> bytes of a value."""


def import_netcdf4() -> ModuleType:
    """Imports ``netCDF4``, safely inside a host that is linked to netCDF itself.

    The wheel brings its own libnetcdf and libhdf5. In a process that has already loaded the
    system's libraries, symbols of the same name would bind to those and crash. With
    ``RTLD_DEEPBIND`` the wheel's libraries look into themselves first. The flag holds for this
    import only.
    """
    if "netCDF4" in sys.modules or not hasattr(os, "RTLD_DEEPBIND"):
        return importlib.import_module("netCDF4")
    flags = sys.getdlopenflags()
    sys.setdlopenflags(os.RTLD_NOW | os.RTLD_DEEPBIND)
    try:
        return importlib.import_module("netCDF4")
    finally:
        sys.setdlopenflags(flags)


@contextlib.contextmanager
def exclusive() -> Iterator[None]:
    """Keeps all other threads from netCDF as long as it lasts; may be nested.

    The library keeps tables of its own that threads would corrupt, also where each has a file of
    its own, and ``netCDF4`` lets other threads run while it is inside. A run writes its history in
    a thread, so everything that a run does with netCDF stands in one of these.
    """
    with _LOCK:
        yield


@contextlib.contextmanager
def open_dataset(path: str | os.PathLike[str], mode: str = "r", **options: Any) -> Iterator[Any]:
    """Opens a file for as long as the block lasts, in which no other thread uses netCDF.

    Args:
      path: the file.
      mode: as ``netCDF4.Dataset`` takes it.
      **options: of ``netCDF4.Dataset``.

    Raises:
      OSError, RuntimeError: it cannot be opened.
    """
    if mode == "r":
        require_sound_header(path)
    with exclusive(), import_netcdf4().Dataset(path, mode, **options) as file:
        yield file


@contextlib.contextmanager
def left_open(path: str | os.PathLike[str], mode: str, **options: Any) -> Iterator[Any]:
    """Opens a file that stays open after the block, unless that fails. See `open_dataset`."""
    if mode != "r":
        require_folder(Path(path))
    with exclusive():
        file = import_netcdf4().Dataset(path, mode, **options)
        try:
            yield file
        except BaseException:
            with contextlib.suppress(OSError, RuntimeError):
                file.close()
            raise


def unreadable(path: str | os.PathLike[str], error: BaseException) -> str:
    """What is to be said of a file of a run that cannot be opened: its run may hold it."""
    return (
        f"{shown(path, LONGEST_PATH)} cannot be read ({shown(error)}); if its run still writes it,"
        " wait for its end or set HDF5_USE_FILE_LOCKING=FALSE"
    )


def keep_little(file: Any) -> None:
    """Bounds the memory that a file takes which is written record by record.

    The library keeps what has been written, 64 MiB of every variable by default: gigabytes in the
    weeks of a run. Two chunks are enough for records that come in their order.

    Args:
      file: a ``netCDF4.Dataset`` that is being written, with all its variables.
    """
    for variable in file.variables.values():
        chunks = variable.chunking()
        if chunks not in (None, "contiguous"):
            variable.set_var_chunk_cache(size=2 * variable.dtype.itemsize * math.prod(chunks))


def require_sound_header(path: str | os.PathLike[str]) -> None:
    """Refuses a classic file whose header announces more than the file has room for.

    The library makes room for whatever a damaged number in it says, gigabytes, and searches that.
    Files of HDF5 are left to their library, which looks for itself.

    Raises:
      OSError: it does, is no regular file (a pipe would be waited for), or cannot be read.
    """
    found = Path(path)
    require_file(found)
    if not found.exists():
        return  # the library says so
    with found.open("rb") as file:
        if sizes := _CLASSIC.get(file.read(4)):
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                _Header(data, *sizes).read()


class _Header:
    """A place in a classic file's header, which goes on with each part that is read.

    Source: NetCDF User's Guide, appendix "File Format Specifications", the classic format.
    """

    def __init__(self, data: mmap.mmap, count: int, offset: int) -> None:
        """Begins behind the four bytes that tell the format."""
        self._data, self._place = data, 4
        self._count, self._offset = count, offset

    def read(self) -> None:
        """Goes through dimensions, attributes and variables."""
        self._skip(self._count)
        for _ in range(self._members()):
            self._name()
            self._skip(self._count)
        self._attributes()
        for _ in range(self._members()):
            self._name()
            self._skip(self._count * self._number(self._count))
            self._attributes()
            self._skip(4 + self._count + self._offset)

    def _attributes(self) -> None:
        for _ in range(self._members()):
            self._name()
            size = _SIZES.get(self._number(4), len(self._data))
            self._skip(size * self._number(self._count))

    def _members(self) -> int:
        """The number of members of a list, of which each takes eight bytes or more."""
        self._skip(4)
        members = self._number(self._count)
        self._require(8 * members)
        return members

    def _name(self) -> None:
        self._skip(self._number(self._count))

    def _number(self, size: int) -> int:
        start = self._place
        self._skip(size)
        return int.from_bytes(self._data[start : self._place], "big")

    def _skip(self, size: int) -> None:
        """Goes on by that many bytes, up to a multiple of four."""
        self._require(size)
        self._place += size + -size % 4

    def _require(self, size: int) -> None:
        if self._place + size > len(self._data):
            raise OSError("its header announces more than the file has room for")
