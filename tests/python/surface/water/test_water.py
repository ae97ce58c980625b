"""Precipitation: what is exported is what the air has lost, as rain or as snow."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ngcm_coupler.constants import ZERO_CELSIUS
from ngcm_coupler.surface import moist
from ngcm_coupler.surface.water import snow
from ngcm_coupler.surface.water.precipitation import precipitation_step, remembered_debt
from ngcm_coupler.surface.water.snow import rain_and_snow, snow_fraction, wet_bulb_temperature

MILLIMETRE_PER_DAY = 1.0 / 86400.0
STEP = 3600.0


def raw_precipitation(steps: int, points: int) -> tuple[np.ndarray, np.ndarray]:
    """P - E and E, of which a third of the sums is negative, as over the ocean of a real run."""
    rng = np.random.default_rng(2)
    net = rng.normal(-2.0, 4.0, (steps, points)) * MILLIMETRE_PER_DAY
    evaporation = rng.normal(4.0, 1.0, (steps, points)) * MILLIMETRE_PER_DAY
    assert 0.2 < np.mean(net + evaporation < 0.0) < 0.4
    return net.astype(np.float32), evaporation.astype(np.float32)


def test_exported_water_and_debt_are_what_the_columns_lost():
    """Every step rounds sums of 1 kg m-2 or less in single precision, to 6e-8 kg m-2."""
    steps = 200
    net, evaporation = raw_precipitation(steps, 500)
    step = jax.jit(precipitation_step)
    exported, debt = np.zeros(500), jnp.zeros(500)
    for p_less_e, e in zip(net, evaporation, strict=True):
        precipitation, debt = step(p_less_e + e, debt, STEP)
        assert precipitation.min() >= 0.0
        assert debt.min() >= 0.0
        exported += np.asarray(precipitation, np.float64) * STEP
    raw = (net.astype(np.float64) + evaporation).sum(axis=0) * STEP
    assert np.asarray(debt).max() > 0.1
    np.testing.assert_allclose(exported - np.asarray(debt), raw, rtol=0, atol=steps * 1e-7)


def test_debt_is_paid_before_it_rains_again():
    precipitation, debt = precipitation_step(jnp.array([-2e-4]), 0.0, 1e3)
    assert precipitation == 0.0
    assert debt == pytest.approx(0.2)
    precipitation, debt = precipitation_step(jnp.array([5e-4]), debt, 1e3)
    assert precipitation == pytest.approx(3e-4)
    assert debt == 0.0


def test_debt_of_a_column_that_never_pays_stays_below_ten_days_of_it():
    deficit, debt = 1.0, jnp.zeros(())  # [kg m-2 day-1]
    for _ in range(200 * 24):
        remembered = remembered_debt(debt, STEP)
        _, debt = precipitation_step(-deficit * MILLIMETRE_PER_DAY, remembered, STEP)
    assert debt == pytest.approx(10.0 * deficit, rel=0.01)


@pytest.mark.parametrize("wanted", [-1e-4, 0.0, 4e-4])
def test_gradients_keep_water_on_both_sides_of_nothing_and_at_it(wanted):
    def exported_less_debt(wanted, debt):
        precipitation, debt = precipitation_step(wanted, debt, STEP)
        return precipitation * STEP - debt

    gradient = jax.grad(exported_less_debt, argnums=(0, 1))(wanted, 0.0)
    np.testing.assert_allclose(gradient, (STEP, -1.0), rtol=1e-6)


def test_half_of_a_change_falls_and_half_is_owed_at_nothing():
    gradient = jax.jacrev(lambda wanted: precipitation_step(wanted, 0.0, 1.0))(0.0)
    np.testing.assert_allclose(gradient, (0.5, -0.5))


def air(celsius, relative_humidity, pressure=1e5):
    """Temperature [K], specific humidity and pressure [Pa], float64."""
    temperature, pressure = jnp.asarray(celsius + ZERO_CELSIUS), jnp.asarray(pressure)
    saturated = moist.saturation_vapour_pressure(temperature, pressure)
    vapour = relative_humidity * saturated
    return temperature, 0.622 * vapour / (pressure - 0.378 * vapour), pressure


@pytest.mark.slow
@pytest.mark.parametrize("pressure", [6e4, 1e5])
def test_wet_bulb_is_that_of_a_ventilated_psychrometer(pressure):
    """WMO-No. 8, annex 4.B: e = ew(tw) - 6.53e-4 (1 + 9.44e-4 tw) p (t - tw).

    Its coefficient was measured; the thermodynamic one, and so the depression, is within 2 % of it.
    """
    with jax.enable_x64(True):
        celsius = np.linspace(-20.0, 40.0, 61)[:, None]
        humidity = np.linspace(0.1, 1.0, 10)
        temperature, q, p = jnp.broadcast_arrays(*air(celsius, humidity, pressure))
        wet_bulb = np.asarray(wet_bulb_temperature(temperature, q, p)) - ZERO_CELSIUS
        saturated = np.asarray(moist.saturation_vapour_pressure(wet_bulb + ZERO_CELSIUS, p))
        depression = celsius - wet_bulb
        vapour = saturated - 6.53e-4 * (1.0 + 9.44e-4 * wet_bulb) * pressure * depression
        expected = humidity * np.asarray(moist.saturation_vapour_pressure(temperature, p))
        slope = np.asarray(
            jax.jvp(
                lambda t: moist.saturation_vapour_pressure(t, p),
                (jnp.asarray(wet_bulb + ZERO_CELSIUS),),
                (jnp.ones_like(temperature),),
            )[1]
        )
    error = (vapour - expected) / (slope + 6.53e-4 * pressure)  # [K]
    assert np.all(np.abs(error) <= 0.02 + 0.02 * depression)


def test_wet_bulb_of_saturated_air_is_its_temperature():
    temperature, _, pressure = air(np.linspace(-30.0, 40.0, 15), 1.0)
    q = moist.specific_humidity(moist.saturation_vapour_pressure(temperature, pressure), pressure)
    np.testing.assert_allclose(wet_bulb_temperature(temperature, q, pressure), temperature)


@pytest.mark.slow
def test_wet_bulb_has_been_iterated_enough(monkeypatch):
    with jax.enable_x64(True):
        state = jnp.broadcast_arrays(
            *air(np.linspace(-40.0, 47.0, 88)[:, None], np.linspace(0.0, 1.0, 11), 6e4)
        )
        usual = np.asarray(wet_bulb_temperature(*state))
        monkeypatch.setattr(snow, "_WET_BULB_ITERATIONS", 20)
        settled = np.asarray(wet_bulb_temperature(*state))
    error, cold = np.abs(usual - settled), settled < ZERO_CELSIUS + 2.0
    assert error.max() < 0.01
    assert error[cold].max() < 1e-6


def test_snow_fraction_is_the_published_one():
    """Saturated air: the wet bulb is the thermometer. Wang et al. (2019), eq. 1."""
    celsius = np.array([-5.0, -1.0, 0.0, 0.8142, 1.0, 2.0, 5.0])
    temperature, _, pressure = air(celsius, 1.0)
    q = moist.specific_humidity(moist.saturation_vapour_pressure(temperature, pressure), pressure)
    expected = 1.0 / (1.0 + 6.99e-5 * np.exp(2.0 * (celsius + 3.97)))
    np.testing.assert_allclose(snow_fraction(temperature, q, pressure), expected, atol=1e-4)
    assert expected[3] == pytest.approx(0.5, abs=1e-4)


def test_dry_air_has_snow_where_moist_air_has_rain():
    moist_air, dry_air = (float(snow_fraction(*air(3.0, humidity))) for humidity in (0.95, 0.45))
    assert moist_air < 0.1
    assert dry_air > 0.8


@pytest.mark.slow
def test_snow_fraction_is_bounded_and_finite_in_all_weather():
    state = jnp.broadcast_arrays(
        *air(np.linspace(-80.0, 50.0, 40)[:, None], np.linspace(0.0, 1.2, 13), 5e4)
    )
    fraction = snow_fraction(*state)
    gradients = jax.grad(lambda *x: snow_fraction(*x).sum(), argnums=(0, 1, 2))(*state)
    assert np.all((fraction >= 0.0) & (fraction <= 1.0))
    assert np.isfinite(np.array(gradients)).all()


def test_rain_and_snow_are_all_of_the_precipitation():
    rng = np.random.default_rng(5)
    total = jnp.asarray(rng.exponential(1e-4, 4096), jnp.float32)
    rain, snow = jax.jit(rain_and_snow)(total, jnp.asarray(rng.random(4096), jnp.float32))
    assert rain.min() >= 0.0
    assert snow.min() >= 0.0
    np.testing.assert_allclose(rain + snow, total, rtol=1.2e-7)
    for phase, (all_rain, all_snow) in enumerate([(total, 0.0), (0.0, total)]):
        rain, snow = rain_and_snow(total, jnp.full_like(total, phase))
        assert (rain == all_rain).all()
        assert (snow == all_snow).all()
