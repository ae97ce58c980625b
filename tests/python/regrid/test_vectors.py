"""Vectors keep their direction across the poles and on turned grids."""

import dataclasses

import numpy as np
import pytest

from ngcm_coupler.errors import DataError
from ngcm_coupler.grid import GaussianGrid
from ngcm_coupler.regrid import ExchangeGrid, Regridder
from ngcm_coupler.regrid.tripolar import tripolar_grid
from ngcm_coupler.regrid.vectors import axes, rotate
from ngcm_coupler.regrid.weights import write_weights


@pytest.fixture(scope="module")
def exchange():
    return ExchangeGrid.build(GaussianGrid(128, 64), tripolar_grid(122, 101))


def wind(points):
    """East and north of the rotation of a rigid body about a tilted axis, of speed up to 1."""
    longitude, latitude = points.longitude, points.latitude
    east, north = axes(longitude, latitude)
    position = np.cross(east, north)
    velocity = np.cross(np.array([0.6, 0.0, 0.8]), position)
    return np.sum(velocity * east, axis=1), np.sum(velocity * north, axis=1)


def test_axes_are_orthogonal_and_point_where_they_say():
    longitude, latitude = np.array([0.0, 30.0, -90.0, 10.0]), np.array([0.0, 45.0, -80.0, 90.0])
    east, north = axes(longitude, latitude)
    np.testing.assert_allclose(np.sum(east * north, axis=1), 0.0, atol=1e-15)
    np.testing.assert_allclose(east[0], [0.0, 1.0, 0.0], atol=1e-15)
    np.testing.assert_allclose(north[0], [0.0, 0.0, 1.0], atol=1e-15)


def test_a_rotation_keeps_the_speed_wherever_the_pole_is(exchange):
    regridder = exchange.regridder("to_surface", "bilinear")
    east, north = wind(regridder.source.points)
    got_east, got_north = regridder.apply_vector(east, north)
    expected = wind(regridder.target.points)
    wet = exchange.counted
    error = np.hypot(got_east - expected[0], got_north - expected[1])
    # Each Cartesian component is a plane over the sphere: linear to an eighth of the step squared.
    assert error[wet].max() < 2.0 * np.deg2rad(180.0 / 64.0) ** 2 / 8.0
    polar = wet & (regridder.target.points.latitude > 80.0)
    one_by_one = np.hypot(regridder.apply(east) - expected[0], regridder.apply(north) - expected[1])
    assert one_by_one[polar].max() > 0.1, "what regridding each component does north of 80 degrees"


def test_components_along_the_grids_own_axes_turn_with_them(exchange):
    down = exchange.regridder("to_surface", "conservative")
    east, north = wind(down.source.points)
    angle = np.random.default_rng(1).uniform(-180.0, 180.0, down.target.size)
    plain = down.apply_vector(east, north)
    along = down.apply_vector(east, north, target_angle=angle)
    np.testing.assert_allclose(rotate(*along, -angle), plain, atol=1e-14)
    up = exchange.regridder("to_atmosphere", "conservative")
    expected = up.apply_vector(*plain)
    np.testing.assert_allclose(up.apply_vector(*along, source_angle=angle), expected, atol=1e-13)


def test_an_axis_turned_to_the_north_sees_the_northward_part_first():
    first, second = rotate(np.array([1.0]), np.array([2.0]), np.array([90.0]))
    np.testing.assert_allclose([first[0], second[0]], [2.0, -1.0], atol=1e-15)


def test_several_levels_of_a_vector_are_regridded_at_once(exchange):
    down = exchange.regridder("to_surface", "conservative")
    east, north = wind(down.source.points)
    stacked = down.apply_vector(np.stack([east, 2.0 * east]), np.stack([north, 2.0 * north]))
    assert stacked[0].shape == (2, down.target.size)
    np.testing.assert_allclose(stacked[0][1], 2.0 * stacked[0][0], atol=1e-15)


def test_vectors_need_to_know_where_points_are(exchange, tmp_path):
    down = exchange.regridder("to_surface", "conservative")
    bare = dataclasses.replace(down.weights, source=None, target=None)
    write_weights(bare, tmp_path / "bare.nc", "esmf")
    regridder = Regridder.from_file(tmp_path / "bare.nc")
    with pytest.raises(DataError, match="needs the places of the source points"):
        regridder.apply_vector(*wind(down.source.points))
