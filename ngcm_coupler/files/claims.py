"""Who writes a file: two runs that write the same one would ruin it.

Beside every file that a run writes stands a lock, ``.NAME.lock``, from before the file is opened
until the run has closed it; it says who holds it. The system lets go of a lock when its process
ends, however it ends, so that what a killed run leaves stops nobody. Some network disks know locks
on one machine only, or none. So whoever holds one touches it every few seconds, and where the
system knows of no holder, a lock that another machine has left is watched until it must have been
touched.
"""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import logging
import os
import platform
import re
import stat
import threading
import time
import weakref
from pathlib import Path

from ngcm_coupler.errors import OutputError
from ngcm_coupler.files.lockers import is_locked, locker
from ngcm_coupler.files.own import OwnFiles

BEAT_SECONDS = 3.0
"""How often a lock is touched."""

WATCH_SECONDS = 10.0
"""How long one is watched that another machine has left."""

_log = logging.getLogger(__name__)

_FORM = re.compile(rb"ngcm_coupler on (\S+), process (\d+), since (\S+)\n")


class Claims:
    """The files that one component writes; from `take` to `release` nobody else may."""

    def __init__(self) -> None:
        """Holds nothing yet."""
        self._held, self._own = _Held(), OwnFiles()
        # Also of a component that nobody closes, and as the interpreter ends.
        self._finalizer = weakref.finalize(self, _let_go, self._held)

    def take(self, path: str | Path, what: str, *, whole: bool = False) -> None:
        """Claims a file that is to be written; one that is held already stays so.

        Args:
          path: the file, or folder.
          what: its name in messages.
          whole: whether it is only ever replaced as a whole, so that parts of one process need
            not keep out of each other's way.

        Raises:
          OutputError: another run writes it, or this one has it by another name; says which.
        """
        self.require_other(path, what, whole=whole)
        self._own.add(path, what, whole=whole)
        file = Path(os.path.realpath(path))
        lock = file.with_name(f".{file.name}.lock")
        if lock in self._held.locks:
            return
        try:
            descriptor = _taken(lock)
            try:
                if not whole:
                    _require_unlocked(file)
            except BaseException:
                _give_back(lock, descriptor)
                raise
        except _HeldError as error:
            if whole and error.is_this_process:
                return
            raise OutputError(
                f"{what} is being written by {error}; wait until that has ended, or give this run"
                " other names"
            ) from error
        except OSError as error:
            _log.warning(
                "%s cannot be claimed (%s): see to it that no other run writes it", what, error
            )
            return
        with self._held.changed:
            self._held.locks[lock] = descriptor
            if len(self._held.locks) == 1:
                threading.Thread(
                    target=_beat, args=(self._held,), name="ngcm_coupler locks", daemon=True
                ).start()

    def keep(self, path: str | Path, what: str, *, whole: bool = False) -> None:
        """Notes a file that is read, over which nothing may be written.

        Args:
          path: the file.
          what: its name in messages.
          whole: whether it may be replaced as a whole: a restart, by one of later.
        """
        self._own.add(path, what, whole=whole)

    def require_other(self, path: str | Path, what: str, *, whole: bool = False) -> None:
        """Refuses a file that is kept, or claimed by another name. See `OwnFiles`.

        Raises:
          OutputError: says which.
        """
        self._own.require_other(path, what, whole=whole)

    def release(self) -> None:
        """Gives all files back."""
        self._finalizer()


def require_free(path: str | Path, what: str) -> None:
    """Refuses a file that a run is writing.

    Raises:
      OutputError: says which run.
    """
    claims = Claims()
    try:
        claims.take(path, what)
    finally:
        claims.release()


class _Held:
    """What `Claims` and its thread share.

    Attributes:
      changed: lock of the rest, and notice of its end.
      locks: lock -> its descriptor.
      ended: whether all have been given back.
    """

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.locks: dict[Path, int] = {}
        self.ended = False


