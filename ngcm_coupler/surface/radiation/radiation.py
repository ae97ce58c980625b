"""Radiation at the surface and at the top of the air, by the scheme that the namelist names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from ngcm_coupler.air import Columns
from ngcm_coupler.clock.calendars import REAL
from ngcm_coupler.config import spectra_faults
from ngcm_coupler.config.model_groups import Radiation as RadiationSettings
from ngcm_coupler.errors import ConfigError
from ngcm_coupler.surface.radiation import rrtmgp_columns, spectral
from ngcm_coupler.surface.radiation.clouds import clouds
from ngcm_coupler.surface.radiation.grey import RadiatingColumns, grey_sky
from ngcm_coupler.surface.radiation.insolation import Step, sun, sunlight
from ngcm_coupler.surface.radiation.ozone import total_ozone


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Radiation:
    """Radiative fluxes, means over a model step [W m-2]."""

    shortwave_down: Array
    """At the surface in four bands, as in `fields.BANDS`, shape (4, n); zero at night."""
    longwave_down: Array
    """At the surface, shape (n,)."""
    incoming_shortwave: Array
    """At the top of the air, shape (n,)."""
    reflected_shortwave: Array
    """At the top of the air, shape (n,)."""
    outgoing_longwave: Array
    """At the top of the air, shape (n,)."""


State = Any
"""What the scheme carries from step to step: a pytree of arrays, part of the restart."""


def check(settings: RadiationSettings, shape: tuple[int, int], seconds: int) -> None:
    """Makes sure that the scheme can run.

    Args:
      settings: ``&ngcm_radiation``.
      shape: rows and columns of the grid.
      seconds: model step [s].

    Raises:
      ConfigError: it cannot; the message says why and what would do.
    """
    if settings.scheme != "rrtmgp":
        return
    rrtmgp_columns.require_package()
    if faults := list(spectra_faults(settings, shape, seconds)):
        raise ConfigError("; ".join(fault.message for fault in faults))


def initial_state(settings: RadiationSettings, shape: tuple[int, int]) -> State:
    """The state of a run that begins.

    Args:
      settings: ``&ngcm_radiation``.
      shape: rows and columns of the grid.
    """
    return spectral.initial_state(settings, shape) if settings.scheme == "rrtmgp" else ()


def radiate(
    settings: RadiationSettings,
    state: State,
    columns: Columns,
    step: Step,
    *,
    shape: tuple[int, int],
    calendar: str = REAL,
    latitude: Array,
    longitude: Array,
    surface_albedo: Array,
    surface_temperature: Array,
    ice_free_sea: Array,
) -> tuple[State, Radiation]:
    """Radiation over one model step. Pure and differentiable.

    Args:
      settings: ``&ngcm_radiation``, static.
      state: what the step before has left, or `initial_state`.
      columns: the air; negative humidity and cloud water count as zero.
      step: the span of time.
      shape: rows and columns of the grid, static.
      calendar: one of `calendars.CALENDARS`, static.
      latitude: [rad], shape (n,).
      longitude: east [rad], shape (n,).
      surface_albedo: [1], bands as in `fields.BANDS`, shape (4, n).
      surface_temperature: radiating temperature of the surface [K], shape (n,).
      ice_free_sea: part of the cell that is open water [1], shape (n,).

    Returns:
      The state for the next step, and the fluxes.

    Raises:
      ConfigError: the scheme is 'host', which computes nothing, or its package is missing.
    """
    if settings.scheme == "host":
        raise ConfigError(
            "&ngcm_radiation scheme = 'host' computes no radiation; the host sends it"
        )
    light = sunlight(*step, latitude, longitude, calendar)
    power = settings.solar_constant * light.inverse_square_distance * light.mean_cosine
    air = RadiatingColumns(
        columns=columns,
        clouds=clouds(settings, columns, ice_free_sea),
        ozone=total_ozone(sun(step.day, step.second, calendar).mean_longitude, latitude),
        surface_albedo=surface_albedo,
        surface_temperature=surface_temperature,
    )
    sky = grey_sky(settings, air, light.sunlit_cosine)
    if settings.scheme == "grey":
        return state, Radiation(
            shortwave_down=sky.transmissivity * power,
            longwave_down=sky.longwave_down,
            incoming_shortwave=power,
            reflected_shortwave=sky.reflectivity * power,
            outgoing_longwave=sky.outgoing_longwave,
        )
    state = spectral.advanced(
        settings,
        state,
        air,
        step,
        shape,
        calendar=calendar,
        latitude=latitude,
        longitude=longitude,
    )
    side = spectral.side_of_blocks(settings, shape)

    def corrected(cheap: Array, excess: Array) -> Array:
        return cheap + spectral.spread(excess, shape, side)

    transmissivity = corrected(sky.transmissivity, state.transmissivity_excess)
    reflectivity = corrected(sky.reflectivity, state.reflectivity_excess)
    return state, Radiation(
        shortwave_down=jnp.maximum(transmissivity, 0.0) * power,
        longwave_down=corrected(sky.longwave_down, state.longwave_excess),
        incoming_shortwave=power,
        reflected_shortwave=jnp.maximum(reflectivity, 0.0) * power,
        outgoing_longwave=corrected(sky.outgoing_longwave, state.outgoing_longwave_excess),
    )
