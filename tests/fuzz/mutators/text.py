"""Spoils text word by word, as its author or an editor may."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from fuzz.mutators import blind

TOKEN = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"|\w+|[ \t]+|\n|.", re.DOTALL)

ODD = (
    *("", " ", "\t", "\r", "\r\n", "\n", "\n\n", "\x00", "\x0b", "\x1b[2J", "\x7f", "\xa0"),
    *("\u2028", "\ufeff", "\u0661\u0662", "\uff11\uff12", "\u212a", "\u202e", "e\u0301", "\udcff"),
    *("=", "==", ",", ",,", "/", "&", "$", "&end", "!", "#", "'", '"', "''", "(", ")", "(1)", ":"),
    *("*", "3*", "2*1.0", "%", "%a", ";", "\\", "`id`", "$(id)", "<b>", "-", "+", ".", "@"),
    *("0", "-1", "1", "2", "1e400", "1d400", "1d-400", "1.5", "1d0", "nan", "inf", "-infinity"),
    *("0x10", "1_8", "1-2", "1+2", "99999999999", "-2147483649", "9" * 400, "1." + "0" * 400),
    *("T", "F", ".true.", ".f.", ".tomato.", "x", "x" * 300, "x" * 5000, "'x'", "''''"),
    *("2000-02-30T00:00:00", "99999999999-01-01T00:00:00", "2000-01-01", "../..", "/", "/dev/null"),
)
"""What stands in files by mistake or by malice."""

Words = list[str]


def mutator(odd: Sequence[str] = ()) -> Callable[[random.Random, Path], bytes]:
    """Makes a mutator of text.

    Args:
      odd: words of the file's own language that may stand where they should not.
    """
    known = (*ODD, *odd)

    def spoilt(random: random.Random, file: Path) -> bytes:
        if random.random() < 0.1:
            return blind.spoilt(random, file)
        text = file.read_bytes().decode(errors="surrogateescape")
        return spoilt_text(random, text, known).encode(errors="surrogateescape")

    return spoilt


def spoilt_text(random: random.Random, text: str, odd: Sequence[str] = ODD) -> str:
    """Returns a text after a few changes, most often a single one."""
    words = TOKEN.findall(text) or [""]
    for _ in range(random.choice((1, 1, 1, 2, 3, 8))):
        random.choice(_CHANGES)(random, words, odd)
        words = words or [""]
    return "".join(words)


def _leave_out(random: random.Random, words: Words, _: Sequence[str]) -> None:
    del words[random.randrange(len(words))]


def _replace(random: random.Random, words: Words, odd: Sequence[str]) -> None:
    words[random.randrange(len(words))] = random.choice(odd)


def _insert(random: random.Random, words: Words, odd: Sequence[str]) -> None:
    words.insert(random.randrange(len(words) + 1), random.choice(odd))


def _append_to_a_word(random: random.Random, words: Words, odd: Sequence[str]) -> None:
    place = random.randrange(len(words))
    cut = random.randrange(len(words[place]) + 1)
    words[place] = words[place][:cut] + random.choice(odd) + words[place][cut:]


def _swap(random: random.Random, words: Words, _: Sequence[str]) -> None:
    one, other = random.randrange(len(words)), random.randrange(len(words))
    words[one], words[other] = words[other], words[one]


def _repeat(random: random.Random, words: Words, _: Sequence[str]) -> None:
    place = random.randrange(len(words))
    words.insert(place, words[random.randrange(len(words))])


def _turn_case(random: random.Random, words: Words, _: Sequence[str]) -> None:
    place = random.randrange(len(words))
    words[place] = words[place].swapcase()


def _turn_a_digit(random: random.Random, words: Words, _: Sequence[str]) -> None:
    places = [place for place, word in enumerate(words) if any(map(str.isdigit, word))]
    if places:
        place = random.choice(places)
        new = random.choice(("0", "7", "00", "-", ".", "9" * 30))
        words[place] = re.sub(r"\d", new, words[place], count=1)


def _move_lines(random: random.Random, words: Words, _: Sequence[str]) -> None:
    """Leaves out, doubles or moves a line."""
    lines = "".join(words).split("\n")
    line = lines[random.randrange(len(lines))]
    if random.random() < 0.6:
        lines.remove(line)
    if random.random() < 0.6:
        lines.insert(random.randrange(len(lines) + 1), line)
    words[:] = TOKEN.findall("\n".join(lines))


def _cut_off(random: random.Random, words: Words, _: Sequence[str]) -> None:
    del words[random.randrange(len(words)) :]


_CHANGES: tuple[Callable[[random.Random, Words, Sequence[str]], None], ...] = (
    _leave_out,
    _replace,
    _replace,
    _insert,
    _insert,
    _append_to_a_word,
    _append_to_a_word,
    _swap,
    _repeat,
    _turn_case,
    _turn_a_digit,
    _move_lines,
    _cut_off,
)
