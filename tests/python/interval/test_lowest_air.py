"""The air next to the surface, of an analytic atmosphere with a decoder of known air."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ngcm_coupler.config import parse
from ngcm_coupler.constants import VIRTUAL_TEMPERATURE_FACTOR
from ngcm_coupler.engine.analytic import AnalyticAtmosphere
from ngcm_coupler.engine.atmosphere import initial_condition
from ngcm_coupler.errors import ConfigError
from ngcm_coupler.fields.levels import LEVEL_FIELDS, Levels
from ngcm_coupler.interval import Interval
from ngcm_coupler.interval.lowest_air import LowestAir

STEP = 14400
PRESSURES = (700.0, 900.0, 950.0, 1000.0)
WARMER, MOISTER, SEA, LAND = 0.75, 4e-4, 1.1, 0.8


class Decoding(AnalyticAtmosphere):
    """Its decoder has air that is warmer and moister, and faster over the sea alone."""

    def __init__(self):
        super().__init__(8, STEP)
        self.levels = Levels(LEVEL_FIELDS[:5], PRESSURES)
        self.land_area_fraction = np.where(self.grid.longitude < 120.0, 1.0, 0.0)

    def pressure_levels(self, parameters, state, surface):
        low = self.lowest_level(parameters, state)
        factor = SEA + self.land_area_fraction * (LAND - SEA)
        # Of the pressure too, so that a value at another level shows.
        warm = low.air_temperature + WARMER - 1e-4 * low.air_pressure
        air = {
            "air_temperature": lambda p: warm + 1e-4 * p,
            "specific_humidity": lambda p: low.specific_humidity + MOISTER,
            "eastward_wind": lambda p: factor * low.eastward_wind,
            "northward_wind": lambda p: factor * low.northward_wind,
        }  # fmt: skip
        return {
            f"{name}_on_pressure_levels": jnp.stack([of(100.0 * each) for each in PRESSURES])
            for name, of in air.items()
        }


class Run:
    def __init__(self, how, engine):
        text = f"&ngcm_surface lowest_level = '{how}' / &ngcm_coupling interval_seconds = {STEP} /"
        self.interval = Interval(engine, parse(text))
        initial = initial_condition(engine, None, jax.random.key(0))
        self.imports = self.interval.initial_imports({}, initial.state, initial.surface)
        begin = jax.jit(self.interval.begin)
        self.start = self.state = begin({}, initial.state, 10957, 7 * 3600)
        self.advance = jax.jit(self.interval.advance)

    def step(self):
        self.state, exports = self.advance({}, self.state, self.imports)
        return dict(zip([row.name for row in self.interval.exports], exports, strict=True))


@pytest.fixture(scope="module")
def runs():
    engine = Decoding()
    return {how: Run(how, engine) for how in ("raw", "corrected", "decoded")}


@pytest.mark.slow
def test_air_has_what_the_decoder_has_more_and_the_rest_stays(runs):
    for run in runs.values():
        run.state = run.start
    raw, *others = (run.step() for run in runs.values())
    land = np.asarray(runs["raw"].interval._atmosphere.land_area_fraction)
    factor = np.where(land > 0.0, LAND, SEA)
    for air in others:
        np.testing.assert_allclose(
            air["air_temperature"] - raw["air_temperature"], WARMER, atol=1e-4
        )
        moister = air["specific_humidity"] - raw["specific_humidity"]
        # In the coldest air there is no room for as much.
        assert (moister <= MOISTER * 1.001).all()
        assert (moister > 0.999 * MOISTER).mean() > 0.7
        for wind in ("eastward_wind", "northward_wind"):
            np.testing.assert_allclose(air[wind], factor * raw[wind], rtol=1e-4, atol=1e-5)
        for name in (
            "air_pressure", "surface_air_pressure", "surface_altitude",
            "air_pressure_at_mean_sea_level", "atmosphere_mass_content_of_water",
        ):  # fmt: skip
            np.testing.assert_array_equal(air[name], raw[name], err_msg=name)

        def virtual(air):
            lighter = 1.0 + VIRTUAL_TEMPERATURE_FACTOR * air["specific_humidity"]
            return air["air_temperature"] * lighter

        # The hydrostatic height of that pressure.
        np.testing.assert_allclose(
            air["height"] / raw["height"], virtual(air) / virtual(raw), rtol=1e-5
        )
        name = "surface_downward_latent_heat_flux_over_ice_free_sea"
        assert not np.allclose(air[name], raw[name], rtol=1e-3)


@pytest.mark.slow
def test_decoder_is_asked_at_first_and_then_twice_a_day(runs):
    """Steps of four hours from seven: noon is passed in the second, midnight in the fifth."""
    run, found = runs["corrected"], []
    run.state = run.start
    for _ in range(5):
        run.step()
        found.append(np.asarray(run.state.air.air_temperature))
        nothing = jnp.zeros_like(run.state.air.air_temperature)
        marked = dataclasses.replace(run.state.air, air_temperature=nothing)
        run.state = dataclasses.replace(run.state, air=marked)
    assert [bool(each.any()) for each in found] == [True, True, False, False, True]


def test_below_its_levels_temperature_goes_on_and_the_rest_stays():
    engine = Decoding()
    air = LowestAir("decoded", engine)
    low = engine.lowest_level({}, initial_condition(engine, None, jax.random.key(0)).state)
    low = dataclasses.replace(low, air_pressure=jnp.full(engine.grid.size, 101500.0))
    profile = jnp.linspace(0.0, 3.0, 4)[:, None] * jnp.ones(engine.grid.size)
    rows = {
        "air_temperature_on_pressure_levels": 280.0 + profile,
        "specific_humidity_on_pressure_levels": 1e-3 * (1.0 + profile),
        "eastward_wind_on_pressure_levels": profile,
        "northward_wind_on_pressure_levels": -profile,
    }
    found = air.at(air.begin(), low, lambda: rows)
    np.testing.assert_allclose(found.air_temperature, 283.3, rtol=1e-6)
    np.testing.assert_allclose(found.specific_humidity, 4e-3, rtol=1e-6)
    np.testing.assert_allclose(found.eastward_wind, 3.0, rtol=1e-6)
    high = dataclasses.replace(low, air_pressure=jnp.full(engine.grid.size, 80000.0))
    found = air.at(air.begin(), high, lambda: rows)
    np.testing.assert_allclose(found.air_temperature, 280.5, rtol=1e-6)
    np.testing.assert_allclose(found.northward_wind, -0.5, rtol=1e-6)


def test_humidity_is_neither_negative_nor_more_than_saturation():
    engine = Decoding()
    air = LowestAir("corrected", engine)
    low = engine.lowest_level({}, initial_condition(engine, None, jax.random.key(0)).state)
    for more, holds in ((-1.0, lambda q: q == 0.0), (1.0, lambda q: (q > 0.0) & (q < 0.1))):
        much = dataclasses.replace(air.begin(), specific_humidity=jnp.full(engine.grid.size, more))
        assert holds(air.at(much, low, dict).specific_humidity).all()


@pytest.mark.slow
@pytest.mark.parametrize("how", ["corrected", "decoded"])
def test_gradient_is_finite_in_calm_too(runs, how):
    run = runs[how]

    def heat(scale, state, imports):
        air = jax.tree.map(lambda leaf: scale * leaf, state.atmosphere.air_temperature)
        atmosphere = dataclasses.replace(state.atmosphere, air_temperature=air)
        state = dataclasses.replace(state, atmosphere=atmosphere)
        return run.interval.advance({}, state, imports)[1][:6].sum()

    # Not compiled as a whole, which takes twice as long.
    assert np.isfinite(jax.grad(heat)(1.0, run.start, run.imports))
    air, engine = run.interval._air, run.interval._atmosphere
    low = engine.lowest_level({}, run.start.atmosphere)

    def factor(wind):
        calm = dataclasses.replace(low, eastward_wind=wind, northward_wind=wind)
        return air._found(calm, calm).wind_factor.sum()

    assert np.isfinite(jax.grad(factor)(jnp.zeros(engine.grid.size))).all()


def test_without_a_decoder_nothing_is_corrected_and_decoding_is_refused():
    engine = AnalyticAtmosphere(8, STEP)
    low = engine.lowest_level({}, initial_condition(engine, None, jax.random.key(0)).state)
    air = LowestAir("corrected", engine)
    _, found = air.advanced(air.begin(), low, lambda: pytest.fail("there is none"), jnp.int32(0))
    assert found is low
    with pytest.raises(ConfigError, match="lowest_level = 'decoded' needs a decoder"):
        LowestAir("decoded", engine)
