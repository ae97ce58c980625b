"""Reading a namcouple of OASIS3-MCT, of any release, by whomever it was written.

A namcouple may hold couplings that are no business of ours, and what releases to come will have.
So little is refused here: what OASIS stops at is kept beside the coupling that has it, and lines
that are not understood beside the one that they follow. The check decides what they mean to a run.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

from ngcm_coupler.couplers.oasis.entries import (
    COUPLED,
    NAME,
    OPERATIONS,
    Entry,
    Namcouple,
    Operation,
    Unread,
)
from ngcm_coupler.errors import ConfigError, quoted, told
from ngcm_coupler.files import require_file

MOST_BYTES = 10_000_000
"""More than a namcouple of thousands of couplings has."""

MOST_CHARACTERS = 5000
"""Of a line, that OASIS reads."""

_KEYWORDS = (
    *("$NFIELDS", "$NBMODEL", "$RUNTIME", "$NLOGPRT", "$STRINGS", "$END", "$NNOREST", "$NUNITNO"),
    *("$NMAPDEC", "$NMATXRD", "$NWGTOPT", "$JOBNAME", "$CHANNEL", "$SEQMODE", "$INIDATE"),
    *("$MODINFO", "$CALTYPE"),
)
_STATUSES = (*COUPLED, "OUTPUT", "INPUT", "INPOUT")
_NUMBER = re.compile(r"[+-]?[0-9]{1,9}")  # OASIS has integers of four bytes

_MORE_LINES = {"BLASOLD": 1, "BLASNEW": 1, "CORRECT": 1, "YAC": 2}
"""Operations with further lines: which word of the first says how many."""


def read(path: Path) -> Namcouple:
    """Reads a namcouple.

    Raises:
      ConfigError: there is none, or it lacks what every namcouple has; the message names the line.
    """
    try:
        require_file(path)
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read ({told(error)}); `ngcm-coupler namcouple` writes one"
        ) from error
    reader = _Reader(content.decode("utf-8", errors="replace"))
    try:
        if len(content) > MOST_BYTES:
            raise ValueError(f"it has more than {MOST_BYTES} bytes")
        return reader.namcouple()
    except ValueError as error:
        raise ConfigError(
            f"{path}:{reader.number}: cannot be understood ({error}); see the section on"
            " the namcouple in OASIS' user guide, or have `ngcm-coupler namcouple` write one"
        ) from error


def named(name: str) -> str:
    """A name of the user's for a message: as it is, if it is one."""
    return name if re.fullmatch(r"[!-~]{1,60}", name) else quoted(name)


@dataclasses.dataclass(frozen=True)
class _Line:
    """A line that is neither empty nor a comment."""

    number: int
    text: str
    words: tuple[str, ...]

    @property
    def begins_coupling(self) -> bool:
        """Whether it can be the first of one: names, a number, the period, how many operations."""
        if len(self.words) < 6:
            return False
        number, period, count = self.words[2:5]
        return _are_whole(number, count) and (_are_whole(period) or period.upper() == "ONCE")

    def flaws(self) -> Iterator[str]:
        """What of its form OASIS does not take, whatever it says."""
        if "\t" in self.text.strip(" "):
            yield f"{NAME}:{self.number}: has a tab, which OASIS does not take for a blank"
        if len(self.text) > MOST_CHARACTERS:
            yield (
                f"{NAME}:{self.number}: has {len(self.text)} characters, of which OASIS reads"
                f" {MOST_CHARACTERS}"
            )


def _are_whole(*words: str) -> bool:
    return all(map(_NUMBER.fullmatch, words))


def _whole(word: str) -> int:
    if not _NUMBER.fullmatch(word):
        raise ValueError(f"expected a whole number of at most nine digits, got {quoted(word)}")
    return int(word)


