"""The fluxes over land against physics, from sand to forest, frozen to hot."""

from __future__ import annotations

import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tile_fluxes import ice, land, over_ice, over_land

from ngcm_coupler.constants import SPECIFIC_HEAT_DRY_AIR, VON_KARMAN, ZERO_CELSIUS
from ngcm_coupler.surface import moist
from ngcm_coupler.surface.land import (
    availability_below,
    recycled_evaporation,
    relative_humidity_at_land,
)
from ngcm_coupler.surface.turbulence import solid
from ngcm_coupler.surface.turbulence.similarity import BulkFluxes

SUMMER_NOON = {
    "eastward_wind": 3.0,
    "northward_wind": 4.0,
    "air_temperature": 297.0,
    "specific_humidity": 0.010,
    "surface_air_pressure": 1e5,
    "surface_temperature": 308.0,
    "roughness_length": 0.05,
    "moisture_availability": 0.2,
    "wind_height": 120.0,
    "temperature_height": 120.0,
}


@jax.jit
def fluxes(inputs: dict[str, jax.Array]) -> BulkFluxes:
    return over_land(inputs)


@jax.jit
def gradient(inputs: dict[str, jax.Array]) -> dict[str, jax.Array]:
    """Derivatives of the sum of all outputs; a single one that is not finite spoils it."""
    return jax.grad(lambda x: sum(jnp.sum(leaf) for leaf in jax.tree.leaves(fluxes(x))))(inputs)


def in_float64(inputs: dict[str, np.ndarray]) -> BulkFluxes:
    with jax.enable_x64(True):
        doubled = {name: np.float64(value) for name, value in inputs.items()}
        return jax.tree.map(np.asarray, fluxes(doubled))


def saturated(temperature, pressure=1e5) -> np.ndarray:
    """Specific humidity over water; over ice up to the freezing point."""
    temperature = np.asarray(temperature)
    over_ice = moist.saturation_vapour_pressure_over_ice(temperature, pressure)
    over_water = moist.saturation_vapour_pressure(temperature, pressure)
    vapour = np.where(temperature <= ZERO_CELSIUS, over_ice, over_water)
    return moist.specific_humidity(vapour, pressure)


def weather(height: float = 120.0) -> dict[str, np.ndarray]:
    """Calm to storm, neutral to very stable and unstable, dry to dewy, desert to forest.

    Potential temperature is given at 1000 hPa: neutral rows are exactly neutral.
    """
    columns = zip(
        *itertools.product(
            (0.0, 1e-6, 1.0, 6.0, 40.0),
            (-20.0, -2.0, 0.0, 1e-3, 3.0, 20.0),  # potential temperature less the land's [K]
            (0.0, 0.6, 1.0, 1.2),  # humidity over that of the land
            (230.0, ZERO_CELSIUS, ZERO_CELSIUS + 1.0, 325.0),
            (1e-4, 0.03, 3.0),
            (0.0, 0.3, 1.0),
        ),
        strict=True,
    )
    wind, dtheta, moisture, land, roughness, availability = (
        np.array(column, np.float32) for column in columns
    )
    return {
        "eastward_wind": wind,
        "northward_wind": np.zeros_like(wind),
        "air_temperature": land + dtheta - np.float32(0.00977 * height),
        "specific_humidity": np.float32(moisture * saturated(land)),
        "surface_air_pressure": np.full_like(wind, 1e5),
        "surface_temperature": land,
        "roughness_length": roughness,
        "moisture_availability": availability,
        "wind_height": np.full_like(wind, height),
        "temperature_height": np.full_like(wind, height),
        "potential_temperature": land + dtheta,
    }


@pytest.mark.slow
@pytest.mark.parametrize("height", [2.0, 10.0, 120.0])
def test_values_and_gradients_are_finite(height):
    inputs = {name: jnp.asarray(value) for name, value in weather(height).items()}
    for leaf in jax.tree.leaves((fluxes(inputs), gradient(inputs))):
        assert bool(jnp.isfinite(leaf).all())


