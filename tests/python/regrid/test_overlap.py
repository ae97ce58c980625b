"""Overlaps of polygons with the cells of a Gaussian grid, against independent geometry."""

import itertools

import numpy as np
import pytest

from ngcm_coupler.errors import DataError
from ngcm_coupler.grid import GaussianGrid
from ngcm_coupler.regrid.overlap import overlaps
from ngcm_coupler.regrid.surface_grid import unit_vectors

GRID = GaussianGrid(32, 16)
CELL_AREA = np.repeat(np.diff(GRID.sine_bounds), GRID.nlon) * 2.0 * np.pi / GRID.nlon
# A sine of latitude near 1 has a rounding error of 1e-16; times a longitude, this is an area.
ROUNDING = 2e-15

OCTANTS = np.array(
    [[(x, 0), (x + 90, 0), (x, 90 * s)] for x in (0, 90, 180, 270) for s in (-1, 1)], float
)
ROUND_THE_POLE = [(10, 60), (130, 70), (250, 65)]
LARGE = [(-20, 10), (70, 5), (75, 60), (-10, 65)]
SMALL = [(3.0, 40.0), (3.2, 40.0), (3.2, 40.1), (3.0, 40.1)]
ARCHED = [(0, 37), (60, 37), (60, 38), (0, 38)]
DATELINE = [(178.0, -10), (-177, -11), (-176, -5), (179, -4)]
CORNER_AT_POLE = [(30, 80), (75, 82), (0, 90)]
ROW_AT_POLE = [(30, 80), (75, 82), (75, 90), (30, 90)]
OVER_THE_POLE = [(0, 70), (90, 65), (180, 70)]
ALONG_MERIDIAN = [(5.625, 3), (16.875, 3), (16.875, 20), (5.625, 20)]
CASES = {
    "round the pole": ROUND_THE_POLE,
    "round the south pole": [(x, -y) for x, y in ROUND_THE_POLE],
    "large": LARGE,
    "small": SMALL,
    "arched": ARCHED,
    "across the dateline": DATELINE,
    "corner at the pole": CORNER_AT_POLE,
    "two corners at the pole": ROW_AT_POLE,
    "edge over the pole": OVER_THE_POLE,
    "edges along meridians of the grid": ALONG_MERIDIAN,
    "dent": [(0, 0), (40, 0), (20, 10), (40, 30)],
}


def overlap(polygons, grid=GRID, **options):
    """Overlaps of polygons given as lists of (longitude, latitude)."""
    corners = np.asarray(polygons, float)
    return overlaps(grid, corners[..., 0], corners[..., 1], np.ones(len(corners), bool), **options)


def solid_angle(polygon):
    """Area of a polygon from its interior angles (Girard)."""
    corner = unit_vectors(*np.asarray(polygon, float).T)
    before, after = np.roll(corner, 1, axis=0), np.roll(corner, -1, axis=0)

    def along(to):
        tangent = to - corner * np.sum(to * corner, axis=1)[:, None]
        return tangent / np.linalg.norm(tangent, axis=1)[:, None]

    a, b = along(after), along(before)
    turn = np.arctan2(np.sum(np.cross(a, b) * corner, axis=1), np.sum(a * b, axis=1))
    area = np.sum(turn % (2.0 * np.pi)) - (len(corner) - 2) * np.pi
    return min(area, 4.0 * np.pi - area)


def moment_of_sides(polygon):
    """Integral of position over a polygon: half the angle of each side along its normal."""
    corner = unit_vectors(*np.asarray(polygon, float).T)
    normal = np.cross(corner, np.roll(corner, -1, axis=0))
    length = np.linalg.norm(normal, axis=1)
    angle = np.arctan2(length, np.sum(corner * np.roll(corner, -1, axis=0), axis=1))
    keep = length > 1e-12
    moment = 0.5 * np.sum(normal[keep] * (angle / length)[keep, None], axis=0)
    return moment if moment @ corner.mean(axis=0) > 0 else -moment


