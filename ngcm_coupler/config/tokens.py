"""Namelist text -> tokens, and the place where a Fortran program finds a group.

The package and Fortran programs read one file, so that it counts only what both read alike. A token
is what every compiler takes it for or a fault: blanks are blank, tab and line end, names and
numbers are ASCII, and what stands beside each other is told apart by a blank or a comma.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from ngcm_coupler.errors import shown

_BLANK = r"[ \t\r\n]"
# A string goes on in the next line, unless that looks as if a quote had been forgotten.
_NEXT_LINE = rf"\n(?![ \t]*+(?:[&$/]|[a-z]\w*+{_BLANK}*+=))"

_TOKEN = re.compile(
    rf"""
      (?P<comment>![^\n]*)
    | (?P<string>(?:\d+\*)?(?:'(?:[^'\n]|''|{_NEXT_LINE})*+'|"(?:[^"\n]|""|{_NEXT_LINE})*+"))
    | (?P<quote>(?:\d+\*)?['"][^\n]*)           # a quote that nothing closes on its line
    | (?P<close>/|[&$]end\b)
    | (?P<open>[&$][a-z]\w*)
    | (?P<key>[a-z][\w%]*+(?:\([^()\n]*\)[\w%]*+)*+){_BLANK}*+=(?!=)
    | (?P<comma>,)
    | (?P<word>[^ \t\r\n,/!'"&$=]+|[=&$])
    """,
    re.IGNORECASE | re.VERBOSE | re.ASCII,
)
_ITEMS = frozenset({"string", "word"})
_SEPARATORS = frozenset({"comma", "comment"})

_MARK = re.compile("[!&$]")
_AFTER_A_NAME = frozenset(" \t\r\n/,;!")


class Token(NamedTuple):
    """A piece of a group.

    Attributes:
      kind: its name in the grammar above.
      text: the piece; of a key without the ``=``.
      begin: where it begins in the text.
      end: where it ends.
      line: on which it begins; the first is 1.
      fault: why not everybody reads it alike; '' if all is well.
    """

    kind: str
    text: str
    begin: int
    end: int
    line: int
    fault: str


def tokens(text: str, position: int, line: int) -> Iterator[Token]:
    """The tokens from a position on, which stands on a line of that number."""
    item, item_end = "", -1
    for match in _TOKEN.finditer(text, position):
        line += text.count("\n", position, match.start())
        position = match.start()
        kind = match.lastgroup or ""
        piece = match[kind]
        fault = _letters_fault(kind, piece)
        if match.start() == item_end and kind not in _SEPARATORS and piece != "/":
            fault = f"no blank or comma stands before {shown(piece)}"
            if "\n" in item:
                fault = f"no quote closes {shown(item.splitlines()[0].strip())} on its line"
        yield Token(kind, piece, match.start(), match.end(), line, fault)
        item, item_end = (piece, match.end()) if kind in _ITEMS else ("", -1)


def _letters_fault(kind: str, piece: str) -> str:
    """Which letter of a token Fortran does not take for what it looks like; '' for none."""
    if kind == "comment" or (piece.isascii() and piece.isprintable()):
        return ""
    for letter in joined(piece) if kind == "string" else piece:
        if unicodedata.category(letter) == "Cc" and letter != "\t":
            return f"{shown(piece)} holds the control character U+{ord(letter):04X}; take it out"
        if kind != "string" and not letter.isascii():
            name = unicodedata.name(letter, "no character of UTF-8")
            return (
                f"{shown(piece)} holds U+{ord(letter):04X} ({name}), which Fortran does not read;"
                " write ASCII"
            )
    return ""


def joined(string: str) -> str:
    """A string that goes on over lines, as Fortran puts it together."""
    return re.sub(r"\r*\n", "", string)


def place_for_fortran(text: str, name: str) -> int | None:
    """Where a Fortran program that reads a group of this name finds it, None where nowhere.

    It knows of no strings and no groups of other names: it looks for the sign and the name, and
    passes over the rest of a line after ``!`` wherever that stands. So does gfortran's library.
    """
    if not re.search(rf"[&$]{name}[ \t\r\n/,;!]", text, re.IGNORECASE | re.ASCII):
        return None  # which it would find after a walk through the whole text
    position = 0
    while mark := _MARK.search(text, position):
        position = mark.end()
        if mark[0] == "!":
            position = text.find("\n", position)
            if position < 0:
                return None
            continue
        alike = _alike(text[position : position + len(name)], name)
        position += alike
        if alike < len(name):
            position += 1  # the letter that tells the names apart is passed over, whatever it is
        elif text[position : position + 1] in _AFTER_A_NAME:
            return mark.start()
    return None


def _alike(text: str, name: str) -> int:
    """How many letters of ASCII a text begins with as the name does, in either case."""
    for place, (letter, other) in enumerate(zip(text, name, strict=False)):
        if not letter.isascii() or letter.lower() != other:
            return place
    return len(text)
