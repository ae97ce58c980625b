"""``ngcm-coupler report``: what a run has written, as one page."""

from __future__ import annotations

import argparse
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

from ngcm_coupler.cli.arguments import LONGEST_RUN, path, whole
from ngcm_coupler.cli.tables import number_table, text_table
from ngcm_coupler.errors import NgcmError, OutputError, told
from ngcm_coupler.files import require_made, write_text

if TYPE_CHECKING:
    from ngcm_coupler.analysis.report.tables import Table

NAME = "report.html"
EVALUATION = "evaluation.html"

_DAYS = 10
"""Length of a block of days where nothing else is asked for."""


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Adds the command to ``ngcm-coupler``."""
    parser = subparsers.add_parser(
        "report",
        help="make a page of budgets, time series and maps from a run's files",
        description="Make one HTML page of what a run has written: its budgets beside published "
        "ones, means over time and world maps. The netCDF files of &ngcm_history are known by what "
        "is in them; those of several segments are put together. Needs the package "
        "matplotlib.",
    )
    parser.add_argument("folder", type=path, metavar="DIR", help="the folder with a run's files")
    parser.add_argument(
        "--output", type=path, metavar="FOLDER", help="where to write the page (DIR)"
    )
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument(
        "--evaluate",
        action="store_true",
        help="print instead what a reviewer asks: means by surface and latitude beside observed"
        " ones, noise of the exported fields, how precipitation is spread; with matplotlib, write"
        f" {EVALUATION} with zonal means, spectra and maps as well",
    )
    kind.add_argument(
        "--drift",
        type=whole(1, LONGEST_RUN // 24),
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
    output: Path = arguments.output or arguments.folder
    if arguments.evaluate:
        _evaluate(arguments.folder, output)
        return 0
    if importlib.util.find_spec("matplotlib") is None:
        raise NgcmError(
            "the report needs matplotlib, which is not installed; install it with"
            " `python -m pip install matplotlib`"
        )
    # matplotlib takes a second to import and is for this command alone.
    from ngcm_coupler.analysis.report.elements import is_own
    from ngcm_coupler.analysis.report.run import report

    require_made(output / NAME, is_own, "report")
    _write(output / NAME, report(arguments.folder))
    return 0


def _write(path: Path, text: str) -> None:
    """Writes a page and prints its name."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, text)
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written ({told(error)}); give another folder with --output"
        ) from error
    print(path)


def _evaluate(folder: Path, output: Path) -> None:
    """Prints the tables of the evaluation, and writes its page where that can be drawn."""
    # numpy takes a while to import and is for this alone.
    from ngcm_coupler.analysis.evaluation.evaluation import evaluate

    is_drawn = importlib.util.find_spec("matplotlib") is not None
    if is_drawn:
        from ngcm_coupler.analysis.report.elements import is_own

        require_made(output / EVALUATION, is_own, "report --evaluate")
    found = evaluate(folder)
    print(found.span)
    for table in (each for tables in found.tables.values() for each in tables):
        print(f"\n{_text(table)}", end="")
    if found.missing:
        print("\nMissing")
        print(text_table(("", "why"), found.missing), end="")
    if not is_drawn:
        print("No page: matplotlib is not installed; `pip install matplotlib` has it")
        return
    from ngcm_coupler.analysis.evaluation.page import page

    _write(output / EVALUATION, page(found))


def _drift(folder: Path, days: int) -> str:
    """The tables of the drift as text."""
    # numpy takes a while to import and is for this alone.
    from ngcm_coupler.analysis.report.drift import drift

    return "\n".join(map(_text, drift(folder, days)))


def _text(table: Table) -> str:
    return f"{table.caption}\n{number_table(table.header, table.rows)}"
