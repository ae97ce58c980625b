"""What falls in a step, of what the model and the tiles tell of the columns."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ngcm_coupler.air import SurfaceWater
from ngcm_coupler.grid import GaussianGrid
from ngcm_coupler.interval.column_budget import ColumnBudget

GRID = GaussianGrid(32, 16)
WEIGHTS = GRID.area / GRID.area.sum()
HOUR = 3600.0
RNG = np.random.default_rng(11)
EVAPORATION = jnp.asarray(RNG.normal(4e-5, 1e-5, GRID.size), jnp.float32)
NET = jnp.asarray(RNG.normal(-1e-5, 6e-5, GRID.size), jnp.float32)
NEAR_SURFACE = {
    "air_temperature_at_2m": jnp.full(GRID.size, 285.0),
    "specific_humidity_at_2m": jnp.full(GRID.size, 0.008),
}


def step(smoothing: float, exchanged: SurfaceWater, unsupported=0.0):
    budget = ColumnBudget(GRID, smoothing)

    @jax.jit
    def one(debt):
        return budget.step(
            debt,
            exchanged,
            EVAPORATION,
            jnp.full(GRID.size, unsupported),
            NEAR_SURFACE,
            jnp.full(GRID.size, 1e5),
            HOUR,
        )

    return one(jnp.zeros(GRID.size))


@pytest.mark.parametrize("smoothing", [0.0, 6.0])
def test_what_falls_less_what_is_owed_is_what_the_columns_lost(smoothing):
    debt, rows = step(smoothing, SurfaceWater(NET, None))
    raw = rows["column_budget_precipitation_flux"]
    np.testing.assert_allclose(raw, NET + EVAPORATION, rtol=1e-6, atol=1e-11)
    change = np.asarray(rows["precipitation_flux"] - debt / HOUR, np.float64) - raw
    # Single precision of fluxes of 1e-4 kg m-2 s-1.
    assert change @ WEIGHTS == pytest.approx(0.0, abs=1e-10)
    assert rows["precipitation_flux"].min() >= 0.0 and debt.min() >= 0.0
    if smoothing == 0.0:
        np.testing.assert_allclose(change, 0.0, atol=1e-10)


def test_what_the_air_does_not_bear_out_falls_nowhere_in_the_step_and_is_told_all_the_same():
    _, rows = step(0.0, SurfaceWater(NET, None))
    debt, fewer = step(0.0, SurfaceWater(NET, None), unsupported=1e-5)
    for name in ("column_budget_evaporation_flux", "column_budget_precipitation_flux"):
        np.testing.assert_array_equal(fewer[name], rows[name])
    fallen = np.asarray(fewer["precipitation_flux"] - debt / HOUR, np.float64)
    np.testing.assert_allclose(fallen, NET + EVAPORATION - 1e-5, atol=1e-10)


def test_smoothed_columns_owe_less_and_are_seldom_dry():
    alone, smooth = (step(smoothing, SurfaceWater(NET, None)) for smoothing in (0.0, 6.0))
    owed = [float(np.asarray(debt) @ WEIGHTS) for debt, _ in (alone, smooth)]
    assert owed[1] < 0.05 * owed[0]
    dry = [
        float((np.asarray(rows["precipitation_flux"]) == 0.0) @ WEIGHTS)
        for _, rows in (alone, smooth)
    ]
    assert dry[0] > 0.2 and dry[1] < 0.1


@pytest.mark.parametrize("smoothing", [0.0, 6.0])
def test_precipitation_that_the_model_predicts_is_taken_as_it_is(smoothing):
    predicted = jnp.maximum(NET, 0.0)
    debt, rows = step(smoothing, SurfaceWater(NET, predicted))
    np.testing.assert_allclose(rows["precipitation_flux"], predicted, rtol=1e-6)
    np.testing.assert_array_equal(rows["column_budget_precipitation_flux"], predicted)
    np.testing.assert_array_equal(debt, 0.0)
