"""Variables of a grid file, in degrees, square metres and truth values."""

from __future__ import annotations

import dataclasses
import difflib
from pathlib import Path
from typing import Any

import numpy as np

from ngcm_coupler.constants import EARTH_RADIUS
from ngcm_coupler.errors import DataError

AREA_UNITS = {
    "m2": 1.0,
    "m^2": 1.0,
    "m**2": 1.0,
    "meter2": 1.0,
    "square meters": 1.0,
    "km2": 1e6,
    "km^2": 1e6,
    "cm2": 1e-4,
    "cm^2": 1e-4,
    "sr": EARTH_RADIUS**2,
    "steradian": EARTH_RADIUS**2,
    "radian2": EARTH_RADIUS**2,
    "radian^2": EARTH_RADIUS**2,
    "radians2": EARTH_RADIUS**2,
    "radians^2": EARTH_RADIUS**2,
    "square radians": EARTH_RADIUS**2,
}
"""Spelling -> square metres."""


@dataclasses.dataclass(frozen=True)
class GridFile:
    """An open netCDF file.

    Attributes:
      path: of the file.
      dataset: netCDF4's.
    """

    path: Path
    dataset: Any

    @property
    def names(self) -> list[str]:
        """Names of the variables."""
        return list(self.dataset.variables)

    def attribute(self, name: str, key: str) -> str:
        """An attribute of a variable as text, empty where there is none."""
        return str(getattr(self.variable(name), key, "")).strip()

    def dimensions(self, name: str) -> tuple[str, ...]:
        """Dimensions of a variable, the slowest first."""
        return tuple(self.variable(name).dimensions)

    def variable(self, name: str) -> Any:
        """A variable by its name; its absence is an error."""
        if name not in self.dataset.variables:
            raise DataError(
                f"grid file {self.path} has no variable '{name}', expected one"
                f"{nearest(name, self.names)}; add it to the file"
            )
        return self.dataset[name]

    def values(self, name: str) -> np.ndarray:
        """Numbers, unpacked, NaN where they are missing; the shape is the variable's."""
        values = np.ma.asarray(self.variable(name)[...])
        return np.ma.filled(values.astype(np.float64), np.nan)

    def integers(self, name: str) -> np.ndarray:
        """Whole numbers, -1 where they are missing; the shape is the variable's."""
        values = np.ma.asarray(self.variable(name)[...])
        return np.ma.filled(values.astype(np.int64), -1)

    def degrees(self, name: str, like: str | None = None, default: str = "") -> np.ndarray:
        """Angles [degrees].

        Args:
          name: of the variable.
          like: variable whose units hold where it has none itself, as CF says of bounds.
          default: units where neither has any.
        """
        units = self.attribute(name, "units") or (self.attribute(like, "units") if like else "")
        units = (units or default).lower()
        if units.startswith("deg"):
            return self.values(name)
        if units.startswith("rad"):
            return np.rad2deg(self.values(name))
        raise DataError(
            f"grid file {self.path}: the units of '{name}' are '{units}', expected degrees or"
            " radians; set the attribute `units`"
        )

    def areas(self, name: str, default: str = "") -> np.ndarray:
        """Areas [m2]; those on the unit sphere are taken to the Earth's radius."""
        units = self.attribute(name, "units") or default
        factor = AREA_UNITS.get(" ".join(units.lower().split()))
        if factor is None:
            raise DataError(
                f"grid file {self.path}: the units of '{name}' are '{units}', expected one of"
                f" {', '.join(AREA_UNITS)}; set the attribute `units`"
            )
        return self.values(name) * factor

    def equals(self, name: str, wanted: int) -> np.ndarray:
        """Where a mask of zeros and ones has the wanted value; missing values have not."""
        values = self.values(name)
        wrong = ~np.isnan(values) & (values != 0.0) & (values != 1.0)
        if wrong.any():
            cell = int(np.argmax(wrong))
            raise DataError(
                f"grid file {self.path}: '{name}' is {values.reshape(-1)[cell]:g} in cell"
                f" {cell + 1}, expected a mask of 0 and 1; round it to them"
            )
        return values == wanted

    def choose(self, name: str, candidates: list[str], what: str) -> str:
        """The named one of the candidates, or the only one.

        Args:
          name: empty for the only one.
          candidates: names in the file.
          what: what they are, in words for messages.
        """
        if name in candidates:
            return name
        if not name and len(candidates) == 1:
            return candidates[0]
        got = f"no {what} '{name}'" if name else f"{len(candidates)} of {what} and no choice"
        raise DataError(
            f"grid file {self.path}: got {got}, expected one of {', '.join(candidates) or 'none'}"
            f"{nearest(name, candidates)}; set the name of the grid"
        )


def nearest(name: str, candidates: list[str]) -> str:
    """A question for the nearest name, or nothing."""
    near = difflib.get_close_matches(name, candidates, n=1)
    return f" (did you mean '{near[0]}'?)" if near else ""
