"""Namcouples as people, editors and disks damage them."""

from __future__ import annotations

import random

WORDS = (
    *("$END", "$STRINGS", "$NFIELDS", "$NLOGPRT", "exported", "INPOUT", "IGNORED", "OUTPUT", "AUX"),
    *("ONCE", "LAG=", "LAG=+1h", "SEQ=2", "P", "R", "YAC", "BLASOLD", "SCRIPR", "TWIRL", "CONSERV"),
    *(
        "-1",
        "0",
        "+3",
        "1e9",
        "9" * 400,
        "-" + "9" * 30,
        "7" * 9,
        "0x10",
        "\u0967\u0968",
        "\uff11",
        "A:B:C",
        ":",
    ),
    *("#", "\t", "\x00", "\x1b[2J", "\u2028", "x" * 10_000, "../../etc/passwd", "$(id)", "'", '"'),
)
"""What may stand where another word should."""


def mutated(numbers: random.Random, text: str) -> bytes:
    """A namcouple after one to four damages.

    Args:
      numbers: decide which.
      text: a sound one.
    """
    content = text.encode()
    for _ in range(numbers.choice((1, 1, 2, 4))):
        content = numbers.choice(_DAMAGES)(numbers, content)
    return content


def _word(numbers: random.Random, content: bytes) -> bytes:
    """Another word in place of one, or behind it."""
    lines = content.split(b"\n")
    place = numbers.randrange(len(lines))
    words = lines[place].split(b" ")
    new = numbers.choice(WORDS).encode()
    words.insert(numbers.randrange(len(words) + 1), new)
    if numbers.random() < 0.7:
        del words[numbers.randrange(len(words))]
    lines[place] = b" ".join(words)
    return b"\n".join(lines)


def _line(numbers: random.Random, content: bytes) -> bytes:
    """A line less, twice, or at another place."""
    lines = content.split(b"\n")
    line = lines.pop(numbers.randrange(len(lines)))
    for _ in range(numbers.randrange(3)):
        lines.insert(numbers.randrange(len(lines) + 1), line)
    return b"\n".join(lines)


def _case(numbers: random.Random, content: bytes) -> bytes:
    """A line in the other case."""
    lines = content.split(b"\n")
    place = numbers.randrange(len(lines))
    lines[place] = lines[place].swapcase()
    return b"\n".join(lines)


def _bytes(numbers: random.Random, content: bytes) -> bytes:
    """Bytes in place of others."""
    place = numbers.randrange(len(content) + 1)
    new = numbers.randbytes(numbers.randrange(1, 9))
    return content[:place] + new + content[place + len(new) :]


def _blanks(numbers: random.Random, content: bytes) -> bytes:
    """Other blanks, or other ends of lines."""
    old, new = numbers.choice(
        ((b" ", b"\t"), (b" ", b"\xc2\xa0"), (b"\n", b"\r"), (b"\n", b"\r\n"), (b"\n", b"\n\n"))
    )
    return content.replace(old, new, numbers.choice((1, -1)))


def _cut(numbers: random.Random, content: bytes) -> bytes:
    """Less at the end."""
    return content[: numbers.randrange(len(content) + 1)]


_DAMAGES = (_word, _word, _word, _line, _line, _case, _bytes, _blanks, _cut)
