"""Files that hold executables: each whole or not there, and of nobody but their user."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import re
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ngcm_coupler.device.compilation import ownership
from ngcm_coupler.errors import ConfigError

_log = logging.getLogger(__name__)

_MOST_BYTES = 4 << 30
"""What a store may grow to before the files go that have not been used for longest."""

_FULL = "of the compiled code that is kept, more than 4 GiB, it has not been used for longest"

_HEAD = b"ngcm_coupler executable 1\n"
"""How every file of a store begins; the digest of the rest follows, and the rest."""

_SUFFIX, _UNFINISHED = ".executable", ".part"
_NAME = re.compile(r"\.?\w+-[0-9a-f]{24}\.executable(\.\w+\.part)?", re.ASCII)
"""What files of a store are called, and those whose writer has been killed."""


def folder(setting: str) -> Path:
    """Where compiled code is kept.

    Args:
      setting: cache_folder of &ngcm_device; empty for ``ngcm_coupler`` in the user's cache folder,
        $XDG_CACHE_HOME or ~/.cache, and for a temporary folder where there is no home.

    Raises:
      ConfigError: the folder that the setting names cannot be written to.
    """
    if not setting:
        try:
            home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        except RuntimeError:  # a container's user without a name
            return Path(tempfile.gettempdir()) / f"ngcm_coupler-{os.geteuid()}"
        own = Path(home) / "ngcm_coupler"
        with contextlib.suppress(OSError):
            # Earlier versions have let the group write, where it may to all that the user makes.
            if (found := own.stat()).st_uid == os.geteuid() and found.st_mode & 0o022:
                own.chmod(found.st_mode & ~0o022)
        return own
    place = Path(setting)
    if problem := _cannot_use(place):
        raise ConfigError(
            f"&ngcm_device cache_folder = '{setting}': {problem}; name a folder of your own, or set"
            " keep_compiled = 'nothing'"
        )
    return place


class Store:
    """A folder of executables by name.

    Any number of processes may use it at once: a file appears under its name when it is whole, and
    the last of two that write the same one wins, with the same contents. Whatever else the folder
    holds is not touched.
    """

    def __init__(self, place: Path) -> None:
        self.place = place

    def problem(self) -> str:
        """Why nothing can be kept here; '' if it can."""
        return _cannot_use(self.place) or ownership.problem(self.place)

    def size(self) -> int:
        """What is kept, of all runs [byte]."""
        return sum(found.st_size for _, found in self._files())

    def read(self, name: str) -> bytes | None:
        """What is kept under a name; None if nothing is, or if it is not whole or not private."""
        path = self.place / (name + _SUFFIX)
        try:
            with _opened(path) as file:
                private = ownership.is_private(os.fstat(file.fileno()))
                if not private or (problem := ownership.problem(self.place)):
                    reason = problem if private else "others than its user could change it"
                    _log.warning("%s is not used: %s", path, reason)
                    return None
                head, digest, contents = file.read(len(_HEAD)), file.read(32), file.read()
            if head != _HEAD or hashlib.sha256(contents).digest() != digest:
                _log.warning("%s is damaged, and made anew", path)
                return None
        except (OSError, ValueError):
            return None
        with contextlib.suppress(OSError):
            os.utime(path)  # used now
        return contents

    def write(self, name: str, contents: bytes) -> bool:
        """Keeps contents under a name; whether that has worked."""
        path = self.place / (name + _SUFFIX)
        try:
            self.place.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(
                dir=self.place, prefix=f".{path.name}.", suffix=_UNFINISHED, delete=False
            ) as file:
                try:
                    file.write(_HEAD)
                    file.write(hashlib.sha256(contents).digest())
                    file.write(contents)
                    file.flush()
                    Path(file.name).replace(path)
                except BaseException:
                    Path(file.name).unlink()
                    raise
        except (OSError, ValueError) as error:
            _log.warning("nothing is kept for the next run: %s cannot be written (%s)", path, error)
            return False
        self._make_room()
        return True

    def remove(self, name: str) -> None:
        """Forgets what is kept under a name."""
        with contextlib.suppress(OSError):
            (self.place / (name + _SUFFIX)).unlink()

    def _files(self) -> Iterator[tuple[Path, os.stat_result]]:
        """The files that are this store's and this user's by their names, whatever they hold."""
        with contextlib.suppress(OSError):
            for path in self.place.iterdir():
                with contextlib.suppress(OSError):  # another process has removed it
                    found = path.lstat()
                    ours = stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid()
                    if ours and _NAME.fullmatch(path.name):
                        yield path, found

    def _make_room(self) -> None:
        """Removes what has not been used for longest, as far as the store is too big."""
        files = list(self._files())
        size = sum(found.st_size for _, found in files)
        for path, found in sorted(files, key=lambda entry: entry[1].st_mtime):
            if size <= _MOST_BYTES:
                break
            with contextlib.suppress(OSError):  # another process removes the same ones
                if _begins_as_ours(path):
                    path.unlink()
                    _log.info("%s is removed: %s", path, _FULL)
            size -= found.st_size  # what is not ours by its contents takes no room of ours


def _opened(path: Path) -> BinaryIO:
    """A file to be read, which is no link and not waited for."""
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")


def _begins_as_ours(path: Path) -> bool:
    with _opened(path) as file:
        return file.read(len(_HEAD)) == _HEAD


def _cannot_use(place: Path) -> str:
    """Why a folder cannot be written to; '' if it can, or can be made."""
    existing = place
    while not os.path.exists(existing) and existing != existing.parent:  # noqa: PTH110  (no errors)
        existing = existing.parent
    if not existing.is_dir():
        return f"{existing} is not a folder"
    if not os.access(existing, os.W_OK | os.X_OK):
        return f"{existing} cannot be written to"
    return ""
