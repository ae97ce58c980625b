"""One run of a chain of batch jobs: where it goes on from, when it has to stop, what it leaves."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Any

import numpy as np

from ngcm_coupler.clock import Clock
from ngcm_coupler.clock.alarm import Alarm
from ngcm_coupler.config import Config, begins
from ngcm_coupler.errors import OutputError, RestartError, shown
from ngcm_coupler.output.restart.files import newest, write_into, write_restart
from ngcm_coupler.parallel import Ranks

_log = logging.getLogger(__name__)


class JobLimits:
    """What a batch job sets one run of a chain. Only the first rank's clock on the wall counts."""

    def __init__(self, config: Config, ranks: Ranks) -> None:
        """The job's time counts from here."""
        self._run, self._restart, self._limits = config.run, config.restart, config.limits
        self._interval_seconds = config.coupling.interval_seconds
        self._ranks = ranks
        self._begun = self._interval_begun = time.monotonic()
        self._intervals = 0
        self._longest_interval = self._longest_restart = 0.0
        self._requested = False
        self._place = _current_folder()

    def source(self) -> Path | None:
        """The restart file to start from; None for the initial state.

        Raises:
          RestartError: the folder to start from holds none, or not the one that it names.
        """
        name = self._restart.read_file
        if not name:
            return None
        if begins(self._restart):
            _log.info("the folder %s holds no restart yet: the run begins", name)
            return None
        if not Path(name).is_dir():
            return Path(name)
        file = newest(name)
        if file is None:
            raise RestartError(
                f"&ngcm_restart read_file = '{name}': the folder holds no restart; give one that"
                " does, or give it as folder too for a run that begins"
            )
        return file

    def _of_begin(self, name: str) -> str:
        """A file of the namelist, which is that of the folder in which the run was created.

        A host may have gone to another since, where the same name is of something else.
        """
        return name if _current_folder() == self._place else str(self._place / name)

    @property
    def keeps_restarts(self) -> bool:
        """Whether &ngcm_restart says where to write restarts."""
        return bool(self._restart.folder or self._restart.write_file)

    def restart_is_due(self, clock: Clock) -> bool:
        """Whether &ngcm_restart asks for a restart at this date."""
        hours = self._restart.interval_hours
        return hours > 0 and Alarm.every(3600 * hours).rings(clock, self._interval_seconds)

    def is_complete(self, clock: Clock) -> bool:
        """Whether the date at which the chain ends has been reached."""
        stop = self._run.stop_date
        return bool(stop) and Alarm.at(stop).rung(clock) > 0

    def request_stop(self) -> None:
        """Notes that this rank has been asked to stop."""
        self._requested = True

    def must_stop(self) -> bool:
        """Whether to write a restart and stop, after an interval. Collective.

        It is so when any rank has been asked to, or when one more interval and a restart, each as
        long as the longest so far, would not leave the margin of the wall-clock limit.
        """
        now = time.monotonic()
        # The first one compiles, and says nothing of the others.
        if self._intervals > 1:
            self._longest_interval = max(self._longest_interval, now - self._interval_begun)
        self._interval_begun = now
        over = False
        # A run that has not begun would leave nothing to go on from.
        if self._intervals and self._ranks.is_root and self._limits.wall_clock_seconds:
            left = self._limits.wall_clock_seconds - (now - self._begun)
            need = self._limits.margin_seconds + self._longest_interval + self._longest_restart
            over = left < need
            if over:
                _log.info("%.0f s are left to the job, and %.0f s needed to go on", left, need)
        return self._ranks.any(self._requested or over)

    def interval_begins(self) -> None:
        """Notes that an interval of the run has begun."""
        self._intervals += 1

    def write(
        self, path: str, clock: Clock, header: dict[str, Any], arrays: dict[str, np.ndarray]
    ) -> None:
        """Writes a restart to `path`, or if that is empty to where &ngcm_restart says.

        Raises:
          OutputError: a file cannot be written.
        """
        begun = time.monotonic()
        if not (path or self.keeps_restarts):
            _log.warning(
                "a restart is asked for and written nowhere: &ngcm_restart has neither folder nor"
                " write_file, and the host names no file"
            )
        file, folder = self._restart.write_file, self._restart.folder
        if path and folder and Path(path).absolute() == self._place / folder:
            raise OutputError(
                f"write_restart('{shown(path, 400)}'): this is folder of &ngcm_restart; give a file"
                " in it, or '' for one of this date"
            )
        if path or file:
            write_restart(path or self._of_begin(file), header, arrays)
        if folder and not path:
            date = clock.iso8601()
            written = write_into(self._of_begin(folder), self._restart.keep, date, header, arrays)
            _log.info("restart %s", written)
        self._longest_restart = max(self._longest_restart, time.monotonic() - begun)


def _current_folder() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:  # it has been removed
        return Path()
