"""NEMO's mesh files give the cells that its T and F points mean."""

from __future__ import annotations

import netCDF4
import numpy as np
import pytest

from ngcm_coupler.constants import EARTH_RADIUS
from ngcm_coupler.errors import DataError
from ngcm_coupler.regrid.grid_files import read_surface_grid
from ngcm_coupler.regrid.tripolar import tripolar_grid

NLON, NLAT = 42, 31
"""Columns with the two of the halo, rows with the one beyond the fold."""
GRID = tripolar_grid(NLON, NLAT)
NORTH_EAST = 2
"""Which corner of the grid is the F point of a cell."""


def write(path, columns, mask="tmask"):
    """The file of some columns, without the row beyond the fold; the first row is land."""

    def part(values):
        return values.reshape(NLAT, NLON)[:-1, columns]

    sea = part(GRID.sea).copy()
    sea[0] = False
    variables = {
        "glamt": part(GRID.longitude),
        "gphit": part(GRID.latitude),
        "glamf": part(GRID.corner_longitude[:, NORTH_EAST]),
        "gphif": part(GRID.corner_latitude[:, NORTH_EAST]),
        "e1t": 2.0 * EARTH_RADIUS * part(GRID.polygon_area),
        "e2t": np.full(sea.shape, 0.505 * EARTH_RADIUS),
    }
    with netCDF4.Dataset(path, "w") as file:
        for name, size in zip(
            ("time_counter", "nav_lev", "y", "x"), (1, 2, *sea.shape), strict=True
        ):
            file.createDimension(name, size)
        for name, values in variables.items():
            file.createVariable(name, "f8", ("time_counter", "y", "x"))[0] = values
        if mask == "tmask":
            tmask = file.createVariable("tmask", "i1", ("time_counter", "nav_lev", "y", "x"))
            tmask[0] = np.stack([sea, np.zeros_like(sea)])
        else:
            file.createVariable("top_level", "i4", ("time_counter", "y", "x"))[0] = sea
    return sea.reshape(-1), part(GRID.polygon_area).reshape(-1)


@pytest.mark.parametrize("mask", ["tmask", "top_level"])
@pytest.mark.parametrize("columns", [slice(None), slice(1, -1)], ids=["halo", "no halo"])
def test_cells_lie_between_their_f_points(tmp_path, columns, mask):
    sea, area = write(tmp_path / "mesh_mask.nc", columns, mask)
    grid = read_surface_grid(tmp_path / "mesh_mask.nc", "orca")
    assert grid.name == "orca"
    assert grid.shape == (len(range(NLON)[columns]), NLAT - 1)
    np.testing.assert_array_equal(grid.sea, sea)
    np.testing.assert_allclose(grid.polygon_area[sea], area[sea], rtol=1e-9)
    assert grid.area is not None
    np.testing.assert_allclose(grid.area[sea], 1.01 * EARTH_RADIUS**2 * area[sea])


def test_the_halo_is_known_for_a_copy(tmp_path):
    sea, _ = write(tmp_path / "mesh_mask.nc", slice(None))
    grid = read_surface_grid(tmp_path / "mesh_mask.nc")
    within = sea.reshape(grid.shape[::-1])[:, 1:-1]
    assert (grid.first_of_duplicates & grid.sea).sum() == within.sum() < sea.sum()


def test_a_regional_grid_is_refused(tmp_path):
    write(tmp_path / "mesh_mask.nc", slice(1, 20))
    with pytest.raises(DataError, match="its last column does not meet the first"):
        read_surface_grid(tmp_path / "mesh_mask.nc")
