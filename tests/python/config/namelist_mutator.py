"""Namelists spoilt at random, as keyboards, editors, transfers and other programs spoil them."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

SIGNS = b"\n\n\t ,,/!'\"&$=()*%:;.+-_?@#\\|<>[]{}^~`\r\0\x07\x0c\x1a\x7f"
WORDS = tuple(
    word.encode()
    for word in (
        "&ngcm_driver run_hours = 3 /", "'&slab_ocean time_step_seconds = 9 /'", "&end", "$end",
        "&END", "/", "!", "'!'", '"!', "! it's", "''", '""', "'", '"', ",", ",,", "=", "==", "(1)",
        "(1:2)", "(1) = 2", "%x", "2*", "3*1", "2*'a'", "1*2", "0*1", "1e3", "1D0", "1.5d-3", "1q2",
        ".5", "5.", "-7", "+7", "1+5", "007", "1_4", "z'1f'", "1e400", "1e-400", "9" * 400, "inf",
        "nan", ".true.", ".T.", "T", "true", ".f", "F", ".false", "tomorrow", "(1,2)", "&ngcm_run",
        "&ngcm_run/", "$ngcm_log", "&", "&&", "&!", "?", "=?", "&host a = 'b' /", "x" * 300,
        "\ufeff", "\N{NO-BREAK SPACE}", "\N{ARABIC-INDIC DIGIT THREE}", "\N{FULLWIDTH DIGIT THREE}",
        "\N{KELVIN SIGN}", "\N{LATIN SMALL LETTER LONG S}", "\N{EM SPACE}", "\N{LINE SEPARATOR}",
        "\N{MINUS SIGN}1", "\N{FULLWIDTH EQUALS SIGN}", "\N{RIGHT SINGLE QUOTATION MARK}", "\x85",
        "é", "$(touch x)", "`x`", "\r\n", "\r", "\n\n", "\\n", "{date}", "{member}",
    )
)  # fmt: skip
_SPELLINGS = (
    (b"/\n", b"&end\n"), (b"/\n", b"$end\n"), (b"&", b"$"), (b"'", b'"'), (b"\n", b" \n"),
    (b" = ", b"="), (b" = ", b"\n = "), (b"=", b" =\n"), (b",", b" "), (b",", b" , "),
    (b" ", b"\t"), (b"\n", b","), (b"\n", b" ! x\n"), (b"\n", b"!x\n"), (b"&", b" &"),
    (b"'", b"''"), (b"/\n", b"/ x\n"), (b"/\n", b"/"), (b"&", b"x&"), (b"= ", b"= 1*"),
)  # fmt: skip
_VALUE = re.compile(rb"=[ \t]*([^\n!]*?)[ \t]*(?=\n|!|/)")


def mutated(numbers: random.Random, text: bytes) -> bytes:
    """The text with one to three changes, small ones more often than large ones."""
    for _ in range(numbers.choice((1, 1, 1, 2, 3))):
        change = numbers.choices(list(_CHANGES), list(_CHANGES.values()))[0]
        text = change(numbers, text)
    return text


def _place(numbers: random.Random, text: bytes) -> int:
    """A place of the text; rather outside of the comments that examples begin with."""
    places = [numbers.randrange(len(text) + 1) for _ in range(4)]
    lines = [text[text.rfind(b"\n", 0, place) + 1 : place] for place in places]
    return next(
        (place for place, line in zip(places, lines, strict=True) if b"!" not in line), places[0]
    )


def _insert(numbers: random.Random, text: bytes) -> bytes:
    place = _place(numbers, text)
    return text[:place] + bytes([_letter(numbers)]) + text[place:]


def _replace(numbers: random.Random, text: bytes) -> bytes:
    place = _place(numbers, text)
    return text[:place] + bytes([_letter(numbers)]) + text[place + 1 :]


def _letter(numbers: random.Random) -> int:
    return numbers.choice(
        (numbers.choice(SIGNS), numbers.randrange(32, 127), numbers.randrange(256))
    )


def _delete(numbers: random.Random, text: bytes) -> bytes:
    place = _place(numbers, text)
    return text[:place] + text[place + numbers.choice((1, 1, 1, 2, 5, 20)) :]


def _insert_word(numbers: random.Random, text: bytes) -> bytes:
    place, blank = _place(numbers, text), numbers.choice((b"", b" ", b"\n"))
    return text[:place] + blank + numbers.choice(WORDS) + blank + text[place:]


def _replace_value(numbers: random.Random, text: bytes) -> bytes:
    values = list(_VALUE.finditer(text))
    if not values:
        return text
    chosen, other = numbers.choice(values), numbers.choice(values)
    value = numbers.choice((numbers.choice(WORDS), other[1], other[1], chosen[1] + b"0"))
    return text[: chosen.start(1)] + value + text[chosen.end(1) :]


def _line(numbers: random.Random, text: bytes) -> bytes:
    """A line is lost, or stands twice, elsewhere, or in the one before."""
    lines = text.split(b"\n")
    here, there = numbers.randrange(len(lines)), numbers.randrange(len(lines))
    match numbers.randrange(4):
        case 0:
            del lines[here]
        case 1:
            lines.insert(here, lines[here])
        case 2:
            lines.insert(there, lines.pop(here))
        case 3:
            lines[here : here + 2] = [b"".join(lines[here : here + 2])]
    return b"\n".join(lines)


def _line_ends(numbers: random.Random, text: bytes) -> bytes:
    end = numbers.choice((b"\r\n", b"\r\n", b"\r", b"\n\r", b"\r\r\n", b"\n\n", b"\n \t"))
    if numbers.random() < 0.5:
        return text.replace(b"\n", end)
    parts = text.split(b"\n")
    return b"".join(
        part + (numbers.choice((b"\n", end)) if number < len(parts) - 1 else b"")
        for number, part in enumerate(parts)
    )


def _case(numbers: random.Random, text: bytes) -> bytes:
    begin = _place(numbers, text)
    end = begin + numbers.choice((1, 10, 100))
    return text[:begin] + text[begin:end].swapcase() + text[end:]


def _spelling(numbers: random.Random, text: bytes) -> bytes:
    """Other ways to say the same, and some that look so."""
    old, new = numbers.choice(_SPELLINGS)
    if numbers.random() < 0.3:
        return text.replace(old, new)
    places = [match.start() for match in re.finditer(re.escape(old), text)]
    if not places:
        return text
    place = numbers.choice(places)
    return text[:place] + new + text[place + len(old) :]


def _cut(numbers: random.Random, text: bytes) -> bytes:
    return text[: _place(numbers, text)]


def _join(numbers: random.Random, text: bytes) -> bytes:
    """A piece of the text stands twice."""
    begin, place = _place(numbers, text), _place(numbers, text)
    piece = text[begin : begin + numbers.choice((10, 100, 1000))]
    return text[:place] + piece + text[place:]


_CHANGES: dict[Callable[[random.Random, bytes], bytes], int] = {
    _insert: 6, _replace: 6, _delete: 6, _insert_word: 6, _replace_value: 6, _line: 4,
    _line_ends: 2, _case: 2, _spelling: 5, _cut: 1, _join: 1,
}  # fmt: skip