class _Reader:
    """Takes a namcouple apart.

    Attributes:
      number: of the line that it is at.
    """

    def __init__(self, content: str) -> None:
        self.number = 0
        self._flaws: list[str] = []
        # As Fortran counts lines; Python knows further ends of one.
        lines = enumerate(re.split(r"\r\n|\n|\r", content), 1)
        self._lines = [
            _Line(number, line, tuple(re.findall(r"[^ \t]+", line)))
            for number, line in lines
            if line.strip(" \t") and not line.lstrip(" \t").startswith("#")
        ]

    def namcouple(self) -> Namcouple:
        for line in self._lines:
            word = line.words[0]
            if word.upper() in _KEYWORDS and word not in _KEYWORDS:
                self._flaws.append(_not_in_capitals(line, word))
        # Behind the names stand, in older files, the highest file units of the programs.
        names = tuple(name for name in self._under("$NBMODEL")[1:] if not _are_whole(name))
        runtime = self._under("$RUNTIME")
        if not runtime:
            raise ValueError("there is no $RUNTIME, or nothing under it")
        seconds = _whole(runtime[0])
        fields = self._under("$NFIELDS")
        most = _whole(fields[0]) if fields else None
        entries = tuple(self._entries(seconds))
        if most is None:
            self._flaws.append(f"{NAME}: there is no $NFIELDS, or nothing under it")
        elif most < len(entries):
            self._flaws.append(f"{NAME}: $NFIELDS is {most}, but there are {len(entries)}")
        return Namcouple(names, seconds, entries, tuple(self._flaws))

    def _place(self, keyword: str) -> int | None:
        """Where a keyword stands; one in small letters is found too."""
        for place, line in enumerate(self._lines):
            if line.words[0].upper() == keyword:
                self.number = line.number
                self._flaws += line.flaws()
                return place
        return None

    def _under(self, keyword: str) -> tuple[str, ...]:
        """The words of the line after a keyword; none where there is no keyword or no such line."""
        place = self._place(keyword)
        if place is None or place + 1 == len(self._lines):
            return ()
        line = self._lines[place + 1]
        if line.words[0].startswith("$"):
            return ()
        self.number = line.number
        self._flaws += line.flaws()
        return line.words

    def _entries(self, runtime: int) -> Iterator[Entry]:
        place = self._place("$STRINGS")
        if place is None:
            raise ValueError("there is no $STRINGS")
        blocks: list[list[_Line]] = []
        ended = False
        for line in self._lines[place + 1 :]:
            if ended := line.words[0].upper() == "$END":
                break
            if line.begins_coupling:
                blocks.append([line])
            elif blocks:
                blocks[-1].append(line)
            else:
                self.number = line.number
                raise ValueError(
                    "a coupling begins with two names, a number, its period, how many operations"
                    f" there are, and a file; got {quoted(' '.join(line.words))}"
                )
        for block in blocks:
            entry = _Coupling(block, runtime).entry()
            if block is blocks[-1] and not ended and entry.flaws:
                self._flaws.append(f"{NAME}:{block[-1].number}: the file ends within a coupling")
            yield entry


