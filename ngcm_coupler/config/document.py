"""A namelist file as it is read: settings by group and key, and every fault with its line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from ngcm_coupler.config import keys as schema
from ngcm_coupler.config.namelist import Assignment, Fault, Group, scan
from ngcm_coupler.config.names import Where
from ngcm_coupler.config.settings import GROUPS, PROGRAMS, Config
from ngcm_coupler.config.tokens import place_for_fortran
from ngcm_coupler.errors import shown

_HIDDEN_LINE = re.compile(r"![^\n\r]*+\r(?!\r*(?:\n|\Z))")
_NO_COMMENT = re.compile(r"^[ \t\r]*+[^ \t\r\n!]", re.MULTILINE)


_READ_IN_FORTRAN = PROGRAMS | {"ngcm_oasis"}
_READ_BY_THE_OCEAN = frozenset({"ngcm_coupling", "ngcm_grid"})
"""Groups that programs of the project read themselves: always, and where their ocean takes part."""


class Conflict(NamedTuple):
    """A broken rule and the keys it ties together, the one to blame first.

    A conflict of a single key says that its value cannot be used at all.

    Attributes:
      message: what is wrong.
      keys: the keys.
      of_item: whether it is of an item that a list has, and holds whatever else is in that list,
        which is the first key.
      refuses: whether the namelist is refused for it; otherwise there is a warning.
    """

    message: str
    keys: tuple[Where, ...]
    of_item: bool = False
    refuses: bool = True


Rule = Callable[[Config], Iterable[Conflict]]
"""Finds what is wrong between values that are each allowed."""


class Document:
    """The groups of one namelist file that are the plugin's.

    Attributes:
      settings: what is given, by group and key.
      faults: for which the file is refused.
      doubts: of which there is a warning.
    """

    def __init__(self, text: str) -> None:
        self.settings: dict[str, dict[str, schema.Setting]] = {}
        self.faults: list[Fault] = []
        self.doubts: list[Fault] = []
        self._lines: dict[str | Where, int] = {}
        self._refused: set[Where] = set()
        groups = scan(text)
        in_fortran = _READ_IN_FORTRAN
        if any(group.name == "oasis_ocean" for group in groups):
            in_fortran |= _READ_BY_THE_OCEAN
        for group in groups:
            if group.name in in_fortran:
                group.faults += group.unread
        self.is_empty = not groups
        for group in groups:
            self._read_group(group)
        self.faults += _text_faults(text, groups)

    def judge(self, conflicts: Iterable[Conflict]) -> None:
        """Makes faults and doubts of conflicts, but not of those that a refused value brings."""
        for message, keys, of_item, refuses in conflicts:
            if self._refused.isdisjoint(keys[1:] if of_item else keys):
                line = next((self._lines[where] for where in keys if where in self._lines), 0)
                (self.faults if refuses else self.doubts).append(Fault(line, message))
                if refuses and len(keys) == 1:
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
        message = f"there is no group &{shown(group.name)}"
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
            self.faults.append(Fault(line, f"&{group} has no key {shown(name)}{remedy}"))
            return
        try:
            self.settings[group][name] = keys[name].convert(assignment.items)
        except ValueError as error:
            self._refused.add(where)
            self.faults.append(Fault(line, f"{where} = {shown(assignment.text, 400)} {error}"))
            if sound := keys[name].sound_items(assignment.items):
                self.settings[group][name] = sound


def _text_faults(text: str, groups: list[Group]) -> list[Fault]:
    """What keeps Fortran programs from finding in a text what has been found here."""
    if hidden := _HIDDEN_LINE.search(text):
        message = (
            "a carriage return stands in a comment, which it does not end for Fortran; end lines"
            " with a line feed, as `tr '\\r' '\\n'` makes of it"
        )
        return [Fault(_line(text, hidden.start()), message)]
    found = {group.name: group for group in reversed(groups)}
    faults = []
    for name in GROUPS:
        here, there = found.get(name), place_for_fortran(text, name)
        if there is not None and (here is None or here.begin != there):
            message = (
                f"Fortran finds &{name} here, within other text or a string; begin a group on a"
                " line of its own, and write its name without & elsewhere"
            )
            faults.append(Fault(_line(text, there), message))
        elif here is not None and there is None:
            message = (
                f"Fortran does not find &{name} here: a ! before it makes a comment of it, or no"
                " blank follows; begin it on a line of its own"
            )
            faults.append(Fault(here.line, message))
    if not (groups or faults) and (words := _NO_COMMENT.search(text)):
        message = "holds no group of a namelist, such as &ngcm_model engine = 'analytic' /"
        return [Fault(_line(text, words.end()), message)]
    return faults


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1
