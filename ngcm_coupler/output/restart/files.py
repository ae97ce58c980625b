"""Restart files: everything needed to continue a run bit for bit, in one netCDF file.

A folder of them keeps the newest few, and a pointer file that names the newest.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from ngcm_coupler.config.run_files import POINTER
from ngcm_coupler.errors import OutputError, RestartError, reading, shown
from ngcm_coupler.files import free_name, kind_of, replaced, require_file
from ngcm_coupler.files.foreign import RESTART_TITLE
from ngcm_coupler.files.netcdf import open_dataset
from ngcm_coupler.output.restart.continuation import is_of_experiment

FORMAT_VERSION = 3

_log = logging.getLogger(__name__)

_NAME = re.compile(r"restart_-?\d{4,}-\d\d-\d\dT\d{6}\.nc")
_LEFT_OVER = re.compile(rf"\.({_NAME.pattern}|{POINTER})\.\d+\.tmp")
"""Files of a folder that are ours by their names; all others there stay, whatever they are."""


def write_restart(path: str, header: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    """Writes a restart file, whole or not at all, and reads it back. See `replaced`.

    Args:
      path: file to write.
      header: what identifies the run, of types that JSON knows.
      arrays: name -> array.

    Raises:
      OutputError: the file cannot be written, or does not read back as it was written; one of
        that name stays as it was.
    """
    try:
        with replaced(Path(path)) as temporary:
            _write(temporary, header, arrays)
            _require_same(temporary, header, arrays)
    except (OSError, RuntimeError, UnicodeError) as error:
        raise OutputError(
            f"restart file {path} cannot be written ({error}); check folder, permission and free"
            " space"
        ) from error


def _write(path: Path, header: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    with open_dataset(path, "w", format="NETCDF4") as file:
        file.setncatts(
            {
                "title": RESTART_TITLE,
                "format_version": FORMAT_VERSION,
                "header": json.dumps(header),
                "sha256": _digest(header, arrays),
            }
        )
        for name, array in arrays.items():
            dims = []
            for size in array.shape:
                dims.append(f"size_{size}")
                if dims[-1] not in file.dimensions:
                    file.createDimension(dims[-1], size)
            file.createVariable(name, array.dtype, dims)[...] = array


def _require_same(path: Path, header: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    """Reads back what has been written: a file that nobody can read is worse than none.

    Raises:
      OSError: something has come out otherwise.
    """
    try:
        read_header, read_arrays = _read(path)
    except (_Damage, RestartError) as error:
        raise OSError(f"it cannot be read back: {error}") from error
    if odd := sorted(read_arrays.keys() ^ arrays.keys()):
        raise OSError(f"it does not read back by the names {', '.join(map(ascii, odd[:5]))}")
    if _digest(read_header, read_arrays) != _digest(header, arrays):
        raise OSError("it does not read back with the same values")


def write_into(
    folder: str, keep: int, date: str, header: dict[str, Any], arrays: dict[str, np.ndarray]
) -> Path:
    """Writes a restart file into a folder and points to it; the oldest beyond `keep` go.

    The pointer is replaced only when the file is on the disk and has been read back, and only then
    do older ones go, those of the same run: at any moment the pointer names a whole file.

    Args:
      folder: where to; made if it is missing.
      keep: how many files to keep, 1 or more.
      date: model date, ``YYYY-MM-DDTHH:MM:SS``.
      header: as in `write_restart`.
      arrays: as in `write_restart`.

    Returns:
      The file.

    Raises:
      OutputError: the file or its pointer cannot be written.
    """
    place = Path(folder)
    file = place / f"restart_{date.replace(':', '')}.nc"
    try:
        place.mkdir(exist_ok=True)
        _keep_other(file, header)
        write_restart(str(file), header, arrays)
        with replaced(place / POINTER) as temporary:
            temporary.write_text(file.name + "\n")
        # What a killed process has left of a write.
        for rest in place.iterdir():
            if _LEFT_OVER.fullmatch(rest.name):
                rest.unlink(missing_ok=True)
        # Files of later dates belong to a run that was set back to an earlier one: leave them.
        earlier = [each for each in _files(place) if each.name < file.name]
        own = [each for each in earlier if len(earlier) >= keep and _is_of_run(each, header)]
        for other in own[: max(0, len(own) + 1 - keep)]:
            other.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"&ngcm_restart folder = '{folder}' cannot be used: {error}") from error
    return file


def _keep_other(file: Path, header: dict[str, Any]) -> None:
    """Gives the restart of another run a second name, before one of this run takes its own.

    What is no restart, or a damaged one, is not worth keeping.
    """
    there = _header(file)
    if there is None or is_of_experiment(there, header):
        return
    kept = free_name(lambda number: file.with_name(f"other_{number}_{file.name}"))
    try:
        os.link(file, kept)
    except OSError:  # a disk without links
        shutil.copy2(file, kept)
    _log.warning(
        "%s is of another run, and kept as %s; give each run a folder of its own", file, kept
    )


def newest(folder: str) -> Path | None:
    """The restart file that the pointer of a folder names; None where there is none yet.

    Raises:
      RestartError: there are restart files but no pointer, or what it names is not there.
    """
    place = Path(folder)
    try:
        require_file(place / POINTER)
        name = (place / POINTER).read_text().strip()
    except FileNotFoundError:
        if not _files(place):
            return None
        raise RestartError(
            f"the folder {folder} has restart files but no file {POINTER} that names the newest"
            f"{_remedy(place)}"
        ) from None
    except (OSError, ValueError) as error:
        raise RestartError(f"{place / POINTER} cannot be read: {error}{_remedy(place)}") from error
    file = place / name
    try:
        is_there = bool(name) and file.is_file()
    except OSError:  # a name that no file can have
        is_there = False
    if not is_there:
        raise RestartError(
            f"{place / POINTER} names '{shown(name)}', which is not there{_remedy(place)}"
        )
    return file


def read_restart(path: str) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Reads a restart file and checks that it is whole.

    Returns:
      The header and the arrays, as `write_restart` had them.

    Raises:
      RestartError: the file is missing, not a restart file, of another version, or damaged; the
        message names the newest whole one beside it, if there is any.
    """
    with reading(f"restart file {path}", RestartError):
        try:
            return _read(Path(path))
        except _Damage as damage:
            raise RestartError(f"{damage}{_remedy(Path(path).parent, Path(path))}") from damage


