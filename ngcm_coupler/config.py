"""The configuration: all namelist groups together, read from a file and checked.

`load` and `parse` are the doors: what passes them is valid, and what does not is refused with
every fault at once. A group whose name starts with ``ngcm_`` belongs to the plugin, and so do
``&slab_ocean``, ``&slab_ice``, ``&bucket_land`` and ``&oasis_ocean``; groups of other names belong
to the host that shares the file and are left alone.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import math
import os
import pathlib
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from ngcm_coupler import calendars, groups, program_groups, schema
from ngcm_coupler.errors import ConfigError
from ngcm_coupler.fields import IMPORTS, Need, field
from ngcm_coupler.namelist import Assignment, Fault, Group, read, scan, text_of
from ngcm_coupler.pressure_levels import Levels


@dataclasses.dataclass(frozen=True)
class Config:
    """A whole configuration, immutable and hashable; every value has been checked."""

    run: groups.Run = dataclasses.field(default_factory=groups.Run)
    model: groups.Model = dataclasses.field(default_factory=groups.Model)
    coupling: groups.Coupling = dataclasses.field(default_factory=groups.Coupling)
    surface: groups.Surface = dataclasses.field(default_factory=groups.Surface)
    radiation: groups.Radiation = dataclasses.field(default_factory=groups.Radiation)
    grid: groups.Grid = dataclasses.field(default_factory=groups.Grid)
    oasis: groups.Oasis = dataclasses.field(default_factory=groups.Oasis)
    ensemble: groups.Ensemble = dataclasses.field(default_factory=groups.Ensemble)
    device: groups.Device = dataclasses.field(default_factory=groups.Device)
    history: groups.History = dataclasses.field(default_factory=groups.History)
    restart: groups.Restart = dataclasses.field(default_factory=groups.Restart)
    recording: groups.Recording = dataclasses.field(default_factory=groups.Recording)
    limits: groups.Limits = dataclasses.field(default_factory=groups.Limits)
    log: groups.Log = dataclasses.field(default_factory=groups.Log)
    driver: program_groups.Driver = dataclasses.field(default_factory=program_groups.Driver)
    slab_ocean: program_groups.SlabOcean = dataclasses.field(
        default_factory=program_groups.SlabOcean
    )
    slab_ice: program_groups.SlabIce = dataclasses.field(default_factory=program_groups.SlabIce)
    bucket_land: program_groups.BucketLand = dataclasses.field(
        default_factory=program_groups.BucketLand
    )
    oasis_ocean: program_groups.OasisOcean = dataclasses.field(
        default_factory=program_groups.OasisOcean
    )

    @property
    def available(self) -> frozenset[Need]:
        """What the settings offer to the fields that need something (`fields.Field.needs`).

        Whether the water budget is known depends on the model and is not in it.
        """
        imports, scheme = self.coupling.imports, self.radiation.scheme
        met: dict[Need, bool] = {
            "sea_ice": "sea_ice_surface_temperature" in imports,
            "land": "land_surface_skin_temperature" in imports,
            "radiation": scheme != "host",
            "top_of_atmosphere": scheme == "rrtmgp",
            "skin": self.surface.sea_skin != "none",
        }
        return frozenset(need for need, is_met in met.items() if is_met)

    @property
    def instances(self) -> int:
        """How many copies of the grid the points of a field are: one for each host."""
        return self.ensemble.members if self.ensemble.coupling == "each" else 1

    def of_member(self, number: int) -> Config:
        """The configuration of a single member's run."""
        ensemble = dataclasses.replace(self.ensemble, members=1, first_member=number)
        return dataclasses.replace(self, ensemble=ensemble)

    def of_computation(self) -> Config:
        """The settings that compiled functions see; the others have their defaults.

        Two runs that agree in these can use the same compiled code.
        """
        return Config(
            run=groups.Run(calendar=self.run.calendar),
            model=dataclasses.replace(
                self.model, checkpoint=groups.DEMO, initial_state=groups.DEMO, random_seed=0
            ),
            coupling=dataclasses.replace(self.coupling, max_import_age_seconds=0),
            surface=self.surface,
            radiation=self.radiation,
            grid=self.grid,
            ensemble=groups.Ensemble(
                coupling=self.ensemble.coupling,
                perturbation_kelvin=self.ensemble.perturbation_kelvin,
            ),
            history=groups.History(
                level_fields=self.history.level_fields,
                pressure_levels_hpa=self.history.pressure_levels_hpa,
            ),
        )

    def resolved_text(self) -> str:
        """Returns the namelist with every default filled in; `parse` gives this object back."""
        return "".join(self._groups(lambda key, value: True))

    def changed_text(self) -> str:
        """Returns the keys that have not their default; `parse` gives this object back."""
        return "".join(self._groups(lambda key, value: value != key.default))

    def _groups(self, chosen: Callable[[schema.Key, schema.Setting], bool]) -> Iterator[str]:
        """The namelist groups with those keys that are chosen by declaration and value."""
        for name, attribute in _ATTRIBUTES.items():
            group = getattr(self, attribute)
            lines = [
                f"  {name_of_key} = {text_of(value)}\n"
                for name_of_key, key in schema.keys(type(group)).items()
                if chosen(key, value := getattr(group, name_of_key))
            ]
            if lines:
                yield f"&{name}\n{''.join(lines)}/\n"


