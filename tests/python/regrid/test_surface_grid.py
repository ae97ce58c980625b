"""Surface grids: copies found, areas of polygons, impossible grids refused by their worst cell."""

import dataclasses

import numpy as np
import pytest

from ngcm_coupler.constants import EARTH_RADIUS
from ngcm_coupler.errors import DataError
from ngcm_coupler.grid import GaussianGrid
from ngcm_coupler.regrid.surface_grid import SurfaceGrid


def patch(nlon=6, nlat=4):
    """A closed ring of cells round the equator, each of which is sea."""
    width = 360.0 / nlon
    longitude, latitude = (
        array.reshape(-1)
        for array in np.meshgrid(width * np.arange(nlon), 10.0 * (np.arange(nlat) - 1.5))
    )
    return SurfaceGrid(
        name="ring",
        shape=(nlon, nlat),
        longitude=longitude,
        latitude=latitude,
        corner_longitude=longitude[:, None] + width * np.array([-0.5, 0.5, 0.5, -0.5]),
        corner_latitude=latitude[:, None] + np.array([-5.0, -5.0, 5.0, 5.0]),
        sea=np.ones(nlon * nlat, bool),
    )


def changed(cell, **values):
    """The ring with other values in one cell."""
    grid = patch()
    arrays = {}
    for key, value in values.items():
        arrays[key] = getattr(grid, key).copy()
        arrays[key][cell] = value
    return dataclasses.replace(grid, **arrays)


def test_octants_of_the_sphere_have_an_eighth_of_it():
    grid = SurfaceGrid(
        "octants",
        (2,),
        np.array([45.0, 225.0]),
        np.array([35.0, -35.0]),
        np.array([[0.0, 90.0, 0.0], [180.0, 270.0, 0.0]]),
        np.array([[0.0, 0.0, 90.0], [0.0, 0.0, -90.0]]),
        np.ones(2, bool),
    )
    np.testing.assert_allclose(grid.polygon_area, np.pi / 2.0, rtol=1e-14)


def test_polygons_of_a_fine_gaussian_grid_have_nearly_its_areas():
    # Great circles instead of circles of latitude change a cell by the square of its width, at most
    # where that is not small against the distance to the pole.
    grid = GaussianGrid(128, 64)
    cells = SurfaceGrid(
        "gaussian",
        (128, 64),
        grid.longitude,
        grid.latitude,
        grid.corner_longitude,
        grid.corner_latitude,
        np.ones(grid.size, bool),
        grid.area,
    )
    cells.check()
    ratio = cells.polygon_area * EARTH_RADIUS**2 / grid.area
    np.testing.assert_allclose(ratio, 1.0, atol=1e-3)
    np.testing.assert_allclose(cells.polygon_area.sum(), 4.0 * np.pi, rtol=1e-12)
    assert cells.first_of_duplicates.all()


def test_copies_are_found_whatever_the_order_and_the_turn_of_their_corners():
    grid = patch(nlon=8, nlat=3)
    halo = dataclasses.replace(
        grid,
        corner_longitude=grid.corner_longitude.copy(),
        corner_latitude=grid.corner_latitude.copy(),
    )
    for row in range(3):
        last, second = 8 * row + 7, 8 * row + 1
        # A turn round the Earth, the other orientation, rounding of the last digits.
        halo.corner_longitude[last] = grid.corner_longitude[second, ::-1] - 360.0 + 1e-10
        halo.corner_latitude[last] = grid.corner_latitude[second, ::-1]
    expected = np.ones((3, 8), bool)
    expected[:, 7] = False
    np.testing.assert_array_equal(halo.first_of_duplicates.reshape(3, 8), expected)


def test_of_copies_the_one_that_is_sea_counts():
    grid = patch(nlon=8, nlat=3)
    corners = [grid.corner_longitude.copy(), grid.corner_latitude.copy()]
    for corner in corners:
        corner[7] = corner[1]
    sea = np.ones(24, bool)
    sea[1] = False
    grid = dataclasses.replace(
        grid, corner_longitude=corners[0], corner_latitude=corners[1], sea=sea
    )
    assert grid.first_of_duplicates[7] and not grid.first_of_duplicates[1]


def test_a_cell_that_repeats_another_corner_is_a_copy_too():
    longitude = np.array([[0.0, 10.0, 5.0, 5.0], [0.0, 0.0, 10.0, 5.0], [0.0, 10.0, 5.0, 0.0]])
    latitude = np.array([[0.0, 0.0, 10.0, 10.0], [0.0, 0.0, 0.0, 10.0], [0.0, 0.0, -10.0, 0.0]])
    grid = SurfaceGrid(
        "triangles",
        (3,),
        np.full(3, 5.0),
        np.array([4.0, 4.0, -4.0]),
        longitude,
        latitude,
        np.ones(3, bool),
    )
    grid.check()
    np.testing.assert_array_equal(grid.first_of_duplicates, [True, False, True])


def test_land_may_have_any_corners():
    grid = changed(7, corner_longitude=0.0, corner_latitude=0.0, sea=False)
    grid.check()


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        (changed(7, latitude=95.0), "cell 2, 2 .*a centre lies at longitude 60.0, latitude 95.0"),
        (changed(7, corner_longitude=np.nan), "cell 2, 2 .*a corner lies at longitude nan"),
        (changed(7, corner_longitude=1e20), "cell 2, 2 .*a corner lies at longitude 1e.20"),
        (changed(slice(None), sea=False), "none of the 24 cells is sea"),
        (changed(7, corner_longitude=60.0), "cell 2, 2 .*enclose no area.*got \\(60.000, -10.000"),
        (changed(7, corner_latitude=[-10, -10, 0, -5]), None),
        (
            changed(7, corner_longitude=[30, 90, 30, 90], corner_latitude=[-10, -10, 0, 0]),
            "cell 2, 2 .*not in order round the cell",
        ),
        (changed(7, longitude=180.0), "cell 2, 2 .*the centre lies .* times as far"),
        (
            dataclasses.replace(patch(), area=np.full(24, 1e6)),
            "cell .*the model's area is 1e.06 m2, expected about",
        ),
        (dataclasses.replace(patch(), area=np.full(23, 1e6)), "area has shape \\(23,\\)"),
        (dataclasses.replace(patch(), shape=(6, 5)), "longitude has shape \\(24,\\), expected"),
        (
            dataclasses.replace(
                patch(),
                corner_longitude=np.zeros((24, 2)),
                corner_latitude=np.zeros((24, 2)),
            ),
            "at least 3 of every cell",
        ),
    ],
)
def test_impossible_grid_is_refused_by_its_worst_cell(grid, message):
    if message is None:  # an odd shape, but a possible one
        grid.check()
    else:
        with pytest.raises(DataError, match=message):
            grid.check()
