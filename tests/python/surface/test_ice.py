"""The fluxes over sea ice against published stability functions, and against physics."""

from __future__ import annotations

import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tile_fluxes import over_ice

from ngcm_coupler.constants import GRAVITY, SPECIFIC_HEAT_DRY_AIR, VON_KARMAN, ZERO_CELSIUS
from ngcm_coupler.surface import moist
from ngcm_coupler.surface.ice import NEUTRAL_COEFFICIENT
from ngcm_coupler.surface.turbulence import ecmwf, solid
from ngcm_coupler.surface.turbulence.similarity import BulkFluxes

LAPSE = GRAVITY / SPECIFIC_HEAT_DRY_AIR

WINTER = {
    "eastward_wind": 4.0,
    "northward_wind": 3.0,
    "air_temperature": 250.0,
    "specific_humidity": 4e-4,
    "surface_air_pressure": 1.01e5,
    "surface_temperature": 245.0,
    "wind_height": 120.0,
    "temperature_height": 120.0,
}


@jax.jit
def fluxes(inputs: dict[str, jax.Array]) -> BulkFluxes:
    return over_ice(inputs)


def in_float64(inputs: dict[str, np.ndarray]) -> BulkFluxes:
    with jax.enable_x64(True):
        return jax.tree.map(np.asarray, fluxes(inputs))


def humidity_over_ice(temperature, pressure) -> np.ndarray:
    vapour = moist.saturation_vapour_pressure_over_ice(np.asarray(temperature), pressure)
    return np.asarray(moist.specific_humidity(vapour, pressure))


def weather(height: float = 120.0) -> dict[str, np.ndarray]:
    """Calm to storm, neutral to very stable and unstable, dry to supersaturated, cold to melting.

    Potential temperature is given at 1000 hPa: neutral rows are exactly neutral.
    """
    columns = zip(
        *itertools.product(
            (0.0, 1e-6, 0.3, 2.0, 6.0, 15.0, 40.0),
            (-30.0, -5.0, -1.0, 0.0, 1e-3, 1.0, 5.0, 30.0),  # potential temperature less the ice's
            (0.0, 0.5, 1.0, 1.2),  # humidity over that of the ice
            (220.0, 250.0, ZERO_CELSIUS),
        ),
        strict=True,
    )
    wind, dtheta, moisture, ice = (np.array(column, np.float32) for column in columns)
    pressure = np.full_like(wind, 1e5)
    return {
        "eastward_wind": wind,
        "northward_wind": np.zeros_like(wind),
        "air_temperature": ice + dtheta - np.float32(LAPSE * height),
        "specific_humidity": moisture * humidity_over_ice(ice, pressure),
        "surface_air_pressure": pressure,
        "surface_temperature": ice,
        "wind_height": np.full_like(wind, height),
        "temperature_height": np.full_like(wind, height),
        "potential_temperature": ice + dtheta,
    }


def test_neutral_coefficients_at_ten_metres_are_those_stated():
    """In air of the ice's temperature but for a tenth of a degree, one part in a thousand drier."""
    ice = 250.0
    inputs = {
        **WINTER,
        "eastward_wind": 10.0,
        "northward_wind": 0.0,
        "surface_air_pressure": 1e5,
        "surface_temperature": ice,
        "specific_humidity": 0.999 * humidity_over_ice(ice, 1e5),
        "potential_temperature": ice + 0.1,
        "wind_height": 10.0,
        "temperature_height": 10.0,
    }
    result = in_float64(inputs)
    density = moist.air_density(250.0, inputs["specific_humidity"], 1e5)
    drag = result.eastward_stress / (density * 100.0)
    dalton = -result.evaporation / (density * 10.0 * -0.001 * humidity_over_ice(ice, 1e5))
    stanton = result.sensible_heat_flux / (density * SPECIFIC_HEAT_DRY_AIR * 10.0 * 0.1)
    # A tenth of a degree makes the air a little stable.
    np.testing.assert_allclose([drag, dalton, stanton], NEUTRAL_COEFFICIENT, rtol=0.02)


@pytest.mark.slow
def test_drag_at_the_lowest_level_gives_the_stress_of_the_wind_at_ten_metres():
    """Neutral: from 120 m the profile meets the coefficient at 10 m on the way down."""
    result = in_float64(weather())
    neutral = (result.inverse_obukhov_length == 0.0) & (result.eastward_wind_10m > 1.0)
    assert neutral.any()
    drag = result.friction_velocity[neutral] ** 2 / result.eastward_wind_10m[neutral] ** 2
    # Gusts of 0.1 m s-1 add 0.3 % to 2 m s-1.
    np.testing.assert_allclose(drag, NEUTRAL_COEFFICIENT, rtol=5e-3)


@jax.jit
def gradient(inputs: dict[str, jax.Array]) -> dict[str, jax.Array]:
    """Derivatives of the sum of all outputs; a single one that is not finite spoils it."""
    return jax.grad(lambda x: sum(jnp.sum(leaf) for leaf in jax.tree.leaves(fluxes(x))))(inputs)


