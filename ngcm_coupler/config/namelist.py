"""Fortran namelist text -> groups of assignments, each with the line on which it stands.

The plugin shares its namelist file with the host, and a fault has to name its line. A general
reader such as f90nml knows no lines, takes an unquoted word for a string and ``1-2`` for 0.01;
here the text is only split up, and a value counts only if Fortran would read it the same way.
Groups of the host are split up too but never judged: faults stay with the group they are in.
"""

from __future__ import annotations

import dataclasses
import pathlib
import re

from ngcm_coupler.errors import ConfigError

Value = bool | int | float | str
"""What one item of a namelist can hold."""


@dataclasses.dataclass(frozen=True, order=True)
class Fault:
    """Something wrong in a namelist file. ``line`` is 0 where no single line is to blame."""

    line: int
    message: str

    def located(self, name: str) -> str:
        """Returns the message with the file and line before it, as compilers print them."""
        return f"{name}:{self.line}: {self.message}" if self.line else f"{name}: {self.message}"


@dataclasses.dataclass
class Assignment:
    """One ``key = item, item, ...``; items are kept as they were written, a null value as ''."""

    key: str
    line: int
    items: list[str] = dataclasses.field(default_factory=list)

    @property
    def text(self) -> str:
        """The items as the user wrote them, for messages."""
        return ", ".join(self.items)


@dataclasses.dataclass
class Group:
    """One ``&name ... /`` with what was wrong in its form."""

    name: str
    line: int
    assignments: list[Assignment] = dataclasses.field(default_factory=list)
    faults: list[Fault] = dataclasses.field(default_factory=list)


_OPENING = re.compile(
    r"""
      ![^\n]*                                   # a comment hides what it holds
    | (?<![^\s/])[&$](?!end\b)(?P<name>[a-z]\w*)
    | ^[ \t]*(?P<stray>[a-z]\w*)[ \t]*=         # a key that an earlier '/' has shut out
    """,
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)

_TOKEN = re.compile(
    r"""
      (?P<comment>![^\n]*)
    | (?P<string>'(?:[^'\n]|'')*'|"(?:[^"\n]|"")*")
    | (?P<quote>['"][^\n]*)                     # a quote that nothing closes on its line
    | (?P<close>/|[&$]end\b)
    | (?P<open>[&$][a-z]\w*)
    | (?P<key>[a-z][\w%]*(?:\([^()\n]*\)[\w%]*)*)\s*=(?!=)
    | (?P<comma>,)
    | (?P<word>[^\s,/!'"&$=]+|[=&$])
    """,
    re.IGNORECASE | re.VERBOSE,
)

_INTEGER = re.compile(r"[+-]?\d+")
_REAL = re.compile(r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[ed][+-]?\d+)?|inf|infinity|nan)")
_LOGICAL = {".true.": True, ".t.": True, "t": True, ".false.": False, ".f.": False, "f": False}


def read(path: str) -> str:
    """Returns the text of a namelist file.

    Raises:
      ConfigError: there is no such file, or it cannot be read.
    """
    try:
        # Hosts keep comments in Latin-1 too: such bytes must not keep a file from being read.
        return pathlib.Path(path).read_text(encoding="utf-8-sig", errors="surrogateescape")
    except (OSError, ValueError) as error:  # a path with a null byte in it is a ValueError
        reason = getattr(error, "strerror", error)
        raise ConfigError(f"{path}: cannot read the namelist: {reason}") from error


def scan(text: str) -> list[Group]:
    """Splits a namelist file into its groups, in order; text outside of groups is comment."""
    groups: list[Group] = []
    position = 0
    while opening := _OPENING.search(text, position):
        position = opening.end()
        if opening["name"]:
            group = Group(opening["name"].lower(), _line(text, opening.start("name")))
            position = _scan_group(text, position, group)
            groups.append(group)
        elif opening["stray"] and groups:
            line = _line(text, opening.start("stray"))
            message = (
                f"{opening['stray']} stands outside of any group: "
                f"a / before it has ended &{groups[-1].name}"
            )
            groups[-1].faults.append(Fault(line, message))
    return groups


def _scan_group(text: str, position: int, group: Group) -> int:
    """Fills `group` from what stands after its name; returns where the text after it begins."""
    current: Assignment | None = None
    item_expected = True  # A comma where an item is expected stands for a null value.
    line = group.line
    for token in _TOKEN.finditer(text, position):
        line += text.count("\n", position, token.start())
        position = token.start()
        match token.lastgroup:
            case "close":
                return token.end()
            case "open":
                group.faults.append(_unended(group, f"before {token[0]} on line {line}"))
                return token.start()
            case "key":
                current = Assignment(token["key"].lower(), line)
                item_expected = True
                _add(group, current)
            case "comma" if current:
                if item_expected:
                    current.items.append("")
                item_expected = True
            case "string" | "word" if current:
                current.items.append(token[0])
                item_expected = False
            case "quote":
                message = f"&{group.name}: no quote closes {token[0].strip()} on its line"
                group.faults.append(Fault(line, message))
                if current in group.assignments:
                    group.assignments.remove(current)
            case "string" | "word" | "comma":
                message = f"&{group.name}: {token[0]} belongs to no key; write key = value"
                group.faults.append(Fault(line, message))
    group.faults.append(_unended(group, "before the end of the file"))
    return len(text)


def _add(group: Group, assignment: Assignment) -> None:
    for earlier in group.assignments:
        if earlier.key == assignment.key:
            message = (
                f"&{group.name} {assignment.key} is set twice, first on line {earlier.line}; "
                "keep one"
            )
            group.faults.append(Fault(assignment.line, message))
            return
    group.assignments.append(assignment)


def _unended(group: Group, place: str) -> Fault:
    return Fault(group.line, f"&{group.name} is not ended by a / {place}")


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def value_of(item: str) -> Value | None:
    """Returns the value of one item, or None where it is none of the Fortran types used here.

    Trailing blanks of a string carry no meaning in Fortran and are dropped.
    """
    if item[:1] in ("'", '"'):
        quote = item[0]
        return item[1:-1].replace(quote * 2, quote).rstrip()
    lower = item.lower()
    if lower in _LOGICAL:
        return _LOGICAL[lower]
    if _INTEGER.fullmatch(lower):
        return int(lower)
    if _REAL.fullmatch(lower):
        return float(lower if "n" in lower else lower.replace("d", "e"))
    return None


def text_of(value: Value | tuple[Value, ...]) -> str:
    """Returns the namelist spelling of a value; `value_of` reads it back unchanged."""
    match value:
        case tuple():
            return ", ".join(text_of(item) for item in value) or "''"  # an empty list
        case bool():
            return ".true." if value else ".false."
        case str():
            return "'" + value.replace("'", "''") + "'"
        case _:
            return repr(value)
