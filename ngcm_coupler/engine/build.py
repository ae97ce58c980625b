"""The atmosphere that a configuration names."""

from __future__ import annotations

from typing import Any

from ngcm_coupler.config import Config
from ngcm_coupler.engine.analytic import AnalyticAtmosphere
from ngcm_coupler.engine.atmosphere import Atmosphere
from ngcm_coupler.regrid.exchange_grid import ExchangeGrid
from ngcm_coupler.regrid.grid_files import read_surface_grid


def build_atmosphere(config: Config, mesh: Any = None) -> Atmosphere:
    """Builds the atmosphere that ``&ngcm_model`` names, over the sea that ``&ngcm_grid`` names.

    Args:
      config: the settings.
      mesh: devices that share it; None for one.

    Raises:
      CheckpointError: the checkpoint cannot be used.
      DataError: the file of the sea's grid cannot be used.
    """
    atmosphere = _build_engine(config, mesh)
    settings = config.grid
    if settings.sea_grid_file:
        sea = read_surface_grid(settings.sea_grid_file, settings.sea_grid_name)
        exchange = ExchangeGrid.build(atmosphere.grid, sea)
        atmosphere.land_area_fraction = 1.0 - exchange.sea_area_fraction
    return atmosphere


def _build_engine(config: Config, mesh: Any) -> Atmosphere:
    model = config.model
    if model.engine == "analytic":
        return AnalyticAtmosphere(model.analytic_latitudes, model.analytic_step_seconds)
    # neuralgcm takes seconds to import, which no other engine should have to wait for.
    from ngcm_coupler.engine.neuralgcm.checkpoint import read_checkpoint
    from ngcm_coupler.engine.neuralgcm.model import NeuralGCM

    checkpoint = read_checkpoint(model.checkpoint)
    return NeuralGCM(checkpoint, model.initial_state, config.run.calendar, mesh, model.dycore)
