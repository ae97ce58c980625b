"""``ngcm-coupler segment``: the next segment of a chain, for job scripts."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from ngcm_coupler.cli.arguments import LONGEST_JOB, LONGEST_RUN, path, whole
from ngcm_coupler.errors import ConfigError, OutputError, told
from ngcm_coupler.files import write_text

if TYPE_CHECKING:
    from ngcm_coupler.config import Config, Where

COMPLETE = "complete"
"""What is printed in place of a date once the chain has reached its end."""


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Adds the command to ``ngcm-coupler``."""
    parser = subparsers.add_parser(
        "segment",
        help="say which segment of a chain is next, or write its namelist",
        description="Print the date at which the next segment of a chain starts, that of the "
        f"newest restart file, or `{COMPLETE}`. With --write write the segment's namelist instead: "
        "that of the chain with the length of the segment, and its date in the names of output "
        "files. The scripts of `ngcm-coupler batch` call it.",
    )
    parser.add_argument("namelist", type=path, metavar="FILE.nml", help="namelist of the chain")
    add_chain_arguments(parser)
    parser.add_argument(
        "--wall-clock",
        type=whole(0, LONGEST_JOB),
        default=0,
        metavar="SECONDS",
        help="time that the job may take (0: no limit)",
    )
    parser.add_argument("--write", type=path, metavar="SEGMENT.nml", help="where to write it")
    parser.set_defaults(run=_run)


def add_chain_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds what overrides the chain's end and the length of its segments."""
    parser.add_argument(
        "--stop-date", default="", metavar="DATE", help="end of the chain (&ngcm_run stop_date)"
    )
    parser.add_argument(
        "--hours",
        type=whole(0, LONGEST_RUN),
        default=0,
        metavar="HOURS",
        help="length of a segment (&ngcm_driver run_hours)",
    )


def chain_config(config: Config, stop_date: str, hours: int) -> Config:
    """The namelist with what the command line says of the chain.

    Raises:
      ConfigError: the two do not fit.
    """
    from ngcm_coupler import config as configuration
    from ngcm_coupler.clock import calendars

    run = dataclasses.replace(config.run, stop_date=stop_date or config.run.stop_date)
    driver = dataclasses.replace(config.driver, run_hours=hours or config.driver.run_hours)
    config = dataclasses.replace(config, run=run, driver=driver)
    found: list[str] = []
    if stop_date:
        try:
            calendars.date(stop_date, config.run.calendar)
        except ValueError as error:
            found.append(f"--stop-date {stop_date} {error}")
    if found := found + configuration.driver_faults(config):
        raise ConfigError(found)
    return config


def segment_text(path: Path, config: Config, changes: dict[Where, str | int]) -> str:
    """The namelist of a segment, read once more to see that it says what it should.

    Args:
      path: namelist of the chain.
      config: what it says.
      changes: values that the segment has instead.

    Raises:
      ConfigError: values do not fit each other, or cannot be replaced in the file.
    """
    from ngcm_coupler import engine
    from ngcm_coupler.cli.batch import segment_namelist
    from ngcm_coupler.config import namelist

    text = segment_namelist.text(namelist.read(str(path)), changes)
    if engine.parse(text, f"{path} for a segment") != segment_namelist.with_values(config, changes):
        raise ConfigError(
            f"{path}: cannot set {', '.join(map(str, changes))} for a segment; write each of them"
            " on a line of its own"
        )
    return text


def _run(arguments: argparse.Namespace) -> int:
    from ngcm_coupler import engine
    from ngcm_coupler.cli.batch import chain, segment_namelist
    from ngcm_coupler.config.namelist import require_lasting

    require_lasting(arguments.namelist)
    loaded = engine.load(str(arguments.namelist))
    config = chain_config(loaded, arguments.stop_date, arguments.hours)
    following = chain.next_segment(config)
    if following is None or arguments.write is None:
        print(following.name if following else COMPLETE)
        return 0
    if arguments.write.exists() and arguments.write.samefile(arguments.namelist):
        raise ConfigError(
            f"--write {arguments.write} is the namelist of the chain itself; give another file"
        )
    changes = segment_namelist.settings(config, following, arguments.wall_clock)
    text = segment_text(arguments.namelist, loaded, changes)
    _require_namelist(arguments.write)
    left = segment_namelist.left_behind(changes, following, config)
    try:
        write_text(arguments.write, text, errors="surrogateescape")
    except OSError as error:
        raise OutputError(f"{arguments.write} cannot be written ({told(error)})") from error
    segment_namelist.set_aside(left)
    return 0


def _require_namelist(file: Path) -> None:
    """Lets an earlier namelist be replaced, and nothing else.

    Raises:
      OutputError: it is a file of another kind.
    """
    from ngcm_coupler.config import GROUPS, namelist

    try:
        found = file.read_text(errors="surrogateescape") if file.is_file() else ""
    except OSError:  # which writing it will say
        return
    if found and not any(group.name in GROUPS for group in namelist.scan(found)):
        raise OutputError(
            f"--write {file} is no namelist of ngcm_coupler, and would be lost; give another name"
        )