@pytest.mark.slow
@pytest.mark.parametrize("height", [2.0, 10.0, 120.0])
def test_values_and_gradients_are_finite(height):
    inputs = {name: jnp.asarray(value) for name, value in weather(height).items()}
    for leaf in jax.tree.leaves((fluxes(inputs), gradient(inputs))):
        assert bool(jnp.isfinite(leaf).all())


@pytest.mark.slow
def test_float32_is_precise_enough():
    inputs = weather()
    double, single = in_float64({k: np.float64(v) for k, v in inputs.items()}), fluxes(inputs)
    assert single.latent_heat_flux.dtype == jnp.float32
    for name in ("sensible_heat_flux", "latent_heat_flux"):
        np.testing.assert_allclose(getattr(single, name), getattr(double, name), rtol=0, atol=0.05)


@pytest.mark.slow
def test_gradients_are_those_of_finite_differences():
    def heat(inputs):
        result = fluxes(inputs)
        return result.sensible_heat_flux + result.latent_heat_flux

    with jax.enable_x64(True):
        gradient = jax.jit(jax.grad(heat))(WINTER)
        for name, value in WINTER.items():
            step = 1e-6 * abs(value)
            above, below = (heat({**WINTER, name: value + s}) for s in (step, -step))
            np.testing.assert_allclose(gradient[name], (above - below) / (2.0 * step), rtol=1e-5)


def test_stability_functions_are_the_integrals_of_the_published_gradients():
    """Holtslag and De Bruin (1988), Beljaars and Holtslag (1991)."""
    zeta = np.linspace(0.0, 100.0, 200001)
    decay = 2.0 / 3.0 * np.exp(-0.35 * zeta) * (1.0 + 5.0 - 0.35 * zeta)
    for psi, excess in (
        (ecmwf.unlimited_psi_momentum, 1.0 + decay),
        (ecmwf.unlimited_psi_heat, np.sqrt(1.0 + 2.0 / 3.0 * zeta) + decay),
    ):
        integral = -np.concatenate([[0.0], np.cumsum(0.5 * (excess[1:] + excess[:-1]))]) * 5e-4
        with jax.enable_x64(True):
            np.testing.assert_allclose(psi(jnp.asarray(zeta)), integral, rtol=1e-5, atol=1e-6)


@pytest.mark.slow
def test_profiles_are_their_own_consequence():
    """The heat flux that the stability of the result gives is the flux of the result."""
    inputs = weather()
    result = in_float64({name: np.float64(value) for name, value in inputs.items()})
    with jax.enable_x64(True):
        zeta = jnp.asarray(120.0 * result.inverse_obukhov_length)
        roughness = math.log(10.0) - VON_KARMAN / math.sqrt(NEUTRAL_COEFFICIENT)
        start = math.exp(roughness) / 120.0
        psi = ecmwf.unlimited_psi_heat(zeta) - ecmwf.unlimited_psi_heat(start * zeta)
        depth = math.log(120.0) - roughness - psi
    excess = inputs["potential_temperature"] - inputs["surface_temperature"]
    expected = VON_KARMAN * excess / depth
    away = np.abs(excess) > 0.5
    np.testing.assert_allclose(result.temperature_scale[away], expected[away], rtol=0.03)


def inversion(speed, excess) -> dict:
    """Wind at 120 m over ice of 245 K, warmer by so much."""
    return {
        **WINTER,
        "eastward_wind": speed,
        "northward_wind": 0.0,
        "specific_humidity": 2.6e-4,
        "surface_air_pressure": 1e5,
        "potential_temperature": 245.0 + excess,
    }


@pytest.mark.parametrize(
    ("speed", "excess"),
    [(5.0, 1.0), (5.0, 5.0), (7.0, 2.0), (10.0, 10.0), (15.0, 2.0), (15.0, 10.0)],
)
def test_stable_exchange_is_near_that_of_long_tails(speed, excess):
    """Within a factor of two of Louis et al. (1982), b = c = d = 5, while Ri < 1."""
    result = fluxes(inversion(speed, excess))
    richardson = GRAVITY * 120.0 * excess / (245.0 * speed**2)
    neutral = VON_KARMAN**2 / (13.17**2)  # log(120 m / 0.23 mm)
    root = math.sqrt(1.0 + 5.0 * richardson)
    drag = neutral * speed**2 / (1.0 + 10.0 * richardson / root)
    heat = (
        1.42 * SPECIFIC_HEAT_DRY_AIR * neutral * speed * excess / (1.0 + 15.0 * richardson * root)
    )
    assert 0.5 < result.friction_velocity / math.sqrt(drag) < 2.0
    assert 0.5 < result.sensible_heat_flux / heat < 2.0


@pytest.mark.slow
def test_functions_fitted_near_the_ground_would_cut_the_ice_off(monkeypatch):
    """Gryanik et al. (2020) from 120 m, at 10 m/s under an inversion of 10 K."""
    ours = over_ice(inversion(10.0, 10.0)).sensible_heat_flux
    monkeypatch.setattr(
        ecmwf, "unlimited_psi_momentum", lambda z: -50.0 * (jnp.cbrt(1.0 + 0.3 * z) - 1.0)
    )
    monkeypatch.setattr(ecmwf, "unlimited_psi_heat", lambda z: -12.5 * jnp.log1p(0.4 * z))
    theirs = over_ice(inversion(10.0, 10.0)).sensible_heat_flux
    assert 0.0 < theirs < 0.25 * ours


