"""From a namelist to a configuration that the engine it names can run, or to every fault at once.

The configuration itself knows no engine, as it stands below them: what an engine asks of the
settings comes here to the rules of `ngcm_coupler.config`. This is the door for whoever runs.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from ngcm_coupler import config as configuration
from ngcm_coupler.config import (
    INTERVAL,
    KEYS,
    Config,
    Conflict,
    Rule,
    continues,
    multiple_of_step_fault,
    overwritten,
    spectra_faults,
    stop_conflicts,
    unreadable,
    where,
)
from ngcm_coupler.config.namelist import read, text_of
from ngcm_coupler.engine.description import ENGINE, Engine
from ngcm_coupler.engine.registry import engine_of
from ngcm_coupler.errors import ConfigError, NgcmError, shown, unexpected
from ngcm_coupler.fields.arguments import path_text

_LEVEL_FIELDS = where(lambda at: at.history.level_fields)
_LEVELS = where(lambda at: at.history.pressure_levels_hpa)
_LOWEST_LEVEL = where(lambda at: at.surface.lowest_level)
_PARTS = where(lambda at: at.device.level_parts)


def load(path: str | os.PathLike[str], *further_rules: Rule) -> Config:
    """Reads a namelist file. Paths in it are relative to the working directory.

    Args:
      path: the file.
      *further_rules: rules to apply beside those of the settings and of the engine.

    Raises:
      ConfigError: the file cannot be used; carries every fault.
    """
    name = path_text("namelist", path)
    itself = {"the namelist itself": name}
    return parse(read(name), name, lambda config: overwritten(config, itself), *further_rules)


def parse(
    text: str, name: str = "namelist", *further_rules: Rule, with_files: bool = True
) -> Config:
    """Reads the text of a namelist; `name` stands for it in messages. See `load`.

    Args:
      text: the text.
      name: what it is called.
      *further_rules: rules to apply beside those of the settings and of the engine.
      with_files: whether its files must be there, and a key without effect is warned of; for a
        run that has been elsewhere neither is of interest.

    Raises:
      ConfigError: the text cannot be used; carries every fault.
    """
    rules = [_settings_rule, *([_files_rule, _unread_rule] if with_files else []), *further_rules]
    return configuration.parse(text, name, *rules, with_files=with_files)


def contents_rule(config: Config) -> Iterator[Conflict]:
    """What only the engine's files tell fits the settings; they are read, which takes a while."""
    engine = _found(config)
    if engine and engine.facts_are_in_files:
        yield from _facts_conflicts(engine, config)
    if engine:
        try:
            yield from list(engine.contents(config))
        except Exception as error:  # as below
            yield Conflict(f"{ENGINE}: {unexpected(error)}", (ENGINE,))


def _settings_rule(config: Config) -> Iterator[Conflict]:
    """There is such an engine, and the settings fit it as far as no file need be read."""
    try:
        engine = engine_of(config)
    except ConfigError as error:
        yield Conflict(str(error), (ENGINE,))
        return
    try:
        yield from list(engine.conflicts(config))
    except Exception as error:  # as below
        yield Conflict(f"{ENGINE}: {type(error).__name__}: {error}", (ENGINE,))
        return
    if not engine.facts_are_in_files:
        yield from _facts_conflicts(engine, config)
    if engine.start_date and not (config.run.start_date or continues(config.restart)):
        yield from stop_conflicts(config, engine.start_date)
    parts = config.device.level_parts
    if parts > 1 and not engine.can_be_split:
        message = f"{_PARTS} = {parts} cannot split this engine; give 1, or change {ENGINE}"
        yield Conflict(message, (_PARTS, ENGINE))


def _files_rule(config: Config) -> Iterator[Conflict]:
    """The files that the engine reads are there."""
    if engine := _found(config):
        for key, name in engine.files(config).items():
            yield from unreadable(key, name)


def _unread_rule(config: Config) -> Iterator[Conflict]:
    """Nothing is given that the engine ignores."""
    engine = _found(config)
    for key in engine.unread if engine else ():
        if (value := key.value(config)) != KEYS[key].default:
            yield Conflict(
                f"{key} = {shown(text_of(value), 400)} is without effect: {ENGINE} ="
                f" {text_of(config.model.engine)} does not read it; take it out, or name another"
                " engine",
                (key, ENGINE),
                refuses=False,
            )


def _facts_conflicts(engine: Engine, config: Config) -> Iterator[Conflict]:
    """The step divides the interval, and the decoder gives what is asked of it."""
    blamed = (*engine.keys, ENGINE)
    try:
        facts = engine.facts(config)
        step, levels = facts.step_seconds, facts.levels
    except (Exception, SystemExit) as error:  # an engine from outside may raise anything
        kind = "" if isinstance(error, NgcmError) else f"{type(error).__name__}: "
        yield Conflict(f"{blamed[0]}: {kind}{error}", blamed[:1])
        return
    if not isinstance(step, int) or step < 1:
        yield Conflict(f"{ENGINE}: its step is {step!r}, expected whole seconds", (ENGINE,))
        return
    if fault := multiple_of_step_fault(config.coupling.interval_seconds, step):
        yield Conflict(fault, (INTERVAL, *blamed))
    shape = (facts.grid.nlat, facts.grid.nlon)
    yield from spectra_faults(config.radiation, shape, step)
    history = config.history
    if fault := levels.fields_fault(history.level_fields):
        yield Conflict(fault, (_LEVEL_FIELDS, *blamed), of_item=True)
    if fault := levels.pressures_fault(history.pressure_levels_hpa):
        yield Conflict(fault, (_LEVELS, *blamed), of_item=True)
    if fault := levels.lowest_level_fault(config.surface.lowest_level):
        yield Conflict(fault, (_LOWEST_LEVEL, *blamed))


def _found(config: Config) -> Engine | None:
    """The engine; None where there is none such, which `_settings_rule` says."""
    try:
        return engine_of(config)
    except ConfigError:
        return None
