"""A file that says something else than what is to replace it, and is kept beside it."""

from __future__ import annotations

import filecmp
import itertools
import os
import shutil
from collections.abc import Callable
from pathlib import Path


def keep_other(path: Path, new: Path) -> Path | None:
    """Copies a file to the first free name of NAME.1, NAME.2 and so on, unless both are equal.

    Args:
      path: which may be missing.
      new: what is to replace it.

    Returns:
      Where it is kept; None where there is nothing to keep.

    Raises:
      OSError: it cannot be read, or not be copied.
    """
    if not path.is_file() or filecmp.cmp(path, new, shallow=False):
        return None
    kept = free_name(lambda number: path.with_name(f"{path.name}.{number}"))
    shutil.copy2(path, kept)
    return kept


def free_name(numbered: Callable[[int], Path]) -> Path:
    """The first of the names numbered from 1 on that nothing has, not even a link to nowhere."""
    return next(name for name in map(numbered, itertools.count(1)) if not os.path.lexists(name))
