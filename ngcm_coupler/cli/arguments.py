"""Arguments of commands: paths and numbers taken for what they are, or refused as wrong usage."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from ngcm_coupler.errors import LONGEST_PATH, bounded, printable, quoted, shown

LONGEST_RUN = 8784000
"""Hours that a run may have, as `&ngcm_driver run_hours`."""

LONGEST_JOB = 31622400
"""Seconds that a job may take, as `&ngcm_limits wall_clock_seconds`."""

_MOST_PROCESSES = 1_000_000
"""More ranks, nodes or cores than any machine has."""


class Parser(argparse.ArgumentParser):
    """A parser whose errors are a line of bounded length, whatever it was given."""

    def error(self, message: str) -> NoReturn:
        """Ends the command as one that was used wrongly."""
        super().error(shown(bounded(message), 2000))


def file(text: str) -> str:
    """The path of something that a command reads or writes."""
    if not text:
        raise argparse.ArgumentTypeError("got '', expected the path of a file or folder; name one")
    return text


def path(text: str) -> Path:
    """The same, as a path."""
    return Path(file(text))


def whole(least: int, most: int) -> Callable[[str], int]:
    """Whole numbers in a range, in the digits that a shell knows."""

    def number(text: str) -> int:
        digits = text.strip()
        if re.fullmatch(r"[+-]?\d{1,18}", digits, re.ASCII) and least <= int(digits) <= most:
            return int(digits)
        raise argparse.ArgumentTypeError(
            f"got {quoted(text)}, expected a whole number from {least} to {most}"
        )

    return number


processes = whole(1, _MOST_PROCESSES)
"""A number of ranks, nodes or cores."""


def fraction(text: str) -> float:
    """A number above 0, up to 1."""
    try:
        given = float(text) if text.isascii() else 0.0
    except ValueError:
        given = 0.0
    if not 0.0 < given <= 1.0:
        raise argparse.ArgumentTypeError(
            f"{quoted(text)} is no fraction; give more than 0, up to 1"
        )
    return given


def on_one_line(message: str, given: Sequence[str]) -> str:
    """A message in which no argument that a user has given makes a line of its own.

    Args:
      message: of an error; its own lines stay.
      given: the arguments of the command.
    """
    for text in given:
        if "\n" in text and text.strip():
            message = message.replace(printable(text), shown(text, LONGEST_PATH))
    return message
