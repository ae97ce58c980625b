"""Files that a command makes anew by a name of its own: only what it has made may be lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ngcm_coupler.errors import OutputError


def require_made(path: Path, is_made: Callable[[Path], bool], command: str) -> None:
    """Refuses to replace a file that somebody else has put there.

    An empty file is nobody's; a device or a pipe is left to who writes.

    Args:
      path: to be written, and may be missing.
      is_made: whether the command has made a file; what it cannot read, it has not.
      command: its name.

    Raises:
      OutputError: another file is there.
    """
    try:
        if not path.is_file() or path.stat().st_size == 0:
            return
    except (OSError, ValueError):
        return  # no name that a file can have, of which the system says more when it is written
    try:
        if is_made(path):
            return
    except (OSError, RuntimeError, LookupError, UnicodeError):
        pass  # damaged, of another kind, or not to be read
    raise OutputError(
        f"{path} is a file that `ngcm-coupler {command}` has not made, and would be lost; move it"
        " away, or write into another folder with --output"
    )
