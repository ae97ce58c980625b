"""From the files of a run to the page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ngcm_coupler.analysis.report import maps, series
from ngcm_coupler.analysis.report.drift import DAYS, drift_of
from ngcm_coupler.analysis.report.folder import RunFile, RunFiles, find, of_run, sampling
from ngcm_coupler.analysis.report.means import entry_series, field_means, provenance, read_grid
from ngcm_coupler.analysis.report.page import Contents, page
from ngcm_coupler.analysis.report.tables import exchanged, tables
from ngcm_coupler.analysis.report.times import Times
from ngcm_coupler.fields import EXPORTS, Field, Need
from ngcm_coupler.output.history import LEFT_OUT, SAMPLED

_NEEDS: dict[Need, str] = {
    "sea_ice": "the host gives no sea ice",
    "land": "the host gives no land",
    "radiation": "the run has no radiation",
    "water": "the model does not tell its water budget",
    "skin": "the run has no skin of the sea of its own",
}

_LABELS = {
    "source": "Atmosphere",
    "ngcm_coupler_version": "ngcm_coupler",
}
"""Global attribute of the files -> what a reader calls it."""


@of_run
def report(folder: Path) -> str:
    """The page of the run whose files are in a folder.

    Raises:
      DataError: the folder does not hold the files of one run.
    """
    files = find(folder)
    segments = files.budget or files.history
    times = _times(segments)
    pictures, drawn, missing, unweighed, undrawn = [], [], [], [], []
    entries = entry_series(files.budget) if files.budget else {}
    if files.budget:
        pictures += series.of_budget(times, entries)
    if files.history:
        grid = read_grid(files.history[0])
        wanted = maps.wanted()
        fields = {each.name: each for each in field_means(files.history, wanted, grid)}
        unweighed = [
            name for name in wanted if name in files.history[0].variables and name not in fields
        ]
        pictures += series.of_history(_times(files.history), fields)
        drawn, missing = maps.draw_all(fields, grid)
        told = {*maps.used(fields), *unweighed}
        undrawn = [row[0] for row in provenance(files.history) if row[0] not in told]
    return page(
        Contents(
            title=f"Run of {segments[0].attributes.get('source', 'an unnamed atmosphere')}",
            facts=_facts(files, times),
            times=times,
            tables=[*(tables(entries) if entries else ()), *exchanged(folder)],
            drift=drift_of(files, entries, DAYS),
            series=pictures,
            maps=drawn,
            missing_maps=missing,
            unweighed=unweighed,
            undrawn=undrawn,
            has_history=bool(files.history),
            not_offered=_not_offered(files),
            not_written=_not_written(files),
            provenance=provenance(files.history or files.budget),
        )
    )


def _times(segments: Sequence[RunFile]) -> Times:
    bounds = np.concatenate([segment.bounds for segment in segments])
    return Times(segments[0].start, bounds.astype(np.int64), segments[0].spacing)


def _facts(files: RunFiles, times: Times) -> dict[str, str]:
    """What the files say of the run."""
    segments = (*files.budget, *files.history)
    gaps = f", gaps: {count}" if (count := len(times.after_gaps)) else ""
    facts = {
        "Time": f"{times.begin} to {times.end}, {times.span / 3600:g} hours",
        "Calendar": times.start.calendar,
        "Interval": f"{times.interval} s, {len(times)} records{gaps}",
    }
    facts |= {
        _LABELS.get(name, name): text
        for name, text in segments[0].attributes.items()
        if name not in ("Conventions", "title", LEFT_OUT, SAMPLED)
    }
    if words := sampling(files.history):
        facts["Sampling of the history"] = words
    kinds = (("History", files.history), ("Budget", files.budget))
    return facts | {
        kind: ", ".join(segment.path.name for segment in found) or "none" for kind, found in kinds
    }


def _not_offered(files: RunFiles) -> list[tuple[str, str]]:
    """Exports that a run does not have, and what they need; none where the file does not tell."""
    if not files.history or (left_out := files.history[0].left_out) is None:
        return []
    had = {*files.history[0].variables, *left_out}
    present = [row for row in EXPORTS if row.name in had]
    met: set[Need] = {need for row in present for need in row.needs}
    return [(row.name, _reason(row, met)) for row in EXPORTS if row not in present]


def _reason(row: Field, met: set[Need]) -> str:
    """What the run lacks; a need is met if any field that has it is there."""
    lacking = [_NEEDS[need] for need in row.needs if need not in met]
    return " and ".join(lacking) or "the files were written without it"


def _not_written(files: RunFiles) -> list[str]:
    """Exports that the run had and its history has not, or may have had where nothing tells."""
    if not files.history:
        return []
    first = files.history[0]
    absent = [row.name for row in EXPORTS if row.name not in first.variables]
    return absent if first.left_out is None else [n for n in absent if n in first.left_out]