class _Coupling:
    """One coupling, from its first line to that of the next."""

    def __init__(self, lines: list[_Line], runtime: int) -> None:
        self._head, self._runtime = lines[0], runtime
        self._rest = lines[1:]
        self._flaws = [flaw for line in lines for flaw in line.flaws()]

    def entry(self) -> Entry:
        entry = self._first()
        if entry.status != "INPUT":
            entry = self._grids(entry)
            if self._rest and self._rest[0].words[0].upper() in ("P", "R"):
                self._capitals(self._rest.pop(0), 0)  # the overlap, which the mask says too
            elif entry.status in ("EXPORTED", "EXPOUT", "AUXILARY"):
                self._lacks("its line of overlaps, such as P 0 P 0")
            entry = dataclasses.replace(entry, operations=tuple(self._operations()))
        unread = tuple(Unread(line.number, line.words) for line in self._rest)
        return dataclasses.replace(entry, flaws=tuple(self._flaws), unread=unread)

    def _lacks(self, what: str) -> None:
        self._flaws.append(f"{NAME}:{self._head.number}: the coupling lacks {what}")

    def _capitals(self, line: _Line, place: int) -> str:
        """A word that OASIS knows, which it does in capitals only."""
        word = line.words[place]
        if word != word.upper():
            self._flaws.append(_not_in_capitals(line, word))
        return word.upper()

    def _first(self) -> Entry:
        """Names, period, restart file and status."""
        words = self._head.words
        sources, targets = (tuple(name.split(":")) for name in words[:2])
        if len(sources) != len(targets):
            self._flaws.append(
                f"{NAME}:{self._head.number}: {len(sources)} fields are sent, and {len(targets)}"
                " received"
            )
        period = self._runtime
        if _are_whole(words[3]):
            period = int(words[3])
        else:
            self._capitals(self._head, 3)
        self._count = int(words[4])
        # OUTPUT needs no file; earlier couplers of that name had a second one.
        known = [
            place for place in (5, 6, 7) if words[place:] and words[place].upper() in _STATUSES
        ]
        place = known[0] if known else min(6, len(words) - 1)
        status = self._capitals(self._head, place) if known else words[place]
        if place != 6 and status != "OUTPUT":
            self._flaws.append(
                f"{NAME}:{self._head.number}: OASIS3-MCT takes the status {quoted(words[place])} as"
                " the seventh word only, behind one file"
            )
        return Entry(sources, targets, period, words[5] if place > 5 else "", status)

    def _grids(self, entry: Entry) -> Entry:
        """Sizes, prefixes and LAG."""
        if not self._rest:
            self._lacks("its line of grids")
            return entry
        line = self._rest.pop(0)
        words, shape = list(line.words), []
        if _are_whole(words[0]):
            shape = [int(word) for word in words[:4] if _are_whole(word)]
            words = words[4:]
        if len(words) < 2 or len(shape) not in (0, 4):
            self._flaws.append(
                f"{NAME}:{line.number}: expected the sizes of both grids or none, their two"
                f" prefixes, and LAG; got {quoted(' '.join(line.words))}"
            )
            return entry
        lag = 0
        for word in words[2:]:
            name, equals, value = word.partition("=")
            if name.upper() not in ("LAG", "SEQ") or not equals or not _are_whole(value):
                self._flaws.append(
                    f"{NAME}:{line.number}: expected LAG=seconds or SEQ=number, got {quoted(word)}"
                )
                continue
            if name != name.upper():
                self._flaws.append(_not_in_capitals(line, name))
            if name.upper() == "LAG":
                lag = int(value)
        return dataclasses.replace(
            entry,
            source_shape=(shape[0], shape[1]) if shape else None,
            target_shape=(shape[2], shape[3]) if shape else None,
            source_grid=words[0],
            target_grid=words[1],
            lag=lag,
        )

    def _operations(self) -> Iterator[Operation]:
        if self._count < 0:
            self._flaws.append(
                f"{NAME}:{self._head.number}: the number of operations is {self._count}"
            )
        if self._count <= 0:
            return
        if not self._rest:
            self._lacks(f"the names of its {self._count} operations")
            return
        line = self._rest.pop(0)
        if len(line.words) < self._count:
            self._flaws.append(
                f"{NAME}:{line.number}: {self._count} operations were announced, but there are"
                f" {len(line.words)}"
            )
        for place, word in enumerate(line.words[: self._count]):
            known = word.upper() in OPERATIONS
            name = self._capitals(line, place) if known else word
            if name == "NOINTERP":
                yield Operation(name)
            elif self._rest:
                yield self._operation(name, self._rest.pop(0))
            else:
                self._lacks(f"the line of {quoted(name)}")
                yield Operation(name)

    def _operation(self, name: str, line: _Line) -> Operation:
        """An operation with its line, and with those that this announces."""
        place = _MORE_LINES.get(name)
        if place is None:
            return Operation(name, line.words)
        if len(line.words) <= place or not _are_whole(line.words[place]):
            self._flaws.append(
                f"{NAME}:{line.number}: expected the number of further lines of {name} as word"
                f" {place + 1}, got {quoted(' '.join(line.words))}"
            )
            return Operation(name, line.words)
        count = int(line.words[place])
        more = [taken.words for taken in self._rest[: max(0, count)]]
        del self._rest[: len(more)]
        if len(more) < count:
            self._lacks(f"{count - len(more)} of {count} further lines of {name}")
        return Operation(name, line.words, tuple(more))


def _not_in_capitals(line: _Line, word: str) -> str:
    return f"{NAME}:{line.number}: OASIS knows {quoted(word)} in capitals only"
