"""The calls of one component take turns, from whichever threads they come."""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from ngcm_coupler.errors import StateError
from ngcm_coupler.output.log.timing import Phase, within

_Method = TypeVar("_Method", bound=Callable[..., Any])


class Turns:
    """Lets one thread into a component at a time."""

    def __init__(self) -> None:
        """Nobody is in."""
        self._inside = threading.RLock()
        self._advancing = threading.Lock()

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Waits for calls in other threads; a call from within a call goes on."""
        with self._inside:
            yield

    @contextlib.contextmanager
    def only_advance(self) -> Iterator[None]:
        """The same for an advance, of which two at once can only be meant as one.

        Raises:
          StateError: another is under way.
        """
        if not self._advancing.acquire(blocking=False):
            raise StateError(
                "advance is called while another call of it is under way; let one thread advance a"
                " component"
            )
        try:
            with self._inside:
                yield
        finally:
            self._advancing.release()


def in_turn(phase: Phase) -> Callable[[_Method], _Method]:
    """Makes a method take its turn, and count for a phase; its object has ``_turns``."""

    def decorate(method: _Method) -> _Method:
        timed = within(phase)(method)

        @functools.wraps(method)
        def call(self: Any, *arguments: Any, **named: Any) -> Any:
            with self._turns.turn():
                return timed(self, *arguments, **named)

        return call  # pyright: ignore[reportReturnType]

    return decorate
