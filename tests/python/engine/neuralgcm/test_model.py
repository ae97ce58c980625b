"""The published model: upstream's own numbers, and a lowest level that is physical."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from dinosaur import primitive_equations, xarray_utils
from neuralgcm import demo
from neuralgcm.legacy import api

from ngcm_coupler.air import Increments
from ngcm_coupler.cli.bench.step import differences, with_last_digits_moved
from ngcm_coupler.clock import Clock
from ngcm_coupler.component import Component
from ngcm_coupler.config import parse
from ngcm_coupler.constants import GAS_CONSTANT_DRY_AIR
from ngcm_coupler.engine import engine_of
from ngcm_coupler.engine.atmosphere import initial_condition
from ngcm_coupler.engine.neuralgcm.checkpoint import read_checkpoint, write_checkpoint
from ngcm_coupler.engine.neuralgcm.model import NeuralGCM
from ngcm_coupler.interval import Interval
from ngcm_coupler.surface.fixers import borrow_humidity
from ngcm_coupler.surface.pressure import air_pressure_at_mean_sea_level

pytestmark = pytest.mark.slow

IMPORTS = ("sea_surface_temperature", "sea_ice_area_fraction")


@pytest.fixture(scope="module")
def engine():
    return NeuralGCM(read_checkpoint("demo"), "demo", dycore="upstream")


@pytest.fixture(scope="module")
def initial(engine):
    return initial_condition(engine, None, jax.random.key(0))


@pytest.fixture(scope="module")
def upstream():
    return api.PressureLevelModel.from_checkpoint(read_checkpoint("demo").as_dict())


@pytest.fixture(scope="module")
def lowest(engine, initial):
    air = jax.jit(engine.lowest_level)(engine.parameters, initial.state)
    return jax.tree.map(np.asarray, air)


def interval_of(engine, steps, fix_dry_mass=True):
    return Interval(
        engine,
        parse(
            f"&ngcm_coupling interval_seconds = {3600 * steps} /"
            f"&ngcm_model fix_dry_mass = {'.true.' if fix_dry_mass else '.false.'} /"
        ),
    )


def begin(interval, initial):
    parameters = interval._atmosphere.parameters
    return interval.begin(parameters, initial.state, Clock(initial.time).day, 0)


def place(interval, name):
    return [row.name for row in interval.exports].index(name)


def imports_of(surface):
    return jnp.stack([getattr(surface, name) for name in IMPORTS])


def assert_identical(ours, theirs):
    # What the plugin diagnoses beside the model is not the model's state.
    ours, theirs = (dataclasses.replace(state, diagnostics={}) for state in (ours, theirs))
    assert jax.tree.structure(ours) == jax.tree.structure(theirs)
    for one, other in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        if jnp.issubdtype(one.dtype, jax.dtypes.prng_key):
            one, other = jax.random.key_data(one), jax.random.key_data(other)
        np.testing.assert_array_equal(one, other)


def test_its_land_is_known_before_it_is_built(engine):
    config = parse("")
    land = engine_of(config).facts(config).land_area_fraction
    np.testing.assert_array_equal(land, engine.land_area_fraction)


def test_levels_are_those_of_upstreams_decoder_and_near_the_initial_data(engine, initial, upstream):
    """The same numbers, in the order of our points, and in the units of the ERA5 data."""
    surface = initial.surface
    decode = jax.jit(engine.pressure_levels)
    rows = decode(engine.parameters, initial.state, surface)
    dataset = demo.load_data(upstream.data_coords).isel(time=0)
    _, forcings = upstream.data_from_xarray(dataset)
    theirs = upstream.decode(initial.state, forcings)
    levels, n = len(engine.levels.pressures_hpa), engine.grid.size
    assert set(rows) == {row.name for row in engine.levels.fields} and len(rows) == 7
    mid = engine.levels.pressures_hpa.index(500.0)
    # How far the learned encoder and decoder together are from the data at 500 hPa, with a margin.
    close = {"geopotential": 200.0, "temperature": 0.6, "u_component_of_wind": 1.2,
             "v_component_of_wind": 1.2, "specific_humidity": 2.0e-4}  # fmt: skip
    for row in engine.levels.fields:
        assert rows[row.name].shape == (levels, n)
        expected = np.asarray(theirs[row.decoder]).transpose(0, 2, 1).reshape(levels, n)
        # Forcing over land differs, which the decoder does not see.
        np.testing.assert_allclose(rows[row.name], expected, rtol=1e-5, atol=1e-6 * expected.max())
        if row.decoder in close:
            data = dataset[row.decoder].sel(level=500).values.T.reshape(-1)
            error = np.sqrt(np.mean((np.asarray(rows[row.name][mid]) - data) ** 2))
            assert error < close[row.decoder] < data.std(), row.decoder
    stepped = jax.jit(engine.step)(engine.parameters, initial.state, surface)
    after = decode(engine.parameters, stepped, surface)
    # Geopotential, an hour later, with the diagnostics that a step leaves in the state.
    name = "geopotential_on_pressure_levels"
    change = np.abs(np.asarray(after[name] - rows[name]))[mid]
    assert 0.0 < change.mean() < 200.0


def assert_no_further_than_last_digits(ours, theirs, beside):
    """That two states are as near as two functions that are compiled apart owe each other.

    On some processors XLA fuses the operations of the two otherwise, and then half of all numbers
    differ. Beside is what upstream's own function makes of the same numbers moved to the
    neighbouring floats: so far from the true result may either of the two be.
    """
    digits = differences(beside.state, theirs.state)
    found = differences(ours.state, theirs.state)
    assert all(found[name] <= 2.0 * digits[name] for name in digits), (found, digits)
    assert ours.state.sim_time == theirs.state.sim_time
    ours, theirs = ours.randomness, theirs.randomness
    assert jnp.array_equal(jax.random.key_data(ours.prng_key), jax.random.key_data(theirs.prng_key))
    assert ours.prng_step == theirs.prng_step
    # Fields of unit variance: the same draws, to a few of their own digits.
    np.testing.assert_allclose(ours.core, theirs.core, atol=2e-6)


def run_of_upstream(upstream, hours):
    """Its state at the start and the end, each beside that of last digits moved."""
    dataset = demo.load_data(upstream.data_coords).isel(time=0)
    fields, key = upstream.data_from_xarray(dataset), jax.random.key(0)
    start = upstream.encode(*fields, key)
    moved = upstream.encode(*with_last_digits_moved(fields), key)
    theirs, beside = start, with_last_digits_moved(start)
    for _ in range(hours):
        theirs, beside = (upstream.advance(state, fields[1]) for state in (theirs, beside))
    return (start, moved), (theirs, beside)


@pytest.mark.bits
# One step or three in a compiled interval, every flux computed beside them.
@pytest.mark.parametrize(
    ("hours", "steps"),
    [
        (6, 3),
        pytest.param(24, 3, marks=pytest.mark.long),
        pytest.param(24, 1, marks=pytest.mark.long),
    ],
)
def test_coupled_intervals_are_upstreams_advance_to_the_last_digits(
    engine, initial, upstream, hours, steps
):
    start, end = run_of_upstream(upstream, hours)
    assert_no_further_than_last_digits(initial.state, *start)
    interval = interval_of(engine, steps, fix_dry_mass=False)
    advance = jax.jit(interval.advance)
    # Without what smooths the demo's coarse sea for everybody else.
    _, forcings = engine.initial_data(None).fields
    names = "sea_surface_temperature", "sea_ice_cover"
    imports = jnp.stack([engine._to_points(forcings[name][0]) for name in names])
    ours = begin(interval, initial)
    for _ in range(hours // steps):
        ours, _ = advance(engine.parameters, ours, imports)
    assert_no_further_than_last_digits(ours.atmosphere, *end)


@pytest.mark.bits
def test_seed_draws_a_member_and_draws_it_again(engine, initial):
    assert_identical(initial_condition(engine, None, jax.random.key(0)).state, initial.state)
    other = initial_condition(engine, None, jax.random.key(1)).state
    assert (other.randomness.core != initial.state.randomness.core).any()
    vorticity = initial.state.state.vorticity
    perturbation = other.state.vorticity - vorticity
    assert 0.0 < jnp.linalg.norm(perturbation) < 0.2 * jnp.linalg.norm(vorticity)


def test_sea_surface_matters_where_there_is_water_and_only_there(engine, initial):
    step = jax.jit(engine.step)
    # The model's own mask, in which a lake is water too.
    mask = np.array(read_checkpoint("demo").aux_ds_dict["data_vars"]["land_sea_mask"]["data"])
    land = mask.T.reshape(-1) >= 1.0
    reference = step(engine.parameters, initial.state, initial.surface)
    for where, matters in ((land, False), (~land, True)):
        surface = dataclasses.replace(
            initial.surface,
            sea_surface_temperature=initial.surface.sea_surface_temperature + 2.0 * where,
        )
        state = step(engine.parameters, initial.state, surface)
        differs = (state.state.temperature_variation != reference.state.temperature_variation).any()
        assert bool(differs) == matters


def test_forcing_is_never_stale_however_long_the_run(engine, initial):
    century = 100.0 * 365.25 * 86400.0 / 6856.8  # in the model's unit of time
    state = initial.state
    state.state = state.state.replace(sim_time=jnp.float32(state.state.sim_time + century))
    state = jax.jit(engine.step)(engine.parameters, state, initial.surface)
    assert jnp.isfinite(state.state.temperature_variation).all()


def test_no_ocean_is_coupled_inside_a_continent(engine):
    def land(longitude, latitude):
        near = np.hypot(engine.grid.longitude - longitude, engine.grid.latitude - latitude)
        return engine.land_area_fraction[near.argmin()]

    for inland in ((100.0, 60.0), (255.0, 58.0), (20.0, 10.0), (300.0, -10.0), (134.0, -25.0)):
        assert land(*inland) == 1.0
    for sea in ((180.0, 0.0), (330.0, 45.0), (50.0, 42.0), (3.0, 56.0)):
        assert land(*sea) < 0.7
    weight = engine.grid.area / engine.grid.area.sum()
    assert 0.67 < (weight * (1.0 - engine.land_area_fraction)).sum() < 0.71


def test_host_without_values_over_land_gets_what_one_with_them_gets_over_sea(engine, initial):
    interval = interval_of(engine, 1)
    advance, state = jax.jit(interval.advance), begin(interval, initial)
    imports = np.array(imports_of(initial.surface))
    land = engine.land_area_fraction >= 1.0
    expected = advance(engine.parameters, state, imports)[1]
    for nonsense in (0.0, np.nan, 1e20):
        bare = np.where(land, np.float32(nonsense), imports)
        exports = advance(engine.parameters, state, bare)[1]
        assert np.isfinite(exports).all()
        difference = np.abs(np.asarray(exports - expected))
        temperature = place(interval, "air_temperature")
        assert difference[temperature, ~land].max() < 1.0, "an hour of other lakes, far away"


def test_template_has_the_structure_of_a_state(engine, initial):
    template = engine.state_template()
    assert jax.tree.structure(template) == jax.tree.structure(initial.state)
    for ours, expected in zip(
        jax.tree.leaves(template), jax.tree.leaves(initial.state), strict=True
    ):
        assert (ours.shape, ours.dtype) == (expected.shape, expected.dtype)


def test_lowest_level_is_that_of_the_dynamical_core(engine, initial, upstream, lowest):
    coords = upstream.model_coords
    core = primitive_equations.compute_diagnostic_state(initial.state.state, coords)
    scale = upstream.from_nondim_units
    cosine = coords.horizontal.cos_lat
    reference = upstream._structure.specs.aux_features[xarray_utils.REF_TEMP_KEY][-1]
    expected = {
        "eastward_wind": scale(core.cos_lat_u[0][-1] / cosine, "m/s"),
        "northward_wind": scale(core.cos_lat_u[1][-1] / cosine, "m/s"),
        "air_temperature": core.temperature_variation[-1] + reference,
        "specific_humidity": core.tracers["specific_humidity"][-1],
    }
    for name, values in expected.items():
        ours = getattr(lowest, name).reshape(64, 128).T
        np.testing.assert_allclose(ours, values, rtol=2e-5, atol=2e-5, err_msg=name)


def test_sea_level_pressure_follows_the_analysis(engine, lowest, upstream):
    """Against ERA5's own geopotential and temperature at 1000 hPa, over the sea.

    The reduction brings the pattern nearer to the analysis (0.9 hPa instead of 2.4), and makes
    the mean 2.7 hPa too high, because the learned surface lies 27 m above the sea on average.
    Waves of two grid lengths, which the learned surface holds and pressure never feels, are left
    out of it: with them the pattern was off by 2.1 hPa.
    """
    dataset = demo.load_data(upstream.data_coords).isel(time=0).sel(level=1000)
    temperature = dataset.temperature.values * (1.0 + 0.608 * dataset.specific_humidity.values)
    scale = GAS_CONSTANT_DRY_AIR * temperature
    analysis = 1.0e5 * np.exp(dataset.geopotential.values / scale).T.reshape(-1)
    sea = engine.land_area_fraction < 0.01
    weight = engine.grid.area[sea] / engine.grid.area[sea].sum()

    def bias_and_pattern(pressure):
        difference = np.asarray(pressure)[sea] - analysis[sea]
        bias = (weight * difference).sum()
        return bias, np.sqrt((weight * (difference - bias) ** 2).sum())

    reduced = air_pressure_at_mean_sea_level(
        lowest.surface_air_pressure, lowest.surface_altitude, lowest.air_temperature,
        lowest.air_pressure,
    )  # fmt: skip
    bias, pattern = bias_and_pattern(reduced)
    _, unreduced_pattern = bias_and_pattern(lowest.surface_air_pressure)
    assert abs(bias) < 300.0
    assert pattern < 145.0 < 230.0 < unreduced_pattern

    horizontal = upstream.model_coords.horizontal
    harmonics = horizontal.to_modal(jnp.asarray(reduced).reshape(64, 128).T)
    power = np.square(harmonics).sum(axis=0)
    assert power[60:64].mean() < power[50:60].mean()


def test_surface_is_the_learned_one(engine, initial, lowest):
    sea = engine.land_area_fraction < 0.01
    assert 20.0 < np.abs(lowest.surface_altitude[sea]).max() < 400.0
    unlearned = {
        module: {
            name: np.zeros_like(value) if module.endswith("learned_orography") else value
            for name, value in values.items()
        }
        for module, values in engine.parameters.items()
    }
    plain = jax.jit(engine.lowest_level)(unlearned, initial.state).surface_altitude
    difference = np.asarray(plain) - lowest.surface_altitude
    rms = np.sqrt((engine.grid.area * difference**2).sum() / engine.grid.area.sum())
    assert 50.0 < rms < 200.0


def test_height_and_pressure_belong_together(lowest):
    ratio = lowest.air_pressure / lowest.surface_air_pressure
    np.testing.assert_allclose(ratio, 1.0 - 0.5 / 32, rtol=1e-6)
    assert 90.0 < lowest.height.min() and lowest.height.max() < 150.0


@pytest.mark.long
def test_raw_model_gains_dry_air_within_a_day(engine, initial):
    interval = interval_of(engine, 24, fix_dry_mass=False)
    pressure = jax.jit(engine.dry_air_pressure)
    state, imports = begin(interval, initial), imports_of(initial.surface)
    before = float(pressure(state.atmosphere))
    state, _ = jax.jit(interval.advance)(engine.parameters, state, imports)
    assert float(pressure(state.atmosphere)) - before > 1.0, "it is the fixer that keeps it"


def test_dry_mass_is_the_weight_of_the_air_less_that_of_its_water(engine, initial, upstream):
    """Against the same integral in double precision, level by level on grid points."""
    horizontal = upstream.model_coords.horizontal
    state = initial.state.state
    pressure = np.exp(np.asarray(horizontal.to_nodal(state.log_surface_pressure)[0], np.float64))
    water = sum(
        np.asarray(horizontal.to_nodal(tracer), np.float64).mean(axis=0)  # layers equally thick
        for tracer in state.tracers.values()
    )
    weight = engine.grid.area.reshape(64, 128).T / engine.grid.area.sum()
    expected = (weight * pressure * (1.0 - water)).sum() * upstream.from_nondim_units(1.0, "Pa")
    assert float(engine.dry_air_pressure(initial.state)) == pytest.approx(expected, abs=0.05)


@pytest.mark.bits
def test_pressure_correction_changes_pressure_alone(engine, initial, lowest):
    state = engine.with_mass_scaled(initial.state, jnp.float32(1.0e-3))
    air = jax.jit(engine.lowest_level)(engine.parameters, state)
    ratio = np.asarray(air.surface_air_pressure) / lowest.surface_air_pressure
    np.testing.assert_allclose(ratio, np.exp(1.0e-3), rtol=1e-6)
    for name in ("eastward_wind", "northward_wind", "air_temperature", "specific_humidity"):
        np.testing.assert_array_equal(getattr(air, name), getattr(lowest, name))


def test_increments_reach_the_lowest_level_and_no_other(engine, initial, lowest):
    """Smooth ones, which the model's truncation holds: solid rotation, and a wave in longitude."""
    latitude, longitude = np.deg2rad(engine.grid.latitude), np.deg2rad(engine.grid.longitude)
    wave = np.cos(latitude) ** 3 * np.cos(3.0 * longitude)
    level = np.arange(engine.nominal_levels.size)[:, None] == engine.nominal_levels.size - 1
    change = Increments(
        air_temperature=jnp.asarray(level * wave, jnp.float32),
        specific_humidity=jnp.asarray(level * 1e-3 * wave, jnp.float32),
        wind=(jnp.asarray(level * np.cos(latitude), jnp.float32), jnp.zeros(wave.shape)[None]),
    )
    state = engine.with_increments(initial.state, change)
    air = jax.jit(engine.lowest_level)(engine.parameters, state)
    for name, expected, tolerance in (
        ("air_temperature", wave, 1e-3),
        ("specific_humidity", 1e-3 * wave, 1e-6),
        ("eastward_wind", np.cos(latitude), 1e-3),
        ("northward_wind", 0.0, 1e-3),
    ):
        added = np.asarray(getattr(air, name)) - getattr(lowest, name)
        np.testing.assert_allclose(added, np.broadcast_to(expected, added.shape), atol=tolerance)
    before, after = (engine.columns(engine.parameters, each) for each in (initial.state, state))
    np.testing.assert_allclose(after.air_temperature[:-1], before.air_temperature[:-1], atol=1e-3)


