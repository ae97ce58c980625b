"""The two grids of a configuration and the exchange grid between them."""

from __future__ import annotations

from ngcm_coupler.config import Config, where
from ngcm_coupler.engine import engine_of
from ngcm_coupler.errors import ConfigError
from ngcm_coupler.grid import Grid
from ngcm_coupler.regrid.exchange_grid import ExchangeGrid
from ngcm_coupler.regrid.grid_files import read_surface_grid

_SEA_GRID_FILE = where(lambda at: at.grid.sea_grid_file)


def atmosphere_grid(config: Config) -> Grid:
    """The atmosphere's grid, without building the model.

    Raises:
      CheckpointError, DataError: a file of the engine cannot be read.
    """
    return engine_of(config).facts(config).grid


def exchange_grid(config: Config) -> ExchangeGrid:
    """The exchange grid of a configuration.

    Raises:
      CheckpointError: the checkpoint cannot be read.
      ConfigError: no grid of the sea is configured.
      DataError: its file cannot be used.
    """
    settings = config.grid
    if not settings.sea_grid_file:
        raise ConfigError(f"{_SEA_GRID_FILE} is empty; name the file of the ocean's grid")
    surface = read_surface_grid(settings.sea_grid_file, settings.sea_grid_name)
    return ExchangeGrid.build(atmosphere_grid(config), surface)