MEMBER = "{member}"
"""In the name of a file that each member has of its own, the number of the member."""

_SURFACES = frozenset({"slab_ocean", "slab_ice", "bucket_land", "oasis_ocean"})
"""Groups of the surfaces, whose names do not begin with ``ngcm_``."""

_ATTRIBUTES: dict[str, str] = {
    ("" if field.name in _SURFACES else "ngcm_") + field.name: field.name
    for field in dataclasses.fields(Config)
}

GROUPS: dict[str, type] = {
    name: type(getattr(Config(), attribute)) for name, attribute in _ATTRIBUTES.items()
}
"""Namelist group -> its dataclass, in the order of the reference."""


class Where(NamedTuple):
    """A key of a group; as text it is how messages name it."""

    group: str
    key: str

    def __str__(self) -> str:
        return f"&{self.group} {self.key}"


class Conflict(NamedTuple):
    """A broken rule and the keys it ties together, the one to blame first.

    A conflict of a single key says that its value cannot be used at all.
    """

    message: str
    keys: tuple[Where, ...]


Rule = Callable[[Config], Iterable[Conflict]]
"""Finds what is wrong between values that are each allowed."""

DATE = "{date}"
"""In the name of a file, the model date at which the run begins that writes it."""

PERIOD = "{period}"
"""In the name of a history file, the month or year of the calendar that it holds."""

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


def load(path: str, *further_rules: Rule) -> Config:
    """Reads a namelist file. Paths in it are relative to the working directory.

    Args:
      path: the file.
      *further_rules: rules to apply beside those of this module.

    Raises:
      ConfigError: the file cannot be used; carries every fault.
    """
    return parse(read(path), path, *further_rules)


def parse(
    text: str, name: str = "namelist", *further_rules: Rule, with_files: bool = True
) -> Config:
    """Reads the text of a namelist; `name` stands for it in messages. See `load`.

    Args:
      text: the text.
      name: what it is called.
      *further_rules: rules to apply beside those of this module.
      with_files: whether its files must be there; those of a run elsewhere need not.

    Raises:
      ConfigError: the text cannot be used; carries every fault.
    """
    document = _Document(text)
    config = Config(
        **{
            attribute: GROUPS[group](**document.settings.get(group, {}))
            for group, attribute in _ATTRIBUTES.items()
        }
    )
    rules: list[Rule] = [_file_conflicts] if with_files else []
    rules += [
        _date_conflicts,
        _model_conflicts,
        _surface_conflicts,
        _oasis_conflicts,
        _restart_conflicts,
        _history_conflicts,
        _ensemble_conflicts,
        _split_conflicts,
    ]
    # A host with an ocean of its own need not make the driver's defaults fit its interval. Through
    # OASIS it has &ngcm_driver all the same, which says the length of the run.
    if document.settings.keys() & {"ngcm_driver", *_SURFACES}:
        rules.append(_length_conflicts)
    slabs = _SURFACES if config.oasis.exports else {"ngcm_driver", *_SURFACES}
    if document.settings.keys() & slabs:
        rules.append(_slab_conflicts)
    for rule in (*rules, *further_rules):
        document.judge(rule(config))
    if document.faults:
        raise ConfigError([fault.located(name) for fault in sorted(document.faults)])
    return config


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
    return [conflict.message for conflict in (*_slab_conflicts(config), *_length_conflicts(config))]


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


def _length_conflicts(config: Config) -> Iterator[Conflict]:
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


def _slab_conflicts(config: Config) -> Iterator[Conflict]:
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


def begins(restart: groups.Restart) -> bool:
    """Whether `read_file` is the folder of this very run and holds no restart yet."""
    if not restart.read_file or not restart.folder:
        return False
    own = pathlib.Path(restart.folder)
    return pathlib.Path(restart.read_file).absolute() == own.absolute() and not any(
        own.glob("restart_*.nc")
    )


