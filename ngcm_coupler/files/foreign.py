"""Files that no run has written: whoever has put one where a run would write wants to keep it."""

from __future__ import annotations

import os
from pathlib import Path

from ngcm_coupler.errors import OutputError
from ngcm_coupler.files.netcdf import open_dataset

_MAGIC = (b"CDF", b"\x89HDF")
"""How netCDF files begin."""

_SIGN = "ngcm_coupler"
"""Stands in the name or the text of a global attribute of all that the package writes in a run."""


LOST = "is a file that no run has written, and would be lost"


def is_foreign(file: Path, *, signed: bool = True) -> bool:
    """Whether a file stands there that no run has written.

    One that is empty, or that netCDF cannot open, is what a run leaves that was killed.

    Args:
      file: which may be missing.
      signed: whether a file of a run says of itself whose it is.

    Raises:
      OSError: it cannot be read, or the name is one that no file can have.
    """
    if not file.is_file():
        return False
    with file.open("rb") as opened:
        begin = opened.read(4)
    if begin and not begin.startswith(_MAGIC):
        return True
    return signed and _has_other_attributes(file)


def require_no_foreign(file: str | Path, what: str) -> None:
    """Refuses to write where somebody else's file stands.

    Args:
      file: to be replaced, if it is there.
      what: its name in messages.

    Raises:
      OutputError: no run has written it.
    """
    if os.access(file, os.R_OK) and is_foreign(Path(file)):
        raise OutputError(f"{what} {LOST}; move it away, or give another name")


def _has_other_attributes(file: Path) -> bool:
    try:
        with open_dataset(file) as dataset:
            attributes = {name: dataset.getncattr(name) for name in dataset.ncattrs()}
    except (OSError, RuntimeError, AttributeError, UnicodeError):
        return False
    return not any(_SIGN in name or _SIGN in str(value) for name, value in attributes.items())
