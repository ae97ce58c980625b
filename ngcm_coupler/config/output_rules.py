"""The rules of what a run leaves: restarts, the history and the names of files."""

from __future__ import annotations

import math
from collections.abc import Iterator

from ngcm_coupler.clock import calendars
from ngcm_coupler.config.document import Conflict
from ngcm_coupler.config.exchange_rules import unexchanged_fault
from ngcm_coupler.config.namelist import text_of
from ngcm_coupler.config.names import Where, where
from ngcm_coupler.config.settings import DATE, PERIOD, Config

_INTERVAL = where(lambda at: at.coupling.interval_seconds)
_IMPORTS = where(lambda at: at.coupling.imports)
_SKIN = where(lambda at: at.surface.sea_skin)
_RADIATION = where(lambda at: at.radiation.scheme)
_HISTORY_FILE = where(lambda at: at.history.file)
_FILE_PERIOD = where(lambda at: at.history.file_period)
_FIELDS = where(lambda at: at.history.fields)
_HISTORY_HOURS = where(lambda at: at.history.interval_hours)
_RECORD = where(lambda at: at.history.record)
_BUDGET_FILE = where(lambda at: at.history.budget_file)
_RESTART_FOLDER = where(lambda at: at.restart.folder)
_RESTART_HOURS = where(lambda at: at.restart.interval_hours)
_WALL_CLOCK = where(lambda at: at.limits.wall_clock_seconds)
_MARGIN = where(lambda at: at.limits.margin_seconds)
_LOG_LINE = where(lambda at: at.log.hours_per_line)
_DRIVER_LINE = where(lambda at: at.driver.hours_per_line)
_RUN_HOURS = where(lambda at: at.driver.run_hours)


def restart_conflicts(config: Config) -> Iterator[Conflict]:
    """Restarts fall on ends of intervals, and a run that may be cut leaves one."""
    restart, limits, interval = config.restart, config.limits, config.coupling.interval_seconds
    if fault := _broken_interval_fault(_RESTART_HOURS, restart.interval_hours, interval):
        yield Conflict(fault, (_RESTART_HOURS, _INTERVAL))
    if limits.wall_clock_seconds:
        if limits.margin_seconds > limits.wall_clock_seconds:
            yield Conflict(
                f"{_MARGIN} = {limits.margin_seconds} is more than {_WALL_CLOCK} ="
                f" {limits.wall_clock_seconds}",
                (_MARGIN, _WALL_CLOCK),
            )
        if not (restart.folder or restart.write_file):
            yield Conflict(
                f"{_WALL_CLOCK} = {limits.wall_clock_seconds} would end a run that keeps nothing;"
                f" give {_RESTART_FOLDER}",
                (_WALL_CLOCK, _RESTART_FOLDER),
            )
    if config.coupler and not config.coupler.stops_early:
        for key in (_WALL_CLOCK, _RESTART_HOURS):
            if given := key.value(config):
                yield Conflict(
                    f"{key} = {given} is not possible through {config.coupler.name}, whose"
                    f" components stop together; cut the run by {_RUN_HOURS}",
                    (key,),
                )


def line_conflicts(config: Config) -> Iterator[Conflict]:
    """Lines of progress come when they are asked for."""
    interval = config.coupling.interval_seconds
    for key in (_LOG_LINE, _DRIVER_LINE):
        if fault := _broken_interval_fault(key, key.value(config), interval):
            yield Conflict(
                f"{fault}, or lines come at other times", (key, _INTERVAL), refuses=False
            )


def driver_warnings(config: Config) -> Iterator[str]:
    """What a run of the project's own programs leaves out, although nothing is wrong with it."""
    history, restart, hours = config.history, config.restart, config.driver.run_hours
    goes_on = restart.folder or restart.write_file  # a later run makes the record whole
    if not (history.file and history.interval_hours) or goes_on:
        return
    if left := hours % history.interval_hours:
        yield (
            f"{_HISTORY_HOURS} = {history.interval_hours} does not divide {_RUN_HOURS} = {hours}:"
            f" the last {left} h are in no record"
        )


def history_conflicts(config: Config) -> Iterator[Conflict]:
    """What is to be written is there, and the names of files tell them apart."""
    history, interval = config.history, config.coupling.interval_seconds
    for name in history.fields:
        if fault := unexchanged_fault(config, name):
            keys = (_FIELDS, _IMPORTS, _RADIATION, _SKIN)
            yield Conflict(f"{_FIELDS} names {name}, which {fault}", keys, of_item=True)
    if fault := _broken_interval_fault(_HISTORY_HOURS, history.interval_hours, interval):
        yield Conflict(fault, (_HISTORY_HOURS, _INTERVAL))
    yield from _monthly_mean_conflicts(config)
    yield from _period_conflicts(config)


def _monthly_mean_conflicts(config: Config) -> Iterator[Conflict]:
    """Means over months end with an interval, and at no other time."""
    hours, interval = config.history.interval_hours, config.coupling.interval_seconds
    if config.history.record != "monthly_mean":
        return
    if hours:
        yield Conflict(
            f"{_HISTORY_HOURS} = {hours} has no meaning with {_RECORD} = 'monthly_mean';"
            f" use 0 or {_RECORD} = 'mean'",
            (_HISTORY_HOURS, _RECORD),
        )
    if calendars.SECONDS_PER_DAY % interval:
        yield Conflict(
            f"{_RECORD} = 'monthly_mean' needs coupling intervals that divide a day, or months"
            f" would not end with one; {_INTERVAL} = {interval} does not",
            (_RECORD, _INTERVAL),
        )


def _period_conflicts(config: Config) -> Iterator[Conflict]:
    """The name of a file holds its period where there are several of them."""
    history = config.history
    if history.file and history.file_period == "run" and PERIOD in history.file:
        yield Conflict(
            f"{_HISTORY_FILE} = {text_of(history.file)} names a {PERIOD}, and {_FILE_PERIOD} ="
            " 'run' has none; use 'month' or 'year'",
            (_HISTORY_FILE, _FILE_PERIOD),
        )
    if history.file and history.file_period != "run" and PERIOD not in history.file:
        yield Conflict(
            f"{_HISTORY_FILE} = {text_of(history.file)} would be that of every"
            f" {history.file_period}; put {PERIOD} into the name",
            (_HISTORY_FILE, _FILE_PERIOD),
        )
    if PERIOD in history.budget_file:
        yield Conflict(
            f"{_BUDGET_FILE} = {text_of(history.budget_file)} names a {PERIOD}, and one file holds"
            f" the budgets of a run; use {DATE}",
            (_BUDGET_FILE,),
        )


def _broken_interval_fault(key: Where, hours: int, interval_seconds: int) -> str | None:
    """Why a time between files or records is no whole number of intervals, or None."""
    if hours * 3600 % interval_seconds == 0:
        return None
    fit = math.lcm(interval_seconds, 3600) // 3600
    return (
        f"{key} = {hours} is not a whole number of coupling intervals of {interval_seconds} s;"
        f" use a multiple of {fit}"
    )
