"""The errors that the plugin raises, each with the integer status that a host sees.

A status is what crosses the C boundary: 0 is success, everything else names one class below.
``bridge/include/ngcm.h`` lists the same numbers; a test holds the two lists together.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import sysconfig
import traceback
from collections.abc import Iterator
from pathlib import Path


class NgcmError(Exception):
    """Base of all errors that tell the user what was wrong and what to do.

    Messages say what is wrong, what was got, what was expected and the remedy.
    """

    status: int = 1
    label: str = "internal"


class ConfigError(NgcmError):
    """A namelist, or something it points to, cannot be used. Carries every fault found."""

    status = 2
    label = "config"

    def __init__(self, faults: str | list[str]) -> None:
        self.faults: list[str] = [faults] if isinstance(faults, str) else list(faults)
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


_MOST_NAMES = 3
"""How many modules a message names."""

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


def shown(text: object, most: int = _MOST_SHOWN) -> str:
    """A text of others as a message shows it: on one line, escaped, and not too long.

    Args:
      text: of a file, a user or another library; anything that has a text.
      most: characters that are kept.
    """
    line = " ".join(
        re.split(r"[\t\n\r\f\v]+", str(text)[: 4 * most].strip(" \t\n\r\f\v"), flags=re.ASCII)
    )
    line = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in line)
    return line if len(line) <= most else f"{line[:most]}..."


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


def unexpected(error: BaseException) -> str:
    """What a fault of the plugin says of itself: type, text and where it was raised."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    place = ""
    if frame is not None:
        place = f" at {frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}"
    return f"unexpected {type(error).__name__}: {shown(error)}{place}"


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
            " at it with `ncdump -h`, and please report this message if the file is sound"
        ) from error


def describe(error: BaseException) -> tuple[int, str]:
    """Returns the status and the message with which an exception crosses the C boundary.

    An exception that is not an `NgcmError` is a fault of the plugin: it keeps its type and the
    place it was raised, because the host has no traceback.
    """
    remedy = import_remedy(error)
    advice = f"; {remedy}" if remedy else ""
    if isinstance(error, NgcmError):
        return error.status, f"{error}{advice}"
    return INTERNAL, f"{unexpected(error)}{advice}"


def import_remedy(error: BaseException) -> str:
    """What to do about an error that comes of an import, if PYTHONPATH has a part in it, or ''."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ImportError | SyntaxError) or _while_importing(cause):
            return pythonpath_remedy()
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return ""


def pythonpath_remedy() -> str:
    """What to do about PYTHONPATH where a package does not work; '' if it puts none first."""
    found = [str(path) for path in hiding_modules()]
    if not found:
        return ""
    more = f" and {len(found) - _MOST_NAMES} more" if len(found) > _MOST_NAMES else ""
    return (
        f"PYTHONPATH puts {', '.join(found[:_MOST_NAMES])}{more} before what is installed in"
        f" {sys.prefix}; unset PYTHONPATH, or leave in it only what is not installed there"
    )


def hiding_modules() -> Iterator[Path]:
    """Modules that PYTHONPATH puts before installed ones, or before the standard library."""
    installed = {Path(sysconfig.get_path(name)).resolve() for name in ("purelib", "platlib")}
    names = sys.stdlib_module_names | {_module(path) for place in installed for path in _in(place)}
    for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep):
        if entry and Path(entry).resolve() not in installed:
            yield from (path for path in _in(Path(entry)) if _module(path) in names)


def _while_importing(error: BaseException) -> bool:
    """Whether an error, of whatever type, has come from the text of a module."""
    frames = (frame for frame, _ in traceback.walk_tb(error.__traceback__))
    return any(
        frame.f_code.co_name == "<module>" and frame.f_globals.get("__name__") != "__main__"
        for frame in frames
    )


def _in(folder: Path) -> Iterator[Path]:
    """What can be imported from a folder."""
    try:
        paths = sorted(folder.iterdir())
    except OSError:
        return
    for path in paths:
        is_package = path.is_dir() and any(path.glob("__init__.*"))
        if is_package or path.suffix in (".py", ".pyc", ".so"):
            yield path


def _module(path: Path) -> str:
    return path.name.partition(".")[0]
