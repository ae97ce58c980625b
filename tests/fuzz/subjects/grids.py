"""Grid files of ocean models, of every kind that is read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from regrid import test_grid_files, test_grid_files_nemo

from fuzz.mutators import netcdf
from fuzz.subject import Implausible, Subject, digest
from ngcm_coupler.regrid.grid_files import read_surface_grid

WRITERS = (
    test_grid_files.write_oasis,
    test_grid_files.write_scrip,
    test_grid_files.write_esmf,
    test_grid_files.write_ugrid,
    test_grid_files.write_cf,
)


def make(folder: Path) -> list[Path]:
    """Those of the tests."""
    for write in WRITERS:
        write(folder)
    test_grid_files_nemo.write(folder / "mesh_mask.nc", slice(None))
    return sorted(folder.glob("*.nc"))


def use(file: Path) -> str:
    """Sea must have its place and extent."""
    # OASIS' files are three, read together by the name of the first.
    if file.name in ("masks.nc", "areas.nc"):
        file = file.with_name("grids.nc")
    grid = read_surface_grid(file)
    parts = (grid.longitude, grid.latitude, grid.corner_longitude, grid.corner_latitude)
    if not all(np.isfinite(part[grid.sea]).all() for part in parts):
        raise Implausible("a cell of the sea without a place")
    if not grid.sea.any() or grid.sea.size != np.prod(grid.shape):
        raise Implausible("a grid without sea, or of another size than its shape")
    area = () if grid.area is None else (grid.area,)
    if any((each[grid.sea] <= 0.0).any() for each in area):
        raise Implausible("a cell of the sea without area")
    return digest([grid.name, grid.shape, *parts, grid.sea, *area])


SUBJECT = Subject("grids", make, netcdf.spoilt, use)
