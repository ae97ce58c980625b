"""The rules that tie several keys together; the range of a single key stands with the key.

What an engine asks of the settings is its own to say, see `ngcm_coupler.engine.loading`.
"""

from __future__ import annotations

import contextlib
import datetime
import math
from collections.abc import Iterator

from ngcm_coupler.clock import calendars
from ngcm_coupler.config.document import Conflict, Rule
from ngcm_coupler.config.exchange_rules import oasis_conflicts, surface_conflicts
from ngcm_coupler.config.model_groups import Radiation
from ngcm_coupler.config.namelist import text_of
from ngcm_coupler.config.names import where
from ngcm_coupler.config.output_rules import history_conflicts, restart_conflicts
from ngcm_coupler.config.settings import MEMBER, Config

INTERVAL = where(lambda at: at.coupling.interval_seconds)
_CALENDAR = where(lambda at: at.run.calendar)
_START_DATE = where(lambda at: at.run.start_date)
_STOP_DATE = where(lambda at: at.run.stop_date)
_MEMBERS = where(lambda at: at.ensemble.members)
_MEMBERS_COUPLING = where(lambda at: at.ensemble.coupling)
_LEVEL_PARTS = where(lambda at: at.device.level_parts)
_BUDGET_FILE = where(lambda at: at.history.budget_file)
_RECORDING = where(lambda at: at.recording.file)
_WALL_CLOCK = where(lambda at: at.limits.wall_clock_seconds)
_RUN_HOURS = where(lambda at: at.driver.run_hours)
_SLAB_STEP = where(lambda at: at.slab_ocean.time_step_seconds)
_COARSENING = where(lambda at: at.radiation.coarsening)
_SPECTRA_INTERVAL = where(lambda at: at.radiation.interval_seconds)
_ICE_LAYER = where(lambda at: at.slab_ice.surface_layer_m)
_SOIL_LAYER = where(lambda at: at.bucket_land.soil_layer_m)


