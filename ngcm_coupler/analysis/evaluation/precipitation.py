"""Precipitation as a reviewer looks at it: where it falls, how it is spread, what closes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from ngcm_coupler.analysis.evaluation.harmonics import Harmonics
from ngcm_coupler.analysis.evaluation.heat import MISSING, WATER, Means, Quantity
from ngcm_coupler.analysis.evaluation.latitudes import box_mean, tropical_maximum, zonal_means
from ngcm_coupler.analysis.evaluation.rain import (
    correlation,
    lag_one,
    percentile,
    share_of_area,
)
from ngcm_coupler.analysis.evaluation.records import Records
from ngcm_coupler.analysis.report.folder import sampling
from ngcm_coupler.analysis.report.means import EntrySeries, Grid
from ngcm_coupler.analysis.report.tables import Table
from ngcm_coupler.fields import Surface

RAIN = "precipitation_flux"
RAW = "column_budget_precipitation_flux"
"""What the model's column physics tell, before negative values are seen to."""

BOXES = {"Sahara": (15.0, 30.0, -10.0, 30.0), "Amazon": (-10.0, 2.0, -70.0, -50.0)}
"""Boxes of land: south, north, west, east [degrees]."""

_DAY = 86400.0
_LIGHT = 0.1  # mm/day, below which a day counts as dry
_PERCENT = 99.9
_LARGE = 10  # degrees up to this one are where rain falls, not how it is spread
_SMOOTH = 20
_GPCP: dict[Surface, str] = {"": "2.70", "sea": "2.89", "land": "2.27"}

Row = tuple[str, str, str, str]
"""What is measured, unit, number, and what is observed with its source."""


def table(
    records: Records, means: Means, latitudes: np.ndarray
) -> tuple[list[Table], dict[str, str]]:
    """The table, and what is missing with the reason."""
    rows: list[Row] = []
    lacks: dict[str, str] = {}
    if lack := records.lack(RAIN):
        lacks["how precipitation is spread"] = lack
    elif means.grid is not None:
        rows += _of_means(means, latitudes)
        if sampling(records.segments) and RAIN in means.entries:
            whole = _text(means.entries[RAIN].mean * _DAY, ".2f")
            rows.append(("P, globe, every interval, of the budget", "mm/day", whole, ""))
        rows += _of_records(records, means.grid)
        if lack := records.days_lack():
            lacks["daily means of precipitation"] = lack
        else:
            rows += _of_days(records.days(RAIN) * _DAY, means.grid.area)
        if lack := records.lack(RAW):
            lacks["raw precipitation of the model's columns"] = lack
        else:
            rows += _beside_raw(records, means.grid, latitudes)
    rows += _of_closure(means.entries)
    if not means.entries:
        lacks["factor and debt of the water closure"] = (
            "there is no budget; set budget_file in &ngcm_history"
        )
    header = ("", "unit", "run", "observed")
    return ([Table("Precipitation", header, tuple(rows), 3)] if rows else []), lacks


def _of_means(means: Means, latitudes: np.ndarray) -> Iterator[Row]:
    rain, evaporation, _ = WATER
    for surface, observed in _GPCP.items():
        value = means.number(rain, surface)
        yield f"P, {surface or 'globe'}", "mm/day", _text(value, ".2f"), f"{observed} (GPCP)"
    found = means.of(rain)
    if found is not None:
        value, latitude = tropical_maximum(zonal_means(*found), latitudes)
        yield "P, largest zonal mean of the tropics", "mm/day", _text(value, ".2f"), ""
        yield "at the latitude", "degrees north", _text(latitude, ".1f"), ""
    for box, bounds in BOXES.items():
        for row in (rain, evaporation):
            yield f"{row.title}, {box}", "mm/day", _of_box(means, row, bounds, latitudes), ""


def _of_box(
    means: Means,
    row: Quantity,
    bounds: tuple[float, float, float, float],
    latitudes: np.ndarray,
) -> str:
    """Mean over the land of a box."""
    grid, found = means.grid, means.of(row, "land") or means.of(row)
    if found is None or grid is None:
        return MISSING
    values, weight = found
    return _text(
        box_mean(values, weight * (grid.land > 0.5), latitudes, grid.longitudes, bounds), ".2f"
    )


def _of_records(records: Records, grid: Grid) -> Iterator[Row]:
    begin, end = records.bounds[0]
    what = f"records of {(end - begin) / 3600.0:g} h"
    shares = _Shares()
    for _, values in records.blocks(RAIN):
        shares.add("no P", values == 0.0, grid.area)
        shares.add(f"P below {_LIGHT} mm/day", values * _DAY < _LIGHT, grid.area)
        shares.add("P below zero", values < 0.0, grid.area)
    if RAW in records:
        for _, values in records.blocks(RAW):
            shares.add("raw P below zero", values < 0.0, grid.area)
    for name, share in shares.results():
        yield f"{name}, {what}", "% of area", f"{100.0 * share:.1f}", ""


