"""The exchange grid: areas, fractions of sea, closed budgets, copies, what it refuses."""

import dataclasses

import numpy as np
import pytest

from ngcm_coupler.constants import EARTH_RADIUS
from ngcm_coupler.errors import ArgumentError, DataError
from ngcm_coupler.grid import GaussianGrid
from ngcm_coupler.regrid import ExchangeGrid
from ngcm_coupler.regrid.tripolar import tripolar_grid

TL63 = GaussianGrid(128, 64)
METHODS = ["conservative", "conservative_second_order"]
# Sums of some ten thousand terms that are summed in another order, relative.
CLOSED = 1e-14


@pytest.fixture(scope="module")
def torc_exchange(torc):
    return ExchangeGrid.build(TL63, torc)


@pytest.fixture(scope="module")
def tripolar_exchange():
    grid = tripolar_grid(92, 75)
    area = grid.polygon_area * EARTH_RADIUS**2 * (1.0 + 0.02 * np.sin(np.arange(grid.size)))
    return ExchangeGrid.build(GaussianGrid(64, 32), dataclasses.replace(grid, area=area))


@pytest.fixture(params=["torc_exchange", "tripolar_exchange"])
def exchange(request):
    return request.getfixturevalue(request.param)


def random_field(size):
    return np.random.default_rng(7).normal(size=size) + 3.0


def test_sea_of_both_grids_has_the_same_area(exchange):
    down = exchange.surface_area[exchange.counted].sum()
    up = np.sum(exchange.sea_area_fraction * exchange.atmosphere.area) / EARTH_RADIUS**2
    assert abs(down / up - 1.0) < CLOSED


def test_surface_area_is_that_of_the_polygons(exchange):
    wet = exchange.surface.sea
    polygon = exchange.surface.polygon_area
    np.testing.assert_allclose(exchange.surface_area[wet], polygon[wet], rtol=1e-10)
    assert (exchange.surface_area[~wet] == 0.0).all()


def test_fraction_is_one_in_the_open_sea_and_never_more(exchange):
    fraction = exchange.sea_area_fraction
    assert fraction.max() == 1.0 and fraction.min() == 0.0
    # No sliver of land or sea is left that is only rounding.
    partial = fraction[(fraction > 0.0) & (fraction < 1.0)]
    assert partial.min() > 1e-10 and partial.max() < 1.0 - 1e-10


def test_cells_of_torc_do_not_overlap_each_other(torc):
    exchange = ExchangeGrid.build(TL63, torc)
    covered = exchange.surface.polygon_area[exchange.counted].sum()
    assert abs(exchange.sea_area.sum() / covered - 1.0) < 1e-13


@pytest.mark.parametrize("method", METHODS)
def test_what_the_atmosphere_gives_the_surface_takes(exchange, method):
    flux = random_field(exchange.atmosphere.size)
    taken = exchange.regridder("to_surface", method).apply(flux)
    given = np.sum(exchange.sea_area_fraction * exchange.atmosphere.area * flux)
    counted = exchange.counted
    total = np.sum((exchange.surface_area * taken)[counted]) * EARTH_RADIUS**2
    assert abs(total / given - 1.0) < CLOSED


def test_what_the_surface_gives_the_atmosphere_takes(exchange):
    state = random_field(exchange.surface.size)
    taken = exchange.regridder("to_atmosphere", "conservative").apply(state)
    counted = exchange.counted
    given = np.sum((exchange.surface_area * state)[counted])
    assert abs(np.sum(exchange.sea_area * taken) / given - 1.0) < CLOSED


@pytest.mark.parametrize("method", METHODS)
def test_sum_with_the_models_own_areas_closes(tripolar_exchange, method):
    exchange = tripolar_exchange
    flux = random_field(exchange.atmosphere.size)
    taken = exchange.regridder("to_surface", method, norm="modelarea").apply(flux)
    given = np.sum(exchange.sea_area_fraction * exchange.atmosphere.area * flux)
    total = np.sum((exchange.surface.area * taken)[exchange.counted])
    assert abs(total / given - 1.0) < CLOSED
    plain = exchange.regridder("to_surface", method).apply(flux)
    lost = np.sum((exchange.surface.area * plain)[exchange.counted]) / given - 1.0
    assert abs(lost) > 1e-6, "without the correction the model's own sum is off"


