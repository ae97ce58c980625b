"""What an engine says of itself before anything is built.

Whatever has to know which atmosphere a namelist names asks its description: the rules of the
namelist, ``check``, ``doctor``, the head of the log, the files of a coupler, a batch job. It is
asked on ranks that never compute and by commands that have to answer at once, so that a module
with a description imports JAX and whatever else is slow inside its functions only.
"""

from __future__ import annotations

import abc
import dataclasses
import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ngcm_coupler.config import Config, Conflict, Where, where
from ngcm_coupler.fields.levels import Levels

if TYPE_CHECKING:
    from ngcm_coupler.engine.atmosphere import Atmosphere
    from ngcm_coupler.grid import Grid

ENGINE = where(lambda at: at.model.engine)


@dataclasses.dataclass(frozen=True)
class Facts:
    """What is known of an atmosphere without building it; the built one has the same.

    Attributes:
      grid: of all fields that enter or leave.
      step_seconds: length of a model step [s].
      levels: what it decodes to levels of constant pressure; empty for nothing.
      land_area_fraction: as of the built one before a grid of the sea changes it [1], shape
        (grid.size,); None where only that one tells.
    """

    grid: Grid
    step_seconds: int
    levels: Levels = dataclasses.field(default_factory=Levels)
    land_area_fraction: np.ndarray | None = dataclasses.field(default=None, compare=False)


class Engine(abc.ABC):
    """An engine; all but `facts` and `build` has a default that fits a model without files.

    Attributes:
      start_date: where a run starts without a date of the user's, ISO 8601; '' where only the
        initial data can tell.
      facts_are_in_files: whether `facts` has to read files, which is left to those who ask for it.
      can_be_split: whether several ranks can share one member.
      packages: whose Python is traced, beside the one that the description is in; compiled code is
        kept under their sources.
      keys: of the namelist, that its facts depend on beside `ENGINE`, to be blamed for them.
      unread: keys of the namelist without effect on it; other values than their defaults are
        warned of.
    """

    start_date: str = ""
    facts_are_in_files: bool = False
    can_be_split: bool = False
    packages: tuple[str, ...] = ()
    keys: tuple[Where, ...] = ()
    unread: tuple[Where, ...] = ()

    @abc.abstractmethod
    def facts(self, config: Config) -> Facts:
        """Grid, step and levels.

        Raises:
          CheckpointError, DataError: a file that tells them cannot be used.
        """

    @abc.abstractmethod
    def build(self, config: Config, mesh: Any) -> Atmosphere:
        """Builds the atmosphere.

        Args:
          config: the settings.
          mesh: devices that share it; None for one.

        Raises:
          CheckpointError, DataError: a file cannot be used.
        """

    @property
    def traced(self) -> tuple[str, ...]:
        """All packages, or modules of one file, whose Python is traced."""
        return (type(self).__module__.partition(".")[0], *self.packages)

    def files(self, config: Config) -> Mapping[Where, str]:
        """Files that it will read, by the key that names them."""
        return {}

    def closed_over(self, config: Config) -> str:
        """What compiled functions may have taken from files: by default, whatever is in `files`.

        Compiled code is kept under it. An engine whose functions get all of it as arguments
        (`Atmosphere.parameters`, `InitialData.fields`) may return ''.
        """
        digest = hashlib.sha256()
        for name in self.files(config).values():
            digest.update(Path(name).read_bytes())
        return digest.hexdigest()

    def conflicts(self, config: Config) -> Iterable[Conflict]:
        """What is wrong between the settings for it, beside what `facts` tells."""
        return ()

    def contents(self, config: Config) -> Iterable[Conflict]:
        """What is wrong in its files beside what `facts` tells: judged in seconds, for `check`."""
        return ()

    def checkpoint(self, config: Config) -> str:
        """Name of the checkpoint that it runs; '' for none."""
        return ""

    def dynamical_core(self, config: Config) -> str:
        """Which of several dynamical cores steps it, in words; '' where there is no choice.

        Where it is as asked for, the words begin with the key `dycore`.

        Raises:
          CheckpointError: a file that tells it cannot be used.
        """
        return ""

    def memory_gib(self, config: Config) -> float | None:
        """Peak of the rank that computes it [GiB]; None where nobody has measured it."""
        return None

    def title(self, config: Config) -> str:
        """What runs, in a few words."""
        facts = self.facts(config)
        return (
            f"{config.model.engine}, {facts.grid.nlon} x {facts.grid.nlat} points, step"
            f" {facts.step_seconds} s"
        )

    def start(self, config: Config) -> str:
        """Where a run starts without a date of the user's, in a few words."""
        return self.start_date or "date of the initial data"
