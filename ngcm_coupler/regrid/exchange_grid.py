"""The exchange grid: overlaps from which weights, areas and fractions of sea all follow.

With X the overlaps [steradian] of surface cells i (rows) and atmosphere cells j (columns), wet
cells only, the area of surface cell i is the sum of row i, and the part of atmosphere cell j that
is sea is f_j = (sum of column j) / A_j. A flux goes down as X / (sum of row), a state comes up as
the transpose over (sum of column). Then what the atmosphere gives, the sum of f A F, is what the
surface model gets, whatever the coast, to rounding.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import Literal, get_args

import numpy as np
from scipy.sparse import coo_array, csr_array

from ngcm_coupler.constants import EARTH_RADIUS
from ngcm_coupler.errors import ArgumentError, DataError
from ngcm_coupler.fields.arguments import require_choice
from ngcm_coupler.grid import Grid
from ngcm_coupler.regrid.conservative import inverse, per_area, with_gradient
from ngcm_coupler.regrid.interpolation import bilinear, nearest
from ngcm_coupler.regrid.overlap import Overlaps, overlaps
from ngcm_coupler.regrid.regrid import End, Norm, Regridder
from ngcm_coupler.regrid.surface_grid import SAME_VERTEX, SurfaceGrid
from ngcm_coupler.regrid.weights import GridPoints

Direction = Literal["to_surface", "to_atmosphere"]
Method = Literal["conservative", "conservative_second_order", "bilinear", "nearest"]
Fill = Literal["none", "nearest"]

SLIVER = 1e-10
"""Part of an atmosphere cell below which sea, or land, is the rounding of its corners."""

LARGEST_EXCESS = 0.01
"""Part of an atmosphere cell by which wet cells may overlap each other."""

_PLANE = np.array([0.48, 0.60, 0.64])
"""Normal of a plane without symmetry to any grid, a unit vector."""


@dataclasses.dataclass(frozen=True)
class ExchangeGrid:
    """Overlaps of a surface grid of n cells with the atmosphere's m cells.

    Attributes:
      atmosphere: the atmosphere's grid.
      surface: the grid of the ocean or sea-ice model.
      overlap: of wet cells, copies of cells too [steradian], sparse, shape (n, m).
      moment: integral of position over each overlap [steradian], in the order of `overlap.data`,
        shape (overlap.nnz, 3).
      counted: surface cells that count in sums: wet ones that are no copies, shape (n,).
    """

    atmosphere: Grid
    surface: SurfaceGrid
    overlap: csr_array
    moment: np.ndarray
    counted: np.ndarray

    @classmethod
    def build(cls, atmosphere: Grid, surface: SurfaceGrid) -> ExchangeGrid:
        """Computes the overlaps.

        An atmosphere cell that is sea, or land, but for a sliver becomes so altogether. Where wet
        cells overlap each other they share the atmosphere cell in proportion.

        Raises:
          ArgumentError: these are not two such grids.
          DataError: the surface grid is impossible (`SurfaceGrid.check`), or its wet cells overlap
            each other by more than 1 % of an atmosphere cell.
        """
        if not isinstance(atmosphere, Grid) or not isinstance(surface, SurfaceGrid):
            raise ArgumentError(
                f"ExchangeGrid.build: got a {type(atmosphere).__name__} and a"
                f" {type(surface).__name__}, expected a Grid and a SurfaceGrid"
            )
        surface = surface.checked
        found = overlaps(atmosphere, surface.corner_longitude, surface.corner_latitude, surface.sea)
        area, moment = found.area, found.moment
        counted = _counted(surface, found)
        cell = atmosphere.area / EARTH_RADIUS**2
        fraction = (counted @ area) / cell
        worst = int(np.argmax(fraction))
        if fraction[worst] > 1.0 + LARGEST_EXCESS:
            raise DataError(
                f"grid '{surface.name}': its sea covers {fraction[worst]:.3f} times the cell of the"
                f" atmosphere's {atmosphere.place(worst)}, expected at most 1: wet cells overlap"
                " each other; mask the cells that repeat others, or give them the same corners"
            )
        scale = np.where(fraction > 1.0 - SLIVER, 1.0 / np.maximum(fraction, SLIVER), 1.0)
        scale[fraction < SLIVER] = 0.0
        kept = scale[area.indices] > 0.0
        factor = scale[area.indices]
        starts = np.concatenate([[0], np.cumsum(kept)])[area.indptr].astype(np.int32)
        scaled = csr_array(
            ((area.data * factor)[kept], area.indices[kept], starts), shape=area.shape
        )
        return cls(atmosphere, surface, scaled, (moment * factor[:, None])[kept], counted)

    @functools.cached_property
    def surface_area(self) -> np.ndarray:
        """Area of the surface cells, 0 on land [steradian], shape (n,); copies have theirs too."""
        return self.overlap @ np.ones(self.atmosphere.size)

    @functools.cached_property
    def sea_area(self) -> np.ndarray:
        """Area of the sea in each atmosphere cell [steradian], shape (m,)."""
        return self.counted.astype(np.float64) @ self.overlap

    @functools.cached_property
    def sea_area_fraction(self) -> np.ndarray:
        """Part of each atmosphere cell that is sea [1], shape (m,); exactly 1 if all of it is."""
        fraction = self.sea_area / self._cell_area
        return np.where(np.abs(fraction - 1.0) < SLIVER, 1.0, fraction)

    def regridder(
        self,
        direction: Direction,
        method: Method,
        fill: Fill = "none",
        norm: Norm = "fracarea",
    ) -> Regridder:
        """Weights from one grid to the other.

        Args:
          direction: "to_surface" or "to_atmosphere".
          method: "conservative", "nearest", and to the surface "conservative_second_order" (with
            the gradient of the atmosphere's field) and "bilinear".
          fill: what targets without weights get: "none", or the value of the "nearest" source.
          norm: of a conservative method: "fracarea", the mean over the part of the target that
            exchanges; "destarea", per area of the whole target cell; "modelarea", per area that
            the surface model has itself, so that its own sum closes (to the surface only).

        Raises:
          ArgumentError: these do not go together.
        """
        _check_choice(direction, method, fill, norm)
        to_surface = direction == "to_surface"
        atmosphere = self._atmosphere_points(None if to_surface else self.sea_area > 0.0)
        surface = self._surface_points(self.surface.sea if to_surface else self.counted)
        source, target = (atmosphere, surface) if to_surface else (surface, atmosphere)
        covered = self.surface_area if to_surface else self.sea_area
        per = self._area_of_targets(to_surface, norm)
        if method == "bilinear":
            matrix = bilinear(self.atmosphere, target.longitude, target.latitude, covered > 0.0)
        elif method == "nearest":
            matrix = nearest(source, target, covered > 0.0)
        else:
            matrix = per_area(self._integrals(to_surface, method), per)
        if fill == "nearest":
            matrix = (matrix + nearest(source, target, np.diff(matrix.indptr) == 0)).tocsr()
        ends = (
            self._atmosphere_end(atmosphere, self.sea_area if to_surface else per),
            self._surface_end(surface, per if to_surface else self.surface_area),
        )
        return Regridder(
            matrix=matrix,
            source=ends[0 if to_surface else 1],
            target=ends[1 if to_surface else 0],
            method=method,
            norm=norm,
            row_sum=1.0 if norm == "fracarea" else covered * inverse(per),
            title=f"{method} weights {direction.replace('_', ' ')} '{self.surface.name}'",
        )

    def _integrals(self, to_surface: bool, method: Method) -> csr_array:
        """From values of the source to integrals over the target [steradian]."""
        if method == "conservative_second_order":
            return with_gradient(self.overlap, self.moment, self.counted, self.atmosphere)
        if to_surface:
            return self.overlap
        counted = np.repeat(self.counted, np.diff(self.overlap.indptr))
        links = self.overlap.tocoo()
        return coo_array(
            (links.data[counted], (links.col[counted], links.row[counted])),
            shape=(self.atmosphere.size, self.surface.size),
        ).tocsr()

    def _area_of_targets(self, to_surface: bool, norm: Norm) -> np.ndarray:
        """Area that a flux into each target is meant for [steradian], 0 where there is no sea."""
        if not to_surface:
            return (
                self.sea_area
                if norm == "fracarea"
                else np.where(self.sea_area > 0.0, self._cell_area, 0.0)
            )
        if norm == "fracarea":
            return self.surface_area
        whole = self.surface.polygon_area
        if norm == "modelarea":
            if self.surface.area is None:
                raise ArgumentError(
                    f"grid '{self.surface.name}' has no areas of its own, expected them for norm"
                    " 'modelarea'; read them with the grid, or use 'fracarea'"
                )
            whole = self.surface.area / EARTH_RADIUS**2
        return np.where(self.surface_area > 0.0, whole, 0.0)

    @property
    def _cell_area(self) -> np.ndarray:
        """Area of the atmosphere's cells [steradian], shape (m,)."""
        return self.atmosphere.area / EARTH_RADIUS**2

    def _atmosphere_points(self, sea: np.ndarray | None) -> GridPoints:
        grid = self.atmosphere
        return GridPoints("atmosphere", (grid.nlon, grid.nlat), grid.longitude, grid.latitude, sea)

    def _surface_points(self, sea: np.ndarray) -> GridPoints:
        grid = self.surface
        return GridPoints(grid.name, grid.shape, grid.longitude, grid.latitude, sea)

    def _atmosphere_end(self, points: GridPoints, flux_area: np.ndarray) -> End:
        return End(flux_area.size, points, self._cell_area, self.sea_area_fraction, flux_area)

    def _surface_end(self, points: GridPoints, area: np.ndarray) -> End:
        counted = self.counted.astype(np.float64)
        return End(area.size, points, area, counted, area * counted)


def _counted(surface: SurfaceGrid, found: Overlaps) -> np.ndarray:
    """Wet cells that are no copies, shape (n,).

    Copies have the same centroid. To look for them among cells whose centroids lie at the same
    distance from a plane saves most of the time of looking among all.
    """
    rows = np.repeat(np.arange(surface.size), np.diff(found.area.indptr))
    area = np.bincount(rows, found.area.data, surface.size)
    distance = inverse(area) * np.bincount(rows, found.moment @ _PLANE, surface.size)
    wet = np.flatnonzero(surface.sea)
    order = wet[np.argsort(distance[wet])]
    near = np.diff(distance[order]) < 10.0 * SAME_VERTEX
    suspect = order[np.append(near, False) | np.append(False, near)]
    suspect.sort()
    counted = surface.sea.copy()
    if suspect.size:
        few = dataclasses.replace(
            surface,
            shape=(suspect.size,),
            longitude=surface.longitude[suspect],
            latitude=surface.latitude[suspect],
            corner_longitude=surface.corner_longitude[suspect],
            corner_latitude=surface.corner_latitude[suspect],
            sea=surface.sea[suspect],
            area=None,
        )
        counted[suspect] = few.first_of_duplicates
    return counted


def _check_choice(direction: str, method: str, fill: str, norm: str) -> None:
    """Refuses arguments that are unknown, or do not go together."""
    for name, got, known in (
        ("direction", direction, get_args(Direction)),
        ("method", method, get_args(Method)),
        ("fill", fill, get_args(Fill)),
        ("norm", norm, get_args(Norm)),
    ):
        require_choice(f"regridder: {name}", got, known)
    if direction == "to_atmosphere" and method in ("conservative_second_order", "bilinear"):
        raise ArgumentError(
            f"regridder: method '{method}' goes to the surface only, where the atmosphere's regular"
            " grid has neighbours to interpolate between; use 'conservative' or 'nearest'"
        )
    if norm == "fracarea":
        return
    if not method.startswith("conservative"):
        raise ArgumentError(
            f"regridder: norm '{norm}' is for conservative methods, got '{method}'; use 'fracarea'"
        )
    if direction == "to_atmosphere" and norm == "modelarea":
        raise ArgumentError(
            "regridder: norm 'modelarea' is for fluxes to the surface; use 'fracarea'"
        )
    if fill != "none":
        raise ArgumentError(
            f"regridder: norm '{norm}' gives a target what reaches it, and a target without source"
            f" nothing; got fill '{fill}': use 'none', or norm 'fracarea'"
        )
