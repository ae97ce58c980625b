"""``ngcm-coupler bench radiation``: both schemes on the demo model beside observed means."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ngcm_coupler.air import Columns, SurfaceState
from ngcm_coupler.cli import tables
from ngcm_coupler.cli.bench.options import Options
from ngcm_coupler.cli.memory import peak_bytes
from ngcm_coupler.clock import Clock
from ngcm_coupler.config import Config
from ngcm_coupler.config.model_groups import Radiation as RadiationSettings
from ngcm_coupler.engine.atmosphere import initial_condition
from ngcm_coupler.engine.build import build_atmosphere
from ngcm_coupler.surface.radiation.albedo import open_water_albedo
from ngcm_coupler.surface.radiation.clouds import clouds, cover_below
from ngcm_coupler.surface.radiation.insolation import Step, sunlight
from ngcm_coupler.surface.radiation.radiation import State, initial_state, radiate

_SPIN_UP_HOURS = 24
_OBSERVED = (185.0, 342.0, 239.0, 100.0, 340.0)
"""Wild et al. (2015), Clim. Dyn. 44, 3393-3429: annual means over the globe [W m-2]."""

_ROWS = (
    "short wave down at the surface",
    "long wave down at the surface",
    "outgoing long wave",
    "reflected short wave",
    "incoming short wave",
)
_COLD_SEAS = {"Peru": (-20.0, -10.0, 270.0, 280.0), "Namibia": (-20.0, -10.0, 0.0, 10.0)}
"""South, north, west and east of seas under low clouds; Klein and Hartmann (1993), table 1."""

# Albedos where the coupler has neither ice nor land model to ask; the benchmark's alone.
_ICE_ALBEDO = 0.65
_LAND_ALBEDO = 0.2
_SNOW_ALBEDO = 0.55
_SNOW_BELOW = 270.0  # [K]
_FREEZING_SEA = 271.35


def measure(options: Options) -> dict[str, Any]:
    """Runs the demo model for a day that does not count, and the days that do.

    Returns:
      "from" and "days" of the run; "means": flux -> means over the globe and over time of both
      schemes and as observed [W m-2]; "cold_seas": likewise of the short wave at the surface where
      low clouds prevail; "rms": of grey less rrtmgp, every
      hour and column, short wave and long wave [W m-2]; "cloud_cover" [1]; and what they cost.
    """
    days = options.days
    atmosphere = build_atmosphere(Config())
    parameters = jax.device_put(atmosphere.parameters)
    initial = initial_condition(atmosphere, None, jax.random.key(0))
    weights = jnp.asarray(atmosphere.grid.area / atmosphere.grid.area.sum(), jnp.float32)
    step, columns = jax.jit(atmosphere.step), jax.jit(atmosphere.columns)
    cold_seas = _cold_seas(atmosphere)
    schemes = {
        name: RadiationSettings(scheme=name, coarsening=options.coarsening)
        for name in ("grey", "rrtmgp")
    }
    runs = {name: _scheme(atmosphere, settings) for name, settings in schemes.items()}
    states: dict[str, State] = {
        name: initial_state(settings, (atmosphere.grid.nlat, atmosphere.grid.nlon))
        for name, settings in schemes.items()
    }
    seconds: dict[str, list[float]] = {name: [] for name in ("step", *schemes)}
    sums = {name: np.zeros(len(_ROWS)) for name in schemes}
    seas = {name: np.zeros(len(_COLD_SEAS)) for name in schemes}
    squares, cover = np.zeros(2), 0.0
    state = initial.state
    count = _SPIN_UP_HOURS + 24 * days
    start = Clock(initial.time).start_seconds
    for index in range(count * 3600 // atmosphere.step_seconds):
        now = start + index * atmosphere.step_seconds
        air = columns(parameters, state)
        fluxes = {}
        for name, run in runs.items():
            moment = np.int32(now // 86400), np.int32(now % 86400)
            (states[name], fluxes[name]), spent = _timed(
                run, states[name], *moment, air, initial.surface
            )
            seconds[name].append(spent)
        state, spent = _timed(step, parameters, state, initial.surface)
        seconds["step"].append(spent)
        if index * atmosphere.step_seconds < 3600 * _SPIN_UP_HOURS:
            continue
        for name in schemes:
            sums[name] += np.asarray(fluxes[name] @ weights)
            seas[name] += np.asarray(cold_seas @ fluxes[name][0])
        squares += np.asarray((fluxes["grey"] - fluxes["rrtmgp"])[:2] ** 2 @ weights)
        cover += float(_cover(atmosphere, schemes["grey"], air, initial.surface) @ weights)
    counted = 86400 * days // atmosphere.step_seconds
    means = {
        row: {name: float(sums[name][i] / counted) for name in schemes} | {"observed": _OBSERVED[i]}
        for i, row in enumerate(_ROWS)
    }
    return {
        "from": initial.time,
        "days": days,
        "means": means,
        "cold_seas": {
            sea: {name: float(seas[name][i] / counted) for name in schemes}
            for i, sea in enumerate(_COLD_SEAS)
        },
        "rms": np.sqrt(squares / counted).tolist(),
        "cloud_cover": cover / counted,
        **_costs(seconds, schemes["rrtmgp"], atmosphere.step_seconds),
    }


def text(found: dict[str, Any]) -> str:
    """The means as a table, and a few lines."""
    header = ["flux", "grey", "rrtmgp", "Wild et al. (2015), year"]
    rows = [
        [row, *(f"{mean:.1f}" for mean in means.values())] for row, means in found["means"].items()
    ]
    rows += [
        [f"short wave down off {sea}", *(f"{mean:.1f}" for mean in means.values()), "-"]
        for sea, means in found["cold_seas"].items()
    ]
    model = found["model_step_s"]
    return "\n".join(
        [
            f"Means over the globe and {found['days']} days from {found['from']} + 1 d [W m-2]\n",
            tables.text_table(header, rows),
            "RMS of grey less rrtmgp, every hour and column [W m-2]: short wave {:.1f}, "
            "long wave {:.1f}".format(*found["rms"]),
            f"cloud cover {found['cloud_cover']:.2f}; solar constant, gases and clouds as by"
            " default",
            f"model step {model:.3f} s; grey {1e3 * found['grey_s']:.1f} ms"
            f" ({100 * found['grey_s'] / model:.1f} %); rrtmgp {found['rrtmgp_s']:.2f} s every"
            f" {found['rrtmgp_every']} steps, {1e3 * found['rrtmgp_between_s']:.1f} ms in others"
            f" ({100 * found['rrtmgp_per_step_s'] / model:.0f} %); peak memory"
            f" {found['peak_mib']:.0f} MiB\n",
        ]
    )


def _scheme(atmosphere: Any, settings: RadiationSettings) -> Callable[..., Any]:
    """A compiled function from a state, the time, air and sea to the next state and fluxes."""
    grid = atmosphere.grid
    latitude = jnp.radians(jnp.asarray(grid.latitude, jnp.float32))
    longitude = jnp.radians(jnp.asarray(grid.longitude, jnp.float32))
    land = jnp.asarray(atmosphere.land_area_fraction, jnp.float32)

    @jax.jit
    def run(
        state: State, day: jax.Array, second: jax.Array, air: Columns, sea: SurfaceState
    ) -> tuple[State, jax.Array]:
        step = Step(day, second, atmosphere.step_seconds)
        light = sunlight(*step, latitude, longitude)
        near = air.air_temperature[-1]
        ice = jnp.clip(sea.sea_ice_area_fraction, 0.0, 1.0)
        soil = jnp.where(near < _SNOW_BELOW, _SNOW_ALBEDO, _LAND_ALBEDO)
        water = open_water_albedo(light.sunlit_cosine)
        albedo = land * soil + (1.0 - land) * (water + ice * (_ICE_ALBEDO - water))
        open_sea = jnp.maximum(sea.sea_surface_temperature, _FREEZING_SEA)
        frozen = jnp.minimum(near, 273.15)
        skin = land * near + (1.0 - land) * (open_sea + ice * (frozen - open_sea))
        state, fluxes = radiate(
            settings,
            state,
            air,
            step,
            shape=(grid.nlat, grid.nlon),
            latitude=latitude,
            longitude=longitude,
            surface_albedo=albedo,
            surface_temperature=skin,
            ice_free_sea=(1.0 - land) * (1.0 - ice),
        )
        rows = (
            fluxes.shortwave_down.sum(axis=0),
            fluxes.longwave_down,
            fluxes.outgoing_longwave,
            fluxes.reflected_shortwave,
            fluxes.incoming_shortwave,
        )
        return state, jnp.stack(rows)

    return run


def _cover(
    atmosphere: Any, settings: RadiationSettings, air: Columns, sea: SurfaceState
) -> jax.Array:
    water = 1.0 - jnp.asarray(atmosphere.land_area_fraction, jnp.float32)
    water = water * (1.0 - jnp.clip(sea.sea_ice_area_fraction, 0.0, 1.0))
    return cover_below(clouds(settings, air, water).fraction)[-1]


def _cold_seas(atmosphere: Any) -> jax.Array:
    """Weights that give the mean over each sea, shape (seas, n)."""
    grid = atmosphere.grid
    latitude, longitude = np.ravel(grid.latitude), np.ravel(grid.longitude)

    def within(south: float, north: float, west: float, east: float) -> np.ndarray:
        rows = (south <= latitude) & (latitude <= north)
        return rows & (west <= longitude) & (longitude <= east)

    area = np.ravel(grid.area) * (atmosphere.land_area_fraction < 0.5)
    weights = [area * within(*box) for box in _COLD_SEAS.values()]
    return jnp.asarray([each / each.sum() for each in weights], jnp.float32)


def _timed(function: Callable[..., Any], *args: Any) -> tuple[Any, float]:
    begin = time.perf_counter()
    result = jax.block_until_ready(function(*args))
    return result, time.perf_counter() - begin


def _costs(
    seconds: dict[str, list[float]], settings: RadiationSettings, step: int
) -> dict[str, float]:
    """What the schemes cost, medians without what was compiled on the way."""
    every = max(settings.interval_seconds // step, 1)
    spectral = seconds["rrtmgp"][every:]
    dear = statistics.median(spectral[::every])
    cheap = statistics.median([x for i, x in enumerate(spectral) if i % every] or [dear])
    return {
        "model_step_s": statistics.median(seconds["step"][1:]),
        "grey_s": statistics.median(seconds["grey"][1:]),
        "rrtmgp_s": dear,
        "rrtmgp_every": every,
        "rrtmgp_between_s": cheap,
        "rrtmgp_per_step_s": (dear + (every - 1) * cheap) / every,
        "peak_mib": peak_bytes() / 2**20,
    }
