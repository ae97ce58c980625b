"""The air next to the surface: as the model's lowest level has it, or as its decoder would have it.

A learned model keeps its levels as it likes; what its training has compared with the analysis is
what its decoder makes of them. Bulk formulae, and a host, want the air of the analysis.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

import jax
import jax.numpy as jnp
import numpy as np

from ngcm_coupler.air import LowestLevel
from ngcm_coupler.constants import VIRTUAL_TEMPERATURE_FACTOR
from ngcm_coupler.engine.atmosphere import Atmosphere
from ngcm_coupler.errors import ConfigError
from ngcm_coupler.fields.levels import AIR
from ngcm_coupler.surface import moist

_DECODER_SECONDS = 43200
"""Time between two uses of the decoder by 'corrected' [s]. What it differs by is a field that
hardly changes, and some of it goes with the time of day: two are enough to see both."""

_CALM = 1e-6
"""Square of a wind that counts as calm [m2 s-2], which has a derivative."""


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Correction:
    """What the decoder differed by when it was last used, of an interval handed to the next.

    Attributes:
      air_temperature: decoded less raw [K], shape (n,).
      specific_humidity: decoded less raw [1], shape (n,).
      wind_factor: decoded over raw speed, means over all sea and all land [1], shape (n,).
      begun: whether the decoder has been used.
    """

    air_temperature: jax.Array
    specific_humidity: jax.Array
    wind_factor: jax.Array
    begun: jax.Array


class LowestAir:
    """How the air next to the surface follows from an atmosphere."""

    def __init__(self, how: str, atmosphere: Atmosphere) -> None:
        """Chooses.

        Args:
          how: ``raw``, ``corrected`` or ``decoded``; without a decoder ``corrected`` is ``raw``.
          atmosphere: the atmosphere.

        Raises:
          ConfigError: ``decoded`` is asked of an atmosphere without a decoder.
        """
        if fault := atmosphere.levels.lowest_level_fault(how):
            raise ConfigError(fault)
        self._how = atmosphere.levels.lowest_level_in_use(how)
        self._pressures = np.array(atmosphere.levels.pressures_hpa, np.float32) * 100.0
        self._size, self._step = atmosphere.grid.size, atmosphere.step_seconds
        land, area = atmosphere.land_area_fraction, atmosphere.grid.area
        self._tiles = np.stack([1.0 - land, land]).astype(np.float32)
        self._weights = (area / area.sum() * self._tiles).astype(np.float32)

    def begin(self) -> Correction:
        """No correction yet: the first step finds one."""
        nothing = jnp.zeros(self._size, jnp.float32)
        return Correction(nothing, nothing, nothing + 1.0, jnp.zeros((), bool))

    def advanced(
        self,
        correction: Correction,
        raw: LowestLevel,
        decode: Callable[[], Mapping[str, jax.Array]],
        second: jax.Array,
    ) -> tuple[Correction, LowestLevel]:
        """The air at the end of a step.

        Args:
          correction: of the step before.
          raw: the model's lowest level.
          decode: gives the air on levels of constant pressure, as `Atmosphere.pressure_levels`.
          second: second of the day at the end of the step, int32, shape ().

        Returns:
          The correction, found anew in the first step of a run and in every one that ends in or
          passes a multiple of twelve hours of the date; and the air.
        """
        if self._how == "corrected":
            due = ~correction.begun | (second % _DECODER_SECONDS < self._step)
            correction = jax.lax.cond(
                due, lambda: self._found(raw, self._decoded(raw, decode())), lambda: correction
            )
        return correction, self.at(correction, raw, decode)

    def at(
        self,
        correction: Correction,
        raw: LowestLevel,
        decode: Callable[[], Mapping[str, jax.Array]],
    ) -> LowestLevel:
        """The air of a moment with the correction that holds. Arguments as of `advanced`."""
        if self._how == "decoded":
            return self._decoded(raw, decode())
        if self._how == "corrected":
            return _replaced(
                raw,
                raw.air_temperature + correction.air_temperature,
                raw.specific_humidity + correction.specific_humidity,
                correction.wind_factor * raw.eastward_wind,
                correction.wind_factor * raw.northward_wind,
            )
        return raw

    def _decoded(self, raw: LowestLevel, rows: Mapping[str, jax.Array]) -> LowestLevel:
        """What the decoder gives, at the pressure of the lowest level.

        It is linear in pressure between the decoder's levels, as upstream is between those of the
        model; below them temperature goes on as between the last two, and the others stay.
        """
        levels = jnp.asarray(self._pressures)
        above = jnp.searchsorted(levels, raw.air_pressure).clip(1, levels.size - 1) - 1
        weight = (raw.air_pressure - levels[above]) / (levels[above + 1] - levels[above])

        def between(name: str, weight: jax.Array) -> jax.Array:
            upper, lower = (
                jnp.take_along_axis(rows[AIR[name]], place[None], axis=0)[0]
                for place in (above, above + 1)
            )
            return upper + weight * (lower - upper)

        humidity, *wind = (
            between(name, weight.clip(0.0, 1.0)) for name in AIR if name != "air_temperature"
        )
        return _replaced(raw, between("air_temperature", weight), humidity, *wind)

    def _found(self, raw: LowestLevel, decoded: LowestLevel) -> Correction:
        """The correction of a moment.

        The decoder moves wind from hour to hour as much as it changes it; what lasts is that of
        its speed, and so one factor for the sea and one for the land is taken of it.
        """
        true, own = ((self._weights * _speed(level)).sum(axis=1) for level in (decoded, raw))
        factors = jnp.where(own > 0.0, true / jnp.where(own > 0.0, own, 1.0), 1.0)
        return Correction(
            decoded.air_temperature - raw.air_temperature,
            decoded.specific_humidity - raw.specific_humidity,
            factors[0] * self._tiles[0] + factors[1] * self._tiles[1],
            jnp.ones((), bool),
        )


def _speed(level: LowestLevel) -> jax.Array:
    return jnp.sqrt(level.eastward_wind**2 + level.northward_wind**2 + _CALM)


def _replaced(
    raw: LowestLevel,
    air_temperature: jax.Array,
    specific_humidity: jax.Array,
    eastward_wind: jax.Array,
    northward_wind: jax.Array,
) -> LowestLevel:
    """The level with other air, at the same pressure, and as much higher as it is lighter.

    Humidity is not negative, and no more than saturation if the model's own is not.
    """
    vapour = moist.saturation_vapour_pressure(air_temperature, raw.air_pressure)
    saturation = moist.specific_humidity(vapour, raw.air_pressure)
    most = jnp.maximum(saturation, raw.specific_humidity)
    humidity = jnp.minimum(jnp.maximum(specific_humidity, 0.0), most)

    def virtual(temperature: jax.Array, humidity: jax.Array) -> jax.Array:
        return temperature * (1.0 + VIRTUAL_TEMPERATURE_FACTOR * humidity)

    lighter = virtual(air_temperature, humidity) / virtual(
        raw.air_temperature, raw.specific_humidity
    )
    return dataclasses.replace(
        raw,
        height=raw.height * lighter,
        eastward_wind=eastward_wind,
        northward_wind=northward_wind,
        air_temperature=air_temperature,
        specific_humidity=humidity,
    )
