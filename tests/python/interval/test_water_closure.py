"""The closing of the water budget, as part of the interval that a host and a gradient see."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ngcm_coupler.component import Component
from ngcm_coupler.config import parse
from ngcm_coupler.device.members import Members
from ngcm_coupler.engine.analytic import AnalyticAtmosphere
from ngcm_coupler.engine.atmosphere import initial_condition
from ngcm_coupler.fields import IMPORTS, field, over
from ngcm_coupler.grid import GaussianGrid
from ngcm_coupler.interval import Interval
from ngcm_coupler.interval.water_closure import (
    CELL_EVAPORATION,
    COLUMN_WATER,
    PRECIPITATION,
    WaterClosure,
    WaterOfGlobe,
)

MILLIMETRE_PER_DAY = 1.0 / 86400.0
GRID = GaussianGrid(32, 16)
WEIGHTS = GRID.area / GRID.area.sum()
HOUR = 3600
FIELDS = [field(name) for name in (*PRECIPITATION, CELL_EVAPORATION, COLUMN_WATER)]


class Globe:
    """A closure over an ocean without ice, whose evaporation and water are given as means."""

    def __init__(self):
        land = np.zeros(GRID.size)
        self.closure = WaterClosure(GRID, land, ["sea_ice_area_fraction"], FIELDS, HOUR)
        self.budget = self.closure.begin(jnp.full(GRID.size, 25.0))
        self._close = jax.jit(self.closure.close)

    def close(self, rain, snow, evaporation, water=25.0):
        """Rain and snow as closed, and what is told of it."""
        full = np.full(GRID.size, 1.0)
        rows = [rain, snow, rain + snow, evaporation * full, water * full]
        exports = np.stack(rows).astype(np.float32)
        nothing = np.zeros((1, GRID.size), np.float32)
        self.budget, exports = self._close(self.budget, nothing, nothing[0], exports)
        exports = np.asarray(exports)
        np.testing.assert_array_equal(exports[2], exports[0] + exports[1])
        return exports[:2], WaterOfGlobe.of(self.budget)


def showers(rng):
    """Rain and snow, dry at half of the points."""
    wet = rng.exponential(3.0, (2, GRID.size)) * (rng.random(GRID.size) < 0.5)
    return (wet * MILLIMETRE_PER_DAY).astype(np.float32)


def mean(rows):
    return float((np.asarray(rows, np.float64) * WEIGHTS).sum())


def test_water_closes_over_many_intervals():
    """Single precision alone leaves some 1e-9 of the mean in every interval."""
    rng, globe = np.random.default_rng(3), Globe()
    wanted = fallen = 0.0
    alone = []
    for _ in range(300):
        evaporation = np.float32(rng.normal(3.0, 0.3) * MILLIMETRE_PER_DAY)
        rows, closed = globe.close(*showers(rng), evaporation)
        assert rows.min() >= 0.0 and 0.5 < closed.factor < 2.0
        wanted, fallen = wanted + float(evaporation), fallen + mean(rows)
        alone.append(abs(mean(rows) / float(evaporation) - 1.0))
        assert abs(closed.remainder) < 1e-8 * evaporation
        # Each sum over the globe is right to 1e-13 or so.
        assert wanted - fallen - closed.remainder == pytest.approx(0.0, abs=3e-13 * wanted)
    assert max(alone) > 1e-12, "the remainder has something to do"


def test_what_the_air_gains_does_not_fall():
    rng, globe = np.random.default_rng(4), Globe()
    evaporation = np.float32(3.0e-5)
    _, first = globe.close(*showers(rng), evaporation)
    rows, closed = globe.close(*showers(rng), evaporation, water=25.05)
    gained = float(np.float32(25.05)) - 25.0
    expected = float(evaporation) - gained / HOUR + first.remainder
    assert mean(rows) + closed.remainder == pytest.approx(expected, rel=1e-12)
    assert closed.column_water == pytest.approx(float(np.float32(25.05)), rel=1e-13)


def test_rain_and_snow_are_multiplied_by_the_same_factor():
    before = showers(np.random.default_rng(4))
    after, closed = Globe().close(*before, 2e-5)
    np.testing.assert_allclose(after, before.astype(np.float64) * closed.factor, rtol=2e-7)
    assert closed.computed == pytest.approx(mean(before), rel=1e-6)


def test_nothing_falls_where_the_air_gains_more_than_evaporates():
    globe = Globe()
    before = showers(np.random.default_rng(4))
    after, closed = globe.close(*before, -1e-6)
    assert not after.any() and closed.factor == 0.0
    assert closed.remainder == pytest.approx(-1e-6, rel=1e-6)
    after, closed = globe.close(*before, 2e-5)
    assert mean(after) + closed.remainder == pytest.approx(1.9e-5, rel=1e-6)


def test_dry_globe_keeps_its_water_for_the_next_interval():
    globe, dry = Globe(), np.zeros((2, GRID.size), np.float32)
    for count in (1, 2):
        after, closed = globe.close(*dry, 3e-5)
        assert not after.any() and closed.factor == 0.0
        assert closed.remainder == pytest.approx(count * 3e-5, rel=1e-6)


def test_a_single_shower_does_not_get_all_the_water():
    before = np.zeros((2, GRID.size), np.float32)
    before[0, 256] = 1e-5
    after, closed = Globe().close(*before, 3e-5)
    assert closed.factor == 10.0
    assert after.max() == pytest.approx(1e-4)
    assert mean(after) + closed.remainder == pytest.approx(3e-5, rel=1e-6)


def test_no_column_is_told_less_than_no_water_and_the_globe_keeps_its_own():
    """What 5 % of the columns lack, the others pay: where none lacks any, nothing changes."""
    rng, globe = np.random.default_rng(6), Globe()
    wet = rng.gamma(2.0, 12.0, GRID.size).astype(np.float32)
    dry = np.where(rng.random(GRID.size) < 0.05, np.float32(-0.8), wet)
    positive = np.asarray(jax.jit(globe.closure.positive)(dry))
    assert (positive >= 0.0).all() and (positive[dry < 0.0] == 0.0).all()
    # A rounding each, of some 25 kg m-2 to single precision, in the mean of 512.
    assert mean(positive) == pytest.approx(mean(dry), rel=1e-8)
    paid = positive[dry > 0.0] / dry[dry > 0.0]
    assert 0.99 < paid.min() and np.ptp(paid) < 2e-7, "in proportion"
    np.testing.assert_array_equal(jax.jit(globe.closure.positive)(wet), wet)
    odd = np.where(np.arange(GRID.size) == 3, np.float32(np.nan), wet)
    np.testing.assert_array_equal(jax.jit(globe.closure.positive)(odd), odd)


def test_a_host_closes_the_water_with_the_columns_that_it_is_told():
    rng, globe = np.random.default_rng(7), Globe()
    dry = np.where(rng.random(GRID.size) < 0.05, np.float32(-0.8), np.float32(25.0))
    globe.budget = globe.closure.begin(jnp.asarray(dry))
    assert WaterOfGlobe.of(globe.budget).column_water == pytest.approx(mean(dry), rel=1e-7)
    exports = np.zeros((len(FIELDS), GRID.size), np.float32)
    exports[-1] = dry
    none = np.zeros((1, GRID.size), np.float32)
    budget, exports = globe._close(globe.budget, none, none[0], exports)
    assert exports[-1].min() == 0.0
    assert WaterOfGlobe.of(budget).column_water == pytest.approx(mean(exports[-1]), rel=1e-12)


SEA = ("sea_surface_temperature", "sea_ice_area_fraction")
SETTINGS = {
    "analytic": "&ngcm_model engine = 'analytic', analytic_latitudes = 8 /",
    "demo": "&ngcm_coupling interval_seconds = 3600 /",
}
LAST_DIGITS = 2e-5
"""Of a field's largest value. Two functions that are compiled apart differ in last digits, and
over land heat flux and stability amplify them."""


@pytest.fixture(scope="module", params=["analytic", pytest.param("demo", marks=pytest.mark.long)])
def model(request):
    return request.param, *built(SETTINGS[request.param])


def built(text):
    """An interval, its engine, and what it begins with."""
    config = parse(text)
    members = Members(config)
    interval, engine = members._interval, members.atmosphere
    initial = initial_condition(engine, None, jax.random.key(0))
    imports = interval.initial_imports(engine.parameters, initial.state, initial.surface)
    return interval, engine, initial, imports


def started(interval, engine, initial):
    day = int(np.datetime64(initial.time, "D").astype(int))
    return jax.jit(interval.begin)(engine.parameters, initial.state, day, 0)


@pytest.mark.slow
def test_a_host_gets_what_the_interval_returns(model, tmp_path):
    """Every exported field, rain and snow included, over three intervals."""
    name, interval, engine, initial, imports = model
    (tmp_path / "run.nml").write_text(SETTINGS[name])
    component = Component.create(str(tmp_path / "run.nml"))
    advance, state = jax.jit(interval.advance), started(interval, engine, initial)
    given, got = np.asarray(imports), np.empty(component.grid.size, np.float32)
    for _ in range(3):
        for number, row in enumerate(given, 1):
            component.put(number, row)
        component.advance(component.interval_seconds)
        state, exports = advance(engine.parameters, state, imports)
        for number, row in enumerate(interval.exports):
            component.get(component.field_id(row.name), got)
            expected = np.asarray(exports[number])
            scale = np.abs(expected).max()
            np.testing.assert_allclose(got, expected, rtol=0, atol=LAST_DIGITS * scale,
                                       err_msg=row.name)  # fmt: skip
    assert 0.1 < WaterOfGlobe.of(state.water).factor < 10.0
    component.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "&ngcm_model engine = 'analytic', analytic_latitudes = 8 /"
        "&ngcm_radiation scheme = 'host' /",
        pytest.param("&ngcm_radiation scheme = 'host' /", marks=pytest.mark.long, id="demo"),
    ],
)
def test_the_gradient_of_rain_is_that_of_the_rain_that_the_host_gets(text):
    """Rain over a region of some 20 cells by the temperature of its sea, by finite differences."""
    interval, engine, initial, imports = built(text)
    names = [row.name for row in interval.exports]
    grid = engine.grid
    sea = engine.land_area_fraction == 0.0
    near = np.hypot(((grid.longitude - 160.0) + 180.0) % 360.0 - 180.0, grid.latitude - 5.0)
    region = np.zeros(grid.size, bool)
    region[np.argsort(np.where(sea, near, np.inf))[:20]] = True
    weights = jnp.asarray(np.where(region, grid.area, 0.0) / grid.area[region].sum(), jnp.float32)
    state = started(interval, engine, initial)
    place = SEA.index("sea_surface_temperature")

    # State and imports are arguments: what is known to the compiler it computes, slowly.
    def rain(warming, state, imports):
        """Of the third interval [mm/day]."""
        warmed = imports.at[place].add(warming * jnp.asarray(region))

        def one(state, _):
            state, exports = interval.advance(engine.parameters, state, warmed)
            return state, exports[names.index("rainfall_flux")]

        return (weights * jax.lax.scan(one, state, length=3)[1][-1]).sum() * 86400.0

    # Both of one executable, as compiling takes longer than it runs.
    rain_and_slope, step = jax.jit(jax.value_and_grad(rain)), 0.25
    _, slope = rain_and_slope(0.0, state, imports)
    more, less = (rain_and_slope(warming, state, imports)[0] for warming in (step, -step))
    difference = float(more - less) / (2.0 * step)
    assert float(slope) == pytest.approx(difference, rel=0.01)
    assert abs(slope) > 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("given", [("sea_ice", "land"), ("land",)])
def test_every_tile_counts_in_what_precipitation_is_balanced_with(given):
    """Evaporation is the sum of what the host is told, that of land wetter than its air in full."""
    listed = [*SEA, *(row.name for row in IMPORTS if row.surface in given)]
    text = ", ".join(f"'{name}'" for name in listed)
    engine = AnalyticAtmosphere(16, HOUR)
    engine.land_area_fraction = np.where(engine.grid.longitude < 90.0, 0.6, 0.0)
    interval = Interval(
        engine, parse(f"&ngcm_coupling interval_seconds = {HOUR}, imports = {text} /")
    )
    initial = initial_condition(engine, None, jax.random.key(0))
    imports = interval.initial_imports({}, initial.state, initial.surface)
    ice_area = 0.4 if "sea_ice" in given else 0.0
    imports = imports.at[1].set(jnp.where(engine.grid.latitude > 50.0, ice_area, 0.0))
    imports = imports.at[listed.index("moisture_availability_over_land")].set(1.0)
    state = interval.begin({}, initial.state, 10957, 0)
    state, exports = jax.jit(interval.advance)({}, state, imports)
    before = WaterOfGlobe.of(state.water)
    state, exports = jax.jit(interval.advance)({}, state, imports)
    after = WaterOfGlobe.of(state.water)
    rows = {row.name: np.asarray(exports[i], np.float64) for i, row in enumerate(interval.exports)}
    weights = engine.grid.area / engine.grid.area.sum()
    land, ice = engine.land_area_fraction, np.asarray(imports[1], np.float64)
    part = {"ice_free_sea": (1 - land) * (1 - ice), "sea_ice": (1 - land) * ice, "land": land}
    evaporated = sum(
        (weights * part[tile] * rows[over("water_evapotranspiration_flux", tile)]).sum()
        for tile in ("ice_free_sea", *given)
    )
    fallen = (weights * (rows["rainfall_flux"] + rows["snowfall_flux"])).sum()
    gained = ((weights * rows[COLUMN_WATER]).sum() - before.column_water) / HOUR
    residual = fallen - evaporated + gained + after.remainder - before.remainder
    # Where a tile has no host, what balances is the cell's own row, in single precision.
    digits = 1e-10 if "sea_ice" in given else 1e-7
    assert residual == pytest.approx(0.0, abs=digits * MILLIMETRE_PER_DAY)
