"""The rules that tie several keys together; the range of a single key stands with the key."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Iterator

from ngcm_coupler.clock import calendars
from ngcm_coupler.config.document import Conflict, Rule, Where
from ngcm_coupler.config.namelist import text_of
from ngcm_coupler.config.settings import DATE, MEMBER, PERIOD, Config
from ngcm_coupler.fields import IMPORTS, Need, field
from ngcm_coupler.fields.levels import Levels

INTERVAL = Where("ngcm_coupling", "interval_seconds")
_CALENDAR = Where("ngcm_run", "calendar")
_START_DATE = Where("ngcm_run", "start_date")
_STOP_DATE = Where("ngcm_run", "stop_date")
_ENGINE = Where("ngcm_model", "engine")
_ANALYTIC_STEP = Where("ngcm_model", "analytic_step_seconds")
_RUN_HOURS = Where("ngcm_driver", "run_hours")
_SLAB_STEP = Where("slab_ocean", "time_step_seconds")
_ICE_LAYER = Where("slab_ice", "surface_layer_m")
_SOIL_LAYER = Where("bucket_land", "soil_layer_m")
_IMPORTS = Where("ngcm_coupling", "imports")
_RADIATION = Where("ngcm_radiation", "scheme")
_SKIN = Where("ngcm_surface", "sea_skin")
_REMEDIES: dict[Need, str] = {
    "sea_ice": f"all imports of sea ice in {_IMPORTS}",
    "land": f"all imports of land in {_IMPORTS}",
    "radiation": f"{_RADIATION} = 'grey' or 'rrtmgp'",
    "top_of_atmosphere": f"{_RADIATION} = 'rrtmgp'",
    "skin": f"{_SKIN} = 'cool' or 'cool_and_warm'",
}


def multiple_of_step_fault(interval_seconds: int, step_seconds: int) -> str | None:
    """Returns why the coupling interval does not fit the model step, with a remedy, or None."""
    if interval_seconds % step_seconds == 0:
        return None
    steps = max(1, interval_seconds // step_seconds)
    return (
        f"{INTERVAL} = {interval_seconds} is not a multiple of the model step {step_seconds}; "
        f"use {steps * step_seconds} or {(steps + 1) * step_seconds}"
    )


def driver_faults(config: Config) -> list[str]:
    """Returns what keeps the programs of this project from running a configuration.

    `parse` leaves these rules alone where the file has no group of theirs.
    """
    return [conflict.message for conflict in (*slab_conflicts(config), *length_conflicts(config))]


def _date_conflicts(config: Config) -> Iterator[Conflict]:
    """Dates are those of the calendar, and in their order."""
    run, dates = config.run, []
    for where, text in ((_START_DATE, run.start_date), (_STOP_DATE, run.stop_date)):
        if not text or calendars.date_problem(text):
            continue
        try:
            dates.append(calendars.date(text, run.calendar))
        except ValueError as error:
            remedy = f"give another date or {_CALENDAR}"
            yield Conflict(f"{where} = {text_of(text)} {error}; {remedy}", (where, _CALENDAR))
    if len(dates) == 2 and dates[1] <= dates[0]:
        yield Conflict(
            f"{_STOP_DATE} = {text_of(run.stop_date)} is not after {_START_DATE} ="
            f" {text_of(run.start_date)}; give a later one",
            (_START_DATE, _STOP_DATE),
        )


def _model_conflicts(config: Config) -> Iterator[Conflict]:
    if config.model.engine == "analytic":
        step = config.model.analytic_step_seconds
        if fault := multiple_of_step_fault(config.coupling.interval_seconds, step):
            yield Conflict(fault, (INTERVAL, _ANALYTIC_STEP))


def _surface_conflicts(config: Config) -> Iterator[Conflict]:
    """A tile has all its imports or none; albedos have a use only where there is radiation."""
    imports, by_host = config.coupling.imports, config.radiation.scheme == "host"
    for tile, noun in (("sea_ice", "sea ice"), ("land", "land")):
        own = [row.name for row in IMPORTS if row.surface == tile]
        albedos = [name for name in own if "albedo" in name]
        given = [name for name in own if name in imports]
        idle = [name for name in albedos if name in imports] if by_host else []
        lacking = [name for name in own if name not in given and not (by_host and name in albedos)]
        if idle:
            message = (
                f"{_IMPORTS} names {', '.join(idle)}, which {_RADIATION} = 'host' leaves unused"
            )
            yield Conflict(f"{message}; take them out", (_IMPORTS, _RADIATION))
        elif given and lacking:
            message = f"{_IMPORTS} names {given[0]} without {', '.join(lacking)}"
            remedy = f"give all imports of {noun} or none"
            yield Conflict(f"{message}; {remedy}", (_IMPORTS, _RADIATION))
    if config.radiation.scheme == "rrtmgp" and not importlib.util.find_spec("rrtmgp"):
        remedy = "pip install 'ngcm_coupler[radiation]', or use 'grey'"
        yield Conflict(
            f"{_RADIATION} = 'rrtmgp' needs the package jax-rrtmgp; {remedy}", (_RADIATION,)
        )
    if by_host and config.surface.sea_skin != "none":
        message = f"{_SKIN} = '{config.surface.sea_skin}' needs radiation, which {_RADIATION}"
        yield Conflict(
            f"{message} = 'host' does not offer; use 'none' or 'grey'", (_SKIN, _RADIATION)
        )


def _oasis_conflicts(config: Config) -> Iterator[Conflict]:
    """What goes through OASIS is what the settings offer, each under a name of its own."""
    oasis, where = config.oasis, Where("ngcm_oasis", "exports")
    for name in oasis.exports:
        if fault := _not_exchanged(config, name):
            yield Conflict(f"{where} names {name}, which {fault}", (where, _IMPORTS, _RADIATION))
    exchanged = {*oasis.exports, *config.coupling.imports}
    for pair in oasis.partner_names:
        name = pair.partition("=")[0].strip()
        if name not in exchanged:
            where = Where("ngcm_oasis", "partner_names")
            message = f"{where} names {name}, which is not exchanged"
            remedy = f"add it to exports, or to {_IMPORTS}, or take it out here"
            yield Conflict(f"{message}; {remedy}", (where, _IMPORTS))


def _ensemble_conflicts(config: Config) -> Iterator[Conflict]:
    """Each member has files of its own, and through OASIS there is one ocean for all."""
    members = Where("ngcm_ensemble", "members")
    if config.ensemble.members == 1:
        return
    own = {
        Where("ngcm_history", "budget_file"): config.history.budget_file,
        Where("ngcm_recording", "file"): config.recording.file,
    }
    for where, name in own.items():
        if name and MEMBER not in name:
            message = f"{where} = {text_of(name)} is one name for {config.ensemble.members} members"
            yield Conflict(f"{message}; put {MEMBER} in it, for the number", (where, members))
    if config.oasis.exports and config.ensemble.coupling == "each":
        coupling = Where("ngcm_ensemble", "coupling")
        message = f"{coupling} = 'each' is not possible through OASIS, which knows one ocean"
        remedy = "use 'mean', or run each member as a job of its own (members = 1, first_member)"
        yield Conflict(f"{message}; {remedy}", (coupling, members))


def _split_conflicts(config: Config) -> Iterator[Conflict]:
    """What a model that several ranks share cannot do."""
    parts, where = config.device.level_parts, Where("ngcm_device", "level_parts")
    if parts == 1:
        return
    for other, is_odd, why in (
        (_ENGINE, config.model.engine != "neuralgcm", "is of a published model only"),
        (Where("ngcm_ensemble", "members"), config.ensemble.members > 1, "is of a single member"),
        (Where("ngcm_recording", "file"), config.recording.file, "can be recorded by no rank"),
    ):
        if is_odd:
            yield Conflict(f"{where} = {parts} {why}; give 1, or change {other}", (where, other))


def length_conflicts(config: Config) -> Iterator[Conflict]:
    """The length of a run is whole intervals, and is known to whoever continues it."""
    interval, hours = config.coupling.interval_seconds, config.driver.run_hours
    if config.limits.wall_clock_seconds and not config.run.stop_date:
        wall = Where("ngcm_limits", "wall_clock_seconds")
        message = f"{wall} may stop a run of {_RUN_HOURS}, and the next would not know how much is"
        yield Conflict(f"{message} left; give {_STOP_DATE}", (wall, _STOP_DATE))
    if hours * 3600 % interval:
        whole = math.lcm(interval, 3600) // 3600
        fit = whole * max(1, hours // whole)
        message = (
            f"{_RUN_HOURS} = {hours} is not a whole number of coupling intervals of {interval} s; "
            f"use {fit} or {fit + whole}"
        )
        yield Conflict(message, (_RUN_HOURS, INTERVAL))


def slab_conflicts(config: Config) -> Iterator[Conflict]:
    """The steps of the slabs fit the interval, and their layers are stable at it."""
    interval, step = config.coupling.interval_seconds, config.slab_ocean.time_step_seconds
    if interval % step:
        fit = max(divisor for divisor in range(1, step) if interval % divisor == 0)
        message = (
            f"{_SLAB_STEP} = {step} does not divide the coupling interval {interval}; use {fit}"
        )
        yield Conflict(message, (_SLAB_STEP, INTERVAL))
    # Fluxes follow the surface an interval late: a thinner layer would oscillate, and grow at it.
    for tile, where, layer, least in (
        ("sea_ice", _ICE_LAYER, config.slab_ice.surface_layer_m, 0.1 * interval / 3600),
        ("land", _SOIL_LAYER, config.bucket_land.soil_layer_m, 0.2 * interval / 3600),
    ):
        if tile in config.available and layer < least:
            message = f"{where} = {layer:g} is unstable with {INTERVAL} = {interval}"
            yield Conflict(f"{message}; use at least {least:g}", (where, INTERVAL))


def _restart_conflicts(config: Config) -> Iterator[Conflict]:
    """Restarts fall on ends of intervals, and a run that may be cut leaves one."""
    restart, limits = config.restart, config.limits
    folder, hours = Where("ngcm_restart", "folder"), Where("ngcm_restart", "interval_hours")
    wall, margin = (Where("ngcm_limits", f"{key}_seconds") for key in ("wall_clock", "margin"))
    interval = config.coupling.interval_seconds
    if restart.interval_hours and not restart.folder:
        message = f"{hours} = {restart.interval_hours} needs a folder"
        yield Conflict(f"{message}; give {folder}, or 0", (hours, folder))
    if restart.interval_hours * 3600 % interval:
        fit = math.lcm(interval, 3600) // 3600
        message = f"{hours} = {restart.interval_hours} is not a whole number of coupling intervals"
        yield Conflict(f"{message} of {interval} s; use a multiple of {fit}", (hours, INTERVAL))
    if limits.wall_clock_seconds:
        if limits.margin_seconds > limits.wall_clock_seconds:
            message = f"{margin} = {limits.margin_seconds} is more than {wall}"
            yield Conflict(f"{message} = {limits.wall_clock_seconds}", (margin, wall))
        if not (restart.folder or restart.write_file):
            message = f"{wall} = {limits.wall_clock_seconds} would end a run that keeps nothing"
            yield Conflict(f"{message}; give {folder}", (wall, folder))
    if config.oasis.exports:
        # Only at the end of its run does OASIS leave restart files of its own.
        for where, given in (wall, limits.wall_clock_seconds), (hours, restart.interval_hours):
            if given:
                message = f"{where} = {given} is not possible through OASIS, whose components stop"
                yield Conflict(f"{message} together; cut the run by {_RUN_HOURS}", (where,))


def _history_conflicts(config: Config) -> Iterator[Conflict]:
    """What is to be written is there, and the names of files tell them apart."""
    history, interval = config.history, config.coupling.interval_seconds
    file, period, kind, hours, names, level_fields, levels = (
        Where("ngcm_history", key)
        for key in (
            "file", "file_period", "record", "interval_hours", "fields", "level_fields",
            "pressure_levels_hpa",
        )
    )  # fmt: skip
    for name in history.fields:
        if fault := _not_exchanged(config, name):
            keys = (names, _IMPORTS, _RADIATION, _SKIN)
            yield Conflict(f"{names} names {name}, which {fault}", keys)
    if history.interval_hours * 3600 % interval:
        fit = math.lcm(interval, 3600) // 3600
        message = f"{hours} = {history.interval_hours} is not a whole number of coupling intervals"
        yield Conflict(f"{message} of {interval} s; use a multiple of {fit}", (hours, INTERVAL))
    if history.record == "monthly_mean":
        if history.interval_hours:
            message = f"{hours} = {history.interval_hours} has no meaning with {kind} ="
            yield Conflict(f"{message} 'monthly_mean'; use 0 or {kind} = 'mean'", (hours, kind))
        if calendars.SECONDS_PER_DAY % interval:
            message = f"{kind} = 'monthly_mean' needs coupling intervals that divide a day, or"
            remedy = f"months would not end with one; {INTERVAL} = {interval} does not"
            yield Conflict(f"{message} {remedy}", (kind, INTERVAL))
    if history.file and (history.file_period != "run") != (PERIOD in history.file):
        if history.file_period == "run":
            message = f"{file} = {text_of(history.file)} names a {PERIOD}, and {period} = 'run' has"
            yield Conflict(f"{message} none; use 'month' or 'year'", (file, period))
        else:
            message = (
                f"{file} = {text_of(history.file)} would be that of every {history.file_period}"
            )
            yield Conflict(f"{message}; put {PERIOD} into the name", (file, period))
    if PERIOD in history.budget_file:
        where = Where("ngcm_history", "budget_file")
        message = f"{where} = {text_of(history.budget_file)} names a {PERIOD}, and one file holds"
        yield Conflict(f"{message} the budgets of a run; use {DATE}", (where,))
    if history.pressure_levels_hpa and not history.level_fields:
        yield Conflict(f"{levels} needs fields; give {level_fields}", (levels, level_fields))
    if history.level_fields and config.model.engine == "analytic":
        (fault,) = Levels().faults(history.level_fields, ())
        yield Conflict(fault, (level_fields, _ENGINE))


def _not_exchanged(config: Config, name: str) -> str | None:
    """Why a field of the table is not exchanged under these settings, with a remedy, or None."""
    row = field(name)
    if row.direction == "import":
        if name in config.coupling.imports:
            return None
        given = ", ".join(config.coupling.imports)
        return f"the host does not give; it gives {given}: add it to {_IMPORTS}, or take it out"
    for need in row.needs:
        # Only the model can tell whether it knows its water.
        if need != "water" and need not in config.available:
            return f"is not offered: it needs {need} ({_REMEDIES[need]})"
    return None


RULES: tuple[Rule, ...] = (
    _date_conflicts,
    _model_conflicts,
    _surface_conflicts,
    _oasis_conflicts,
    _restart_conflicts,
    _history_conflicts,
    _ensemble_conflicts,
    _split_conflicts,
)
"""Those of every run; `length_conflicts` and `slab_conflicts` are of the project's own programs."""
