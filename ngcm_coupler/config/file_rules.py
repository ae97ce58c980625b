"""The rules of files: those to be read are there, those to be written can be."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Iterator

from ngcm_coupler.config.document import Conflict
from ngcm_coupler.config.model_groups import DEMO
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
    unread = _unread(config)
    for key, declared in KEYS.items():
        name = key.value(config) if declared.path else ""
        if not name or key in unread:
            continue
        match declared.path:
            case "in":
                problem = _read_problem(key, name)
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


def _unread(config: Config) -> set[Where]:
    """The keys of files that this run does not read although they are named."""
    unread, restart = set(), config.restart
    if begins(restart):
        unread.add(_RESTART)
    elif restart.read_file:
        unread.add(_INITIAL_STATE)
    if config.model.engine != "neuralgcm":
        unread |= {_CHECKPOINT, _INITIAL_STATE}
    return unread


def _read_problem(key: Where, name: str) -> str | None:
    # The demo's files are in a package.
    packaged = name == DEMO and key in (_CHECKPOINT, _INITIAL_STATE)
    if packaged or os.access(name, os.R_OK):
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