@pytest.mark.parametrize("case", CASES)
def test_overlaps_add_up_to_the_polygon(case):
    got = overlap([CASES[case]])
    distinct = CASES[case] if case != "two corners at the pole" else CORNER_AT_POLE
    # The direction of a side is known to a rounding error divided by its length, and so are angles.
    corner = unit_vectors(*np.asarray(distinct, float).T)
    shortest = np.linalg.norm(corner - np.roll(corner, 1, axis=0), axis=1).min()
    assert abs(got.area.sum() - solid_angle(distinct)) < ROUNDING / min(shortest, 1.0)
    np.testing.assert_allclose(got.moment.sum(axis=0), moment_of_sides(CASES[case]), atol=1e-14)


@pytest.mark.parametrize("case", CASES)
def test_overlaps_are_those_of_counted_points(case):
    # Points within the polygon on a fine regular grid; an edge moves by half a point's width.
    got = overlap([CASES[case]])
    fine = 8
    longitude = (np.arange(32 * fine) + 0.5) * 11.25 / fine - 5.625
    rows = GRID.sine_bounds
    sine = np.concatenate(
        [s + (n - s) * (np.arange(fine) + 0.5) / fine for s, n in itertools.pairwise(rows)]
    )
    lon, lat = np.meshgrid(longitude, np.rad2deg(np.arcsin(sine)))
    inside = _inside(CASES[case], unit_vectors(lon, lat))
    share = inside.reshape(16, fine, 32, fine).mean(axis=(1, 3)).reshape(-1)
    exact = got.area.toarray()[0] / CELL_AREA
    assert np.abs(share - exact).max() < 2.0 / fine
    assert abs(np.sum((share - exact) * CELL_AREA)) < 0.02


def _inside(polygon, points):
    """True for points round which the polygon turns: works for dents too."""
    corner = unit_vectors(*np.asarray(polygon, float).T)
    middle = corner.mean(axis=0) / np.linalg.norm(corner.mean(axis=0))
    seen = corner - points[..., None, :] * (points @ corner.T)[..., None]
    following = np.roll(seen, -1, axis=-2)
    turn = np.arctan2(
        np.sum(np.cross(seen, following) * points[..., None, :], axis=-1),
        np.sum(seen * following, axis=-1),
    ).sum(axis=-1)
    return (np.abs(turn) > np.pi) & (points @ middle > 0.0)


def test_every_centroid_lies_in_both_cells():
    for polygon in CASES.values():
        got = overlap([polygon])
        area, cell = got.area.data, got.area.indices
        seen = area > 1e-9
        centroid = got.moment[seen] / area[seen, None]
        half = np.deg2rad(180.0 / GRID.nlon)
        assert (np.linalg.norm(centroid, axis=1) < 1.0).all()
        middle = unit_vectors(GRID.longitude, 0.0 * GRID.longitude)[cell[seen]]
        across = np.sum(np.cross(middle, centroid)[:, 2:], axis=1)
        assert (np.abs(np.arctan2(across, np.sum(middle * centroid, axis=1))) < half).all()
        latitude = np.rad2deg(np.arcsin(centroid[:, 2] / np.linalg.norm(centroid, axis=1)))
        row = cell[seen] // GRID.nlon
        # Position averages within the ball: towards the pole of a cell as wide as this, at most.
        assert (latitude > GRID.latitude_bounds[row] - 1e-6).all()
        assert (latitude < GRID.latitude_bounds[row + 1] + 0.5).all()


def test_octants_share_the_sphere():
    got = overlap(OCTANTS)
    np.testing.assert_allclose(got.area.sum(axis=1), np.pi / 2.0, atol=ROUNDING)
    np.testing.assert_allclose(got.area.sum(axis=0), CELL_AREA, rtol=1e-13)


def test_a_cube_shares_the_sphere(cubed_sphere):
    for grid in (GRID, GaussianGrid(128, 64)):
        cube = cubed_sphere(24)
        got = overlaps(grid, cube.corner_longitude, cube.corner_latitude, cube.sea)
        row = np.diff(grid.sine_bounds) * 2.0 * np.pi / grid.nlon
        np.testing.assert_allclose(got.area.sum(axis=0), np.repeat(row, grid.nlon), rtol=1e-12)
        np.testing.assert_allclose(got.area.sum(axis=1), cube.polygon_area, rtol=1e-12)


