"""What a coupler says of a run that goes through it, and what it does for one.

Commands and the library ask it, and know no coupler by name. What a coupler has to read files for
it imports inside its functions only, for most runs have none.
"""

from __future__ import annotations

import abc
from pathlib import Path

from ngcm_coupler.config import Config, Where


class CoupledRun(abc.ABC):
    """A run through one coupler.

    Attributes:
      programs: of the atmosphere, and of the partner that comes with this project.
      installing: what has to be installed before the programs are built, in words.
      keys: of the namelist, that faults of the folder are blamed on.
      key: that has to be set for a run to go through it.
    """

    programs: tuple[str, str]
    installing: str
    keys: tuple[Where, ...]
    key: Where

    @abc.abstractmethod
    def is_prepared(self, folder: Path) -> bool:
        """Whether the files that the coupler reads have been written into a folder."""

    @abc.abstractmethod
    def folder_faults(self, config: Config, folder: Path) -> list[str]:
        """What is wrong in the folder that a run starts in.

        Raises:
          CheckpointError, DataError: a file that tells the grid cannot be read.
        """

    @abc.abstractmethod
    def title(self, config: Config, folder: Path) -> str:
        """What goes through it, and whether a folder is prepared for it, in a few words."""

    @abc.abstractmethod
    def outcome(self, config: Config, folder: Path) -> tuple[str, list[str], list[list[str]]]:
        """What both sides say of what has been exchanged, when a run has ended.

        Returns:
          What the table tells, its header, and its cells.

        Raises:
          DataError: a file of the run cannot be used.
          OutputError: one that belongs to the outcome cannot be written.
        """
