"""How the points of a rank lie in the arrays of its host."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ngcm_coupler.errors import ShapeError
from ngcm_coupler.fields.arguments import numbers, require_writable
from ngcm_coupler.grid import Grid


class Layout:
    """The shapes in which a host may hold the values of this rank's points.

    A vector has them in the rank's order. An array of rank 2 is read with its last dimension
    fastest. Of the whole grid in its own order that is (nlat, nlon), and of copies of the grid
    (copies, nlat * nlon): any other shape would put values at the wrong points. How a part of the
    grid, or a grid in another order, is folded into rows is the host's own business: it has said by
    `set_partition` in which order its points come.

    Attributes:
      points: how many points this rank holds.
    """

    def __init__(self, points: np.ndarray, grid: Grid) -> None:
        """Finds out whether these are whole grids.

        Args:
          points: places on the grid, from 0, in the rank's order, shape (points,).
          grid: the grid.
        """
        self.points = points.size
        self._shape: tuple[int, int] | None = None
        copies, rest = divmod(points.size, grid.size)
        if copies and not rest and (points.reshape(copies, -1) == np.arange(grid.size)).all():
            self._shape = (grid.nlat, grid.nlon) if copies == 1 else (copies, grid.size)

    def vector(self, name: str, values: ArrayLike) -> np.ndarray:
        """Takes a host's array as a vector of this rank's points.

        Args:
          name: what messages call the values.
          values: any array-like of rank 1 or 2, see `numbers`.

        Returns:
          float32 or float64, shape (points,); the host's memory where that is possible.

        Raises:
          ArgumentError: these are no numbers, or some are masked.
          ShapeError: they are not as many as this rank has points, or lie otherwise.
        """
        array = numbers(name, values)
        self._require_shape(name, array.shape)
        return array.reshape(-1)

    def hand_out(self, name: str, values: np.ndarray, out: np.ndarray | None) -> np.ndarray:
        """Gives the host the values of this rank's points.

        Args:
          name: what messages call the values.
          values: shape (points,).
          out: the host's array, float32 or float64, of rank 1 or 2; None for a new one.

        Returns:
          `out`, or a float64 array of shape (points,).

        Raises:
          ArgumentError: `out` cannot be written into.
          ShapeError: it has not as many elements as this rank has points, or they lie otherwise.
        """
        self.require(name, out)
        if out is None:
            return values.astype(np.float64)
        out[...] = values.reshape(out.shape)
        return out

    def require(self, name: str, out: np.ndarray | None) -> None:
        """Refuses what `hand_out` would.

        Raises:
          ArgumentError, ShapeError: as of `hand_out`.
        """
        if out is not None:
            require_writable(name, out)
            self._require_shape(name, out.shape)

    def _require_shape(self, name: str, shape: tuple[int, ...]) -> None:
        if shape == (self.points,) or shape == self._shape:
            return
        if len(shape) not in (1, 2):
            raise ShapeError(
                f"{name}: got an array of shape {shape}, expected {self.points} values, the points"
                " that this rank holds, in an array of rank 1 or 2"
            )
        if np.prod(shape) != self.points:
            raise ShapeError(
                f"{name}: got {np.prod(shape)} values, expected {self.points}, the points that"
                " this rank holds"
            )
        if self._shape is not None:
            raise ShapeError(
                f"{name}: got shape {shape}, expected {self._shape} with longitude fastest and"
                " rows from south to north"
                + ("; give the transpose, x.T" if shape == self._shape[::-1] else "")
            )
