"""Files that hold executables: each whole or not there, and of nobody but their user."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import stat
import tempfile
from pathlib import Path

from ngcm_coupler.errors import ConfigError

_log = logging.getLogger(__name__)

_MOST_BYTES = 4 << 30
"""What a store may grow to before the files go that have not been used for longest."""

_SUFFIX = ".executable"


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
        return Path(home) / "ngcm_coupler"
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
    the last of two that write the same one wins, with the same contents.
    """

    def __init__(self, place: Path) -> None:
        self.place = place

    def problem(self) -> str:
        """Why nothing can be kept here; '' if it can."""
        return _cannot_use(self.place)

    def size(self) -> int:
        """What is kept, of all runs [byte]."""
        files = self.place.glob(f"*{_SUFFIX}")
        return sum(path.stat().st_size for path in files)

    def read(self, name: str) -> bytes | None:
        """What is kept under a name; None if nothing is, or if it is not whole."""
        path = self.place / (name + _SUFFIX)
        try:
            with path.open("rb") as file:
                if not _is_private(os.fstat(file.fileno())):
                    _log.warning("%s is not used: others than its user could change it", path)
                    return None
                digest, contents = file.read(32), file.read()
            if hashlib.sha256(contents).digest() != digest:
                _log.warning("%s is damaged, and made anew", path)
                return None
        except OSError:
            return None
        with contextlib.suppress(OSError):
            os.utime(path)  # used now
        return contents

    def write(self, name: str, contents: bytes) -> bool:
        """Keeps contents under a name; whether that has worked."""
        path = self.place / (name + _SUFFIX)
        try:
            self.place.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self.place, suffix=".part", delete=False) as file:
                try:
                    file.write(hashlib.sha256(contents).digest())
                    file.write(contents)
                    file.flush()
                    Path(file.name).replace(path)
                except BaseException:
                    Path(file.name).unlink()
                    raise
        except OSError as error:
            _log.warning("nothing is kept for the next run: %s cannot be written (%s)", path, error)
            return False
        self._make_room()
        return True

    def remove(self, name: str) -> None:
        """Forgets what is kept under a name."""
        with contextlib.suppress(OSError):
            (self.place / (name + _SUFFIX)).unlink()

    def _make_room(self) -> None:
        """Removes the files that have not been used for longest, as far as the store is too big."""
        with contextlib.suppress(OSError):  # another process removes the same ones
            files = [(path, path.stat()) for path in self.place.iterdir() if path.is_file()]
            size = sum(found.st_size for _, found in files)
            for path, found in sorted(files, key=lambda entry: entry[1].st_mtime):
                if size <= _MOST_BYTES:
                    break
                path.unlink(missing_ok=True)
                size -= found.st_size


def _cannot_use(place: Path) -> str:
    """Why a folder cannot be written to; '' if it can, or can be made."""
    existing = place
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    if not existing.is_dir():
        return f"{existing} is not a folder"
    if not os.access(existing, os.W_OK | os.X_OK):
        return f"{existing} cannot be written to"
    return ""


def _is_private(found: os.stat_result) -> bool:
    """Whether only its user, who is this one or root, can change a file: it is run as it is."""
    others = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return not others and found.st_uid in (os.geteuid(), 0)
