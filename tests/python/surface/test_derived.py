"""Sums of fluxes, as NEMO takes them apart again."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ngcm_coupler.surface.derived import (
    ICE_EMISSIVITY,
    SEA_EMISSIVITY,
    absorbed_shortwave,
    net_longwave,
    net_longwave_derivative,
    non_solar_flux,
    sea_mean,
)


def test_shortwave_is_absorbed_band_by_band():
    downwelling = jnp.array([[100.0, 10.0], [50.0, 0.0], [120.0, 8.0], [30.0, 0.0]])
    albedo = jnp.array([[0.9, 0.5], [0.8, 0.5], [0.5, 0.25], [0.6, 0.5]])
    np.testing.assert_allclose(absorbed_shortwave(downwelling, albedo), [92.0, 11.0], rtol=1e-6)


def test_surface_in_balance_with_a_black_sky_exchanges_no_long_waves():
    """sigma T^4 is 459.3 W m-2 at 300 K and 315.6 at 273.15 K."""
    temperature = jnp.array([300.0, 273.15])
    for emissivity in (SEA_EMISSIVITY, ICE_EMISSIVITY, 1.0):
        balance = net_longwave(jnp.array([459.30, 315.65]), temperature, emissivity)
        np.testing.assert_allclose(balance, 0.0, atol=0.02)


def test_warm_sea_loses_long_waves():
    """Tropical sea under a clear sky: about 400 W m-2 down, 60 net."""
    net = net_longwave(jnp.array(400.0), jnp.array(300.0), SEA_EMISSIVITY)
    assert net == pytest.approx(0.98 * (400.0 - 459.30), abs=0.02)


def test_emissivity_matters_as_little_as_is_said():
    net = [float(net_longwave(jnp.array(400.0), jnp.array(300.1), e)) for e in (0.98, 0.97)]
    assert net[0] - net[1] == pytest.approx(-0.6, abs=0.05)


def test_non_solar_flux_has_no_heat_of_melting_snow():
    """NEMO takes that away itself; snow is no argument here."""
    flux = non_solar_flux(jnp.array(-60.0), jnp.array(-10.0), jnp.array(-120.0))
    assert flux == -190.0


def test_derivative_of_long_wave_is_that_of_the_flux():
    temperature = jnp.asarray([220.0, 260.0, 273.15])
    flux = jax.vmap(jax.grad(lambda t: net_longwave(jnp.asarray(250.0), t, ICE_EMISSIVITY)))
    derivative = net_longwave_derivative(temperature, ICE_EMISSIVITY)
    np.testing.assert_allclose(derivative, flux(temperature), rtol=1e-6)
    assert (derivative < -2.0).all()


def test_open_water_is_what_nemo_recovers_from_the_mean():
    """NEMO's open-water flux: (mean - ice fraction * ice) / (1 - ice fraction)."""
    rng = np.random.default_rng(10)
    fraction = jnp.asarray(rng.uniform(0.0, 0.95, 256), jnp.float32)
    water, ice = jnp.asarray(rng.normal(0.0, 200.0, (2, 256)), jnp.float32)
    mean = sea_mean(water, ice, fraction)
    recovered = (mean - fraction * ice) / (1.0 - fraction)
    np.testing.assert_allclose(recovered, water, atol=2e-3)  # 1e-7 * 600 W m-2 / 0.05


@pytest.mark.parametrize(("fraction", "expected"), [(0.0, 3.0), (1.0, -1.0), (0.25, 2.0)])
def test_sea_mean_is_weighted_by_area(fraction, expected):
    assert sea_mean(jnp.array(3.0), jnp.array(-1.0), jnp.array(fraction)) == expected
