"""A thread that writes, so that the device need not wait for the disk.

It runs what it is given in the order in which it is given it, and touches nothing else: neither
MPI, which may know of one thread only, nor JAX.
"""

from __future__ import annotations

import collections
import threading
import weakref
from collections.abc import Callable

from ngcm_coupler.errors import NgcmError, OutputError

Job = Callable[[], None]

_WAITING = 2
"""Jobs that may wait while one runs: so many records are in memory at most."""

_GLANCE_SECONDS = 1.0
"""How often who waits for the thread looks whether it still lives."""

_GRACE_SECONDS = 60.0
"""How long a process that ends without a `close` waits for the thread to finish."""


class Writer:
    """Runs jobs in a thread of its own, and raises the first failure among them in the caller.

    After a failure no later job is run. Nothing here waits for a thread that has died.
    """

    def __init__(self, last: Job, waiting: int = _WAITING) -> None:
        """Starts the thread.

        Args:
          last: what it does before it ends, whatever has happened.
          waiting: how many jobs may wait.
        """
        self._desk = _Desk()
        self._waiting = waiting
        self._reported = False
        # A process that ends with the run unfinished must not wait for ever: a daemon.
        self._thread = threading.Thread(
            target=_work, args=(self._desk, last), name="ngcm_coupler history", daemon=True
        )
        self._thread.start()
        # Also as the interpreter ends, while netCDF is still there.
        self._finalizer = weakref.finalize(self, _finish, self._desk, self._thread)

    def submit(self, job: Job) -> None:
        """Adds a job; waits while too many are waiting.

        Raises:
          OutputError: an earlier one has failed, or the thread has died.
        """
        with self._desk.changed:
            self._wait(lambda: len(self._desk.jobs) <= self._waiting)
            self._raise_failure()
            self._desk.jobs.append(job)
            self._desk.changed.notify_all()

    def drain(self) -> None:
        """Waits until all jobs are done.

        Raises:
          OutputError: one has failed, or the thread has died.
        """
        with self._desk.changed:
            self._wait(lambda: not self._desk.jobs)
            self._raise_failure()

    def close(self) -> None:
        """Waits for all jobs and for the last, and ends the thread. May be called again.

        Raises:
          OutputError: one has failed, and no call has said so yet.
        """
        with self._desk.changed:
            self._desk.closing = True
            self._desk.changed.notify_all()
        self._thread.join()
        self._finalizer.detach()
        if not self._reported:
            with self._desk.changed:
                self._wait(lambda: not self._desk.jobs)
                self._raise_failure()

    def _wait(self, until: Callable[[], bool]) -> None:
        """Waits for a condition of the desk, a failure, or the thread's end."""
        desk = self._desk
        while not until() and desk.failure is None:
            if not self._thread.is_alive():
                desk.failure = OutputError(
                    "the thread that writes the history has died with records unwritten; continue"
                    " from the last restart"
                )
                break
            desk.changed.wait(_GLANCE_SECONDS)

    def _raise_failure(self) -> None:
        failure = self._desk.failure
        if failure is None:
            return
        self._reported = True
        if isinstance(failure, NgcmError):
            raise type(failure)(str(failure)) from failure
        raise OutputError(
            f"the thread that writes the history has failed: {type(failure).__name__}: {failure}"
        ) from failure


class _Desk:
    """What caller and thread share; only looked at and changed under `changed`.

    Attributes:
      changed: lock of the rest, and notice of every change.
      jobs: to be done, the first of them perhaps being done.
      failure: of the first job that has failed.
      closing: whether the thread is to end when there is no job left.
    """

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.jobs: collections.deque[Job] = collections.deque()
        self.failure: BaseException | None = None
        self.closing = False


def _work(desk: _Desk, last: Job) -> None:
    """The thread. It knows the desk and not the writer, which may go before it."""
    while True:
        with desk.changed:
            desk.changed.wait_for(lambda: desk.jobs or desk.closing)
            if not desk.jobs:
                break
            job = desk.jobs[0]
        _run(desk, job)
        with desk.changed:
            desk.jobs.popleft()
            if desk.failure is not None:
                desk.jobs.clear()
            desk.changed.notify_all()
    _run(desk, last)


def _run(desk: _Desk, job: Job) -> None:
    try:
        job()
    except BaseException as error:  # whatever it is, the caller has to hear of it
        with desk.changed:
            desk.failure = desk.failure or error


def _finish(desk: _Desk, thread: threading.Thread) -> None:
    with desk.changed:
        desk.closing = True
        desk.changed.notify_all()
    thread.join(_GRACE_SECONDS)
