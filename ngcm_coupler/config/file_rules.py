"""The rules of files: those to be read are there, those to be written can be."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Iterator

from ngcm_coupler.config.document import Conflict, Where
from ngcm_coupler.config.model_groups import DEMO
from ngcm_coupler.config.namelist import text_of
from ngcm_coupler.config.run_groups import Restart
from ngcm_coupler.config.settings import Config


def file_conflicts(config: Config) -> Iterator[Conflict]:
    """Files that must exist do; files to be written can be. The demo's are in a package."""
    model, restart = config.model, config.restart
    ocean = config.oasis_ocean
    inputs = {
        Where("ngcm_restart", "read_file"): "" if begins(restart) else restart.read_file,
        Where("ngcm_grid", "sea_grid_file"): config.grid.sea_grid_file,
        Where("oasis_ocean", "read_file"): ocean.read_file,
    }
    if model.engine == "neuralgcm":
        inputs[Where("ngcm_model", "checkpoint")] = model.checkpoint
        if not restart.read_file or begins(restart):
            inputs[Where("ngcm_model", "initial_state")] = model.initial_state
    for where, name in inputs.items():
        packaged = name == DEMO and where.group == "ngcm_model"
        if name and not packaged and not os.access(name, os.R_OK):
            reason = "cannot be read" if pathlib.Path(name).exists() else "does not exist"
            message = f"{where} = {text_of(name)} {reason} (from the folder {pathlib.Path.cwd()})"
            yield Conflict(message, (where,))
    history = config.history
    outputs = {
        Where("ngcm_history", "file"): history.file,
        Where("ngcm_history", "budget_file"): history.budget_file,
        Where("ngcm_restart", "write_file"): restart.write_file,
        Where("ngcm_recording", "file"): config.recording.file,
        Where("oasis_ocean", "write_file"): ocean.write_file,
        Where("oasis_ocean", "output_file"): ocean.output_file,
    }
    for where, file in outputs.items():
        if file and (problem := _write_problem(pathlib.Path(file))):
            yield Conflict(f"{where} = {text_of(file)} {problem}", (where,))
    if restart.folder and (problem := _folder_problem(pathlib.Path(restart.folder))):
        where = Where("ngcm_restart", "folder")
        yield Conflict(f"{where} = {text_of(restart.folder)} {problem}", (where,))
    if history.file and history.file == history.budget_file:
        wheres = Where("ngcm_history", "budget_file"), Where("ngcm_history", "file")
        yield Conflict(f"{wheres[0]} and {wheres[1]} are one file; give two names", wheres)


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
