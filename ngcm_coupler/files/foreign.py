"""Files that no run has written: whoever has put one where a run would write wants to keep it."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

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

_TITLES = (HISTORY_TITLE, BUDGET_TITLE, RESTART_TITLE, RECORDING_TITLE)

_OTHER = "a file that no run has written"
_EDITED = "what another program has made of a run's file"
_OPEN = "a file that another program has open"


def require_no_foreign(file: str | Path, what: str, title: str | None) -> None:
    """Refuses to write where somebody else's file stands, or one of another kind.

    Args:
      file: to be replaced, if it is there.
      what: its name in messages.
      title: as of `foreign`.

    Raises:
      OutputError: no run has written it as what is to be written now.
    """
    if found := foreign(Path(file), title):
        raise OutputError(
            f"{what} is {found}, and would be lost; move it away, or give another name"
        )


def foreign(file: Path, title: str | None) -> str | None:
    """What stands there that no run has written as what is to be written now, in words, or None.

    What a run leaves that was killed is none such: an empty file, one that netCDF cannot open, one
    that it has made and that holds nothing. Nor is what has no name that a file could have, of
    which the system says more when it is written, nor what a run writes just now, which claims
    tell of. A file that may not be read is somebody's, and so is what another program has made of
    a run's file, as far as that leaves a trace.

    Args:
      file: which may be missing.
      title: by which a run's file of that kind says what it is; None where none does.
    """
    try:
        if not file.is_file():
            return None
        with file.open("rb") as opened:
            begin = opened.read(_EMPTY_BYTES + 1)
    except PermissionError:
        return "a file that may not be read"
    except (OSError, ValueError):
        return None
    if not begin.startswith(_MAGIC):
        is_other = len(begin) > _BEGUN or bool(begin.strip(b"\0"))
        return _OTHER if is_other else None
    return _misfit(file, begin, title) if title else None


def _misfit(file: Path, begin: bytes, title: str) -> str | None:
    try:
        # What the library does not know it leaves out, with a warning.
        with warnings.catch_warnings(action="ignore"), open_dataset(file) as dataset:
            names = set(dataset.ncattrs())
            if not (names or dataset.variables or dataset.groups):
                is_begun = begin.startswith(b"CDF") or _PROPERTIES in begin
                return None if is_begun and len(begin) <= _EMPTY_BYTES else _OTHER
            found = dataset.getncattr("title") if "title" in names else None
            if found not in _TITLES:
                return _OTHER
            if found != title:
                return f"a file of a run, but of another kind ({found})"
            return _EDITED if _is_edited(dataset, names, title) else None
    except (OSError, RuntimeError, UnicodeError):
        # What is claimed need not be asked of; a restart is not, and would take its place.
        return _OPEN if title == RESTART_TITLE and is_locked(file, to_write=True) else None
    except LookupError:  # an attribute of a type that Python has not
        return _OTHER


def _is_edited(dataset: Any, names: set[str], title: str) -> bool:
    if names & _EDITORS:
        return True
    time = dataset.dimensions.get("time")
    if title in (HISTORY_TITLE, BUDGET_TITLE) and (time is None or not time.isunlimited()):
        return True
    # xarray gives every coordinate a value that stands for missing ones; a run gives none.
    return "lat" in dataset.variables and "_FillValue" in dataset["lat"].ncattrs()
