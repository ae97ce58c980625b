"""The ledger: what was exported in an interval, summed in double precision."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ngcm_coupler.clock import Clock
from ngcm_coupler.errors import ArgumentError, FieldError, RestartError
from ngcm_coupler.fields import TILES, Field, Surface, over
from ngcm_coupler.grid import Grid
from ngcm_coupler.interval.water_closure import WaterOfGlobe
from ngcm_coupler.output.budget import entries as names
from ngcm_coupler.output.budget.entries import (
    Entry,
    area_of,
    largest_residual_of,
    residual_of,
    share_of,
)

_ICE_AREA = "sea_ice_area_fraction"


class Ledger:
    """Sums of every interval, and their means since the run began. It reads and changes nothing.

    It lives where the atmosphere does, on the host, in double precision.

    Attributes:
      entries: what the ledger holds, in order.
      interval_seconds: length of the interval [s].
      intervals: number of intervals since the run began.
      clock: end of the last interval; None before the first.
      last: value of each entry in the last interval, by name; NaN where its surface has no area.
    """

    def __init__(
        self,
        grid: Grid,
        land_area_fraction: np.ndarray,
        imports: Sequence[Field],
        exports: Sequence[Field],
        interval_seconds: int,
        column_water: float,
        dry_air_pressure: float,
    ) -> None:
        """Begins with the state at the start of the run.

        Args:
          grid: grid of the fields.
          land_area_fraction: [1], shape (grid.size,).
          imports: fields of the rows of the import array.
          exports: fields of the rows of the export array.
          interval_seconds: length of the interval [s].
          column_water: mean over the globe at the start [kg m-2].
          dry_air_pressure: mean over the globe at the start [Pa].

        Raises:
          FieldError: the host gives no ice cover, or no column water is exported.
        """
        self._weights = grid.area / grid.area.sum()
        self._land = np.asarray(land_area_fraction, np.float64)
        self._imports = {row.name: number for number, row in enumerate(imports)}
        self._exports = {row.name: number for number, row in enumerate(exports)}
        for needed, given in ((_ICE_AREA, imports), (names.COLUMN_WATER, exports)):
            if needed not in [row.name for row in given]:
                raise FieldError(
                    f"the budget needs {needed}, which this run does not have; it has"
                    f" {', '.join(row.name for row in given)}"
                )
        self.entries: tuple[Entry, ...] = names.entries(imports, exports)
        self.interval_seconds = interval_seconds
        self.intervals = 0
        self.clock: Clock | None = None
        self.last = dict.fromkeys((entry.name for entry in self.entries), np.nan)
        self._totals = dict.fromkeys(self.last, 0.0)
        self._column_water = column_water
        self._dry_air_pressure = self._first_dry_air_pressure = float(dry_air_pressure)

    def enter(
        self,
        clock: Clock,
        imports: np.ndarray,
        exports: np.ndarray,
        dry_air_pressure: float,
        water: WaterOfGlobe,
    ) -> None:
        """Enters the interval that ends now.

        Args:
          clock: end of the interval.
          imports: as the host has put them for the interval, shape (number of imports, n).
          exports: float32, shape (number of exports, n).
          dry_air_pressure: mean over the globe now [Pa].
          water: how the interval has closed its water.
        """
        fractions = self._tile_fractions(imports)
        values = {area_of(tile): self._mean(fractions[tile]) for tile in TILES}
        fluxes = (*names.HEAT, *names.MOMENTUM, names.EVAPORATION)
        for name in fluxes:
            values |= self._tile_means(name, exports, fractions)
        for name in (*names.SKY, *names.SPACE):
            if name in self._exports:
                values[name] = self._mean(exports[self._exports[name]])
        values |= self._net_heat(values)
        values |= self._water(imports, exports, fractions, water)
        values |= self._dry_air(float(dry_air_pressure))
        self._add(clock, values)

    def means(self) -> dict[str, float]:
        """Each entry over all intervals since the run began; NaN where there is nothing."""
        count = self.intervals or np.nan
        means = {}
        for entry in self.entries:
            total = self._totals[entry.name]
            if entry.over == "area_mean":
                area = self._totals[area_of(entry.surface)]
                total = self._totals[share_of(entry.name)]
                means[entry.name] = total / area if area else np.nan
            else:
                means[entry.name] = total / count if entry.over == "mean" else total
        return means

    def state(self) -> dict[str, Any]:
        """Everything that a continued run needs, of types that JSON keeps exactly."""
        return {
            "clock": None if self.clock is None else self.clock.elapsed_seconds,
            "start": None if self.clock is None else self.clock.start,
            "calendar": None if self.clock is None else self.clock.calendar,
            "intervals": self.intervals,
            "column_water": self._column_water.hex(),
            "dry_air_pressure": self._dry_air_pressure.hex(),
            "first_dry_air_pressure": self._first_dry_air_pressure.hex(),
            "totals": {name: float(value).hex() for name, value in self._totals.items()},
            "last": {name: float(value).hex() for name, value in self.last.items()},
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continues bit for bit from what `state` gave.

        Raises:
          RestartError: the state is that of a run with other entries, or none.
        """
        try:
            self._restore(state)
        except (LookupError, TypeError, ValueError, AttributeError, ArgumentError) as error:
            raise RestartError(
                f"the budget of the restart file cannot be taken up ({type(error).__name__}:"
                f" {error}); go on from a file that nobody has changed"
            ) from error

    def _restore(self, state: dict[str, Any]) -> None:
        # An earlier version has not added up what leaves the planet: the sum is not known.
        unknown = self._totals.keys() & names.OF_SPACE - state["totals"].keys()
        if list(state["totals"]) != [name for name in self._totals if name not in unknown]:
            other = sorted(set(state["totals"]) ^ set(self._totals)) or ["another order"]
            raise RestartError(
                "the budget of the restart file has other entries than this run's:"
                f" {', '.join(other)}; continue with the imports and the radiation of that run"
            )
        if state["clock"] is not None:
            self.clock = Clock(state["start"], state["calendar"], operator.index(state["clock"]))
        self.intervals = operator.index(state["intervals"])
        self._column_water = float.fromhex(state["column_water"])
        self._dry_air_pressure = float.fromhex(state["dry_air_pressure"])
        self._first_dry_air_pressure = float.fromhex(state["first_dry_air_pressure"])
        totals = {name: float.fromhex(value) for name, value in state["totals"].items()}
        last = {name: float.fromhex(value) for name, value in state["last"].items()}
        self._totals = {name: totals.get(name, np.nan) for name in self._totals}
        self.last = dict.fromkeys(unknown if last else (), np.nan) | last

    def _mean(self, row: np.ndarray) -> float:
        """Mean over the globe. The sum is numpy's own: that of BLAS depends on its threads."""
        return float((np.asarray(row, np.float64) * self._weights).sum())

    def _tile_fractions(self, imports: np.ndarray) -> dict[Surface, np.ndarray]:
        """Part of each cell that each tile covers [1]."""
        ice = imports[self._imports[_ICE_AREA]].astype(np.float64)
        # Where there is no sea the host may leave anything, NaN too.
        ice = np.where(self._land < 1.0, ice, 0.0).clip(0.0, 1.0)
        sea = 1.0 - self._land
        return {"ice_free_sea": sea * (1.0 - ice), "sea_ice": sea * ice, "land": self._land}

    def _tile_means(
        self, name: str, exports: np.ndarray, fractions: dict[Surface, np.ndarray]
    ) -> dict[str, float]:
        """The entries of a flux that is offered over some or all tiles."""
        values: dict[str, float] = {}
        total = np.zeros_like(self._weights)
        for tile in TILES:
            row = over(name, tile)
            if row not in self._exports:
                continue
            contribution = fractions[tile] * exports[self._exports[row]]
            total += contribution
            values[share_of(row)] = self._mean(contribution)
            area = self._mean(fractions[tile])
            values[row] = values[share_of(row)] / area if area else np.nan
        if names.has_all_tiles(name, self._exports):
            cell = exports[self._exports[name]].astype(np.float64)
            values[name] = self._mean(cell)
            values[residual_of(name)] = self._mean(total - cell)
            values[largest_residual_of(name)] = float(np.abs(total - cell).max())
        return values

    def _net_heat(self, values: dict[str, float]) -> dict[str, float]:
        """Sums of what has been found already."""
        parts = names.HEAT[:4]
        net = {
            over(names.NET_HEAT, surface): sum(values[over(part, surface)] for part in parts)
            for surface in ("", *TILES)
            if all(over(part, surface) in self._exports for part in names.HEAT)
        }
        for tile in TILES:
            if over(names.NET_HEAT, tile) in net:
                shares = (values[share_of(over(part, tile))] for part in parts)
                net[share_of(over(names.NET_HEAT, tile))] = sum(shares)
        if all(name in self._exports for name in names.SPACE):
            incoming, reflected, emitted = (values[name] for name in names.SPACE)
            net[names.NET_SPACE] = incoming - reflected - emitted
            if names.NET_HEAT in net:
                net[names.NET_AIR] = net[names.NET_SPACE] - net[names.NET_HEAT]
        return net

    def _water(
        self,
        imports: np.ndarray,
        exports: np.ndarray,
        fractions: dict[Surface, np.ndarray],
        closed: WaterOfGlobe,
    ) -> dict[str, float]:
        """The entries of water, all from what is exported but for what its closing tells."""
        content = self._mean(exports[self._exports[names.COLUMN_WATER]])
        tendency = (content - self._column_water) / self.interval_seconds
        self._column_water = content
        values = {names.COLUMN_WATER: content, f"tendency_of_{names.COLUMN_WATER}": tendency}
        if any(name not in self._exports for name in names.BUDGETED):
            return values

        told = sum(
            self._mean(fractions[tile] * exports[self._exports[over(names.EVAPORATION, tile)]])
            for tile in TILES
            if over(names.EVAPORATION, tile) in self._exports
        )
        complete = names.has_all_tiles(names.EVAPORATION, self._exports)
        if names.IMPOSED_EVAPORATION in self._imports:
            evaporation = self._mean(imports[self._imports[names.IMPOSED_EVAPORATION]])
        elif complete:
            evaporation = told
        else:
            # Where a surface has no host, the plugin's own estimate of it counts.
            evaporation = self._mean(exports[self._exports[names.CELL_EVAPORATION]])
        fallen = {name: self._mean(exports[self._exports[name]]) for name in names.PRECIPITATION}
        exported = fallen["rainfall_flux"] + fallen["snowfall_flux"]
        values |= fallen | {
            "evaporation_total": evaporation,
            "water_residual_of_model": tendency
            + self._mean(exports[self._exports[names.CELL_PRECIPITATION]])
            - self._mean(exports[self._exports[names.CELL_EVAPORATION]]),
            names.DEBT: self._mean(exports[self._exports[names.DEBT]]),
            f"{names.DEBT}_largest": float(exports[self._exports[names.DEBT]].max()),
            "water_residual_as_computed": tendency + closed.computed - evaporation,
            "water_residual": tendency + exported - evaporation,
            "water_remainder": closed.remainder,
            "precipitation_factor": closed.factor,
        }
        values["evaporation_without_host"] = evaporation - told
        return values

    def _dry_air(self, pressure: float) -> dict[str, float]:
        change = pressure - self._dry_air_pressure
        self._dry_air_pressure = pressure
        return {
            "dry_air_pressure": pressure,
            "dry_air_pressure_change": change,
            "dry_air_pressure_drift": pressure - self._first_dry_air_pressure,
        }

    def _add(self, clock: Clock, values: dict[str, float]) -> None:
        """Adds an interval to the totals."""
        self.clock = clock
        self.intervals += 1
        self.last = {entry.name: float(values[entry.name]) for entry in self.entries}
        for entry in self.entries:
            value, total = self.last[entry.name], self._totals[entry.name]
            if entry.over == "mean":
                total += value
            else:
                total = max(total, value) if entry.over == "maximum" else value
            self._totals[entry.name] = total
