"""When and where spectra are computed, and what is kept of them between.

Spectra are dear. They are computed at fixed hours of the day, for the mean air of blocks of
columns; each g-point meets the clouds of one of the columns. What is kept is by how much they
differ from the cheap scheme under the same air, and each step adds that to what the cheap scheme
gives every column then: clouds within a block, their change until the next calculation and the
height of the sun all show.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from ngcm_coupler.config.model_groups import Radiation as RadiationSettings
from ngcm_coupler.surface.radiation import rrtmgp_columns as spectra
from ngcm_coupler.surface.radiation.clouds import Clouds, sampled
from ngcm_coupler.surface.radiation.grey import RadiatingColumns, grey_sky
from ngcm_coupler.surface.radiation.insolation import Step, sunlight
from ngcm_coupler.surface.radiation.ozone import ozone_profile

_MASS_RATIO = 0.622  # molar mass of water over that of dry air
_LEAST_HUMIDITY = 1e-7
_AEROSOL_POWER = 3.0  # aerosol per mass of air goes with this power of pressure: 2 km scale height
_BATCH = {"cpu": 256}  # columns computed at once, for memory and caches
_LARGE_BATCH = 8192
_SIDES = {"cpu": 4}  # what a coarsening of 0 stands for


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class SpectralState:
    """What is kept between two calculations, on m blocks of columns."""

    transmissivity_excess: Array
    """Short wave at the surface as part of the sunlight above, more than the cheap scheme gives
    [1], shape (4, m)."""
    reflectivity_excess: Array
    """Short wave that leaves the air upward, likewise [1], shape (m,)."""
    longwave_excess: Array
    """At the surface, more than the cheap scheme gives [W m-2], shape (m,)."""
    outgoing_longwave_excess: Array
    """At the top of the air, likewise [W m-2], shape (m,)."""
    begun: Array
    """Whether anything has been computed yet, shape ()."""


def side_of_blocks(settings: RadiationSettings, shape: tuple[int, int]) -> int:
    """Columns along the side of a block that shares one calculation."""
    if settings.coarsening:
        return settings.coarsening
    side = _SIDES.get(jax.default_backend(), 1)
    while any(count % side for count in shape):
        side -= 1
    return side


def initial_state(settings: RadiationSettings, shape: tuple[int, int]) -> SpectralState:
    """The state of a run that begins, for a grid of that many rows and columns."""
    side = side_of_blocks(settings, shape)
    blocks = (shape[0] // side) * (shape[1] // side)
    nothing = jnp.zeros(blocks, jnp.float32)
    return SpectralState(
        transmissivity_excess=jnp.zeros((4, blocks), jnp.float32),
        reflectivity_excess=nothing,
        longwave_excess=nothing,
        outgoing_longwave_excess=nothing,
        begun=jnp.zeros((), bool),
    )


def advanced(
    settings: RadiationSettings,
    state: SpectralState,
    air: RadiatingColumns,
    step: Step,
    shape: tuple[int, int],
    *,
    calendar: str,
    latitude: Array,
    longitude: Array,
) -> SpectralState:
    """The state that holds for this step: computed anew if it is time, kept otherwise.

    It is time in the first step of a run, and in every step that holds a multiple of the
    interval; that is a function of the date alone. The cosine of the zenith angle is the mean
    while the sun is up until the next calculation, so that columns into which the sun will rise
    have their light.
    """
    interval = settings.interval_seconds
    since = step.second % interval
    due = ~state.begun | (since < step.seconds)

    def compute() -> SpectralState:
        rest = sunlight(step.day, step.second, interval - since, latitude, longitude, calendar)
        key = jax.random.fold_in(jax.random.key(step.day), step.second)
        return _computed(settings, air, shape, rest.sunlit_cosine, key)

    return jax.lax.cond(due, compute, lambda: state)


def _computed(
    settings: RadiationSettings,
    air: RadiatingColumns,
    shape: tuple[int, int],
    cosine: Array,
    key: Array,
) -> SpectralState:
    """Spectra of all blocks."""
    side = side_of_blocks(settings, shape)
    cheap = grey_sky(settings, air, cosine)
    # The sun shines on a block as it does on average on those of its columns that see it.
    lit = (cosine > 0.0).astype(cosine.dtype)
    share = _blocks(lit, shape, side)
    sunlit = jnp.where(share > 0.0, 1.0 / jnp.where(share > 0.0, share, 1.0), 0.0)
    cheap_transmissivity = sunlit * _blocks(lit * cheap.transmissivity, shape, side)
    cheap_reflectivity = sunlit * _blocks(lit * cheap.reflectivity, shape, side)
    block_cosine = sunlit * _blocks(cosine, shape, side)
    mean = jax.tree.map(lambda values: _blocks(values, shape, side), air)
    clouds = jax.tree.map(lambda values: _members(values, shape, side), air.clouds)
    thermal, solar = _solved(settings, mean, clouds, block_cosine, key)
    return SpectralState(
        transmissivity_excess=solar.down.T - cheap_transmissivity,
        reflectivity_excess=solar.reflected - cheap_reflectivity,
        longwave_excess=thermal.down - _blocks(cheap.longwave_down, shape, side),
        outgoing_longwave_excess=thermal.out - _blocks(cheap.outgoing_longwave, shape, side),
        begun=jnp.ones((), bool),
    )


def _solved(
    settings: RadiationSettings,
    air: RadiatingColumns,
    clouds: Clouds,
    cosine: Array,
    key: Array,
) -> tuple[spectra.LongWave, spectra.ShortWave]:
    """Spectra of blocks; the short wave of those that see no sun is zero.

    Clouds are those of the columns of each block, shape (levels, m, columns of a block).
    """
    spectrum = spectra.read_spectrum(
        1e-6 * settings.carbon_dioxide_ppm,
        1e-9 * settings.methane_ppb,
        1e-9 * settings.nitrous_oxide_ppb,
    )
    columns = _columns(settings, air, cosine)
    levels, blocks, members = clouds.fraction.shape
    offsets = jax.random.uniform(key, (levels, blocks))
    first = jax.random.randint(jax.random.fold_in(key, 1), (blocks,), 0, members)

    def met(i: Array, points: int) -> spectra.CloudMet:
        """What each point meets in some blocks, shape (blocks, points, levels) each."""
        own = clouds_of_points(jax.tree.map(lambda values: values[:, i], clouds), first[i], points)
        cloudy = sampled(own.fraction, offsets[:, i], points).swapaxes(0, 1)

        def upward(values: Array) -> Array:
            return values[::-1].transpose(2, 1, 0)

        liquid = settings.cloud_inhomogeneity * own.liquid_path
        ice = settings.cloud_ice_inhomogeneity * own.ice_path
        return spectra.CloudMet(
            liquid_path=upward(jnp.where(cloudy, liquid, 0.0)),
            ice_path=upward(jnp.where(cloudy, ice, 0.0)),
            liquid_radius=upward(own.liquid_radius),
            ice_radius=upward(own.ice_radius),
        )

    def long_wave(i: Array) -> spectra.LongWave:
        some = jax.tree.map(lambda values: values[i], columns)
        solve = jax.vmap(functools.partial(spectra.long_wave, spectrum))
        return solve(some, met(i, spectrum.longwave_points))

    def short_wave(i: Array) -> spectra.ShortWave:
        some = jax.tree.map(lambda values: values[i], columns)
        solve = jax.vmap(functools.partial(spectra.short_wave, spectrum))
        light = solve(some, met(i, spectrum.shortwave_points))
        day = cosine[i] > 0.0
        return spectra.ShortWave(
            jnp.where(day[:, None], light.down, 0.0), jnp.where(day, light.reflected, 0.0)
        )

    def dark(i: Array) -> spectra.ShortWave:
        nothing = jnp.zeros(i.shape, cosine.dtype)
        return spectra.ShortWave(jnp.zeros((*i.shape, 4), cosine.dtype), nothing)

    def by_day(i: Array) -> spectra.ShortWave:
        return jax.lax.cond((cosine[i] > 0.0).any(), short_wave, dark, i)

    # Columns in the dark come last, so that whole batches of them cost nothing.
    return (
        _in_batches(long_wave, jnp.arange(cosine.shape[0])),
        _in_batches(by_day, jnp.argsort(cosine <= 0.0)),
    )


def _columns(settings: RadiationSettings, air: RadiatingColumns, cosine: Array) -> spectra.Column:
    """Columns with their index first and the level next to the surface before all others."""
    columns = air.columns
    humidity = jnp.maximum(columns.specific_humidity, _LEAST_HUMIDITY)
    thickness = jnp.diff(columns.interface_pressure, axis=0)
    aerosol = thickness * columns.air_pressure**_AEROSOL_POWER
    aerosol = settings.aerosol_optical_depth * aerosol / aerosol.sum(axis=0)

    def upward(values: Array) -> Array:
        return values[::-1].T

    return spectra.Column(
        air_temperature=upward(columns.air_temperature),
        air_pressure=upward(columns.air_pressure),
        thickness=upward(thickness),
        gases={
            "h2o": upward(humidity / (1.0 - humidity) / _MASS_RATIO),
            "o3": upward(
                ozone_profile(air.ozone, columns.air_pressure, columns.interface_pressure)
            ),
        },
        aerosol=upward(aerosol),
        surface_temperature=air.surface_temperature,
        surface_emissivity=jnp.ones_like(air.surface_temperature),
        surface_albedo=air.surface_albedo.T,
        cosine=cosine,
    )


def _in_batches(function, order: Array):  # noqa: ANN001, ANN202
    """Applies a function of column indices to batches of them, in that order."""
    count = order.shape[0]
    size = min(count, _BATCH.get(jax.default_backend(), _LARGE_BATCH))
    surplus = -count % size
    padded = jnp.concatenate([order, order[:surplus]]).reshape(-1, size)
    results = jax.lax.map(function, padded)
    return jax.tree.map(
        lambda x: (
            jnp.zeros((count, *x.shape[2:]), x.dtype)
            .at[order]
            .set(x.reshape(-1, *x.shape[2:])[:count])
        ),
        results,
    )


def clouds_of_points(clouds: Clouds, first: Array, points: int) -> Clouds:
    """The clouds of the column that each g-point meets: columns of a block take turns.

    The mean air of a block has no clouds that would do: those of its columns lie side by side, and
    a mean fraction in every level would lie on top of itself, and cover less.

    Args:
      clouds: of the columns of blocks, shape (levels, m, columns of a block) each.
      first: the column that the first point meets, shape (m,); chance, so that over many
        calculations all points meet all columns.
      points: how many there are, static.

    Returns:
      Clouds of shape (levels, points, m) each. Where a block's columns divide the points, all
      columns are met as often.
    """
    blocks, members = clouds.fraction.shape[1:]
    column = (jnp.arange(points)[:, None] + first) % members
    return jax.tree.map(lambda values: values[:, jnp.arange(blocks), column], clouds)


def _members(values: Array, shape: tuple[int, int], side: int) -> Array:
    """Values of the columns of each block, shape (levels, n) to (levels, m, side * side)."""
    rows, columns = shape
    parts = values.reshape(-1, rows // side, side, columns // side, side)
    return parts.transpose(0, 1, 3, 2, 4).reshape(parts.shape[0], -1, side * side)


def _blocks(values: Array, shape: tuple[int, int], side: int) -> Array:
    """Means over blocks of the grid, shape (..., n) to (..., m)."""
    rows, columns = shape
    parts = values.reshape(*values.shape[:-1], rows // side, side, columns // side, side)
    return parts.mean(axis=(-3, -1)).reshape(*values.shape[:-1], -1)


def spread(values: Array, shape: tuple[int, int], side: int) -> Array:
    """Values of blocks at every point, linear in between, shape (..., m) to (..., n)."""
    rows, columns = shape[0] // side, shape[1] // side
    values = values.reshape(*values.shape[:-1], rows, columns)
    values = _between(values, -2, side, False)
    values = _between(values, -1, side, True)
    return values.reshape(*values.shape[:-2], -1)


def _between(values: Array, axis: int, side: int, periodic: bool) -> Array:
    """Interpolates along an axis; beyond the ends values stay, or come round again."""
    count = values.shape[axis]
    place = (np.arange(count * side) + 0.5) / side - 0.5
    low = np.floor(place).astype(int)
    weight = (place - low).astype(np.float32)
    ends = (low, low + 1)
    ends = [i % count if periodic else i.clip(0, count - 1) for i in ends]
    weight = weight.reshape(-1, *[1] * (-1 - axis))
    first, second = (jnp.take(values, i, axis=axis) for i in ends)
    return first + weight * (second - first)
