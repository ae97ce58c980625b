"""Weights that conserve, from overlaps: a mean over each target cell, or with a gradient."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from ngcm_coupler.grid import Grid
from ngcm_coupler.regrid.gradient import gradient
from ngcm_coupler.regrid.vectors import axes


def inverse(values: np.ndarray) -> np.ndarray:
    """One over values, 0 for those that are 0."""
    return np.divide(1.0, values, out=np.zeros_like(values), where=values != 0.0)


def per_area(matrix: csr_array, area: np.ndarray) -> csr_array:
    """Divides rows by the area of their targets, shape (n,); rows without area become 0."""
    counts = np.diff(matrix.indptr)
    return csr_array(
        (matrix.data * np.repeat(inverse(area), counts), matrix.indices, matrix.indptr),
        shape=matrix.shape,
    )


def with_gradient(
    overlap: csr_array, moment: np.ndarray, counted: np.ndarray, grid: Grid
) -> csr_array:
    """Integral over each surface cell of a field that varies within the atmosphere's cells.

    In each atmosphere cell the field has its value at the centroid of the part that is sea, and
    the slope of the field there. So the integral over that part is the value times the area, as if
    there were no slope, and nothing is lost at coasts.

    Args:
      overlap: [steradian], shape (n, m).
      moment: integral of position over each overlap [steradian], shape (overlap.nnz, 3).
      counted: surface cells that count in sums, shape (n,).
      grid: the atmosphere's grid of m cells.

    Returns:
      From values to integrals [steradian], shape (n, m).

    Source: Jones (1999), Mon. Weather Rev. 127, 2204-2210, with centroids of overlaps.
    """
    cell = overlap.indices
    weight = np.repeat(counted.astype(np.float64), np.diff(overlap.indptr))
    area = np.bincount(cell, weight * overlap.data, grid.size)
    centroid = np.stack(
        [np.bincount(cell, weight * part, grid.size) * inverse(area) for part in moment.T], axis=-1
    )
    offset = moment - overlap.data[:, None] * centroid[cell]
    total = overlap
    directions = axes(grid.longitude, grid.latitude)
    for direction, slope in zip(directions, gradient(grid), strict=True):
        along = np.einsum("ij,ij->i", offset, direction[cell])
        shift = csr_array((along, cell, overlap.indptr), shape=overlap.shape)
        total = total + shift @ slope
    return total.tocsr()
