"""Precipitation that closes the water budget of the globe: the last act of an interval.

What the columns give and what the tiles evaporate are computed apart, so that their balance with
the water in the air is not exact. One factor on rain and snow makes it so, in every interval. It is
part of the interval, so that a gradient sees the rain that the ocean gets.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ngcm_coupler.fields import TILES, Field, over
from ngcm_coupler.grid import Grid
from ngcm_coupler.interval.compensated import Pair, as_float, single

COLUMN_WATER = "atmosphere_mass_content_of_water"
EVAPORATION = "water_evapotranspiration_flux"
IMPOSED_EVAPORATION = f"imposed_{EVAPORATION}"
CELL_EVAPORATION = "column_budget_evaporation_flux"
PRECIPITATION = ("rainfall_flux", "snowfall_flux", "precipitation_flux")

_LARGEST_FACTOR = 10.0
"""Precipitation is multiplied by no more in one interval, so that water left over from dry ones is
not poured on the few points where it rains next."""


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class WaterBudget:
    """The water of the globe, as one interval hands it on to the next; all of shape ().

    Attributes:
      column_water: water in the air, mean over the globe [kg m-2].
      remainder: precipitation that is owed to the surface, because single precision could not tell
        it or because nothing fell, mean over the globe and an interval [kg m-2 s-1].
      computed: precipitation of the last interval before it was closed, mean over the globe
        [kg m-2 s-1].
      factor: of the last interval [1]; 1 before the first.
    """

    column_water: Pair
    remainder: Pair
    computed: jax.Array
    factor: jax.Array


class WaterOfGlobe(NamedTuple):
    """A `WaterBudget` on the host, in double precision; units as there."""

    column_water: float
    remainder: float
    computed: float
    factor: float

    @classmethod
    def of(cls, budget: WaterBudget, place: int | None = None) -> WaterOfGlobe:
        """The numbers of a budget, or of one of a batch of them."""
        if place is not None:
            budget = jax.tree.map(lambda leaf: leaf[place], budget)
        return cls(
            as_float(budget.column_water),
            as_float(budget.remainder),
            float(budget.computed),
            float(budget.factor),
        )


class WaterClosure:
    """Closes the water budget of each interval, where the atmosphere tells what its columns do."""

    def __init__(
        self,
        grid: Grid,
        land_area_fraction: np.ndarray,
        imports: Sequence[str],
        exports: Sequence[Field],
        interval_seconds: int,
    ) -> None:
        """Prepares the weights of the sums.

        Args:
          grid: the atmosphere's grid.
          land_area_fraction: [1], shape (grid.size,).
          imports: names of the rows of the import array.
          exports: fields of the rows of the export array.
          interval_seconds: length of the interval [s].
        """
        names = [row.name for row in exports]
        self._closes = all(name in names for name in (*PRECIPITATION, CELL_EVAPORATION))
        self._place = {name: number for number, name in enumerate(names)}
        self._imposed = imports.index(IMPOSED_EVAPORATION) if IMPOSED_EVAPORATION in imports else -1
        self._has_all_tiles = all(over(EVAPORATION, tile) in names for tile in ("", *TILES))
        self._weights = np.asarray(grid.area, np.float64) / grid.area.sum()
        self._land = np.asarray(land_area_fraction, np.float64)
        self._interval_seconds = interval_seconds

    def begin(self, column_water: jax.Array) -> WaterBudget:
        """The budget of a run that begins with this water in its columns [kg m-2], shape (n,)."""
        nothing, one = jnp.zeros((), jnp.float32), jnp.ones((), jnp.float32)
        told = self._mean(self.positive(column_water))
        return WaterBudget(told, Pair(nothing, nothing), nothing, one)

    def positive(self, column_water: jax.Array) -> jax.Array:
        """The water of the columns as it is exported: in none below zero, over the globe the same.

        Spectral humidity rings about zero where air is so cold that it holds next to nothing, and
        the sum of a column may be negative. What these columns lack the others pay in proportion
        to what they have, a few parts in 10,000: cut off alone it would be water made of nothing,
        every hour another amount.

        Args:
          column_water: the model's own [kg m-2], shape (n,).

        Returns:
          Likewise; to the bit what it was where no column is negative, or one is not a number.
        """
        there = jnp.maximum(column_water, 0.0)
        wanted, found = self._mean(column_water), self._mean(there)
        one = single(jnp.ones_like(wanted.high))
        factor = jax.tree.map(
            lambda part, same: jnp.where(wanted.high > 0.0, part, same), _factor(wanted, found), one
        )
        return _rounded(there, factor)

    def close(
        self,
        budget: WaterBudget,
        imports: jax.Array,
        ice_area_fraction: jax.Array,
        exports: jax.Array,
    ) -> tuple[WaterBudget, jax.Array]:
        """Makes precipitation what has evaporated less what the air has gained.

        Single precision of what is returned leaves a remainder, which the next interval makes
        good: the sum over intervals is exact. Where nothing is to fall on the globe as a whole, or
        nothing does fall, all is zero and in the remainder, likewise what a factor above 10 would
        add.

        Args:
          budget: at the end of the interval before.
          imports: as the host has put them, shape (len(imports), n).
          ice_area_fraction: of the sea [1], shape (n,).
          exports: of this interval, shape (len(exports), n).

        Returns:
          The budget now, and the exports, in which rain and snow are multiplied by one factor and
          precipitation is their sum, if the atmosphere tells a water budget, and no column has
          less than no water.
        """
        content = self.positive(exports[self._place[COLUMN_WATER]])
        exports = exports.at[self._place[COLUMN_WATER]].set(content)
        column_water = self._mean(content)
        if not self._closes:
            return dataclasses.replace(budget, column_water=column_water), exports
        seconds = Pair.of(1.0 / self._interval_seconds)
        gained = (column_water - budget.column_water) * seconds
        wanted = self._evaporation(imports, ice_area_fraction, exports) - gained + budget.remainder
        rain, snow, both = (self._place[name] for name in PRECIPITATION)
        computed = self._mean(exports[rain]) + self._mean(exports[snow])
        factor = _factor(wanted, computed)
        closed_rain, closed_snow = (_rounded(exports[row], factor) for row in (rain, snow))
        fallen = self._mean(closed_rain) + self._mean(closed_snow)
        exports = exports.at[rain].set(closed_rain).at[snow].set(closed_snow)
        exports = exports.at[both].set(closed_rain + closed_snow)
        return WaterBudget(column_water, wanted - fallen, computed.high, factor.high), exports

    def _mean(self, row: jax.Array) -> Pair:
        """Mean over the globe."""
        return (Pair.of(self._weights) * single(row)).sum()

    def _evaporation(
        self, imports: jax.Array, ice_area_fraction: jax.Array, exports: jax.Array
    ) -> Pair:
        """What precipitation is balanced with, mean over the globe [kg m-2 s-1].

        The host's where it imposes it, else the sum of what it is told over each surface; where a
        surface has no host, the plugin's own estimate of it counts.
        """
        if self._imposed >= 0:
            return self._mean(imports[self._imposed])
        if not self._has_all_tiles:
            return self._mean(exports[self._place[CELL_EVAPORATION]])
        open_sea, ice, land = (
            single(exports[self._place[over(EVAPORATION, tile)]]) for tile in TILES
        )
        sea = open_sea + single(ice_area_fraction) * (ice - open_sea)
        told = Pair.of(self._weights * (1.0 - self._land)) * sea
        return told.sum() + (Pair.of(self._weights * self._land) * land).sum()


def _factor(wanted: Pair, computed: Pair) -> Pair:
    """What precipitation is to be multiplied by."""
    possible = (wanted.high > 0.0) & (computed.high > 0.0)
    # The branch that is not taken must have a derivative too.
    quotient = wanted / jax.tree.map(lambda part: jnp.where(possible, part, 1.0), computed)
    largest = single(jnp.full_like(wanted.high, _LARGEST_FACTOR))
    is_less = quotient.high < _LARGEST_FACTOR
    limited = jax.tree.map(lambda *parts: jnp.where(is_less, *parts), quotient, largest)
    return jax.tree.map(lambda part: jnp.where(possible, part, 0.0), limited)


def _rounded(flux: jax.Array, factor: Pair) -> jax.Array:
    """A flux times the factor, rounded once."""
    product = single(flux) * factor
    return product.high + product.low
