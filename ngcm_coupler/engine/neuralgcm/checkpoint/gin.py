"""A strict reader of gin text.

Gin's own language imports modules, includes files, and calls whatever has been registered. The text
of a published model needs little of that: bindings and macros, whose values are literals, macros
and references to parts of upstream's. This reads these, and refuses all else. Gin is given what
`GinBindings.text` prints, never the text itself.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from ngcm_coupler.engine.neuralgcm.checkpoint.bindings import GinBindings, Macro, Reference
from ngcm_coupler.engine.neuralgcm.checkpoint.configurables import CONFIGURABLES, names_a_file
from ngcm_coupler.errors import CheckpointError, quoted

LONGEST_TEXT: Final = 1_000_000
"""Characters; the longest published text has a tenth."""
MAX_DEPTH: Final = 32
"""Deepest nesting of brackets and macros; a published text needs three levels."""
_LONGEST_NAME: Final = 300
_LARGEST_VALUE: Final = 100_000
"""Items of one binding, when what its macros stand for is written out."""


class _NotGin(Exception):
    """Why a text is refused."""


def parse_gin(text: str, source: str) -> GinBindings:
    """Reads a gin text. Nothing is run, imported or opened.

    Args:
      text: the gin text.
      source: the file it came from, for messages.

    Raises:
      CheckpointError: a statement is no binding or macro, or a value no literal, reference or
        macro; it names a configurable that no model is made of, or a file; it is boundless.
    """
    try:
        if len(text) > LONGEST_TEXT:
            raise _NotGin(f"{len(text)} characters")
        bindings = dict(_Reader(text).statements())
        _require_finite(bindings)
    except _NotGin as error:
        raise CheckpointError(
            f"{source}: model_config_str is not gin text of a model: {error}; expected bindings"
            " `name = value` of literals, references and macros. Nothing of it was run; use a"
            " published NeuralGCM checkpoint"
        ) from error
    return GinBindings(bindings, source)


_NAME: Final = r"[A-Za-z_]\w*"
_SCOPED: Final = rf"(?P<scope>(?:{_NAME}/)*)(?P<name>{_NAME}(?:\.{_NAME})*)"


def _token(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.ASCII)


# Possessive, so that a text is gone through once, whatever it is.
_BLANK: Final = _token(r"(?:[ \t]|\\\n|#[^\n]*+)*+")
_BLANK_LINES: Final = _token(r"(?:[ \t\n]|\\\n|#[^\n]*+)*+")
_KEY: Final = _token(_SCOPED)
_REFERENCE: Final = _token(rf"@{_SCOPED}(?P<called>\(\))?")
_MACRO: Final = _token(rf"%(?P<name>(?:{_NAME}/)*{_NAME})")
_CONSTANT: Final = _token(r"(?:True|False|None)\b")
_NUMBER: Final = _token(r"-?(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][-+]?\d++)?(?![\w.])")
# With the escapes that `ascii` prints.
_HEX: Final = "[0-9a-fA-F]"
_ESCAPE: Final = rf"\\(?:[\\'\"nrt]|x{_HEX}{{2}}|u{_HEX}{{4}}|U000{_HEX}{{5}}|U0010{_HEX}{{4}})"
_QUOTED: Final = _token(
    rf"'(?P<single>(?:[^'\\\n]++|{_ESCAPE})*+)'|\"(?P<double>(?:[^\"\\\n]++|{_ESCAPE})*+)\""
)
_CONTROL: Final = re.compile(r"[^\n\t -~\u00a0-\U0010ffff]|[\u2028\u2029]")
_LONGEST_NUMBER: Final = 40
# Units are texts, whose numbers upstream computes: 9**9**9 never ends.
_POWER_OF_A_NUMBER: Final = re.compile(r"[^A-Za-z\s]\s*+(?:\*\*|\^)")


class _Reader:
    """Goes through a text from its beginning to its end."""

    def __init__(self, text: str) -> None:
        self.text = text.replace("\r\n", "\n")
        self.place = 0
        self.depth = 0
        if control := _CONTROL.search(self.text):
            self.place = control.start()
            raise self.refused("a control character")

    def statements(self) -> Iterator[tuple[str, Any]]:
        """Yields name and value of each binding and macro."""
        self.skip(_BLANK_LINES)
        while self.place < len(self.text):
            start = self.place
            key = self.key()
            self.skip(_BLANK)
            if not self.takes("="):
                self.place = start
                raise self.refused("a statement that is neither a binding nor a macro")
            self.skip(_BLANK)
            value = self.value()
            parameter = key.rpartition(".")[2]
            if names_a_file(parameter) and value is not None:
                self.place = start
                raise self.refused(f"a file for {quoted(parameter)}, which must be None")
            self.skip(_BLANK)
            if self.place < len(self.text) and not self.takes("\n"):
                raise self.refused("no end of the line after a value")
            yield key, value
            self.skip(_BLANK_LINES)

    def key(self) -> str:
        """`MACRO`, or `scope/Name.parameter` without the module path that gin allows."""
        found = self.match(_KEY, "a statement that is neither a binding nor a macro")
        configurable, dot, parameter = found["name"].rpartition(".")
        if not dot:
            return found[0]
        return f"{found['scope']}{self.configurable(configurable)}.{parameter}"

    def value(self) -> Any:
        """A literal, a reference or a macro."""
        match self.text[self.place : self.place + 1]:
            case "@":
                found = self.match(_REFERENCE, "no reference")
                scope = found["scope"].removesuffix("/")
                name = self.configurable(found["name"])
                return Reference(name, scope, found["called"] is not None)
            case "%":
                return Macro(self.match(_MACRO, "no macro")["name"])
            case "'" | '"':
                return self.quotation()
            case "(" | "[" | "{":
                return self.container()
            case "T" | "F" | "N":
                constant = self.match(_CONSTANT, "no value")[0]
                return {"True": True, "False": False}.get(constant)
            case _:
                return self.number()

    def number(self) -> int | float:
        found = self.match(_NUMBER, "no value that may stand here")[0]
        if len(found) > _LONGEST_NUMBER:
            raise self.refused("a number of many digits")
        if re.fullmatch(r"-?\d+", found):
            return int(found)
        value = float(found)
        if not math.isfinite(value):
            raise self.refused("a number that is not finite")
        return value

    def quotation(self) -> str:
        """A text; texts that follow one another are one, as in Python."""
        parts = []
        while self.text[self.place : self.place + 1] in ("'", '"'):
            found = self.match(_QUOTED, "a text without end, or with an unknown escape")
            parts.append(found[found.lastgroup or 0])
            self.skip(_BLANK_LINES if self.depth else _BLANK)
        text = re.sub(_ESCAPE, _unescaped, "".join(parts))
        if _POWER_OF_A_NUMBER.search(text):
            raise self.refused("the power of a number in a text")
        return text

    def container(self) -> Any:
        """A tuple, list or dict. One value in parentheses is that value, as in Python."""
        opening = self.text[self.place]
        closing = {"(": ")", "[": "]", "{": "}"}[opening]
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.refused(f"brackets nested more than {MAX_DEPTH} deep")
        self.place += 1
        items, comma = [], False
        self.skip(_BLANK_LINES)
        while not self.takes(closing):
            if items and not comma:
                raise self.refused(f"neither a comma nor {closing!r}")
            items.append(self.item() if opening == "{" else self.value())
            self.skip(_BLANK_LINES)
            comma = self.takes(",")
            self.skip(_BLANK_LINES)
        self.depth -= 1
        if opening == "{":
            return dict(items)
        if opening == "[":
            return items
        return items[0] if len(items) == 1 and not comma else tuple(items)

    def item(self) -> tuple[Any, Any]:
        key = self.value()
        if not (key is None or isinstance(key, str | int | float)):
            raise self.refused("a key that is neither text nor a number")
        self.skip(_BLANK_LINES)
        if not self.takes(":"):
            raise self.refused("no colon after a key")
        self.skip(_BLANK_LINES)
        return key, self.value()

    def configurable(self, path: str) -> str:
        """The last name of a path, if it is one of those that a model is made of."""
        name = path.rpartition(".")[2]
        if name not in CONFIGURABLES:
            raise self.refused(f"the configurable {quoted(name)}, of which no model is made")
        return name

    def match(self, pattern: re.Pattern[str], otherwise: str) -> re.Match[str]:
        found = pattern.match(self.text, self.place)
        if found is None:
            raise self.refused(otherwise)
        if pattern is not _QUOTED and len(found[0]) > _LONGEST_NAME:
            raise self.refused("a name or number without end")
        self.place = found.end()
        return found

    def takes(self, sign: str) -> bool:
        here = self.text.startswith(sign, self.place)
        self.place += len(sign) * here
        return here

    def skip(self, blank: re.Pattern[str]) -> None:
        found = blank.match(self.text, self.place)
        self.place = found.end() if found else self.place

    def refused(self, what: str) -> _NotGin:
        line = self.text.count("\n", 0, self.place) + 1
        begin = self.text.rfind("\n", 0, self.place) + 1
        begin = max(begin, self.place - 40)
        excerpt = self.text[begin : begin + 100].partition("\n")[0]
        return _NotGin(f"line {line} has {what}: {quoted(excerpt)}")


def _unescaped(escape: re.Match[str]) -> str:
    kind, digits = escape[0][1], escape[0][2:]
    return {"n": "\n", "r": "\r", "t": "\t"}.get(kind, kind) if not digits else chr(int(digits, 16))


def _require_finite(bindings: Mapping[str, Any]) -> None:
    """Refuses macros that are not defined, that lead to themselves, or that grow without end."""
    measured: dict[str, tuple[int, int]] = {}

    def measure(name: str, within: tuple[str, ...]) -> tuple[int, int]:
        """Items and depth of a value, when what its macros stand for is written out."""
        if name in within or name not in bindings:
            raise _NotGin(f"the macro {quoted(name)} is not defined, or by itself")
        if name not in measured:
            items = deepest = 0
            for depth, leaf in _leaves(bindings[name], 0):
                inner = (1, 0)
                if isinstance(leaf, Macro) and len(within) < MAX_DEPTH:
                    inner = measure(leaf.name, (*within, name))
                items, deepest = items + inner[0], max(deepest, depth + inner[1] + 1)
            if items > _LARGEST_VALUE or deepest > MAX_DEPTH or len(within) == MAX_DEPTH:
                raise _NotGin(f"what {quoted(name)} stands for is without end")
            measured[name] = items, deepest
        return measured[name]

    for name in bindings:
        measure(name, ())


def _leaves(value: Any, depth: int) -> Iterator[tuple[int, Any]]:
    """What stands in brackets, and in how many."""
    if isinstance(value, list | tuple | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _leaves(item, depth + 1)
    else:
        yield depth, value