def test_heat_never_flows_from_cold_to_warm():
    inputs = weather()
    result = fluxes(inputs)
    excess = inputs["potential_temperature"] - inputs["surface_temperature"]
    assert bool((result.sensible_heat_flux * np.sign(excess) >= 0.0).all())
    wetter = inputs["specific_humidity"] - humidity_over_ice(inputs["surface_temperature"], 1e5)
    away = np.abs(wetter) > 1e-8
    assert bool((result.latent_heat_flux * np.sign(wetter) >= 0.0)[away].all())


def test_what_evaporates_sublimates():
    result = fluxes({**WINTER, "surface_temperature": 255.0})
    assert result.evaporation > 0.0
    np.testing.assert_allclose(-result.latent_heat_flux / result.evaporation, 2.834e6, rtol=1e-6)


def test_latent_heat_of_sublimation_is_that_of_murphy_and_koop():
    """Within 0.2 % from 223 K to 273 K; their formula is in J mol-1."""
    t = np.linspace(223.0, 273.15, 51)
    molar = 46782.5 + 35.8925 * t - 0.07414 * t**2 + 541.5 * np.exp(-((t / 123.75) ** 2))
    np.testing.assert_allclose(moist.LATENT_HEAT_OF_SUBLIMATION, molar / 18.015e-3, rtol=2e-3)


def test_saturation_over_ice_meets_that_over_water_at_the_triple_point():
    """611.66 Pa without the enhancement in air of 0.4 %; at -20 degrees 103.2 Pa (Goff-Gratch)."""
    ice = moist.saturation_vapour_pressure_over_ice(np.array([273.16, 253.15]), 1e5) / 1.0045
    np.testing.assert_allclose(ice, [611.66, 103.2], rtol=1.5e-3)
    water = moist.saturation_vapour_pressure(np.array(273.16), 1e5)
    np.testing.assert_allclose(ice[0] * 1.0045, water, rtol=1e-3)


def test_heat_flux_derivative_is_negative_and_that_of_the_formula():
    """At fixed coefficients: a warmer surface in the same turbulence."""
    inputs = {name: np.float64(value) for name, value in weather().items()}
    result = in_float64(inputs)
    assert (result.heat_flux_derivative < 0.0).all()
    excess = inputs["potential_temperature"] - inputs["surface_temperature"]
    ice, step = inputs["surface_temperature"], 1e-3
    slope = (humidity_over_ice(ice + step, 1e5) - humidity_over_ice(ice - step, 1e5)) / (2 * step)
    wetter = inputs["specific_humidity"] - humidity_over_ice(ice, 1e5)
    both = (np.abs(excess) > 0.1) & (np.abs(wetter) > 1e-6)
    expected = -(
        result.sensible_heat_flux[both] / excess[both]
        + result.latent_heat_flux[both] / wetter[both] * slope[both]
    )
    # The scales of the last iteration and the profiles drawn from them differ a little.
    np.testing.assert_allclose(result.heat_flux_derivative[both], expected, rtol=0.05)


@pytest.mark.slow
def test_heat_flux_derivative_is_near_the_total_derivative():
    """Half of it to twice: in stable air a warmer surface also frees turbulence."""
    with jax.enable_x64(True):
        total = jax.grad(
            lambda t: sum(
                getattr(fluxes({**WINTER, "surface_temperature": t}), name)
                for name in ("sensible_heat_flux", "latent_heat_flux")
            )
        )(262.0)
    fixed = fluxes({**WINTER, "surface_temperature": 262.0}).heat_flux_derivative
    assert total < 0.0
    assert 0.5 < fixed / total < 2.0


@pytest.mark.slow
def test_default_iterations_suffice(monkeypatch):
    """Against 60 iterations, within 0.2 % or 0.1 W m-2 in at least 99 % of rows."""
    inputs = {name: np.float64(value) for name, value in weather().items()}
    with jax.enable_x64(True):
        ours = over_ice(inputs)
        monkeypatch.setattr(solid, "ITERATIONS", 60)
        settled = over_ice(inputs)
    for name in ("sensible_heat_flux", "latent_heat_flux"):
        a, b = np.asarray(getattr(ours, name)), np.asarray(getattr(settled, name))
        assert np.mean(np.abs(a - b) <= np.maximum(0.002 * np.abs(b), 0.1)) > 0.99


def test_values_at_the_measurement_height_are_the_measurements():
    ten_metres = fluxes({**WINTER, "wind_height": 10.0, "temperature_height": 2.0})
    np.testing.assert_allclose(ten_metres.eastward_wind_10m, 4.0, rtol=1e-6)
    np.testing.assert_allclose(ten_metres.air_temperature_2m, 250.0, rtol=1e-6)
    np.testing.assert_allclose(ten_metres.specific_humidity_2m, 4e-4, rtol=1e-6)
