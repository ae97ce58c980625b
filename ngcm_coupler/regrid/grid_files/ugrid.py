"""Unstructured meshes by the UGRID conventions.

Source: UGRID Conventions 1.0, "2D flexible mesh".
"""

from __future__ import annotations

import numpy as np

from ngcm_coupler.regrid.grid_files.cf import coordinate_names
from ngcm_coupler.regrid.grid_files.mesh import corners_of_cells, middle_of_corners
from ngcm_coupler.regrid.grid_files.variables import GridFile
from ngcm_coupler.regrid.surface_grid import SurfaceGrid


def recognises(file: GridFile) -> bool:
    """True for a file with a variable whose cf_role is mesh_topology."""
    return bool(_meshes(file))


def read(file: GridFile, name: str) -> SurfaceGrid:
    """Reads the faces of a mesh. Without a sea or land mask on them all is sea."""
    mesh = file.choose(name, _meshes(file), "mesh")
    faces = _nodes(file, mesh)
    node_longitude, node_latitude = (
        file.degrees(key, rank=(1,))
        for key in coordinate_names(file, file.attribute(mesh, "node_coordinates").split(), mesh)
    )
    corner_longitude, corner_latitude = corners_of_cells(file, node_longitude, node_latitude, faces)
    if file.attribute(mesh, "face_coordinates"):
        longitude, latitude = (
            file.degrees(key, rank=(1,))
            for key in coordinate_names(
                file, file.attribute(mesh, "face_coordinates").split(), mesh
            )
        )
    else:
        longitude, latitude = middle_of_corners(corner_longitude, corner_latitude)
    return SurfaceGrid(
        name=mesh,
        shape=(len(faces),),
        longitude=longitude,
        latitude=latitude,
        corner_longitude=corner_longitude,
        corner_latitude=corner_latitude,
        sea=_sea(file, mesh, len(faces)),
        area=_area(file, mesh),
    )


def _meshes(file: GridFile) -> list[str]:
    return [name for name in file.names if file.attribute(name, "cf_role") == "mesh_topology"]


def _nodes(file: GridFile, mesh: str) -> np.ndarray:
    """Nodes of the faces, from 0, negative behind the last of a face, shape (n, k)."""
    name = file.attribute(mesh, "face_node_connectivity")
    nodes = file.integers(name, rank=(2,))
    present = nodes >= 0
    nodes = np.where(present, nodes - file.whole_attribute(name, "start_index", 0), -1)
    face_dimension = file.attribute(mesh, "face_dimension")
    return nodes.T if face_dimension == file.dimensions(name)[1] else nodes


def _on_faces(file: GridFile, mesh: str, standard_name: str) -> str | None:
    """The variable of a standard name on the faces of the mesh."""
    return next(
        (
            name
            for name in file.names
            if file.attribute(name, "standard_name") == standard_name
            and file.attribute(name, "mesh") == mesh
            and file.attribute(name, "location") == "face"
        ),
        None,
    )


def _sea(file: GridFile, mesh: str, n: int) -> np.ndarray:
    for standard_name, value in (("sea_binary_mask", 1), ("land_binary_mask", 0)):
        name = _on_faces(file, mesh, standard_name)
        if name:
            return file.equals(name, value)
    return np.ones(n, dtype=bool)


def _area(file: GridFile, mesh: str) -> np.ndarray | None:
    name = _on_faces(file, mesh, "cell_area")
    return file.areas(name) if name else None
