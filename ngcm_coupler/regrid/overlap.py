"""The overlaps of the cells of a surface model with those of the atmosphere's grid."""

from __future__ import annotations

import dataclasses
import os

import numpy as np
from scipy.sparse import csr_array

from ngcm_coupler.errors import DataError
from ngcm_coupler.grid import Grid
from ngcm_coupler.regrid import kernels

LARGEST_CROSSED = 0.01
"""Part of a cell that may be gone round the wrong way, because its sides cross each other."""


@dataclasses.dataclass(frozen=True)
class Overlaps:
    """Overlaps of n cells with m cells of an atmosphere's grid.

    Attributes:
      area: of each overlap [steradian], sparse, shape (n, m).
      moment: integral of position on the unit sphere over each overlap [steradian], in the order
        of ``area.data``, shape (area.nnz, 3). Divided by the area it is the centroid.
    """

    area: csr_array
    moment: np.ndarray


def overlaps(
    grid: Grid,
    corner_longitude: np.ndarray,
    corner_latitude: np.ndarray,
    wanted: np.ndarray,
    threads: int | None = None,
    largest_crossed: float = LARGEST_CROSSED,
) -> Overlaps:
    """Overlaps of polygons with the cells of an atmosphere's grid, exact on the sphere.

    Cells of its grid lie between meridians and circles of latitude, the edges of polygons
    are great circles. A polygon may contain a pole, cross the dateline, repeat corners and go round
    either way; one without area overlaps nothing. It must fit in a hemisphere. Dents do not matter.
    Where its sides cross, only the larger part counts.

    Args:
      grid: the atmosphere's grid of m cells.
      corner_longitude: of the polygons [degrees east], shape (n, k).
      corner_latitude: [degrees north], shape (n, k).
      wanted: polygons to overlap, others get no overlap, shape (n,).
      threads: how many to use, by default as many as this process may; the result is the same.
      largest_crossed: part of a polygon that may be gone round the wrong way.

    Raises:
      DataError: a wanted polygon has a corner that is not finite, or sides that cross each other so
        that more than that of its area is gone round the wrong way.
    """
    finite = np.isfinite(corner_longitude) & np.isfinite(corner_latitude)
    lost = np.flatnonzero(wanted & ~finite.all(axis=1))
    if lost.size:
        raise DataError(
            f"cell {lost[0] + 1} of the surface grid and {lost.size - 1} others have a corner that"
            " is not finite; expected degrees: correct the corners, or mask these cells"
        )
    with kernels.required():
        from ngcm_coupler.regrid import _overlap

    starts, columns, area, moment, crossed, cell = _overlap.overlap(
        corner_longitude,
        corner_latitude,
        wanted,
        grid.sine_bounds,
        grid.nlon,
        threads or len(os.sched_getaffinity(0)),
    )
    if crossed > largest_crossed:
        raise DataError(
            f"cell {cell + 1} of the surface grid has sides that cross each other ({crossed:.3g} of"
            " its area is gone round the wrong way), expected corners in order round the cell:"
            " correct the corners, or mask the cell"
        )
    shape = (len(corner_longitude), grid.size)
    return Overlaps(csr_array((area, columns, starts), shape=shape), moment)
