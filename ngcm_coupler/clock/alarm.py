"""Alarms: at which moments of a run something is due."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from ngcm_coupler.clock import Clock
from ngcm_coupler.errors import ArgumentError


@dataclasses.dataclass(frozen=True)
class Alarm:
    """Rings at moments of a run that its clock alone decides, so a restart needs no state of it.

    Attributes:
      rung: clock -> how often it has rung up to and at that moment, counted from any origin.
    """

    rung: Callable[[Clock], int]

    @classmethod
    def every(cls, seconds: int) -> Alarm:
        """Every so many seconds from the start of the run on.

        Raises:
          ArgumentError: it is not a positive number.
        """
        if seconds <= 0:
            raise ArgumentError(f"an alarm every {seconds} s; expected a positive number of them")
        return cls(lambda clock: clock.elapsed_seconds // seconds)

    @classmethod
    def at(cls, date: str) -> Alarm:
        """Once, at a date ``YYYY-MM-DD[THH:MM:SS]`` of the clock's calendar."""
        return cls(lambda clock: int(clock.now >= Clock(date, clock.calendar).now))

    @classmethod
    def monthly(cls) -> Alarm:
        """As a month of the calendar begins."""
        return cls(lambda clock: 12 * clock.year + clock.now.month)

    @classmethod
    def yearly(cls) -> Alarm:
        """As a year of the calendar begins."""
        return cls(lambda clock: clock.year)

    def rings(self, clock: Clock, seconds: int) -> bool:
        """Whether it rings in the last so many seconds: after they began, or at the moment."""
        return self.rung(clock) > self.rung(clock.advanced(-seconds))
