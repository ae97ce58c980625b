"""The errors that the plugin raises, each with the integer status that a host sees.

A status is what crosses the C boundary: 0 is success, everything else names one class below.
``bridge/include/ngcm.h`` lists the same numbers; a test holds the two lists together.
"""

from __future__ import annotations

import contextlib
import difflib
import re
from collections.abc import Iterable, Iterator, Sequence


class NgcmError(Exception):
    """Base of all errors that tell the user what was wrong and what to do.

    Messages say what is wrong, what was got, what was expected and the remedy.
    """

    status: int = 1
    label: str = "internal"

    def __str__(self) -> str:
        """The message; no name or text of others in it is more than text, or without end."""
        return printable(bounded(super().__str__()))


class ConfigError(NgcmError):
    """A namelist, or something it points to, cannot be used. Carries every fault found.

    `doubts` are what looked wrong beside them.
    """

    status = 2
    label = "config"

    def __init__(self, faults: str | list[str], doubts: Sequence[str] = ()) -> None:
        self.faults: list[str] = [faults] if isinstance(faults, str) else list(faults)
        self.doubts = tuple(doubts)
        super().__init__("\n".join(self.faults))


class CheckpointError(NgcmError):
    """A checkpoint file is missing, damaged, unsafe or not a model that the plugin can run."""

    status = 3
    label = "checkpoint"


class DataError(NgcmError):
    """An initial-state dataset lacks a variable, a level, a time, or holds unusable values."""

    status = 4
    label = "data"


class FieldError(NgcmError):
    """A field name or id is unknown here, or a field is used against its direction."""

    status = 5
    label = "field"


class ShapeError(NgcmError):
    """An array has another length than the points it stands for."""

    status = 6
    label = "shape"


class ValueRangeError(NgcmError):
    """An imported value is NaN, infinite or outside the field's valid range."""

    status = 7
    label = "value"


class StateError(NgcmError):
    """A call came at the wrong time: an import is missing or stale, or no export exists yet."""

    status = 8
    label = "state"


class HandleError(NgcmError):
    """A component handle is unknown, or its component has been destroyed."""

    status = 9
    label = "handle"


class ParallelError(NgcmError):
    """MPI is not initialised, a partition is inconsistent, or another rank has failed."""

    status = 10
    label = "parallel"


class RestartError(NgcmError):
    """A restart file is missing, damaged, or belongs to another model, grid or configuration."""

    status = 11
    label = "restart"


class DivergedError(NgcmError):
    """The atmosphere produced a value that is not finite."""

    status = 12
    label = "diverged"


class OutputError(NgcmError):
    """A history or restart file cannot be written."""

    status = 13
    label = "output"


class ArgumentError(NgcmError):
    """An argument of a library call cannot be used: a null pointer, a negative count."""

    status = 14
    label = "argument"


class EmbeddingError(NgcmError):
    """The embedded Python could not start, or lacks the package. Raised by the C++ side."""

    status = 15
    label = "embedding"


OK = 0
INTERNAL = NgcmError.status

STATUS_LABELS: dict[int, str] = {OK: "ok"} | {
    cls.status: cls.label for cls in (NgcmError, *NgcmError.__subclasses__())
}
"""Integer status -> short name, as ``ngcm_error_name`` gives it."""


_MOST_SHOWN = 300
"""Characters of a text of others that a message shows."""

_MOST_QUOTED = 80
"""And that it has in quotes."""

_LONGEST_WORD = 400
"""Characters between two blanks of a message: names may have thousands."""

_LONGEST_LINE = 4000
"""Characters of a line of a message."""

_MOST_LISTED = 12
"""Names that a message lists."""

_MISSPELT = 0.85
"""Likeness, of 1, from which on a name is another one misspelt and nothing else."""

_MOST_NEAR = 3
"""Names that a wrong one may stand for."""

_SHORTEST_PART = 3
"""Letters from which on a name can be a part of another."""


def shown(text: object, most: int = _MOST_SHOWN) -> str:
    """A text of others as a message shows it: on one line, escaped, and not too long.

    Args:
      text: of a file, a user or another library; anything that has a text.
      most: characters that are kept.
    """
    try:
        whole = str(text)
    except Exception:  # as represented() has it
        whole = f"of type {type(text).__name__}"
    line = " ".join(
        re.split(r"[\t\n\r\f\v]+", whole[: 4 * most].strip(" \t\n\r\f\v"), flags=re.ASCII)
    )
    line = printable(line)
    if len(line) <= most:
        return line
    words = line[: most + 1].rpartition(" ")[0]
    # Not in the middle of a word, unless that is most of the text.
    return f"{words if 2 * len(words) > most else line[:most]}..."


