"""``ngcm-coupler check``: a namelist and what it points to, without running the model."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from ngcm_coupler.cli.tables import markdown_table
from ngcm_coupler.config import GROUPS, Config, Conflict, where
from ngcm_coupler.config import keys as schema
from ngcm_coupler.config.namelist import text_of
from ngcm_coupler.couplers.oasis.namcouple import NAME as NAMCOUPLE
from ngcm_coupler.engine import contents_rule, engine_of, load
from ngcm_coupler.errors import ConfigError, NgcmError

_OASIS = where(lambda at: at.oasis.exports), where(lambda at: at.oasis.partner_names)

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
    task.add_argument("file", nargs="?", metavar="FILE.nml", help="namelist to check")
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
        config = load(arguments.file, contents_rule, run_folder_rule)
    except ConfigError as error:
        count = len(error.faults)
        print(*error.faults, sep="\n", file=sys.stderr)
        print(f"{count} fault{'s' if count > 1 else ''}", file=sys.stderr)
        return 1
    print(f"{arguments.file}: ok")
    print(summary(config), end="")
    return 0


def run_folder_rule(config: Config) -> Iterator[Conflict]:
    """The namcouple here, and what it points to, fit the namelist."""
    if not config.oasis.exports or not Path(NAMCOUPLE).exists():
        return
    # Weights are read with scipy, which is slow to import.
    from ngcm_coupler.couplers.oasis import check, grids

    try:
        grid = grids.atmosphere_grid(config)
    except NgcmError:
        return  # the rules of the engine say so
    for fault in check.check_folder(config, grid, Path()):
        yield Conflict(fault, _OASIS)


def summary(config: Config) -> str:
    """Returns what a sound configuration will do, in a few lines."""
    engine, coupling = engine_of(config), config.coupling
    start = engine.start(config)
    if config.restart.read_file:
        start = f"restart {text_of(config.restart.read_file)}"
    lines = {
        "atmosphere": engine.title(config),
        "start": config.run.start_date or start,
        "interval": f"{coupling.interval_seconds} s",
        "imports": ", ".join(coupling.imports),
        "history": text_of(config.history.file) if config.history.file else "none",
    }
    if config.oasis.exports:
        prepared = Path(NAMCOUPLE).exists()
        lines["oasis"] = f"{len(config.oasis.exports)} exports, {config.oasis.coupling}; " + (
            "the namcouple here and its files fit" if prepared else "no namcouple here yet"
        )
    return "".join(f"  {label:<12}{line}\n" for label, line in lines.items())


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
