"""The component's clock: whole seconds since a start date, so that it never drifts."""

from __future__ import annotations

import dataclasses
import datetime

import cftime

from ngcm_coupler.clock import calendars
from ngcm_coupler.errors import ArgumentError


@dataclasses.dataclass(frozen=True)
class Clock:
    """A moment of the run.

    Attributes:
      start: date at which the run began, ``YYYY-MM-DDTHH:MM:SS``; given without a time, midnight.
      calendar: one of `calendars.CALENDARS`.
      elapsed_seconds: whole seconds since ``start``.
    """

    start: str
    calendar: str = calendars.REAL
    elapsed_seconds: int = 0

    def __post_init__(self) -> None:
        """Completes the start date.

        Raises:
          ArgumentError: the calendar has no such date.
        """
        try:
            start = calendars.date(self.start, self.calendar)
        except ValueError as error:
            raise ArgumentError(f"start of the clock {self.start!r} {error}") from error
        object.__setattr__(self, "start", start.isoformat())

    @classmethod
    def from_seconds(cls, start_seconds: int, calendar: str, elapsed_seconds: int) -> Clock:
        """The clock of a run whose start is given as by `start_seconds`."""
        return cls(cls("1970-01-01", calendar, start_seconds).iso8601(), calendar, elapsed_seconds)

    @property
    def start_seconds(self) -> int:
        """Seconds from 1970-01-01 to the start, in the calendar."""
        day, second = calendars.day_and_second(calendars.date(self.start, self.calendar))
        return calendars.SECONDS_PER_DAY * day + second

    @property
    def now(self) -> cftime.datetime:
        """The current date, in the calendar."""
        start = calendars.date(self.start, self.calendar)
        return start + datetime.timedelta(seconds=self.elapsed_seconds)

    @property
    def day(self) -> int:
        """Days since 1970-01-01 in the calendar."""
        return (self.start_seconds + self.elapsed_seconds) // calendars.SECONDS_PER_DAY

    @property
    def second(self) -> int:
        """Second of the day."""
        return (self.start_seconds + self.elapsed_seconds) % calendars.SECONDS_PER_DAY

    @property
    def year(self) -> int:
        """The calendar's year."""
        return self.now.year

    @property
    def day_of_year(self) -> int:
        """Day of the calendar's year; 1 January is 1."""
        return self.now.dayofyr

    @property
    def year_fraction(self) -> float:
        """Part of the calendar's year that has passed: 0 as it begins, below 1."""
        now = self.now
        first = cftime.datetime(now.year, 1, 1, calendar=self.calendar)
        following = cftime.datetime(now.year + 1, 1, 1, calendar=self.calendar)
        return (now - first) / (following - first)

    @property
    def time_units(self) -> str:
        """CF units of ``elapsed_seconds``, which need the calendar beside them."""
        return f"seconds since {self.start.replace('T', ' ')}"

    def advanced(self, seconds: int) -> Clock:
        """Returns the clock that many seconds later."""
        return dataclasses.replace(self, elapsed_seconds=self.elapsed_seconds + seconds)

    def iso8601(self) -> str:
        """The current date as ``YYYY-MM-DDTHH:MM:SS``, in the calendar."""
        return self.now.isoformat()
