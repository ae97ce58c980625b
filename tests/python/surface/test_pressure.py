"""Reduction to sea level."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ngcm_coupler.constants import GAS_CONSTANT_DRY_AIR, GRAVITY
from ngcm_coupler.surface.pressure import air_pressure_at_mean_sea_level


def reduce(ps, altitude, temperature=288.0):
    ps, altitude, temperature = (jnp.asarray(x, jnp.float32) for x in (ps, altitude, temperature))
    return air_pressure_at_mean_sea_level(ps, altitude, temperature, 0.984 * ps)


def test_pressure_at_sea_level_stays_as_it_is():
    assert reduce(101325.0, 0.0) == pytest.approx(101325.0, rel=1e-6)


@pytest.mark.parametrize("altitude", [-70.0, 70.0, 500.0, 1500.0])
def test_standard_atmosphere_reduces_to_its_own_sea_level_pressure(altitude):
    # ICAO: T = 288.15 K - 6.5 K/km z, p = 1013.25 hPa (T / 288.15 K)^5.2559
    surface_temperature = 288.15 - 0.0065 * altitude
    ps = 101325.0 * (surface_temperature / 288.15) ** 5.2559
    lowest = surface_temperature - 0.0065 * 8434.0 * 0.0161 * surface_temperature / 288.15
    assert reduce(ps, altitude, lowest) == pytest.approx(101325.0, abs=60.0)


def test_cold_plateau_is_not_taken_for_a_column_as_cold_all_the_way_down():
    as_cold, temperate = (
        6.0e4 * np.exp(GRAVITY * 3500.0 / (GAS_CONSTANT_DRY_AIR * temperature))
        for temperature in (225.0, 255.0)
    )
    assert temperate < reduce(6.0e4, 3500.0, 225.0) < as_cold


def test_gradients_are_finite_where_the_surface_is_at_sea_level():
    gradients = jax.grad(lambda *x: reduce(*x), argnums=(0, 1, 2))(1.0e5, 0.0, 290.5)
    assert np.isfinite(np.array(gradients)).all()