def _of_days(days: np.ndarray, area: np.ndarray) -> Iterator[Row]:
    """Of daily means [mm/day], shape (days, nlat, nlon)."""
    what = f"means of {len(days)} day{'' if len(days) == 1 else 's'}"
    yield f"no P, {what}", "% of area", f"{100.0 * share_of_area(days == 0.0, area):.1f}", ""
    dry = f"{100.0 * share_of_area(days < _LIGHT, area):.1f}"
    yield f"P below {_LIGHT} mm/day, {what}", "% of area", dry, ""
    east, north = lag_one(days, area)
    yield "lag-one correlation in longitude, daily means", "1", _text(east, ".2f"), ""
    yield "lag-one correlation in latitude, daily means", "1", _text(north, ".2f"), ""
    strong = percentile(days, area, _PERCENT)
    yield f"p{_PERCENT} of daily means", "mm/day", _text(strong, ".1f"), ""


def _beside_raw(records: Records, grid: Grid, latitudes: np.ndarray) -> Iterator[Row]:
    """What is exported beside what the columns tell, both as means over the run."""
    rain, raw = (_average(records, name) for name in (RAIN, RAW))
    below = share_of_area(raw[np.newaxis] < 0.0, grid.area)
    yield "raw P below zero, mean over the run", "% of area", f"{100.0 * below:.1f}", ""
    transform = Harmonics.of(latitudes, grid.area)
    power, of_raw = (transform.power(values)[1 : _LARGE + 1].sum() for values in (rain, raw))
    share = float(power / of_raw) if of_raw > 0.0 else np.nan
    yield f"power of P over that of raw, l = 1 to {_LARGE}", "1", _text(share, ".2f"), ""
    top, top_raw = (tropical_maximum(values.mean(axis=1), latitudes)[0] for values in (rain, raw))
    share = top / top_raw if top_raw > 0.0 else np.nan
    yield "largest zonal mean of the tropics over that of raw", "1", _text(share, ".2f"), ""
    evaporation = "column_budget_evaporation_flux"
    if evaporation in records:
        smooth = [
            transform.below(values - _average(records, evaporation), _SMOOTH + 1)
            for values in (rain, raw)
        ]
        found = _text(correlation(smooth[0], smooth[1], grid.area), ".2f")
        yield f"correlation of P-E with raw, both cut at l = {_SMOOTH}", "1", found, ""


def _of_closure(entries: Mapping[str, EntrySeries]) -> Iterator[Row]:
    if factor := entries.get("precipitation_factor"):
        low, high = np.nanmin(factor.series), np.nanmax(factor.series)
        yield "factor that closes water", "1", _text(factor.mean, ".3f"), ""
        yield "its smallest and largest", "1", f"{low:.3f} {high:.3f}", ""
    if debt := entries.get("precipitation_debt"):
        yield "debt of columns, mean", "kg/m²", f"{np.nanmean(debt.series):.3f}", ""
        yield "debt of columns, at the end", "kg/m²", f"{debt.series[-1]:.3f}", ""
    if largest := entries.get("precipitation_debt_largest"):
        yield "debt of the column that owes most", "kg/m²", f"{largest.mean:.1f}", ""


def _average(records: Records, name: str) -> np.ndarray:
    """Mean over the records, as long as each is."""
    total, seconds = 0.0, 0.0
    for bounds, values in records.blocks(name):
        lengths = bounds[:, 1] - bounds[:, 0]
        total = total + np.einsum("r,rij->ij", lengths, values)
        seconds += lengths.sum()
    return np.asarray(total / seconds)


class _Shares:
    """Parts of the area in which something holds, over all records."""

    def __init__(self) -> None:
        self._sums: dict[str, tuple[float, int]] = {}

    def add(self, name: str, chosen: np.ndarray, area: np.ndarray) -> None:
        """Adds records."""
        total, count = self._sums.get(name, (0.0, 0))
        share = share_of_area(chosen, area) * len(chosen)
        self._sums[name] = total + share, count + len(chosen)

    def results(self) -> Iterator[tuple[str, float]]:
        """Name and share of each."""
        for name, (total, count) in self._sums.items():
            yield name, total / count


def _text(value: float | None, form: str) -> str:
    if value is None:
        return MISSING
    return "-" if np.isnan(value) else format(value, f"z{form}")