def test_ice_gets_what_the_atmosphere_gives_to_ice(exchange):
    # The atmosphere has the fraction of ice and a flux over it. Their product, regridded, closes
    # with any conservative method. The flux alone, times the surface model's own fraction, closes
    # to first order only, where one way is the transpose of the other, and not if the two are means
    # over time.
    cover = np.clip(random_field(exchange.surface.size) - 3.0, 0.0, 1.0)
    up = exchange.regridder("to_atmosphere", "conservative").apply(cover)
    flux = random_field(exchange.atmosphere.size)
    area = exchange.surface_area * exchange.counted
    given = np.sum(exchange.sea_area * up * flux)
    for method in METHODS:
        down = exchange.regridder("to_surface", method)
        assert abs(np.sum(area * down.apply(up * flux)) / given - 1.0) < CLOSED
        apart = abs(np.sum(area * cover * down.apply(flux)) / given - 1.0)
        assert apart < CLOSED if method == "conservative" else apart > 1e-6


def test_a_uniform_field_stays_uniform(exchange):
    for direction, method, fill in (
        ("to_surface", "conservative", "none"),
        ("to_surface", "conservative_second_order", "nearest"),
        ("to_surface", "bilinear", "nearest"),
        ("to_atmosphere", "conservative", "nearest"),
    ):
        regridder = exchange.regridder(direction, method, fill)
        got = regridder.apply(np.full(regridder.source.size, 290.0))
        wet = got != 0.0 if fill == "none" else np.ones(got.size, bool)
        np.testing.assert_allclose(got[wet], 290.0, rtol=1e-11)


def test_copies_receive_and_do_not_count(tripolar_exchange):
    grid = tripolar_exchange.surface
    copies = grid.sea & ~grid.first_of_duplicates
    assert copies.sum() > 100, "the grid repeats columns and a row"
    nlon, nlat = grid.shape
    for method in (*METHODS, "bilinear"):
        regridder = tripolar_exchange.regridder("to_surface", method)
        got = regridder.apply(random_field(regridder.source.size)).reshape(nlat, nlon)
        np.testing.assert_allclose(got[:, 0], got[:, -2], rtol=1e-9)
        np.testing.assert_allclose(got[-1], got[-2, ::-1], rtol=1e-9)
    up = tripolar_exchange.regridder("to_atmosphere", "conservative")
    state = random_field(grid.size)
    expected = up.apply(state)
    np.testing.assert_array_equal(up.apply(np.where(copies, 1e30, state)), expected)


def test_counted_are_the_wet_cells_that_are_no_copies(exchange):
    grid = exchange.surface
    np.testing.assert_array_equal(exchange.counted, grid.sea & grid.first_of_duplicates)


def test_values_on_land_do_not_matter(exchange):
    up = exchange.regridder("to_atmosphere", "conservative", "nearest")
    state = random_field(exchange.surface.size)
    missing = np.where(exchange.counted, state, np.nan)
    np.testing.assert_array_equal(up.apply(missing), up.apply(state))


def test_atmosphere_without_sea_takes_the_nearest_sea(exchange):
    grid = exchange.surface
    index = np.arange(grid.size, dtype=float)
    dry = exchange.sea_area == 0.0
    assert dry.any()
    assert (exchange.regridder("to_atmosphere", "conservative").apply(index + 1.0)[dry] == 0).all()
    got = exchange.regridder("to_atmosphere", "conservative", "nearest").apply(index)[dry]
    assert exchange.counted[got.astype(int)].all()
    nearest = exchange.regridder("to_atmosphere", "nearest", "nearest").apply(index)
    np.testing.assert_array_equal(nearest[dry], got)


def test_every_choice_passes_its_own_check(exchange):
    for method in METHODS:
        for norm in ("fracarea", "destarea", "modelarea"):
            exchange.regridder("to_surface", method, norm=norm).check(1e-12)
    for norm in ("fracarea", "destarea"):
        exchange.regridder("to_atmosphere", "conservative", norm=norm).check(1e-12)
    for direction, method in (("to_surface", "bilinear"), ("to_atmosphere", "nearest")):
        exchange.regridder(direction, method, "nearest").check(1e-12)


def test_destarea_is_per_area_of_the_whole_cell(exchange):
    ice = random_field(exchange.surface.size)
    mean = exchange.regridder("to_atmosphere", "conservative").apply(ice)
    whole = exchange.regridder("to_atmosphere", "conservative", norm="destarea").apply(ice)
    np.testing.assert_allclose(whole, exchange.sea_area_fraction * mean, rtol=1e-9, atol=1e-12)


