"""The values that a file has, those that no field has, and members that are one and the same."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import xarray

from ngcm_coupler.errors import LONGEST_PATH, shown
from ngcm_coupler.fields import FIELDS
from ngcm_coupler.fields.units import behind, unit_of

LARGEST = 1.0e19
"""Beyond this lie the values that programs write where they have none, 1e20 and 9.97e36."""


def present(variable: Any, **places: int) -> xarray.DataArray:
    """The values of a variable as netCDF4 understands its attributes, as in grids and weights.

    What the library fills a variable with before anything is written is no value, whatever the file
    says; nor is what lies outside of valid_range, valid_min and valid_max.

    Args:
      variable: of a ``netCDF4.Dataset``.
      **places: along some of its dimensions.

    Returns:
      Float64, not a number where a value is missing, with the other dimensions.
    """
    at = tuple(places.get(each, slice(None)) for each in variable.dimensions)
    values = np.ma.asarray(variable[at]).astype(np.float64)
    dims = [each for each in variable.dimensions if each not in places]
    return xarray.DataArray(np.ma.filled(values, np.nan), dims=dims)


@dataclasses.dataclass
class Oddity:
    """Values of a variable that no such field has.

    Attributes:
      count: how many there are.
      worst: the one furthest from zero.
      date: of the record that it is in.
    """

    count: int = 0
    worst: float = 0.0
    date: str = ""


class Doubts:
    """What is odd in the values that are scored, to be told when all have been seen."""

    def __init__(self) -> None:
        """Nothing has been seen."""
        self._odd: dict[tuple[str, str, str], Oddity] = {}
        self._digests: dict[str, Any] = {}

    def see(
        self, path: str, name: str, values: np.ndarray, field: str, units: str, date: str
    ) -> None:
        """Looks for values that a field cannot have.

        Args:
          path: of the file.
          name: of the variable.
          values: where they count, of any shape.
          field: name of the field, which the field table may have.
          units: of the values.
          date: of the record.
        """
        low, high = _range(field, units)
        odd = values[(values < low) | (values > high)]
        if not odd.size:
            return
        words = "beyond 1e19"
        if (low, high) != (-LARGEST, LARGEST):
            words = f"outside {low:.6g} to {high:.6g}{behind(units)}"
        found = self._odd.setdefault((path, name, words), Oddity())
        found.count += odd.size
        worst = float(odd[np.abs(odd).argmax()])
        if abs(worst) > abs(found.worst):
            found.worst, found.date = worst, date

    def compare(self, members: Sequence[str], values: np.ndarray) -> None:
        """Keeps in mind what the members have, shape (members, n), in the order of their names."""
        for place, each in enumerate(values):
            name = f"{place}: {members[place]}"
            self._digests.setdefault(name, hashlib.blake2b()).update(each.tobytes())

    def notes(self) -> Iterator[str]:
        """What is to be said, one sentence each."""
        for (path, name, words), odd in self._odd.items():
            yield (
                f"{shown(path, LONGEST_PATH)}: {shown(name)} is {odd.worst:g} at {odd.date}"
                f" ({odd.count} values are {words}), and is scored as it stands; if that stands for"
                " a missing value, say so in the file by its attribute missing_value"
            )
        seen: dict[bytes, str] = {}
        for numbered, digest in self._digests.items():
            name = numbered.partition(": ")[2]
            first = seen.setdefault(digest.digest(), name)
            if first is not name:
                yield (
                    f"{shown(first, LONGEST_PATH)} and {shown(name, LONGEST_PATH)} have the same"
                    " values everywhere: as two members they make the spread too small; give each"
                    " member once"
                )


def _range(field: str, units: str) -> tuple[float, float]:
    """Within which the values of a field lie, as far as it and its unit are known."""
    for row in FIELDS:
        if row.name == field:
            unit, own = unit_of(units), unit_of(row.units)
            if unit is not None and own is not None and unit.means(own):
                return row.accepted_range
    return -LARGEST, LARGEST
