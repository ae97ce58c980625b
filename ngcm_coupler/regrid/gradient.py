"""The gradient of a field on the atmosphere's grid, as matrices."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array, csr_array

from ngcm_coupler.grid import Grid


def gradient(grid: Grid) -> tuple[csr_array, csr_array]:
    """Centred differences eastward and northward, second-order where rows are unequally spaced.

    Beyond the last row lies, across the pole, the same row on the opposite meridian. All cells are
    used, those of land too: the atmosphere has its fluxes everywhere.

    Returns:
      Two matrices from values to their gradient [value per radian], each of shape (m, m).
    """
    own = np.arange(grid.size).reshape(grid.nlat, grid.nlon)
    latitude = np.deg2rad(grid.latitudes)
    step = 2.0 * np.pi / grid.nlon
    eastward = np.repeat(0.5 / (step * np.cos(latitude)), grid.nlon)
    east, west = np.roll(own, -1, axis=1), np.roll(own, 1, axis=1)
    d_east = _matrix(own, [(east, eastward), (west, -eastward)])

    # Two, for an odd number of columns has none opposite.
    opposite = [np.roll(own, shift, axis=1) for shift in (grid.nlon // 2, -(grid.nlon // 2))]
    to_north = np.append(np.diff(latitude), np.pi - 2.0 * latitude[-1])
    to_south = np.append(np.pi + 2.0 * latitude[0], np.diff(latitude))
    both = to_north + to_south
    of_north = np.repeat(to_south / (to_north * both), grid.nlon)
    of_south = np.repeat(-to_north / (to_south * both), grid.nlon)
    terms = [(own, -(of_north + of_south))]
    for across in opposite:
        terms.append((np.concatenate([own[1:], across[-1:]]), 0.5 * of_north))
        terms.append((np.concatenate([across[:1], own[:-1]]), 0.5 * of_south))
    return d_east, _matrix(own, terms)


def _matrix(own: np.ndarray, terms: list[tuple[np.ndarray, np.ndarray]]) -> csr_array:
    """The sum of weights times values at other points."""
    rows = np.tile(own.reshape(-1), len(terms))
    columns = np.concatenate([points.reshape(-1) for points, _ in terms])
    weights = np.concatenate([weight for _, weight in terms])
    return coo_array((weights, (rows, columns)), shape=(own.size, own.size)).tocsr()
