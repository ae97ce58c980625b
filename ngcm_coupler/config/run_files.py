"""The files of a run, those that it reads and those that it writes: no two of them are one.

What a run opens to write is gone from its first moment on, and what it replaces at its end is gone
then. A name may hold placeholders, and a folder of restarts has a file for each date: what they may
come to in any segment of the run is matched as a pattern.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal

from ngcm_coupler.config.document import Conflict
from ngcm_coupler.config.model_groups import DEMO
from ngcm_coupler.config.names import KEYS, Where, where
from ngcm_coupler.config.settings import DATE, MEMBER, PERIOD, SURFACES, Config
from ngcm_coupler.errors import ConfigError
from ngcm_coupler.files import foreign

_MODEL_FILES = {where(lambda at: at.model.checkpoint), where(lambda at: at.model.initial_state)}
_HISTORY = where(lambda at: at.history.file)
_OF_MEMBERS = {where(lambda at: at.history.budget_file), where(lambda at: at.recording.file)}
SEA_GRID = where(lambda at: at.grid.sea_grid_file)
_READ = where(lambda at: at.restart.read_file)
_WRITE = where(lambda at: at.restart.write_file)
_FOLDER = where(lambda at: at.restart.folder)
_OCEAN_INITIAL = where(lambda at: at.oasis_ocean.initial_file)
_OCEAN_READ = where(lambda at: at.oasis_ocean.read_file)
_OCEAN_WRITE = where(lambda at: at.oasis_ocean.write_file)

TITLES = {
    _HISTORY: foreign.HISTORY_TITLE,
    where(lambda at: at.history.budget_file): foreign.BUDGET_TITLE,
    where(lambda at: at.recording.file): foreign.RECORDING_TITLE,
    _WRITE: foreign.RESTART_TITLE,
}
"""Key of a file that a run writes -> the title by which that says what it is."""

_OF_ONE_CHAIN = ({_READ, _WRITE}, {_READ, _FOLDER}, {_OCEAN_READ, _OCEAN_WRITE})
"""A restart may be written over that from which the run goes on."""

POINTER = "latest"
"""File in a folder of restarts that names the newest."""

_DATED = f"restart_{DATE}.nc"
_ANY_DATE = (r"-?\d{4,}-\d\d-\d\dT\d{6}", "2000-01-01T000000")
PERIOD_NAMES = {"month": (r"\d{4}-\d\d", "2000-01"), "year": (r"\d{4}", "2000")}
"""What a file of the history holds -> the pattern of its name, and an example."""

Written = Literal["", "in place", "whole"]

_WRITTEN: dict[str, Written] = {"out": "in place", "state": "whole", "folder": "whole"}
"""How what a key names is written, by its declaration; what is not here is read."""

Forms = Mapping[str, tuple[str, str]]
"""Placeholder -> the pattern of what it may come to, and an example."""


@dataclasses.dataclass(frozen=True)
class RunFile:
    """A file of a run, or those that a name with placeholders comes to.

    Attributes:
      what: its name in messages.
      name: as the namelist has it.
      key: that names it; None where that is no key's to say.
      written: not at all, from the start on in place, or anew as a whole.
      inside: the file where `name` is a folder.
      forms: of the placeholders of `name`, or of `inside` if that is given.
    """

    what: str
    name: str
    key: Where | None = None
    written: Written = ""
    inside: str = ""
    forms: Forms = dataclasses.field(default_factory=dict)

    @property
    def is_literal(self) -> bool:
        """Whether its name is known as it stands."""
        return not any(each in (self.inside or self.name) for each in self.forms)

    @property
    def may_be_replaced(self) -> bool:
        """Whether it is read once, at the start, and a restart may then take its place."""
        return self.key in (_READ, _OCEAN_READ)

    def is_also(self, other: RunFile) -> bool:
        """Whether both are, or can come to, one file."""
        if any(
            mine == theirs
            or _covers(self, mine, other, theirs)
            or _covers(other, theirs, self, mine)
            for mine, theirs in itertools.product(self._paths, other._paths)
        ):
            return True
        # To replace a file leaves its other names alone; to write into it does not.
        in_place = "in place" in (self.written, other.written)
        return in_place and self._identity is not None and self._identity == other._identity

    @functools.cached_property
    def _paths(self) -> frozenset[str]:
        """The name itself, and the file that it leads to.

        Raises:
          ConfigError: there is no current folder, and so no place of any file.
        """
        itself = Path(self.name)
        try:
            paths = os.path.realpath(itself), Path(os.path.realpath(itself.parent), itself.name)
        except FileNotFoundError:  # of the current folder: a file itself need not be there
            raise ConfigError(
                "the current folder has been removed, and paths of the namelist are relative to it;"
                " start in one that is there"
            ) from None
        return frozenset(str(Path(path, self.inside)) for path in paths)

    @functools.cached_property
    def _identity(self) -> tuple[int, int] | None:
        """What the disk knows a file by, whatever its name; None where there is none yet."""
        try:
            found = Path(self.name, self.inside).stat()
        except (OSError, ValueError):
            return None
        return found.st_dev, found.st_ino


def _covers(one: RunFile, path: str, other: RunFile, its_path: str) -> bool:
    """Whether a name may come to an example of another one."""
    if one.is_literal:
        return False
    for placeholder, (_, example) in other.forms.items():
        its_path = its_path.replace(placeholder, example)
    pattern = re.escape(path)
    for placeholder, (form, _) in one.forms.items():
        pattern = pattern.replace(re.escape(placeholder), f"(?:{form})")
    return re.fullmatch(pattern, its_path) is not None


def run_files(config: Config) -> Iterator[RunFile]:
    """The files that a namelist names, and those that a run has by names of its own."""
    for key, declared in KEYS.items():
        name = key.value(config) if declared.path else ""
        if not name or "\0" in name or (key in _MODEL_FILES and name == DEMO):
            continue
        if key.group in SURFACES and not config.coupler:
            continue  # the program that reads it, the ocean of a coupled run, is not there
        written = _WRITTEN.get(declared.path, "")
        if declared.path == "folder" or (key == _READ and _is_folder(name)):
            yield RunFile(str(key), name, key, written, _DATED, {DATE: _ANY_DATE})
            yield RunFile(str(key), name, key, written, POINTER)
        yield RunFile(str(key), name, key, written, forms=forms(config, key))
    yield from _beside_grid(config)
    if coupler := config.coupler:
        settings = getattr(config, config.coupled_by)
        for name in settings.read_files:
            yield RunFile(f"{name}, which {coupler.name} reads,", name)
        for name in settings.files:
            yield RunFile(
                f"{name}, which a run through {coupler.name} writes,", name, None, "in place"
            )
        ocean = config.oasis_ocean
        if not ocean.read_file and "\0" not in ocean.initial_file:
            yield RunFile(str(_OCEAN_INITIAL), ocean.initial_file, _OCEAN_INITIAL)


def _is_folder(name: str) -> bool:
    try:
        return Path(name).is_dir()
    except OSError:  # a name that no file can have
        return False


def _beside_grid(config: Config) -> Iterator[RunFile]:
    """The masks and areas that OASIS' form of a grid has in files of their own."""
    grid = Path(config.grid.sea_grid_file)
    base = grid.name
    if not base or "\0" in str(grid) or not (config.grid.sea_grid_name or "grids" in base):
        return
    for kind in ("masks", "areas"):
        name = base.replace("grids", kind) if "grids" in base else f"{kind}.nc"
        yield RunFile(f"{name} beside {SEA_GRID}", str(grid.with_name(name)), SEA_GRID)