def bounded(text: str) -> str:
    """Text without what goes on for ever: the ends of long words, and the middles of long lines.

    What a message says last is the remedy, which stays.
    """
    if len(text) <= _LONGEST_WORD:
        return text
    text = re.sub(rf"(\S{{{_LONGEST_WORD}}})\S+", r"\1...", text)
    half = _LONGEST_LINE // 2
    return "\n".join(
        line if len(line) <= _LONGEST_LINE else f"{line[:half]} ... {line[-half:]}"
        for line in text.split("\n")
    )


def printable(text: str) -> str:
    """Text with everything escaped but lines and what prints: no colours, bells, turned text."""
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() or each == "\n" else ascii(each)[1:-1] for each in text
    )


def quoted(value: object) -> str:
    """Returns text in quotes, a number or None as it is written, and the type of all else.

    Args:
      value: anything that a file or a user gives.
    """
    if isinstance(value, str):
        return ascii(value) if len(value) <= _MOST_QUOTED else f"{value[:_MOST_QUOTED]!a}..."
    if value is None or isinstance(value, bool | float):
        return repr(value)
    # Python refuses to write an integer of thousands of digits.
    if isinstance(value, int) and value.bit_length() < 128:
        return repr(value)
    return f"of type {type(value).__name__}"


def represented(value: object) -> str:
    """How a value of anybody's is written in Python, as a message shows it; else its type.

    An object may raise anything on being asked for it.
    """
    try:
        return shown(repr(value))
    except Exception:
        return f"of type {type(value).__name__}"


def listing(names: Iterable[object]) -> str:
    """The first few of the names that a file gives, or ``none``."""
    found = list(names)
    few = ", ".join(
        shown(name, _MOST_QUOTED) if isinstance(name, str) else quoted(name)
        for name in found[:_MOST_LISTED]
    )
    more = f" and {len(found) - _MOST_LISTED} more" if len(found) > _MOST_LISTED else ""
    return few + more or "none"


def near_names(name: str, names: Iterable[str], cutoff: float = 0.0) -> list[str]:
    """The names that a wrong one may stand for, the nearest first; none if nothing is like it.

    A misspelt name has one. Otherwise it may be short for others: their initials, or some of
    their words or what these begin with.

    Args:
      name: what somebody has written.
      names: those that there are, in lower case where that of the name shall not count.
      cutoff: likeness, of 1, from which on a name counts; if it is given, parts do not.

    Returns:
      At most three.
    """
    known, name = list(names), name.lower()[:100]
    likest = difflib.get_close_matches(name, known, n=1, cutoff=cutoff or 0.6)
    if cutoff or difflib.get_close_matches(name, likest, cutoff=_MISSPELT):
        return likest
    words = re.findall(r"[^\W_]+", name)
    if len("".join(words)) < _SHORTEST_PART:
        return likest
    short = [
        each
        for each in known
        if name == "".join(word[:1] for word in each.split("_"))
        or all(any(part.startswith(word) for part in each.split("_")) for word in words)
    ]
    return sorted(short, key=len)[:_MOST_NEAR] or likest


def either(names: Iterable[str]) -> str:
    """``a, b or c``."""
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


def reason(error: BaseException) -> str:
    """Type and text of an error that a library has raised."""
    kind = type(error).__name__
    text = shown(error)
    return f"{kind}: {text}" if text else kind


LONGEST_PATH = 400
"""Characters of a path that a message shows."""


def told(error: BaseException) -> str:
    """Why something failed, for a message that names the file: the system's error names it too."""
    return shown(getattr(error, "strerror", None) or error)


def unexpected(error: BaseException) -> str:
    """What a fault of the plugin says of itself: type, text and where it was raised."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    place = ""
    if frame is not None:
        place = f" at {frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}"
    return f"unexpected {reason(error)}{place}"


@contextlib.contextmanager
def reading(what: str, kind: type[NgcmError]) -> Iterator[None]:
    """The outermost net of a reader: whatever a file makes a library raise is an error of ours.

    Args:
      what: the file, in words; begins the message.
      kind: the error that it becomes.

    Raises:
      NgcmError: of that kind; those that the reader has raised itself pass.
    """
    try:
        yield
    except NgcmError:
        raise
    except Exception as error:
        raise kind(
            f"{what} cannot be read: {unexpected(error)}; expected a whole file of that kind; look"
            " at it, with `ncdump -h` if it is netCDF, and please report this message if it is"
            " sound"
        ) from error
