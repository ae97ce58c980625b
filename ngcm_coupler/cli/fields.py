"""``ngcm-coupler fields``: the table of the fields that cross between host and atmosphere."""

from __future__ import annotations

import argparse
import csv
import dataclasses
import io

from ngcm_coupler.cli.tables import markdown_table, text_table
from ngcm_coupler.fields import FIELDS, Field

COLUMNS = tuple(column.name for column in dataclasses.fields(Field))

TEXT_COLUMNS = tuple(name for name in COLUMNS if name not in ("standard_name", "description"))
"""A terminal is narrow: the two long columns that say least stay out."""


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Adds the subcommand."""
    parser = subparsers.add_parser(
        "fields",
        help="list the exchanged fields",
        description="List the fields that the host gives (import) and gets (export). The text "
        "leaves out the standard name and the description; csv and markdown have every column.",
    )
    parser.add_argument("--format", choices=("text", "csv", "markdown"), default="text")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    """Prints the table."""
    print(table(arguments.format), end="")
    return 0


def table(form: str) -> str:
    """Returns the field table as ``text``, ``csv`` or ``markdown``."""
    columns = TEXT_COLUMNS if form == "text" else COLUMNS
    rows = [[_cell(getattr(field, column)) for column in columns] for field in FIELDS]
    if form == "csv":
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows([columns, *rows])
        return out.getvalue()
    if form == "markdown":
        return markdown_table(columns, rows)
    return text_table(columns, [[cell or "-" for cell in row] for row in rows])


def _cell(value: str | float | tuple[str, ...]) -> str:
    if isinstance(value, tuple):
        return " ".join(value)
    return value if isinstance(value, str) else f"{value:g}"
