"""The names of keys: how rules and messages point at one, and its declaration found by it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

from ngcm_coupler.config import keys as schema
from ngcm_coupler.config.settings import ATTRIBUTES, GROUPS, Config


class Where(NamedTuple):
    """A key of a group; as text it is how messages name it."""

    group: str
    key: str

    def __str__(self) -> str:
        return f"&{self.group} {self.key}"

    def value(self, config: Config) -> Any:
        """What a configuration has for it."""
        return getattr(getattr(config, ATTRIBUTES[self.group]), self.key)

    def replaced(self, config: Config, value: schema.Setting) -> Config:
        """The configuration with another value for it, which is not checked."""
        attribute = ATTRIBUTES[self.group]
        group = dataclasses.replace(getattr(config, attribute), **{self.key: value})
        return dataclasses.replace(config, **{attribute: group})


KEYS: dict[Where, schema.Key] = {
    Where(group, name): declared
    for group, cls in GROUPS.items()
    for name, declared in schema.keys(cls).items()
}
"""Every key -> its declaration, in the order of the reference."""

_NAMED = SimpleNamespace(
    **{
        attribute: SimpleNamespace(**{where.key: where for where in KEYS if where.group == group})
        for group, attribute in ATTRIBUTES.items()
    }
)
"""Built like a configuration, with the name of each key in the place of its value."""


def where(chosen: Callable[[Config], object]) -> Where:
    """Names a key by its place in the configuration: ``where(lambda at: at.run.start_date)``.

    A type checker sees a name that is misspelt, and so does whoever imports the module.

    Raises:
      AttributeError: there is no such key.
    """
    return cast("Where", chosen(cast("Config", _NAMED)))
