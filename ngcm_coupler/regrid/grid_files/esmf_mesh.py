"""Unstructured meshes in the file format of ESMF.

Source: ESMF Reference Manual, "ESMF Unstructured Grid File Format".
"""

from __future__ import annotations

import numpy as np

from ngcm_coupler.errors import DataError
from ngcm_coupler.regrid.grid_files.mesh import corners_of_cells, middle_of_corners
from ngcm_coupler.regrid.grid_files.variables import GridFile
from ngcm_coupler.regrid.surface_grid import SurfaceGrid

_MOST_COLUMNS = 64
"""Times the mean number of nodes that a cell may have."""


def recognises(file: GridFile) -> bool:
    """True for a file with nodeCoords and elementConn."""
    return {"nodeCoords", "elementConn"} <= set(file.names)


def read(file: GridFile, name: str) -> SurfaceGrid:
    """Reads the one mesh of the file; `name` is what to call it. Without a mask all is sea."""
    node = _pairs(file, "nodeCoords")
    corner_longitude, corner_latitude = corners_of_cells(file, node[:, 0], node[:, 1], _nodes(file))
    n = len(corner_longitude)
    if "centerCoords" in file.names:
        longitude, latitude = _pairs(file, "centerCoords").T
    else:
        longitude, latitude = middle_of_corners(corner_longitude, corner_latitude)
    return SurfaceGrid(
        name=name or file.path.stem,
        shape=_shape(file, n),
        longitude=np.ascontiguousarray(longitude),
        latitude=np.ascontiguousarray(latitude),
        corner_longitude=corner_longitude,
        corner_latitude=corner_latitude,
        sea=file.equals("elementMask", 1) if "elementMask" in file.names else np.ones(n, bool),
        area=file.areas("elementArea", "radian2") if "elementArea" in file.names else None,
    )


def _shape(file: GridFile, n: int) -> tuple[int, ...]:
    """The lengths of the structured grid that the mesh was made from, if it was."""
    if "origGridDims" in file.names:
        return tuple(file.integers("origGridDims", rank=(1,)).tolist())
    return (n,)


def _pairs(file: GridFile, name: str) -> np.ndarray:
    """Longitudes and latitudes [degrees], shape (points, 2)."""
    pairs = file.degrees(name, like="nodeCoords", rank=(2,))
    if pairs.shape[1] != 2:
        raise DataError(
            f"{file.title}: '{name}' has {pairs.shape[1]} numbers a point, expected a longitude and"
            " a latitude; give coordinates on the sphere"
        )
    return pairs


def _nodes(file: GridFile) -> np.ndarray:
    """Nodes of the cells, from 0, negative behind the last of a cell, shape (n, k)."""
    start = file.whole_attribute("elementConn", "start_index", 1)
    count = file.integers("numElementConn", rank=(1,))
    width = int(count.max())
    listed = file.integers("elementConn", rank=(1, 2))
    # An array of that many columns is made next.
    if width * count.size > _MOST_COLUMNS * listed.size or len(listed) < count.size:
        raise DataError(
            f"{file.title}: elementConn has shape {listed.shape}, and numElementConn tells of"
            f" {count.size} cells of up to {width} nodes; expected the nodes of all cells: correct"
            " numElementConn"
        )
    used = np.arange(width) < count[:, None]
    nodes = np.full(used.shape, -1, dtype=np.int64)
    if listed.size < count.sum() or (listed.ndim == 2 and listed.shape[1] < width):
        raise DataError(
            f"{file.title}: elementConn has shape {listed.shape}, expected at least the"
            f" {count.sum()} nodes, at most {width} of a cell, that numElementConn tells of;"
            " correct numElementConn"
        )
    if listed.ndim == 1:
        nodes[used] = listed[: count.sum()] - start
    else:
        nodes[used] = listed[:, :width][used] - start
    return nodes
