"""Blocks of columns that share spectra."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ngcm_coupler.surface.radiation.clouds import Clouds, cover_below, sampled
from ngcm_coupler.surface.radiation.spectral import clouds_of_points

POINTS = 112


def blocks(members: int = 16) -> Clouds:
    """Two blocks of columns with clouds of all kinds in three levels."""
    shape = (3, 2, members)
    keys = jax.random.split(jax.random.key(3), 3)
    fraction = jax.random.uniform(keys[0], shape) ** 3
    return Clouds(
        fraction=fraction,
        liquid_path=0.1 * jax.random.exponential(keys[1], shape),
        ice_path=0.05 * jax.random.exponential(keys[2], shape),
        liquid_radius=jnp.full(shape, 1e-5),
        ice_radius=jnp.full(shape, 3e-5),
    )


@pytest.mark.parametrize("members", [1, 4, 16])
def test_what_the_points_of_a_block_meet_has_the_cloud_water_of_its_columns(members):
    columns = blocks(members)
    met = clouds_of_points(columns, jnp.array([3, 11]) % members, POINTS)
    np.testing.assert_allclose(met.fraction.mean(1), columns.fraction.mean(2), rtol=3e-6)
    for name in ("liquid_path", "ice_path"):
        of_points = met.fraction * getattr(met, name)
        of_columns = columns.fraction * getattr(columns, name)
        np.testing.assert_allclose(of_points.mean(1), of_columns.mean(2), rtol=3e-6)


@pytest.mark.slow
def test_points_of_a_block_meet_as_much_cover_as_its_columns_have():
    """A mean fraction in every level would cover less: that of one column lies over another's."""
    columns = blocks()
    cover = np.asarray(cover_below(columns.fraction)[-1].mean(axis=-1))
    met = clouds_of_points(columns, jnp.array([0, 5]), POINTS)
    found = []
    for seed in range(200):
        offsets = jax.random.uniform(jax.random.key(seed), (3, 2))
        found.append(np.asarray(sampled(met.fraction, offsets, POINTS)).any(axis=1).mean(axis=0))
    np.testing.assert_allclose(np.mean(found, axis=0), cover, atol=0.01)
    together = np.asarray(cover_below(columns.fraction.mean(axis=-1))[-1])
    assert (together < cover - 0.05).all()
