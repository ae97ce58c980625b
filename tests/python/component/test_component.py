"""The component: what a host may do, what it may not, and what it gets."""

import os

import jax
import numpy as np
import pytest
from analytic_host import NAMELIST, advance, all_fields, get, put_surface

from ngcm_coupler import abi
from ngcm_coupler.component import Component
from ngcm_coupler.constants import EARTH_RADIUS
from ngcm_coupler.engine.analytic import AnalyticAtmosphere
from ngcm_coupler.errors import (
    ArgumentError,
    ConfigError,
    DivergedError,
    FieldError,
    HandleError,
    ParallelError,
    ShapeError,
    StateError,
    ValueRangeError,
)
from ngcm_coupler.files.netcdf import import_netcdf4
from ngcm_coupler.surface.geocentric import geocentric_components, horizontal_components


def test_imports_show_the_initial_surface_before_the_first_put(component):
    sst = get(component, "sea_surface_temperature")
    assert 271.0 < sst.min() < 272.0 and 298.0 < sst.max() < 301.0


def test_states_are_there_from_the_start_but_means_are_not(component):
    assert get(component, "air_temperature").min() > 200.0
    with pytest.raises(StateError, match="none has been completed"):
        get(component, "surface_downward_latent_heat_flux_over_ice_free_sea")


@pytest.mark.slow
def test_every_offered_field_is_within_its_range_after_an_interval(component):
    advance(component)
    for row in component.fields:
        values = get(component, row.name)
        assert row.valid_min <= values.min() and values.max() <= row.valid_max, row.name


def test_fluxes_are_means_over_the_steps_and_states_are_not(create):
    one, two = (create(text=NAMELIST.replace("3600,", f"{seconds},")) for seconds in (1800, 3600))
    single = []
    for _ in range(2):
        advance(one)
        single.append(all_fields(one))
    advance(two)
    for row in two.fields:
        values = [fields[row.name] for fields in single]
        expected = np.mean(values, axis=0) if row.averaging == "interval_mean" else values[-1]
        # The analytic column loses water as a difference of two contents: 20 kg m-2 in single
        # precision, every 1800 s.
        atol = 1e-8 if row.provenance == "budget" and row.positive else 1e-12
        atol = 1e-5 if row.name == "precipitation_debt" else atol
        np.testing.assert_allclose(get(two, row.name), expected, rtol=3e-6, atol=atol)


@pytest.mark.slow
def test_warmer_sea_evaporates_more(create):
    fluxes = []
    for warming in (-2.0, 0.0, 2.0):
        component = create()
        put_surface(component, warming)
        component.advance(3600)
        fluxes.append(get(component, "water_evapotranspiration_flux_over_ice_free_sea").mean())
    assert fluxes[0] < fluxes[1] < fluxes[2]


@pytest.mark.slow
def test_wind_is_taken_relative_to_the_current(create):
    text = NAMELIST.replace(
        "interval_seconds = 3600",
        "interval_seconds = 3600, imports = 'sea_surface_temperature', 'sea_ice_area_fraction',"
        " 'sea_water_x_velocity', 'sea_water_y_velocity'",
    )
    component = create(text=text)
    put_surface(component)
    for name, wind in (("sea_water_x_velocity", "eastward_wind"),
                       ("sea_water_y_velocity", "northward_wind")):  # fmt: skip
        component.put(component.field_id(name), get(component, wind).clip(-10.0, 10.0))
    component.advance(3600)
    stress = get(component, "surface_downward_eastward_stress_over_ice_free_sea")
    advance(create(), 1)
    assert np.abs(stress).max() < 2e-3, "a sea that moves with the wind feels little of it"


