"""A namelist file as it is read: settings by group and key, and every fault with its line."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from ngcm_coupler.config import keys as schema
from ngcm_coupler.config.namelist import Assignment, Fault, Group, scan
from ngcm_coupler.config.names import Where
from ngcm_coupler.config.settings import GROUPS, Config


class Conflict(NamedTuple):
    """A broken rule and the keys it ties together, the one to blame first.

    A conflict of a single key says that its value cannot be used at all.
    """

    message: str
    keys: tuple[Where, ...]


Rule = Callable[[Config], Iterable[Conflict]]
"""Finds what is wrong between values that are each allowed."""


class Document:
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
