"""The two grids of a configuration and the exchange grid between them."""

from __future__ import annotations

from ngcm_coupler.config import Config, where
from ngcm_coupler.engine import engine_of
from ngcm_coupler.errors import ConfigError
from ngcm_coupler.grid import Grid
from ngcm_coupler.regrid.exchange_grid import ExchangeGrid
from ngcm_coupler.regrid.planet import Judgement, configured_sea

_SEA_GRID_FILE = where(lambda at: at.grid.sea_grid_file)


def atmosphere_grid(config: Config) -> Grid:
    """The atmosphere's grid, without building the model.

    Raises:
      CheckpointError, DataError: a file of the engine cannot be read.
    """
    return engine_of(config).facts(config).grid


def sea(config: Config) -> tuple[ExchangeGrid, Judgement]:
    """The exchange grid of a configuration, and how its sea fits the planet.

    Raises:
      CheckpointError: the checkpoint cannot be read.
      ConfigError: no grid of the sea is configured.
      DataError: its file cannot be used, or its sea does not fit the planet.
    """
    if not config.grid.sea_grid_file:
        raise ConfigError(f"{_SEA_GRID_FILE} is empty; name the file of the ocean's grid")
    facts = engine_of(config).facts(config)
    return configured_sea(config, facts.grid, facts.land_area_fraction)
