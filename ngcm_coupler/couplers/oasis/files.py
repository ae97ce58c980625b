"""The netCDF files of OASIS3-MCT: grids.nc, masks.nc, areas.nc and the first restart files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ngcm_coupler.constants import EARTH_RADIUS
from ngcm_coupler.couplers.oasis.shared_files import FORM, Variables, fill, put_in
from ngcm_coupler.errors import ConfigError, DataError, OutputError
from ngcm_coupler.files import keep_other, replaced
from ngcm_coupler.files.netcdf import open_dataset
from ngcm_coupler.grid import Grid
from ngcm_coupler.regrid.surface_grid import SurfaceGrid

if TYPE_CHECKING:
    from ngcm_coupler.regrid.exchange_grid import ExchangeGrid

GRIDS, MASKS, AREAS = "grids.nc", "masks.nc", "areas.nc"


def matrix_shape(grid: Grid | SurfaceGrid) -> tuple[int, int]:
    """Lengths of a grid's dimensions as OASIS has them, two, the fastest first."""
    shape = (grid.nlon, grid.nlat) if isinstance(grid, Grid) else grid.shape
    return shape[0], int(np.prod(shape[1:], dtype=int))


def surface_areas(exchange: ExchangeGrid, sea_area: str) -> np.ndarray:
    """The areas in which the ocean's budgets close [m2], shape (n,).

    Args:
      exchange: between the atmosphere and the ocean.
      sea_area: 'geometry' or 'model', the key of &ngcm_grid.

    Raises:
      DataError: the areas are to be the model's, whose file has none.
    """
    surface = exchange.surface
    if sea_area == "geometry":
        steradian = np.where(surface.sea, exchange.surface_area, surface.polygon_area)
        return steradian * EARTH_RADIUS**2
    if surface.area is None:
        raise DataError(
            f"grid '{surface.name}' has no areas of the model's own, but &ngcm_grid sea_area ="
            " 'model'; put areas.nc beside grids.nc, or use 'geometry'"
        )
    return surface.area


def write_grids(
    folder: Path,
    exchange: ExchangeGrid,
    prefixes: tuple[str, str],
    sea_area: str,
    source: Path,
) -> list[Path]:
    """Writes both grids into grids.nc, masks.nc and areas.nc; all else in them stays.

    The ocean's own files are not changed, but for the atmosphere that is added to them.

    Args:
      folder: where the files are or will be.
      exchange: between the atmosphere and the ocean.
      prefixes: of the atmosphere and of the ocean.
      sea_area: 'geometry' or 'model', the key of &ngcm_grid.
      source: the file that the ocean's grid has been read from.

    Returns:
      The files.

    Raises:
      ConfigError: the ocean's own areas in this folder are not those to be used.
      DataError: see `surface_areas`.
      OutputError: see `shared_files.put_in`; those of that name stay as they were.
    """
    atmosphere, surface = exchange.atmosphere, exchange.surface
    grids = _places(prefixes[0], atmosphere)
    masks = _mask(prefixes[0], atmosphere, exchange.sea_area_fraction == 0.0)
    areas = _area(prefixes[0], atmosphere, atmosphere.area)
    if source.resolve() == (folder / GRIDS).resolve():
        if sea_area == "geometry":
            raise ConfigError(
                f"{folder} is where {source} is read from, and {AREAS} there has the areas of the"
                " ocean model, not those of &ngcm_grid sea_area = 'geometry'; write into another"
                " folder with --output, or use 'model'"
            )
    else:
        # A copy of a cell would count twice in sums over the sea.
        grids |= _places(prefixes[1], surface)
        masks |= _mask(prefixes[1], surface, ~exchange.counted)
        areas |= _area(prefixes[1], surface, surface_areas(exchange, sea_area))
    return put_in({folder / GRIDS: grids, folder / MASKS: masks, folder / AREAS: areas})


def write_restart(
    path: Path, shape: tuple[int, int], fields: Mapping[str, np.ndarray]
) -> Path | None:
    """Writes a restart file of OASIS anew.

    Args:
      path: the file.
      shape: of the grid, the fastest dimension first.
      fields: OASIS name -> values, shape (n,).

    Returns:
      Where a file of that name that held something else is kept; None if there was none.

    Raises:
      OutputError: it cannot be written; one of that name stays as it was.
    """
    variables = {
        name: ((f"{name}_ny", f"{name}_nx"), values.reshape(shape[::-1]), {})
        for name, values in fields.items()
    }
    try:
        with replaced(path) as temporary:
            with open_dataset(temporary, "w", format=FORM) as file:
                fill(file, variables)
            return keep_other(path, temporary)
    except (OSError, RuntimeError) as error:
        raise OutputError(
            f"{path} cannot be written ({error}); check folder, permission and free space"
        ) from error


def _places(prefix: str, grid: Grid | SurfaceGrid) -> Variables:
    shape = matrix_shape(grid)[::-1]
    plane, degrees = _plane(prefix), {"longitude": "degrees_east", "latitude": "degrees_north"}
    variables = {}
    for letters, name in (("lo", "longitude"), ("la", "latitude")):
        attributes = {"units": degrees[name]}
        suffix = {"lo": "lon", "la": "lat"}[letters]
        variables[f"{prefix}.{suffix}"] = (plane, getattr(grid, name).reshape(shape), attributes)
        corners = getattr(grid, f"corner_{name}").T
        variables[f"{prefix}.c{letters}"] = (
            (f"crn_{prefix}", *plane),
            corners.reshape(len(corners), *shape),
            attributes,
        )
    return variables


def _mask(prefix: str, grid: Grid | SurfaceGrid, masked: np.ndarray) -> Variables:
    """OASIS counts a point where the mask is 0."""
    values = masked.astype(np.int32).reshape(matrix_shape(grid)[::-1])
    return {f"{prefix}.msk": (_plane(prefix), values, {"units": "1", "coherent_with_grid": prefix})}


def _area(prefix: str, grid: Grid | SurfaceGrid, area: np.ndarray) -> Variables:
    values = area.reshape(matrix_shape(grid)[::-1])
    return {f"{prefix}.srf": (_plane(prefix), values, {"units": "m2"})}


def _plane(prefix: str) -> tuple[str, str]:
    return f"y_{prefix}", f"x_{prefix}"
