"""The rules of files: those to be read are there, those to be written can be.

The files of the atmosphere are its engine's to name, see `ngcm_coupler.engine.loading`.
"""

from __future__ import annotations

import os
import pathlib
from collections.abc import Callable, Iterator

from ngcm_coupler.config.document import Conflict
from ngcm_coupler.config.namelist import text_of
from ngcm_coupler.config.names import KEYS, Where, where
from ngcm_coupler.config.run_files import POINTER, TITLES, shared_conflicts
from ngcm_coupler.config.run_groups import Restart
from ngcm_coupler.config.settings import DATE, MEMBER, PERIOD, Config
from ngcm_coupler.errors import OutputError, shown, told
from ngcm_coupler.files import kind_of
from ngcm_coupler.files.foreign import require_no_foreign

_CHECKPOINT = where(lambda at: at.model.checkpoint)
_INITIAL_STATE = where(lambda at: at.model.initial_state)
_RESTART = where(lambda at: at.restart.read_file)


def file_conflicts(config: Config) -> Iterator[Conflict]:
    """Files that must exist do; files to be written can be, as the key is declared."""
    elsewhere = {_CHECKPOINT, _INITIAL_STATE}
    if begins(config.restart):
        elsewhere.add(_RESTART)
    for key, declared in KEYS.items():
        name = key.value(config) if declared.path else ""
        if not name or key in elsewhere:
            continue
        checks = {"in": _netcdf_problem, "folder": _folder_problem}
        if problem := _problem(checks.get(declared.path, _output_problem), name):
            yield Conflict(f"{key} = {shown(text_of(name), 400)} {problem}", (key,))
    yield from shared_conflicts(config)


def foreign_conflicts(config: Config) -> Iterator[Conflict]:
    """Nobody else's file stands where a run is to write. That it is read already tells of some."""
    blamed = {key for conflict in shared_conflicts(config) for key in conflict.keys}
    for key in [key for key, declared in KEYS.items() if declared.path in ("out", "state")]:
        name = key.value(config)
        if name and key not in blamed:
            what = f"{key} = {shown(text_of(name), 400)}"
            try:
                require_no_foreign(name, what, TITLES.get(key))
            except OutputError as error:
                yield Conflict(str(error), (key,))


def unreadable(key: Where, name: str) -> Iterator[Conflict]:
    """Says that a file which a key names cannot be read, if that is so; '' names none."""
    if name and (problem := _problem(_read_problem, name)):
        yield Conflict(f"{key} = {shown(text_of(name), 400)} {problem}", (key,))


def _problem(check: Callable[[str], str | None], name: str) -> str | None:
    """What a check finds, or the system says of a name that none of its files can have."""
    try:
        return check(name)
    except (OSError, ValueError) as error:  # too long, or with a null byte in it
        return f"cannot be the name of a file: {told(error)}"


def _read_problem(name: str) -> str | None:
    reason = "cannot be read" if pathlib.Path(name).exists() else "does not exist"
    if os.access(name, os.R_OK):
        return None
    return f"{reason} (from the folder {pathlib.Path.cwd()})"


def _netcdf_problem(name: str) -> str | None:
    kind = kind_of(pathlib.Path(os.path.realpath(name)))
    if kind and not pathlib.Path(name).is_dir():  # of restarts, or of which the reader speaks
        return f"is {kind}, and no file; give a file"
    return _read_problem(name)


def _output_problem(name: str) -> str | None:
    if name.rpartition("/")[2] in ("", ".", ".."):
        return "can only be the name of a folder; give a file in it"
    folder = name.rpartition("/")[0]
    if found := [each for each in (DATE, MEMBER, PERIOD) if each in folder]:
        return f"has {found[0]} in the name of a folder; put it into that of the file"
    return _write_problem(pathlib.Path(name))


def _write_problem(file: pathlib.Path) -> str | None:
    folder = file.parent
    absolute = shown(str(folder.absolute()), 400)
    if not folder.is_dir():
        return f"cannot be written: there is no folder {absolute}; create it"
    if file.is_dir():
        return "is a folder; give a file in it"
    if kind := kind_of(file):
        return f"is {kind}, and no file; give a file"
    # Where the system shows itself root may write, and yet make no file.
    if pathlib.Path(os.path.realpath(folder)).parts[1:2] in (("proc",), ("sys",)):
        return f"cannot be written: {absolute} is the system's own; give another folder"
    if not os.access(file if file.exists() else folder, os.W_OK):
        return "cannot be written: permission denied"
    return None


def _folder_problem(name: str) -> str | None:
    folder = pathlib.Path(name)
    if folder.is_dir():
        return None if os.access(folder, os.W_OK) else "cannot be written: permission denied"
    if folder.exists():
        return "is no folder"
    return _write_problem(folder)


def continues(restart: Restart) -> bool:
    """Whether a run goes on from a restart; the initial state is without a use then."""
    return bool(restart.read_file) and not begins(restart)


def begins(restart: Restart) -> bool:
    """Whether `read_file` is the folder of this very run and holds no restart yet.

    A file that names the newest one tells of a run that has been there, whatever is left of it.
    """
    if not restart.read_file or not restart.folder:
        return False
    own = pathlib.Path(restart.folder)
    try:
        if pathlib.Path(restart.read_file).absolute() != own.absolute():
            return False
        return not (os.path.lexists(own / POINTER) or any(own.glob("restart_*.nc")))
    except (OSError, ValueError):  # its name is one that no folder can have
        return False
