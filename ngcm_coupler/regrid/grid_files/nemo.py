"""NEMO's own mesh_mask.nc and domain_cfg.nc: global ORCA grids, with or without their halo.

The corners of a T cell are F points: its own to the north-east, and those of its neighbours to the
west and to the south.

Source: NEMO 4.2, modules domwri and domain.
"""

from __future__ import annotations

import numpy as np

from ngcm_coupler.errors import DataError
from ngcm_coupler.regrid.grid_files.variables import GridFile
from ngcm_coupler.regrid.surface_grid import SAME_VERTEX, SurfaceGrid, unit_vectors

_POINTS = {"glamt", "gphit", "glamf", "gphif"}

_RANKS = (2, 3, 4)
"""Dimensions of a variable: columns, rows, perhaps levels, perhaps the one time."""

_FURTHEST_NEIGHBOUR = 3.0
"""How much longer a step between the last column and the first may be than the longest within."""


def recognises(file: GridFile) -> bool:
    """True for a file with longitudes and latitudes of T and F points."""
    return _POINTS.issubset(file.names)


def read(file: GridFile, name: str) -> SurfaceGrid:
    """Reads the T points of the surface; `name` is what to call the grid.

    Raises:
      DataError: the file lacks something, or its rows do not go round the Earth.
    """
    t_longitude, t_latitude, longitude, latitude = _angles(file)
    west, east = _neighbours(file, longitude, latitude)
    # South of the first row, which is land, an F point lies across the T point from the next one.
    across = 2.0 * unit_vectors(t_longitude[0], t_latitude[0])
    x, y, z = (across - unit_vectors(longitude[0], latitude[0]))[east].T
    longitude = np.vstack([np.rad2deg(np.arctan2(y, x)), longitude])
    latitude = np.vstack([np.rad2deg(np.arctan2(z, np.hypot(x, y))), latitude])
    corner_longitude, corner_latitude = (
        np.stack([f[1:], f[1:, west], f[:-1, west], f[:-1]], axis=-1).reshape(-1, 4)
        for f in (longitude, latitude)
    )
    return SurfaceGrid(
        name=name or file.path.stem,
        shape=t_longitude.shape[::-1],
        longitude=t_longitude.reshape(-1),
        latitude=t_latitude.reshape(-1),
        corner_longitude=corner_longitude,
        corner_latitude=corner_latitude,
        sea=_sea(file).reshape(-1),
        area=_plane(file.values("e1t", _RANKS)).reshape(-1)
        * _plane(file.values("e2t", _RANKS)).reshape(-1),
    )


def _angles(file: GridFile) -> list[np.ndarray]:
    """Longitude and latitude of the T and of the F points [degrees], each (rows, columns)."""
    planes = [
        _plane(file.degrees(point, default="degrees", rank=_RANKS))
        for point in ("glamt", "gphit", "glamf", "gphif")
    ]
    shapes = [plane.shape for plane in planes]
    if len(set(shapes)) > 1 or min(shapes[0]) < 3:
        raise DataError(
            f"{file.title}: glamt, gphit, glamf and gphif have shapes"
            f" {', '.join(map(str, shapes))}, expected one shape of 3 rows and 3 columns or more;"
            " give the file as NEMO has written it"
        )
    return planes


def _plane(values: np.ndarray) -> np.ndarray:
    """The surface at the one time: the last two dimensions."""
    return values.reshape(-1, *values.shape[-2:])[0]


def _sea(file: GridFile) -> np.ndarray:
    """The mask of the topmost level; below a shelf of ice the topmost wet level is another."""
    if "tmask" in file.names:
        return _plane(file.equals("tmask", 1, _RANKS))
    return _plane(file.integers("top_level", _RANKS)) == 1


def _neighbours(
    file: GridFile, longitude: np.ndarray, latitude: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Indices of the columns to the west and to the east of each, shape (columns,) each.

    With a halo the first two columns repeat the last two.
    """
    position = unit_vectors(longitude, latitude)
    halo = 2 if np.abs(position[:, :2] - position[:, -2:]).max() < SAME_VERTEX else 0
    column = np.arange(longitude.shape[1])
    west, east = column - 1, column + 1
    west[0], east[-1] = column[-1 - halo], halo
    step = np.linalg.norm(position - position[:, west], axis=-1)
    if np.median(step[:, 0]) > _FURTHEST_NEIGHBOUR * np.median(step[:, 1:].max(axis=1)):
        raise DataError(
            f"{file.title}: its last column does not meet the first, expected a grid that"
            " goes round the Earth; give a global one"
        )
    return west, east
