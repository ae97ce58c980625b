"""The published model's own time: which one has the sun of a date in any calendar, for ever.

Upstream's time is one single-precision number since a reference date. From it the model takes an
orbital phase, uniform in years of 365.25 days from that of the reference, and the hour. Far from
the reference the number is coarse: the hour is off by 2 minutes after 50 years, 4 after 100 and 18
after 400 (`tests/python/engine/neuralgcm/test_model_time.py`). And its years drift against the
calendar, by a day in 128 years.

In the real calendar within `_OWN_DAYS` of the reference upstream's time is left alone.
Elsewhere, and in idealised calendars, the model gets the time within two years of its reference
that has the hour of the date and its season to about an eighth of a day: in four of upstream's
years, 1461 days, each hour meets the orbit at every quarter of a day.

The season of a date: in an idealised calendar the part of its year that has passed, the phase that
upstream itself gives to a date; in the real one, tropical years since the reference.

Source: `dinosaur.radiation`: `OrbitalTime`, `datetime_to_orbital_time`.
"""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from ngcm_coupler.clock.calendars import REAL, SECONDS_PER_DAY, year_and_day

_OWN_DAYS = 20000
"""Days from the reference, 55 years, in which upstream's time is kept: 1924 to 2033 for the
published models, whose years have drifted by less than half a day then."""

_CYCLE = 1461  # days in four of upstream's years, and quarter days in one
_INVERSE_OF_FOUR = 1096  # modulo the cycle
_TURN_PER_DAY = np.uint32(round(2**32 / 365.2422))  # of the tropical year; 2^32 is a turn


@dataclasses.dataclass(frozen=True)
class ModelTime:
    """Dates as a model's time.

    Attributes:
      calendar: of the dates, one of `calendars.CALENDARS`.
      reference: the model's time zero, in the real calendar.
      unit_seconds: length of the model's unit of time [s].
    """

    calendar: str
    reference: np.datetime64
    unit_seconds: float

    def of(self, time: ArrayLike, day: ArrayLike, second: ArrayLike) -> jax.Array:
        """The time with the sun of a date.

        Args:
          time: upstream's time of that date in the real calendar, float32, shape ().
          day: days since 1970-01-01 in the calendar, int32, shape ().
          second: second of that day, int32, shape ().

        Returns:
          Upstream's time or another one, in the model's units, float32, shape ().
        """
        day, second = jnp.asarray(day, jnp.int32), jnp.asarray(second, jnp.int32)
        zero = self._reference_day, self._reference_second
        days = self._days(day)
        # Days and seconds apart: their sum in seconds would not fit single precision.
        folded = days.astype(jnp.float32) * (SECONDS_PER_DAY / self.unit_seconds)
        folded = folded + (second - zero[1]).astype(jnp.float32) / self.unit_seconds
        if self.calendar != REAL:
            return folded
        return jnp.where(jnp.abs(day - zero[0]) <= _OWN_DAYS, time, folded)

    def _days(self, day: jax.Array) -> jax.Array:
        """Whole days since that of the reference, within two years, with the season of a day."""
        if self.calendar == REAL:
            turns = (day - self._reference_day).astype(jnp.uint32) * _TURN_PER_DAY
            quarters = turns.astype(jnp.float32) * (_CYCLE / 2.0**32)
        else:
            _, day_of_year, length = year_and_day(day, self.calendar)
            quarters = day_of_year.astype(jnp.float32) * (_CYCLE / length) - self._reference_quarter
        cycle = jnp.round(quarters).astype(jnp.int32) * _INVERSE_OF_FOUR
        return (cycle + _CYCLE // 2) % _CYCLE - _CYCLE // 2

    @property
    def _reference_day(self) -> int:
        return int(self.reference.astype("datetime64[D]").astype(int))

    @property
    def _reference_second(self) -> int:
        return int(self.reference.astype("datetime64[s]").astype(int)) % SECONDS_PER_DAY

    @property
    def _reference_quarter(self) -> float:
        """Orbital phase as the day of the reference begins, in quarters of a day."""
        day = self.reference.astype("datetime64[D]")
        first = day.astype("datetime64[Y]")
        length = ((first + 1).astype("datetime64[D]") - first.astype("datetime64[D]")).astype(int)
        return float((day - first.astype("datetime64[D]")).astype(int) / length * _CYCLE)
