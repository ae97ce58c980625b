"""Cells of an unstructured mesh, given by the numbers of their nodes."""

from __future__ import annotations

import numpy as np

from ngcm_coupler.errors import DataError
from ngcm_coupler.regrid.grid_files.variables import GridFile
from ngcm_coupler.regrid.surface_grid import unit_vectors


def corners_of_cells(
    file: GridFile, longitude: np.ndarray, latitude: np.ndarray, nodes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Corners of the cells; a cell with fewer nodes than others repeats its last one.

    Args:
      file: for messages.
      longitude: of the nodes [degrees east], shape (nodes,).
      latitude: of the nodes [degrees north], shape (nodes,).
      nodes: of each cell, from 0, negative behind its last one, shape (n, k).

    Returns:
      Longitude and latitude of the corners [degrees], each of shape (n, k).

    Raises:
      DataError: a number is that of no node, a cell has fewer than three or a gap, or there are
        not as many longitudes as latitudes.
    """
    if longitude.shape != latitude.shape:
        raise DataError(
            f"{file.title}: its mesh has {longitude.size} longitudes of nodes and {latitude.size}"
            " latitudes, expected one of each a node; correct its coordinates"
        )
    absent = nodes < 0
    count = np.sum(~absent, axis=1)
    cell = int(np.argmin(count))
    if count[cell] < 3:
        raise DataError(
            f"{file.title}: cell {cell + 1} has {count[cell]} nodes, expected at least 3;"
            " correct its connectivity or start_index"
        )
    cell = int(np.argmax(np.any(absent[:, :-1] & ~absent[:, 1:], axis=1)))
    if np.any(absent[cell, :-1] & ~absent[cell, 1:]):
        raise DataError(
            f"{file.title}: cell {cell + 1} has a gap among its nodes, expected one"
            " polygon a cell with its nodes first; split cells of several polygons"
        )
    if nodes.max() >= longitude.size:
        cell = int(np.argmax(nodes.max(axis=1)))
        raise DataError(
            f"{file.title}: cell {cell + 1} has node {nodes[cell].max() + 1}, expected at"
            f" most the {longitude.size} nodes of the mesh; correct its connectivity or start_index"
        )
    last = np.take_along_axis(nodes, count[:, None] - 1, axis=1)
    nodes = np.where(absent, last, nodes)
    return longitude[nodes], latitude[nodes]


def middle_of_corners(
    corner_longitude: np.ndarray, corner_latitude: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Centroids of the cells, which corners that repeat another do not move.

    Args:
      corner_longitude: [degrees east], shape (n, k).
      corner_latitude: [degrees north], shape (n, k).

    Returns:
      Longitude and latitude [degrees], each of shape (n,).
    """
    corner = unit_vectors(corner_longitude, corner_latitude)
    following = np.roll(corner, -1, axis=1)
    # By Stokes' theorem the integral of the position over a cell is half the sum over its edges
    # of their length along the normal of their plane.
    normal = np.cross(corner, following - corner)
    sine = np.linalg.norm(normal, axis=-1)
    angle = np.arctan2(sine, np.sum(corner * following, axis=-1))
    weight = np.where(sine > 0.0, angle / np.maximum(sine, 1e-300), 1.0)
    middle = np.sum(normal * weight[..., None], axis=1)
    middle *= np.sign(np.sum(middle * corner.sum(axis=1), axis=-1, keepdims=True))
    longitude = np.rad2deg(np.arctan2(middle[:, 1], middle[:, 0])) % 360.0
    return longitude, np.rad2deg(np.arctan2(middle[:, 2], np.hypot(middle[:, 0], middle[:, 1])))
