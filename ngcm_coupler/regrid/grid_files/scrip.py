"""Grid files of SCRIP.

Source: SCRIP User's Guide, Jones (1998), section on grid files.
"""

from __future__ import annotations

from ngcm_coupler.regrid.grid_files.variables import GridFile
from ngcm_coupler.regrid.surface_grid import SurfaceGrid


def recognises(file: GridFile) -> bool:
    """True for a file with grid_center_lat."""
    return "grid_center_lat" in file.names


def read(file: GridFile, name: str) -> SurfaceGrid:
    """Reads the one grid of the file; `name` is what to call it. In its mask 1 is sea."""
    corner_longitude, corner_latitude = (
        file.degrees(f"grid_corner_{axis}", like=f"grid_center_{axis}") for axis in ("lon", "lat")
    )
    return SurfaceGrid(
        name=name or str(getattr(file.dataset, "title", "") or file.path.stem),
        shape=tuple(int(length) for length in file.integers("grid_dims")),
        longitude=file.degrees("grid_center_lon").reshape(-1),
        latitude=file.degrees("grid_center_lat").reshape(-1),
        corner_longitude=corner_longitude,
        corner_latitude=corner_latitude,
        sea=file.equals("grid_imask", 1).reshape(-1),
        area=(
            file.areas("grid_area", default="radian2").reshape(-1)
            if "grid_area" in file.names
            else None
        ),
    )
