"""Which program has locked a file, as far as the system tells."""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import os
import platform
import time
from collections.abc import Iterator
from pathlib import Path

from ngcm_coupler.errors import shown

_LOCKS = Path("/proc/locks")


def is_locked(file: Path, *, to_write: bool = False) -> bool:
    """Whether a program has a file open that HDF5 would not share: it has locks of its own.

    Args:
      file: the file.
      to_write: whether to ask after programs that write it alone; who asks so is seen by nobody
        else who does.
    """
    with contextlib.suppress(OSError), file.open("r+b") as opened:
        try:
            fcntl.flock(opened, (fcntl.LOCK_SH if to_write else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def locker(opened: int) -> str:
    """Who has locked a file, in words.

    Of a lock that another machine has, and where Linux tells nothing, it says no name.

    Args:
      opened: a descriptor of the file.
    """
    with contextlib.suppress(OSError, ValueError, IndexError):
        for number in _holders(os.fstat(opened)):
            return _described(number)
    return "a program that has it open"


def _holders(file: os.stat_result) -> Iterator[int]:
    """The processes that have locked a file; all of their numbers are those seen from here."""
    for line in _LOCKS.read_text().splitlines():
        # As "1: FLOCK ADVISORY WRITE 4711 fe:00:131090 0 EOF"; one that waits has an arrow.
        words = line.split()
        if "->" in words or not {"FLOCK", "OFDLCK"} & {*words}:
            continue
        number, (*device, inode) = int(words[-4]), words[-3].split(":")
        if int(inode) == file.st_ino and _has_open(
            number, file, [int(part, 16) for part in device]
        ):
            yield number


def _has_open(number: int, file: os.stat_result, device: list[int]) -> bool:
    """Whether a process has a file open: the device in a lock is not always that of `stat`.

    What another user's process has open the system does not tell; there the device decides.
    """
    try:
        descriptors = list(Path(f"/proc/{number}/fd").iterdir())
    except PermissionError:
        return device == [os.major(file.st_dev), os.minor(file.st_dev)]
    except OSError:  # it has ended
        return False
    for descriptor in descriptors:
        with contextlib.suppress(OSError):
            if os.path.samestat(descriptor.stat(), file):
                return True
    return False


def _described(number: int) -> str:
    place = Path(f"/proc/{number}")
    name = shown((place / "comm").read_text(errors="replace"), 40) or "a program"
    # The name in parentheses may hold blanks and parentheses itself.
    ticks = int((place / "stat").read_text(errors="replace").rpartition(")")[2].split()[19])
    booted = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    since = datetime.datetime.fromtimestamp(
        booted + ticks / os.sysconf("SC_CLK_TCK"), datetime.UTC
    ).isoformat(timespec="seconds")
    return f"{name} on {platform.node() or 'unknown'}, process {number}, since {since}"