def test_columns_end_at_the_lowest_level(engine, initial, lowest):
    columns = engine.columns(engine.parameters, initial.state)
    for name in ("air_temperature", "specific_humidity", "air_pressure"):
        np.testing.assert_allclose(getattr(columns, name)[-1], getattr(lowest, name), rtol=1e-4)
    np.testing.assert_allclose(columns.interface_pressure[-1], lowest.surface_air_pressure)
    weight = engine.grid.area / engine.grid.area.sum()
    assert 15.0 < (weight * np.asarray(columns.water_content())).sum() < 30.0
    cloud = np.asarray(columns.cloud_ice + columns.cloud_liquid)
    assert 1e-4 < cloud.max() < 1e-2


def test_filling_negative_humidity_halves_what_is_missing_and_keeps_the_water(engine, initial):
    """The model's truncation brings the other half back: sharp edges ring."""
    columns = engine.columns(engine.parameters, initial.state)
    thickness = jnp.diff(columns.interface_pressure, axis=0)
    filled = borrow_humidity(columns.specific_humidity, thickness)
    change = Increments(specific_humidity=filled - columns.specific_humidity)
    after = engine.columns(engine.parameters, engine.with_increments(initial.state, change))

    def missing(columns):
        negative = np.minimum(np.asarray(columns.specific_humidity, np.float64), 0.0)
        return -(negative * np.asarray(thickness) * weight).sum() / 9.80616

    def held(columns):
        return (weight * np.asarray(columns.water_content(), np.float64)).sum()

    weight = engine.grid.area / engine.grid.area.sum()
    assert missing(columns) > 0.0
    assert missing(after) < 0.6 * missing(columns)
    assert held(after) == pytest.approx(held(columns), abs=1e-4)


