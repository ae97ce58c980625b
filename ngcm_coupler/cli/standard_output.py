"""What a command prints: its output, which is lost only if the command fails, and its warnings."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator
from typing import Any, TextIO

from ngcm_coupler.errors import NgcmError, OutputError


@contextlib.contextmanager
def written() -> Iterator[None]:
    """Has everything that the block prints written when it ends.

    Raises:
      OutputError: it cannot be written, or there is nowhere to write it.
      BrokenPipeError: its reader, such as `head`, has had enough.
    """
    _occupy((0, 2))
    if sys.stdout is None:
        raise OutputError(
            "standard output is closed; a command that prints needs one: give it a file, or"
            " /dev/null, with `>`"
        )
    watched = _Watched(sys.stdout)
    try:
        with contextlib.redirect_stdout(watched):  # type: ignore[type-var]
            yield
    finally:
        fault = watched.end()
        # A fault that the command has found tells more.
        if fault is not None and not isinstance(sys.exception(), NgcmError):
            if isinstance(fault, BrokenPipeError):
                raise fault
            raise OutputError(
                f"standard output cannot be written ({fault.strerror}), and what this command"
                " prints is lost; make space where it is redirected to"
            ) from fault


def warn(lines: Iterable[str]) -> None:
    """Says on standard error what looks wrong, although the command goes on or fails otherwise."""
    for line in lines:
        print(f"warning: {line}", file=sys.stderr)


class _Watched:
    """A stream that remembers its first failure, which a later flush need not meet again."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._fault: OSError | None = None

    def write(self, text: str) -> int:
        with self._noted():
            return self._stream.write(text)

    def flush(self) -> None:
        with self._noted():
            self._stream.flush()

    def end(self) -> OSError | None:
        """Writes what is left; what has kept anything from being written.

        Python flushes once more at exit, which must not fail again.
        """
        with contextlib.suppress(OSError):
            self.flush()
        if self._fault is not None:
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())
        return self._fault

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    @contextlib.contextmanager
    def _noted(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self._fault = self._fault or error
            raise


def _occupy(descriptors: tuple[int, ...]) -> None:
    """Sends what is closed to nowhere, or the next file opened would take its number and its text.

    Args:
      descriptors: in ascending order.
    """
    for number in descriptors:
        try:
            os.fstat(number)
        except OSError:
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere == number:
                os.set_inheritable(number, True)
            else:
                os.dup2(nowhere, number)
                os.close(nowhere)
