"""The variables of a netCDF file that a program of someone else's has written: numbers, or why not.

Readers of grids and of weights ask here, so that a variable of text, without values or larger than
its file is told by its name and never met as numpy's error further on.
"""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ngcm_coupler.errors import LONGEST_PATH, DataError, NgcmError, listing, reading, shown
from ngcm_coupler.files.netcdf import open_dataset

_LONGEST_NAME = 60
"""Characters of a name that a message shows."""

_ALWAYS_READ = 2**26
"""Bytes that a variable may always have."""

_MOST_COMPRESSED = 1000
"""Times the size of its file that a variable may have beyond that; netCDF packs no better."""

_PACKING = ("scale_factor", "add_offset", "valid_range", "valid_min", "valid_max")
"""Attributes by which netCDF makes other values of numbers, or none."""

_LARGEST_WHOLE = 2.0**53
"""From here on floating-point numbers skip whole ones."""


@dataclasses.dataclass(frozen=True)
class Variables:
    """The variables of an open netCDF file.

    Attributes:
      path: of the file.
      dataset: netCDF4's.
      what: the kind of file, in words.
    """

    path: Path
    dataset: Any
    what: str

    @property
    def title(self) -> str:
        """The file as messages call it."""
        return f"{self.what} {shown(self.path, LONGEST_PATH)}"

    @property
    def names(self) -> list[str]:
        """Names of the variables."""
        return list(self.dataset.variables)

    @property
    def contents(self) -> str:
        """What the file has, for messages."""
        groups = list(self.dataset.groups)
        inner = f" outside its groups {listing(groups)}" if groups else ""
        return listing(self.names) + inner

    def attribute(self, name: str, key: str) -> str:
        """An attribute of a variable as text, empty where there is none."""
        variable = self.variable(name)
        return str(variable.getncattr(key)).strip() if key in variable.ncattrs() else ""

    def whole_attribute(self, name: str, key: str, default: int) -> int:
        """An attribute that is a whole number; its absence is the default."""
        text = self.attribute(name, key)
        try:
            return int(text) if text else default
        except ValueError:
            raise DataError(
                f"{self.title}: attribute {key} of '{shown(name, _LONGEST_NAME)}' is"
                f" '{shown(text, _LONGEST_NAME)}', expected a whole number; correct it"
            ) from None

    def dimensions(self, name: str) -> tuple[str, ...]:
        """Dimensions of a variable, the slowest first."""
        return tuple(self.variable(name).dimensions)

    def variable(self, name: str) -> Any:
        """A variable by its name; its absence is an error."""
        if name not in self.dataset.variables:
            raise DataError(
                f"{self.title} has no variable '{shown(name, _LONGEST_NAME)}', expected one"
                f"{nearest(name, self.names)}; add it to the file"
            )
        return self.dataset.variables[name]

    def values(self, name: str, rank: Sequence[int] = ()) -> np.ndarray:
        """Numbers, unpacked, NaN where they are missing; the shape is the variable's.

        Args:
          name: of the variable.
          rank: the numbers of dimensions that it may have; any but none by default.
        """
        values = self._read(name, rank)
        return np.ma.filled(values.astype(np.float64), np.nan)

    def integers(self, name: str, rank: Sequence[int] = ()) -> np.ndarray:
        """Whole numbers, -1 where they are missing; the shape is the variable's."""
        values = self._read(name, rank)
        if values.dtype.kind == "f":
            given = np.ma.filled(values, -1.0)
            with np.errstate(invalid="ignore"):
                wrong = ~((np.abs(given) < _LARGEST_WHOLE) & (given == np.round(given)))
            if wrong.any():
                place = int(np.argmax(wrong))
                raise DataError(
                    f"{self.title}: number {place + 1} of '{shown(name, _LONGEST_NAME)}' is"
                    f" {given.reshape(-1)[place]:g}, expected whole numbers; correct it"
                )
        return np.ma.filled(values, -1).astype(np.int64)

    def _read(self, name: str, rank: Sequence[int]) -> np.ma.MaskedArray:
        """Reads what is an array of numbers, and refuses all else."""
        variable = self.variable(name)
        fault = self._fault(variable, rank)
        if fault:
            raise DataError(
                f"{self.title}: '{shown(name, _LONGEST_NAME)}' {fault}; correct the variable"
            )
        try:
            values = np.ma.asarray(variable[...])
        except (ArithmeticError, TypeError, ValueError) as error:
            raise DataError(
                f"{self.title}: '{shown(name, _LONGEST_NAME)}' cannot be unpacked ({shown(error)}),"
                " expected a single number for each of scale_factor, add_offset and the values that"
                " are missing; correct these attributes"
            ) from error
        packing = self.of_packing(name)
        if packing and not np.isfinite(np.ma.filled(values.astype(np.float64), np.nan)).any():
            raise DataError(
                f"{self.title}: '{shown(name, _LONGEST_NAME)}' has no value at all{packing};"
                " correct them"
            )
        return values

    def of_packing(self, name: str) -> str:
        """Words for the attributes that decide what is read of a variable; empty without any."""
        found = [key for key in _PACKING if key in self.variable(name).ncattrs()]
        return f", as its attributes {listing(found)} have it" if found else ""

    def _fault(self, variable: Any, rank: Sequence[int]) -> str:
        """What keeps a variable from being read as an array of numbers; empty for nothing."""
        shape, kind = variable.shape, getattr(variable.dtype, "kind", "O")
        if kind not in "iuf":
            return f"is of type {shown(variable.dtype, _LONGEST_NAME)}, expected numbers"
        if len(shape) not in (rank or range(1, len(shape) + 1)):
            counts = " or ".join(map(str, rank)) or "at least 1"
            names = listing(variable.dimensions)
            return f"has {len(shape)} dimensions ({names}), expected {counts}"
        size = math.prod(shape)
        if not size:
            empty = variable.dimensions[shape.index(0)]
            return f"has no values, as its dimension '{empty}' is empty, expected one a cell"
        held = self.path.stat().st_size
        if size * variable.dtype.itemsize > max(_ALWAYS_READ, _MOST_COMPRESSED * held):
            return f"has {size} values in a file of {held} bytes, which cannot hold them"
        return ""


@contextlib.contextmanager
def opened(path: Path, what: str) -> Iterator[Any]:
    """Opens a netCDF file, and makes whatever it makes a reader raise an error of the project.

    Args:
      path: of the file.
      what: the kind of file, in words.

    Raises:
      DataError: it cannot be opened or read.
    """
    title = f"{what} {shown(path, LONGEST_PATH)}"
    with reading(title, DataError):
        try:
            with open_dataset(path) as dataset:
                yield dataset
        except NgcmError:
            raise
        except (OSError, RuntimeError, UnicodeError) as error:
            raise DataError(
                f"{title} cannot be read ({shown(error)}), expected a netCDF file; correct the"
                " path, or make the file anew"
            ) from error


def nearest(name: str, candidates: Sequence[str]) -> str:
    """A question for the nearest name, or nothing."""
    near = difflib.get_close_matches(name, candidates, n=1)
    return f" (did you mean '{shown(near[0], _LONGEST_NAME)}'?)" if near else ""
