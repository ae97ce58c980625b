"""What a hostile file holds, made fit for a message: escaped, and of bounded length."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ngcm_coupler.errors import quoted

_LONGEST: Final = 80
_MOST: Final = 12


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
