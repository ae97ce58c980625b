"""What couplers need of a run: their files, made from its namelist, and checks of them."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING

from ngcm_coupler.couplers.description import CoupledRun
from ngcm_coupler.couplers.registry import coupled_run
from ngcm_coupler.errors import ConfigError

if TYPE_CHECKING:
    from ngcm_coupler.config import Config

__all__ = ["CoupledRun", "coupled_run", "require_run_folder"]


def require_run_folder(config: Config) -> None:
    """Refuses a folder, the current one, from which the run's coupler could not start it.

    Raises:
      ConfigError: carries every fault.
      CheckpointError: the checkpoint, which tells the grid, cannot be read.
    """
    run = coupled_run(config)
    if run and (faults := run.folder_faults(config, pathlib.Path())):
        raise ConfigError(faults)
