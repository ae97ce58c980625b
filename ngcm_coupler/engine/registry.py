"""Which engine a configuration names: one of this project, or one of a module outside."""

from __future__ import annotations

import importlib

from ngcm_coupler.config import Config
from ngcm_coupler.config.keys import did_you_mean
from ngcm_coupler.config.model_groups import BUILT_IN_ENGINES
from ngcm_coupler.config.namelist import text_of
from ngcm_coupler.engine.built_in import Analytic, Published
from ngcm_coupler.engine.description import ENGINE, Engine
from ngcm_coupler.errors import ConfigError

_BUILT_IN: dict[str, Engine] = dict(zip(BUILT_IN_ENGINES, (Published(), Analytic()), strict=True))

ATTRIBUTE = "ENGINE"
"""Under which a module outside has its description."""


def engine_of(config: Config) -> Engine:
    """The description of the engine that ``&ngcm_model`` names. Builds nothing.

    Raises:
      ConfigError: there is no such engine.
    """
    name = config.model.engine
    return _BUILT_IN[name] if name in _BUILT_IN else _outside(name)


def _outside(name: str) -> Engine:
    """The description in a module that is not of this project."""
    try:
        module = importlib.import_module(name)
    except (Exception, SystemExit) as error:  # whatever the module does while it is imported
        reason = f"{type(error).__name__}: {error}"
        hint = did_you_mean(name, BUILT_IN_ENGINES, text_of)
        raise ConfigError(
            f"{ENGINE} = {text_of(name)} is none of {text_of(BUILT_IN_ENGINES)} and cannot be"
            f" imported as a module ({reason}); install the module, or name its folder in"
            f" PYTHONPATH{hint}"
        ) from error
    found = getattr(module, ATTRIBUTE, None)
    if not isinstance(found, Engine):
        got = "nothing" if found is None else f"an object of {type(found).__name__}"
        raise ConfigError(
            f"{ENGINE} = {text_of(name)} is a module with {got} under the name {ATTRIBUTE},"
            " expected an ngcm_coupler.engine.Engine that describes the atmosphere; define it"
            f" there{did_you_mean(name, BUILT_IN_ENGINES, text_of)}"
        )
    return found