@pytest.mark.slow
def test_vectors_may_be_geocentric_in_both_directions(create):
    """A current of u and v, and the same by x, y and z: one stress, which projects back."""
    east_north = ("sea_water_x_velocity", "sea_water_y_velocity")
    xyz = tuple(f"sea_water_geocentric_{axis}_velocity" for axis in "xyz")
    stress = {}
    for names in (east_north, xyz):
        imports = ", ".join(
            f"'{name}'" for name in ("sea_surface_temperature", "sea_ice_area_fraction", *names)
        )
        component = create(
            text=NAMELIST.replace(
                "interval_seconds = 3600", f"interval_seconds = 3600, imports = {imports}"
            )
        )
        put_surface(component)
        longitude, latitude = component.grid.position
        current = [
            get(component, wind).clip(-1.0, 1.0) for wind in ("eastward_wind", "northward_wind")
        ]
        if names is xyz:
            current = geocentric_components(*current, longitude, latitude)
        for name, values in zip(names, current, strict=True):
            component.put(component.field_id(name), np.asarray(values))
        component.advance(3600)
        stress[names] = [
            get(component, f"surface_downward_{way}_stress_over_ice_free_sea")
            for way in ("eastward", "northward")
        ]
        geocentric = (
            get(component, f"surface_downward_geocentric_{axis}_stress_over_ice_free_sea")
            for axis in "xyz"
        )
        back = horizontal_components(*geocentric, longitude, latitude)
        # Single precision: 1e-6 of a stress of up to 1 N m-2.
        np.testing.assert_allclose(back, stress[names], atol=1e-6)
    np.testing.assert_allclose(stress[xyz], stress[east_north], rtol=1e-4, atol=1e-6)


@pytest.mark.slow
def test_sea_of_a_grid_of_its_own_is_where_that_grid_has_it(create, tmp_path):
    """A square ocean of 40 degrees, one cell of it land; the analytic planet alone is all sea."""
    west, south = np.meshgrid(np.arange(20.0, 60.0, 10.0), np.arange(-20.0, 20.0, 10.0))
    corners = [[0.0, 10.0, 10.0, 0.0], [0.0, 0.0, 10.0, 10.0]]
    longitude, latitude = west.ravel(), south.ravel()
    with import_netcdf4().Dataset(tmp_path / "ocean.nc", "w") as file:
        for name, size in (("grid_size", 16), ("grid_corners", 4), ("grid_rank", 2)):
            file.createDimension(name, size)
        file.createVariable("grid_dims", "i4", ("grid_rank",))[:] = 4, 4
        file.createVariable("grid_imask", "i4", ("grid_size",))[:] = [0] + [1] * 15
        for way, start, of_corner in (
            ("lon", longitude, corners[0]),
            ("lat", latitude, corners[1]),
        ):
            centre = file.createVariable(f"grid_center_{way}", "f8", ("grid_size",))
            corner = file.createVariable(f"grid_corner_{way}", "f8", ("grid_size", "grid_corners"))
            centre.units = corner.units = "degrees"
            centre[:] = start + 5.0
            corner[:] = start[:, None] + np.array(of_corner)
    component = create(
        f"&ngcm_grid sea_grid_file = '{tmp_path / 'ocean.nc'}' /",
        NAMELIST.replace("latitudes = 8", "latitudes = 16"),
    )
    sea = 1.0 - component.land_area_fraction
    grid = component.grid
    inside = (np.abs(grid.longitude - 45.0) < 9.0) & (np.abs(grid.latitude) < 14.0)
    outside = (np.abs(grid.longitude - 40.0) > 26.0) | (np.abs(grid.latitude) > 26.0)
    assert (sea[inside] == 1.0).all()
    assert (sea[outside] == 0.0).all()
    # The outer edges are great circles, which rise above the circles of latitude of 20 degrees by
    # up to 0.07 degrees: 0.23 % of the area.
    band = np.diff(np.sin(np.deg2rad([-20.0, -10.0, 0.0, 10.0, 20.0])))
    expected = (4.0 * band.sum() - band[0]) * np.deg2rad(10.0) * EARTH_RADIUS**2
    assert (sea * grid.area).sum() == pytest.approx(expected, rel=3e-3)


def test_import_holds_until_it_is_too_old(component):
    advance(component)
    component.advance(3600)
    component.advance(3600)
    with pytest.raises(StateError, match=r"sea_surface_temperature was put 10800 s before.*7200"):
        component.advance(3600)
    assert component.clock.elapsed_seconds == 3 * 3600, "a refused advance changes nothing"
    advance(component)


