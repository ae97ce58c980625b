"""A file that is replaced whole or not at all, and nothing but a file."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
}


def kind_of(path: Path) -> str:
    """What stands where a file is to be; '' for a regular file, and where there is nothing."""
    try:
        if path.is_symlink() and path.readlink().is_relative_to("/proc"):
            return "a stream of this process"  # such as /dev/stdout, whatever that leads to
        return _KINDS.get(stat.S_IFMT(path.stat().st_mode), "")
    except OSError:
        return ""


def require_file(path: Path) -> None:
    """Refuses what stands where a file is to be: one would read it for ever, or remove it.

    Raises:
      OSError: a folder, a device or a pipe stands there.
    """
    if kind := kind_of(path):
        raise OSError(f"it is {kind}; name a file")


_STEM_BYTES = 200
"""Of the name of a file, what its temporary one has at most; both may have 255 bytes."""


@contextlib.contextmanager
def replaced(final: Path) -> Iterator[Path]:
    """Replaces a file, whole or not at all.

    What is written under the temporary name that this gives, beside the final one, is brought to
    the disk and renamed, and the folder's entry follows; a file of that name stays as it was until
    then, whatever happens to the process or to the machine. Of a link the file that it leads to
    stays: somebody keeps that elsewhere.

    Args:
      final: the file.

    Raises:
      OSError: it cannot be written, or a folder, a device or a pipe stands there, which a rename by
        root would remove.
    """
    require_file(final)
    require_folder(final)
    # A name may be so long that nothing can be put before or behind it.
    stem = os.fsencode(final.name)[:_STEM_BYTES].decode(errors="ignore")
    temporary = final.with_name(f".{stem}.{os.getpid()}.tmp")
    try:
        yield temporary
        _bring_to_disk(temporary)
        temporary.replace(final)
        _bring_to_disk(final.parent)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def require_folder(file: Path) -> None:
    """Makes sure that there is a folder for a file; netCDF calls a missing one a permission.

    Raises:
      FileNotFoundError: there is none.
    """
    if not file.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "there is no such folder", str(file.parent))


def write_text(path: Path, text: str, encoding: str = "utf-8", errors: str = "strict") -> None:
    """Writes a text: a file is replaced whole, a device or a pipe takes it as it is.

    Args:
      path: the file; of a link the file that it leads to is replaced.
      text: all of it.
      encoding: as `open` has it.
      errors: likewise.

    Raises:
      OSError: it cannot be written; a file that was there stays as it was.
    """
    if kind_of(path) in ("", _KINDS[stat.S_IFDIR]):
        with replaced(Path(os.path.realpath(path))) as temporary:
            temporary.write_text(text, encoding, errors)
    else:
        path.write_text(text, encoding, errors)


def _bring_to_disk(path: Path) -> None:
    """Waits until a file, or the entries of a folder, would outlive a power failure."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
