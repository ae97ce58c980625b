"""Between the atmosphere's grid and the surface models': overlaps, weights, and their files."""

from ngcm_coupler.regrid.exchange_grid import ExchangeGrid
from ngcm_coupler.regrid.planet import Judgement, judge
from ngcm_coupler.regrid.regrid import End, Regridder
from ngcm_coupler.regrid.surface_grid import SurfaceGrid

__all__ = ["End", "ExchangeGrid", "Judgement", "Regridder", "SurfaceGrid", "judge"]
