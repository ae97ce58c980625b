"""Reading a surface model's grid, from whichever kind of file it comes."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from ngcm_coupler.errors import ArgumentError, DataError, quoted
from ngcm_coupler.fields.arguments import file_text
from ngcm_coupler.regrid.grid_files import cf, esmf_mesh, nemo, oasis, scrip, ugrid
from ngcm_coupler.regrid.grid_files.variables import GridFile
from ngcm_coupler.regrid.surface_grid import SurfaceGrid
from ngcm_coupler.regrid.variables import opened

FORMATS = (oasis, nemo, scrip, esmf_mesh, ugrid, cf)
"""Each knows a file of its kind (`recognises`) and makes a grid of it (`read`)."""


def read_surface_grid(file: str | Path, name: str = "") -> SurfaceGrid:
    """Reads a grid; the kind of file is told by its content.

    Known are OASIS' grids.nc (with masks.nc and, where there is one, areas.nc beside it), NEMO's
    mesh_mask.nc and domain_cfg.nc, grid files of SCRIP, unstructured meshes of ESMF and UGRID, and
    CF files with two-dimensional, one-dimensional or unstructured coordinates and their bounds.

    Args:
      file: netCDF file.
      name: which grid of the file: the prefix in OASIS' files, the mesh in UGRID's, the mask or
        another variable on the grid in CF files. Needed where there are several.

    Returns:
      The grid, checked. Land cells for which the file has no coordinates have no extent: their
      corners lie at their centre, or at longitude and latitude 0 if that is missing too.

    Raises:
      ArgumentError: `file` is no path, or `name` no text.
      DataError: the file cannot be read, is of no known kind, lacks something, or holds an
        impossible grid.
    """
    path = Path(file_text("grid file", file))
    if not isinstance(name, str):
        raise ArgumentError(f"name of a grid: got {quoted(name)}, expected text; give a str")
    with opened(path, "grid file") as dataset:
        grid = _read(GridFile(path, dataset, "grid file"), name)
        grid.check_sizes()
        return _without_gaps(grid).checked


def _read(file: GridFile, name: str) -> SurfaceGrid:
    kind = next((kind for kind in FORMATS if kind.recognises(file)), None)
    if kind is None:
        raise DataError(
            f"{file.title}: got the variables {file.contents}, expected a grid file of OASIS"
            " (PREFIX.lon, PREFIX.clo), NEMO (glamt, glamf), SCRIP (grid_center_lat), ESMF"
            " (nodeCoords), UGRID (cf_role mesh_topology) or CF (latitude and longitude with"
            " bounds); give such a file"
        )
    try:
        return kind.read(file, name)
    except ArgumentError as error:
        raise DataError(f"{file.title}: {error}") from error


def _without_gaps(grid: SurfaceGrid) -> SurfaceGrid:
    """Takes the extent from land cells that lack coordinates."""
    centre = ~grid.sea & (np.isnan(grid.longitude) | np.isnan(grid.latitude))
    longitude = np.where(centre, 0.0, grid.longitude)
    latitude = np.where(centre, 0.0, grid.latitude)
    corner = np.isnan(grid.corner_longitude) | np.isnan(grid.corner_latitude)
    corner = (~grid.sea & corner.any(axis=1))[:, None]
    return dataclasses.replace(
        grid,
        longitude=longitude,
        latitude=latitude,
        corner_longitude=np.where(corner, longitude[:, None], grid.corner_longitude),
        corner_latitude=np.where(corner, latitude[:, None], grid.corner_latitude),
    )