@pytest.mark.slow
def test_float32_is_precise_enough():
    """Within 0.05 W m-2, or what single precision can resolve of a flux of thousands."""
    inputs = weather()
    double, single = in_float64(inputs), fluxes(inputs)
    assert single.latent_heat_flux.dtype == jnp.float32
    for name in ("sensible_heat_flux", "latent_heat_flux"):
        np.testing.assert_allclose(
            getattr(single, name), getattr(double, name), rtol=2e-5, atol=0.05
        )


@pytest.mark.slow
def test_gradients_are_those_of_finite_differences():
    def heat(inputs):
        result = fluxes(inputs)
        return result.sensible_heat_flux + result.latent_heat_flux

    with jax.enable_x64(True):
        derivatives = jax.jit(jax.grad(heat))(SUMMER_NOON)
        for name, value in SUMMER_NOON.items():
            step = 1e-6 * abs(value)
            above, below = (heat({**SUMMER_NOON, name: value + s}) for s in (step, -step))
            np.testing.assert_allclose(derivatives[name], (above - below) / (2.0 * step), rtol=1e-5)


def test_neutral_drag_is_that_of_the_roughness():
    """Heights count from one roughness length below: k / log(1 + z / z0)."""
    inputs = weather()
    result = in_float64(inputs)
    neutral = (result.inverse_obukhov_length == 0.0) & (inputs["eastward_wind"] > 1.0)
    expected = VON_KARMAN / np.log1p(120.0 / inputs["roughness_length"])
    # Gusts of 0.1 m s-1 add 0.01 % to 6 m s-1.
    ratio = result.friction_velocity[neutral] / inputs["eastward_wind"][neutral]
    np.testing.assert_allclose(ratio, expected[neutral], rtol=2e-4)


def test_heat_has_a_tenth_of_the_roughness():
    """In storm, where 2 degrees do not count: u* k / log((z + z0) / (z0 / 10))."""
    inputs = {**SUMMER_NOON, "eastward_wind": 60.0, "potential_temperature": 310.0}
    for roughness in (1e-3, 0.1, 3.0):
        result = in_float64({**inputs, "roughness_length": roughness})
        depth = math.log1p(120.0 / roughness) + math.log(10.0)
        np.testing.assert_allclose(result.temperature_scale, 2.0 * VON_KARMAN / depth, rtol=0.03)


def test_forest_has_wind_at_ten_metres_and_temperature_at_two():
    """Both between the surface and the lowest level, for every roughness."""
    inputs = weather()
    result = in_float64(inputs)
    share = result.eastward_wind_10m / np.maximum(inputs["eastward_wind"], 1e-12)
    assert (share >= 0.0).all() and (share <= 1.0).all()
    assert (share[inputs["eastward_wind"] > 0.0] > 0.0).all()
    excess = inputs["potential_temperature"] - inputs["surface_temperature"]
    at_2m = result.air_temperature_2m + 2.0 * 0.009767 - inputs["surface_temperature"]
    assert (np.abs(at_2m) <= np.abs(excess) + 1e-3).all()
    assert (at_2m * excess >= -1e-3 * np.abs(excess)).all()


@pytest.mark.slow
def test_summer_noon_is_plausible():
    """Ground of 35 degrees, partly dry: 100 to 500 W m-2 of either heat to the air."""
    result = fluxes(SUMMER_NOON)
    assert -500.0 < result.sensible_heat_flux < -100.0
    assert -500.0 < result.latent_heat_flux < -100.0
    assert result.inverse_obukhov_length < 0.0


@pytest.mark.slow
def test_evaporation_grows_with_the_moisture_availability():
    """From nothing; less than in proportion, as less vapour is less buoyant, by a few per cent."""
    availability = jnp.linspace(0.0, 1.0, 11)
    evaporation = np.asarray(
        fluxes({**SUMMER_NOON, "moisture_availability": availability}).evaporation
    )
    assert evaporation[0] == 0.0
    np.testing.assert_allclose(evaporation[5] / evaporation[10], 0.5, rtol=0.05)
    assert (np.diff(evaporation) > 0.0).all()


