"""Clouds that radiation sees."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ngcm_coupler.config.model_groups import Radiation as RadiationSettings
from ngcm_coupler.constants import GRAVITY
from ngcm_coupler.surface.radiation.clouds import Clouds, clouds, cover_below, gathered, sampled

LEVELS = 3
INTERFACES = jnp.array([2e4, 3e4, 6e4, 9e4])[:, None]


def air(liquid=1e-4, ice=0.0, humidity=6e-3, temperature=283.0) -> dict:
    return {
        "air_temperature": jnp.full((LEVELS, 1), temperature),
        "specific_humidity": jnp.full((LEVELS, 1), humidity),
        "cloud_ice": jnp.full((LEVELS, 1), ice),
        "cloud_liquid": jnp.full((LEVELS, 1), liquid),
        "air_pressure": 0.5 * (INTERFACES[1:] + INTERFACES[:-1]),
        "interface_pressure": INTERFACES,
    }


def test_fraction_is_that_of_xu_and_randall():
    settings = RadiationSettings(cloud_water_coefficient=100.0)
    result = clouds(settings, **air())
    # At 283 K over water: 12.15 hPa, by Buck (1981) without enhancement.
    pressure = np.array([2.5e4, 4.5e4, 7.5e4])
    saturation = 0.622 * 1215.3 / (pressure - 0.378 * 1215.3)
    relative = np.minimum(6e-3 / saturation, 0.999)
    expected = relative**0.25 * (1 - np.exp(-100.0 * 1e-4 / ((1 - relative) * saturation) ** 0.49))
    np.testing.assert_allclose(result.fraction[:, 0], expected, rtol=2e-3)


def test_water_is_that_of_the_model():
    result = clouds(RadiationSettings(), **air(liquid=2e-5, ice=1e-5))
    mass = jnp.diff(INTERFACES, axis=0) / GRAVITY
    np.testing.assert_allclose(result.fraction * result.liquid_path, 2e-5 * mass, rtol=1e-5)
    np.testing.assert_allclose(result.fraction * result.ice_path, 1e-5 * mass, rtol=1e-5)


@pytest.mark.parametrize("water", [0.0, -1e-5])
def test_no_water_or_less_is_no_cloud(water):
    result = clouds(RadiationSettings(), **air(liquid=water, humidity=-1e-4))
    assert not result.fraction.any() and not result.liquid_path.any()


def columns_of_clouds() -> Clouds:
    """Four columns: thick and large, thin and small, ice alone, and clear sky."""

    def four(*values: float) -> jax.Array:
        return jnp.array([values], jnp.float32)

    return Clouds(
        fraction=four(0.9, 0.1, 0.5, 0.0),
        liquid_path=four(0.3, 0.01, 0.0, 0.0),
        ice_path=four(0.1, 0.0, 0.02, 0.0),
        liquid_radius=four(1e-5, 1e-5, 1e-5, 1e-5),
        ice_radius=four(2e-5, 3e-5, 5e-5, 6e-5),
    )


def test_a_block_of_columns_has_their_cloud_water_their_fraction_and_their_extinction():
    columns = columns_of_clouds()
    block = gathered(columns, lambda values: values.mean(axis=1, keepdims=True))

    def total(path: jax.Array, clouds: Clouds) -> jax.Array:
        return (clouds.fraction * path).mean(axis=1)

    assert float(block.fraction[0, 0]) == pytest.approx(1.5 / 4)
    for name in ("liquid_path", "ice_path"):
        of_block, of_columns = getattr(block, name), getattr(columns, name)
        np.testing.assert_allclose(total(of_block, block), total(of_columns, columns), rtol=3e-7)
    np.testing.assert_allclose(
        total(block.ice_path / block.ice_radius, block),
        total(columns.ice_path / columns.ice_radius, columns),
        rtol=3e-7,
    )


def test_a_block_without_cloud_has_none_and_finite_gradients():
    def water(fraction: jax.Array) -> jax.Array:
        columns = columns_of_clouds()._replace(fraction=fraction)
        block = gathered(columns, lambda values: values.mean(axis=1, keepdims=True))
        return sum(part.sum() for part in block)

    clear = jnp.zeros((1, 4))
    assert float(water(clear)) == pytest.approx(1e-5 + 4e-5, rel=1e-6)  # the radii alone
    assert np.isfinite(jax.grad(water)(clear)).all()


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


def test_gradients_are_finite_without_cloud_and_at_saturation():
    def total(liquid, humidity):
        result = clouds(RadiationSettings(), **air(liquid=liquid, humidity=humidity))
        return (result.fraction * (1.0 + result.liquid_path)).sum()

    for liquid, humidity in ((0.0, 0.0), (-1e-6, -1e-4), (1e-4, 0.1), (1e-9, 1e-3)):
        assert np.isfinite(jax.grad(total, argnums=(0, 1))(liquid, humidity)).all()
