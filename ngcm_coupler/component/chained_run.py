"""One run of a chain, as its host asks for it: when to write restarts, and when to stop."""

from __future__ import annotations

from ngcm_coupler.clock import Clock
from ngcm_coupler.component.job_limits import JobLimits
from ngcm_coupler.component.turns import Turns, in_turn
from ngcm_coupler.errors import StateError
from ngcm_coupler.output.log.timing import Phase, Stopwatch


class ChainedRun:
    """What of a component is one run among several.

    Attributes:
      closed: whether it has been closed; then no method but `close` may be called.
      clock: date at the end of the last interval.
    """

    closed: bool
    clock: Clock
    _job: JobLimits
    _stopwatch: Stopwatch
    _turns: Turns

    def keeps_restarts(self) -> bool:
        """Whether &ngcm_restart says where to write restarts."""
        self._require_open()
        return self._job.keeps_restarts

    def restart_is_due(self) -> bool:
        """Whether &ngcm_restart asks for a restart at the date that has been reached."""
        self._require_open()
        return self._job.restart_is_due(self.clock)

    def is_complete(self) -> bool:
        """Whether the run has reached stop_date of &ngcm_run; never where that is empty."""
        self._require_open()
        return self._job.is_complete(self.clock)

    def request_stop(self) -> None:
        """Says that this rank has been asked to stop, by a signal for example."""
        self._require_open()
        self._job.request_stop()

    @in_turn(Phase.AGREEMENT)
    def stop_requested(self) -> bool:
        """Whether to write a restart and stop now, before the time of the job is over. Collective.

        All ranks get the same answer. It is so once `request_stop` has been called on any of them,
        or when the limit of &ngcm_limits would not let another interval end. Ask after every one.
        """
        self._require_open()
        return self._job.must_stop()

    def _require_open(self) -> None:
        if self.closed:
            raise StateError(
                "the component has been closed; call its methods before, or create another one"
            )
