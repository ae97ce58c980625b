"""Scores of all fields and lead times as text, CSV and JSON."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import math
from collections.abc import Iterator, Sequence

import numpy as np

from ngcm_coupler.analysis.score.grid import Where, weights
from ngcm_coupler.analysis.score.read import Comparison
from ngcm_coupler.analysis.score.scores import Scores, scores
from ngcm_coupler.analysis.score.values import Doubts
from ngcm_coupler.errors import DataError, listing, shown


@dataclasses.dataclass(frozen=True)
class Row:
    """Scores of a field at a time.

    Attributes:
      field: its name in the ensemble.
      units: of all scores but coverage and ratio.
      lead_hours: time since the beginning [h].
      date: valid time, as ISO 8601 has it.
      members: how many there are.
      scores: the scores.
    """

    field: str
    units: str
    lead_hours: float
    date: str
    members: int
    scores: Scores

    def cells(self) -> dict[str, str | float | None]:
        """Column -> value; None for a score that is not defined."""
        own = {item.name: getattr(self, item.name) for item in dataclasses.fields(self)}
        own |= dataclasses.asdict(own.pop("scores"))
        return {
            name: None if isinstance(value, float) and math.isnan(value) else value
            for name, value in own.items()
        }


COLUMNS = tuple(Row("", "", 0.0, "", 0, Scores(*[0.0] * 6)).cells())


@dataclasses.dataclass(frozen=True)
class Table:
    """All scores of a comparison.

    Attributes:
      rows: by field, then by lead time.
      area: where the areas come from.
      unmatched: how many times of the ensemble the reference lacks.
      notes: what a reader of the scores should know of the values.
    """

    rows: Sequence[Row]
    area: str
    unmatched: int
    notes: Sequence[str] = ()

    def text(self) -> str:
        """Columns for a terminal."""
        lines = [f"area: {self.area}"]
        if self.unmatched:
            lines.append(f"times that the reference lacks, left out: {self.unmatched}")
        missing = min(row.scores.coverage for row in self.rows)
        if missing < 1.0:
            lines.append("points without a value in the reference or any member are left out")
        table = [COLUMNS, *([_shown(cell) for cell in row.cells().values()] for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        for cells in table:
            aligned = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
            lines.append("  ".join(aligned).rstrip())
        return "\n".join(lines) + "\n"

    def csv(self) -> str:
        """One line a field and time; a score that is not defined is empty."""
        stream = io.StringIO()
        writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(row.cells() for row in self.rows)
        return stream.getvalue()

    def json(self) -> str:
        """An object with the area, the times left out, and the rows."""
        return json.dumps(
            {
                "area": self.area,
                "times_without_reference": self.unmatched,
                "scores": [row.cells() for row in self.rows],
            },
            indent=1,
            allow_nan=False,
        ) + "\n"  # fmt: skip


def score(comparison: Comparison, where: Where = "everywhere") -> Table:
    """Scores an ensemble.

    Args:
      comparison: ensemble and reference.
      where: the surface whose area counts.

    Raises:
      DataError: a value is infinite, no file has the fraction of land that ``where`` needs, or
        there is nothing to score: no point ever has a value in all files.
    """
    files = (*comparison.members, comparison.reference)
    area, words = weights({file.path: (file.contents, file.points) for file in files}, where)
    doubts = Doubts()
    rows = list(_rows(comparison, area.reshape(-1), doubts))
    if not any(row.scores.coverage for row in rows):
        raise DataError(
            f"{listing(comparison.fields)}: no point of {where} has a value in"
            f" {comparison.reference.path} and all members at any time; expected some that have;"
            " look at the files with `ncdump`, or give other fields"
        )
    return Table(rows, words, comparison.unmatched, list(doubts.notes()))


def _rows(comparison: Comparison, area: np.ndarray, doubts: Doubts) -> Iterator[Row]:
    files, other = comparison.members, comparison.reference
    named = [each for file in files for each in file.members]
    for name, known_as in comparison.fields.items():
        units = str(files[0].data[name].attrs.get("units", ""))
        for moment in comparison.moments:
            each = [
                file.values(name, place).reshape(-1, area.size)
                for file, place in zip(files, moment.places, strict=True)
            ]
            reference = other.values(known_as, moment.reference).reshape(-1)
            for file, values in zip(files, each, strict=True):
                counted = values[:, area > 0.0]
                doubts.see(file.path, name, counted, name, units, moment.date)
            counted = reference[area > 0.0]
            doubts.see(other.path, known_as, counted, name, units, moment.date)
            members = np.concatenate(each)
            doubts.compare(named, members[:, area > 0.0])
            found = scores(members, reference, area)
            yield Row(name, units, moment.lead_hours, moment.date, len(members), found)


def _shown(cell: str | float | None) -> str:
    if cell is None:
        return "-"
    return f"{cell:.6g}" if isinstance(cell, float) else shown(cell)
