"""The entries of the ledger: one list, from which the table, the file and the report are made."""

from __future__ import annotations

import dataclasses
from collections.abc import Container, Iterator, Sequence
from typing import Literal

from ngcm_coupler.fields import TILES, Averaging, Field, Surface, over

Over = Literal["mean", "area_mean", "maximum", "last"]
"""How an entry of many intervals follows from those of each: their mean; their mean over the area
that its surface has had; the largest; the last."""

HEAT = (
    "surface_net_downward_shortwave_flux",
    "surface_net_downward_longwave_flux",
    "surface_downward_sensible_heat_flux",
    "surface_downward_latent_heat_flux",
    "surface_downward_nonsolar_heat_flux",
)
"""Heat that enters the surface, over each of its tiles."""

SKY = (
    "surface_downwelling_shortwave_flux_in_air",
    "surface_downwelling_longwave_flux_in_air",
)
"""Radiation that reaches the surface."""

SPACE = (
    "toa_incoming_shortwave_flux",
    "toa_outgoing_shortwave_flux",
    "toa_outgoing_longwave_flux",
)
"""Radiation that crosses the top of the air."""

MOMENTUM = ("surface_downward_eastward_stress", "surface_downward_northward_stress")
EVAPORATION = "water_evapotranspiration_flux"
IMPOSED_EVAPORATION = f"imposed_{EVAPORATION}"
PRECIPITATION = ("rainfall_flux", "snowfall_flux", "precipitation_flux")
CELL_EVAPORATION = "column_budget_evaporation_flux"
CELL_PRECIPITATION = "column_budget_precipitation_flux"
DEBT = "precipitation_debt"
BUDGETED = (*PRECIPITATION, CELL_EVAPORATION, CELL_PRECIPITATION, DEBT)
"""What is exported where the water budget of the model is known."""

COLUMN_WATER = "atmosphere_mass_content_of_water"
NET_HEAT = "surface_net_downward_heat_flux"
NET_SPACE = "toa_net_downward_flux"
NET_AIR = "atmosphere_net_heat_flux"
OF_SPACE = frozenset((*SPACE[1:], NET_SPACE, NET_AIR))
"""Entries that need to know what leaves the planet."""

_TILE_WORDS = {"ice_free_sea": "open water", "sea_ice": "sea ice", "land": "land"}


@dataclasses.dataclass(frozen=True)
class Entry:
    """One scalar of the ledger.

    Attributes:
      name: unique; means of an exported field have its name.
      units: UDUNITS string.
      surface: CF area type that it is a mean over; empty: the globe.
      averaging: mean over the interval, or at its end.
      positive: for fluxes, ``down`` or ``up``.
      over: how it is taken over many intervals.
      description: one line.
      field: the exported field that it is made of; empty for sums of several.
    """

    name: str
    units: str
    surface: Surface
    averaging: Averaging
    positive: Literal["", "down", "up"]
    over: Over
    description: str
    field: str = ""


def area_of(tile: Surface) -> str:
    """Name of the entry of the part of the globe that a tile covers."""
    return f"{tile}_fraction_of_globe"


def share_of(name: str) -> str:
    """Name of the entry of what a tile adds to the global mean."""
    return f"{name}_share"


def residual_of(name: str) -> str:
    """Name of the entry of a sum over tiles less the field of the whole cell, global mean."""
    return f"{name}_residual"


def largest_residual_of(name: str) -> str:
    """Name of the entry of the largest such difference of a cell."""
    return f"{name}_largest_residual"


def entries(imports: Sequence[Field], exports: Sequence[Field]) -> tuple[Entry, ...]:
    """The entries of a run, in the order in which they are written.

    Args:
      imports: what the host gives.
      exports: what the run offers; what they lack is not in the ledger.
    """
    imposed = any(row.name == IMPOSED_EVAPORATION for row in imports)
    rows = {row.name: row for row in exports}
    return (
        *_areas(),
        *(each for name in SKY if name in rows for each in _of_cells(rows[name])),
        *(each for name in HEAT for each in _of_tiles(name, rows)),
        *_net_heat(rows),
        *(each for name in SPACE if name in rows for each in _of_cells(rows[name])),
        *_net_space(rows),
        *(each for name in MOMENTUM for each in _of_tiles(name, rows)),
        *_of_tiles(EVAPORATION, rows),
        *_water(rows, imposed),
        *_dry_air(),
    )


def has_all_tiles(name: str, names: Container[str]) -> bool:
    """Whether a quantity is offered over each tile and over the whole cell."""
    return all(over(name, tile) in names for tile in ("", *TILES))


def _areas() -> Iterator[Entry]:
    for tile in TILES:
        words = f"Part of the globe that is {_TILE_WORDS[tile]}"
        yield Entry(area_of(tile), "1", "", "instantaneous", "", "mean", words)


def _of_cells(row: Field) -> Iterator[Entry]:
    """The global mean of a field of whole cells."""
    yield Entry(
        row.name, row.units, "", row.averaging, row.positive, "mean",
        f"{row.description}, mean over the globe", row.name,
    )  # fmt: skip


