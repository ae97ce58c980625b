"""The atmosphere that a configuration names."""

from __future__ import annotations

from typing import Any

from ngcm_coupler.config import Config
from ngcm_coupler.engine.atmosphere import Atmosphere
from ngcm_coupler.engine.registry import engine_of
from ngcm_coupler.regrid.exchange_grid import ExchangeGrid
from ngcm_coupler.regrid.grid_files import read_surface_grid


def build_atmosphere(config: Config, mesh: Any = None) -> Atmosphere:
    """Builds the atmosphere that ``&ngcm_model`` names, over the sea that ``&ngcm_grid`` names.

    Args:
      config: the settings.
      mesh: devices that share it; None for one.

    Raises:
      ConfigError: there is no such engine.
      CheckpointError: the checkpoint cannot be used.
      DataError: the file of the sea's grid cannot be used.
    """
    atmosphere = engine_of(config).build(config, mesh)
    settings = config.grid
    if settings.sea_grid_file:
        sea = read_surface_grid(settings.sea_grid_file, settings.sea_grid_name)
        exchange = ExchangeGrid.build(atmosphere.grid, sea)
        atmosphere.land_area_fraction = 1.0 - exchange.sea_area_fraction
    return atmosphere
