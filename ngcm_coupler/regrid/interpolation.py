"""Interpolation of what need not be conserved: bilinear, and from the nearest point."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.spatial import KDTree

from ngcm_coupler.grid import Grid
from ngcm_coupler.regrid.surface_grid import unit_vectors
from ngcm_coupler.regrid.weights import GridPoints


def bilinear(
    grid: Grid, longitude: np.ndarray, latitude: np.ndarray, wanted: np.ndarray
) -> csr_array:
    """Weights of the four points of the atmosphere's grid round a target, linear in both angles.

    Beyond the last row the next points are those of the same row across the pole, so that targets
    there are interpolated as well.

    Args:
      grid: of m points.
      longitude: of the targets [degrees east], shape (n,).
      latitude: of the targets [degrees north], shape (n,).
      wanted: targets to interpolate to, others get no weight, shape (n,).

    Returns:
      Matrix of shape (n, m).
    """
    target = np.flatnonzero(wanted)
    first, last = grid.latitudes[0], grid.latitudes[-1]
    rows = np.concatenate([[-180.0 - first], grid.latitudes, [180.0 - last]])
    south = np.clip(np.searchsorted(rows, latitude[target], side="right") - 1, 0, grid.nlat)
    north_weight = (latitude[target] - rows[south]) / (rows[south + 1] - rows[south])
    columns, weights = [], []
    for row, row_weight in ((south, 1.0 - north_weight), (south + 1, north_weight)):
        across = (row == 0) | (row == grid.nlat + 1)
        column = (longitude[target] + np.where(across, 180.0, 0.0)) % 360.0 * grid.nlon / 360.0
        west = np.floor(column).astype(np.int64)
        for offset, weight in ((0, 1.0 - (column - west)), (1, column - west)):
            points = np.clip(row - 1, 0, grid.nlat - 1) * grid.nlon + (west + offset) % grid.nlon
            columns.append(points)
            weights.append(row_weight * weight)
    links = np.concatenate(weights), (np.tile(target, 4), np.concatenate(columns))
    matrix = coo_array(links, shape=(wanted.size, grid.size)).tocsr()
    matrix.eliminate_zeros()
    return matrix


def nearest(source: GridPoints, target: GridPoints, wanted: np.ndarray) -> csr_array:
    """Weights of 1 from the nearest source point that takes part.

    Args:
      source: m points.
      target: n points.
      wanted: targets that get a weight, shape (n,).

    Returns:
      Matrix of shape (n, m).
    """
    usable = np.ones(source.longitude.size, bool) if source.sea is None else source.sea
    candidates, targets = np.flatnonzero(usable), np.flatnonzero(wanted)
    tree = KDTree(unit_vectors(source.longitude[candidates], source.latitude[candidates]))
    _, found = tree.query(unit_vectors(target.longitude[targets], target.latitude[targets]))
    links = np.ones(targets.size), (targets, candidates[found])
    return coo_array(links, shape=(wanted.size, usable.size)).tocsr()
