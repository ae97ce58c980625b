"""OASIS' grids.nc, masks.nc and areas.nc: all grids of a coupled model, told apart by a prefix.

Source: OASIS3-MCT User Guide, section on grid data files.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ngcm_coupler.errors import DataError, shown
from ngcm_coupler.regrid.grid_files.variables import GridFile
from ngcm_coupler.regrid.surface_grid import SurfaceGrid
from ngcm_coupler.regrid.variables import opened


def recognises(file: GridFile) -> bool:
    """True for a file with a variable PREFIX.lon."""
    return bool(_prefixes(file))


def read(file: GridFile, name: str) -> SurfaceGrid:
    """Reads the grid of a prefix. In OASIS' masks 1 is land and 0 is sea."""
    prefix = file.choose(name, _prefixes(file), "grid prefix")
    longitude = file.degrees(f"{prefix}.lon", default="degrees")
    latitude = file.degrees(f"{prefix}.lat", default="degrees")
    corners = [
        file.degrees(f"{prefix}.{part}", default="degrees", rank=(2, 3)) for part in ("clo", "cla")
    ]
    sea = _beside(file, "masks", f"{prefix}.msk")
    if sea is None:
        raise DataError(
            f"{file.title}: got no mask of '{shown(prefix)}', expected variable"
            f" '{shown(prefix)}.msk' in {_path_beside(file, 'masks')}; add it (1 is land, 0 is sea)"
        )
    area = _beside(file, "areas", f"{prefix}.srf")
    return SurfaceGrid(
        name=prefix,
        shape=longitude.shape[::-1],
        longitude=longitude.reshape(-1),
        latitude=latitude.reshape(-1),
        corner_longitude=corners[0].reshape(len(corners[0]), -1).T.copy(),
        corner_latitude=corners[1].reshape(len(corners[1]), -1).T.copy(),
        sea=sea,
        area=area,
    )


def _prefixes(file: GridFile) -> list[str]:
    return [name.removesuffix(".lon") for name in file.names if name.endswith(".lon")]


def _path_beside(file: GridFile, kind: str) -> Path:
    """The file of masks or areas: its name differs from that of the grids in this word only."""
    name = file.path.name
    return file.path.with_name(name.replace("grids", kind) if "grids" in name else f"{kind}.nc")


def _beside(file: GridFile, kind: str, name: str) -> np.ndarray | None:
    """A mask (true is sea) or areas [m2] from the file beside, None if there are none."""
    path = _path_beside(file, kind)
    if not path.is_file():
        return None
    with opened(path, "grid file") as dataset:
        beside = GridFile(path, dataset, "grid file")
        if name not in beside.names:
            return None
        if kind == "masks":
            return beside.equals(name, 0).reshape(-1)
        return beside.areas(name, default="m2").reshape(-1)
