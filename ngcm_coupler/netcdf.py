"""The one place where the netCDF library enters the process, and where its users take turns."""

from __future__ import annotations

import contextlib
import importlib
import math
import os
import sys
import threading
from collections.abc import Iterator
from types import ModuleType
from typing import Any

_LOCK = threading.RLock()


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
    """
    with exclusive(), import_netcdf4().Dataset(path, mode, **options) as file:
        yield file


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