def _file_conflicts(config: Config) -> Iterator[Conflict]:
    """Files that must exist do; files to be written can be. The demo's are in a package."""
    model, restart = config.model, config.restart
    ocean = config.oasis_ocean
    inputs = {
        Where("ngcm_restart", "read_file"): "" if begins(restart) else restart.read_file,
        Where("ngcm_grid", "sea_grid_file"): config.grid.sea_grid_file,
        Where("oasis_ocean", "read_file"): ocean.read_file,
    }
    if model.engine == "neuralgcm":
        inputs[Where("ngcm_model", "checkpoint")] = model.checkpoint
        if not restart.read_file or begins(restart):
            inputs[Where("ngcm_model", "initial_state")] = model.initial_state
    for where, name in inputs.items():
        packaged = name == groups.DEMO and where.group == "ngcm_model"
        if name and not packaged and not os.access(name, os.R_OK):
            reason = "cannot be read" if pathlib.Path(name).exists() else "does not exist"
            message = f"{where} = {text_of(name)} {reason} (from the folder {pathlib.Path.cwd()})"
            yield Conflict(message, (where,))
    history = config.history
    outputs = {
        Where("ngcm_history", "file"): history.file,
        Where("ngcm_history", "budget_file"): history.budget_file,
        Where("ngcm_restart", "write_file"): restart.write_file,
        Where("ngcm_recording", "file"): config.recording.file,
        Where("oasis_ocean", "write_file"): ocean.write_file,
        Where("oasis_ocean", "output_file"): ocean.output_file,
    }
    for where, file in outputs.items():
        if file and (problem := _write_problem(pathlib.Path(file))):
            yield Conflict(f"{where} = {text_of(file)} {problem}", (where,))
    if restart.folder and (problem := _folder_problem(pathlib.Path(restart.folder))):
        where = Where("ngcm_restart", "folder")
        yield Conflict(f"{where} = {text_of(restart.folder)} {problem}", (where,))
    if history.file and history.file == history.budget_file:
        wheres = Where("ngcm_history", "budget_file"), Where("ngcm_history", "file")
        yield Conflict(f"{wheres[0]} and {wheres[1]} are one file; give two names", wheres)


def _write_problem(file: pathlib.Path) -> str | None:
    folder = file.parent
    if not folder.is_dir():
        return f"cannot be written: there is no folder {folder.absolute()}; create it"
    if file.is_dir():
        return "is a folder; give a file in it"
    if not os.access(file if file.exists() else folder, os.W_OK):
        return "cannot be written: permission denied"
    return None


def _folder_problem(folder: pathlib.Path) -> str | None:
    if folder.is_dir():
        return None if os.access(folder, os.W_OK) else "cannot be written: permission denied"
    if folder.exists():
        return "is no folder"
    return _write_problem(folder)


class _Document:
    """The groups of one namelist file that are the plugin's: their settings and their faults."""

    def __init__(self, text: str) -> None:
        self.settings: dict[str, dict[str, schema.Setting]] = {}
        self.faults: list[Fault] = []
        self._lines: dict[str | Where, int] = {}
        self._refused: set[Where] = set()
        for group in scan(text):
            self._read_group(group)

    def judge(self, conflicts: Iterable[Conflict]) -> None:
        """Makes faults of conflicts, but not of those that a value already refused brings."""
        for message, keys in conflicts:
            if self._refused.isdisjoint(keys):
                line = next((self._lines[where] for where in keys if where in self._lines), 0)
                self.faults.append(Fault(line, message))
                if len(keys) == 1:
                    self._refused.add(keys[0])

    def _read_group(self, group: Group) -> None:
        if group.name not in GROUPS:
            self._read_foreign_group(group)
        elif group.name in self.settings:
            first = self._lines[group.name]
            message = f"&{group.name} stands twice, first on line {first}; join the two"
            self.faults.append(Fault(group.line, message))
        else:
            self.settings[group.name] = {}
            self._lines[group.name] = group.line
            self.faults += group.faults
            for assignment in group.assignments:
                self._read_key(group.name, assignment)

    def _read_foreign_group(self, group: Group) -> None:
        """Takes a group of an unknown name for the host's unless it looks like one of ours."""
        message = f"there is no group &{group.name}"
        if group.name.startswith("ngcm_"):
            hint = schema.did_you_mean(group.name, GROUPS, "&{}".format)
            known = f"; the groups are {', '.join(map('&{}'.format, GROUPS))}"
            self.faults.append(Fault(group.line, message + (hint or known)))
        elif hint := schema.did_you_mean(group.name, GROUPS, "&{}".format, cutoff=0.8):
            self.faults.append(Fault(group.line, message + hint))

    def _read_key(self, group: str, assignment: Assignment) -> None:
        name, line = assignment.key, assignment.line
        keys = schema.keys(GROUPS[group])
        where = Where(group, name)
        self._lines[where] = line
        if name not in keys:
            remedy = schema.did_you_mean(name, keys) or f"; its keys are {', '.join(keys)}"
            if name.partition("(")[0] in keys:
                remedy = "; give the whole list at once, without an index"
            self.faults.append(Fault(line, f"&{group} has no key {name}{remedy}"))
            return
        try:
            self.settings[group][name] = keys[name].convert(assignment.items)
        except ValueError as error:
            self._refused.add(where)
            self.faults.append(Fault(line, f"{where} = {assignment.text} {error}"))
