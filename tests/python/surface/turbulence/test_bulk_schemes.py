"""What each published bulk algorithm says of simple cases."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tile_fluxes import over_sea

from ngcm_coupler.config.keys import keys
from ngcm_coupler.config.model_groups import Surface
from ngcm_coupler.constants import GRAVITY, REFERENCE_PRESSURE, VON_KARMAN
from ngcm_coupler.surface import moist
from ngcm_coupler.surface.turbulence import coare, ecmwf, ncar
from ngcm_coupler.surface.turbulence.bulk import SCHEMES, BulkFluxes

SST = 290.0


def air_over_sea(theta_excess, relative_humidity, wind=8.0) -> dict:
    """Air at 10 m over a sea of 290 K, which is in equilibrium with air of humidity 1."""
    return {
        "eastward_wind": wind,
        "northward_wind": 0.0,
        "air_temperature": SST + theta_excess,
        "specific_humidity": relative_humidity
        * moist.sea_surface_humidity(jnp.asarray(SST), jnp.asarray(REFERENCE_PRESSURE)),
        "surface_air_pressure": REFERENCE_PRESSURE,
        "sea_surface_temperature": SST,
        "wind_height": 10.0,
        "temperature_height": 10.0,
        "potential_temperature": SST + theta_excess,
    }


def in_float64(scheme: str, iterations: int | None = None, **air) -> BulkFluxes:
    with jax.enable_x64(True):
        result = over_sea(scheme, air_over_sea(**air), iterations)
        return jax.tree.map(np.asarray, result)


@pytest.mark.slow
@pytest.mark.parametrize("scheme", SCHEMES)
def test_neutral_drag_is_that_of_the_roughness(scheme):
    result = in_float64(scheme, iterations=40, theta_excess=0.0, relative_humidity=1.0)
    with jax.enable_x64(True):
        viscosity = moist.kinematic_viscosity(jnp.asarray(SST))
        log_momentum, _, _ = SCHEMES[scheme].log_roughness(
            result.friction_velocity, jnp.asarray(8.0), viscosity
        )
    drag = (VON_KARMAN / (math.log(10.0) - float(log_momentum))) ** 2
    assert result.inverse_obukhov_length == 0.0
    # Gusts of calm air, 0.2 m s-1 in COARE, add 0.06 %.
    np.testing.assert_allclose(result.friction_velocity**2 / 64.0, drag, rtol=1e-3)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_drag_at_ten_metres_per_second_is_that_of_the_open_sea(scheme):
    result = in_float64(scheme, theta_excess=0.0, relative_humidity=1.0, wind=10.0)
    assert 1.1e-3 < result.friction_velocity**2 / 100.0 < 1.5e-3


def test_coare3p0_charnock_coefficient_rises_from_10_to_18_metres_per_second():
    wind = jnp.array([0.0, 10.0, 14.0, 18.0, 40.0])
    expected = [0.011, 0.011, 0.0145, 0.018, 0.018]
    np.testing.assert_allclose(coare.charnock_3p0(wind), expected, rtol=1e-6)


def test_coare3p6_charnock_coefficient_is_linear_up_to_19_metres_per_second():
    wind = jnp.array([10.0, 19.0, 40.0])
    np.testing.assert_allclose(coare.charnock_3p6(wind), [0.012, 0.0273, 0.0273], rtol=1e-6)


def test_ecmwf_roughness_adds_smooth_flow_and_charnock():
    friction_velocity, viscosity = 0.3, 1.5e-5
    lengths = jnp.exp(
        jnp.array(ecmwf.log_roughness(jnp.array(friction_velocity), jnp.array(9.0), viscosity))
    )
    smooth = viscosity / friction_velocity
    momentum = 0.11 * smooth + 0.018 * friction_velocity**2 / GRAVITY
    np.testing.assert_allclose(lengths, [momentum, 0.40 * smooth, 0.62 * smooth], rtol=1e-5)


def test_ecmwf_roughness_of_a_storm_is_a_millimetre():
    log_momentum, *_ = ecmwf.log_roughness(jnp.array(2.0), jnp.array(40.0), 1.5e-5)
    assert float(jnp.exp(log_momentum)) == pytest.approx(1e-3, rel=1e-5)


WINDS = np.array([0.5, 2.0, 9.99, 10.01, 30.0, 48.0])
OF_HURRICANES = {"coare3p6": (3.13, 4.78), "coare3p0": (2.69, 3.90), "ecmwf": (1.89, 1.89),
                 "ncar": (2.30, 2.34)}  # fmt: skip
"""Neutral drag coefficients of the schemes as published, at the last two winds, in thousandths."""


def coefficients(scheme, limit):
    """Of drag and of the exchange of moisture in neutral air, in thousandths."""
    air = air_over_sea(theta_excess=0.0, relative_humidity=0.98, wind=WINDS)
    with jax.enable_x64(True):
        found = over_sea(scheme, air, iterations=20, drag_limit=limit)
        excess = air["specific_humidity"] * (1.0 - 1.0 / 0.98)
        moisture = found.friction_velocity * found.humidity_scale / (WINDS * excess)
        return 1e3 * np.asarray(found.friction_velocity / WINDS) ** 2, 1e3 * np.asarray(moisture)


@pytest.mark.parametrize("scheme", OF_HURRICANES)
def test_drag_of_a_hurricane_is_as_published(scheme):
    published, _ = coefficients(scheme, 0.0)
    np.testing.assert_allclose(published[-2:], OF_HURRICANES[scheme], atol=0.006)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_drag_of_a_hurricane_is_limited_where_that_is_asked_for(scheme):
    published, _ = coefficients(scheme, 0.0)
    limited, _ = coefficients(scheme, 1.8e-3)
    # Gusts of 0.2 m/s add to the wind.
    np.testing.assert_allclose(limited[-2:], 1.8, rtol=1e-3)
    # Calm air may have a drag of 6e-3, and keeps it.
    np.testing.assert_array_equal(limited[:3], published[:3])
    assert limited[3] == pytest.approx(limited[2], rel=5e-3), "continuous in the wind"


def test_limited_coare_exchanges_what_is_observed_in_hurricanes():
    """Drag 2.5e-3 (Powell et al. 2003, Donelan et al. 2004), 1.2e-3 for heat in moisture (Zhang et
    al. 2008)."""
    drag, moisture = coefficients("coare3p6", 2.5e-3)
    np.testing.assert_allclose(drag[-2:], 2.5, rtol=1e-3)
    np.testing.assert_allclose(moisture[-2:], 1.2, atol=0.1)


def test_ncar_drag_coefficient_is_the_published_one():
    """2.70 / U + 0.142 + U / 13.09 - 3.14807e-10 U^6, in thousandths; 2.34 from 33 m s-1."""
    wind = jnp.array([0.1, 0.5, 1.0, 10.0, 32.999, 33.0, 50.0])
    expected = [5.5802, 5.5802, 2.9184, 1.1756, 2.3383, 2.34, 2.34]
    np.testing.assert_allclose(1e3 * ncar.drag_coefficient(wind), expected, rtol=1e-4)


@pytest.mark.parametrize(("theta_excess", "ratio"), [(1e-4, 18.0e-3), (-1e-4, 32.7e-3)])
def test_ncar_exchanges_heat_better_in_unstable_air(theta_excess, ratio):
    """Near neutral: Ch / sqrt(Cd) = k / log(z / z0t) is theta* over the excess."""
    result = in_float64("ncar", theta_excess=theta_excess, relative_humidity=1.0)
    np.testing.assert_allclose(result.temperature_scale / theta_excess, ratio, rtol=1e-3)


def test_ncar_exchanges_moisture_as_published():
    result = in_float64("ncar", theta_excess=0.0, relative_humidity=0.999)
    excess = -0.001 * moist.sea_surface_humidity(SST, REFERENCE_PRESSURE)
    np.testing.assert_allclose(result.humidity_scale / excess, 34.6e-3, rtol=2e-3)


@pytest.mark.slow
def test_ncar_settles_across_neutral():
    """Warm air over a sea that evaporates: heat stabilises as much as moisture destabilises.

    Switching would give an exchange of heat 1.8 times as strong in every other iteration.
    """
    theta_excess = jnp.linspace(0.2, 2.0, 1001)
    air = {"theta_excess": theta_excess, "relative_humidity": 0.7, "wind": 6.0}
    heat = in_float64("ncar", iterations=10, **air)
    more = in_float64("ncar", iterations=11, **air)
    neutral = np.abs(heat.inverse_obukhov_length) < 1e-6
    assert 0.1 < neutral.mean() < 0.9
    assert np.any(heat.inverse_obukhov_length < -1e-4)
    assert np.any(heat.inverse_obukhov_length > 1e-4)
    np.testing.assert_allclose(heat.sensible_heat_flux, more.sensible_heat_flux, atol=0.01)
    # Continuous: the published switch jumps by 45 % of some 10 W m-2.
    assert np.abs(np.diff(heat.sensible_heat_flux)).max() < 0.1


def test_ncar_takes_half_a_metre_per_second_for_calm():
    calm = in_float64("ncar", theta_excess=-1.0, relative_humidity=0.8, wind=0.0)
    light = in_float64("ncar", theta_excess=-1.0, relative_humidity=0.8, wind=0.5)
    assert calm.eastward_stress == 0.0
    assert calm.latent_heat_flux == light.latent_heat_flux


def test_schemes_differ_by_less_than_a_quarter_in_ordinary_weather():
    latent = [
        float(in_float64(scheme, theta_excess=-1.5, relative_humidity=0.75).latent_heat_flux)
        for scheme in SCHEMES
    ]
    assert max(latent) < 0.8 * min(latent) < 0.0


def test_every_scheme_is_a_choice_of_the_namelist():
    bulk_scheme = keys(Surface)["bulk_scheme"]
    assert set(bulk_scheme.choices) == set(SCHEMES)


@pytest.mark.parametrize(
    ("limit", "problem"),
    [("1e-3", "would limit the drag of ordinary winds"), ("2.5", "is too large")],
)
def test_a_limit_of_drag_that_would_hold_in_any_wind_is_refused(limit, problem):
    drag_limit = keys(Surface)["drag_limit"]
    with pytest.raises(ValueError, match=f"{problem}; allowed: 0 to 0.01; 0 or at least 1.5e-3"):
        drag_limit.convert([limit])
    assert drag_limit.convert(["2.5e-3"]) == 2.5e-3
