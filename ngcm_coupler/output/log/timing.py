"""Where the wall clock of a rank goes, phase by phase.

A rank is in one phase at any time, so that the seconds of all phases add up to those of the run.
The watchdog says which one it is when an interval takes too long, and the log how much each took.
"""

from __future__ import annotations

import contextlib
import enum
import functools
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

_Method = TypeVar("_Method", bound=Callable[..., Any])


class Phase(enum.Enum):
    """What a rank can be doing: how the watchdog calls it, and what the table of times says.

    The name of a member in lower case, with ``_seconds`` after it, is its key in JSON.
    """

    START_UP = "start-up", "start-up: model, initial state, files"
    COMPILE = "advance: compile", "compiling or loading the interval"
    HOST = "host", "host, between two calls of the library"
    PUT_GET = "put or get", "put and get"
    GATHER = "gather, which needs all ranks", "gather of imports (MPI)"
    SEND = "advance: send", "sending imports, starting the device"
    DEVICE = "advance: wait for the device", "waiting for the device"
    FETCH = "advance: fetch", "fetching exports"
    LEDGER = "advance: ledger", "checks and ledger"
    OWNER = "advance, which the other ranks wait for", "ranks waiting for the owner (MPI)"
    EXPORTS = "exports, which need all ranks", "scatter of exports (MPI)"
    FILES = "files", "history, budget file, recording"
    AGREEMENT = "agreement, which needs all ranks", "ranks agreeing whether to stop (MPI)"
    RESTART = "restart, which needs all ranks", "restart files"
    LOG = "log", "log"
    OTHER = "library", "rest of the library"

    def __init__(self, words: str, label: str) -> None:
        self.words = words
        self.label = label

    @property
    def key(self) -> str:
        """Name of its figure."""
        return f"{self.name.lower()}_seconds"


class Stopwatch:
    """Counts the seconds of every phase of this rank.

    Attributes:
      now: the phase that the rank is in.
      device_busy: seconds from the start of the device to its results, as far as seen: a device
        that has finished before it is asked counts as busy until then.
      found_ready: how many times it had finished before it was asked.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        """Starts in the phase of start-up.

        Args:
          clock: seconds since any origin.
        """
        self._clock = clock
        self._begun = self._since = clock()
        self._seconds = dict.fromkeys(Phase, 0.0)
        self._device_started = self._begun
        self.device_busy = 0.0
        self.found_ready = 0
        self.now = Phase.START_UP

    def enter(self, phase: Phase) -> Phase:
        """Goes over to a phase; returns the one before."""
        at = self._clock()
        self._seconds[self.now] += at - self._since
        # In this order, for a thread that looks on.
        before, self._since, self.now = self.now, at, phase
        return before

    @contextlib.contextmanager
    def phase(self, phase: Phase) -> Iterator[None]:
        """The time inside counts for a phase, but for that of phases inside it."""
        before = self.enter(phase)
        try:
            yield
        finally:
            self.enter(before)

    def seconds(self) -> dict[Phase, float]:
        """Seconds of every phase so far; together the time since the start."""
        self.enter(self.now)
        return dict(self._seconds)

    def seconds_in(self, phase: Phase) -> float:
        """How long the rank has been in a phase without a break; 0 if it is in another."""
        since = self._since
        return self._clock() - since if self.now is phase else 0.0

    def total(self) -> float:
        """Seconds since the start, up to the last change of phase."""
        return self._since - self._begun

    def device_starts(self) -> None:
        """Notes that the device has been given its work."""
        self._device_started = self._clock()

    def device_is_ready(self, before: bool) -> None:
        """Notes that its results are there.

        Args:
          before: whether they were when the rank began to wait for them.
        """
        self.device_busy += self._clock() - self._device_started
        self.found_ready += before


def within(phase: Phase) -> Callable[[_Method], _Method]:
    """Makes a method count for a phase; its object has the stopwatch as ``_stopwatch``."""

    def decorate(method: _Method) -> _Method:
        @functools.wraps(method)
        def timed(self: Any, *arguments: Any, **named: Any) -> Any:
            with self._stopwatch.phase(phase):
                return method(self, *arguments, **named)

        return timed  # pyright: ignore[reportReturnType]

    return decorate


def table(stopwatch: Stopwatch, intervals: int) -> str:
    """Where the time went, a line a phase, in at most 100 columns.

    Args:
      stopwatch: of the rank that speaks.
      intervals: completed ones.
    """
    seconds = stopwatch.seconds()
    total = stopwatch.total()
    lines = [f"{'':38}{'seconds':>12}{'%':>8}{'ms an interval':>18}"]
    for phase, spent in seconds.items():
        each = "" if phase in _ONCE or not intervals else f"{1e3 * spent / intervals:.3f}"
        lines.append(
            f"{phase.label:38}{spent:12.3f}{100.0 * spent / (total or 1.0):8.2f}{each:>18}".rstrip()
        )
    lines.append(f"{'total':38}{total:12.3f}{100.0:8.2f}")
    waited = seconds[Phase.DEVICE]
    busy = stopwatch.device_busy
    lines.append(
        f"device busy, as far as seen: {busy:.3f} s: {waited:.3f} s waited for,"
        f" {busy - waited:.3f} s behind other work"
    )
    if stopwatch.found_ready:
        lines.append(
            f"in {stopwatch.found_ready} of {intervals} intervals it had finished before it was"
            " asked: it was busy for less"
        )
    return "\n".join(lines)


_ONCE = frozenset({Phase.START_UP, Phase.COMPILE})