def test_gradients_of_an_interval_are_finite_and_physical(engine, initial):
    interval = interval_of(engine, 1)
    latent = place(interval, "surface_downward_latent_heat_flux_over_ice_free_sea")
    weight = jnp.asarray(engine.grid.area / engine.grid.area.sum(), jnp.float32)

    # The state is an argument: what is known to the compiler it computes, slowly.
    def mean_latent_heat(parameters, imports, state):
        return (interval.advance(parameters, state, imports)[1][latent] * weight).sum()

    by_parameters, by_imports = jax.jit(jax.grad(mean_latent_heat, argnums=(0, 1)))(
        engine.parameters, imports_of(initial.surface), begin(interval, initial)
    )
    for leaf in jax.tree.leaves((by_parameters, by_imports)):
        assert jnp.isfinite(leaf).all()
    assert float(by_imports[0].sum()) < -1.0, "a warmer sea loses more latent heat"
    assert max(float(jnp.abs(leaf).max()) for leaf in jax.tree.leaves(by_parameters)) > 0.0


@pytest.fixture(scope="module")
def deterministic():
    """The demo model with its random fields switched off as published deterministic models do.

    They carry a field of zeros of one channel instead of ten, so that nine rows of weights go.
    The numbers mean nothing; structure and types are those of the deterministic models.
    """
    stochastic = read_checkpoint("demo")
    text = stochastic.model_config_str
    for where in ("ADVANCE", "ENCODE"):
        name = f"{where}_RANDOMNESS_MODULE = "
        text = text.replace(f"{name}@BatchGaussianRandomFieldModule", f"{name}@ZerosRandomField")
    first_layer = "/epd_tower/encode_tower/~/mlp_uniform/~/linear_0"
    parameters = {
        module: {
            name: value[:-9]
            if name == "w" and module.endswith(first_layer) and "decoder" not in module
            else value
            for name, value in values.items()
        }
        for module, values in stochastic.params.items()
    }
    return dataclasses.replace(stochastic, model_config_str=text, params=parameters)