class _HeldError(Exception):
    """A lock that somebody holds; the message says who."""

    def __init__(self, found: bytes, opened: int) -> None:
        """Takes what the lock says, and a descriptor of it in case that this is nothing."""
        holder = _FORM.fullmatch(found)
        self.is_this_process = found == _own_text(holder[3] if holder else b"")
        who = found.decode(errors="replace").strip() if holder else locker(opened)
        super().__init__(f"this very process ({who})" if self.is_this_process else who)


def _own_text(since: bytes) -> bytes:
    host = re.sub(r"\s", "_", platform.node()) or "unknown"
    return f"ngcm_coupler on {host}, process {os.getpid()}, since ".encode() + since + b"\n"


def _taken(lock: Path) -> int:
    """Takes a lock and gives its descriptor.

    Raises:
      _HeldError: somebody holds it.
      OSError: no lock can be made there.
    """
    while True:
        descriptor = os.open(
            lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666
        )
        try:
            opened = os.fstat(descriptor)
            if not stat.S_ISREG(opened.st_mode):
                raise OSError(f"{lock} is no file")
            locks = _locked(descriptor)
            # Who has held it may have removed it since it was opened.
            if _is_at(lock, opened):
                _write_holder(lock, descriptor, locks=locks)
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    """Locks a file; says whether this disk has locks.

    Raises:
      _HeldError: somebody holds it.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise _HeldError(os.pread(descriptor, 4096, 0), descriptor) from None
    except OSError:
        return False
    return True


def _write_holder(lock: Path, descriptor: int, *, locks: bool) -> None:
    """Writes this process into a lock that nobody holds, as far as the system knows."""
    found = os.pread(descriptor, 4096, 0)
    holder = _FORM.fullmatch(found)
    if found and not holder:
        raise OSError(f"{lock} is no lock of ngcm_coupler")
    own = _own_text(datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds").encode())
    elsewhere = holder is not None and not own.startswith(found[: found.index(b",") + 1])
    if (elsewhere or (holder and not locks)) and _is_touched(lock):
        raise _HeldError(found, descriptor)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, own, 0)


def _is_touched(lock: Path) -> bool:
    """Whether a process that the system here knows nothing of still touches a lock."""
    _log.info("watching for %.0f s whether who has left %s still runs", WATCH_SECONDS, lock)
    end, first = time.monotonic() + WATCH_SECONDS, _touched(lock)
    while time.monotonic() < end:
        time.sleep(min(1.0, BEAT_SECONDS))
        if _touched(lock) != first:
            return True
    return False


def _touched(lock: Path) -> int:
    """When a lock was touched. A network disk asks its server where a file is opened anew."""
    with lock.open("rb") as file:
        return os.fstat(file.fileno()).st_mtime_ns


def _require_unlocked(file: Path) -> None:
    """Refuses a file that a program without claims has open: HDF5 has locks of its own.

    It would truncate the file before it looks at them.

    Raises:
      _HeldError: it is open elsewhere.
    """
    if file.is_file() and is_locked(file):
        with file.open("rb") as opened:
            raise _HeldError(b"", opened.fileno())


def _is_at(path: Path, opened: os.stat_result) -> bool:
    try:
        found = path.stat()
    except FileNotFoundError:
        return False
    return (found.st_dev, found.st_ino) == (opened.st_dev, opened.st_ino)


def _beat(held: _Held) -> None:
    """The thread that touches what is held."""
    with held.changed:
        while not held.changed.wait_for(lambda: held.ended, BEAT_SECONDS):
            for descriptor in held.locks.values():
                with contextlib.suppress(OSError):
                    os.utime(descriptor)


def _let_go(held: _Held) -> None:
    with held.changed:
        held.ended = True
        held.changed.notify_all()
        while held.locks:
            _give_back(*held.locks.popitem())


def _give_back(lock: Path, descriptor: int) -> None:
    with contextlib.suppress(OSError):
        if _is_at(lock, os.fstat(descriptor)):
            lock.unlink()
    os.close(descriptor)
