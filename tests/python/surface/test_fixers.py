"""Fixers keep what they say they keep."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ngcm_coupler.surface.fixers import borrow_humidity, dry_mass_correction

LEVELS, POINTS = 32, 1024


def thickness() -> jnp.ndarray:
    """Layers of equal sigma under mountains and highs [Pa]."""
    surface = np.random.default_rng(6).uniform(5e4, 1.05e5, POINTS)
    return jnp.asarray(np.full((LEVELS, 1), 1.0 / LEVELS) * surface, jnp.float32)


def humidity(most_negative: float) -> jnp.ndarray:
    """Ordinary profiles, dry aloft, with noise that makes some layers negative."""
    rng = np.random.default_rng(7)
    profile = 0.01 * np.linspace(0.01, 1.0, LEVELS)[:, None] ** 3
    noise = rng.uniform(most_negative, -most_negative, (LEVELS, POINTS))
    return jnp.asarray(profile + noise, jnp.float32)


def water(q, dp) -> np.ndarray:
    return (np.asarray(q, np.float64) * np.asarray(dp, np.float64)).sum(axis=0)


def test_borrowing_keeps_the_water_of_every_column():
    """Each of 64 borrowings rounds in single precision."""
    q, dp = humidity(-8e-4), thickness()
    filled = jax.jit(borrow_humidity)(q, dp)
    assert np.mean(q < 0.0) > 0.1
    np.testing.assert_allclose(water(filled, dp), water(q, dp), rtol=2e-6)


def test_borrowing_leaves_nothing_negative():
    q, dp = humidity(-8e-4), thickness()
    assert water(q, dp).min() > 0.0
    assert borrow_humidity(q, dp).min() >= 0.0


def test_layer_borrows_from_below_first():
    q = jnp.array([[0.0], [3e-3], [-1e-3], [4e-3], [1e-3]])
    filled = borrow_humidity(q, jnp.full_like(q, 1e4))
    np.testing.assert_allclose(filled[:, 0], [0.0, 3e-3, 0.0, 3e-3, 1e-3], atol=1e-9)


def test_lowest_layer_borrows_from_above():
    q = jnp.array([[5e-3], [1e-3], [-2e-3]])
    filled = borrow_humidity(q, jnp.array([[1e4], [1e4], [2e4]]))
    np.testing.assert_allclose(filled[:, 0], [2e-3, 0.0, 0.0], atol=1e-9)


def test_nothing_negative_stays_as_it_is_bit_for_bit():
    q, dp = jnp.abs(humidity(-8e-4)).at[3].set(0.0), thickness()
    assert (jax.jit(borrow_humidity)(q, dp) == q).all()


def test_column_that_cannot_pay_is_left_alone():
    q = jnp.array([[-2e-3, -2e-3], [1e-3, 3e-3]])
    filled = borrow_humidity(q, jnp.full_like(q, 1e4))
    assert (filled[:, 0] == q[:, 0]).all()
    np.testing.assert_allclose(filled[:, 1], [0.0, 1e-3], atol=1e-9)


@pytest.mark.slow
def test_gradients_of_borrowing_are_finite_and_keep_water():
    q, dp = humidity(-8e-4).at[5].set(0.0), thickness()
    gradient = jax.jit(jax.grad(lambda q: (borrow_humidity(q, dp) * dp).sum()))(q)
    np.testing.assert_allclose(gradient, dp, rtol=1e-5)
    assert np.isfinite(jax.grad(lambda dp: (borrow_humidity(q, dp) ** 2).sum())(dp)).all()


@pytest.mark.parametrize("drift", [-40.0, -0.01, 0.0, 0.01, 40.0])
def test_dry_mass_correction_brings_the_mass_back(drift):
    """A drift of 0.01 Pa is a rounding of 1e5 Pa: single precision must not lose it."""
    target = jnp.float32(98200.0)
    pressure = target + jnp.float32(drift)
    correction = float(dry_mass_correction(pressure, target))
    assert float(pressure) * np.exp(correction) == pytest.approx(float(target), rel=1e-9)
