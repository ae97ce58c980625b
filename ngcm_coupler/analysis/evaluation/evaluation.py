"""From the files of a run to what is said of it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from ngcm_coupler.analysis.evaluation import heat, noise, precipitation, season
from ngcm_coupler.analysis.evaluation.records import Records
from ngcm_coupler.analysis.report.folder import RunFiles, find, of_run, sampling
from ngcm_coupler.analysis.report.means import Grid, entry_series, field_means, read_grid
from ngcm_coupler.analysis.report.tables import Table
from ngcm_coupler.clock.calendars import SECONDS_PER_DAY


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """What is said of a run.

    Attributes:
      files: of the run.
      means: of its fields over time.
      latitudes: of the rows [degrees north]; empty without a history.
      noise: of its exported fields.
      tables: subject -> tables.
      missing: what is not said, and why, with the key that would have it written.
    """

    files: RunFiles
    means: heat.Means
    latitudes: np.ndarray
    noise: list[noise.Noise]
    tables: dict[str, list[Table]]
    missing: list[tuple[str, str]]

    @property
    def span(self) -> str:
        """When the records begin and end."""
        segments = self.files.history or self.files.budget
        begin, end = segments[0].bounds[0, 0], segments[-1].bounds[-1, 1]
        dates = (segments[0].start.advanced(int(each)).iso8601() for each in (begin, end))
        days = (end - begin) / SECONDS_PER_DAY
        text = f"{' to '.join(dates)}, {days:.3g} day{'' if days == 1.0 else 's'}"
        if part := sampling(self.files.history):
            text += f"; {part}"
            if self.means.entries:
                text += ", where the budget has every interval"
        return text


@of_run
def evaluate(folder: Path) -> Evaluation:
    """Reads a run and measures it.

    Args:
      folder: with its history, its budget or both.

    Raises:
      DataError: the folder does not hold the files of one run.
    """
    files = find(folder)
    records = Records(files.history)
    entries = entry_series(files.budget) if files.budget else {}
    grid = read_grid(files.history[0]) if files.history else None
    fields = field_means(files.history, heat.wanted(), grid) if grid else []
    means = heat.Means(grid, {each.name: each for each in fields}, entries)
    latitudes = _latitudes(grid)
    found = noise.measure(records, grid, latitudes) if grid else []
    by_surface = heat.by_surface(means)
    if sampling(files.history) and entries:
        by_surface += heat.by_surface(
            heat.Means(None, {}, entries), "every interval, of the budget"
        )
    rain, lacks = precipitation.table(records, means, latitudes)
    missing = [(name, lack) for name in heat.quantities() if (lack := records.lack(name))]
    return Evaluation(
        files,
        means,
        latitudes,
        found,
        {
            "By surface": by_surface,
            "By season": season.table(means, latitudes),
            "By latitude": heat.by_latitude(means),
            "Precipitation": rain,
            "Noise": noise.table(found, latitudes),
        },
        [*missing, *lacks.items(), *_unresolved(found)],
    )


def _latitudes(grid: Grid | None) -> np.ndarray:
    """The middles of the rows by area, which for Gaussian rows are their nodes within a percent."""
    if grid is None:
        return np.empty(0)
    sines = np.sin(np.deg2rad(grid.latitude_bounds))
    nodes = np.polynomial.legendre.leggauss(sines.size - 1)
    if np.allclose(np.diff(sines), nodes[1], atol=1e-8):
        return np.rad2deg(np.arcsin(nodes[0]))
    return np.rad2deg(np.arcsin(0.5 * (sines[:-1] + sines[1:])))


def _unresolved(found: list[noise.Noise]) -> list[tuple[str, str]]:
    """Degrees that the grid does not have."""
    if not found or found[0].power.size > noise.HIGHEST:
        return []
    reason = f"the grid resolves l = 0 to {found[0].power.size - 1}"
    return [(f"power at degrees up to {noise.HIGHEST}", reason)]
