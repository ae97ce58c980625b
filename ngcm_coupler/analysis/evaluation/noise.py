"""How much of each exported field is of the grid's own length: power by degree, stripes of rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from ngcm_coupler.analysis.evaluation.harmonics import Harmonics, ratio
from ngcm_coupler.analysis.evaluation.latitudes import alternation, degrees_text, zonal_means
from ngcm_coupler.analysis.evaluation.records import Records
from ngcm_coupler.analysis.report.means import Grid
from ngcm_coupler.analysis.report.tables import Table
from ngcm_coupler.fields import EXPORTS

RECORDS = 48
"""How many records, evenly over the run, spectra are the means of."""

_FINE, _MIDDLE = (40, 49), (20, 29)
_LAST, _SHORT = 60, (50, 59)

HIGHEST = _LAST
"""The degree that a grid has to resolve for all ratios to be told."""


@dataclasses.dataclass(frozen=True)
class Noise:
    """What is told of a field.

    Attributes:
      name: of the field.
      units: of it.
      power: of each degree, mean over records, in the unit squared, shape (degrees,).
      zonal: mean of each row over those records, shape (nlat,).
    """

    name: str
    units: str
    power: np.ndarray
    zonal: np.ndarray

    @property
    def stripes(self) -> np.ndarray:
        """Alternation between rows, shape (nlat,)."""
        return alternation(self.zonal)


def measure(records: Records, grid: Grid, latitudes: np.ndarray) -> list[Noise]:
    """Looks at every exported field of the history that has a value in every cell."""
    transform = Harmonics.of(latitudes, grid.area)
    found = []
    for row in EXPORTS:
        if row.surface or row.name not in records:
            continue
        values = records.some(row.name, RECORDS)
        if np.isfinite(values).all():
            power = transform.power(values).mean(axis=0)
            zonal = zonal_means(values.mean(axis=0), grid.area)
            found.append(Noise(row.name, row.units, power, zonal))
    return found


def table(found: Sequence[Noise], latitudes: np.ndarray) -> list[Table]:
    """One row a field; none of a history without any."""
    if not found:
        return []
    header = (
        "", "unit", "l 40-49 / 20-29", "l >= 60 / 50-59", "stripes, RMS", "largest", "at",
    )  # fmt: skip
    caption = (
        "Noise of exported fields: mean power of a degree over that of others, mean over records;"
        " difference between neighbouring rows of a zigzag in the zonal means of these"
    )
    return [Table(caption, header, tuple(_row(each, latitudes) for each in found), len(header))]


def _row(noise: Noise, latitudes: np.ndarray) -> tuple[str, ...]:
    last = noise.power.size - 1
    fine = ratio(noise.power, _FINE, _MIDDLE)
    short = ratio(noise.power, (_LAST, last), _SHORT) if last >= _LAST else np.nan
    stripes = np.abs(noise.stripes)
    if not np.isfinite(stripes).any():
        return (noise.name, noise.units, _text(fine), _text(short), "-", "-", "-")
    place = int(np.nanargmax(stripes))
    rms = float(np.sqrt(np.nanmean(stripes**2)))
    cells = (_text(rms), _text(float(stripes[place])), degrees_text(latitudes[place]))
    return (noise.name, noise.units, _text(fine), _text(short), *cells)


def _text(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.3g}"
