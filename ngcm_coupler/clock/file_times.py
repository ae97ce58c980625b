"""The times of files that others write, in whatever form and precision.

A time is a number since a date. As a text of whole seconds it would depend on the last bits of
that number: 0.99999999 h is one hour. Times are compared as numbers here, as closely as the file
can tell them apart.
"""

from __future__ import annotations

import contextlib
import dataclasses
import re

import cftime
import numpy as np
from numpy.typing import ArrayLike

from ngcm_coupler.clock.calendars import REAL, SECONDS_PER_DAY

_CALENDARS = {
    "": REAL,
    "standard": REAL,
    "gregorian": REAL,
    "365_day": "noleap",
    "366_day": "all_leap",
}
"""Other names of calendars: those that have the same dates since 1582 are one."""

_EPOCH = "seconds since 1970-01-01"
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": SECONDS_PER_DAY, "w": 7 * SECONDS_PER_DAY}
_DAY_AS = re.compile(r"\s*day as %Y%m%d(\.%f)?\s*")
_GREGORIAN_REFORM = -12219292800
"""1582-10-15, where the standard calendar leaves the Julian one [s since 1970-01-01]."""

_EXACT = 0.25
"""Times that are known as closely as this are whole seconds [s]."""

_NEVER = -(2**62)
_FIRST, _LAST = -62135596800, 253402300800
"""Begin of year 1 and end of year 9999 [s since 1970-01-01]."""


@dataclasses.dataclass(frozen=True)
class FileTimes:
    """Moments of a file, in its order.

    Attributes:
      calendar: of the dates, by the name that `calendars.CALENDARS` has for it.
      seconds: since 1970-01-01 in that calendar, whole ones, int64, shape (n,).
      tolerance: how far a time may be off by the precision in which the file has it [s].
    """

    calendar: str
    seconds: np.ndarray
    tolerance: float

    @classmethod
    def decoded(cls, values: ArrayLike, units: str, calendar: str = "") -> FileTimes:
        """The times that numbers mean.

        Args:
          values: as the file has them, of any shape.
          units: such as ``hours since 1900-01-01``, or ``day as %Y%m%d.%f``.
          calendar: as CF names it; '' for the standard one.

        Raises:
          ValueError: they mean none; says why, as the end of a sentence.
        """
        raw = np.ma.atleast_1d(np.ma.asarray(values)).reshape(-1)
        if raw.dtype.kind not in "fiu":
            raise ValueError(f"are of type {raw.dtype}, expected numbers")
        numbers = np.ma.filled(raw.astype(np.float64), np.nan)
        if not np.isfinite(numbers).all():
            raise ValueError("are missing or not finite")
        own = calendar.strip().lower()
        calendar = _CALENDARS.get(own, own)
        if _DAY_AS.fullmatch(units):
            unit, seconds = SECONDS_PER_DAY, _of_written_days(numbers, calendar)
        else:
            unit = _UNIT_SECONDS.get(units.strip()[:1].lower(), 1)
            seconds = _since(numbers, units, own or "standard", calendar)
        if not ((seconds >= _FIRST) & (seconds < _LAST)).all():
            raise ValueError("are no dates of the years 1 to 9999")
        coarse = 0.0
        if raw.dtype.kind == "f" and raw.size:
            coarse = float(np.spacing(np.abs(np.ma.getdata(raw)).max())) * unit
        return cls(calendar, _whole(seconds, coarse), coarse)

    def __len__(self) -> int:
        return self.seconds.size

    def date(self, place: int) -> str:
        """A time as ``YYYY-MM-DDTHH:MM:SS``, in its calendar."""
        return cftime.num2date(int(self.seconds[place]), _EPOCH, self.calendar).isoformat()

    def span(self) -> str:
        """The first and the last date, in words."""
        if not len(self):
            return "no times"
        first, last = self.date(int(self.seconds.argmin())), self.date(int(self.seconds.argmax()))
        return first if first == last else f"{first} to {last}"

    def at(self, date: str) -> FileTimes:
        """A date, ``YYYY-MM-DDTHH:MM:SS``, as a time of the same calendar.

        Raises:
          ValueError: the calendar has no such date.
        """
        numbers = map(int, re.split("[-T:]", date))
        when = cftime.datetime(*numbers, calendar=self.calendar)
        seconds = round(float(cftime.date2num(when, _EPOCH, self.calendar)))
        return FileTimes(self.calendar, np.array([seconds]), 0.0)

    def written_in(self, calendar: str) -> FileTimes:
        """The same dates, as they are written, in another calendar; those it lacks never match."""
        if calendar == self.calendar:
            return self
        seconds = np.full(len(self), _NEVER)
        for place in range(len(self)):
            with contextlib.suppress(ValueError):
                other = FileTimes(calendar, seconds[:0], 0.0).at(self.date(place))
                seconds[place] = other.seconds[0]
        return FileTimes(calendar, seconds, self.tolerance)

    def twice(self) -> str:
        """A date that the file has more than once; '' for none."""
        order = np.argsort(self.seconds, kind="stable")
        same = np.flatnonzero(np.diff(self.seconds[order]) == 0)
        return self.date(int(order[same[0]])) if same.size else ""

    def places_of(self, others: FileTimes) -> np.ndarray:
        """Where the times of another file of this calendar are in this one.

        Returns:
          Places, -1 for a time that is not here, int64, shape (len(others),).

        Raises:
          ValueError: the precision of the two does not tell which of several times is meant.
        """
        order = np.argsort(self.seconds, kind="stable")
        here = self.seconds[order]
        coarse = self.tolerance + others.tolerance
        reach = int(np.ceil(coarse)) if coarse > _EXACT else 0
        first = np.searchsorted(here, others.seconds - reach, side="left")
        count = np.searchsorted(here, others.seconds + reach, side="right") - first
        if (count > 1).any():
            kept = f", as far as their precision of {reach} s tells" if reach else ""
            raise ValueError(f"hold {others.date(int(count.argmax()))} more than once{kept}")
        places = np.full(len(others), -1)
        found = count == 1
        places[found] = order[first[found]]
        return places


