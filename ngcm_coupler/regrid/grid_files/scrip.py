"""Grid files of SCRIP, whose cells lie along one dimension or, as some write them, along two.

Source: SCRIP User's Guide, Jones (1998), section on grid files.
"""

from __future__ import annotations

import numpy as np

from ngcm_coupler.errors import DataError, listing, shown
from ngcm_coupler.regrid.grid_files.variables import GridFile
from ngcm_coupler.regrid.surface_grid import SurfaceGrid


def recognises(file: GridFile) -> bool:
    """True for a file with grid_center_lat."""
    return "grid_center_lat" in file.names


def read(file: GridFile, name: str) -> SurfaceGrid:
    """Reads the one grid of the file; `name` is what to call it. In its mask 1 is sea."""
    longitude, latitude = (file.degrees(f"grid_center_{axis}") for axis in ("lon", "lat"))
    corner_longitude, corner_latitude = (_corners(file, axis) for axis in ("lon", "lat"))
    return SurfaceGrid(
        name=name or shown(getattr(file.dataset, "title", ""), 60) or file.path.stem,
        shape=_shape(file, latitude),
        longitude=longitude.reshape(-1),
        latitude=latitude.reshape(-1),
        corner_longitude=corner_longitude,
        corner_latitude=corner_latitude,
        sea=file.equals("grid_imask", 1).reshape(-1),
        area=(
            file.areas("grid_area", default="radian2").reshape(-1)
            if "grid_area" in file.names
            else None
        ),
    )


def _shape(file: GridFile, latitude: np.ndarray) -> tuple[int, ...]:
    """The lengths of the dimensions of the cells, or those that grid_dims tells of a list."""
    if latitude.ndim > 1:
        return latitude.shape[::-1]
    return tuple(file.integers("grid_dims", rank=(1,)).tolist())


def _corners(file: GridFile, axis: str) -> np.ndarray:
    """Corners [degrees], shape (n, k): along the dimensions of the cells and one of their own."""
    name, centre = f"grid_corner_{axis}", f"grid_center_{axis}"
    cells, dimensions = file.dimensions(centre), file.dimensions(name)
    values = file.degrees(name, like=centre)
    own = [place for place, dimension in enumerate(dimensions) if dimension not in cells]
    if len(own) == 1 and tuple(d for d in dimensions if d in cells) == cells:
        values = np.moveaxis(values, own[0], -1)
    elif values.shape[:-1] != file.variable(centre).shape:
        raise DataError(
            f"{file.title}: '{name}' has dimensions ({listing(dimensions)}), expected those of"
            f" '{centre}', ({listing(cells)}), and one of the corners; correct them"
        )
    return values.reshape(-1, values.shape[-1])
