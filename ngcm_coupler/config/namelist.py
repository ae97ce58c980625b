"""Fortran namelist text -> groups of assignments, each with the line on which it stands.

The plugin shares its namelist file with the host, and a fault has to name its line. A general
reader such as f90nml knows no lines, takes an unquoted word for a string and ``1-2`` for 0.01;
here the text is only split up, and a value counts only if Fortran would read it the same way.
Groups of the host are split up too but never judged: faults stay with the group they are in.
"""

from __future__ import annotations

import dataclasses
import os
import pathlib
import re

from ngcm_coupler.config.tokens import Token, joined, tokens
from ngcm_coupler.errors import ConfigError, shown
from ngcm_coupler.files import kind_of

Value = bool | int | float | str
"""What one item of a namelist can hold."""

LONGEST_FILE = 2**24
"""Bytes that a namelist may have; whatever is larger is something else."""

LONGEST_REPEAT = 1024
"""Greatest count in ``count*value``, more items than any key has."""


@dataclasses.dataclass(frozen=True, order=True)
class Fault:
    """Something wrong in a namelist file. ``line`` is 0 where no single line is to blame."""

    line: int
    message: str

    def located(self, name: str) -> str:
        """Returns the message with the file and line before it, as compilers print them."""
        place = f"{shown(name, 400)}:{self.line}" if self.line else shown(name, 400)
        message = "\n".join(shown(line, 1300) for line in self.message.split("\n"))
        return f"{place}: {message}"


@dataclasses.dataclass
class Assignment:
    """One ``key = item, item, ...``.

    Attributes:
      key: in lower case.
      line: on which the key stands.
      items: as they were written, ``2*1`` as two of them, a null value as ''.
      begin: where the first item begins in the text.
      end: where the last one ends.
    """

    key: str
    line: int
    items: list[str] = dataclasses.field(default_factory=list)
    begin: int = 0
    end: int = 0

    @property
    def text(self) -> str:
        """The items, nearly as the user wrote them."""
        return ", ".join(self.items)

    def add(self, token: Token) -> None:
        """Takes one more item, or as many as its count says."""
        self.begin = self.begin or token.begin
        self.end = token.end
        count, star, item = token.text.partition("*")
        if star and count.isdecimal() and 0 < int(count[:5]) <= LONGEST_REPEAT:
            self.items += [item] * int(count)
        else:
            self.items.append(token.text)


@dataclasses.dataclass
class Group:
    """One ``&name ... /`` with what was wrong in its form.

    Attributes:
      name: in lower case.
      line: on which it begins.
      begin: where its first character stands in the text.
      body: where the text after its name begins.
      assignments: in their order.
      faults: in its form.
      unread: what is sound, but gfortran's library cannot read.
    """

    name: str
    line: int
    begin: int = 0
    body: int = 0
    assignments: list[Assignment] = dataclasses.field(default_factory=list)
    faults: list[Fault] = dataclasses.field(default_factory=list)
    unread: list[Fault] = dataclasses.field(default_factory=list)


_OPENING = re.compile(
    r"""
      ![^\n]*                                   # a comment hides what it holds
    | (?<![^ \t\r\n/])[&$](?!end\b)(?P<name>[a-z]\w*)
    | ^[ \t]*+(?P<stray>[a-z]\w*+)[ \t]*+=       # a key that an earlier '/' has shut out
    """,
    re.IGNORECASE | re.MULTILINE | re.VERBOSE | re.ASCII,
)

_INTEGER = re.compile(r"[+-]?\d{1,400}", re.ASCII)
_REAL = re.compile(
    r"[+-]?(?:(?:\d{1,400}\.?\d{0,400}|\.\d{1,400})(?:[ed][+-]?\d{1,9})?|inf|infinity|nan)",
    re.ASCII,
)
_LOGICAL = {".true.": True, ".t.": True, "t": True, ".false.": False, ".f.": False, "f": False}


def read(path: str) -> str:
    """Returns the text of a namelist file, its line ends as they are.

    Raises:
      ConfigError: there is no such file, it cannot be read, or it is no text.
    """
    try:
        # One with a name would be waited for; that of a shell's `<(...)` has its writer.
        if pathlib.Path(os.path.realpath(path)).is_fifo():
            raise ConfigError(
                f"{shown(path, 400)}: cannot read the namelist: it is a pipe; name a file"
            )
        with pathlib.Path(path).open("rb") as file:
            content = file.read(LONGEST_FILE + 1)
    except (OSError, ValueError) as error:  # a path with a null byte in it is a ValueError
        reason = getattr(error, "strerror", error)
        name = shown(path, 400)
        raise ConfigError(f"{name}: cannot read the namelist: {reason}") from error
    if len(content) > LONGEST_FILE or b"\0" in content:
        got = "null bytes, as UTF-16 does" if b"\0" in content else f"over {LONGEST_FILE} bytes"
        name = shown(path, 400)
        raise ConfigError(f"{name}: is no namelist: it holds {got}; give a text file of ASCII")
    # Hosts keep comments in Latin-1 too: such bytes must not keep a file from being read.
    return content.decode("utf-8-sig", errors="surrogateescape")


