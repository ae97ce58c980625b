"""The namcouple, the file that configures OASIS3-MCT: its text, and what one says.

The text is what the releases from 3.0-MCT of 2012 to 5 read: that of 2012 cuts lines off after 80
characters, wants a keyword after one blank, no blank lines, and a restart file for every field.
"""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from ngcm_coupler.errors import ConfigError, shown

NAME = "namcouple"
"""The only name under which OASIS looks for it, in the folder of the run."""

FIELD_LIMIT, GRID_LIMIT, RESTART_LIMIT = 8, 4, 8
"""Characters after which OASIS of 2012 cuts off names of fields, grids and restart files."""

RUNTIME_LIMIT = 99_999_999
"""Greatest length of a run [s]: OASIS of 2012 reads eight digits."""

_COUPLED = ("EXPORTED", "EXPOUT", "IGNORED", "IGNOUT", "AUXILARY")
_EXTRA_LINES = ("BLASOLD", "BLASNEW")


@dataclasses.dataclass(frozen=True)
class Operation:
    """What OASIS does to a field, such as MAPPING, with the words of its line."""

    name: str
    words: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Entry:
    """One coupling of a namcouple.

    Attributes:
      sources: names of the fields sent, mostly one.
      targets: names that they are received by.
      period: coupling period [s].
      restart_file: where they are read from at the start if there is a lag.
      status: EXPORTED, EXPOUT, OUTPUT or INPUT.
      source_shape: lengths of the source grid's dimensions, or None where the file is silent.
      target_shape: those of the target grid.
      source_grid: prefix of the source grid.
      target_grid: prefix of the target grid.
      lag: [s].
      operations: in their order.
      comment: what is written above it.
    """

    sources: tuple[str, ...]
    targets: tuple[str, ...]
    period: int
    restart_file: str
    status: str = "EXPORTED"
    source_shape: tuple[int, int] | None = None
    target_shape: tuple[int, int] | None = None
    source_grid: str = ""
    target_grid: str = ""
    lag: int = 0
    operations: tuple[Operation, ...] = ()
    comment: str = dataclasses.field(default="", compare=False)

    @property
    def coupled(self) -> bool:
        """Whether it goes from one component to another, and not to or from a file."""
        return self.status in _COUPLED

    @property
    def weight_file(self) -> str:
        """The file of its MAPPING, empty where it has none."""
        words = [one.words for one in self.operations if one.name == "MAPPING"]
        return words[0][0] if words and words[0] else ""


@dataclasses.dataclass(frozen=True)
class Namcouple:
    """A whole namcouple.

    Attributes:
      components: names of the programs.
      runtime: length of the run [s].
      entries: the couplings.
    """

    components: tuple[str, ...]
    runtime: int
    entries: tuple[Entry, ...]


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
        *(_line(*operation.words) for operation in operations),
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
    return shown(text, longest=400).encode("ascii", "backslashreplace").decode()


def read(path: Path) -> Namcouple:
    """Reads a namcouple of OASIS3-MCT, of any release.

    Raises:
      ConfigError: there is none, or it cannot be understood; the message names the line.
    """
    try:
        return _Reader(path).namcouple()
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read ({error.strerror}); `ngcm-coupler namcouple` writes one"
        ) from error


class _Reader:
    """Takes a namcouple apart, line by line."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._number = 0
        content = path.read_text(encoding="utf-8", errors="replace").splitlines()
        self._lines = [
            (number, line.split())
            for number, line in enumerate(content, 1)
            if line.strip() and not line.startswith("#")
        ]

    def namcouple(self) -> Namcouple:
        try:
            _, *components = self._of("NBMODEL")
            runtime = int(self._of("RUNTIME")[0])
            count = int(self._of("NFIELDS")[0])
            # Behind the names stand, in older files, the highest file units of the programs.
            components = tuple(name for name in components if not name.isdecimal())
            return Namcouple(components, runtime, self._entries(count, runtime))
        except (IndexError, ValueError) as error:
            raise ConfigError(
                f"{self._path}:{self._number}: cannot be understood ({error}); see the section on"
                " the namcouple in OASIS' user guide, or have `ngcm-coupler namcouple` write one"
            ) from error

    def _of(self, keyword: str) -> list[str]:
        """The words of the line after a keyword."""
        for index, (number, words) in enumerate(self._lines):
            if words[0] == f"${keyword}":
                self._number = number
                return self._lines[index + 1][1]
        raise ValueError(f"there is no ${keyword}")

    def _entries(self, count: int, runtime: int) -> tuple[Entry, ...]:
        self._of("STRINGS")
        self._rest = iter([line for line in self._lines if line[0] > self._number])
        entries = []
        # $NFIELDS may be more than there are: OASIS allocates with it.
        while len(entries) < count and (words := self._next())[0] != "$END":
            entries.append(self._entry(words, runtime))
        return tuple(entries)

    def _next(self) -> list[str]:
        line = next(self._rest, None)
        if line is None:
            raise ValueError("the file ends within $STRINGS")
        self._number = line[0]
        return line[1]

    def _entry(self, words: list[str], runtime: int) -> Entry:
        sources, targets = (tuple(name.split(":")) for name in words[:2])
        period = runtime if words[3] == "ONCE" else int(words[3])
        if words[5] == "OUTPUT":
            words.insert(5, "")
        status = words[6]
        head = Entry(sources, targets, period, words[5], status)
        if status == "INPUT":
            return head
        grids = self._next()
        shape = [int(grids.pop(0)) for _ in range(4)] if grids[0].isdecimal() else []
        indices = dict(word.split("=") for word in grids[2:])
        if head.coupled:
            self._next()  # the overlap of the grids, which the mask says too
        return dataclasses.replace(
            head,
            source_shape=(shape[0], shape[1]) if shape else None,
            target_shape=(shape[2], shape[3]) if shape else None,
            source_grid=grids[0],
            target_grid=grids[1],
            lag=int(indices.get("LAG", 0)),
            operations=self._operations() if int(words[4]) else (),
        )

    def _operations(self) -> tuple[Operation, ...]:
        operations = []
        for name in self._next():
            words = self._next()
            operations.append(Operation(name, tuple(words)))
            if name in _EXTRA_LINES:
                for _ in range(int(words[1])):
                    self._next()
        return tuple(operations)