def forms(config: Config, key: Where) -> Forms:
    """What the placeholders in the name of a file stand for; without those that mean nothing."""
    if key == _HISTORY:
        period = PERIOD_NAMES.get(config.history.file_period)
        return {DATE: _ANY_DATE} | ({PERIOD: period} if period else {})
    if key in _OF_MEMBERS:
        first = config.ensemble.first_member
        numbers = [f"{first + place:03d}" for place in range(config.ensemble.members)]
        return {DATE: _ANY_DATE, MEMBER: ("|".join(numbers), numbers[0])}
    return {}


def shared_conflicts(config: Config) -> Iterator[Conflict]:
    """What a run writes is no other file of the run."""
    for one, other in itertools.combinations(run_files(config), 2):
        yield from _shared(one, other)


def overwritten(config: Config, read: Mapping[str, str]) -> Iterator[Conflict]:
    """What a run writes is none of the files that are read besides, such as its namelist.

    Args:
      config: the settings.
      read: what it is called in messages -> the file.
    """
    for file in run_files(config):
        for what, name in read.items():
            yield from _shared(file, RunFile(what, name))


def files_replaced(config: Config, namelist: str, outputs: Iterable[str]) -> Iterator[RunFile]:
    """The files that a run reads over which a command would write what it makes for the run.

    Args:
      config: the settings.
      namelist: the file with them.
      outputs: what the command is to write, each file as a whole.
    """
    read = [
        file
        for file in run_files(config)
        # To masks and areas beside a grid, which no key names, the atmosphere's are only added.
        if file.key and file.name == file.key.value(config) and not file.written
    ]
    made = {_OCEAN_INITIAL}  # by such a command
    for file in (RunFile("the namelist itself", namelist), *read):
        if file.key not in made and any(
            RunFile(name, name, written="whole").is_also(file) for name in outputs
        ):
            yield file


def _shared(one: RunFile, other: RunFile) -> Iterator[Conflict]:
    keys = tuple(dict.fromkeys(each.key for each in (one, other) if each.key))
    if not keys or one.key == other.key or not (one.written or other.written):
        return
    is_pointer = {each.inside == POINTER for each in (one, other)}
    if {*keys} in _OF_ONE_CHAIN and len(is_pointer) == 1:
        return
    if not one.is_also(other):
        return
    are = "are" if one.is_literal and other.is_literal else "can be"
    yield Conflict(f"{one.what} and {other.what} {are} one file; give two names", keys)
