"""Spoils bytes without knowing what they mean."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

HEAD = 2048
"""Bytes at the beginning of a file that are hit as often as all the others together."""

_ODD = (0, 1, 2**7, 2**8 - 1, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**64 - 1)
"""Whole numbers at which sizes and counts go wrong."""


def spoilt(random: random.Random, file: Path) -> bytes:
    """Returns the bytes of a file after a few changes, most often a single one."""
    data = bytearray(file.read_bytes())
    for _ in range(random.choice((1, 1, 1, 2, 3, 8))):
        random.choice(_CHANGES)(random, data)
    return bytes(data)


def _place(random: random.Random, data: bytearray) -> int:
    end = len(data) if random.random() < 0.5 else min(len(data), HEAD)
    return random.randrange(end) if end else 0


def _span(random: random.Random, data: bytearray) -> slice:
    start = _place(random, data)
    return slice(start, min(len(data), start + random.choice((1, 2, 4, 8, 16, 64, 512))))


def _flip_a_bit(random: random.Random, data: bytearray) -> None:
    if data:
        data[_place(random, data)] ^= 1 << random.randrange(8)


def _set_a_byte(random: random.Random, data: bytearray) -> None:
    if data:
        data[_place(random, data)] = random.choice((0, 1, 0x7F, 0x80, 0xFF, random.randrange(256)))


def _fill_a_run(random: random.Random, data: bytearray) -> None:
    span = _span(random, data)
    value = random.choice((0, 0xFF, 0x20, random.randrange(256)))
    data[span] = bytes([value]) * (span.stop - span.start)


def _scramble_a_run(random: random.Random, data: bytearray) -> None:
    span = _span(random, data)
    data[span] = random.randbytes(span.stop - span.start)


def _write_an_odd_number(random: random.Random, data: bytearray) -> None:
    size, start = random.choice((1, 2, 4, 8)), _place(random, data)
    value = random.choice(_ODD) % 256**size
    number = value.to_bytes(size, random.choice(("little", "big")))
    data[start : start + size] = number[: len(data) - start]


def _cut_off(random: random.Random, data: bytearray) -> None:
    del data[_place(random, data) :]


def _cut_out(random: random.Random, data: bytearray) -> None:
    del data[_span(random, data)]


def _insert(random: random.Random, data: bytearray) -> None:
    start = _place(random, data)
    data[start:start] = random.randbytes(random.choice((1, 2, 4, 64)))


def _copy(random: random.Random, data: bytearray) -> None:
    start, piece = _place(random, data), bytes(data[_span(random, data)])
    end = start + (len(piece) if random.random() < 0.5 else 0)
    data[start:end] = piece


def _append(random: random.Random, data: bytearray) -> None:
    data += random.randbytes(random.choice((1, 16, 4096)))


_CHANGES: tuple[Callable[[random.Random, bytearray], None], ...] = (
    _flip_a_bit,
    _flip_a_bit,
    _set_a_byte,
    _fill_a_run,
    _scramble_a_run,
    _write_an_odd_number,
    _write_an_odd_number,
    _cut_off,
    _cut_out,
    _insert,
    _copy,
    _append,
)
