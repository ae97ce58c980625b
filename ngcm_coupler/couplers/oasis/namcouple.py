"""The namcouple, the file that configures OASIS3-MCT: its text, and what one says.

The text is what the releases from 3.0-MCT of 2012 to 6 read: that of 2012 cuts lines off after 80
characters, wants a keyword after one blank, no blank lines, and a restart file for every field.
"""

from __future__ import annotations

import re

from ngcm_coupler.couplers.oasis.entries import (
    FIELD_LIMIT,
    GRID_LIMIT,
    NAME,
    RESTART_LIMIT,
    RUNTIME_LIMIT,
    Entry,
    Namcouple,
    Operation,
)
from ngcm_coupler.couplers.oasis.reader import read
from ngcm_coupler.errors import ConfigError, shown

__all__ = [
    "FIELD_LIMIT",
    "GRID_LIMIT",
    "NAME",
    "RESTART_LIMIT",
    "RUNTIME_LIMIT",
    "Entry",
    "Namcouple",
    "Operation",
    "read",
    "text",
]


def text(namcouple: Namcouple, introduction: str = "") -> str:
    """Returns the file, with a comment above everything in it.

    Args:
      namcouple: what to say.
      introduction: lines for its head.
    """
    count, components = len(namcouple.entries), namcouple.components
    lines = [
        *(f"# {_remark(line)}".rstrip() for line in introduction.splitlines()),
        *_section("NFIELDS", "Number of couplings under $STRINGS.", str(count)),
        *_section("NBMODEL", "The programs.", _line(str(len(components)), *components)),
        *_section("RUNTIME", "Length of the run [s].", str(namcouple.runtime)),
        *_section("NLOGPRT", "Debug output of OASIS, 0 to 30, and timing statistics.", "0 0"),
        "#",
        "# Each coupling: sent as, received as, 1, period [s], operations, restart file, status;",
        "# sizes and prefixes of both grids, LAG [s]; no overlapping points; MAPPING and its file.",
        " $STRINGS",
    ]
    for entry in namcouple.entries:
        lines += [
            "#",
            *([f"# {_remark(entry.comment)}"] if entry.comment else []),
            *_entry_lines(entry),
        ]
    return "\n".join([*lines, " $END", ""])


def _section(keyword: str, comment: str, content: str) -> list[str]:
    return ["#", f"# {comment}", f" ${keyword}", f"  {content}", " $END"]


def _entry_lines(entry: Entry) -> list[str]:
    shapes = [str(n) for shape in (entry.source_shape, entry.target_shape) for n in shape or ()]
    names = ":".join(entry.sources), ":".join(entry.targets)
    operations = entry.operations
    return [
        _line(*names, "1", entry.period, len(operations), entry.restart_file, entry.status),
        _line(*shapes, entry.source_grid, entry.target_grid, *_lag(entry.lag)),
        "P 0 P 0",
        _line(*(operation.name for operation in operations)),
        *(
            _line(*words)
            for operation in operations
            for words in (operation.words, *operation.more)
        ),
    ]


def _lag(seconds: int) -> tuple[str, ...]:
    return (f"LAG={seconds:+d}",) if seconds else ()


def _line(*words: object) -> str:
    """A line of the file: what OASIS would take for more than one word of it is refused.

    Raises:
      ConfigError: a word is empty, has blanks or letters beyond ASCII, or begins a comment.
    """
    for word in map(str, words):
        if not re.fullmatch(r"(?![#$])[!-~]+", word):
            raise ConfigError(
                f"'{shown(word)}' cannot stand in a namcouple, whose words are of ASCII letters"
                " without blanks; rename it"
            )
    return " ".join(map(str, words))


def _remark(text: str) -> str:
    """Text of a comment, which stays one."""
    return shown(text, 400).encode("ascii", "backslashreplace").decode()
