"""``ngcm-coupler report``: what a run has written, as one page."""

from __future__ import annotations

import argparse
import importlib.util
from pathlib import Path

from ngcm_coupler.cli.tables import number_table
from ngcm_coupler.errors import NgcmError, OutputError

NAME = "report.html"

_DAYS = 10
"""Length of a block of days where nothing else is asked for."""


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Adds the command to ``ngcm-coupler``."""
    parser = subparsers.add_parser(
        "report",
        help="make a page of budgets, time series and maps from a run's files",
        description="Make one HTML page of what a run has written: its budgets beside published "
        "ones, means over time and world maps. The netCDF files of &ngcm_history are known by what "
        "is in them; those of several segments are put together. Needs the extra "
        "ngcm_coupler[report].",
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="the folder with a run's files")
    parser.add_argument(
        "--output", type=Path, metavar="FOLDER", help=f"where to write {NAME} (DIR)"
    )
    parser.add_argument(
        "--drift",
        type=int,
        nargs="?",
        const=_DAYS,
        metavar="DAYS",
        help="print instead, as text, means of blocks of so many days (%(const)s), what changes"
        " from the first to the last, and trends; needs no matplotlib",
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    if arguments.drift is not None:
        print(_drift(arguments.folder, arguments.drift), end="")
        return 0
    if importlib.util.find_spec("matplotlib") is None:
        raise NgcmError(
            "the report needs matplotlib, which is not installed; install it with"
            " `python -m pip install 'ngcm_coupler[report]'`"
        )
    # matplotlib takes a second to import and is for this command alone.
    from ngcm_coupler.analysis.report.run import report

    output: Path = arguments.output or arguments.folder
    text = report(arguments.folder)
    try:
        output.mkdir(parents=True, exist_ok=True)
        (output / NAME).write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(
            f"{output / NAME} cannot be written ({error}); give another folder with --output"
        ) from error
    print(output / NAME)
    return 0


def _drift(folder: Path, days: int) -> str:
    """The tables of the drift as text."""
    if days < 1:
        raise NgcmError(f"--drift {days}: a block of days has one or more")
    # numpy takes a while to import and is for this alone.
    from ngcm_coupler.analysis.report.drift import drift

    return "\n".join(
        f"{table.caption}\n{number_table(table.header, table.rows)}"
        for table in drift(folder, days)
    )
