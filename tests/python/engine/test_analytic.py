"""The analytic atmosphere is cheap and behaves like air over a sea."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ngcm_coupler.engine.analytic import AnalyticAtmosphere
from ngcm_coupler.engine.atmosphere import initial_condition


@pytest.fixture
def engine():
    return AnalyticAtmosphere(16, 1800)


def test_lowest_level_is_plausible(engine):
    air = engine.lowest_level({}, initial_condition(engine, None, jax.random.key(0)).state)
    assert 100.0 < float(air.height.min()) <= float(air.height.max()) < 150.0
    assert float(jnp.hypot(air.eastward_wind, air.northward_wind).max()) < 20.0
    assert 9.5e4 < float(air.surface_air_pressure.min()) < 1.05e5
    assert 0.0 < float(air.specific_humidity.min()) < float(air.specific_humidity.max()) < 0.025


def test_trades_blow_from_the_east_and_westerlies_from_the_west(engine):
    air = engine.lowest_level({}, initial_condition(engine, None, jax.random.key(0)).state)
    mean = np.asarray(air.eastward_wind).reshape(engine.grid.nlat, -1).mean(axis=1)
    assert mean[np.abs(engine.grid.latitudes) < 10].max() < 0.0
    assert mean[np.abs(np.abs(engine.grid.latitudes) - 45) < 10].min() > 0.0


def test_warmer_sea_warms_and_moistens_the_air(engine):
    initial = initial_condition(engine, None, jax.random.key(0))
    warm = dataclasses.replace(
        initial.surface, sea_surface_temperature=initial.surface.sea_surface_temperature + 2.0
    )
    state = engine.step({}, initial.state, warm)
    assert (state.air_temperature > initial.state.air_temperature).all()
    assert (state.specific_humidity > initial.state.specific_humidity).all()


def test_template_has_the_structure_of_a_state(engine):
    state = initial_condition(engine, None, jax.random.key(0)).state
    shapes = jax.tree.map(lambda x: (x.shape, x.dtype), state)
    assert shapes == jax.tree.map(lambda x: (x.shape, x.dtype), engine.state_template())


def test_start_is_the_one_asked_for(engine):
    start = "1959-01-02T00:00:00"
    assert initial_condition(engine, start, jax.random.key(0)).time == start
