"""``ngcm-coupler check``: a namelist and what it points to, without running the model."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ngcm_coupler.cli.arguments import file
from ngcm_coupler.cli.standard_output import warn
from ngcm_coupler.cli.tables import markdown_table
from ngcm_coupler.clock import Clock
from ngcm_coupler.config import (
    GROUPS,
    Config,
    Conflict,
    Rule,
    continues,
    driver_warnings,
    foreign_conflicts,
    stop_conflicts,
    where,
)
from ngcm_coupler.config import keys as schema
from ngcm_coupler.config.namelist import text_of
from ngcm_coupler.couplers import coupled_run
from ngcm_coupler.engine import contents_rule, engine_of, load
from ngcm_coupler.errors import (
    ArgumentError,
    ConfigError,
    DataError,
    NgcmError,
    RestartError,
    reading,
    shown,
)

_SEA_GRID = where(lambda at: at.grid.sea_grid_file)
_SEA_GRID_NAME = where(lambda at: at.grid.sea_grid_name)
_RESTART = where(lambda at: at.restart.read_file)
_START_DATE = where(lambda at: at.run.start_date)
_OCEAN_STATE = where(lambda at: at.oasis_ocean.read_file)

_INTRODUCTION = """\
# Namelists

This page is what `ngcm-coupler check --describe --format markdown` prints.

One file configures a run. Groups whose names start with `ngcm_`, and `slab_ocean`, `slab_ice` and
`bucket_land`, are the plugin's; all others are left to the host, which may keep its own settings in
the same file. Every key may be left out, and then has the default below. A group, key or value that
is not allowed is an error: nothing is ignored and nothing is guessed. `ngcm-coupler check FILE.nml`
names every fault with its line.

Strings stand in quotes, a group ends with `/`, `!` starts a comment, and names may be written in
capitals. Paths are relative to the folder in which the run starts.

