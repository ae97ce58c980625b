"""A sea that is coarser than the grid: smooth, and a finer one as it is."""

import dataclasses

import numpy as np
import pytest
from state_files import DATE, LEVELS, NAMES, sound, write

from ngcm_coupler.analysis.evaluation.latitudes import alternation, zonal_means
from ngcm_coupler.config import parse
from ngcm_coupler.engine import engine_of
from ngcm_coupler.engine.neuralgcm.initial_state import Sea, read_state
from ngcm_coupler.engine.neuralgcm.initial_state.sea import OF_SEA
from ngcm_coupler.surface.turbulence.bulk import bulk_fluxes
from ngcm_coupler.surface.turbulence.near_surface_air import NearSurfaceAir

SST, ICE = OF_SEA
AIR = ("temperature", "specific_humidity", "u_component_of_wind", "v_component_of_wind")


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    """16 x 8 cells, with land at five columns of four rows."""
    path = write(sound(), tmp_path_factory.mktemp("states") / "plain.nc")
    return read_state(path, DATE, NAMES, LEVELS)


def repeated(state, times, turned=0):
    """The same sea in more cells, each of which is a copy, and the last columns the first."""
    fields = {
        name: np.roll(np.repeat(np.repeat(state.fields[name], times, 0), times, 1), turned, 0)
        for name in OF_SEA
    }
    nlon, nlat = fields[SST].shape
    return dataclasses.replace(
        state,
        longitudes=360.0 * (np.arange(nlon) + 0.5 - turned) / nlon,
        latitudes=180.0 * (np.arange(nlat) + 0.5) / nlat - 90.0,
        fields=fields,
    )


def test_a_sea_linear_in_latitude_and_a_wave_round_the_globe_are_met():
    longitudes, latitudes = 90.0 + 11.25 * np.arange(32), np.linspace(-84.0, 84.0, 15)
    wave = np.sin(np.deg2rad(longitudes))[:, None] * np.ones(15)
    sea = Sea(longitudes, latitudes, {SST: 280.0 + 0.1 * latitudes + 0.0 * wave, ICE: wave})
    to = np.arange(0.0, 360.0, 4.0), np.linspace(-80.0, 80.0, 41)
    found = sea.interpolated(*to)
    assert found[SST].shape == (90, 41) and found[SST].dtype == np.float32
    np.testing.assert_allclose(found[SST], 280.0 + 0.1 * to[1] + np.zeros((90, 1)), rtol=1e-7)
    # A chord is below its arc by (width / 2)^2 / 2 at most.
    expected = np.sin(np.deg2rad(to[0]))[:, None] * np.ones(41)
    np.testing.assert_allclose(found[ICE], expected, atol=0.5 * np.deg2rad(5.625) ** 2)


def test_no_value_is_outside_of_its_neighbours_and_land_has_no_part(state):
    sea = Sea.of(state)
    finer = 360.0 * np.arange(64) / 64, np.linspace(-88.0, 88.0, 33)
    found = sea.interpolated(*finer)
    assert 0.0 <= np.nanmin(found[ICE]) and np.nanmax(found[ICE]) <= 1.0
    for extreme in (np.nanmin, np.nanmax):
        assert abs(extreme(found[SST]) - 285.0) <= abs(extreme(state.fields[SST]) - 285.0)
    # On the centres themselves nothing changes, and between two missing ones none is made up.
    same = sea.interpolated(state.longitudes, state.latitudes)
    for name in OF_SEA:
        np.testing.assert_array_equal(same[name], state.fields[name])
    inside = np.isnan(found[SST])
    assert 0.0 < inside.mean() < np.isnan(state.fields[SST]).mean()


@pytest.mark.parametrize(("times", "turned"), [(2, 0), (2, 1), (4, 0)])
def test_cells_that_repeat_a_coarser_sea_are_seen_as_that(state, times, turned):
    finer = repeated(state, times, turned)
    sea = Sea.of(finer)
    np.testing.assert_allclose(sea.latitudes, state.latitudes)
    to = 22.5 * (np.arange(16) + 0.5), state.latitudes
    found = sea.interpolated(*to)
    for name in OF_SEA:
        np.testing.assert_array_equal(found[name], state.fields[name], err_msg=name)


def test_a_sea_of_its_own_resolution_or_of_one_value_is_left_alone(state):
    assert Sea.of(state).fields[SST] is state.fields[SST]
    almost = repeated(state, 2)
    almost.fields[SST][0, 0] += 1e-4
    assert Sea.of(almost).fields[SST].shape == (32, 16)
    uniform = {SST: np.full((16, 8), 290.0, "f4"), ICE: np.zeros((16, 8), "f4")}
    assert Sea.of(dataclasses.replace(state, fields=uniform)).fields[SST].shape == (16, 8)


def test_plateaus_are_meant(state):
    """As bands of an idealised run, which are of one value in large blocks too."""
    finer = repeated(state, 4)
    polar = np.abs(finer.latitudes) > 45.0
    bands = {SST: np.where(polar, 272.0, 295.0) + np.zeros((64, 1)), ICE: polar + np.zeros((64, 1))}
    found = Sea.of(dataclasses.replace(finer, fields=bands))
    np.testing.assert_array_equal(found.fields[SST], bands[SST])


@pytest.mark.slow
def test_heat_of_the_demo_has_no_stripes():
    """Under ERA5's air of 1000 hPa; 6.0 W m-2 if its 64 x 32 cells were terraces of the grid's."""
    facts = engine_of(parse("")).facts(parse(""))
    grid, land = facts.grid, facts.land_area_fraction
    state = read_state("demo", None, [*AIR, *OF_SEA], [1000.0])
    bottom = {name: state.fields[name][0] for name in AIR}
    to = grid.longitudes, grid.latitudes
    air = dataclasses.replace(Sea.of(state), fields=bottom).interpolated(*to)
    temperature, humidity, eastward, northward = (air[name].T.reshape(-1) for name in AIR)

    def stripes(sea):
        heat = bulk_fluxes(
            "coare3p6",
            NearSurfaceAir(
                eastward, northward, temperature, humidity, 101325.0, 100.0, 100.0, temperature
            ),
            sea[SST].T.reshape(-1),
        ).sensible_heat_flux
        open_water = (1.0 - land) * (1.0 - sea[ICE].T.reshape(-1))
        rows = (np.asarray(heat) * open_water).reshape(grid.nlat, grid.nlon)
        return np.sqrt(np.nanmean(alternation(zonal_means(rows, np.ones(rows.shape))) ** 2))

    sea = Sea.of(state)
    assert stripes(sea.interpolated(*to)) < 1.0
    column = np.round(grid.longitudes / 5.625).astype(int) % 64
    row = np.abs(sea.latitudes - grid.latitudes[:, None]).argmin(axis=1)
    terraces = {name: values[column][:, row] for name, values in sea.fields.items()}
    assert stripes(terraces) > 5.0
