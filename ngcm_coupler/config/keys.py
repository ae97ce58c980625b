"""What a namelist key may hold and what follows from it, written down once.

A group is a frozen dataclass whose fields are declared with `key`. Reading, the messages of
faults and the reference in the documentation all come from that declaration, and so does what
restarts compare, what compiled code is kept under and which files are looked for.
"""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

from ngcm_coupler.config.namelist import Value, text_of, value_of
from ngcm_coupler.errors import either, listing, near_names, quoted, shown
from ngcm_coupler.fields.units import behind

Setting = Value | tuple[str, ...] | tuple[int, ...]
"""What one key can hold; a list is a tuple, so that a group stays hashable."""

Path = Literal["", "in", "out", "state", "folder"]
"""Whether a key names a file: one to read, one that each run writes anew from its start on, one for
the state at the end of a run, or a folder to write into."""

LONGEST = 4095
"""Bytes of a text, as many as a path of Linux has and Fortran programs keep."""

_MOST_CHOICES = 8
"""Choices that a message lists."""

_KINDS: dict[type, str] = {bool: "logical", int: "integer", float: "real", str: "string"}
_ARTICLES = {"integer": "an integer"}


@dataclasses.dataclass(frozen=True)
class Key:
    """The declaration of one namelist key.

    Attributes:
      default: its value where the namelist is silent; also fixes the type.
      doc: what it means, for the reference.
      items: type of the items, where the default is a list.
      unit: its unit, empty for a number without one and for text.
      choices: the only strings allowed; empty: any.
      minimum: smallest number allowed.
      maximum: largest number allowed.
      note: what `check` asks for, in words.
      check: returns what is wrong with a value of the right type, or nothing.
      changes_results: whether another value may give other results from the same state.
      compared: what of it a run must share with the one it continues, in place of its text.
      traced: whether compiled functions may depend on it.
      reaches: how it changes results although no compiled function depends on it.
      path: whether it names a file, and what for.
      needs: a key of the same group without which it has no effect, as the file that it is about.
      under: the values of that key under which it is read; without any, all that are not empty.

    A key that says nothing of its consequences is treated as having all of them, which costs a
    branch or a compilation too many and never a wrong number.
    """

    default: Setting
    doc: str
    items: type = str
    unit: str = ""
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    note: str = ""
    check: Callable[[Any], str | None] | None = None
    changes_results: bool = True
    compared: str = ""
    traced: bool = True
    reaches: str = ""
    path: Path = ""
    needs: str = ""
    under: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuses a declaration that contradicts itself or leaves a reason out.

        Raises:
          ValueError: it does.
        """
        unseen = self.changes_results and not self.traced
        if unseen != bool(self.reaches):
            raise ValueError(
                f"{self.doc!r}: `reaches` is for a key that changes results and is not traced"
            )
        if self.compared and not self.changes_results:
            raise ValueError(f"{self.doc!r}: `compared` is for a key that changes results")
        if self.path and not isinstance(self.default, str):
            raise ValueError(f"{self.doc!r}: `path` is for a key that holds text")
        if self.under and not self.needs:
            raise ValueError(f"{self.doc!r}: `under` is for a key that needs another")

    @property
    def may_differ(self) -> bool:
        """Whether its text may differ between a run and the one it continues."""
        return not self.changes_results or bool(self.compared)

    @property
    def kind(self) -> str:
        """The Fortran type, in words."""
        if self._is_list:
            return f"list of {_KINDS[self.items]}s"
        return _KINDS[type(self.default)]

    @property
    def _is_list(self) -> bool:
        return isinstance(self.default, tuple)

    @property
    def allowed(self) -> str:
        """What may be given, in words; empty where every value of the type is allowed."""
        return self._allowed(text_of(self.choices) if self.choices else "")

    def _allowed(self, choices: str) -> str:
        parts = [choices] if choices else []
        if self.minimum is not None and self.maximum is not None:
            parts.append(f"{self.minimum:.10g} to {self.maximum:.10g}")
        if self.note:
            parts.append(self.note)
        return "; ".join(parts)

    @property
    def _few_choices(self) -> str:
        """The choices, as many of them as a message has room for."""
        few, others = self.choices[:_MOST_CHOICES], len(self.choices[_MOST_CHOICES:])
        more = f" and {others} more, which `ngcm-coupler check --describe` lists" if others else ""
        return text_of(few) + more if few else ""

    def convert(self, items: list[str]) -> Setting:
        """Returns the value that the items of a namelist give.

        Raises:
          ValueError: they give none; the message says why, what is allowed and what is near.
        """
        values = [value_of(item) for item in items]
        if self.default == () and values == [""]:
            return ()
        problem = self._problem_of_items(items, values)
        if problem:
            raise ValueError(problem)
        setting: Any = tuple(values) if self._is_list else values[0]
        problem = self.problem(setting)
        if problem:
            raise ValueError(problem)
        return float(setting) if isinstance(self.default, float) else setting

    def sound_items(self, items: list[str]) -> Setting:
        """Returns what of a list that is refused each would be taken alone; () of anything else.

        So its other items are judged too. A list that needs some items has none such.
        """
        if not self._is_list or "" in items:
            return ()
        values: list[Any] = [value_of(item) for item in items]
        if self._problem_of_items(items, values):
            return ()
        sound = [value for value in values if self.problem((value,)) is None]
        return tuple(dict.fromkeys(sound))

    def _problem_of_items(self, items: list[str], values: list[Value | None]) -> str | None:
        """Returns what is wrong with the number or the types of the items, or None."""
        if not items or "" in items:
            return f"has an empty place where {self._expected()} is expected"
        for item, value in zip(items, values, strict=True):
            if value is None:
                wants_text = isinstance(self.default, str) or (self._is_list and self.items is str)
                remedy = "write text in quotes" if wants_text else f"expected {self._expected()}"
                return f"holds {shown(item)}, which cannot be read; {remedy}"
        if len(items) > 1 and not self._is_list:
            return f"is a list; expected {self._expected()}"
        if any(isinstance(value, str) and len(os.fsencode(value)) > LONGEST for value in values):
            return f"is longer than {LONGEST} bytes"
        wanted = self.items if self._is_list else type(self.default)
        accepted = (int, float) if wanted is float else (wanted,)
        if any(type(value) not in accepted for value in values):
            return f"is not {self._expected()}"
        return None

    def _expected(self) -> str:
        unit = f" [{self.unit}]" if behind(self.unit) else ""
        words = self._allowed(self._few_choices)
        allowed = f" ({words})" if words else ""
        return f"{_ARTICLES.get(self.kind, 'a ' + self.kind)}{unit}{allowed}"

    def problem(self, setting: Setting) -> str | None:
        """Returns what is wrong with a value of the right type and what is allowed, or None."""
        problem = None
        if isinstance(setting, int | float):
            if isinstance(setting, float) and not math.isfinite(setting):
                problem = "is not finite"
            elif self.minimum is not None and setting < self.minimum:
                problem = "is too small"
            elif self.maximum is not None and setting > self.maximum:
                problem = "is too large"
        elif self.choices:
            given = setting if isinstance(setting, tuple) else (setting,)
            # A list of choices has what is allowed: what else is wrong with it says so itself.
            return self._choice_problem(given) or (self.check(setting) if self.check else None)
        if problem is None and self.check:
            problem = self.check(setting)
        return problem and f"{problem}; allowed: {self.allowed}"

    def _choice_problem(self, given: tuple[Any, ...]) -> str | None:
        """Returns which items of a setting are no choices, each with what is near, or None."""
        wrong = [item for item in dict.fromkeys(given) if item not in self.choices]
        if not wrong:
            return None
        names = [shown(text_of(item)) for item in wrong]
        hints = [did_you_mean(str(item), self.choices, text_of) for item in wrong]
        if len(wrong) == 1:
            which = f"holds {names[0]}, which " if self._is_list else ""
            return f"{which}is none of {self._few_choices}{hints[0]}"
        told = [f"; for {name} {hint[2:]}" for name, hint in zip(names, hints, strict=True) if hint]
        return f"holds {listing(names)}, which are none of {self._few_choices}{''.join(told)}"


def key(default: Setting, doc: str, **declaration: Any) -> Any:
    """Declares a dataclass field to be a namelist key; arguments as the attributes of `Key`."""
    metadata = {"key": Key(default, doc, **declaration)}
    return dataclasses.field(default=default, metadata=metadata)


def neutral_key(default: Setting, doc: str, **declaration: Any) -> Any:
    """Declares a key on which no number depends but for its last bits: a name, output, a limit."""
    return key(default, doc, changes_results=False, traced=False, **declaration)


def host_key(default: Setting, doc: str, **declaration: Any) -> Any:
    """Declares a key of a host, on which the atmosphere depends through what the host gives."""
    return key(default, doc, traced=False, reaches="through what the host gives", **declaration)


def keys(group: type) -> dict[str, Key]:
    """Returns the keys of a group by name, in the order of their declaration."""
    return {field.name: field.metadata["key"] for field in dataclasses.fields(group)}


def did_you_mean(
    name: str, candidates: Iterable[str], spell: Callable[[str], str] = str, cutoff: float = 0.0
) -> str:
    """Returns ``; did you mean X?`` for what a wrong name may stand for (`near_names`), or ''."""
    near = near_names(name, candidates, cutoff)
    return f"; did you mean {either(map(spell, near))}?" if near else ""


def unknown_problem(names: Iterable[str], known: Sequence[str], what: str) -> str | None:
    """Returns which of a list of names there are not, each with what it may stand for, or None."""
    wrong = [
        f"names {quoted(name)}, which is no {what}{did_you_mean(name, known)}"
        for name in dict.fromkeys(names)
        if name not in known
    ]
    return joined_problem(*wrong)


def joined_problem(*problems: str | None) -> str | None:
    """Returns the problems that there are as one, or None."""
    return "; ".join(filter(None, problems)) or None


def twice_problem(items: Sequence[Any]) -> str | None:
    """Returns which of a list of items it has more than once, or None."""
    if twice := sorted({item for item in items if items.count(item) > 1}):
        return f"names {listing(map(str, twice))} more than once"
    return None
