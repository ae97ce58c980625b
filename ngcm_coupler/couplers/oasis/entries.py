"""What a namcouple says, the file that configures OASIS3-MCT."""

from __future__ import annotations

import dataclasses

NAME = "namcouple"
"""The only name under which OASIS looks for it, in the folder of the run."""

FIELD_LIMIT, GRID_LIMIT, RESTART_LIMIT = 8, 4, 8
"""Characters after which OASIS of 2012 cuts off names of fields, grids and restart files."""

RUNTIME_LIMIT = 99_999_999
"""Greatest length of a run [s]: OASIS of 2012 reads eight digits."""

COUPLED = ("EXPORTED", "EXPOUT", "IGNORED", "IGNOUT", "AUXILARY")
"""Each status of what goes from one component to another."""

REMAPPING = ("MAPPING", "SCRIPR", "YAC")
"""Operations that take a field to the other grid; the last two make the weights at run time."""

OPERATIONS = (*REMAPPING, "LOCTRANS", "CHECKIN", "CHECKOUT", "BLASOLD", "BLASNEW", "CONSERV")
"""All that OASIS3-MCT has had up to release 6."""

OBSOLETE = (
    *("NOINTERP", "REDGLO", "GLORED", "INVERT", "REVERSE", "MASK", "MASKP", "EXTRAP", "FILLING"),
    *("CORRECT", "INTERP", "MOZAIC", "SUBGRID"),
)
"""Operations of earlier couplers of that name, at which OASIS3-MCT stops."""


@dataclasses.dataclass(frozen=True)
class Operation:
    """What OASIS does to a field, such as MAPPING.

    Attributes:
      name: in capitals.
      words: of its line.
      more: words of further lines, such as those of the methods that YAC is to try in turn.
    """

    name: str
    words: tuple[str, ...] = ()
    more: tuple[tuple[str, ...], ...] = ()


@dataclasses.dataclass(frozen=True)
class Unread:
    """A line that is not understood: its number, and its words."""

    number: int
    words: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Entry:
    """One coupling of a namcouple.

    Attributes:
      sources: names of the fields sent, mostly one.
      targets: names that they are received by.
      period: coupling period [s].
      restart_file: where they are read from at the start if there is a lag.
      status: EXPORTED, EXPOUT, OUTPUT, INPUT or another word, in capitals.
      source_shape: lengths of the source grid's dimensions, or None where the file is silent.
      target_shape: those of the target grid.
      source_grid: prefix of the source grid.
      target_grid: prefix of the target grid.
      lag: [s].
      operations: in their order.
      comment: what is written above it.
      flaws: what OASIS stops at, each with its line.
      unread: lines behind those that belong to it.
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
    flaws: tuple[str, ...] = ()
    unread: tuple[Unread, ...] = ()

    @property
    def coupled(self) -> bool:
        """Whether it goes from one component to another, and not to or from a file."""
        return self.status in COUPLED

    @property
    def weight_file(self) -> str:
        """The file of its MAPPING, empty where it has none."""
        words = [one.words for one in self.operations if one.name == "MAPPING"]
        return words[0][0] if words and words[0] else ""

    @property
    def makes_weights(self) -> bool:
        """Whether OASIS makes its weights when the run starts."""
        return any(one.name in REMAPPING[1:] for one in self.operations)

    @property
    def unknown(self) -> tuple[str, ...]:
        """Operations that no release known here has, and that newer ones may have."""
        known = OPERATIONS + OBSOLETE
        return tuple(one.name for one in self.operations if one.name not in known)


@dataclasses.dataclass(frozen=True)
class Namcouple:
    """A whole namcouple.

    Attributes:
      components: names of the programs; none where it does not list them, as from release 3 on.
      runtime: length of the run [s].
      entries: the couplings.
      flaws: what OASIS stops at, each with its line, beside those of the couplings.
    """

    components: tuple[str, ...]
    runtime: int
    entries: tuple[Entry, ...]
    flaws: tuple[str, ...] = ()
