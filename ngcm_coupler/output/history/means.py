"""Means over many coupling intervals, which a restart takes up where it left off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ngcm_coupler.errors import RestartError
from ngcm_coupler.fields import Surface
from ngcm_coupler.output.history.variables import ICE, Variable

_SUM, _AREA = "sum.", "area."


class Means:
    """Sums of values times seconds, in double precision.

    A variable of sea ice or of open water is also weighted by the part of the cell that its
    surface covers in each interval: times that part, the mean is what the surface received.
    """

    def __init__(self, variables: Sequence[Variable], land_area_fraction: np.ndarray) -> None:
        """Starts with nothing.

        Args:
          variables: what to average.
          land_area_fraction: [1], shape (n,).
        """
        self._variables = tuple(variables)
        self._land = land_area_fraction
        self._surfaces: set[Surface] = {each.varies_with for each in variables if each.varies_with}
        self._sums: dict[str, np.ndarray] = {}
        self.seconds = 0

    def add(self, values: Mapping[str, np.ndarray], seconds: int) -> None:
        """Adds an interval.

        Args:
          values: name -> shape (..., n); with `ICE` where a variable is of ice or open water.
          seconds: length of the interval.
        """
        areas = {surface: self._area(surface, values[ICE]) for surface in self._surfaces}
        for surface, area in areas.items():
            self._accumulate(_AREA + surface, area * seconds)
        for each in self._variables:
            # A double holds a single times a whole number of seconds to the last bit.
            value = np.asarray(values[each.name], np.float64)
            if each.varies_with:
                # Where there is none of a surface, a host may have put anything.
                area = areas[each.varies_with]
                value = np.where(area > 0.0, value, 0.0) * area
            self._accumulate(_SUM + each.name, value * seconds)
        self.seconds += seconds

    def take(self, missing: float) -> dict[str, np.ndarray]:
        """The means of all variables, float32, and a new start.

        Args:
          missing: value of a cell that has had none of the surface.
        """
        means = {}
        for each in self._variables:
            total = self._sums[_SUM + each.name]
            if each.varies_with:
                area = self._sums[_AREA + each.varies_with]
                mean = np.divide(total, area, out=np.full_like(total, missing), where=area > 0.0)
            else:
                mean = total / self.seconds
            means[each.name] = mean.astype(np.float32)
        self._sums, self.seconds = {}, 0
        return means

    def state(self) -> dict[str, np.ndarray]:
        """The sums, which with `seconds` are all that `restore` needs."""
        return dict(self._sums)

    def restore(self, sums: Mapping[str, np.ndarray], seconds: int) -> None:
        """Continues from what `state` gave.

        Raises:
          RestartError: these are other sums.
        """
        own = {_AREA + surface for surface in self._surfaces}
        own |= {_SUM + each.name for each in self._variables}
        sizes = {array.shape[-1:] for array in sums.values()}
        if odd := sorted(own ^ sums.keys()) or sorted(map(str, sizes - {self._land.shape})):
            raise RestartError(
                "the restart is in the middle of a mean, whose sums are not those of this run:"
                f" {odd[0]!a}; continue from a restart at the end of a record"
            )
        self._sums = {name: array.copy() for name, array in sums.items()}
        self.seconds = seconds

    def _accumulate(self, name: str, value: np.ndarray) -> None:
        if name in self._sums:
            self._sums[name] += value
        else:
            self._sums[name] = value

    def _area(self, surface: Surface, ice: np.ndarray) -> np.ndarray:
        """Part of each cell that the surface covers [1], shape (..., n)."""
        sea = 1.0 - self._land
        covered = np.where(sea > 0.0, np.asarray(ice, np.float64), 0.0).clip(0.0, 1.0)
        return sea * (covered if surface == "sea_ice" else 1.0 - covered)
