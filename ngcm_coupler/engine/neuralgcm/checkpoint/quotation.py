"""What a hostile file holds, made fit for a message: escaped, and of bounded length."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

_LONGEST: Final = 80
_MOST: Final = 12


def quoted(value: object) -> str:
    """Returns text in quotes, a number or None as it is written, and the type of all else.

    Args:
      value: anything that a file holds.
    """
    if isinstance(value, str):
        return ascii(value) if len(value) <= _LONGEST else f"{value[:_LONGEST]!a}..."
    if value is None or isinstance(value, bool | float):
        return repr(value)
    # Python refuses to write an integer of thousands of digits.
    if isinstance(value, int) and value.bit_length() < 128:
        return repr(value)
    return f"of type {type(value).__name__}"


def listing(names: Iterable[object]) -> str:
    """Returns the first few of the names that a file gives, or ``nothing``."""
    found = list(names)
    few = ", ".join(quoted(name).strip("'") for name in found[:_MOST])
    more = f" and {len(found) - _MOST} more" if len(found) > _MOST else ""
    return few + more or "nothing"


def reason(error: BaseException) -> str:
    """Returns kind and text of an error that a library raised over the contents of a file."""
    text = str(error)
    kind = type(error).__name__
    if not text:
        return kind
    shown = ascii(text[: 2 * _LONGEST])[1:-1]
    return f"{kind}: {shown}{'...' if len(text) > 2 * _LONGEST else ''}"