def _of_tiles(name: str, rows: dict[str, Field]) -> Iterator[Entry]:
    """A flux per area of each surface, what that adds to the global mean, and what is left over."""
    if name in rows:
        yield from _of_cells(rows[name])
    for tile in TILES:
        row = rows.get(over(name, tile))
        if row is None:
            continue
        common = (row.averaging, row.positive)
        yield Entry(
            row.name, row.units, tile, *common, "area_mean",
            f"{row.description}, mean over its area", row.name,
        )  # fmt: skip
        yield Entry(
            share_of(row.name), row.units, "", *common, "mean",
            f"{row.description}, per area of the globe", row.name,
        )  # fmt: skip
    if has_all_tiles(name, rows):
        row = rows[name]
        of = f"sum over the tiles less the field of the whole cell: {row.description.lower()}"
        yield Entry(
            residual_of(name), row.units, "", row.averaging, row.positive, "mean",
            f"Mean over the globe of the {of}",
        )  # fmt: skip
        yield Entry(
            largest_residual_of(name), row.units, "", row.averaging, "", "maximum",
            f"Largest absolute value in a cell of the {of}",
        )  # fmt: skip


def _net_heat(rows: dict[str, Field]) -> Iterator[Entry]:
    """All heat that enters each surface, where radiation is known."""
    words = "Sunlight, heat radiation, sensible and latent heat together into"
    for surface in ("", *TILES):
        if all(over(name, surface) in rows for name in HEAT):
            name = over(NET_HEAT, surface)
            whole = _TILE_WORDS.get(surface, "the surface of the globe")
            accumulated: Over = "area_mean" if surface else "mean"
            common = ("interval_mean", "down")
            yield Entry(name, "W m-2", surface, *common, accumulated, f"{words} {whole}")
            if surface:
                yield Entry(
                    share_of(name), "W m-2", "", *common, "mean",
                    f"{words} {whole}, per area of the globe",
                )  # fmt: skip


def _net_space(rows: dict[str, Field]) -> Iterator[Entry]:
    """What the planet gains, and what of it the air would have to keep."""
    if any(name not in rows for name in SPACE):
        return
    yield Entry(
        NET_SPACE, "W m-2", "", "interval_mean", "down", "mean",
        "Sunlight that reaches the planet less all radiation that leaves it",
    )  # fmt: skip
    if all(name in rows for name in HEAT):
        yield Entry(
            NET_AIR, "W m-2", "", "interval_mean", "down", "mean",
            "Heat that enters at the top of the air less heat that enters the surface",
        )  # fmt: skip


def _water(rows: dict[str, Field], imposed: bool) -> Iterator[Entry]:
    flux = ("kg m-2 s-1", "")
    mean = ("interval_mean",)
    if all(name in rows for name in BUDGETED):
        yield Entry(
            "evaporation_total", *flux, *mean, "up", "mean",
            "Evaporation from all surfaces that precipitation is balanced with",
        )  # fmt: skip
        if not imposed and not has_all_tiles(EVAPORATION, rows):
            yield Entry(
                "evaporation_without_host", *flux, *mean, "up", "mean",
                "The part of it that no host is told: from surfaces that have none",
            )  # fmt: skip
        for name in PRECIPITATION:
            yield from _of_cells(rows[name])
    yield Entry(
        COLUMN_WATER, "kg m-2", "", "instantaneous", "", "mean",
        "Vapour, cloud liquid water and cloud ice in the air, mean over the globe", COLUMN_WATER,
    )  # fmt: skip
    yield Entry(
        f"tendency_of_{COLUMN_WATER}", *flux, *mean, "", "mean",
        "Change of the water in the air over the interval",
    )  # fmt: skip
    if all(name in rows for name in BUDGETED):
        yield Entry(
            "water_residual_of_model", *flux, *mean, "", "mean",
            "Change of water in the air less what the model's column physics has added to it",
        )  # fmt: skip
        yield Entry(
            "water_residual_as_computed", *flux, *mean, "", "mean",
            "Change of water in the air plus precipitation less evaporation, with what columns"
            " owe, before closing",
        )  # fmt: skip
        yield Entry(
            DEBT, "kg m-2", "", "instantaneous", "", "last",
            "Precipitation that columns owe, mean over the globe", DEBT,
        )  # fmt: skip
        yield Entry(
            f"{DEBT}_largest", "kg m-2", "", "instantaneous", "", "last",
            "Precipitation that the column owes which owes most", DEBT,
        )  # fmt: skip
        yield Entry(
            "water_residual", *flux, *mean, "", "mean",
            "Change of water in the air plus precipitation less evaporation, as exported",
        )  # fmt: skip
        yield Entry(
            "water_remainder", *flux, "instantaneous", "down", "last",
            "Precipitation that is still owed to the surface, for the next interval",
        )  # fmt: skip
        yield Entry(
            "precipitation_factor", "1", "", "interval_mean", "", "mean",
            "Factor of precipitation that closes the budget of water",
        )  # fmt: skip


def _dry_air() -> Iterator[Entry]:
    dry, state = "dry_air_pressure", "instantaneous"
    yield Entry(
        dry, "Pa", "", state, "", "mean", "Pressure of dry air at the surface, mean over the globe"
    )
    yield Entry(
        f"{dry}_change", "Pa", "", state, "", "mean", "Its change over the interval"
    )  # fmt: skip
    yield Entry(
        f"{dry}_drift", "Pa", "", state, "", "last", "Its change since the beginning of the run"
    )
