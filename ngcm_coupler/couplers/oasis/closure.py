"""What was sent beside what was received: the two books of fluxes of a run, put together.

Each program writes, for every interval, the sums over the sea of what it exchanged. A flux that is
sent at a date is received a lag later; what was sent last has not arrived when the run ends, and
what comes from the first restart file was never sent.
"""

from __future__ import annotations

import csv
import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path

from ngcm_coupler.config import Config
from ngcm_coupler.couplers.oasis.coupling import Pair, pairs
from ngcm_coupler.errors import DataError, OutputError, shown, told
from ngcm_coupler.files import replaced, require_file

Book = dict[str, dict[int, float]]
"""OASIS name -> seconds since the start -> sum over the sea."""

NAME = "closure.csv"
"""The file that holds the comparison."""

_COLUMNS = ["seconds", "field", "integral"]


@dataclasses.dataclass(frozen=True)
class Closure:
    """How well one flux is conserved over a run.

    Attributes:
      pair: the flux.
      intervals: number of intervals of which both sides are known.
      sent: sum over the sea, mean of these intervals [unit of the flux times m2].
      received: likewise.
      relative_difference: largest difference of an interval, over the largest sum that was sent.
    """

    pair: Pair
    intervals: int
    sent: float
    received: float
    relative_difference: float


def book_name(component: str) -> str:
    """The file that a program of that name writes."""
    return f"{component}_fluxes.csv"


def read_book(path: Path) -> Book:
    """Reads what one program has written.

    Raises:
      DataError: the file is missing or not such a book; the message names the line.
    """
    book: Book = {}
    try:
        require_file(path)
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.reader(file)
            if (header := next(rows, [])) != _COLUMNS:
                raise DataError(
                    f"{path}: the header is '{shown(','.join(header))}', expected"
                    f" '{','.join(_COLUMNS)}'"
                )
            for number, row in enumerate(rows, 2):
                try:
                    seconds, name, integral = (cell.strip() for cell in row)
                    value = float(integral)
                    if not math.isfinite(value):
                        raise ValueError(f"{integral} is not finite")
                    book.setdefault(name, {})[int(seconds)] = value
                except ValueError as error:
                    raise DataError(
                        f"{path}:{number}: not a line of a flux book: {shown(error)}"
                    ) from error
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(
            f"{path} cannot be read ({told(error)}); a run writes it in its folder"
        ) from error
    return book


def closures(config: Config, folder: Path) -> list[Closure]:
    """Compares both books of a run.

    Raises:
      ConfigError: the settings describe no coupling through OASIS.
      DataError: a book is missing, lacks a flux, or has no date in common with the other.
    """
    oasis = config.oasis
    return compare(
        pairs(config),
        read_book(folder / book_name(oasis.component)),
        read_book(folder / book_name(oasis.ocean_component)),
    )


def compare(coupled: Sequence[Pair], sent: Book, received: Book) -> list[Closure]:
    """Compares two books, flux by flux.

    Args:
      coupled: the exchange.
      sent: the atmosphere's.
      received: the ocean's.

    Raises:
      DataError: a book lacks a flux, or has no date in common with the other.
    """
    fluxes = [
        pair
        for pair in coupled
        if pair.field.direction == "export" and pair.field.averaging == "interval_mean"
    ]
    return [_closure(pair, sent, received) for pair in fluxes]


def _closure(pair: Pair, sent: Book, received: Book) -> Closure:
    for who, book, name in (("atmosphere", sent, pair.source), ("ocean", received, pair.target)):
        if name not in book:
            known = ", ".join(book) or "nothing"
            raise DataError(f"the {who}'s flux book has no {name}; it has {known}")
    arrivals = {seconds + pair.lag: value for seconds, value in sent[pair.source].items()}
    dates = sorted(arrivals.keys() & received[pair.target].keys())
    if not dates:
        raise DataError(
            f"{pair.source} and {pair.target} have no date in common with LAG {pair.lag}; the two"
            " flux books are not of one run"
        )
    out = [arrivals[date] for date in dates]
    into = [received[pair.target][date] for date in dates]
    difference = max(abs(a - b) for a, b in zip(out, into, strict=True))
    scale = max(map(abs, out))
    relative = difference / scale if scale else (0.0 if difference == 0.0 else math.inf)
    count = len(dates)
    return Closure(pair, count, math.fsum(out) / count, math.fsum(into) / count, relative)


def write(rows: Sequence[Closure], folder: Path) -> None:
    """Writes the comparison into a folder, as `table` has it, for the report of the run.

    Raises:
      OutputError: it cannot be written.
    """
    header, cells = table(rows)
    try:
        with (
            replaced(folder / NAME) as temporary,
            temporary.open("w", newline="", encoding="utf-8") as file,
        ):
            csv.writer(file).writerows([header, *cells])
    except OSError as error:
        raise OutputError(f"{folder / NAME} cannot be written ({told(error)})") from error


def table(rows: Sequence[Closure]) -> tuple[list[str], list[list[str]]]:
    """Header and cells of the comparison, as the commands print them."""
    header = ["", "unit", "sent as", "sum", "received as", "sum", "relative difference"]
    return header, [
        [
            row.pair.field.name,
            row.pair.field.units.replace(" m-2", ""),  # summed over area
            row.pair.source,
            f"{row.sent:.9e}",
            row.pair.target,
            f"{row.received:.9e}",
            f"{row.relative_difference:.1e}",
        ]
        for row in rows
    ]


def read_table(folder: Path) -> tuple[list[str], list[list[str]]] | None:
    """Header and cells of the comparison that `write` has left in a folder, None if there is none.

    Raises:
      DataError: it cannot be read.
    """
    path = folder / NAME
    if not path.exists():
        return None
    try:
        require_file(path)
        header, *cells = csv.reader(path.read_text(encoding="utf-8").splitlines())
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(
            f"{path} cannot be read ({told(error)}); `ngcm-coupler run` writes it"
        ) from error
    return header, cells
