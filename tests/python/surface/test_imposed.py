"""Imposed fluxes: what goes into the column is what was asked for."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ngcm_coupler.constants import GRAVITY, SPECIFIC_HEAT_DRY_AIR
from ngcm_coupler.errors import ConfigError
from ngcm_coupler.surface.imposed import FluxDifference, imposed_increments

LEVELS, STEP = 32, 3600.0
BOUNDARIES = np.linspace(0.0, 1.0, LEVELS + 1)
CENTRES = 0.5 * (BOUNDARIES[1:] + BOUNDARIES[:-1])


def columns(points: int = 64) -> jax.Array:
    """Thickness of layers under mountains and highs [Pa]."""
    surface = np.random.default_rng(8).uniform(5e4, 1.05e5, points)
    return jnp.asarray(np.diff(BOUNDARIES)[:, None] * surface, jnp.float32)


def differences(size: float, points: int = 64) -> FluxDifference:
    """Differences of `size` standard deviations of 30 W m-2 and 0.05 N m-2."""
    rng = np.random.default_rng(9)
    scale = size * np.array([[30.0], [30.0 / 2.5e6], [0.05], [0.05]])
    return FluxDifference(*jnp.asarray(scale * rng.normal(size=(4, points)), jnp.float32))


def uniform(sensible=0.0, evaporation=0.0, eastward=0.0, northward=0.0) -> FluxDifference:
    return FluxDifference(*(jnp.full(64, x) for x in (sensible, evaporation, eastward, northward)))


def column_rates(increments, thickness) -> FluxDifference:
    """What the increments say of the fluxes, by integrals over the columns."""

    def integral(increment):
        return (np.asarray(increment, np.float64) * thickness).sum(axis=0) / GRAVITY / STEP

    return FluxDifference(
        -SPECIFIC_HEAT_DRY_AIR * integral(increments.air_temperature),
        integral(increments.specific_humidity),
        -integral(increments.wind[0]),
        -integral(increments.wind[1]),
    )


def leaves(tree) -> np.ndarray:
    return np.array(jax.tree.leaves(tree), np.float64)


@pytest.mark.parametrize("size", [1.0, 20.0])
def test_column_gets_the_flux_that_was_not_cut(size):
    """To single precision, whether limits cut or not."""
    asked, thickness = differences(size), columns()
    increments, cut = imposed_increments(asked, thickness, CENTRES, STEP)
    got = leaves(column_rates(increments, np.asarray(thickness, np.float64)))
    largest = np.abs(leaves(asked)).max(axis=1, keepdims=True)
    np.testing.assert_allclose((got + leaves(cut) - leaves(asked)) / largest, 0.0, atol=1e-6)


def test_ordinary_differences_are_not_cut():
    _, cut = imposed_increments(differences(1.0), columns(), CENTRES, STEP)
    assert not leaves(cut).any()


def test_no_increment_exceeds_its_limit():
    increments, cut = imposed_increments(differences(100.0), columns(), CENTRES, STEP)
    speed = np.hypot(increments.wind[0], increments.wind[1])
    for increment, limit in (
        (increments.air_temperature, 2.0),
        (increments.specific_humidity, 1e-3),
        (speed, 3.0),
    ):
        # The centre of the lowest layer is not the surface.
        assert 0.85 * limit < np.abs(increment).max() < limit
    assert all((np.abs(part) > 0.0).any() for part in leaves(cut))


def test_cut_stress_keeps_its_direction():
    asked = differences(100.0)
    _, cut = imposed_increments(asked, columns(), CENTRES, STEP)
    across = cut.eastward_stress * asked.northward_stress
    across -= cut.northward_stress * asked.eastward_stress
    along = cut.eastward_stress * asked.eastward_stress
    along += cut.northward_stress * asked.northward_stress
    assert np.abs(across).max() < 1e-5 * np.abs(along).max()
    assert along.min() >= 0.0


def test_heat_into_the_surface_cools_the_air():
    increments, _ = imposed_increments(uniform(sensible=50.0), columns(), CENTRES, STEP)
    assert (increments.air_temperature[-4:] < 0.0).all()
    assert not leaves(increments)[1:].any()


def test_evaporation_moistens_the_air():
    increments, _ = imposed_increments(uniform(evaporation=2e-5), columns(), CENTRES, STEP)
    assert (increments.specific_humidity[-4:] > 0.0).all()


def test_stress_into_the_surface_slows_the_wind_that_exerts_it():
    increments, _ = imposed_increments(
        uniform(eastward=0.1, northward=-0.1), columns(), CENTRES, STEP
    )
    assert (increments.wind[0][-4:] < 0.0).all()
    assert (increments.wind[1][-4:] > 0.0).all()


def test_increments_decay_upward_and_end_at_sigma_085():
    increments, _ = imposed_increments(uniform(sensible=-50.0), columns(), CENTRES, STEP)
    warming = np.asarray(increments.air_temperature)
    assert not warming[CENTRES <= 0.85].any()
    assert (np.diff(warming[CENTRES > 0.85], axis=0) > 0.0).all()


def test_hundred_watts_warm_the_lowest_layer_by_half_a_degree_an_hour():
    """Mass 0.075 * 1e5 Pa / g = 765 kg m-2 of weight 1: 0.47 K at the surface, 0.42 at 0.984."""
    thickness = jnp.asarray(np.diff(BOUNDARIES)[:, None] * np.full(64, 1e5), jnp.float32)
    increments, _ = imposed_increments(uniform(sensible=-100.0), thickness, CENTRES, STEP)
    assert increments.air_temperature[-1, 0] == pytest.approx(0.42, abs=0.01)


def test_limits_in_units_of_fluxes_are_those_stated():
    """2 K, 1 g kg-1 and 3 m s-1 per hour in 765 kg m-2 of air."""
    thickness = jnp.asarray(np.diff(BOUNDARIES)[:, None] * np.full(64, 1e5), jnp.float32)
    _, cut = imposed_increments(uniform(1e4, -1.0, 0.0, 10.0), thickness, CENTRES, STEP)
    # The ramp is sampled at the centres of the layers, which makes it 0.3 % lighter.
    assert 1e4 - cut.sensible_heat_flux[0] == pytest.approx(427.0, rel=5e-3)
    assert 2.5e6 * (1.0 + cut.evaporation[0]) == pytest.approx(531.0, rel=5e-3)
    assert 10.0 - cut.northward_stress[0] == pytest.approx(0.637, rel=5e-3)


@pytest.mark.parametrize("size", [0.0, 1.0, 100.0])
def test_gradients_are_finite(size):
    def total(difference, thickness):
        return sum((x**2).sum() for x in jax.tree.leaves(
            imposed_increments(difference, thickness, CENTRES, STEP)
        ))  # fmt: skip

    gradients = jax.jit(jax.grad(total, argnums=(0, 1)))(differences(size), columns())
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(gradients))


def test_model_without_a_low_level_is_refused():
    with pytest.raises(ConfigError, match="lowest level of the model is at sigma 0.750"):
        imposed_increments(uniform(), columns()[:2], np.array([0.25, 0.75]), STEP)
