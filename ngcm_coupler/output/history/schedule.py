"""When a record is due, and in which file it goes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from ngcm_coupler.clock import Clock
from ngcm_coupler.clock.alarm import Alarm
from ngcm_coupler.config import PERIOD
from ngcm_coupler.config.run_groups import History as Settings


def _month(number: int) -> str:
    """The name of a month by the number that its alarm counts."""
    return f"{(number - 1) // 12:04}-{(number - 1) % 12 + 1:02}"


_PERIODS: dict[str, tuple[Alarm, Callable[[int], str]]] = {
    "month": (Alarm.monthly(), _month),
    "year": (Alarm.yearly(), "{:04}".format),
}
"""Time of a file -> what rings as it begins, and its name by how often that has rung."""


@dataclasses.dataclass(frozen=True)
class Schedule:
    """The records and files of a history, decided by the clock alone.

    Attributes:
      path: name of the files, with `PERIOD` where each holds a month or a year.
      period: time that one holds, as in ``&ngcm_history``.
      record: rings as a record ends.
    """

    path: str
    period: str
    record: Alarm

    @classmethod
    def of(cls, path: str, settings: Settings, interval_seconds: int) -> Schedule:
        """The schedule that a namelist asks for."""
        if settings.record == "monthly_mean":
            record = Alarm.monthly()
        else:
            record = Alarm.every(3600 * settings.interval_hours or interval_seconds)
        return cls(path, settings.file_period, record)

    def file(self, begin: Clock) -> str:
        """The file of a record that begins at a moment.

        So what ends as a month ends is in the file of that month.
        """
        if self.period == "run":
            return self.path
        alarm, name = _PERIODS[self.period]
        return self.path.replace(PERIOD, name(alarm.rung(begin)))

    def first(self, clock: Clock, interval_seconds: int) -> Clock:
        """The beginning of the first interval after a moment at whose end a record is due."""
        end = clock.advanced(interval_seconds)
        while not self.record.rings(end, interval_seconds):
            end = end.advanced(interval_seconds)
        return end.advanced(-interval_seconds)
