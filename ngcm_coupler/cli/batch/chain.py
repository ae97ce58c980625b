"""Where a chain of segments stands: what it has left behind, and what comes next."""

from __future__ import annotations

import dataclasses
import math

import cftime

from ngcm_coupler.clock import calendars
from ngcm_coupler.config import Config
from ngcm_coupler.engine import engine_of
from ngcm_coupler.errors import ConfigError, RestartError
from ngcm_coupler.output.restart.files import newest

_RESTART_NAME = "restart_%Y-%m-%dT%H%M%S"


@dataclasses.dataclass(frozen=True)
class Segment:
    """One run of a chain.

    Attributes:
      begin: date at which it starts.
      end: date that it is to reach.
      hours: its length, rounded up to coupling intervals and hours.
    """

    begin: cftime.datetime
    end: cftime.datetime
    hours: int

    @property
    def name(self) -> str:
        """The date of its start as file names have it, ``YYYY-MM-DDTHHMMSS``."""
        return file_date(self.begin)


def file_date(date: cftime.datetime) -> str:
    """A date as it stands in file names, those of restart files too."""
    return date.isoformat().replace(":", "")


def faults(config: Config) -> list[str]:
    """What keeps a namelist from serving every segment of a chain as it is."""
    restart, found = config.restart, []
    if not restart.folder or restart.read_file != restart.folder:
        found.append(
            f"&ngcm_restart read_file = '{restart.read_file}' and folder = '{restart.folder}' do"
            " not let a segment go on from the one before; give both the same folder, such as"
            " 'restarts'"
        )
    if not (config.run.start_date or engine_of(config).start_date):
        found.append(
            "&ngcm_run start_date is not set, so that the first segment has no date; give the date"
            " of the initial state"
        )
    if not config.run.stop_date:
        found.append("no date ends the chain; set &ngcm_run stop_date, or give --stop-date")
    if not found and (length := seconds(start(config), stop(config))) <= 0:
        found.append(
            f"&ngcm_run stop_date = '{config.run.stop_date}' is not after the start of the chain,"
            f" {start(config).isoformat()}; give a later one"
        )
    elif not found and length % _whole(config):
        found.append(
            f"from {start(config).isoformat()} to &ngcm_run stop_date = '{config.run.stop_date}'"
            f" are {length} s, not a multiple of {_whole(config)} s, whole hours and coupling"
            " intervals; give another stop_date"
        )
    return found


def start(config: Config) -> cftime.datetime:
    """The date at which the chain starts."""
    given = config.run.start_date or engine_of(config).start_date
    return calendars.date(given, config.run.calendar)


def stop(config: Config) -> cftime.datetime:
    """The date at which the chain is complete."""
    return calendars.date(config.run.stop_date, config.run.calendar)


def next_segment(config: Config) -> Segment | None:
    """The segment that follows the newest restart file, None where the chain is complete.

    It has the length of ``&ngcm_driver run_hours``, or less where the chain ends before.

    Raises:
      ConfigError: the namelist cannot serve a chain.
      RestartError: the restart folder has been disturbed.
    """
    if found := faults(config):
        raise ConfigError(found)
    begin = _reached(config)
    left = seconds(begin, stop(config))
    if left <= 0:
        return None
    whole = _whole(config)
    # After an early stop what is left may be no whole hours: the run itself ends at stop_date.
    length = min(-(-left // whole) * whole, 3600 * config.driver.run_hours)
    end = cftime.num2date(
        min(left, length), f"seconds since {begin.isoformat(' ')}", calendar=config.run.calendar
    )
    return Segment(begin, end, length // 3600)


def seconds(earlier: cftime.datetime, later: cftime.datetime) -> int:
    """Time from one date to another of the same calendar [s]."""
    return round((later - earlier).total_seconds())


def _whole(config: Config) -> int:
    """What lengths of runs are multiples of: hours and coupling intervals [s]."""
    return math.lcm(config.coupling.interval_seconds, 3600)


def _reached(config: Config) -> cftime.datetime:
    """The date of the newest restart file, or that of the start where there is none."""
    file = newest(config.restart.folder)
    if file is None:
        return start(config)
    try:
        return cftime.datetime.strptime(file.stem, _RESTART_NAME, calendar=config.run.calendar)
    except ValueError as error:
        raise RestartError(
            f"{file}: the name of a restart file in a chain is its date,"
            f" restart_YYYY-MM-DDTHHMMSS.nc ({error}); rename it and its entry in the file latest"
        ) from error