Programs in Fortran read the file too, so that only what all read alike is taken. Names and numbers
are ASCII; a string may have letters of any language, but no control characters. Lines end with a
line feed, or as in Windows. No text before a group, quoted or not, has its name with the sign `&`,
and none on its line a `!`. A key that stands twice has the same value both times. A file without
any group leaves every default, with a warning; one that holds other text only is no namelist and
is refused, as is a file with null bytes, of which UTF-16 is full.
"""


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Adds the subcommand."""
    parser = subparsers.add_parser(
        "check",
        help="check a namelist, or describe every key",
        description="Check a namelist and everything it points to, without running the model. "
        "Every fault is printed at once, with its line.",
    )
    task = parser.add_mutually_exclusive_group(required=True)
    task.add_argument("file", nargs="?", type=file, metavar="FILE.nml", help="namelist to check")
    task.add_argument("--describe", action="store_true", help="print every group and key instead")
    parser.add_argument(
        "--format",
        choices=("text", "markdown"),
        default="text",
        help="form of the description (default: %(default)s)",
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    """Checks or describes; returns 1 where there is a fault."""
    if arguments.describe:
        print(describe(arguments.format), end="")
        return 0
    try:
        config = load(arguments.file, contents_rule, *FILE_RULES, run_folder_rule)
    except ConfigError as error:
        warn(error.doubts)
        count = len(error.faults)
        print(error, file=sys.stderr)
        print(f"{count} fault{'s' if count > 1 else ''}", file=sys.stderr)
        return 1
    of_driver = driver_warnings(config) if "ngcm_driver" in config.named else ()
    warn((*config.doubts, *of_driver))
    print(f"{shown(arguments.file, 400)}: ok")
    print(summary(config), end="")
    return 0


def sea_grid_rule(config: Config) -> Iterator[Conflict]:
    """The file of the sea's grid holds one, whose sea lies where the atmosphere has its sea."""
    name = config.grid.sea_grid_file
    if not os.access(name, os.R_OK):
        return  # the rules of files say so, as in what follows
    from ngcm_coupler.regrid.grid_files import read_surface_grid
    from ngcm_coupler.regrid.planet import configured_sea

    try:
        facts = engine_of(config).facts(config)
    except (Exception, SystemExit):  # the rules of the engine say so
        facts = None
    try:
        with reading(f"grid file {name}", DataError):
            if facts is None:
                read_surface_grid(name, config.grid.sea_grid_name)
            else:
                _, fit = configured_sea(config, facts.grid, facts.land_area_fraction)
                print(fit.text, file=sys.stderr)
                warn(fit.warnings)
    except NgcmError as error:
        yield Conflict(f"{_SEA_GRID}: {error}", (_SEA_GRID, _SEA_GRID_NAME))


def restart_rule(config: Config) -> Iterator[Conflict]:
    """The restart file is whole, and of a run that this one can continue."""
    name = config.restart.read_file
    if not (continues(config.restart) and os.access(name, os.R_OK)):
        return
    from ngcm_coupler.output.file_names import lost_faults
    from ngcm_coupler.output.restart.continuation import require_continues
    from ngcm_coupler.output.restart.files import newest, read_restart
    from ngcm_coupler.output.restart.form import require_form

    try:
        file = newest(name) if Path(name).is_dir() else Path(name)
        if file is None:
            raise RestartError(f"the folder {name} holds no restart; give one that does")
        header, arrays = read_restart(str(file))
        require_form(str(file), header, arrays)
        with reading(f"restart file {file}", RestartError):
            given = config.run.start_date
            begin = Clock(given, config.run.calendar).start if given else None
            known = _known_of(config)
            there = {each: header["identity"].get(each) for each in known}
            run = {"identity": known, "configuration": config.resolved_text()}
            run["environment"] = header["environment"]
            whole = dict(header) | {"identity": there}
            require_continues(str(file), whole, run, begin, config.restart.branch)
            if header["elapsed_seconds"]:
                yield from (Conflict(fault, (key, _RESTART)) for key, fault in lost_faults(config))
            yield from stop_conflicts(config, header["start"])
    except (RestartError, ArgumentError) as error:
        yield Conflict(f"{_RESTART}: {error}", (_RESTART, _START_DATE))


def ocean_state_rule(config: Config) -> Iterator[Conflict]:
    """The state that the ocean of a run through OASIS goes on from is one that can be read."""
    name = config.oasis_ocean.read_file
    if not os.access(name, os.R_OK):
        return
    from ngcm_coupler.files.netcdf import open_dataset

    try:
        with reading(f"state file {name}", DataError), open_dataset(name) as file:
            if not file.variables:
                raise DataError(f"state file {name} holds no variable; give that of an ocean")
    except DataError as error:
        yield Conflict(f"{_OCEAN_STATE}: {error}", (_OCEAN_STATE,))


FILE_RULES: tuple[Rule, ...] = (
    sea_grid_rule,
    restart_rule,
    ocean_state_rule,
    foreign_conflicts,
)
"""Those of the files that a namelist points to, beside its engine's: each is opened and judged."""


def _known_of(config: Config) -> dict[str, Any]:
    """What is known of a run without building it, of what it shares with the one it continues."""
    ensemble = config.ensemble
    known: dict[str, Any] = {
        "calendar": config.run.calendar,
        "members": [str(ensemble.first_member + place) for place in range(ensemble.members)],
        "imports": list(config.coupling.imports),
    }
    try:
        facts = engine_of(config).facts(config)
    except (Exception, SystemExit):  # the rules of the engine say so
        return known
    grid = f"{facts.grid.nlon}x{facts.grid.nlat}"
    return known | {"step_seconds": facts.step_seconds, "grid": grid}


def run_folder_rule(config: Config) -> Iterator[Conflict]:
    """The files of the coupler here, and what they point to, fit the namelist."""
    run = coupled_run(config)
    if run is None or not run.is_prepared(Path()):
        return
    try:
        faults = run.folder_faults(config, Path())
    except NgcmError:
        return  # the rules of the engine say so
    yield from (Conflict(fault, run.keys) for fault in faults)


def summary(config: Config) -> str:
    """Returns what a sound configuration will do, in a few lines."""
    engine, coupling = engine_of(config), config.coupling
    start = config.run.start_date or engine.start(config)
    if continues(config.restart):
        start = f"restart {text_of(config.restart.read_file)}"
    lines = {
        "atmosphere": engine.title(config),
        "start": start,
        "interval": f"{coupling.interval_seconds} s",
        "imports": ", ".join(coupling.imports),
        "history": text_of(config.history.file) if config.history.file else "none",
    }
    if run := coupled_run(config):
        lines[config.coupled_by] = run.title(config, Path())
    return "".join(f"  {label:<12}{shown(line, 1000)}\n" for label, line in lines.items())


def describe(form: str) -> str:
    """Returns the reference of every group and key, as ``text`` or ``markdown``."""
    if form == "markdown":
        return _INTRODUCTION + "".join(map(_markdown_of, GROUPS))
    return "\n".join(map(_text_of, GROUPS))


def _text_of(group: str) -> str:
    lines = [f"&{group}: {_title(group)}"]
    for name, key in schema.keys(GROUPS[group]).items():
        unit = f" [{key.unit}]" if key.unit else ""
        lines.append(f"  {name}: {key.kind}{unit}, default {text_of(key.default)}")
        lines.append(f"      {key.doc}")
        if key.allowed:
            lines.append(f"      Allowed: {key.allowed}.")
    return "\n".join(lines) + "\n"


def _markdown_of(group: str) -> str:
    header = ("Key", "Type", "Unit", "Default", "Allowed", "Meaning")
    rows = [
        (f"`{name}`", key.kind, key.unit, f"`{text_of(key.default)}`", key.allowed, key.doc)
        for name, key in schema.keys(GROUPS[group]).items()
    ]
    return f"\n## &{group}\n\n{_title(group)}\n\n{markdown_table(header, rows)}"


def _title(group: str) -> str:
    return (GROUPS[group].__doc__ or "").strip()
