"""The ledger as a table for the log of a run."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from ngcm_coupler.fields import TILES, over
from ngcm_coupler.output.budget import entries as names
from ngcm_coupler.output.budget.entries import area_of, largest_residual_of
from ngcm_coupler.output.budget.ledger import Ledger

_LABEL, _NUMBER = 33, 11
_MILLIMETRE_PER_DAY = 86400.0  # kg m-2 s-1

_HEAT = {
    "surface_downwelling_shortwave_flux_in_air": "sunlight that arrives",
    "surface_downwelling_longwave_flux_in_air": "heat radiation that arrives",
    "surface_net_downward_shortwave_flux": "sunlight absorbed",
    "surface_net_downward_longwave_flux": "net heat radiation",
    "surface_downward_sensible_heat_flux": "sensible heat",
    "surface_downward_latent_heat_flux": "latent heat",
    "surface_net_downward_heat_flux": "all",
}
_SPACE = {
    "toa_incoming_shortwave_flux": "sunlight in",
    "toa_outgoing_shortwave_flux": "sunlight out",
    "toa_outgoing_longwave_flux": "heat radiation out",
    "toa_net_downward_flux": "net gain",
    "atmosphere_net_heat_flux": "of which the air would keep",
}
_MOMENTUM = {
    "surface_downward_eastward_stress": "eastward",
    "surface_downward_northward_stress": "northward",
}
_WATER = {
    "water_evapotranspiration_flux": "evaporation",
    "evaporation_total": "evaporation, all surfaces",
    "evaporation_without_host": "of which no host is told",
    "rainfall_flux": "rain",
    "snowfall_flux": "snow",
    "precipitation_flux": "rain and snow",
    f"tendency_of_{names.COLUMN_WATER}": "change of water in the air",
}
_CLOSURE = {
    "water_residual_of_model": "residual of the model",
    "water_residual_as_computed": "residual as computed",
    "water_residual": "residual as exported",
    "water_remainder": "owed to the surface",
}


def table(ledger: Ledger) -> str:
    """Means since the run began and over the last interval, in at most 100 columns.

    Args:
      ledger: with one interval or more.
    """
    if ledger.clock is None:
        return "budget: no interval has been completed\n"
    mean, last = ledger.means(), ledger.last
    hours = ledger.intervals * ledger.interval_seconds / 3600.0
    begin = ledger.clock.advanced(-ledger.intervals * ledger.interval_seconds).iso8601()
    columns = ["globe", "open water", "sea ice", "land", "largest", "last"]
    lines = [
        f"budget from {begin} to {ledger.clock.iso8601()}: {ledger.intervals} intervals,"
        f" {hours:g} h",
        _line("means per area of", columns),
        _line("part of the globe", ["", *(_text(mean[area_of(t)], ".4f") for t in TILES), "", ""]),
        *_section("heat into the surface [W m-2]", _HEAT, mean, last, ".3f"),
        *_section("top of the air [W m-2]", _SPACE, mean, last, ".3f"),
        *_section("stress on the surface [N m-2]", _MOMENTUM, mean, last, ".5f"),
        *_section("water [mm/day]", _WATER, mean, last, ".5f", _MILLIMETRE_PER_DAY),
        *_rows(_CLOSURE, mean, last, ".2e", _MILLIMETRE_PER_DAY),
        *_rows({"precipitation_factor": "factor of precipitation [1]"}, mean, last, ".5f"),
        *_rows({names.DEBT: "owed by columns [kg m-2]"}, mean, last, ".5f"),
        *_rows({f"{names.DEBT}_largest": "by one column [kg m-2]"}, mean, last, ".5f"),
        *_rows({names.COLUMN_WATER: "water in the air [kg m-2]"}, mean, last, ".5f"),
        *_section("dry air [Pa]", {"dry_air_pressure": "pressure"}, mean, last, ".3f"),
        *_rows({"dry_air_pressure_change": "change over an interval"}, mean, last, ".2e"),
        *_rows({"dry_air_pressure_drift": "change since the beginning"}, mean, last, ".2e"),
        "largest: of the sums over the surfaces of a cell less the field of the whole cell",
        "last: the globe in the last interval; -: the run does not offer it",
    ]
    return "\n".join(lines) + "\n"


def _section(
    title: str,
    rows: Mapping[str, str],
    mean: Mapping[str, float],
    last: Mapping[str, float],
    form: str,
    factor: float = 1.0,
) -> Iterator[str]:
    """A title and its rows; nothing where no row is there."""
    lines = list(_rows(rows, mean, last, form, factor))
    if lines:
        yield title
        yield from lines


def _rows(
    rows: Mapping[str, str],
    mean: Mapping[str, float],
    last: Mapping[str, float],
    form: str,
    factor: float = 1.0,
) -> Iterator[str]:
    """The rows of quantities that the run has on any surface."""
    for name, label in rows.items():
        surfaces = [over(name, surface) for surface in ("", *TILES)]
        if not any(each in mean for each in surfaces):
            continue
        cells = [_text(factor * mean[each], form) if each in mean else "-" for each in surfaces]
        if len([each for each in surfaces if each in mean]) == 1 and name in mean:
            cells[1:] = [""] * len(TILES)
        largest = largest_residual_of(name)
        cells.append(_text(factor * mean[largest], ".1e") if largest in mean else "")
        cells.append(_text(factor * last[name], form) if name in last else "-")
        yield _line(f"  {label}", cells)


def _text(value: float, form: str) -> str:
    return "-" if math.isnan(value) else format(value, form)


def _line(label: str, cells: list[str]) -> str:
    return f"{label:<{_LABEL}}{''.join(f'{cell:>{_NUMBER}}' for cell in cells)}".rstrip()
