"""The atmosphere that a configuration names."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np

from ngcm_coupler.config import Config
from ngcm_coupler.config.model_groups import BUILT_IN_ENGINES
from ngcm_coupler.engine.atmosphere import Atmosphere
from ngcm_coupler.engine.description import Facts
from ngcm_coupler.engine.registry import engine_of
from ngcm_coupler.errors import ArgumentError
from ngcm_coupler.grid import RectilinearGrid
from ngcm_coupler.regrid.planet import configured_sea

_log = logging.getLogger(__name__)


def build_atmosphere(config: Config, mesh: Any = None) -> Atmosphere:
    """Builds the atmosphere that ``&ngcm_model`` names, over the sea that ``&ngcm_grid`` names.

    Args:
      config: the settings.
      mesh: devices that share it; None for one.

    Raises:
      ConfigError: there is no such engine.
      ArgumentError: its grid or its land is none.
      CheckpointError: the checkpoint cannot be used.
      DataError: the file of the sea's grid cannot be used, or its sea does not fit the planet.
    """
    engine = engine_of(config)
    atmosphere = engine.build(config, mesh)
    atmosphere.dynamical_core = getattr(atmosphere, "dynamical_core", "")
    if config.model.engine not in BUILT_IN_ENGINES:
        _require_as_told(atmosphere, engine.facts(config), config.model.engine)
    _require_usable(atmosphere)
    if config.grid.sea_grid_file:
        exchange, judgement = configured_sea(config, atmosphere.grid, atmosphere.land_area_fraction)
        _log.info("%s", judgement.text)
        for warning in judgement.warnings:
            _log.warning("%s", warning)
        atmosphere.land_area_fraction = 1.0 - exchange.sea_area_fraction
    return atmosphere


def _require_as_told(atmosphere: Atmosphere, told: Facts, name: str) -> None:
    """Refuses an atmosphere from outside that is another than its description has said."""
    for what, built, expected in (
        ("columns", atmosphere.grid.nlon, told.grid.nlon),
        ("rows", atmosphere.grid.nlat, told.grid.nlat),
        ("seconds in a step", atmosphere.step_seconds, told.step_seconds),
    ):
        if built != expected:
            raise ArgumentError(
                f"{atmosphere.name} has {built} {what}, and its description says {expected}; let"
                f" facts of {name!r} tell what it builds"
            )


def _require_usable(atmosphere: Atmosphere) -> None:
    """Refuses a grid that other ranks cannot be told of; gives the land its type and its owner."""
    grid = atmosphere.grid
    RectilinearGrid(grid.nlon, tuple(grid.latitudes), tuple(grid.sine_bounds))
    land = np.array(atmosphere.land_area_fraction, np.float64)
    if land.shape != (grid.size,) or not ((land >= 0.0) & (land <= 1.0)).all():
        raise ArgumentError(
            f"{atmosphere.name}: land_area_fraction has shape {land.shape} and values from"
            f" {land.min(initial=np.inf)} to {land.max(initial=-np.inf)}; expected {grid.size}"
            " values from 0 to 1"
        )
    atmosphere.land_area_fraction = land
