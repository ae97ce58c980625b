"""Grids of rows and columns: exact areas, consistent corners, nearest points."""

import numpy as np
import pytest
from dinosaur import spherical_harmonic

from ngcm_coupler.constants import EARTH_RADIUS
from ngcm_coupler.errors import ArgumentError
from ngcm_coupler.grid import GaussianGrid, RectilinearGrid, RegularGrid

GAUSSIAN = GaussianGrid(16, 8)
UNEVEN = RectilinearGrid(6, (-40.0, 10.0, 60.0), (-1.0, -0.1, 0.5, 1.0))
GRIDS = [GAUSSIAN, GaussianGrid(128, 64), GaussianGrid(512, 256), RegularGrid(36, 18), UNEVEN]


@pytest.mark.parametrize("grid", GRIDS, ids=str)
def test_areas_add_up_to_the_sphere(grid):
    np.testing.assert_allclose(grid.area.sum(), 4.0 * np.pi * EARTH_RADIUS**2, rtol=1e-14)


@pytest.mark.parametrize("grid", GRIDS, ids=str)
def test_area_is_that_between_its_corners(grid):
    sine = np.sin(np.deg2rad(grid.corner_latitude))
    width = np.deg2rad(grid.corner_longitude[:, 1] - grid.corner_longitude[:, 0])
    area = EARTH_RADIUS**2 * width * (sine[:, 2] - sine[:, 1])
    np.testing.assert_allclose(area, grid.area, rtol=1e-9)


@pytest.mark.parametrize("grid", GRIDS, ids=str)
def test_every_centre_lies_within_its_corners(grid):
    assert (grid.corner_latitude[:, 0] < grid.latitude).all()
    assert (grid.latitude < grid.corner_latitude[:, 2]).all()
    assert (grid.corner_longitude[:, 0] < grid.longitude).all()
    assert (grid.longitude < grid.corner_longitude[:, 1]).all()


def test_points_run_east_first_and_from_south_to_north():
    grid = GaussianGrid(16, 8)
    assert grid.longitude[1] == 22.5 and grid.latitude[1] == grid.latitude[0]
    assert grid.latitude[grid.nlon] > grid.latitude[0]


def test_grid_is_that_of_the_published_models():
    ours, theirs = GaussianGrid(128, 64), spherical_harmonic.Grid.TL63()
    np.testing.assert_allclose(ours.latitudes, np.rad2deg(theirs.latitudes), atol=1e-10)
    np.testing.assert_allclose(ours.longitudes, np.rad2deg(theirs.longitudes), atol=1e-10)


def test_nearest_chosen_point_wraps_around_greenwich():
    grid = GaussianGrid(16, 8)
    chosen = np.ones(grid.size, bool)
    chosen[:15] = False  # of the southernmost row only the last point remains
    nearest = grid.nearest_of(chosen)
    assert nearest[15] == 15
    assert nearest[0] in (15, 16), "the western neighbour across Greenwich, or the one to the north"
    assert (nearest[chosen] == np.flatnonzero(chosen)).all()


def test_inland_water_counts_as_land_and_a_coast_does_not():
    grid = GaussianGrid(16, 8)
    land = np.ones((8, 16))
    land[:, :4] = 0.0  # ocean
    land[3, 4], land[4, 4] = 0.85, 0.95  # coast with a bay, coast with a trace of water
    land[3, 15] = 0.85  # the other coast, across Greenwich
    land[3, 9] = 0.6  # lakes
    land[5, 10] = 0.4  # inland sea
    coupled = grid.land_and_inland_water(land.reshape(-1)).reshape(8, 16)
    expected = land.copy()
    expected[4, 4] = expected[3, 9] = 1.0
    np.testing.assert_array_equal(coupled, expected)


def test_rows_of_a_regular_grid_are_equally_high_and_none_is_a_pole():
    grid = RegularGrid(36, 18)
    np.testing.assert_allclose(grid.latitudes, np.arange(-85.0, 86.0, 10.0), atol=1e-12)
    np.testing.assert_allclose(grid.latitude_bounds, np.arange(-90.0, 91.0, 10.0), atol=1e-6)


def test_a_grid_given_by_the_rows_of_another_is_the_same():
    rows, sines = GAUSSIAN.latitudes.tolist(), GAUSSIAN.sine_bounds.tolist()
    copy = RectilinearGrid(16, tuple(rows), tuple(sines))
    assert copy.nlat == 8
    for name in ("latitude", "longitude", "area", "corner_latitude", "corner_longitude"):
        np.testing.assert_array_equal(getattr(copy, name), getattr(GAUSSIAN, name))


@pytest.mark.parametrize("sines", [(-1.0, 1.0), (-1.0, 0.8, 1.0), (-0.9, 0.0, 1.0)])
def test_bounds_that_do_not_lie_round_the_rows_are_refused(sines):
    with pytest.raises(ArgumentError, match="do not lie round its rows"):
        RectilinearGrid(4, (-30.0, 30.0), sines)
