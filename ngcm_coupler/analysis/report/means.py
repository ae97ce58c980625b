"""Means over time of what a run has written: maps of the history, entries of the budget."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

import numpy as np

from ngcm_coupler.analysis.report.folder import RunFile
from ngcm_coupler.fields import Surface
from ngcm_coupler.files.netcdf import open_dataset
from ngcm_coupler.output.budget.entries import area_of, share_of

_BLOCK = 48  # records that are in memory at once
_SURFACE = re.compile(r"area: (?:time: )?mean where (\w+)")
_ICE = "sea_ice_area_fraction"


@dataclasses.dataclass(frozen=True)
class Grid:
    """The grid of a history.

    Attributes:
      latitude_bounds: [degrees north], shape (nlat + 1,).
      longitudes: [degrees east], shape (nlon,).
      area: [m2], shape (nlat, nlon).
      land: land area fraction [1], shape (nlat, nlon).
    """

    latitude_bounds: np.ndarray
    longitudes: np.ndarray
    area: np.ndarray
    land: np.ndarray


@dataclasses.dataclass(frozen=True)
class FieldMean:
    """A field over time.

    Attributes:
      name: in the field table.
      units: UDUNITS string.
      surface: that it is a mean over.
      description: one line.
      provenance: where its values come from.
      average: over time, while the surface was there; NaN where it never was, (nlat, nlon).
      fraction: part of the cell that it is an average over, mean over time, (nlat, nlon).
      mean: over the area of the surface and time.
      series: over the area of the surface, for each record.
      is_point: whether a record holds the moment of its end, and not a mean over it.
    """

    name: str
    units: str
    surface: Surface
    description: str
    provenance: str
    average: np.ndarray
    fraction: np.ndarray
    mean: float
    series: np.ndarray
    is_point: bool = False


@dataclasses.dataclass(frozen=True)
class EntrySeries:
    """An entry of the budget over time; `mean` is what the ledger's own table has.

    Where `is_point`, a record holds the moment of its end, and not a mean over it.
    """

    units: str
    description: str
    series: np.ndarray
    mean: float
    is_point: bool = False


def read_grid(segment: RunFile) -> Grid:
    """The grid of a history file."""
    with open_dataset(segment.path) as file:
        file.set_auto_mask(False)
        bounds = file["lat_bounds"][...]
        edges = np.append(bounds[:, 0], bounds[-1, 1])
        arrays = (file[name][...] for name in ("lon", "cell_area", "land_area_fraction"))
        return Grid(edges, *map(np.asarray, arrays))


def field_means(segments: Sequence[RunFile], names: Sequence[str], grid: Grid) -> list[FieldMean]:
    """Reads those of the named fields that a history has, in one pass and little memory.

    Without the fraction of ice in it, nobody can weigh what is of ice or of open water: those
    fields are left out.

    Args:
      segments: the files of the history in the order of time.
      names: fields wanted.
      grid: their grid.
    """
    present = [name for name in dict.fromkeys(names) if name in segments[0].variables]
    has_ice = _ICE in segments[0].variables
    if not has_ice:
        present = [name for name in present if not needs_ice(segments[0], name)]
    sums = {name: _Sum(grid) for name in present}
    attributes: dict[str, dict[str, str]] = {}
    for segment in segments:
        with open_dataset(segment.path) as file:
            for name in present:
                attributes[name] = {
                    key: str(file[name].getncattr(key)) for key in file[name].ncattrs()
                }
            for begin in range(0, len(segment.bounds), _BLOCK):
                block = slice(begin, begin + _BLOCK)
                count = len(segment.bounds[block])
                ice = np.zeros((count, *grid.area.shape))
                if has_ice:
                    ice = np.ma.filled(file[_ICE][block], np.nan)
                for name in present:
                    fraction = _fraction(_surface(attributes[name]), grid.land, ice)
                    sums[name].add(np.ma.filled(file[name][block], np.nan), fraction)
    return [
        FieldMean(
            name,
            attributes[name]["units"],
            _surface(attributes[name]),
            attributes[name]["long_name"],
            attributes[name]["provenance"],
            *sums[name].result(),
            is_point=_is_point(attributes[name]),
        )
        for name in present
    ]


def needs_ice(segment: RunFile, name: str) -> bool:
    """Whether a field is over a surface whose area goes with that of the ice."""
    with open_dataset(segment.path) as file:
        return _surface({"cell_methods": file[name].cell_methods}) in ("sea_ice", "ice_free_sea")


def provenance(segments: Sequence[RunFile]) -> list[tuple[str, str, str, str]]:
    """Name, unit, description and origin of every field of a history or entry of a budget."""
    with open_dataset(segments[-1].path) as file:
        return [
            (name, variable.units, variable.long_name, variable.provenance)
            for name, variable in file.variables.items()
            if "provenance" in variable.ncattrs()
        ]


def entry_series(segments: Sequence[RunFile]) -> dict[str, EntrySeries]:
    """Every entry of a budget over all its files, NaN where its surface had no area."""
    values: dict[str, list[np.ndarray]] = {}
    attributes: dict[str, dict[str, str]] = {}
    for segment in segments:
        with open_dataset(segment.path) as file:
            for name, variable in file.variables.items():
                if "over_time" in variable.ncattrs():
                    attributes[name] = {
                        key: str(variable.getncattr(key)) for key in variable.ncattrs()
                    }
                    values.setdefault(name, []).append(np.ma.filled(variable[...], np.nan))
    series = {name: np.concatenate(parts) for name, parts in values.items()}
    return {
        name: EntrySeries(
            attributes[name]["units"],
            attributes[name]["long_name"],
            row,
            _entry_mean(name, attributes[name], series),
            _is_point(attributes[name]),
        )
        for name, row in series.items()
    }


def _entry_mean(name: str, attributes: dict[str, str], series: dict[str, np.ndarray]) -> float:
    match attributes["over_time"]:
        case "area_mean":
            area = series[area_of(_surface(attributes))].sum()
            return float(series[share_of(name)].sum() / area) if area else np.nan
        case "maximum":
            return float(series[name].max())
        case "last":
            return float(series[name][-1])
        case _:
            return float(series[name].mean())


def _surface(attributes: dict[str, str]) -> Surface:
    found = _SURFACE.search(attributes["cell_methods"])
    return found[1] if found else ""  # pyright: ignore[reportReturnType]


def _is_point(attributes: dict[str, str]) -> bool:
    return "time: point" in attributes["cell_methods"]


def _fraction(surface: Surface, land: np.ndarray, ice: np.ndarray) -> np.ndarray:
    """Part of each cell that the surface covers in each record [1]."""
    sea = 1.0 - land
    covered = np.where(sea > 0.0, ice, 0.0).clip(0.0, 1.0)
    return {
        "": np.ones_like(covered),
        "land": np.broadcast_to(land, covered.shape),
        "sea": np.broadcast_to(sea, covered.shape),
        "sea_ice": sea * covered,
        "ice_free_sea": sea * (1.0 - covered),
    }[surface]


class _Sum:
    """A field times the part of the cell that it stands for, summed up."""

    def __init__(self, grid: Grid) -> None:
        self._area = grid.area
        self._total = np.zeros(grid.area.shape)
        self._fraction = np.zeros(grid.area.shape)
        self._series: list[np.ndarray] = []

    def add(self, values: np.ndarray, fraction: np.ndarray) -> None:
        """Adds records, shape (records, nlat, nlon) each."""
        # Where there is none of the surface a field may hold anything.
        fraction = np.where(np.isfinite(values), fraction, 0.0)
        weighted = np.where(fraction > 0.0, values, 0.0).astype(np.float64) * fraction
        self._total += weighted.sum(axis=0)
        self._fraction += fraction.sum(axis=0)
        area = (fraction * self._area).sum(axis=(1, 2))
        with np.errstate(invalid="ignore"):
            self._series.append((weighted * self._area).sum(axis=(1, 2)) / area)

    def result(self) -> tuple[np.ndarray, np.ndarray, float, np.ndarray]:
        """Average over time, part of the cell, mean over area and time, mean of each record."""
        series = np.concatenate(self._series)
        with np.errstate(invalid="ignore"):
            average = self._total / self._fraction
            mean = (self._total * self._area).sum() / (self._fraction * self._area).sum()
        return average, self._fraction / series.size, float(mean), series