def multiple_of_step_fault(interval_seconds: int, step_seconds: int) -> str | None:
    """Returns why the coupling interval does not fit the model step, with a remedy, or None."""
    if interval_seconds % step_seconds == 0:
        return None
    steps = max(1, interval_seconds // step_seconds)
    return (
        f"{INTERVAL} = {interval_seconds} is not a multiple of the model step {step_seconds}; "
        f"use {steps * step_seconds} or {(steps + 1) * step_seconds}"
    )


def spectra_faults(
    settings: Radiation, shape: tuple[int, int], step_seconds: int
) -> Iterator[Conflict]:
    """Spectra fit the grid of the model, as rows and columns, and its step."""
    if settings.scheme != "rrtmgp":
        return
    side, interval = settings.coarsening or 1, settings.interval_seconds
    if any(count % side for count in shape):
        yield Conflict(
            f"{_COARSENING} = {side} does not divide the grid of {shape[1]} columns and"
            f" {shape[0]} rows; use 1 or a divisor of both",
            (_COARSENING,),
        )
    if interval % step_seconds:
        yield Conflict(
            f"{_SPECTRA_INTERVAL} = {interval} is not a multiple of the model step {step_seconds};"
            f" use {step_seconds} or 2, 3, ... times as much, a divisor of a day",
            (_SPECTRA_INTERVAL,),
        )


def driver_faults(config: Config) -> list[str]:
    """Returns what keeps the programs of this project from running a configuration.

    `parse` leaves these rules alone where the file has no group of theirs.
    """
    return [conflict.message for conflict in (*slab_conflicts(config), *length_conflicts(config))]


def _date_conflicts(config: Config) -> Iterator[Conflict]:
    """Dates are those of the calendar, and in their order."""
    run, dates = config.run, []
    for key, text in ((_START_DATE, run.start_date), (_STOP_DATE, run.stop_date)):
        if not text or calendars.date_problem(text):
            continue
        try:
            dates.append(calendars.date(text, run.calendar))
        except ValueError as error:
            yield Conflict(
                f"{key} = {text_of(text)} {error}; give another date or {_CALENDAR}",
                (key, _CALENDAR),
            )
    if len(dates) == 2 and dates[1] <= dates[0]:
        yield Conflict(
            f"{_STOP_DATE} = {text_of(run.stop_date)} is not after {_START_DATE} ="
            f" {text_of(run.start_date)}; give a later one",
            (_START_DATE, _STOP_DATE),
        )


def stop_conflicts(config: Config, start: str) -> Iterator[Conflict]:
    """The end of a chain of runs is after its start, where that is known from elsewhere.

    Args:
      config: the settings.
      start: date at which it starts, of the calendar of the run.
    """
    run = config.run
    if not run.stop_date:
        return
    try:
        stop = calendars.date(run.stop_date, run.calendar)
        is_after = stop > calendars.date(start, run.calendar)
    except ValueError:
        return  # the rules of dates, and of what they come from, say so
    if not is_after:
        yield Conflict(
            f"{_STOP_DATE} = {text_of(run.stop_date)} is not after the start of the run, {start};"
            " give a later one",
            (_STOP_DATE, _START_DATE),
        )


def _ensemble_conflicts(config: Config) -> Iterator[Conflict]:
    """Each member has files of its own, and through most couplers there is one ocean for all."""
    if config.ensemble.members == 1:
        return
    for key in (_BUDGET_FILE, _RECORDING):
        name = key.value(config)
        if name and MEMBER not in name:
            yield Conflict(
                f"{key} = {text_of(name)} is one name for {config.ensemble.members} members;"
                f" put {MEMBER} in it, for the number",
                (key, _MEMBERS),
            )
    coupler = config.coupler
    if coupler and not coupler.hosts and config.ensemble.coupling == "each":
        yield Conflict(
            f"{_MEMBERS_COUPLING} = 'each' is not possible through {coupler.name}, which knows one"
            " ocean; use 'mean', or run each member as a job of its own (members = 1,"
            " first_member)",
            (_MEMBERS_COUPLING, _MEMBERS),
        )


def _split_conflicts(config: Config) -> Iterator[Conflict]:
    """What a model that several ranks share cannot do."""
    parts = config.device.level_parts
    if parts == 1:
        return
    for other, is_odd, why in (
        (_MEMBERS, config.ensemble.members > 1, "is of a single member"),
        (_RECORDING, config.recording.file, "can be recorded by no rank"),
    ):
        if is_odd:
            yield Conflict(
                f"{_LEVEL_PARTS} = {parts} {why}; give 1, or change {other}",
                (_LEVEL_PARTS, other),
            )


def length_conflicts(config: Config) -> Iterator[Conflict]:
    """The length of a run is whole intervals, and is known to whoever continues it."""
    interval, hours = config.coupling.interval_seconds, config.driver.run_hours
    if config.limits.wall_clock_seconds and not config.run.stop_date:
        yield Conflict(
            f"{_WALL_CLOCK} may stop a run of {_RUN_HOURS}, and the next would not know how much"
            f" is left; give {_STOP_DATE}",
            (_WALL_CLOCK, _STOP_DATE),
        )
    if hours * 3600 % interval:
        whole = math.lcm(interval, 3600) // 3600
        fit = whole * max(1, hours // whole)
        yield Conflict(
            f"{_RUN_HOURS} = {hours} is not a whole number of coupling intervals of {interval} s;"
            f" use {fit} or {fit + whole}",
            (_RUN_HOURS, INTERVAL),
        )
    start = config.run.start_date
    if start and not config.run.stop_date:
        with contextlib.suppress(ValueError):  # what is no date is told by its own rule
            first = calendars.date(start, config.run.calendar)
            if (first + datetime.timedelta(hours=hours)).year > calendars.LAST_YEAR:
                yield Conflict(
                    f"{_RUN_HOURS} = {hours} from {_START_DATE} = {text_of(start)} ends after the"
                    f" year {calendars.LAST_YEAR}, the last that a run may reach; give fewer, or"
                    f" {_STOP_DATE}",
                    (_RUN_HOURS, _START_DATE),
                )


def slab_conflicts(config: Config) -> Iterator[Conflict]:
    """The steps of the slabs fit the interval, and their layers are stable at it."""
    interval, step = config.coupling.interval_seconds, config.slab_ocean.time_step_seconds
    if interval % step:
        fit = max(divisor for divisor in range(1, step) if interval % divisor == 0)
        yield Conflict(
            f"{_SLAB_STEP} = {step} does not divide the coupling interval {interval}; use {fit}",
            (_SLAB_STEP, INTERVAL),
        )
    # Fluxes follow the surface an interval late: a thinner layer would oscillate, and grow at it.
    for tile, key, layer, least in (
        ("sea_ice", _ICE_LAYER, config.slab_ice.surface_layer_m, 0.1 * interval / 3600),
        ("land", _SOIL_LAYER, config.bucket_land.soil_layer_m, 0.2 * interval / 3600),
    ):
        if tile in config.available and layer < least:
            yield Conflict(
                f"{key} = {layer:g} is unstable with {INTERVAL} = {interval};"
                f" use at least {least:g}",
                (key, INTERVAL),
            )


RULES: tuple[Rule, ...] = (
    _date_conflicts,
    surface_conflicts,
    oasis_conflicts,
    restart_conflicts,
    history_conflicts,
    _ensemble_conflicts,
    _split_conflicts,
)
"""Those of every run; `length_conflicts` and `slab_conflicts` are of the project's own programs."""