def test_an_edge_may_arch_over_a_circle_of_latitude():
    # Both upper corners lie south of a circle that the edge between them crosses twice.
    bound = GRID.latitude_bounds[12]
    got = overlap([[(0, bound - 10), (60, bound - 10), (60, bound - 1), (0, bound - 1)]])
    beyond = got.area.toarray().reshape(16, 32)[12:].sum()
    width = np.deg2rad(30.0)
    turn = width * ((np.arange(400_000) + 0.5) / 200_000.0 - 1.0)
    latitude = np.arctan(np.tan(np.deg2rad(bound - 1)) * np.cos(turn) / np.cos(width))
    above = np.maximum(np.sin(latitude) - np.sin(np.deg2rad(bound)), 0.0)
    expected = 2.0 * width * np.mean(above)
    assert beyond > 1e-3
    # The mean over midpoints is good to the square of their distance.
    assert abs(beyond - expected) < 1e-11


@pytest.mark.parametrize("case", CASES)
def test_orientation_start_and_repeated_corners_do_not_matter(case):
    polygon = CASES[case]
    variants = [polygon[::-1], polygon[1:] + polygon[:1], [(x + 360, y) for x, y in polygon]]
    expected = overlap([polygon]).area.toarray()
    for variant in variants:
        np.testing.assert_allclose(overlap([variant]).area.toarray(), expected, atol=ROUNDING)
    repeated = [corner for corner in polygon for _ in range(2)] + polygon[:1]
    np.testing.assert_allclose(overlap([repeated]).area.toarray(), expected, atol=ROUNDING)


def test_a_cell_without_area_overlaps_nothing():
    for polygon in ([(5, 5)] * 4, [(5, 5), (9, 9)] * 2, [(0, 90), (50, 90), (99, 90), (7, 90)]):
        assert overlap([polygon]).area.nnz == 0


@pytest.mark.parametrize("grid", [GRID, GaussianGrid(128, 64)])
def test_sides_that_cross_are_refused(grid):
    bow = [(0, 0), (20, 20), (20, 0), (0, 5)]
    with pytest.raises(DataError, match="cell 2 of the surface grid has sides that cross"):
        overlap([SMALL, bow, SMALL], grid)


def test_dents_and_thin_cells_are_no_crossings():
    thin = [(0, 0), (20, 17), (20, 17 + 1e-7), (0, 1e-7)]
    horseshoe = [(0, 0), (30, 0), (30, 30), (20, 30), (20, 10), (10, 10), (10, 30), (0, 30)]
    # A corner is known to 1e-16, a cell as thin as this to a part of 1e-7.
    for polygon, part in ((thin, 1e-7), (horseshoe, 1e-13)):
        expected = abs(solid_angle(horseshoe)) if polygon is horseshoe else 6.1507013643e-10
        assert abs(overlap([polygon]).area.sum() / expected - 1.0) < part


def test_cells_that_are_not_wanted_overlap_nothing():
    corners = np.asarray([SMALL, [(np.nan, 0)] * 4, ARCHED])
    got = overlaps(GRID, corners[..., 0], corners[..., 1], np.array([False, False, True]))
    assert np.diff(got.area.indptr).tolist()[:2] == [0, 0]
    assert got.area.sum() > 0.0


def test_a_corner_that_is_not_finite_is_named():
    with pytest.raises(DataError, match="cell 2 of the surface grid"):
        overlap([SMALL, [(np.nan, 0)] * 4])


def test_threads_do_not_change_a_bit(cubed_sphere):
    cube = cubed_sphere(48)
    corners = cube.corner_longitude, cube.corner_latitude, cube.sea
    one, several = overlaps(GRID, *corners, threads=1), overlaps(GRID, *corners, threads=5)
    assert (one.area.data == several.area.data).all()
    assert (one.area.indices == several.area.indices).all()
    assert (one.moment == several.moment).all()
