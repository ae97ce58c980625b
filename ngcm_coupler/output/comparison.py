"""The settings of two runs beside each other: which of them change results, and differ."""

from __future__ import annotations

from collections.abc import Mapping

from ngcm_coupler.config.namelist import scan, text_of
from ngcm_coupler.config.names import KEYS, Where, where
from ngcm_coupler.config.settings import PROGRAMS

KEYS_THAT_MAY_DIFFER = frozenset(key for key, declared in KEYS.items() if declared.may_differ)
"""Those whose text may differ between a run and the one that it continues, as they are declared."""

_BEGUN_FROM = (where(lambda at: at.model.initial_state), where(lambda at: at.grid.sea_grid_file))


def bound_keys(text: str) -> dict[str, str]:
    """The keys that change results, ``&group key`` -> value as text.

    A group of the project's programs that is not there has its defaults.

    Args:
      text: the resolved namelist of a run.
    """
    given = _given(text)
    return {str(key): value for key, value in given.items() if key not in KEYS_THAT_MAY_DIFFER}


def begun_from(text: str) -> list[str]:
    """The files of a resolved namelist that a run has begun from: by them too two runs differ."""
    given = _given(text)
    return [given.get(key, "") for key in _BEGUN_FROM]


def differing(there: Mapping[str, str], here: Mapping[str, str]) -> list[str]:
    """The keys that both have, with different values.

    One that only one of the two has, because the other is of another version, counts as equal.
    """
    return [name for name in here if name in there and there[name] != here[name]]


def _given(text: str) -> dict[Where, str]:
    groups = {group.name: group for group in scan(text)}
    return {
        key: text_of(declared.default)
        for key, declared in KEYS.items()
        if key.group in PROGRAMS - groups.keys()
    } | {
        Where(group.name, assignment.key): assignment.text
        for group in groups.values()
        for assignment in group.assignments
    }
