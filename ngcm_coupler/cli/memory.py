"""The memory that this process has taken."""

from __future__ import annotations

import pathlib
import re
import resource


def peak_bytes() -> int:
    """The most memory that this process has held at a time [byte].

    What `getrusage` tells counts that of the process that started this one, too, as long as it was
    a copy of it.
    """
    try:
        status = pathlib.Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:  # not on Linux
        return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = re.search(r"^VmHWM:\s*(\d+) kB", status, re.MULTILINE)
    assert found, status
    return 1024 * int(found[1])