_DAMAGE = (OSError, RuntimeError, LookupError, ValueError, AttributeError, TypeError)
"""What netCDF and JSON make of damage depends on where it lies."""


class _Damage(Exception):
    """A restart file that is not whole."""


def _read(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Reads a file or raises `_Damage`, or `RestartError` where it is no fault of the disk."""
    if not path.is_file():
        kind = kind_of(path)
        found = f"it is {kind}, and no file" if kind else "there is no such file"
        raise RestartError(f"restart file {path} cannot be read: {found}")
    try:
        with open_dataset(path, "r") as file:
            file.set_auto_mask(False)
            attributes = {name: file.getncattr(name) for name in file.ncattrs()}
            if attributes.get("title") != RESTART_TITLE:
                raise RestartError(f"{path} is not a restart file of ngcm_coupler")
            if attributes["format_version"] != FORMAT_VERSION:
                raise RestartError(
                    f"restart file {path} has format version {attributes['format_version']}; this"
                    f" ngcm_coupler reads version {FORMAT_VERSION}"
                )
            arrays = {name: np.asarray(variable[...]) for name, variable in file.variables.items()}
        header = json.loads(attributes["header"])
        checksum = attributes["sha256"]
    except _DAMAGE as error:
        raise _Damage(f"restart file {path} cannot be read: {error}") from error
    if _digest(header, arrays) != checksum:
        raise _Damage(f"restart file {path} is damaged: its contents do not match its checksum")
    return header, arrays


def _is_of_run(path: Path, header: dict[str, Any]) -> bool:
    """Whether a file has been written by the run of that header: only such ones grow old.

    A link is not, for somebody has put its file elsewhere to keep it.
    """
    there = _header(path)
    return there is not None and is_of_experiment(there, header)


def _header(path: Path) -> dict[str, Any] | None:
    """The header of a restart in a folder; None of what is none, or cannot be read."""
    if not _NAME.fullmatch(path.name) or path.is_symlink() or not path.is_file():
        return None
    try:
        with open_dataset(path) as file:
            return dict(json.loads(file.getncattr("header")))
    except _DAMAGE:
        return None


def _files(folder: Path) -> list[Path]:
    """The restart files of a folder, the oldest model date first."""
    return sorted(folder.glob("restart_*.nc"))


def _remedy(folder: Path, damaged: Path | None = None) -> str:
    """What to go on from instead: the newest file of a folder that is whole.

    A run that goes on from a folder reads what its pointer names, so there the pointer is what has
    to name another; `damaged` is None where the pointer itself is at fault.
    """
    for file in reversed(_files(folder)):
        with contextlib.suppress(_Damage, RestartError):
            if file != damaged:
                _read(file)
                if damaged is None or _points_to(folder, damaged):
                    pointer = folder / POINTER
                    return f"; the newest whole one is {file}: write '{file.name}' into {pointer}"
                return f"; the newest whole one is {file}: give it as read_file in &ngcm_restart"
    return "; use an earlier one"


def _points_to(folder: Path, file: Path) -> bool:
    """Whether that file is the one that the pointer of its folder names."""
    try:
        require_file(folder / POINTER)
        return (folder / POINTER).read_text().strip() == file.name
    except (OSError, ValueError):
        return False


def _digest(header: dict[str, Any], arrays: dict[str, np.ndarray]) -> str:
    """SHA-256 of header and arrays, independent of how the file lays them out."""
    digest = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
