"""Between the atmosphere's grid and the surface models': overlaps, weights, and their files."""

from ngcm_coupler.exchange.exchange_grid import ExchangeGrid
from ngcm_coupler.exchange.regrid import End, Regridder
from ngcm_coupler.exchange.surface_grid import SurfaceGrid

__all__ = ["End", "ExchangeGrid", "Regridder", "SurfaceGrid"]
