"""Files that no run has written: whoever has put one where a run would write wants to keep it."""

from __future__ import annotations

import warnings
from pathlib import Path

from ngcm_coupler.errors import OutputError
from ngcm_coupler.files.lockers import is_locked
from ngcm_coupler.files.netcdf import open_dataset

_MAGIC = (b"CDF\1", b"CDF\2", b"CDF\5", b"\x89HDF\r\n\x1a\n")
"""How netCDF files begin."""

_BEGUN = 64
"""No more bytes, all of them zero, has a file that was created and not yet written to."""

_EMPTY_BYTES = 16384
"""No larger is a netCDF file without contents."""

_PROPERTIES = b"_NCProperties"
"""Written by the netCDF library into every HDF5 file that it makes."""

_EDITORS = {"history", "CDO", "NCO"}
"""Global attributes that programs leave which make other files of one; a run writes none."""

HISTORY_TITLE = "Fields exchanged between atmosphere and surface"
"""Title of histories."""

BUDGET_TITLE = "Budgets of heat, water, momentum and dry air"
"""Title of budget files."""

RESTART_TITLE = "ngcm_coupler restart"
"""Title of restarts."""

RECORDING_TITLE = "ngcm_coupler recording"
"""Title of recordings."""

_GROWING = (HISTORY_TITLE, BUDGET_TITLE)
"""Of files that grow by records."""


def require_no_foreign(file: str | Path, what: str, title: str | None) -> None:
    """Refuses to write where somebody else's file stands, or one of another kind.

    Args:
      file: to be replaced, if it is there.
      what: its name in messages.
      title: as of `is_foreign`.

    Raises:
      OutputError: no run has written it as what is to be written now.
    """
    if is_foreign(Path(file), title):
        raise OutputError(
            f"{what} is a file that no run has written"
            f"{f' as such ({title})' if title and _is_of_run(Path(file)) else ''}, and would be"
            " lost; move it away, or give another name"
        )


def is_foreign(file: Path, title: str | None) -> bool:
    """Whether a file stands there that no run has written as what is to be written now.

    What a run leaves that was killed is none such: an empty file, one that netCDF cannot open, one
    that it has made and that holds nothing. Nor is what has no name that a file could have, of
    which the system says more when it is written. A file that may not be read, or that a program
    has locked, is somebody's, and so is what another program has made of a run's file.

    Args:
      file: which may be missing.
      title: by which a run's file of that kind says what it is; None where none does.
    """
    try:
        if not file.is_file():
            return False
        with file.open("rb") as opened:
            begin = opened.read(_EMPTY_BYTES + 1)
    except PermissionError:
        return True
    except (OSError, ValueError):
        return False
    if not begin.startswith(_MAGIC):
        return len(begin) > _BEGUN or bool(begin.strip(b"\0"))
    return title is not None and _is_other(file, begin, title)


def _is_other(file: Path, begin: bytes, title: str) -> bool:
    try:
        # What the library does not know it leaves out, with a warning.
        with warnings.catch_warnings(action="ignore"), open_dataset(file) as dataset:
            names = set(dataset.ncattrs())
            if not (names or dataset.variables or dataset.groups):
                return len(begin) > _EMPTY_BYTES or not (
                    begin.startswith(b"CDF") or _PROPERTIES in begin
                )
            if names & _EDITORS or "title" not in names or dataset.getncattr("title") != title:
                return True
            time = dataset.dimensions.get("time")
            return title in _GROWING and not (time and time.isunlimited())
    except (OSError, RuntimeError, UnicodeError):
        return is_locked(file)
    except LookupError:  # an attribute of a type that Python has not
        return True


def _is_of_run(file: Path) -> bool:
    titles = (HISTORY_TITLE, BUDGET_TITLE, RESTART_TITLE, RECORDING_TITLE)
    return any(not is_foreign(file, title) for title in titles)
