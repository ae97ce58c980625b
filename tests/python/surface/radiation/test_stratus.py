"""Low clouds under an inversion."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ngcm_coupler.air import Columns
from ngcm_coupler.surface.radiation.stratus import cloud_base, inversion_strength, stratus_cover

PRESSURE = jnp.array([[3e4], [6e4], [7e4], [8e4], [9e4], [1e5]])


def air(low: float, high: float, humidity: float = 1.0, liquid: float = 0.0) -> Columns:
    """Columns with given temperatures at 1000 and 700 hPa."""
    share = jnp.log(1e5 / PRESSURE) / jnp.log(1e5 / 7e4)
    temperature = low + share * (high - low)
    nothing = jnp.zeros_like(temperature)
    return Columns(
        air_temperature=temperature,
        specific_humidity=nothing + humidity,
        cloud_ice=nothing,
        cloud_liquid=nothing + liquid,
        air_pressure=PRESSURE,
        interface_pressure=jnp.concatenate([PRESSURE[:1], PRESSURE]),
    )


def strength(low: float, high: float, humidity: float = 1.0) -> float:
    return float(inversion_strength(air(low, high, humidity))[0])


def test_inversion_strength_is_that_of_wood_and_bretherton():
    """Worked by hand at 290 K and 278 K.

    Theta at 700 hPa is 307.8 K: a stability of 17.8 K. At 284 K the moist adiabat at 850 hPa grows
    by 4.9 K per kilometre, and 700 hPa is 2965 m above 1000; saturated air has its base at the
    ground.
    """
    assert strength(290.0, 278.0) == pytest.approx(17.8 - 4.87 * 2.965, abs=0.15)


def test_warmer_air_above_and_a_higher_base_make_it_stronger():
    assert strength(290.0, 281.0) == pytest.approx(strength(290.0, 278.0) + 3.0, abs=0.6)
    base = float(cloud_base(jnp.float32(290.0), jnp.float32(0.0094), jnp.float32(1e5)))
    assert base == pytest.approx(500.0, rel=0.1)  # 12.05 g/kg is saturation: 78 % humid
    assert strength(290.0, 278.0, 0.0094) == pytest.approx(
        strength(290.0, 278.0) + 4.87e-3 * base, abs=0.05
    )


def test_high_ground_has_none():
    columns = dataclasses.replace(air(290.0, 278.0), air_pressure=0.6 * PRESSURE)
    assert float(inversion_strength(columns)[0]) == 0.0


def test_cover_grows_with_the_inversion_where_there_is_liquid_water_below_it():
    liquid = jnp.array([[1e-3], [1e-3], [1e-3], [1e-3], [0.0], [1e-3]])
    weak, strong, very = (
        np.asarray(stratus_cover(air(290.0, high, liquid=liquid)))[:, 0]
        for high in (278.0, 281.0, 299.0)
    )
    assert not weak[:3].any() and weak[4] == 0.0
    assert weak[3] == weak[5] == pytest.approx(0.14 + 0.06 * strength(290.0, 278.0), rel=1e-5)
    assert strong[5] > weak[5] + 0.1
    assert very[5] == 1.0


@pytest.mark.slow
def test_gradients_are_finite_with_and_without_water_and_ground_below_700_hpa():
    gradient = jax.grad(lambda columns: stratus_cover(columns).sum())
    for liquid in (0.0, 1e-9, 1e-4):
        for pressure in (PRESSURE, 0.6 * PRESSURE):
            columns = air(290.0, 278.0, 0.0, liquid)
            found = gradient(dataclasses.replace(columns, air_pressure=pressure))
            assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(found))
