"""Cheap radiation: broad-band formulae, a few operations a column.

Long wave: emission of clear air downward by Prata (1996), upward through what vapour and carbon
dioxide leave open, and of clouds through what is open before them. Short wave: `grey_sunlight`.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from ngcm_coupler.air import Columns
from ngcm_coupler.config.model_groups import Radiation as RadiationSettings
from ngcm_coupler.constants import GRAVITY
from ngcm_coupler.surface.derived import STEFAN_BOLTZMANN
from ngcm_coupler.surface.radiation.clouds import Clouds, added_up, cover_below
from ngcm_coupler.surface.radiation.grey_sunlight import DIFFUSIVITY, sunlit

_LIQUID_EMISSION = 90.361  # absorption of liquid water [m2 kg-1]; Kiehl et al. (1996)
# How much of the black radiation of a level gets to space through clear air: vapour closes lines by
# a power of its amount and the window by its continuum, carbon dioxide and ozone close their bands.
# Fitted to the spectra of the demo model's clear air.
_LINES_SCALE = 0.0237  # [kg m-2]
_LINES_POWER = 0.130
_CONTINUUM = 1.88  # [m2 kg-1], with the humidity that it grows with
_BANDS_CLOSED = 0.304
_BANDS_PRESSURE = 2.45e4  # [Pa]


class RadiatingColumns(NamedTuple):
    """The air above every point as radiation sees it, and the surface below; top level first."""

    columns: Columns
    """Negative humidity counts as zero."""
    clouds: Clouds
    """Shape (levels, n)."""
    ozone: Array
    """In the column [Dobson units], shape (n,)."""
    surface_albedo: Array
    """Bands as in `fields.BANDS` [1], shape (4, n)."""
    surface_temperature: Array
    """[K], shape (n,)."""


class GreySky(NamedTuple):
    """What reaches the surface and what leaves the planet."""

    transmissivity: Array
    """Short wave at the surface in four bands, as part of the sunlight above the air [1], shape
    (4, n)."""
    reflectivity: Array
    """Short wave that leaves the air upward as part of that sunlight [1], shape (n,)."""
    longwave_down: Array
    """At the surface [W m-2], shape (n,)."""
    outgoing_longwave: Array
    """At the top of the air [W m-2], shape (n,)."""


def grey_sky(settings: RadiationSettings, air: RadiatingColumns, sunlit_cosine: Array) -> GreySky:
    """Radiation by broad-band formulae.

    Args:
      settings: ``&ngcm_radiation``.
      air: the air.
      sunlit_cosine: cosine of the zenith angle while the sun is up [1], shape (n,).

    Returns:
      What reaches the surface and what leaves the planet.
    """
    columns = air.columns
    mass = jnp.diff(columns.interface_pressure, axis=0) / GRAVITY
    vapour = jnp.maximum(columns.specific_humidity, 0.0) * mass
    # Lines narrow with falling pressure; Lacis and Hansen (1974).
    effective = vapour * (columns.air_pressure / 101325.0)
    effective = effective * jnp.sqrt(273.15 / columns.air_temperature)
    light = sunlit(settings, air.clouds, air.surface_albedo, air.ozone, effective, sunlit_cosine)
    opaque = _opaque(settings, air.clouds)
    return GreySky(
        transmissivity=light.transmissivity,
        reflectivity=light.reflectivity,
        longwave_down=_longwave_down(opaque, columns.air_temperature, vapour),
        outgoing_longwave=_outgoing_longwave(opaque, air, effective),
    )


def _opaque(settings: RadiationSettings, clouds: Clouds) -> Array:
    """Part of each level that clouds hide from heat radiation [1], shape (levels, n).

    Source: Kiehl et al. (1996), NCAR/TN-420, for the emissivity of clouds.
    """
    ice_emission = 5.0 + 1e-3 / clouds.ice_radius  # [m2 kg-1]
    liquid = settings.cloud_inhomogeneity * clouds.liquid_path
    ice = settings.cloud_ice_inhomogeneity * clouds.ice_path
    depth = _LIQUID_EMISSION * liquid + ice_emission * ice
    return clouds.fraction * -jnp.expm1(-DIFFUSIVITY * depth)


def _longwave_down(opaque: Array, air_temperature: Array, vapour: Array) -> Array:
    """Downwelling long wave at the surface [W m-2], shape (n,).

    Air below a cloud emits as much as Prata's formula gives for its vapour; of what it does not
    emit, the cloud fills its share at its own temperature. The lowest level stands for the screen
    level of the formula.

    Source: Prata (1996), Q. J. R. Meteorol. Soc. 122, 1127-1151.
    """
    up = slice(None, None, -1)
    temperature, column = air_temperature[up], vapour[up]
    cover = cover_below(opaque[up])
    seen = jnp.diff(cover, axis=0, prepend=jnp.zeros_like(cover[:1]))
    near = temperature[0]
    open_below = 1.0 - _clear_emissivity(added_up(column) - 0.5 * column)
    open_above = 1.0 - _clear_emissivity(column.sum(axis=0))
    emitted = near**4 * (
        (1.0 - open_above) * (1.0 - cover[-1]) + (seen * (1.0 - open_below)).sum(axis=0)
    ) + (seen * open_below * temperature**4).sum(axis=0)
    return STEFAN_BOLTZMANN * emitted


def _outgoing_longwave(opaque: Array, air: RadiatingColumns, vapour: Array) -> Array:
    """Long wave that leaves the air upward [W m-2], shape (n,).

    Each level emits what the air from its bottom to its top closes of the way to space, and its
    clouds what they hide, from its middle. In air of one temperature all of it adds up to a black
    body's.
    """
    top = jnp.zeros_like(vapour[:1])
    way = _way_to_space(air.columns, vapour)
    cover = jnp.concatenate([top, cover_below(opaque)])
    closed, hidden = way[:-1] - way[1:], cover[1:] - cover[:-1]
    gas = closed * (1.0 - 0.5 * (cover[1:] + cover[:-1]))
    emitted = (gas + hidden * 0.5 * (way[1:] + way[:-1])) * air.columns.air_temperature**4
    ground = way[-1] * (1.0 - cover[-1]) * air.surface_temperature**4
    return STEFAN_BOLTZMANN * (emitted.sum(axis=0) + ground)


def _way_to_space(columns: Columns, vapour: Array) -> Array:
    """Part of black radiation at each interface that clear air lets out [1], (levels + 1, n)."""
    mass = jnp.diff(columns.interface_pressure, axis=0) / GRAVITY
    humidity = jnp.maximum(columns.specific_humidity, 0.0)

    def above(values: Array) -> Array:
        return jnp.concatenate([jnp.zeros_like(values[:1]), added_up(values)])

    lines = -_LINES_POWER * jnp.log1p(above(vapour) / _LINES_SCALE)
    continuum = -_CONTINUUM * above(humidity**2 * mass)
    bands = 1.0 + _BANDS_CLOSED * jnp.expm1(-columns.interface_pressure / _BANDS_PRESSURE)
    return jnp.exp(lines + continuum) * bands


def _clear_emissivity(vapour: Array) -> Array:
    """Emissivity of clear air [1] from its water vapour [kg m-2]. Source: Prata (1996), eq. 19."""
    centimetres = vapour / 10.0
    return 1.0 - (1.0 + centimetres) * jnp.exp(-jnp.sqrt(1.2 + 3.0 * centimetres))
