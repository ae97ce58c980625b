"""What PYTHONPATH puts before installed modules, and what to do about it."""

from __future__ import annotations

import os
import sys
import sysconfig
import traceback
from collections.abc import Iterator
from pathlib import Path

_MOST_NAMES = 3
"""How many modules a message names."""


def remedy(error: BaseException) -> str:
    """What to do about an error that comes of an import, if PYTHONPATH has a part in it, or ''."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ImportError | SyntaxError) or _while_importing(cause):
            return hidden_remedy()
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return ""


def hidden_remedy() -> str:
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
