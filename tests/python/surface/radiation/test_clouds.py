"""Clouds that radiation sees."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ngcm_coupler.air import Columns
from ngcm_coupler.config.model_groups import Radiation as RadiationSettings
from ngcm_coupler.constants import GRAVITY
from ngcm_coupler.surface.radiation.clouds import added_up, clouds, cover_below, sampled

LEVELS = 3
INTERFACES = jnp.array([2e4, 3e4, 6e4, 9e4])[:, None]


def air(liquid=1e-4, ice=0.0, humidity=6e-3, temperature=283.0) -> Columns:
    return Columns(
        air_temperature=jnp.full((LEVELS, 1), temperature),
        specific_humidity=jnp.full((LEVELS, 1), humidity),
        cloud_ice=jnp.full((LEVELS, 1), ice),
        cloud_liquid=jnp.full((LEVELS, 1), liquid),
        air_pressure=0.5 * (INTERFACES[1:] + INTERFACES[:-1]),
        interface_pressure=INTERFACES,
    )


def test_fraction_is_that_of_xu_and_randall():
    result = clouds(RadiationSettings(), air(), jnp.zeros(1))
    # At 283 K over water: 12.15 hPa, by Buck (1981) without enhancement.
    pressure = np.array([2.5e4, 4.5e4, 7.5e4])
    saturation = 0.622 * 1215.3 / (pressure - 0.378 * 1215.3)
    relative = np.minimum(6e-3 / saturation, 0.999)
    expected = relative**0.25 * (1 - np.exp(-100.0 * 1e-4 / ((1 - relative) * saturation) ** 0.49))
    np.testing.assert_allclose(result.fraction[:, 0], expected, rtol=2e-3)


def test_water_is_that_of_the_model():
    result = clouds(RadiationSettings(), air(liquid=2e-5, ice=1e-5), jnp.zeros(1))
    mass = jnp.diff(INTERFACES, axis=0) / GRAVITY
    np.testing.assert_allclose(result.fraction * result.liquid_path, 2e-5 * mass, rtol=1e-5)
    np.testing.assert_allclose(result.fraction * result.ice_path, 1e-5 * mass, rtol=1e-5)


def test_stratus_spreads_the_water_of_low_levels_of_the_open_sea_and_adds_none():
    """Hot air over a cold lowest level: an inversion under which the sky is overcast."""
    columns = dataclasses.replace(
        air(liquid=2e-5), air_temperature=jnp.array([[260.0], [340.0], [283.0]])
    )
    over = [clouds(RadiationSettings(), columns, jnp.array([part])) for part in (0.0, 0.5, 1.0)]
    low = [float(each.fraction[-1, 0]) for each in over]
    # Random overlap with what covers half as much of the cell, and with what covers all but e^-4.
    assert low[1] == pytest.approx(1.0 - (1.0 - low[0]) * (1.0 - 0.5 * (1.0 - np.exp(-4.0))))
    assert low[2] == pytest.approx(1.0 - (1.0 - low[0]) * np.exp(-4.0))
    for each in over[1:]:
        np.testing.assert_allclose(each.fraction[:-1], over[0].fraction[:-1], rtol=1e-6)
        np.testing.assert_allclose(
            each.fraction * each.liquid_path, over[0].fraction * over[0].liquid_path, rtol=1e-6
        )


@pytest.mark.parametrize("water", [0.0, -1e-5])
def test_no_water_or_less_is_no_cloud(water):
    result = clouds(RadiationSettings(), air(liquid=water, humidity=-1e-4), jnp.zeros(1))
    assert not result.fraction.any() and not result.liquid_path.any()


def test_neighbours_overlap_as_much_as_they_can_and_others_at_random():
    fraction = jnp.array([[0.3], [0.5], [0.0], [0.4]])
    cover = cover_below(fraction)[:, 0]
    np.testing.assert_allclose(cover, [0.3, 0.5, 0.5, 1 - 0.5 * 0.6], atol=1e-6)


@pytest.mark.slow
def test_samples_have_the_fraction_and_overlap_of_the_clouds():
    """Ranks of a lattice: the fraction is met to 1/112 times a few, far nearer than by chance."""
    key = jax.random.key(1)
    fraction = jnp.broadcast_to(jnp.array([0.1, 0.3, 0.5, 0.0, 0.4, 1.0, 0.2])[:, None], (7, 64))
    cloudy = np.asarray(sampled(fraction, jax.random.uniform(key, fraction.shape), 112))
    assert np.abs(cloudy.mean(axis=0) - fraction).max() < 0.06
    np.testing.assert_allclose(cloudy.mean(axis=(0, 2)), fraction[:, 0], atol=4e-3)
    some = cloudy[:, :5].any(axis=1).mean()
    np.testing.assert_allclose(some, cover_below(fraction[:5])[-1, 0], atol=0.01)
    # Where the layer above has more cloud, all of this one is below it.
    assert (cloudy[:, 1] | ~cloudy[:, 0]).all() and (cloudy[:, 2] | ~cloudy[:, 1]).all()
    assert cloudy[:, 5].all() and not cloudy[:, 3].any()


@pytest.mark.slow
def test_gradients_are_finite_without_cloud_and_at_saturation():
    def total(liquid, humidity):
        columns = air(liquid=liquid, humidity=humidity)
        result = clouds(RadiationSettings(), columns, jnp.ones(1))
        return (result.fraction * (1.0 + result.liquid_path)).sum()

    for liquid, humidity in ((0.0, 0.0), (-1e-6, -1e-4), (1e-4, 0.1), (1e-9, 1e-3)):
        assert np.isfinite(jax.grad(total, argnums=(0, 1))(liquid, humidity)).all()


def test_sums_are_those_from_the_first_level_down():
    values = np.random.default_rng(0).uniform(-1.0, 2.0, (37, 50)).astype(np.float32)
    expected = np.cumsum(values, axis=0, dtype=np.float64)
    np.testing.assert_allclose(added_up(jnp.asarray(values)), expected, rtol=0, atol=1e-5)
