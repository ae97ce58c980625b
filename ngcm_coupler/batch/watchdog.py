"""A watchdog: says which rank is stuck, where, and since which model date.

It runs in a thread of its own on every rank, and sends no message to the others: whoever is stuck,
all ranks bark, because the others wait for that one. What each of them says it is doing tells them
apart. The watchdog itself ends nothing: that is left to an action of the host's.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
import traceback
from collections.abc import Callable

from ngcm_coupler.output.log.timing import Stopwatch

_log = logging.getLogger(__name__)

_MESSAGES = "ngcm_coupler.parallel"
"""The only room that waits for messages of other ranks."""

_GRACE_SECONDS = 2.0
"""Time for all ranks to speak before one of them ends the job."""


class Watchdog:
    """Barks when an interval takes too long; with a limit of 0 it sleeps."""

    def __init__(self, timeout_seconds: float, rank: int, stopwatch: Stopwatch) -> None:
        """Starts the thread; the time counts from the first interval on.

        Args:
          timeout_seconds: longest time from the begin of one interval to that of the next.
          rank: of this process, for the message.
          stopwatch: knows what the rank is doing.
        """
        self._timeout, self._rank = timeout_seconds, rank
        self._stopwatch, self._date = stopwatch, ""
        self._deadline = float("inf")
        self._action: Callable[[], None] | None = None
        self._watched = threading.get_ident()
        self._changed = threading.Condition()
        if timeout_seconds:
            threading.Thread(target=self._watch, name="ngcm watchdog", daemon=True).start()

    def on_timeout(self, action: Callable[[], None]) -> None:
        """Sets what is called, in the watchdog's thread, after it has barked."""
        self._action = action

    def interval_begins(self, date: str) -> None:
        """Starts the time of an interval that begins at a model date."""
        if self._timeout:
            with self._changed:
                self._date, self._watched = date, threading.get_ident()
                self._deadline = time.monotonic() + self._timeout
                self._changed.notify()

    def close(self) -> None:
        """Sends the watchdog to sleep for good."""
        with self._changed:
            self._timeout = 0
            self._changed.notify()

    def _watch(self) -> None:
        with self._changed:
            while self._timeout:
                left = self._deadline - time.monotonic()
                if left > 0.0:
                    self._changed.wait(min(left, threading.TIMEOUT_MAX))
                    continue
                self._deadline = float("inf")
                self._bark()

    def _bark(self) -> None:
        frame = sys._current_frames().get(self._watched)
        module = "" if frame is None else frame.f_globals.get("__name__", "")
        waits = module.startswith(_MESSAGES)
        # Where it waits is of no interest: the rank to look at is another one.
        place = "" if frame is None or waits else "\n" + "".join(traceback.format_stack(frame))
        _log.critical(
            "time-out: rank %d has been in the interval from %s for more than timeout_seconds = %g"
            " of &ngcm_limits; it %s in phase '%s'%s",
            self._rank,
            self._date,
            self._timeout,
            "waits for another rank" if waits else "is",
            self._stopwatch.now.words,
            place.rstrip(),
        )
        if self._action is not None:
            time.sleep(_GRACE_SECONDS)
            self._action()
