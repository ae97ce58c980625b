"""When the records of a run begin and end, in the calendar of the run."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from datetime import timedelta

import numpy as np
from matplotlib.axis import Axis
from matplotlib.dates import AutoDateLocator, num2date
from matplotlib.ticker import Formatter, FuncFormatter, MaxNLocator, MultipleLocator

from ngcm_coupler.clock import Clock
from ngcm_coupler.clock.calendars import REAL, SECONDS_PER_DAY


@dataclasses.dataclass(frozen=True)
class Times:
    """The records of a run in the order of time.

    Attributes:
      start: the clock as the run began.
      seconds: since then, begin and end of each record, int64, shape (records, 2).
      spacing: from the end of a record to that of the next, where more time passes than a record
        is of; 0 where one follows the other.
    """

    start: Clock
    seconds: np.ndarray
    spacing: int = 0

    def __len__(self) -> int:
        return len(self.seconds)

    @property
    def begin(self) -> str:
        """The date at which the first record begins, ISO 8601."""
        return self.start.advanced(int(self.seconds[0, 0])).iso8601()

    @property
    def end(self) -> str:
        """The date at which the last record ends, ISO 8601."""
        return self.start.advanced(int(self.seconds[-1, 1])).iso8601()

    @property
    def span(self) -> int:
        """From the first begin to the last end [s]."""
        return int(self.seconds[-1, 1] - self.seconds[0, 0])

    @property
    def interval(self) -> int:
        """Length of the first record [s]."""
        return int(self.seconds[0, 1] - self.seconds[0, 0])

    @property
    def after_gaps(self) -> np.ndarray:
        """Numbers of the records that do not begin where the one before has ended."""
        begins, ends = self.seconds.T
        late = (begins[1:] > ends[:-1]) & (np.diff(ends) > self.spacing)
        return np.flatnonzero(late) + 1

    def on_axis(self, seconds: np.ndarray) -> np.ndarray:
        """Seconds since the start as an axis takes them.

        Returns:
          datetime64 in the real calendar; days since the start in the others, some dates of which
          no datetime64 can be.
        """
        if self.start.calendar == REAL:
            return np.datetime64(self.start.start, "s") + seconds.astype("timedelta64[s]")
        return seconds / SECONDS_PER_DAY

    def mark(self, axis: Axis) -> None:
        """Puts dates on an axis."""
        if self.start.calendar == REAL:
            locator = AutoDateLocator(minticks=3, maxticks=8)
            axis.set_major_locator(locator)
            axis.set_major_formatter(_Dates())
        else:
            days = self.span / SECONDS_PER_DAY
            hours = next((each for each in (1, 2, 3, 6, 12) if days * 4 <= each), 24)
            whole = MaxNLocator(5, integer=True)
            axis.set_major_locator(whole if days >= 5 else MultipleLocator(hours / 24))
            axis.set_major_formatter(FuncFormatter(functools.partial(self._date, days >= 5)))

    def _date(self, whole_days: bool, days: float, _: int | None) -> str:
        date = self.start.advanced(round(days * SECONDS_PER_DAY)).iso8601()
        return date[:-9] if whole_days else date[:-3].replace("T", "\n")


class _Dates(Formatter):
    """Dates no longer than all ticks of an axis need; hours have theirs below where it changes."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        """The label of a tick by itself, as for a cursor."""
        return num2date(x).isoformat(" ")[:19]

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """The labels of all ticks."""
        half = timedelta(seconds=0.5)  # a tick may be microseconds before the moment it is for
        texts = [(num2date(each) + half).isoformat()[:19] for each in values]
        for rest, length in (("-01-01T00:00:00", 4), ("-01T00:00:00", 7), ("T00:00:00", 10)):
            if all(text.endswith(rest) for text in texts):
                return [text[:length] for text in texts]
        end = 16 if all(text.endswith(":00") for text in texts) else 19
        days = [text[:10] for text in texts]
        return [
            text[11:end] + (f"\n{day}" if day != before else "")
            for text, day, before in zip(texts, days, ["", *days], strict=False)
        ]
