"""Variables of a grid file, in degrees, square metres and truth values."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from ngcm_coupler.constants import EARTH_RADIUS
from ngcm_coupler.errors import DataError, listing, shown
from ngcm_coupler.files.netcdf import import_netcdf4
from ngcm_coupler.regrid.variables import Variables, nearest

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

_TOWARDS = r"([_ -]?\(?(n|north(ward)?s?|e|east(ward)?s?|t|true|lat(itude)?s?|lon(gitude)?s?)\)?)?"
_DEGREES = re.compile(rf"((arc|angular)?[_ ]?deg(ree)?s?\.?|°){_TOWARDS}")
_RADIANS = re.compile(rf"rad(ian)?s?\.?{_TOWARDS}")
"""Eastward, northward or without a direction: not of temperature, to the west or the south."""


class GridFile(Variables):
    """The variables of an open grid file."""

    def degrees(
        self,
        name: str,
        like: str | None = None,
        default: str = "",
        rank: Sequence[int] = (),
    ) -> np.ndarray:
        """Angles [degrees].

        Args:
          name: of the variable.
          like: variable whose units hold where it has none itself, as CF says of bounds.
          default: units where neither has any.
          rank: the numbers of dimensions that it may have; any but none by default.
        """
        units = self.attribute(name, "units") or (self.attribute(like, "units") if like else "")
        spelt = " ".join((units or default).lower().split())
        if _DEGREES.fullmatch(spelt):
            return self.values(name, rank)
        if _RADIANS.fullmatch(spelt):
            return np.rad2deg(self.values(name, rank))
        raise DataError(
            f"{self.title}: the units of '{shown(name)}' are '{shown(units or default)}', expected"
            " degrees or radians, to the east or the north; set the attribute `units`"
        )

    def areas(self, name: str, default: str = "") -> np.ndarray:
        """Areas [m2]; those on the unit sphere are taken to the Earth's radius."""
        units = self.attribute(name, "units") or default
        factor = AREA_UNITS.get(" ".join(units.lower().split()))
        if factor is None:
            raise DataError(
                f"{self.title}: the units of '{shown(name)}' are '{shown(units)}', expected one of"
                f" {', '.join(AREA_UNITS)}; set the attribute `units`"
            )
        return self.values(name) * factor

    def equals(self, name: str, wanted: int, rank: Sequence[int] = ()) -> np.ndarray:
        """Where a mask of zeros and ones has the wanted value; missing values have not.

        What netCDF fills a variable with before anything is written is missing, whatever the
        file says of its own missing values.
        """
        values = self.values(name, rank)
        kind = self.variable(name).dtype.str[1:]
        values[values == import_netcdf4().default_fillvals[kind]] = np.nan
        wrong = ~np.isnan(values) & (values != 0.0) & (values != 1.0)
        if wrong.any():
            cell = int(np.argmax(wrong))
            raise DataError(
                f"{self.title}: '{shown(name)}' is {values.reshape(-1)[cell]:g} in cell"
                f" {cell + 1}{self.of_packing(name)}, expected a mask of 0 and 1; round it to them"
            )
        packing = self.of_packing(name)
        if packing and not (values == wanted).any():
            raise DataError(
                f"{self.title}: '{shown(name)}' is {wanted}, which is sea, in no cell{packing};"
                " correct them"
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
        got = f"no {what} '{shown(name)}'" if name else f"{len(candidates)} of {what} and no choice"
        raise DataError(
            f"{self.title}: got {got}, expected one of {listing(candidates)}"
            f"{nearest(name, candidates)}; set the name of the grid"
        )
