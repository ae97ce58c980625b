"""Room on the disk for a record, taken before it is written.

Where the disk is full in the midst of a write, HDF5 leaves a file that nobody can read: not the
records before either. So the room is there first, or the file stays as it is.
"""

from __future__ import annotations

import ctypes
import errno
import os
import resource
from pathlib import Path

_KEEP_SIZE = 1
"""Take blocks behind the end of a file without making it longer. Source: fallocate(2)."""

_RECORD_OVERHEAD = 1 << 16
_CHUNK_OVERHEAD = 1 << 14
"""Room for what HDF5 keeps of a record and of each of its chunks, many times what it takes."""


def record_bytes(data_bytes: int, chunks: int) -> int:
    """The most that a record can take on the disk, badly compressed [byte].

    Args:
      data_bytes: size of its data.
      chunks: in how many pieces it is written.
    """
    return 2 * data_bytes + _CHUNK_OVERHEAD * chunks + _RECORD_OVERHEAD


def take(path: str, size: int) -> None:
    """Makes sure that a file can grow by so many bytes.

    Raises:
      OSError: there is no room, or a limit of the process is in the way.
    """
    limit, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Path(path).open("rb+") as file:
        end = os.fstat(file.fileno()).st_size
        if limit != resource.RLIM_INFINITY and end + size > limit:
            raise OSError(errno.EFBIG, f"files may grow to {limit} bytes here (ulimit -f)")
        if _fallocate(file.fileno(), end, size):
            return
    # A disk that takes no blocks beforehand, as some network ones.
    free = os.statvfs(path)
    if free.f_bavail * free.f_frsize < size:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def give_back(path: str) -> None:
    """Returns what `take` has taken behind the end of a file and nobody has used."""
    os.truncate(path, Path(path).stat().st_size)


def _fallocate(descriptor: int, offset: int, size: int) -> bool:
    """Takes blocks; says whether this disk can."""
    library = ctypes.CDLL(None, use_errno=True)
    function = getattr(library, "fallocate64", None)
    if function is None:  # not on Linux
        return False
    function.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_longlong, ctypes.c_longlong]
    if function(descriptor, _KEEP_SIZE, offset, size) == 0:
        return True
    number = ctypes.get_errno()
    if number in (errno.EOPNOTSUPP, errno.ENOSYS):
        return False
    raise OSError(number, os.strerror(number))
