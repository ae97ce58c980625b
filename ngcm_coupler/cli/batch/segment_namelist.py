"""The namelist of one segment: that of the chain with the segment's own length and files."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from ngcm_coupler.cli.batch.chain import Segment, file_date, start
from ngcm_coupler.config import DATE, KEYS, PERIOD, Config, Where, namelist, where
from ngcm_coupler.config.run_files import forms
from ngcm_coupler.config.settings import MEMBER
from ngcm_coupler.errors import ConfigError, OutputError, RestartError, shown, told
from ngcm_coupler.files import free_name, kind_of, require_free
from ngcm_coupler.output.file_names import of_member

_STOP_DATE = where(lambda at: at.run.stop_date)
_WALL_CLOCK = where(lambda at: at.limits.wall_clock_seconds)
_RUN_HOURS = where(lambda at: at.driver.run_hours)
_OCEAN_READS = where(lambda at: at.oasis_ocean.read_file)
_OCEAN_WRITES = where(lambda at: at.oasis_ocean.write_file)

ASIDE = "incomplete"
"""Folder, beside a file, for what an earlier attempt at the same segment has written to it."""

_OUTPUTS = tuple(key for key, declared in KEYS.items() if declared.path == "out")
"""Files that each segment writes anew and that therefore get the date of its start."""


def settings(config: Config, segment: Segment, wall_clock_seconds: int) -> dict[Where, str | int]:
    """What a segment's namelist has other than that of the chain.

    Args:
      config: the namelist of the chain.
      segment: the segment.
      wall_clock_seconds: time that the job may take, 0 to leave what the namelist says.

    Raises:
      RestartError: the test ocean has no state of the segment's start.
    """
    changes: dict[Where, str | int] = {
        _RUN_HOURS: segment.hours,
        _STOP_DATE: config.run.stop_date,
    }
    changes |= {
        key: _dated(file, segment.name)
        for key in _OUTPUTS
        # A history of months or years goes on across segments.
        if (file := key.value(config)) and PERIOD not in file
    }
    # The state of the test ocean follows that of the atmosphere by the date in its name.
    if state := config.oasis_ocean.write_file:
        changes[_OCEAN_WRITES] = _dated(state, file_date(segment.end))
        earlier = _dated(state, segment.name)
        if Path(earlier).exists():
            changes[_OCEAN_READS] = earlier
        elif segment.begin != start(config):
            raise RestartError(
                f"the atmosphere has reached {segment.begin.isoformat()}, but there is no state of"
                f" the ocean of that date, {earlier}; set the file latest in"
                f" {config.restart.folder} back to a date that both have"
            )
    if wall_clock_seconds:
        changes[_WALL_CLOCK] = wall_clock_seconds
    return changes


def left_behind(
    changes: dict[Where, str | int], segment: Segment, config: Config
) -> dict[Path, str]:
    """What an attempt that has failed left in the segment's outputs.

    Args:
      changes: what `settings` gave, with the names of the outputs.
      segment: the segment, whose date a name may hold.
      config: the namelist of the chain, with the members whose numbers it may hold.

    Returns:
      Each file -> its name in messages.

    Raises:
      OutputError: one is no file, or a run is writing it.
    """
    ensemble, found = config.ensemble, {}
    numbers = range(ensemble.first_member, ensemble.first_member + ensemble.members)
    for key in _OUTPUTS:
        name, known = str(changes.get(key, "")), forms(config, key)
        names = [name.replace(DATE, segment.name) if DATE in known else name]
        if MEMBER in known:
            names = [of_member(names[0], number) for number in numbers]
        for each in dict.fromkeys(names):
            if each and os.path.lexists(each):
                found[Path(each)] = f"{key} = '{each}'"
    for file, what in found.items():
        if kind := kind_of(file):
            raise OutputError(f"{what} is {kind}, and no file; name another")
        require_free(file, what)
    return found


def set_aside(files: Iterable[Path]) -> list[Path]:
    """Moves what an attempt has left out of the way; a report would else count its records twice.

    Returns:
      Where the files are now.

    Raises:
      OutputError: a file cannot be moved.
    """
    return [_moved_aside(each) for each in files]


def _moved_aside(file: Path) -> Path:
    folder = file.parent / ASIDE
    target = free_name(lambda number: folder / f"{file.stem}.{number}{file.suffix}")
    try:
        folder.mkdir(exist_ok=True)
        file.rename(target)
    except OSError as error:
        raise OutputError(
            f"{file} of an earlier attempt cannot be moved to {target} ({told(error)}); move it"
            " yourself"
        ) from error
    return target


def text(chain: str, changes: dict[Where, str | int]) -> str:
    """The namelist of the chain with other values, all else in it kept as it is.

    Raises:
      ConfigError: a value is written in a way that cannot be replaced.
    """
    for key, value in changes.items():
        chain = _replaced(chain, key, namelist.text_of(value))
    return chain


def _replaced(document: str, at: Where, value: str) -> str:
    groups = [group for group in namelist.scan(document) if group.name == at.group]
    for group in groups:
        for assignment in group.assignments:
            if assignment.key == at.key:
                if len(assignment.items) != 1:
                    raise ConfigError(
                        f"{at} = {shown(assignment.text)} cannot be replaced for a segment; give"
                        " one value"
                    )
                return document[: assignment.begin] + value + document[assignment.end :]
    if not groups:
        return f"{document.rstrip()}\n&{at.group}\n  {at.key} = {value}\n/\n"
    body = groups[0].body
    return f"{document[:body]}\n  {at.key} = {value}\n{document[body:]}"


def _dated(file: str, date: str) -> str:
    path = Path(file)
    return str(path.with_name(f"{path.stem}_{date}{path.suffix}"))


def with_values(config: Config, changes: dict[Where, str | int]) -> Config:
    """The configuration with other values, to compare what was written with."""
    for key, value in changes.items():
        config = key.replaced(config, value)
    return config
