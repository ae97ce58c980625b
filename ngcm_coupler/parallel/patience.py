"""What a rank says while it waits for others that may never come."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Iterator

EVERY_SECONDS = 60.0
"""How often it speaks."""

_log = logging.getLogger(__name__)


@contextlib.contextmanager
def told(rank: int, what: str) -> Iterator[None]:
    """Says again and again, in a thread that sends nothing, that this rank still waits.

    Args:
      rank: of this process.
      what: for what, and what may keep it.
    """
    begun, over = time.monotonic(), threading.Event()

    def speak() -> None:
        while not over.wait(EVERY_SECONDS):
            _log.warning(
                "rank %d has been waiting for %s since %.0f s", rank, what, time.monotonic() - begun
            )

    speaker = threading.Thread(target=speak, name="ngcm_coupler patience", daemon=True)
    speaker.start()
    try:
        yield
    finally:
        over.set()
        speaker.join()
