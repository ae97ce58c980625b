"""The component's clock: whole seconds since a start date, so that it never drifts."""

from __future__ import annotations

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Clock:
    """A moment of the run in the proleptic Gregorian calendar.

    Attributes:
      start: date at which the run began, with a resolution of seconds.
      elapsed_seconds: whole seconds since ``start``.
    """

    start: np.datetime64
    elapsed_seconds: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", self.start.astype("datetime64[s]"))

    @property
    def now(self) -> np.datetime64:
        """The current date."""
        return self.start + np.timedelta64(self.elapsed_seconds, "s")

    def advanced(self, seconds: int) -> Clock:
        """Returns the clock that many seconds later."""
        return dataclasses.replace(self, elapsed_seconds=self.elapsed_seconds + seconds)

    def iso8601(self) -> str:
        """The current date as ``YYYY-MM-DDTHH:MM:SS``."""
        return str(self.now)
