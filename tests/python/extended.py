"""What test_extending.py computes with its copy of the package, in a process of its own."""

from __future__ import annotations

import json
import pathlib

import jax

import ngcm_coupler
from ngcm_coupler import Component
from ngcm_coupler.config import parse
from ngcm_coupler.engine import engine_of
from ngcm_coupler.engine.atmosphere import initial_condition
from ngcm_coupler.interval import Interval
from ngcm_coupler.surface.turbulence.bulk import bulk_fluxes
from ngcm_coupler.surface.turbulence.near_surface_air import NearSurfaceAir

ANALYTIC = "&ngcm_model engine = 'analytic', analytic_latitudes = 8 /\n"
QUIET = "&ngcm_radiation scheme = 'host' / &ngcm_log level = 'error' /\n"


def created(name, text):
    pathlib.Path(name).write_text(text)
    return Component.create(name)


def states():
    """What a component offers: the humidity, what its formula takes, and the wind."""
    near = ("relative_humidity", "air_temperature", "specific_humidity")
    names = [f"{name}_at_2m_over_ice_free_sea" for name in near]
    with created("humid.nml", ANALYTIC + QUIET) as component:
        return [
            component.get(name).tolist()
            for name in (*names, "surface_air_pressure", "eastward_wind")
        ]


def bulk(scheme):
    """Stress, sensible and latent heat of a breeze over a warmer sea."""
    config = parse(f"&ngcm_surface bulk_scheme = '{scheme}' /")
    air = NearSurfaceAir(
        eastward_wind=8.0,
        northward_wind=0.0,
        air_temperature=288.0,
        specific_humidity=0.008,
        surface_air_pressure=1e5,
        wind_height=10.0,
        temperature_height=10.0,
    )
    fluxes = bulk_fluxes(config.surface.bulk_scheme, air, 290.0)
    wanted = (fluxes.eastward_stress, fluxes.sensible_heat_flux, fluxes.latent_heat_flux)
    return [float(flux) for flux in wanted]


def winds(part, *currents):
    """Eastward wind at 10 m with such a part of each eastward current."""
    names = "'sea_surface_temperature', 'sea_ice_area_fraction'"
    names += ", 'sea_water_x_velocity', 'sea_water_y_velocity'"
    config = parse(
        f"{ANALYTIC} &ngcm_surface current_part = {part} / &ngcm_coupling imports = {names} /"
    )
    engine = engine_of(config).build(config, None)
    interval = Interval(engine, config)
    place = [row.name for row in interval.exports].index("eastward_wind_at_10m_over_ice_free_sea")

    @jax.jit
    def wind(current):
        initial = initial_condition(engine, None, jax.random.key(0))
        imports = interval.initial_imports({}, initial.state, initial.surface).at[2].set(current)
        state = interval.begin({}, initial.state, 10957, 0)
        return interval.diagnose({}, state, imports)[place]

    return [wind(current).tolist() for current in currents]


def breeze():
    """Eastward wind at the start, and latent heat flux of an interval of one step."""
    text = "&ngcm_model engine = 'breezy' / &ngcm_coupling interval_seconds = 1800 /\n"
    with created("breezy.nml", text + QUIET) as component:
        wind = component.get("eastward_wind").tolist()
        for name in ("sea_surface_temperature", "sea_ice_area_fraction"):
            component.put(name, component.get(name))
        component.advance()
        flux = component.get("surface_downward_latent_heat_flux_over_ice_free_sea")
        return wind, flux.tolist()


if __name__ == "__main__":
    folder = pathlib.Path.cwd()
    if folder not in pathlib.Path(ngcm_coupler.__file__).parents:
        raise SystemExit(f"{ngcm_coupler.__file__} is not the copy in {folder}")
    computed = {
        "states": states(),
        "bulk": {scheme: bulk(scheme) for scheme in ("zeng", "coare3p6")},
        "half": winds(0.5, 1.0),
        "whole": winds(1.0, 0.5, 1.0),
        "breeze": breeze(),
    }
    (folder / "extended.json").write_text(json.dumps(computed))
