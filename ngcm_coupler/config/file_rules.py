"""The rules of files: those to be read are there, those to be written can be.

The files of the atmosphere are its engine's to name, see `ngcm_coupler.engine.loading`.
"""

from __future__ import annotations

import os
import pathlib
from collections.abc import Iterator

from ngcm_coupler.config.document import Conflict
from ngcm_coupler.config.namelist import text_of
from ngcm_coupler.config.names import KEYS, Where, where
from ngcm_coupler.config.run_groups import Restart
from ngcm_coupler.config.settings import Config

_CHECKPOINT = where(lambda at: at.model.checkpoint)
_INITIAL_STATE = where(lambda at: at.model.initial_state)
_RESTART = where(lambda at: at.restart.read_file)
_HISTORY_FILE = where(lambda at: at.history.file)
_BUDGET_FILE = where(lambda at: at.history.budget_file)


def file_conflicts(config: Config) -> Iterator[Conflict]:
    """Files that must exist do; files to be written can be, as the key is declared."""
    elsewhere = {_CHECKPOINT, _INITIAL_STATE}
    if begins(config.restart):
        elsewhere.add(_RESTART)
    for key, declared in KEYS.items():
        name = key.value(config) if declared.path else ""
        if not name or key in elsewhere:
            continue
        match declared.path:
            case "in":
                problem = _read_problem(name)
            case "folder":
                problem = _folder_problem(pathlib.Path(name))
            case _:
                problem = _write_problem(pathlib.Path(name))
        if problem:
            yield Conflict(f"{key} = {text_of(name)} {problem}", (key,))
    if config.history.file and config.history.file == config.history.budget_file:
        yield Conflict(
            f"{_BUDGET_FILE} and {_HISTORY_FILE} are one file; give two names",
            (_BUDGET_FILE, _HISTORY_FILE),
        )


def unreadable(key: Where, name: str) -> Iterator[Conflict]:
    """Says that a file which a key names cannot be read, if that is so; '' names none."""
    if name and (problem := _read_problem(name)):
        yield Conflict(f"{key} = {text_of(name)} {problem}", (key,))


def _read_problem(name: str) -> str | None:
    if os.access(name, os.R_OK):
        return None
    reason = "cannot be read" if pathlib.Path(name).exists() else "does not exist"
    return f"{reason} (from the folder {pathlib.Path.cwd()})"


def _write_problem(file: pathlib.Path) -> str | None:
    folder = file.parent
    if not folder.is_dir():
        return f"cannot be written: there is no folder {folder.absolute()}; create it"
    if file.is_dir():
        return "is a folder; give a file in it"
    if not os.access(file if file.exists() else folder, os.W_OK):
        return "cannot be written: permission denied"
    return None


def _folder_problem(folder: pathlib.Path) -> str | None:
    if folder.is_dir():
        return None if os.access(folder, os.W_OK) else "cannot be written: permission denied"
    if folder.exists():
        return "is no folder"
    return _write_problem(folder)


def begins(restart: Restart) -> bool:
    """Whether `read_file` is the folder of this very run and holds no restart yet."""
    if not restart.read_file or not restart.folder:
        return False
    own = pathlib.Path(restart.folder)
    return pathlib.Path(restart.read_file).absolute() == own.absolute() and not any(
        own.glob("restart_*.nc")
    )
