"""The budget of a run beside what is observed, as tables."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from pathlib import Path

from ngcm_coupler.analysis.report.means import EntrySeries
from ngcm_coupler.analysis.report.references import REFERENCES, SURFACES
from ngcm_coupler.couplers.oasis.closure import read_table
from ngcm_coupler.fields import TILES, over
from ngcm_coupler.output.budget.entries import area_of, largest_residual_of, residual_of

_MISSING = "not offered"


@dataclasses.dataclass(frozen=True)
class Table:
    """A table of text.

    Attributes:
      caption: what it says, with the unit and the sign.
      header: of the columns.
      rows: the first cell of each names it.
      published: number of the first column that is not of the run; none if it is their number.
      totals: numbers of the rows that are sums of others.
    """

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    published: int
    totals: tuple[int, ...] = ()


_SURFACE_HEAT = {
    "surface_downwelling_shortwave_flux_in_air": "Sunlight that arrives",
    "surface_downwelling_longwave_flux_in_air": "Heat radiation that arrives",
    "surface_net_downward_shortwave_flux": "Sunlight absorbed",
    "surface_net_downward_longwave_flux": "Net heat radiation",
    "surface_downward_sensible_heat_flux": "Sensible heat",
    "surface_downward_latent_heat_flux": "Latent heat",
    "surface_net_downward_heat_flux": "All heat into the surface",
}
_TOP = {
    "toa_incoming_shortwave_flux": "Sunlight that reaches the planet",
    "toa_outgoing_shortwave_flux": "Sunlight that it reflects",
    "toa_outgoing_longwave_flux": "Heat radiation that it loses",
    "toa_net_downward_flux": "What the planet gains",
    "atmosphere_net_heat_flux": "Of which the air would have to keep",
}
_STRESS = {
    "surface_downward_eastward_stress": "Eastward",
    "surface_downward_northward_stress": "Northward",
}
_EVAPORATION = {"water_evapotranspiration_flux": "Evaporation and sublimation"}
_WATER = {
    "evaporation_total": "Evaporation from all surfaces",
    "evaporation_without_host": "Of which no host is told",
    "rainfall_flux": "Rain",
    "snowfall_flux": "Snow",
    "precipitation_flux": "Rain and snow",
    "tendency_of_atmosphere_mass_content_of_water": "Change of water in the air",
    "water_residual_of_model": "Residual of the model itself",
    "water_residual_as_computed": "Residual as computed",
    "water_residual": "Residual as exported",
    "water_remainder": "Owed to the surface at the end",
}
_CLOSURE = {
    "precipitation_factor": ("Factor of precipitation that closes water", "", 1.0),
    "atmosphere_mass_content_of_water": ("Water in the air", "kg/m²", 1.0),
    "precipitation_debt": ("Precipitation that columns owe at the end", "kg/m²", 1.0),
    "precipitation_debt_largest": ("Of the column that owes most", "kg/m²", 1.0),
    "dry_air_pressure": ("Pressure of dry air", "hPa", 0.01),
    "dry_air_pressure_change": ("Its change in an interval", "Pa", 1.0),
    "dry_air_pressure_drift": ("Its change over the run", "Pa", 1.0),
}


def tables(entries: Mapping[str, EntrySeries]) -> list[Table]:
    """The tables of a budget, means over all its records."""
    return [
        _by_surface(
            "Heat, W/m², positive into the surface; means over the area of each surface",
            _SURFACE_HEAT, entries, 1.0, ".2f",
        ),
        _of_globe("Top of the air, W/m², mean over the globe", _TOP, entries, 1.0, ".2f"),
        _by_surface(
            "Evaporation, mm/day, positive upward; means over the area of each surface",
            _EVAPORATION, entries, 86400.0, ".3f",
        ),
        _of_globe("Water, mm/day, mean over the globe", _WATER, entries, 86400.0, ".4f"),
        _by_surface(
            "Stress on the surface, mN/m²; means over the area of each surface",
            _STRESS, entries, 1e3, ".2f",
        ),
        _closure(entries),
    ]  # fmt: skip


def exchanged(folder: Path) -> list[Table]:
    """What both sides of OASIS say of what was exchanged, where a run has left it."""
    found = read_table(folder)
    if found is None:
        return []
    header, rows = found
    caption = (
        "Sums over the sea of what the atmosphere sent through OASIS and of what the ocean"
        " received, means over all intervals; difference: the largest of an interval"
    )
    return [Table(caption, tuple(header), tuple(map(tuple, rows)), len(header))]


def _by_surface(
    caption: str,
    rows: Mapping[str, str],
    entries: Mapping[str, EntrySeries],
    factor: float,
    form: str,
) -> Table:
    header = ("", *SURFACES.values(), "residual", "largest in a cell")
    known = any(name in REFERENCES for name in rows)
    header += ("globe", "ocean", "land", "source") if known else ()
    areas = [_number(entries.get(area_of(tile)), 1.0, ".4f") for tile in TILES]
    blanks = [""] * (len(header) - 2 - len(areas))
    body: list[tuple[str, ...]] = [("Part of the globe", "", *areas, *blanks)]
    for name, words in rows.items():
        of_cells = name.startswith("surface_downwelling")
        cells = [_number(entries.get(name), factor, form)]
        for tile in TILES:
            row = entries.get(over(name, tile))
            cells.append("" if of_cells else _number(row, factor, form))
        for residual in (residual_of(name), largest_residual_of(name)):
            cells.append(_number(entries[residual], factor, ".1e") if residual in entries else "")
        if known:
            cells += _observed(name, factor, form)
        body.append((words, *cells))
    totals = tuple(n for n, name in enumerate(rows, 1) if name == "surface_net_downward_heat_flux")
    return Table(caption, header, tuple(body), 1 + len(SURFACES) + 2, totals)


def _of_globe(
    caption: str,
    rows: Mapping[str, str],
    entries: Mapping[str, EntrySeries],
    factor: float,
    form: str,
) -> Table:
    body: list[tuple[str, ...]] = []
    for name, words in rows.items():
        if name == "evaporation_without_host" and name not in entries:
            continue  # every surface has a host
        small = name.startswith("water_")
        number = _number(entries.get(name), factor, ".2e" if small else form)
        observed = _observed(name, factor, form)
        body.append((words, number, observed[0], observed[3]))
    totals = tuple(
        n
        for n, row in enumerate(body)
        if row[0] in ("Rain and snow", _TOP["toa_net_downward_flux"])
    )
    return Table(caption, ("", "globe", "globe", "source"), tuple(body), 2, totals)


def _closure(entries: Mapping[str, EntrySeries]) -> Table:
    body = []
    for name, (words, unit, factor) in _CLOSURE.items():
        form = ".2e" if name.endswith(("_change", "_drift")) else ".3f"
        number = _number(entries.get(name), factor, form)
        observed = _observed(name, factor, form)
        body.append((words, unit, number, observed[0], observed[3]))
    header = ("", "unit", "globe", "globe", "source")
    return Table("Water and dry air", header, tuple(body), 3)


def _observed(name: str, factor: float, form: str) -> tuple[str, str, str, str]:
    """Globe, ocean, land and source of what is observed; blanks where nothing is cited."""
    reference = REFERENCES.get(name)
    if reference is None:
        return ("", "", "", "")
    values = (reference.globe, reference.ocean, reference.land)
    digits = ".1f" if form == ".2f" else ".2f"
    numbers = ["" if value is None else f"{factor * value:{digits}}" for value in values]
    return (*numbers, reference.source)  # pyright: ignore[reportReturnType]


def _number(entry: EntrySeries | None, factor: float, form: str) -> str:
    if entry is None:
        return _MISSING
    return "none there" if math.isnan(entry.mean) else f"{factor * entry.mean:z{form}}"
