"""A run of a fuzzer: seeds in, a row of a table and what was found out."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from fuzz.subject import Subject
from fuzz.worker import Input, Reader, Result, seeded_input

MEMORY = 200 << 20
"""Bytes by which a spoilt file may need more than the file that it was."""

REDUCTIONS = 200
"""Shorter inputs that are tried for each find."""

COLUMNS = (
    "subject",
    "inputs",
    "taken unchanged",
    "taken changed",
    "refused",
    "of these by the net",
    "anything else",
)


@dataclasses.dataclass
class Find:
    """A way to fail.

    Attributes:
      what: what happens.
      seed: of the first input that does it.
      file: which valid file that was.
      detail: message or traceback.
      data: the smallest input that does it.
      count: how many inputs do it.
    """

    what: str
    seed: int
    file: int
    detail: str
    data: bytes
    count: int = 0


@dataclasses.dataclass
class Tally:
    """What became of the inputs of a subject."""

    subject: str
    inputs: int = 0
    unchanged: int = 0
    changed: int = 0
    refused: int = 0
    by_net: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    finds: dict[str, Find] = dataclasses.field(default_factory=dict)

    @property
    def found(self) -> int:
        """How many inputs were neither taken nor refused."""
        return sum(find.count for find in self.finds.values())

    def row(self) -> tuple[str, ...]:
        """The row under `COLUMNS`."""
        counts = (self.inputs, self.unchanged, self.changed, self.refused)
        counts += (self.by_net.total(), self.found)
        return (self.subject, *(f"{count:,}" for count in counts))


def campaign(
    subject: Subject,
    count: int,
    seed: int = 0,
    keep: Path | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Tally:
    """Reads the inputs of `count` seeds.

    Args:
      subject: what to fuzz.
      count: number of inputs.
      seed: the first one.
      keep: folder for the smallest input of each find; None to look for none that is smaller.
      say: told of each find when it is new.

    Raises:
      RuntimeError: a valid file is not taken.
    """
    tally = Tally(subject.name)
    with tempfile.TemporaryDirectory(prefix="ngcm-fuzz-") as folder:
        reader = Reader(subject, Path(folder))
        valid = _valid_results(reader)
        seeds = range(seed, seed + count)
        inputs = [seeded_input(subject, len(valid), each) for each in seeds]
        for each, one, result in zip(seeds, inputs, reader.results(inputs), strict=True):
            tally.inputs += 1
            what = _judged(subject, valid[one.file], result)
            if result.net:
                if result.net not in tally.by_net:
                    say(f"{subject.name} {each}: the net took {result.net}")
                tally.by_net[result.net] += 1
            if what in ("unchanged", "changed", "refused"):
                setattr(tally, what, getattr(tally, what) + 1)
                continue
            find = Find(what, each, one.file, result.detail, result.data)
            if what not in tally.finds:
                say(f"{subject.name} {each}: {what}\n{result.detail}")
            find = tally.finds.setdefault(what, find)
            find.count += 1
        if keep is not None:
            for find in tally.finds.values():
                _reduce(reader, find, valid[find.file])
                say(f"{subject.name} {find.seed}: kept as {_keep(reader, find, keep)}")
    return tally


def table(tallies: list[Tally]) -> str:
    """The rows of several subjects, in Markdown."""
    rows = [COLUMNS, ("---",) * len(COLUMNS), *(tally.row() for tally in tallies)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _valid_results(reader: Reader) -> list[Result]:
    inputs = [Input(file) for file in range(len(reader.files))]
    results = list(reader.results(inputs))
    for name, result in zip(reader.files, results, strict=True):
        if result.what != "taken":
            raise RuntimeError(f"{name} is valid, but: {result.what}\n{result.detail}")
    return results


def _judged(subject: Subject, valid: Result, result: Result) -> str:
    if result.bytes > valid.bytes + MEMORY:
        return f"needs more than {MEMORY >> 20} MB"
    if result.what != "taken":
        return result.what
    if result.detail == valid.detail:
        return "unchanged"
    return "contents are not what the checksum is of" if subject.exact else "changed"


def _reduce(reader: Reader, find: Find, valid: Result) -> None:
    """Leaves out of an input whatever it fails alike without."""
    tries, size = REDUCTIONS, len(find.data) // 2
    while size and tries > 0 and not find.what.startswith(("needs", "waits")):
        places = range(0, len(find.data) - size + 1, size)[:tries]
        shorter = [find.data[:place] + find.data[place + size :] for place in places]
        for result in reader.results([Input(find.file, data=each) for each in shorter]):
            tries -= 1
            if _judged(reader.subject, valid, result) == find.what:
                find.data = result.data
                break
        else:
            size //= 2


def _keep(reader: Reader, find: Find, folder: Path) -> Path:
    name = reader.files[find.file].name
    words = re.sub(r"\W+", "-", find.what).strip("-")[:80]
    place = folder / reader.subject.name / f"{words}-{find.seed}-{name}"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(find.data)
    with contextlib.suppress(UnicodeError):
        place.with_name(place.name + ".txt").write_text(find.detail)
    return place