def _whole(seconds: np.ndarray, coarse: float) -> np.ndarray:
    """Whole seconds; of a coarse time the whole hour or minute that it may stand for."""
    whole = np.round(seconds)
    for step in (60.0, 3600.0):
        rounded = np.round(seconds / step) * step
        whole = np.where(np.abs(rounded - seconds) <= 0.5 * coarse, rounded, whole)
    return whole.astype(np.int64)


def _since(numbers: np.ndarray, units: str, own: str, calendar: str) -> np.ndarray:
    """Seconds since 1970 of numbers since a date."""
    if " since " not in units:
        raise ValueError(
            f"have the units {units[:60]!r}, expected some like 'hours since 1900-01-01'"
        )
    if not numbers.size:
        return numbers
    try:
        dates = cftime.num2date(numbers, units, own)
        seconds = np.array(cftime.date2num(dates, _EPOCH, own), np.float64)
        if calendar == REAL and own != REAL:
            for place in np.flatnonzero(seconds < _GREGORIAN_REFORM):  # Julian: as it is written
                each = cftime.datetime(*dates[place].timetuple()[:6], calendar=calendar)
                seconds[place] = cftime.date2num(each, _EPOCH, calendar)
        return seconds
    except (ValueError, OverflowError, TypeError) as error:
        raise ValueError(
            f"have the units {units[:60]!r} in the calendar {own[:20]!r}, which make no dates"
            f" ({str(error)[:100]})"
        ) from error


def _of_written_days(numbers: np.ndarray, calendar: str) -> np.ndarray:
    """Seconds since 1970 of dates that are written as numbers, 20000131.25."""
    days = np.floor(numbers)
    try:
        dates = [
            cftime.datetime(day // 10000, day // 100 % 100, day % 100, calendar=calendar)
            for day in map(int, days)
        ]
        midnights = np.asarray(cftime.date2num(dates, _EPOCH, calendar), np.float64)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"are no dates written as YYYYMMDD ({str(error)[:100]})") from error
    return midnights + (numbers - days) * SECONDS_PER_DAY