def test_import_that_was_never_put_is_named(component):
    put_surface(component)
    fresh = component.field_id("sea_ice_area_fraction")
    with pytest.raises(ValueRangeError):
        component.put(fresh, np.full(component.grid.size, 3.0))
    with pytest.raises(StateError, match="sea_ice_area_fraction has not been put"):
        component.advance(3600)


@pytest.mark.slow
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 0.0, 25.0, 1e300])
def test_bad_import_names_field_count_and_worst_point(component, bad):
    sst = get(component, "sea_surface_temperature")
    sst[[7, 100]] = bad
    with pytest.raises(ValueRangeError) as caught:
        component.put(component.field_id("sea_surface_temperature"), sst)
    assert "sea_surface_temperature: 2 of 128 values" in str(caught.value)
    assert "at point 8 (longitude 157.50, latitude -73.80)" in str(caught.value)


def test_worst_of_several_bad_values_is_named(component):
    ice = get(component, "sea_ice_area_fraction")
    ice[3], ice[4], ice[5] = 1.2, -7.0, 1.5
    with pytest.raises(ValueRangeError, match="3 of 128 .* the worst is -7 at point 5 "):
        component.put(component.field_id("sea_ice_area_fraction"), ice)


def test_round_off_of_a_remapping_is_not_an_error(component):
    ice = np.full(component.grid.size, 1.0 + 1e-6)
    component.put(component.field_id("sea_ice_area_fraction"), ice)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_both_precisions_are_taken_and_given(component, dtype):
    put_surface(component)
    number = component.field_id("sea_surface_temperature")
    out = np.empty(component.grid.size, dtype)
    component.get(number, out)
    component.put(number, out)
    component.advance(3600)
    component.get(component.field_id("air_temperature"), out)
    assert (out == get(component, "air_temperature").astype(dtype)).all()


def test_host_may_reuse_its_array_at_once(component):
    put_surface(component)
    buffer = get(component, "sea_surface_temperature").astype(np.float32)
    expected = buffer.copy()
    component.put(component.field_id("sea_surface_temperature"), buffer)
    component.advance(3600)
    buffer[:] = 999.0
    component.wait()
    assert (component._owner.members.imports()[0, 0] == expected).all()


def test_wrong_length_says_what_was_expected(component):
    put_surface(component)
    with pytest.raises(ShapeError, match="got 3 values, expected 128"):
        component.put(1, np.zeros(3))
    with pytest.raises(StateError, match="its last put was refused"):
        component.advance(3600)
    with pytest.raises(ShapeError, match="got 3 values, expected 128"):
        component.get(1, np.zeros(3))


def test_unknown_field_names_the_nearest(component):
    with pytest.raises(FieldError, match="'air_temperature'"):
        component.field_id("air_temperatur")
    for number in (0, -1, len(component.fields) + 1):
        with pytest.raises(FieldError, match="run from 1 to"):
            component.get(number, np.empty(component.grid.size))


def test_export_cannot_be_put(component):
    with pytest.raises(FieldError, match="is an export"):
        component.put(component.field_id("air_temperature"), np.zeros(component.grid.size))


@pytest.mark.parametrize("seconds", [-3600, 1800, 7200])
def test_advance_takes_the_coupling_interval_only(component, seconds):
    put_surface(component)
    with pytest.raises(ArgumentError, match="the coupling interval is 3600"):
        component.advance(seconds)


def test_advance_by_nothing_sends_the_imports_and_no_more(component):
    put_surface(component, warming=1.0)
    before = get(component, "air_temperature")
    component.advance(0)
    assert component.clock.elapsed_seconds == 0
    assert (get(component, "air_temperature") == before).all()
    sent = component._owner.members.imports()[0, 0]
    assert (sent == get(component, "sea_surface_temperature")).all()


def test_interval_never_recompiles(component):
    advance(component, 5)
    assert component._owner.members.traced_intervals() <= 1


def test_nothing_crosses_to_the_host_between_put_and_get(component):
    advance(component)
    component.wait()
    put_surface(component)
    with jax.transfer_guard("disallow"):
        component.advance(component.interval_seconds)
        jax.block_until_ready(component._owner.members._exports)
    component.wait()