def test_dew_does_not_ask_for_wet_ground():
    night = {**SUMMER_NOON, "surface_temperature": 284.0}
    dry, wet = (fluxes({**night, "moisture_availability": beta}) for beta in (0.0, 1.0))
    assert dry.evaporation < 0.0
    assert dry.evaporation == wet.evaporation
    assert dry.latent_heat_flux > 0.0


@pytest.mark.slow
def test_dew_turns_into_evaporation_without_a_jump():
    humidity = saturated(290.0) * jnp.linspace(0.999, 1.001, 201)
    air = {**SUMMER_NOON, "surface_temperature": 290.0, "specific_humidity": humidity}
    latent = np.asarray(fluxes(air).latent_heat_flux)
    assert latent[0] < 0.0 < latent[-1]
    # 2e-3 of some 12 g/kg over 200 steps are 1.2e-7 each: some hundredths of a watt.
    assert np.abs(np.diff(latent)).max() < 0.05


@pytest.mark.slow
def test_frozen_ground_sublimates_and_thawed_ground_evaporates():
    celsius = np.array([-10.0, 0.0, 1.0, 20.0])
    air = {**SUMMER_NOON, "air_temperature": 270.0, "specific_humidity": 1e-3}
    result = in_float64({**air, "surface_temperature": ZERO_CELSIUS + celsius})
    expected = [2.834e6, 2.834e6, 2.501e6 - 2370.0, 2.501e6 - 2370.0 * 20.0]
    np.testing.assert_allclose(-result.latent_heat_flux / result.evaporation, expected, rtol=1e-6)


@pytest.mark.slow
def test_thaw_has_no_jump():
    celsius = np.linspace(-0.5, 1.5, 2001)
    air = {**SUMMER_NOON, "air_temperature": 270.0, "specific_humidity": 1e-3}
    result = in_float64({**air, "surface_temperature": ZERO_CELSIUS + celsius})
    assert np.abs(np.diff(result.latent_heat_flux)).max() < 0.1


def test_surface_humidity_meets_the_definition():
    """What the 2 m humidity tends to: the air's where the ground is dry."""
    dry = fluxes({**SUMMER_NOON, "moisture_availability": 0.0})
    np.testing.assert_allclose(dry.specific_humidity_2m, 0.010, rtol=1e-6)


def test_heat_flux_derivative_is_negative_and_that_of_the_formula():
    inputs = weather()
    result = in_float64(inputs)
    assert (result.heat_flux_derivative < 0.0).all()
    assert (fluxes(inputs).heat_flux_derivative < 0.0).all()
    dry = inputs["moisture_availability"] == 0.0
    dry &= inputs["specific_humidity"] < 0.9 * saturated(inputs["surface_temperature"])
    excess = inputs["potential_temperature"] - inputs["surface_temperature"]
    # Over dry ground without dew only sensible heat depends on the temperature.
    dry &= (np.abs(excess) > 0.1) & (inputs["eastward_wind"] > 1.0)
    expected = -result.sensible_heat_flux[dry] / excess[dry]
    np.testing.assert_allclose(result.heat_flux_derivative[dry], expected, rtol=0.05)


@pytest.mark.slow
def test_default_iterations_suffice(monkeypatch):
    """Against 60 iterations, within 1 % or 0.5 W m-2; the last to settle is a calm hot forest."""
    inputs = weather()
    with jax.enable_x64(True):
        doubled = {name: np.float64(value) for name, value in inputs.items()}
        ours = over_land(doubled)
        monkeypatch.setattr(solid, "ITERATIONS", 60)
        settled = over_land(doubled)
    for name in ("sensible_heat_flux", "latent_heat_flux"):
        a, b = np.asarray(getattr(ours, name)), np.asarray(getattr(settled, name))
        assert (np.abs(a - b) <= np.maximum(0.01 * np.abs(b), 0.5)).all()