def require_lasting(path: str | os.PathLike[str]) -> None:
    """Refuses a namelist that its first reader uses up, where others are to read it too.

    Raises:
      ConfigError: it is a pipe or a stream: who reads it next would find an empty one, which is a
        run of the defaults.
    """
    kind = kind_of(pathlib.Path(path))
    if kind not in ("", "a folder", "a device"):
        raise ConfigError(
            f"{shown(path, 400)}: the namelist is {kind}, and is read more than once; write it to"
            " a file and name that"
        )


def scan(text: str) -> list[Group]:
    """Splits a namelist file into its groups, in order; text outside of groups is comment."""
    groups: list[Group] = []
    position, line = 0, 1
    while opening := _OPENING.search(text, position):
        line += text.count("\n", position, opening.end())
        position = opening.end()
        if opening["name"]:
            group = Group(opening["name"].lower(), line, opening.start(), position)
            position = _scan_group(text, group)
            line += text.count("\n", group.body, position)
            groups.append(group)
        elif opening["stray"] and groups:
            message = (
                f"{shown(opening['stray'])} stands outside of any group: "
                f"a / before it has ended &{groups[-1].name}"
            )
            groups[-1].faults.append(Fault(line, message))
    return groups


def _scan_group(text: str, group: Group) -> int:
    """Fills `group` from what stands after its name; returns where the text after it begins."""
    current: Assignment | None = None
    item_expected = True  # A comma where an item is expected stands for a null value.
    last_line, remark = 0, ""
    comma_before = False  # gfortran passes over one that stands before the first key.
    for token in tokens(text, group.body, group.line):
        if token.fault:
            group.faults.append(Fault(token.line, f"&{group.name}: {token.fault}"))
        if token.kind == "comment":
            remark = token.text if item_expected and token.line == last_line else remark
            continue
        if remark and current and token.kind in ("string", "word"):
            message = (
                f"&{group.name} {shown(current.key)}: gfortran reads no value after the comment"
                f" {shown(remark)}; put the comment on a line of its own"
            )
            group.unread.append(Fault(token.line, message))
        last_line, remark = token.line, ""
        match token.kind:
            case "close":
                _keep_first(group)
                return token.end
            case "open":
                place = f"before {shown(token.text)} on line {token.line}"
                group.faults.append(_unended(group, place))
                _keep_first(group)
                return token.begin
            case "key":
                current = Assignment(token.text.lower(), token.line)
                item_expected = True
                group.assignments.append(current)
            case "comma" if current:
                if item_expected:
                    current.items.append("")
                item_expected = True
            case "comma":
                if comma_before:
                    message = f"&{group.name}: more than one comma stands before the first key"
                    group.faults.append(Fault(token.line, f"{message}; take them out"))
                comma_before = True
            case "string" | "word" if current:
                current.add(token)
                item_expected = False
            case "quote":
                message = f"&{group.name}: no quote closes {shown(token.text.strip())} on its line"
                group.faults.append(Fault(token.line, message))
                if group.assignments and group.assignments[-1] is current:
                    group.assignments.pop()
            case "string" | "word":
                message = f"&{group.name}: {shown(token.text)} belongs to no key; write key = value"
                group.faults.append(Fault(token.line, message))
    group.faults.append(_unended(group, "before the end of the file"))
    _keep_first(group)
    return len(text)


def _keep_first(group: Group) -> None:
    """Leaves the first assignment to each key; others that do not say the same are faults."""
    first: dict[str, Assignment] = {}
    for assignment in group.assignments:
        first.setdefault(assignment.key, assignment)
    group.faults += [
        Fault(
            assignment.line,
            f"&{group.name} {shown(assignment.key)} is set twice, first on line"
            f" {first[assignment.key].line}; keep one",
        )
        for assignment in group.assignments
        if assignment.items != first[assignment.key].items
    ]
    group.assignments = list(first.values())


def _unended(group: Group, place: str) -> Fault:
    return Fault(group.line, f"&{group.name} is not ended by a / {place}")


def value_of(item: str) -> Value | None:
    """Returns the value of one item, or None where it is none of the Fortran types used here.

    Trailing blanks of a string carry no meaning in Fortran and are dropped.
    """
    if item[:1] in ("'", '"'):
        quote = item[0]
        return joined(item[1:-1]).replace(quote * 2, quote).rstrip(" ")
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