@pytest.mark.long
@pytest.mark.bits
def test_deterministic_model_runs_restarts_and_compiles_once(deterministic, tmp_path):
    write_checkpoint(deterministic, tmp_path / "deterministic.npz")
    model = f"&ngcm_model checkpoint = '{tmp_path}/deterministic.npz', random_seed ="
    (tmp_path / "first.nml").write_text(f"{model} 0 /")
    (tmp_path / "second.nml").write_text(
        f"{model} 1 / &ngcm_restart read_file = '{tmp_path}/restart.nc', branch = .true. /"
    )

    def run(component, intervals):
        out = np.empty(component.grid.size)
        for _ in range(intervals):
            for number in (1, 2):
                component.get(number, out)
                component.put(number, out)
            # Compiling moves constants to the device; from then on nothing may cross by itself.
            compiled = component._owner.members.traced_intervals()
            with jax.transfer_guard("disallow" if compiled else "allow"):
                component.advance(3600)
                jax.block_until_ready(component._owner.members._exports)
        component.wait()
        fields = np.empty((len(component.fields), component.grid.size))
        for number, row in enumerate(fields, start=1):
            component.get(number, row)
        assert component._owner.members.traced_intervals() <= 1
        return fields

    first = Component.create(str(tmp_path / "first.nml"))
    run(first, 1)
    first.write_restart(str(tmp_path / "restart.nc"))
    second = Component.create(str(tmp_path / "second.nml"))
    np.testing.assert_array_equal(run(first, 2), run(second, 2))
    first.close()
    second.close()
