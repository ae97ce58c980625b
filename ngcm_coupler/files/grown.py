"""A file that grows record by record, which nobody else may have touched in between."""

from __future__ import annotations

from pathlib import Path


class Grown:
    """A file as this process has left it last.

    A file that has been removed takes records to the end, and nobody ever sees them; one that
    another process has truncated takes them behind a hole.
    """

    def __init__(self, path: str) -> None:
        """Takes it as it is now."""
        self._path = Path(path)
        found = self._path.stat()
        self._identity, self._size = (found.st_dev, found.st_ino), found.st_size

    def note(self) -> None:
        """Takes it as it is now, after a write.

        Raises:
          OSError: it has been removed or replaced.
        """
        self._size = self._its_size()

    def require_whole(self) -> None:
        """Refuses to go on with it after somebody else's hand.

        Raises:
          OSError: it has been removed, replaced or truncated.
        """
        if self._its_size() < self._size:
            raise OSError("the file has been truncated while the run was writing it")

    @property
    def is_there(self) -> bool:
        """Whether the name still leads to the file."""
        try:
            self._its_size()
        except OSError:
            return False
        return True

    def _its_size(self) -> int:
        found = self._path.stat()
        if self._identity != (found.st_dev, found.st_ino):
            raise OSError("the file has been removed or replaced while the run was writing it")
        return found.st_size
