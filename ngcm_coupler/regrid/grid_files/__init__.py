"""Files in which ocean and sea-ice models give their grids."""

from ngcm_coupler.regrid.grid_files.reading import read_surface_grid

__all__ = ["read_surface_grid"]
