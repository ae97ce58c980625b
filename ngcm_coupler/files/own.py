"""The files of one run among themselves: it writes none that it reads or has by another name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from ngcm_coupler.errors import OutputError


class _Own(NamedTuple):
    """A file of the run.

    Attributes:
      what: its name in messages.
      file: where it is, links followed.
      whole: whether another one may take its place as a whole.
    """

    what: str
    file: str
    whole: bool


class OwnFiles:
    """The files that a run has told of so far."""

    def __init__(self) -> None:
        """Knows of none yet."""
        self._known: list[_Own] = []

    def add(self, path: str | Path, what: str, *, whole: bool) -> None:
        """Takes a file for one of the run's.

        Args:
          path: the file.
          what: its name in messages.
          whole: whether another one may take its place as a whole: a restart, once it is read.
        """
        self._known.append(_Own(what, os.path.realpath(path), whole))

    def require_other(self, path: str | Path, what: str, *, whole: bool) -> None:
        """Refuses to write into a file that is one of the run's already.

        Args:
          path: the file.
          what: its name in messages; a file of that name is this very one.
          whole: whether it is replaced as a whole, which leaves other names of the file alone.

        Raises:
          OutputError: says which.
        """
        file = os.path.realpath(path)
        for own in self._known:
            if own.what == what or (own.whole and whole):
                continue
            if own.file == file or (not whole and _is_one(own.file, file)):
                raise OutputError(f"{what} and {own.what} are one file; give two names")


def _is_one(file: str, other: str) -> bool:
    """Whether two names are of one file on the disk, as hard links are."""
    try:
        return Path(file).samefile(other)
    except (OSError, ValueError):
        return False
