"""A watchdog: says which rank is stuck, where, and since which model date.

It runs in a thread of its own on every rank, and sends no message to the others: whoever is stuck,
all ranks bark, because the others wait for that one. What each of them says it is doing tells them
apart. The watchdog itself ends nothing: that is left to an action of the host's.

Through a coupler a host that is between two calls waits for its partner, which may have ended long
ago without a message to anybody. So it says then, time and again, how long it has been waiting, and
learns from the intervals that have ended how long one may take.
"""

from __future__ import annotations

import logging
import math
import sys
import threading
import time
import traceback
from collections.abc import Callable

from ngcm_coupler.config import Config
from ngcm_coupler.output.log.timing import Phase, Stopwatch

_log = logging.getLogger(__name__)

_MESSAGES = "ngcm_coupler.parallel"
"""The only room that waits for messages of other ranks."""

_GRACE_SECONDS = 2.0
"""Time for all ranks to speak before one of them ends the job."""

NOTICE_SECONDS = 60.0
"""Time after which, and between which, it is said that the partner is waited for."""

LOOK_SECONDS = 5.0
"""Time between two looks at how long that has been."""

PATIENCE = 10
"""How many times the longest interval so far the next one may take."""

LEAST_SECONDS = 120.0
"""What any interval may take: partners write files now and then."""

LEARNT_INTERVALS = 2
"""How many have to have ended before that is judged by; the first one compiles."""


class Watchdog:
    """Barks when an interval takes too long; with neither a limit nor a partner it sleeps."""

    def __init__(
        self,
        config: Config,
        rank: int,
        stopwatch: Stopwatch,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Starts the thread, if there is a limit; the time counts from the first interval on.

        Args:
          config: knows the limit from the begin of one interval to that of the next, and whether
            there is a partner.
          rank: of this process, for the message.
          stopwatch: knows what the rank is doing.
          clock: seconds since any origin.
        """
        limit = config.limits.timeout_seconds
        self._partner = config.coupler.partner if config.coupler else ""
        self._fixed, self._learns = max(0, limit), limit < 0 and bool(self._partner)
        self._rank, self._stopwatch, self._clock = rank, stopwatch, clock
        self._date, self._told = "", 0.0
        self._begun = self._longest = 0.0
        self._intervals = 0
        self._limit = self._deadline = math.inf
        self._action: Callable[[], None] | None = None
        self._watched = threading.get_ident()
        self._changed = threading.Condition()
        self._awake = False
        if self._fixed:
            self._wake()

    def on_timeout(self, action: Callable[[], None]) -> None:
        """Sets what is called, in the watchdog's thread, after it has barked.

        It also tells that there is a host that ends a job: without one nobody is waited for.
        """
        self._action = action
        if self._partner and not self._awake:
            self._wake()

    def interval_begins(self, date: str) -> None:
        """Starts the time of an interval that begins at a model date."""
        if not self._awake:
            return
        with self._changed:
            now = self._clock()
            if self._date:
                self._longest = max(self._longest, now - self._begun)
                self._intervals += 1
            self._begun, self._date, self._watched = now, date, threading.get_ident()
            self._limit = self._fixed or self._learnt()
            self._deadline = now + self._limit
            self._changed.notify()

    def close(self) -> None:
        """Sends the watchdog to sleep for good."""
        with self._changed:
            self._awake = False
            self._changed.notify()

    def _wake(self) -> None:
        self._awake = True
        threading.Thread(target=self._watch, name="ngcm watchdog", daemon=True).start()

    def _learnt(self) -> float:
        """What the next interval may take by the earlier ones."""
        if not self._learns or self._intervals < LEARNT_INTERVALS:
            return math.inf
        return max(LEAST_SECONDS, PATIENCE * self._longest)

    def _watch(self) -> None:
        with self._changed:
            while self._awake:
                left = self._look()
                self._changed.wait(min(left, threading.TIMEOUT_MAX))

    def _look(self) -> float:
        """Says what there is to say; returns how long there will be nothing [s]."""
        if self._clock() >= self._deadline:
            self._deadline = math.inf
            self._bark()
        left = self._deadline - self._clock()
        if self._partner:
            self._remind()
            left = min(left, LOOK_SECONDS)
        return max(0.0, left)

    def _remind(self) -> None:
        """Says that the partner is waited for, each minute of a wait once."""
        waited = self._stopwatch.seconds_in(Phase.HOST)
        if waited < self._told:
            self._told = 0.0
        if waited >= self._told + NOTICE_SECONDS:
            self._told = waited - waited % NOTICE_SECONDS
            where = f"in the interval from {self._date}" if self._date else "for the first interval"
            _log.warning("waiting for %s since %.0f s, %s", self._partner, waited, where)

    def _bark(self) -> None:
        frame = sys._current_frames().get(self._watched)
        module = "" if frame is None else frame.f_globals.get("__name__", "")
        waits = module.startswith(_MESSAGES)
        # Where it waits is of no interest: the rank to look at is another one.
        place = "" if frame is None or waits else "\n" + "".join(traceback.format_stack(frame))
        does = "waits for another rank" if waits else "is"
        if self._partner and self._stopwatch.now is Phase.HOST:
            does = f"waits for {self._partner}, which may have ended or be stuck,"
        _log.critical(
            "time-out: rank %d has been in the interval from %s for more than %s; it %s in phase"
            " '%s'%s",
            self._rank,
            self._date,
            self._limit_in_words(),
            does,
            self._stopwatch.now.words,
            place.rstrip(),
        )
        if self._action is not None:
            time.sleep(_GRACE_SECONDS)
            self._action()

    def _limit_in_words(self) -> str:
        if self._fixed:
            return f"timeout_seconds = {self._fixed:g} of &ngcm_limits"
        return (
            f"{self._limit:.0f} s, while the longest so far took {self._longest:.0f} s; another"
            " limit is set by timeout_seconds of &ngcm_limits"
        )
