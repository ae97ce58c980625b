"""YAC's conservative weights between the same grids, for ``ngcm-coupler bench regrid``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ngcm_coupler.grid import Grid
from ngcm_coupler.regrid import SurfaceGrid


def prepare(grid: Grid, surface: SurfaceGrid, sea: np.ndarray) -> Callable[[], tuple[Any, Any]]:
    """Brings the grids into the form YAC wants: radians, every vertex once.

    Args:
      grid: the atmosphere's.
      surface: the ocean's.
      sea: cells of the ocean that exchange, shape (surface.size,).

    Returns:
      A function that computes YAC's weights to the ocean and back. YAC starts MPI, which a process
      can do once.
    """
    import yac.core as core  # pyright: ignore[reportMissingImports]

    place = np.stack([surface.corner_longitude % 360.0, surface.corner_latitude], axis=-1)
    place = place.reshape(-1, 2)
    _, first, corner = np.unique(place.round(9), axis=0, return_index=True, return_inverse=True)
    corner = corner.reshape(surface.corner_longitude.shape)
    distinct = corner != np.roll(corner, -1, axis=1)
    vertices = [np.deg2rad(place[first, axis]) for axis in (0, 1)]
    meridians = np.deg2rad(grid.corner_longitude[: grid.nlon, 0])
    counts, cells = distinct.sum(axis=1).astype(np.int32), corner[distinct].astype(np.int32)
    location = core.yac_location.YAC_LOC_CELL
    norm = core.yac_interp_method_conserv_normalisation.YAC_INTERP_CONSERV_FRACAREA

    def points(basic: Any, centres: Grid | SurfaceGrid) -> Any:
        # Without numbers of its own YAC gives cells others, and so orders the weights otherwise.
        basic.set_global_index(location, np.arange(centres.size, dtype=np.int32))
        place = np.deg2rad(centres.longitude), np.deg2rad(centres.latitude)
        return core.InterpField(basic.add_coordinates(location, *place))

    def compute() -> tuple[Any, Any]:
        # Circles of latitude bound the atmosphere's cells, as they do in this kind of grid.
        circles = np.deg2rad(grid.latitude_bounds)
        regular = core.BasicGrid.reg_2d_new("a", meridians, circles, cyclic=[True, False])
        polygons = core.BasicGrid.unstruct_new("s", counts, *vertices, cells)
        polygons.set_core_mask(location, sea)
        ends = points(regular, grid), points(polygons, surface)
        stack = core.InterpolationStack()
        stack.add_conservative(
            order=1, enforced_conserv=False, partial_coverage=True, normalisation=norm
        )
        return core.compute_weights(stack, *ends), core.compute_weights(stack, *ends[::-1])

    return compute
