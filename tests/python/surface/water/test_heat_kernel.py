"""The smoothing of the columns' water, and what it makes of their negative precipitation."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import eval_legendre

from ngcm_coupler.grid import GaussianGrid, Grid, RectilinearGrid, RegularGrid
from ngcm_coupler.surface.water.heat_kernel import HeatKernel
from ngcm_coupler.surface.water.precipitation import cleared_among_neighbours

SINES = np.linspace(-1.0, 1.0, 13)
EQUAL_AREAS = RectilinearGrid(
    24,
    tuple(np.rad2deg(np.arcsin(0.5 * (SINES[1:] + SINES[:-1])))),
    tuple(SINES),
)
GRIDS = [GaussianGrid(32, 16), RegularGrid(36, 19), EQUAL_AREAS]


@functools.cache
def kernel(grid: Grid, wavenumber: float):
    return jax.jit(HeatKernel(grid, wavenumber))


def weights(grid: Grid) -> np.ndarray:
    return grid.area / grid.area.sum()


def noise(grid: Grid, mean: float = 0.0) -> np.ndarray:
    return np.random.default_rng(7).normal(mean, 1.0, grid.size).astype(np.float32)


@pytest.mark.parametrize("grid", GRIDS, ids=lambda grid: type(grid).__name__)
def test_smoothing_keeps_the_mean_and_makes_nothing_negative_on_any_grid(grid):
    smooth = kernel(grid, 6.0)
    values = noise(grid)
    # Single precision: some ten sums of numbers of order one, each to 6e-8.
    assert np.asarray(smooth(values)) @ weights(grid) == pytest.approx(
        values @ weights(grid), abs=1e-6
    )
    for place in (0, grid.size // 2, grid.size - 1):
        single = np.zeros(grid.size, np.float32)
        single[place] = 1.0
        spread = np.asarray(smooth(single))
        assert spread.min() > -1e-7
        assert 0.0 < spread[place] < 0.9
    np.testing.assert_allclose(smooth(np.ones(grid.size, np.float32)), 1.0, rtol=1e-5)


@pytest.mark.parametrize("degree", [1, 5, 11, 22, 30])
def test_harmonics_keep_what_a_gaussian_leaves_of_them(degree):
    """Along a meridian and along the equator. Differences between cells are right to second order,
    which is 15 % of the exponent at l = 30 on 64 rows."""
    grid = GaussianGrid(128, 64)
    latitude, longitude = np.deg2rad(grid.latitude), np.deg2rad(grid.longitude)
    expected = np.exp(-0.5 * (degree / 22.0) ** 2)
    for harmonic in (
        eval_legendre(degree, np.sin(latitude)),
        np.cos(latitude) ** degree * np.cos(degree * longitude),
    ):
        values = harmonic.astype(np.float32)
        left = (np.asarray(kernel(grid, 22.0)(values)) * values) @ weights(grid)
        left /= values.astype(np.float64) ** 2 @ weights(grid)
        assert left == pytest.approx(expected, abs=0.04)


def test_a_finer_wavenumber_than_the_grid_has_changes_little():
    values = noise(GRIDS[0])
    change = kernel(GRIDS[0], 1000.0)(values) - values
    assert np.std(change) < 0.01  # next to the poles, where cells are narrow, up to 0.1


@pytest.mark.slow
def test_the_derivative_of_smoothing_is_smoothing():
    grid = GRIDS[0]
    smooth, weight = HeatKernel(grid, 6.0), jnp.asarray(weights(grid), jnp.float32)
    one, other = noise(grid), noise(grid)[::-1]
    gradient = jax.grad(lambda values: (weight * other * smooth(values)).sum())(one)
    np.testing.assert_allclose(gradient, weight * smooth(jnp.asarray(other)), rtol=0, atol=1e-9)


@pytest.mark.parametrize(("mean", "left"), [(1.0, 0.0), (0.3, 0.6)])
def test_neighbours_pay_what_a_column_lacks_and_the_sum_stays(mean, left):
    """All of it where enough falls round each, else what they can."""
    grid = GRIDS[0]
    smooth, weight = kernel(grid, 6.0), weights(grid)
    before = smooth(noise(grid, mean)) * 1e-4
    after = np.asarray(cleared_among_neighbours(before, smooth))
    before = np.asarray(before)
    lacking = [-(weight * np.minimum(values, 0.0)).sum() for values in (before, after)]
    assert lacking[0] > 0.0
    assert lacking[1] <= left * lacking[0]
    assert after @ weight == pytest.approx(before @ weight, abs=1e-10)
    wet = before > 0.0
    assert (after[wet] <= before[wet]).all() and (after[wet] >= 0.0).all()
    assert (after[~wet] >= before[~wet] - 1e-11).all()


def test_without_negatives_nothing_changes():
    before = np.abs(noise(GRIDS[0])) * 1e-4
    after = cleared_among_neighbours(before, kernel(GRIDS[0], 6.0))
    np.testing.assert_array_equal(after, before)


@pytest.mark.parametrize("mean", [-5.0, 0.0, 5.0])
def test_gradients_of_clearing_are_finite_and_keep_the_sum(mean):
    """Of a globe that lacks water everywhere too, and where exactly nothing falls."""
    grid = GRIDS[0]
    smooth = HeatKernel(grid, 6.0)
    weight = jnp.asarray(weights(grid), jnp.float32)
    values = jnp.asarray(noise(grid, mean) * 1e-4).at[:40].set(0.0)

    def total(values):
        return (weight * cleared_among_neighbours(values, smooth)).sum()

    gradient = jax.jit(jax.grad(total))(values)
    np.testing.assert_allclose(gradient, weight, rtol=1e-2)
