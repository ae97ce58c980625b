"""What couplers need of a run: their files, made from its namelist, and checks of them."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ngcm_coupler.config import Config


def require_run_folder(config: Config) -> None:
    """Refuses a folder, the current one, from which the run's coupler could not start it.

    Raises:
      ConfigError: carries every fault.
      CheckpointError: the checkpoint, which tells the grid, cannot be read.
    """
    if config.oasis.exports:
        # Most runs have no coupler, and its checks read weights with scipy.
        from ngcm_coupler.couplers.oasis import check, grids

        check.require_folder(config, grids.atmosphere_grid(config), pathlib.Path())
