"""NeuralGCM as the atmosphere of a coupled Earth-system model.

The names below are for everyone; what is behind them may move. Each is imported when it is first
asked for, so that to import the package costs next to nothing, and JAX is loaded by those alone who
compute. The errors under `NgcmError` are in `ngcm_coupler.errors`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ngcm_coupler.component import Component as Component
    from ngcm_coupler.engine import load as load_config
    from ngcm_coupler.engine.neuralgcm.checkpoint import read_checkpoint as read_checkpoint
    from ngcm_coupler.errors import NgcmError as NgcmError
    from ngcm_coupler.grid import GaussianGrid as GaussianGrid
    from ngcm_coupler.regrid import ExchangeGrid as ExchangeGrid
    from ngcm_coupler.regrid import Regridder as Regridder
    from ngcm_coupler.regrid import SurfaceGrid as SurfaceGrid
    from ngcm_coupler.regrid.grid_files import read_surface_grid as read_surface_grid
    from ngcm_coupler.regrid.weights import write_weights as write_weights

__version__ = "0.1.0"

__all__ = [
    "Component",
    "ExchangeGrid",
    "GaussianGrid",
    "NgcmError",
    "Regridder",
    "SurfaceGrid",
    "load_config",
    "read_checkpoint",
    "read_surface_grid",
    "write_weights",
]

_HOMES = {
    "Component": "component:Component",
    "ExchangeGrid": "regrid:ExchangeGrid",
    "GaussianGrid": "grid:GaussianGrid",
    "NgcmError": "errors:NgcmError",
    "Regridder": "regrid:Regridder",
    "SurfaceGrid": "regrid:SurfaceGrid",
    "load_config": "engine:load",
    "read_checkpoint": "engine.neuralgcm.checkpoint:read_checkpoint",
    "read_surface_grid": "regrid.grid_files:read_surface_grid",
    "write_weights": "regrid.weights:write_weights",
}
"""Name -> room and name there: what the imports above are to a type checker."""


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    room, _, there = _HOMES[name].partition(":")
    value = getattr(importlib.import_module(f"{__name__}.{room}"), there)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
