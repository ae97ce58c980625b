"""Initial data: as upstream prepares it, and refused with a reason when it cannot be used."""

import numpy as np
import pytest
import xarray
from neuralgcm import demo
from neuralgcm.legacy import api

from ngcm_coupler.engine.neuralgcm.checkpoint import read_checkpoint
from ngcm_coupler.engine.neuralgcm.era5 import read_initial_data
from ngcm_coupler.engine.neuralgcm.initial_state import demo_path
from ngcm_coupler.errors import DataError

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def model():
    return api.PressureLevelModel.from_checkpoint(read_checkpoint("demo").as_dict())


@pytest.fixture(scope="module")
def variables(model):
    return model.input_variables + model.forcing_variables


@pytest.fixture
def source():
    with xarray.open_dataset(demo_path()) as dataset:
        return dataset.load()


def read(path, model, variables, start=None):
    return read_initial_data(str(path), start, variables, model.data_coords)[1]


@pytest.mark.bits
def test_demo_state_is_bitwise_upstreams(model, variables):
    ours, theirs = read("demo", model, variables), demo.load_data(model.data_coords)
    for name in variables:
        expected = theirs[name].isel(time=0).transpose(*ours[name].dims)
        np.testing.assert_array_equal(ours[name].values, expected.values, err_msg=name)


@pytest.mark.bits
def test_grid_of_the_model_is_taken_as_it_is(model, variables, tmp_path):
    theirs = demo.load_data(model.data_coords)
    theirs.to_netcdf(tmp_path / "tl63.nc")
    ours = read(tmp_path / "tl63.nc", model, variables)
    np.testing.assert_array_equal(ours.temperature, theirs.temperature.isel(time=0))
    _, fields, sea = read_initial_data(
        str(tmp_path / "tl63.nc"), None, variables, model.data_coords
    )
    for name in ("sea_surface_temperature", "sea_ice_cover"):
        np.testing.assert_array_equal(sea[name], theirs[name].isel(time=0))
        assert sea[name].dtype == fields[name].dtype == np.float32


def test_a_coarser_sea_is_smoothed_for_what_is_exchanged_and_for_nothing_else(
    model, variables, source, caplog, tmp_path
):
    """Beside it stands what upstream makes of it, to the bit (above)."""
    source["sea_surface_temperature"][10:20, 10:20] = np.nan
    source.to_netcdf(tmp_path / "land.nc")
    with caplog.at_level("INFO", "ngcm_coupler"):
        _, fields, sea = read_initial_data(
            str(tmp_path / "land.nc"), None, variables, model.data_coords
        )
    assert [record.getMessage() for record in caplog.records] == [
        "the initial state has the sea in 64 x 32 cells; for the grid of 128 x 64 it is"
        " interpolated between their centres"
    ]
    for name, least, greatest in (
        ("sea_surface_temperature", 271.0, 305.0),
        ("sea_ice_cover", 0.0, 1.0),
    ):
        assert sea[name].dims == fields[name].dims and sea[name].dtype == np.float32
        assert (sea[name] != fields[name]).any()
        assert least <= sea[name].min() and sea[name].max() <= greatest


@pytest.mark.bits
def test_north_to_south_and_level_order_do_not_matter(model, variables, source, tmp_path):
    flipped = source.isel(latitude=slice(None, None, -1), level=slice(None, None, -1))
    flipped.transpose(..., "latitude", "longitude").to_netcdf(tmp_path / "flipped.nc")
    ours = read(tmp_path / "flipped.nc", model, variables)
    np.testing.assert_array_equal(ours.temperature, read("demo", model, variables).temperature)


def test_sea_surface_temperature_missing_over_land_takes_the_nearest(
    model, variables, source, tmp_path
):
    source["sea_surface_temperature"][10:20, 10:20] = np.nan
    source.to_netcdf(tmp_path / "land.nc")
    filled = read(tmp_path / "land.nc", model, variables).sea_surface_temperature
    assert np.isfinite(filled).all() and 270.0 < filled.min()


def test_date_is_selected_from_several(model, variables, source, tmp_path):
    later = source.assign_coords(time=source.time + np.timedelta64(1, "D"))
    later["temperature"] = later.temperature + 1.0
    xarray.concat([source, later], "time").to_netcdf(tmp_path / "two.nc")
    chosen = read(tmp_path / "two.nc", model, variables, "1959-01-03T00:00:00")
    first = read("demo", model, variables)
    np.testing.assert_allclose(chosen.temperature - first.temperature, 1.0, atol=1e-3)
    with pytest.raises(DataError, match="holds 2 dates.*start_date"):
        read(tmp_path / "two.nc", model, variables)


def test_absent_date_is_an_error_that_lists_what_there_is(model, variables):
    with pytest.raises(DataError, match=r"1960-01-01T00:00:00 is not in the file.*1959-01-02"):
        read("demo", model, variables, "1960-01-01T00:00:00")


@pytest.mark.parametrize("first", [0.0, 90.0, -180.0])
def test_a_cyclic_column_and_any_first_meridian_give_the_same_on_the_models_grid(
    model, variables, source, first, tmp_path
):
    east = source.longitude.values
    turned = source.assign_coords(longitude=(east - first) % 360.0 + first).sortby("longitude")
    again = turned.isel(longitude=[0])
    again = again.assign_coords(longitude=again.longitude + 360.0)
    xarray.concat([turned, again], "longitude", coords="minimal").to_netcdf(tmp_path / "cyclic.nc")
    ours = read(tmp_path / "cyclic.nc", model, variables)
    np.testing.assert_array_equal(ours.temperature, read("demo", model, variables).temperature)
