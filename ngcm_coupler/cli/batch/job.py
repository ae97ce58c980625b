"""What a batch job asks for."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from ngcm_coupler.cli.arguments import LONGEST_JOB
from ngcm_coupler.cli.batch.quoting import one_line
from ngcm_coupler.errors import quoted

SYSTEMS = {"slurm": ".slurm", "pbs": ".pbs", "plain": ".sh"}
"""Systems that scripts are written for, and the ending of their file names."""


@dataclasses.dataclass(frozen=True)
class Job:
    """A chain of segments under one batch system.

    Attributes:
      system: one of `SYSTEMS`.
      name: of the job.
      script: where the script will lie, which submits itself.
      folder: of the run.
      namelist: of the chain.
      paths: folders of ``ngcm-coupler`` and of the programs.
      programs: the program of the atmosphere, and the command of an ocean coupled by OASIS.
      ranks: MPI ranks of each.
      own_ocean: whether the ocean is the test ocean, which takes the namelist.
      restarts: folder of the restart files.
      stop_date: overrides that of the namelist; '' leaves it.
      segment_hours: overrides run_hours of the namelist; 0 leaves it.
      wall_clock_seconds: time that the job of one segment may take; 0 for no limit.
      stops_early: whether a run can stop before the limit and be continued.
      nodes: number of nodes.
      cpus_per_rank: cores of each rank; 0 leaves ranks unbound.
      gpu: whether the atmosphere gets a GPU.
      gpu_memory: fraction of the GPU's memory that it may take.
      account: '' for none.
      queue: queue or partition; '' for none.
      mpi: type of MPI for srun; '' for the site's default.
      setup: lines of shell before all else, such as ``module load``.
      modules: folders of PYTHONPATH, of an engine that is a module from outside.
    """

    system: str
    name: str
    script: Path
    folder: Path
    namelist: Path
    paths: tuple[Path, ...]
    programs: tuple[str, ...]
    ranks: tuple[int, ...]
    own_ocean: bool
    restarts: str
    stop_date: str = ""
    segment_hours: int = 0
    wall_clock_seconds: int = 0
    stops_early: bool = True
    nodes: int = 1
    cpus_per_rank: int = 0
    gpu: bool = False
    gpu_memory: float = 0.75
    account: str = ""
    queue: str = ""
    mpi: str = ""
    setup: tuple[str, ...] = ()
    modules: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        """Refuses text that would leave its line in the script.

        Raises:
          ConfigError: it holds a line end or another control character.
        """
        for field in dataclasses.fields(self):
            given = getattr(self, field.name)
            for text in given if isinstance(given, tuple) else (given,):
                if isinstance(text, str | Path):
                    one_line(f"{field.name} of the job", str(text))

    @property
    def coupled(self) -> bool:
        """Whether there is an ocean, coupled by OASIS."""
        return len(self.programs) > 1


def seconds_of(text: str) -> int:
    """The length of ``[D-]HH:MM:SS`` or ``HH:MM`` [s].

    Raises:
      ValueError: the text is none.
    """
    match = re.fullmatch(r"(?:(\d{1,9})-)?(\d{1,9}):([0-5]\d)(?::([0-5]\d))?", text, re.ASCII)
    if match is None:
        raise ValueError(f"{quoted(text)} is no time; give HH:MM:SS or D-HH:MM:SS")
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    total = ((24 * days + hours) * 60 + minutes) * 60 + seconds
    if not 0 < total <= LONGEST_JOB:
        raise ValueError(
            f"{quoted(text)} is no limit of a job; give more than none, up to {LONGEST_JOB} s, or"
            " leave it out"
        )
    return total


def clock_text(seconds: int) -> str:
    """A length as ``HH:MM:SS``, which Slurm and PBS both read."""
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
