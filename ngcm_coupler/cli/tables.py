"""Tables of text as the commands print them."""

from __future__ import annotations

from collections.abc import Sequence

from ngcm_coupler.errors import printable

Rows = Sequence[Sequence[str]]


def text_table(header: Sequence[str], rows: Rows) -> str:
    """Returns columns aligned with blanks, for a terminal and for `column`-minded tools."""
    table, widths = _measured(header, rows)
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    )
    return "\n".join(lines) + "\n"


def number_table(header: Sequence[str], rows: Rows) -> str:
    """Returns columns whose numbers stand at the right; the first names the row."""
    table, widths = _measured(header, rows)
    lines = (
        "  ".join(
            cell.rjust(width) if number else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in table
    )
    return "\n".join(lines) + "\n"


def _measured(header: Sequence[str], rows: Rows) -> tuple[list[list[str]], list[int]]:
    """The cells as they are printed, each on one line, and the widths of the columns."""
    table = [[printable(cell).replace("\n", "\\n") for cell in row] for row in (header, *rows)]
    return table, [max(map(len, column)) for column in zip(*table, strict=True)]


def markdown_table(header: Sequence[str], rows: Rows) -> str:
    """Returns a Markdown table."""
    lines = (f"| {' | '.join(row)} |" for row in (header, ["---"] * len(header), *rows))
    return "\n".join(lines) + "\n"
