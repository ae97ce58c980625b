"""Radiation at the surface: what every scheme must give, and what spectra keep between calls."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ngcm_coupler.air import Columns
from ngcm_coupler.config.keys import keys
from ngcm_coupler.config.model_groups import Radiation as RadiationSettings
from ngcm_coupler.errors import ConfigError
from ngcm_coupler.fields import BANDS
from ngcm_coupler.surface.radiation.albedo import open_water_albedo
from ngcm_coupler.surface.radiation.insolation import Step, sunlight
from ngcm_coupler.surface.radiation.radiation import check, initial_state, radiate

SHAPE = (4, 8)
DAY = np.int32(np.datetime64("2000-01-15").astype(int))
GREY = RadiationSettings()
SPECTRAL = RadiationSettings(scheme="rrtmgp", coarsening=4, interval_seconds=7200)


def inputs(cloud=1e-5, humidity=1e-2, surface=1e5, levels=10) -> dict:
    """Air of a standard lapse rate on a coarse grid, cloud in the lower half."""
    rows, number = SHAPE
    latitude = jnp.repeat(jnp.radians(jnp.array([-80.0, -30.0, 30.0, 80.0])), number)
    longitude = jnp.tile(jnp.arange(number) * 2.0 * np.pi / number, rows)
    n = rows * number
    interfaces = jnp.linspace(0.0, 1.0, levels + 1)[:, None] * jnp.full((1, n), surface)
    pressure = 0.5 * (interfaces[1:] + interfaces[:-1])
    temperature = jnp.maximum(288.0 * (pressure / 1e5) ** 0.19, 210.0)
    low = pressure > 0.5 * surface
    return {
        "latitude": latitude,
        "longitude": longitude,
        "columns": Columns(
            air_temperature=temperature,
            specific_humidity=humidity * (pressure / 1e5) ** 3,
            cloud_ice=jnp.zeros_like(pressure),
            cloud_liquid=jnp.where(low, cloud, 0.0),
            air_pressure=pressure,
            interface_pressure=interfaces,
        ),
        "surface_albedo": jnp.full((4, n), 0.06),
        "surface_temperature": jnp.full(n, 288.0),
        "ice_free_sea": jnp.ones(n),
    }


def radiated(settings, state, second, given):
    return radiate(settings, state, step=Step(DAY, second, 3600), shape=SHAPE, **given)


@jax.jit
def radiate_grey(second, given):
    return radiated(GREY, (), second, given)[1]


def grey(second=43200, **air):
    return radiate_grey(np.int32(second), inputs(**air))


@pytest.mark.slow
def test_night_is_exactly_zero_and_day_is_not():
    flux = grey()
    light = sunlight(DAY, 43200, 3600, inputs()["latitude"], inputs()["longitude"])
    dark = np.asarray(light.mean_cosine) == 0.0
    assert 8 < dark.sum() < 24
    assert (np.asarray(flux.shortwave_down)[:, dark] == 0.0).all()
    assert (np.asarray(flux.shortwave_down)[:, ~dark] > 0.0).all()
    assert (np.asarray(flux.shortwave_down).sum(axis=0) <= flux.incoming_shortwave).all()


def test_noon_in_clear_air_is_that_of_measurements():
    """A cloudless subtropical noon: 75 to 82 % of sunlight reaches the ground, most of it direct.

    Measured clear-sky transmission with the sun high; half of it is visible (43 to 50 %).
    """
    flux = grey(cloud=0.0, second=42300)
    point = int(np.argmax(flux.incoming_shortwave))
    down = np.asarray(flux.shortwave_down[:, point])
    assert 0.72 < down.sum() / flux.incoming_shortwave[point] < 0.82
    assert 0.75 < (down[0] + down[2]) / down.sum() < 0.92
    assert 0.43 < (down[0] + down[1]) / down.sum() < 0.52


def test_long_wave_of_clear_air_is_that_of_prata():
    """0.01 kg/kg (p/1e5)^3 at the surface holds 25.6 kg m-2 in these ten layers."""
    flux = grey(cloud=0.0)
    air = inputs()["columns"]
    vapour = (air.specific_humidity * jnp.diff(air.interface_pressure, axis=0)).sum(0)
    water = float(vapour[0]) / 98.0616
    emissivity = 1.0 - (1.0 + water) * np.exp(-np.sqrt(1.2 + 3.0 * water))
    expected = emissivity * 5.670374419e-8 * float(air.air_temperature[-1, 0]) ** 4
    np.testing.assert_allclose(flux.longwave_down, expected, rtol=1e-5)
    assert 300.0 < expected < 330.0


def test_cloud_dims_the_sun_spreads_its_light_and_warms_the_ground():
    clear, thin, thick = grey(cloud=0.0), grey(cloud=3e-6), grey(cloud=1e-4)
    for brighter, darker in ((clear, thin), (thin, thick)):
        assert darker.shortwave_down.sum() < brighter.shortwave_down.sum()
        assert darker.shortwave_down[::2].sum() < brighter.shortwave_down[::2].sum()
        assert (darker.longwave_down > brighter.longwave_down).all()
    black_body = 5.670374419e-8 * 288.0**4
    assert (thick.longwave_down < black_body).all()


@pytest.mark.bits
def test_bright_ground_is_lit_by_the_light_that_it_sends_up():
    air = inputs(cloud=3e-5)
    snow = {**air, "surface_albedo": jnp.full((4, 32), 0.8)}
    over_sea = radiate_grey(np.int32(43200), air).shortwave_down
    over_snow = radiate_grey(np.int32(43200), snow).shortwave_down
    np.testing.assert_array_equal(over_snow[::2], over_sea[::2])
    assert over_snow[1::2].sum() > 1.2 * over_sea[1::2].sum()


def test_open_water_reflects_a_low_sun():
    albedo = open_water_albedo(jnp.array([1.0, 0.5, 0.0]))
    assert albedo.shape == (len(BANDS), 3)
    # 0.037 / (1.1 mu^1.4 + 0.15), Taylor et al. (1996)
    np.testing.assert_allclose(albedo[0], [0.0296, 0.0653, 0.2467], atol=1e-4)
    np.testing.assert_allclose(albedo[1], 0.06)


@pytest.mark.slow
def test_gradients_are_finite_by_day_and_night_with_and_without_cloud():
    @jax.jit
    @jax.grad
    def gradient(air):
        flux = radiate_grey(np.int32(0), air)
        leaving = flux.reflected_shortwave.sum() + flux.outgoing_longwave.sum()
        return flux.shortwave_down.sum() + flux.longwave_down.sum() + leaving

    for cloud in (1e-5, 0.0, -1e-6):
        for leaf in jax.tree.leaves(gradient(inputs(cloud=cloud))):
            assert np.isfinite(leaf).all()


class Reading:
    """Settings that keep which of them are asked for."""

    def __init__(self, settings):
        self.settings, self.read = settings, set()

    def __getattr__(self, name):
        self.read.add(name)
        return getattr(self.settings, name)


@pytest.mark.parametrize("settings", [GREY, pytest.param(SPECTRAL, marks=pytest.mark.slow)])
def test_a_scheme_reads_the_keys_that_have_an_effect_with_it(settings):
    """Of the others there is a warning that they have none."""
    if settings is SPECTRAL:
        pytest.importorskip("rrtmgp")
    reading, state = Reading(settings), initial_state(settings, SHAPE)
    jax.eval_shape(lambda given: radiated(reading, state, np.int32(43200), given), inputs())
    declared = keys(RadiationSettings).items()
    assert reading.read == {
        name for name, key in declared if not key.under or settings.scheme in key.under
    }


def test_host_scheme_computes_nothing():
    settings = RadiationSettings(scheme="host")
    with pytest.raises(ConfigError, match="host"):
        radiated(settings, (), np.int32(0), inputs())


def test_air_and_ground_of_one_temperature_send_out_what_a_black_body_does():
    """Whatever gases and clouds hide, they emit."""
    ground = {"surface_temperature": jnp.full(32, 250.0)}
    for cloud in (0.0, 3e-6, 1e-4):
        given = inputs(cloud=cloud) | ground
        air = dataclasses.replace(given["columns"], air_temperature=jnp.full((10, 32), 250.0))
        flux = radiate_grey(np.int32(0), given | {"columns": air})
        np.testing.assert_allclose(flux.outgoing_longwave, 5.670374419e-8 * 250.0**4, rtol=1e-5)


def test_clouds_reflect_the_sun_and_keep_heat_in():
    clear, thin, thick = grey(cloud=0.0), grey(cloud=3e-6), grey(cloud=1e-4)
    for less, more in ((clear, thin), (thin, thick)):
        assert more.reflected_shortwave.sum() > less.reflected_shortwave.sum()
        assert (more.outgoing_longwave < less.outgoing_longwave).all()


@pytest.mark.parametrize("cloud", [0.0, 3e-6, 1e-4])
@pytest.mark.parametrize("albedo", [0.0, 0.06, 0.8, 1.0])
def test_no_more_sunlight_is_reflected_and_absorbed_than_has_arrived(cloud, albedo):
    """Gases and aerosol take the rest: 10 to 35 % of a high or a low sun."""
    flux = radiate_grey(
        np.int32(43200), {**inputs(cloud=cloud), "surface_albedo": jnp.full((4, 32), albedo)}
    )
    taken = (1.0 - albedo) * flux.shortwave_down.sum(axis=0) + flux.reflected_shortwave
    day = np.asarray(flux.incoming_shortwave) > 1.0
    part = np.asarray(taken / jnp.where(day, flux.incoming_shortwave, 1.0))[day]
    assert (part > 0.6).all() and (part < 0.95).all()
    assert (np.asarray(flux.reflected_shortwave)[~day] < 1.0).all()


@pytest.mark.parametrize(
    ("change", "shape", "step", "message"),
    [
        ({"coarsening": 3}, (64, 128), 3600, "coarsening = 3 does not divide"),
        ({"interval_seconds": 5400}, (64, 128), 3600, "not a multiple of the model step 3600"),
    ],
)
def test_what_does_not_fit_the_model_is_named(change, shape, step, message):
    pytest.importorskip("rrtmgp")
    settings = dataclasses.replace(RadiationSettings(scheme="rrtmgp"), **change)
    with pytest.raises(ConfigError, match=message):
        check(settings, shape, step)


def test_blocks_fit_any_grid_unless_told_otherwise():
    pytest.importorskip("rrtmgp")
    settings = RadiationSettings(scheme="rrtmgp")
    for shape in ((64, 128), (10, 20), (7, 9)):
        check(settings, shape, 3600)


@pytest.mark.slow
class TestSpectra:
    """Two blocks of columns; one is compiled for all tests here."""

    @pytest.fixture(scope="class")
    def step(self):
        pytest.importorskip("rrtmgp")

        @jax.jit
        def step(state, second, air):
            return radiated(SPECTRAL, state, second, air)

        def on(state, second, **air):
            return step(state, np.int32(second), inputs(**air))

        return on

    def test_gives_every_flux_and_no_light_at_night(self, step):
        _, flux = step(initial_state(SPECTRAL, SHAPE), 43200)
        for each in dataclasses.fields(flux):
            assert np.isfinite(getattr(flux, each.name)).all()
        dark = np.asarray(flux.incoming_shortwave) == 0.0
        assert 8 < dark.sum() < 24
        assert (np.asarray(flux.shortwave_down)[:, dark] == 0.0).all()
        assert (np.asarray(flux.reflected_shortwave)[dark] == 0.0).all()
        total = np.asarray(flux.shortwave_down).sum(axis=0)
        assert (total <= flux.incoming_shortwave).all() and (total[~dark] > 0.0).all()

    @pytest.mark.bits
    def test_computes_at_once_then_at_fixed_hours(self, step):
        begun, _ = step(initial_state(SPECTRAL, SHAPE), 3600)
        kept, _ = step(begun, 4 * 3600 + 3600, cloud=1e-4)
        for one, other in zip(jax.tree.leaves(begun), jax.tree.leaves(kept), strict=True):
            np.testing.assert_array_equal(one, other)
        renewed, _ = step(kept, 6 * 3600, cloud=1e-4)
        assert (renewed.outgoing_longwave_excess != kept.outgoing_longwave_excess).all()

    @pytest.mark.bits
    def test_restart_between_two_calculations_is_exact(self, step):
        state, _ = step(initial_state(SPECTRAL, SHAPE), 7200)
        saved = jax.tree.map(np.asarray, state)
        _, through = step(state, 10800)
        _, again = step(jax.tree.map(jnp.asarray, saved), 10800)
        for one, other in zip(jax.tree.leaves(through), jax.tree.leaves(again), strict=True):
            np.testing.assert_array_equal(one, other)

    def test_sun_that_rises_before_the_next_calculation_has_light(self, step):
        """Calculated two hours ahead: columns that are dark in the first and lit in the second."""
        hours = range(0, 24, 2)
        states = [step(initial_state(SPECTRAL, SHAPE), 3600 * hour) for hour in hours]
        rising = 0
        for hour, (state, first) in zip(hours, states, strict=True):
            _, second = step(state, 3600 * hour + 3600)
            sunrise = (np.asarray(first.incoming_shortwave) == 0.0) & (
                np.asarray(second.incoming_shortwave) > 0.0
            )
            rising += sunrise.sum()
            assert (np.asarray(second.shortwave_down)[:, sunrise].sum(axis=0) > 0.0).all()
            assert (np.asarray(second.reflected_shortwave)[sunrise] > 0.0).all()
        assert rising > 4

    def test_differs_from_grey_as_much_as_broad_bands_may(self, step):
        """Clear air. Broad-band formulae of clear skies are good to 5 % or so."""
        _, flux = step(initial_state(SPECTRAL, SHAPE), 43200, cloud=0.0)
        cheap = grey(cloud=0.0)
        np.testing.assert_allclose(flux.longwave_down, cheap.longwave_down, rtol=0.08)
        np.testing.assert_allclose(flux.outgoing_longwave, cheap.outgoing_longwave, rtol=0.02)
        # A block, a quarter of this globe, has one sun; grey reflects too much of a low one.
        for name, rtol in (("shortwave_down", 0.08), ("reflected_shortwave", 0.2)):
            spectral, broad = getattr(flux, name).sum(), getattr(cheap, name).sum()
            np.testing.assert_allclose(spectral, broad, rtol=rtol, err_msg=name)
