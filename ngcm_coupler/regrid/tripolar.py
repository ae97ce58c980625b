"""Ocean grids with two northern poles on land, made up: for measurements and tests."""

from __future__ import annotations

import numpy as np

from ngcm_coupler.regrid.surface_grid import SurfaceGrid, unit_vectors

_SOUTH = -78.0
_JOINT = 60.0
_WEST = 80.0
"""Latitudes of the southern end and of the cap's edge; longitude of the first meridian and pole."""


def tripolar_grid(nlon: int, nlat: int) -> SurfaceGrid:
    """A grid as global ocean models have it, with repeated columns and a repeated row.

    South of 60 degrees north it follows meridians and circles of latitude. North of it, rows are
    ellipses that flatten towards the line between two poles, seen in a stereographic projection;
    beyond that line the last row repeats the one before it the other way round. The first and the
    last column repeat the columns at the other end. Continents are waves, about a third of all
    cells.

    Args:
      nlon: columns with the two repeated ones.
      nlat: rows with the repeated one.
    """
    longitude, latitude = _corners(nlon - 2, nlat - 1)
    corner_longitude, corner_latitude = (
        _repeat(np.stack([x[:-1, :-1], x[:-1, 1:], x[1:, 1:], x[1:, :-1]], axis=-1))
        for x in (longitude, latitude)
    )
    middle = unit_vectors(corner_longitude, corner_latitude).sum(axis=1)
    centre_longitude = np.rad2deg(np.arctan2(middle[:, 1], middle[:, 0]))
    centre_latitude = np.rad2deg(np.arctan2(middle[:, 2], np.hypot(middle[:, 0], middle[:, 1])))
    return SurfaceGrid(
        name="tripolar",
        shape=(nlon, nlat),
        longitude=centre_longitude,
        latitude=centre_latitude,
        corner_longitude=corner_longitude,
        corner_latitude=corner_latitude,
        sea=_sea(np.deg2rad(centre_longitude), np.deg2rad(centre_latitude)),
    )


def _corners(columns: int, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Longitude and latitude of the corners, each of shape (rows + 1, columns + 1)."""
    cap = rows // 4
    south = np.linspace(_SOUTH, _JOINT, rows - cap + 1)
    turn = np.linspace(0.0, 2.0 * np.pi, columns + 1)
    flatness = 1.0 - np.arange(1, cap + 1)[:, None] / cap
    # Exact mirror images, so that the repeated row has the same corners.
    x = 0.5 * (np.cos(turn) + np.cos(turn)[::-1])
    y = 0.5 * (np.sin(turn) - np.sin(turn)[::-1]) * flatness
    radius = np.hypot(x, y) * np.tan(0.5 * np.deg2rad(90.0 - _JOINT))
    cap_longitude = _WEST + np.rad2deg(np.arctan2(y, x))
    cap_latitude = 90.0 - 2.0 * np.rad2deg(np.arctan(radius))
    longitude = np.tile(_WEST + np.rad2deg(turn), (south.size, 1))
    return (
        np.concatenate([longitude, cap_longitude]),
        np.concatenate([np.repeat(south[:, None], columns + 1, axis=1), cap_latitude]),
    )


def _repeat(cells: np.ndarray) -> np.ndarray:
    """Adds the repeated row and columns to (rows, columns, 4); returns (n, 4)."""
    folded = np.concatenate([cells, cells[-1:, ::-1]])
    return np.concatenate([folded[:, -1:], folded, folded[:, :1]], axis=1).reshape(-1, 4)


def _sea(longitude: np.ndarray, latitude: np.ndarray) -> np.ndarray:
    """Where there is no continent [radian]."""
    waves = np.cos(3.0 * longitude) * np.cos(latitude) ** 2 + 0.8 * np.sin(
        2.0 * longitude + latitude
    )
    return waves < 0.5