def test_values_at_the_measurement_height_are_the_measurements():
    result = fluxes({**SUMMER_NOON, "wind_height": 10.0, "temperature_height": 2.0})
    np.testing.assert_allclose(result.eastward_wind_10m, 3.0, rtol=1e-6)
    np.testing.assert_allclose(result.air_temperature_2m, 297.0, rtol=1e-6)


@pytest.mark.slow
def test_ice_and_land_that_are_solved_for_together_are_what_each_is_alone():
    inputs = weather()
    snow = inputs | {"surface_temperature": np.minimum(inputs["surface_temperature"], 270.0)}
    snow, inputs = ({name: np.float64(x) for name, x in each.items()} for each in (snow, inputs))
    with jax.enable_x64(True):
        both = jax.jit(lambda a, b: solid.solid_fluxes(ice(a), land(b)))(snow, inputs)
        alone = [jax.jit(over_ice)(snow), fluxes(inputs)]
    for together, each in zip(both, alone, strict=True):
        for name, value in vars(each).items():
            np.testing.assert_allclose(
                getattr(together, name), value, rtol=1e-9, atol=1e-12, err_msg=name
            )
    heat = [np.asarray(each.sensible_heat_flux) for each in both]
    assert np.abs(heat[0] - heat[1]).max() > 1.0, "they differ"


def test_heat_and_water_leave_the_ground_they_come_from():
    """Energy: latent heat is evaporation times latent heat; signs follow the differences."""
    inputs = weather()
    result = in_float64(inputs)
    excess = inputs["potential_temperature"] - inputs["surface_temperature"]
    assert (result.sensible_heat_flux * excess >= 0.0).all()
    assert (result.latent_heat_flux * result.evaporation <= 0.0).all()
    conductance = SPECIFIC_HEAT_DRY_AIR * np.abs(excess)
    assert (np.abs(result.sensible_heat_flux) <= 1.6 * 40.0 * conductance).all()


def test_relative_humidity_is_over_ice_where_the_ground_freezes():
    temperature = np.array([-30.0, -5.0, 15.0, 35.0]) + ZERO_CELSIUS
    humidity = relative_humidity_at_land(temperature, 0.6 * saturated(temperature), 1e5)
    np.testing.assert_allclose(humidity, 0.6, rtol=1e-5)
    assert relative_humidity_at_land(300.0, -1e-4, 1e5) == 0.0
    assert relative_humidity_at_land(300.0, 0.1, 1e5) == 1.0


def test_soil_starts_as_dry_as_its_air():
    """A desert at night, a rain forest in the evening, saturated air."""
    desert, forest, wet = availability_below(jnp.array([0.37, 0.80, 1.0]))
    assert desert < 0.03 and 0.3 < forest < 0.5 and wet == 1.0


def test_what_a_desert_evaporates_too_much_does_not_fall_again():
    evaporation = jnp.array([2e-5, 2e-5, 2e-5, -1e-6])
    availability = jnp.array([0.4, 0.02, 0.0, 0.4])
    counted = recycled_evaporation(evaporation, availability, jnp.array([0.3, 0.3, 0.0, 0.3]))
    assert counted[0] == pytest.approx(2e-5 * 0.3**1.5 / 0.4)
    np.testing.assert_array_equal(counted[1:], evaporation[1:])  # dry soil, no soil, dew
    forest = recycled_evaporation(evaporation[0], 0.5, 0.8)
    assert forest == evaporation[0]


def test_what_falls_again_has_finite_derivatives_in_the_driest_air():
    gradients = jax.grad(lambda *inputs: recycled_evaporation(*inputs), argnums=(0, 1, 2))
    for evaporation in (-1e-5, 0.0, 1e-5):
        for availability in (0.0, 0.4, 1.0):
            for humidity in (0.0, 0.3, 1.0):
                assert np.isfinite(gradients(evaporation, availability, humidity)).all()
    slope = jax.grad(lambda q: availability_below(relative_humidity_at_land(300.0, q, 1e5)))
    assert np.isfinite(slope(0.0))
