"""Files that no run has written: whoever has put one where a run would write wants to keep it."""

from __future__ import annotations

from pathlib import Path

from ngcm_coupler.errors import OutputError
from ngcm_coupler.files.lockers import is_locked
from ngcm_coupler.files.netcdf import open_dataset

_MAGIC = (b"CDF\1", b"CDF\2", b"CDF\5", b"\x89HDF\r\n\x1a\n")
"""How netCDF files begin."""

_BEGUN = 64
"""No more bytes, all of them zero, has a file that was created and not yet written to."""

_VERSION = "ngcm_coupler_version"
"""Global attribute of histories and budget files."""

RESTART_TITLE = "ngcm_coupler restart"
"""Title of restarts."""

RECORDING_TITLE = "ngcm_coupler recording"
"""Title of recordings."""


def require_no_foreign(file: str | Path, what: str, *, signed: bool = True) -> None:
    """Refuses to write where somebody else's file stands.

    Args:
      file: to be replaced, if it is there.
      what: its name in messages.
      signed: as of `is_foreign`.

    Raises:
      OutputError: no run has written it.
    """
    if is_foreign(Path(file), signed=signed):
        raise OutputError(
            f"{what} is a file that no run has written, and would be lost; move it away, or give"
            " another name"
        )


def is_foreign(file: Path, *, signed: bool = True) -> bool:
    """Whether a file stands there that no run has written.

    What a run leaves that was killed is none such: an empty file, one that netCDF cannot open, one
    without a variable. Nor is what has no name that a file could have, of which the system says
    more when it is written. A file that may not be read, or that a program has locked, is
    somebody's.

    Args:
      file: which may be missing.
      signed: whether a file of a run says of itself whose it is.
    """
    try:
        if not file.is_file():
            return False
        with file.open("rb") as opened:
            begin = opened.read(_BEGUN + 1)
    except PermissionError:
        return True
    except (OSError, ValueError):
        return False
    if not begin.startswith(_MAGIC):
        return len(begin) > _BEGUN or bool(begin.strip(b"\0"))
    return signed and _has_other_signs(file)


def _has_other_signs(file: Path) -> bool:
    try:
        with open_dataset(file) as dataset:
            names = dataset.ncattrs()
            if _VERSION in names or not (names or dataset.variables or dataset.groups):
                return False
            title = dataset.getncattr("title") if "title" in names else ""
            return title not in (RESTART_TITLE, RECORDING_TITLE)
    except (OSError, RuntimeError, UnicodeError):
        return is_locked(file)
    except LookupError:  # an attribute of a type that Python has not
        return True
