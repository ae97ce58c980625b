"""How a long run drifts: means of blocks of days, what changes from the first to the last, trends.

Needs neither matplotlib nor a page, so that a run can be looked at where it has been computed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from ngcm_coupler.analysis.report.folder import RunFile, RunFiles, find, of_run
from ngcm_coupler.analysis.report.means import EntrySeries, entry_series, field_means, read_grid
from ngcm_coupler.analysis.report.tables import Table
from ngcm_coupler.clock.calendars import SECONDS_PER_DAY
from ngcm_coupler.errors import DataError
from ngcm_coupler.fields import over
from ngcm_coupler.output.budget.entries import NET_HEAT

DAYS = 10
"""Length of a block where nothing else is asked for [day]."""

_LEAST_BLOCKS, _MOST_BLOCKS = 2, 1000
"""Of a run, and for each of its records: more of them would be empty in any run."""


@dataclasses.dataclass(frozen=True)
class Column:
    """A quantity of the table.

    Attributes:
      title: above it.
      unit: below that.
      form: how its numbers are written.
      names: entries of the budget or fields of the history; less the second, if there is one.
      factor: from the unit of the file.
    """

    title: str
    unit: str
    form: str
    names: tuple[str, ...]
    factor: float = 1.0


_MM_PER_DAY = 86400.0
_AIR = (
    Column("dry air", "hPa", ".4f", ("dry_air_pressure",), 0.01),
    Column("its drift", "Pa", ".4f", ("dry_air_pressure_drift",)),
    Column("water in air", "kg/m²", ".3f", ("atmosphere_mass_content_of_water",)),
    Column("T lowest", "K", ".3f", ("air_temperature",)),
    Column("T at 2 m", "K", ".3f", ("air_temperature_at_2m",)),
    Column("T 2 m sea", "K", ".3f", ("air_temperature_at_2m_over_ice_free_sea",)),
)
_WATER = (
    Column("P", "mm/day", ".4f", ("precipitation_flux",), _MM_PER_DAY),
    Column("E", "mm/day", ".4f", ("evaporation_total",), _MM_PER_DAY),
    Column("P-E", "mm/day", ".4f", ("precipitation_flux", "evaporation_total"), _MM_PER_DAY),
    Column(
        "dW/dt", "mm/day", ".4f", ("tendency_of_atmosphere_mass_content_of_water",), _MM_PER_DAY
    ),
    Column("residual", "mm/day", ".1e", ("water_residual",), _MM_PER_DAY),
    Column("of model", "mm/day", ".4f", ("water_residual_of_model",), _MM_PER_DAY),
    Column("owed", "kg/m²", ".4f", ("precipitation_debt",)),
    Column("owed most", "kg/m²", ".1f", ("precipitation_debt_largest",)),
    Column("factor", "1", ".4f", ("precipitation_factor",)),
)
_HEAT = (
    Column("SW top", "W/m²", ".2f", ("toa_incoming_shortwave_flux",)),
    Column("SW down", "W/m²", ".2f", ("surface_downwelling_shortwave_flux_in_air",)),
    Column("LW down", "W/m²", ".2f", ("surface_downwelling_longwave_flux_in_air",)),
    Column("SW net", "W/m²", ".2f", ("surface_net_downward_shortwave_flux",)),
    Column("LW net", "W/m²", ".2f", ("surface_net_downward_longwave_flux",)),
    Column("sensible", "W/m²", ".2f", ("surface_downward_sensible_heat_flux",)),
    Column("latent", "W/m²", ".2f", ("surface_downward_latent_heat_flux",)),
    Column("net", "W/m²", ".2f", (NET_HEAT,)),
    Column("top net", "W/m²", ".2f", ("toa_net_downward_flux",)),
)
_SURFACE = (
    Column("sea", "K", ".3f", ("sea_surface_temperature",)),
    Column("land", "K", ".3f", ("land_surface_skin_temperature",)),
    Column("ice", "K", ".3f", ("sea_ice_surface_temperature",)),
    Column("ice cover", "% of globe", ".3f", ("sea_ice_fraction_of_globe",), 100.0),
    Column("net water", "W/m²", ".2f", (over(NET_HEAT, "ice_free_sea"),)),
    Column("net ice", "W/m²", ".2f", (over(NET_HEAT, "sea_ice"),)),
    Column("net land", "W/m²", ".2f", (over(NET_HEAT, "land"),)),
)
_SUBJECTS = {
    "Air": _AIR,
    "Water, means over the globe": _WATER,
    "Heat into the surface, means over the globe": _HEAT,
    "Surfaces, means over the area of each": _SURFACE,
}


@dataclasses.dataclass(frozen=True)
class Series:
    """A quantity over time; `seconds` are begin and end of each record, shape (records, 2)."""

    seconds: np.ndarray
    values: np.ndarray

    @property
    def days(self) -> np.ndarray:
        """The middle of each record [day since the start of the run]."""
        return self.seconds.mean(axis=1) / SECONDS_PER_DAY


@of_run
def drift(folder: Path, days: int = DAYS) -> list[Table]:
    """The tables of a run whose files are in a folder.

    Args:
      folder: of the run.
      days: length of a block.

    Raises:
      DataError: the folder does not hold the files of one run, or less than two blocks.
    """
    files = find(folder)
    tables = drift_of(files, entry_series(files.budget) if files.budget else {}, days)
    if not tables:
        blocks, remedy = f"{days} days", "give a smaller number with --drift"
        if days == 1:
            blocks, remedy = "a day", "give a longer run"
        raise DataError(f"{folder}: the run has less than two blocks of {blocks}; {remedy}")
    return tables


def drift_of(files: RunFiles, entries: Mapping[str, EntrySeries], days: int) -> list[Table]:
    """The tables of a run; none of one that has not two whole blocks of so many days.

    Args:
      files: of the run.
      entries: its budget.
      days: length of a block.
    """
    segments = files.budget or files.history
    seconds = _seconds(segments)
    begin, end = seconds[0, 0] / SECONDS_PER_DAY, seconds[-1, 1] / SECONDS_PER_DAY
    whole = int((end - begin) // days)
    if whole < _LEAST_BLOCKS:
        return []
    if whole > _MOST_BLOCKS * len(seconds):
        raise DataError(
            f"{segments[0].path.parent}: {len(seconds)} records span {whole} blocks of {days} days,"
            " nearly all without a record; give longer blocks, or the files as they were written"
        )
    # A block that the run has not filled shows its mean too, but nothing is made of that.
    edges = np.append(np.arange(begin, end, days), end)
    start = segments[0].start
    labels = [start.advanced(round(day * SECONDS_PER_DAY)).iso8601()[:-9] for day in edges[:-1]]
    labels = [f"{each} + {days} d" for each in labels[:whole]] + [
        f"{each} + {end - edges[whole]:.3g} d" for each in labels[whole:]
    ]
    series = _read(files, entries)
    tables = []
    for caption, columns in _SUBJECTS.items():
        there = [each for each in columns if all(name in series for name in each.names)]
        if not there:
            continue
        cells = [_cells(each, series, edges, whole) for each in there]
        rows = zip([*labels, *_SUMMARY], *cells, strict=True)
        header = ("from", *(f"{each.title} [{each.unit}]" for each in there))
        totals = tuple(range(len(labels), len(labels) + len(_SUMMARY)))
        tables.append(Table(caption, header, tuple(rows), len(header), totals))
    return tables


def _read(files: RunFiles, entries: Mapping[str, EntrySeries]) -> dict[str, Series]:
    """What the tables can show: entries of the budget, and of the history what that lacks."""
    series = {}
    if files.budget:
        seconds = _seconds(files.budget)
        series = {name: Series(seconds, entry.series) for name, entry in entries.items()}
    if files.history:
        wanted = [
            name
            for columns in _SUBJECTS.values()
            for column in columns
            for name in column.names
            if name not in series
        ]
        seconds = _seconds(files.history)
        for row in field_means(files.history, wanted, read_grid(files.history[0])):
            series[row.name] = Series(seconds, row.series)
    return series


def _seconds(segments: Sequence[RunFile]) -> np.ndarray:
    return np.concatenate([segment.bounds for segment in segments])


def _cells(
    column: Column, series: Mapping[str, Series], edges: np.ndarray, whole: int
) -> Iterator[str]:
    """The means of the blocks, then what is made of them."""
    first = series[column.names[0]]
    days, values = first.days, column.factor * first.values
    if len(column.names) > 1:
        values = values - column.factor * series[column.names[1]].values
    block = np.searchsorted(edges, days, side="right") - 1
    means = [_mean(values[block == number]) for number in range(len(edges) - 1)]
    yield from (_text(mean, f"z{column.form}") for mean in means)
    yield _text(means[whole - 1] - means[0], f"+z{column.form}")
    middle = 0.5 * (edges[0] + edges[-1])
    for part in (np.ones_like(days, bool), days >= middle):
        yield _text(10.0 * _slope(days[part], values[part]), f"+z{column.form}")


_SUMMARY = ("last less first", "trend in 10 d", "of the second half")


def _mean(values: np.ndarray) -> float:
    """Mean of what is there; NaN of nothing."""
    there = values[np.isfinite(values)]
    return float(there.mean()) if there.size else np.nan


def _slope(days: np.ndarray, values: np.ndarray) -> float:
    """Trend by least squares [1/day], of means of days: their cycle has a slope of its own."""
    there = np.isfinite(values)
    day = np.floor(days[there]).astype(int)
    if np.unique(day).size < 2:
        return np.nan
    count = np.bincount(day - day[0])
    full = count > 0
    means = np.bincount(day - day[0], values[there])[full] / count[full]
    from_middle = np.flatnonzero(full) - np.flatnonzero(full).mean()
    return float((from_middle * means).sum() / (from_middle**2).sum())


def _text(value: float, form: str) -> str:
    return "-" if np.isnan(value) else format(value, form)