def test_failed_creation_leaves_no_history_file(tmp_path):
    namelist = tmp_path / "run.nml"
    namelist.write_text(
        NAMELIST.replace("interval_seconds = 3600", "interval_seconds = 3601")
        + f"&ngcm_history file = '{tmp_path}/history.nc' /"
    )
    with pytest.raises(ConfigError, match="multiple of the model step 1800"):
        Component.create(str(namelist))
    assert not (tmp_path / "history.nc").exists()


@pytest.mark.slow
def test_diverged_atmosphere_names_field_and_place(create, monkeypatch):
    def blow_up(self, parameters, state, surface):
        return jax.tree.map(lambda x: x * np.float32(np.nan) if x.dtype == np.float32 else x, state)

    monkeypatch.setattr(AnalyticAtmosphere, "step", blow_up)
    component = create("&ngcm_device keep_compiled = 'nothing' /")
    put_surface(component)
    component.advance(3600)
    with pytest.raises(DivergedError, match=r"ends 2000-01-01T01:00:00: height = nan at point 1 "):
        component.wait()
    with pytest.raises(DivergedError):
        get(component, "air_temperature")
    with pytest.raises(DivergedError):
        component.close()


@pytest.mark.slow
def test_two_components_live_side_by_side(create):
    one, other = create(), create(text=NAMELIST.replace("latitudes = 8", "latitudes = 16"))
    advance(one, 2)
    advance(other, 1)
    assert one.clock.elapsed_seconds == 2 * other.clock.elapsed_seconds
    assert (one.grid.size, other.grid.size) == (128, 512)


def test_communicator_without_mpi_running_is_refused(tmp_path):
    namelist = tmp_path / "run.nml"
    namelist.write_text(NAMELIST)
    with pytest.raises(ParallelError, match="MPI is not running"):
        Component.create(str(namelist), 0)


@pytest.mark.bits
def test_partition_on_one_rank_may_reorder_the_points(create):
    plain, shuffled = create(), create()
    order = np.random.default_rng(0).permutation(plain.grid.size)
    shuffled.set_partition((order + 1).astype(np.int32))
    advance(plain)
    advance(shuffled)
    for name, values in all_fields(shuffled).items():
        np.testing.assert_array_equal(values, all_fields(plain)[name][order], err_msg=name)


@pytest.mark.parametrize(
    ("index", "message"),
    [
        (np.arange(1, 128), "point 128 belongs to 0 ranks"),
        (np.arange(128), "indices run from 1 to 128"),
        (np.r_[np.arange(1, 128), 1], "point 1 belongs to 2 ranks"),
    ],
)
def test_partition_that_does_not_cover_the_grid_is_refused(component, index, message):
    with pytest.raises(ParallelError, match=message):
        component.set_partition(index.astype(np.int32))
    advance(component)


def test_partition_after_the_first_put_is_refused(component):
    put_surface(component)
    with pytest.raises(StateError, match="before the first put"):
        component.set_partition(np.arange(1, 129, dtype=np.int32))


def test_handle_is_good_from_create_to_destroy(tmp_path):
    namelist = tmp_path / "run.nml"
    namelist.write_text(NAMELIST)
    handle = abi.create(str(namelist), None)
    assert abi.grid_size(handle) == (16, 8)
    abi.destroy(handle)
    with pytest.raises(HandleError, match=f"handle {handle} is not in use"):
        abi.grid_size(handle)
    with pytest.raises(HandleError):
        abi.destroy(handle)


@pytest.mark.slow
@pytest.mark.bits
def test_double_precision_set_by_the_environment_changes_nothing(create):
    plain = create()
    advance(plain)
    with jax.enable_x64(True):
        double = create()
        advance(double)
        double.wait()
    for name, values in all_fields(double).items():
        np.testing.assert_array_equal(values, all_fields(plain)[name], err_msg=name)


@pytest.mark.slow
def test_rank_bound_to_one_core_is_told_so(create, caplog):
    cores = os.sched_getaffinity(0)
    if len(cores) == 1:
        pytest.skip("there is only one core to be bound to")
    create()
    assert "bound to" not in caplog.text
    os.sched_setaffinity(0, {min(cores)})
    try:
        create()
    finally:
        os.sched_setaffinity(0, cores)
    assert "bound to 1 of" in caplog.text and "--bind-to none" in caplog.text
