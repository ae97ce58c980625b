"""What the host has put, between two calls: checked, staged and dated."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from ngcm_coupler.clock import Clock
from ngcm_coupler.component.layout import Layout
from ngcm_coupler.constants import ZERO_CELSIUS
from ngcm_coupler.errors import StateError, ValueRangeError
from ngcm_coupler.fields import Field
from ngcm_coupler.fields.units import behind
from ngcm_coupler.grid import Grid

NEVER = -1
"""Date of an import that the host has not put."""


class Imports:
    """The imported fields at this rank's points.

    Attributes:
      fields: the fields, in the order of the rows of ``values``.
      values: float32, shape (len(fields), points of this rank).
      put_at: when each was put [s since the start of the run], or `NEVER`; int64.
      in_use: whether the host has put anything since the points were given.
      layout: how the points lie in the host's arrays; there from `hold` on.
    """

    def __init__(self, fields: Sequence[Field], max_age_seconds: int) -> None:
        """No field is put yet; `hold` says which points there are.

        Args:
          fields: the imported fields.
          max_age_seconds: how long a field holds without being put again.
        """
        self.fields = tuple(fields)
        self.values = np.empty((len(self.fields), 0), np.float32)
        self.put_at = np.full(len(self.fields), NEVER, np.int64)
        self.in_use = False
        self._max_age_seconds = max_age_seconds
        self._limits = [field.accepted_range for field in self.fields]

    def hold(
        self,
        values: np.ndarray,
        points: np.ndarray,
        grid: Grid,
        land_area_fraction: np.ndarray,
    ) -> None:
        """Takes over values for the points that this rank holds from now on.

        Args:
          values: float32, shape (len(fields), points.size).
          points: indices on the grid, shape (points.size,).
          grid: the grid.
          land_area_fraction: [1], shape (grid.size,): a field of the sea or of ice counts where
            there is any sea, one of land where there is any land.
        """
        self.values = values.copy()
        self._arrived = np.empty(points.size, np.float32)
        self.in_use = False
        self.layout = Layout(points, grid)
        self._points, self._grid = points, grid
        land = land_area_fraction[points]
        has_sea, has_land = land < 1.0, land > 0.0
        self._counting = [
            _places(has_land if field.surface == "land" else has_sea | (field.surface == ""))
            for field in self.fields
        ]

    def put(self, row: int, values: ArrayLike, now: int) -> None:
        """Takes a field from the host.

        Args:
          row: place of the field.
          values: one per point of this rank, see `Layout.vector`.
          now: date [s since the start of the run].

        Raises:
          ArgumentError, ShapeError: not an array of numbers, or not of this rank's points.
          ValueRangeError: a value at a point with sea is not finite or out of range.
          A field whose put has failed keeps its values and counts as not put.
        """
        arrived = self._arrived
        self.put_at[row] = NEVER
        self.in_use = True
        values = self.layout.vector(self.fields[row].name, values)
        with np.errstate(over="ignore"):  # becomes infinite, which the range check below refuses
            np.copyto(arrived, values, casting="same_kind")
        counting = self._counting[row]
        sample = arrived if counting is None else arrived.take(counting)
        low, high = self._limits[row]
        # A NaN makes both comparisons false.
        if sample.size and not (sample.min() >= low and sample.max() <= high):
            raise self._range_error(row, values)
        self.values[row] = arrived
        self.put_at[row] = now

    def require_unused(self) -> None:
        """Refuses other points once the host has put something.

        Raises:
          StateError: it has.
        """
        if self.in_use:
            raise StateError("set_partition must come before the first put")

    def require_fresh(self, clock: Clock) -> None:
        """Refuses to go on with an import that is missing or too old.

        Raises:
          StateError: names the import and its age.
        """
        if not self._points.size:
            return
        now = clock.elapsed_seconds
        for field, put_at in zip(self.fields, self.put_at.tolist(), strict=True):
            if put_at == NEVER:
                raise StateError(
                    f"import {field.name} has not been put (or its last put was refused); put it"
                    f" before advancing from {clock.iso8601()}"
                )
            if now - put_at > self._max_age_seconds:
                raise StateError(
                    f"import {field.name} was put {now - put_at} s before {clock.iso8601()};"
                    f" max_import_age_seconds in &ngcm_coupling allows {self._max_age_seconds}"
                )

    def _range_error(self, row: int, values: np.ndarray) -> ValueRangeError:
        """Names the field, how many values are wrong, and the worst of them."""
        field, (low, high) = self.fields[row], self._limits[row]
        with np.errstate(invalid="ignore"):
            excess = np.maximum(low - values, values - high)
        excess[np.isnan(excess)] = np.inf
        counting = self._counting[row]
        if counting is not None:
            excess[np.setdiff1d(np.arange(excess.size), counting)] = -np.inf
        worst = int(excess.argmax())
        return ValueRangeError(
            f"{field.name}: {int((excess > 0.0).sum())} of {values.size} values are not finite or"
            f" outside {field.valid_min:g} to {field.valid_max:g}{behind(field.units)}; the worst"
            f" is {values[worst]:g} at {self._grid.place(int(self._points[worst]))}"
            + (
                "; if these are degrees Celsius, convert them"
                if field.units == "K" and low <= values[worst] + ZERO_CELSIUS <= high
                else ""
            )
            + (
                f"; points without {noun} may hold anything"
                if (noun := _NOUN[field.surface])
                else ""
            )
        )


_NOUN = {"sea": "sea", "sea_ice": "sea", "land": "land", "": ""}


def _places(counting: np.ndarray) -> np.ndarray | None:
    """Where values count; None where all do, so that a put need not pick them out."""
    return None if counting.all() else np.flatnonzero(counting)
