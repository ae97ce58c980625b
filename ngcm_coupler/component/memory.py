"""The memory of a component that has been closed."""

from __future__ import annotations

import contextlib
import ctypes
import gc


def give_memory_back() -> None:
    """Frees what has been released, and gives it back to the system.

    Members and their functions refer to each other. Python counts such objects before it looks for
    them, and knows nothing of the executables and arrays that they hold; and the C library keeps
    for every thread what has been freed, 100 MB after some components.
    """
    gc.collect()
    with contextlib.suppress(AttributeError):  # of glibc
        ctypes.CDLL(None).malloc_trim(0)
