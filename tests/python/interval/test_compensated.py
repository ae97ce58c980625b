"""Sums in two single-precision numbers: against double precision, compiled as in an interval."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ngcm_coupler.interval.compensated import Pair, as_float, single

RNG = np.random.default_rng(0)


def pairs(shape=()):
    return Pair.of(RNG.normal(size=shape) * 10.0 ** RNG.uniform(-6, 6, shape))


def exact(pair):
    return np.asarray(pair.high, np.float64) + np.asarray(pair.low, np.float64)


@pytest.mark.parametrize("name", ["__add__", "__sub__", "__mul__"])
def test_arithmetic_is_right_to_44_bits(name):
    one, other = pairs(1000), pairs(1000)
    got = exact(jax.jit(getattr(Pair, name))(one, other))
    expected = getattr(np, {"__add__": "add", "__sub__": "subtract", "__mul__": "multiply"}[name])(
        exact(one), exact(other)
    )
    # A sum of two numbers that cancel keeps the error of the larger.
    scale = np.abs(expected) if name == "__mul__" else np.abs(exact(one)) + np.abs(exact(other))
    assert np.abs((got - expected) / scale).max() < 2.0**-44


def test_a_quotient_is_right_to_44_bits():
    divide = jax.jit(Pair.__truediv__)
    for _ in range(20):
        one, other = pairs(), pairs()
        assert as_float(divide(one, other)) == pytest.approx(
            exact(one) / exact(other), rel=2.0**-44
        )


@pytest.mark.parametrize("count", [1, 2, 7, 8192])
def test_a_mean_over_the_globe_is_that_of_double_precision(count):
    """Where single precision alone is off by 1e-8 and more."""
    weights = RNG.random(count) / count
    row = (25.0 + RNG.normal(size=count)).astype(np.float32)
    mean = jax.jit(lambda values: (Pair.of(weights) * single(values)).sum())
    expected = float((weights * row.astype(np.float64)).sum())
    assert as_float(mean(row)) == pytest.approx(expected, rel=1e-12)
    if count == 8192:
        alone = float(jnp.sum(jnp.asarray(weights, jnp.float32) * row))
        assert abs(alone / expected - 1.0) > 1e-9


def test_members_of_a_batch_are_summed_one_by_one():
    rows = RNG.normal(size=(3, 100)).astype(np.float32)
    batch = jax.jit(jax.vmap(lambda row: single(row).sum()))(rows)
    np.testing.assert_allclose(exact(batch), rows.astype(np.float64).sum(axis=1), rtol=1e-12)


def test_derivatives_are_those_of_the_formulae():
    weights = RNG.random(50)

    def value(row):
        mean = (Pair.of(weights) * single(row)).sum()
        ratio = mean / (mean * mean + single(jnp.float32(2.0)))
        return ratio.high + ratio.low

    row = RNG.normal(size=50).astype(np.float32)
    mean = float((weights * row).sum())
    slope = (2.0 - mean**2) / (mean**2 + 2.0) ** 2
    np.testing.assert_allclose(jax.grad(value)(row), slope * weights, rtol=1e-5)