def test_a_binary_mask_of_the_atmosphere_loses_part_of_the_flux(torc_exchange):
    # What the exchange grid is for: cells that count as sea or land altogether.
    fraction = torc_exchange.sea_area_fraction
    flux = fraction * torc_exchange.atmosphere.area
    gained = [
        np.sum(torc_exchange.atmosphere.area[sea]) / flux.sum() - 1.0
        for sea in (fraction > 0.5, fraction > 0.0, fraction == 1.0)
    ]
    np.testing.assert_allclose(gained, [0.0057, 0.0999, -0.1127], atol=1e-4)


def test_a_cube_of_sea_closes_too(cubed_sphere):
    exchange = ExchangeGrid.build(GaussianGrid(32, 16), cubed_sphere(20))
    assert (exchange.sea_area_fraction == 1.0).all()
    flux = random_field(exchange.atmosphere.size)
    for method in METHODS:
        regridder = exchange.regridder("to_surface", method)
        regridder.check(1e-13)
        total = np.sum(regridder.apply(flux) * exchange.surface_area)
        given = np.sum(flux * exchange.atmosphere.area) / EARTH_RADIUS**2
        assert abs(total / given - 1.0) < CLOSED


def test_a_regular_grid_may_be_the_surface(oasis_grid):
    exchange = ExchangeGrid.build(TL63, oasis_grid("lmdz"))
    exchange.regridder("to_surface", "conservative_second_order").check(1e-12)
    exchange.regridder("to_atmosphere", "conservative").check(1e-12)


def test_overlapping_sea_is_refused(cubed_sphere):
    cube = cubed_sphere(8)
    shifted = np.concatenate([cube.corner_longitude, cube.corner_longitude[:1] + 1.0])
    double = dataclasses.replace(
        cube,
        shape=(cube.size + 1,),
        longitude=np.append(cube.longitude, cube.longitude[0] + 1.0),
        latitude=np.append(cube.latitude, cube.latitude[0]),
        corner_longitude=shifted,
        corner_latitude=np.concatenate([cube.corner_latitude, cube.corner_latitude[:1]]),
        sea=np.ones(cube.size + 1, bool),
    )
    with pytest.raises(DataError, match="wet cells overlap each other"):
        ExchangeGrid.build(GaussianGrid(32, 16), double)


def test_an_impossible_grid_is_refused_however_it_was_made(cubed_sphere):
    cube = cubed_sphere(8)
    turned = dataclasses.replace(cube, longitude=cube.longitude + 90.0)
    with pytest.raises(DataError, match="the centre lies .* times as far from the middle"):
        ExchangeGrid.build(GaussianGrid(32, 16), turned)


def test_slightly_overlapping_sea_shares_the_atmosphere(cubed_sphere):
    cube = cubed_sphere(8)
    stretched = cube.corner_latitude * np.where(np.arange(cube.size) % 7 == 0, 1.0005, 1.0)[:, None]
    wider = dataclasses.replace(cube, corner_latitude=stretched)
    exchange = ExchangeGrid.build(GaussianGrid(32, 16), wider)
    polygon = wider.polygon_area
    assert np.abs(exchange.surface_area / polygon - 1.0).max() > 1e-5, "some cells give way"
    assert exchange.sea_area_fraction.max() == 1.0
    down = exchange.regridder("to_surface", "conservative")
    down.check(1e-13)
    flux = random_field(exchange.atmosphere.size)
    total = np.sum(down.apply(flux) * exchange.surface_area)
    assert abs(total / np.sum(flux * exchange.sea_area) - 1.0) < CLOSED


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (("sideways", "conservative"), "direction is 'sideways'"),
        (("to_surface", "cubic"), "method is 'cubic'"),
        (("to_surface", "conservative", "creep"), "fill is 'creep'"),
        (("to_surface", "conservative", "none", "none"), "norm is 'none'"),
        (("to_atmosphere", "bilinear"), "goes to the surface only"),
        (("to_atmosphere", "conservative_second_order"), "goes to the surface only"),
        (("to_surface", "bilinear", "none", "destarea"), "is for conservative methods"),
        (("to_atmosphere", "conservative", "none", "modelarea"), "is for fluxes to the surface"),
        (("to_atmosphere", "conservative", "nearest", "destarea"), "got fill 'nearest'"),
        (("to_surface", "conservative", "none", "modelarea"), "has no areas of its own"),
    ],
)
def test_what_does_not_go_together_is_refused(cubed_sphere, choice, message):
    exchange = ExchangeGrid.build(GaussianGrid(32, 16), cubed_sphere(6))
    with pytest.raises(ArgumentError, match=message):
        exchange.regridder(*choice)
