"""The grid of an ocean or sea-ice model: centres, corners, the sea among its cells, areas."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from ngcm_coupler.constants import EARTH_RADIUS
from ngcm_coupler.errors import ArgumentError, DataError, represented
from ngcm_coupler.fields.arguments import is_whole_number, numbers, require_index, truths

SAME_VERTEX = 1e-8
"""Corners nearer than this to each other are one [radian]; 6 cm on the Earth."""


@dataclasses.dataclass(frozen=True)
class SurfaceGrid:
    """Cells of any shape on the sphere, in the order of their file, fastest dimension first.

    The edges of a cell are great circles, its corners may go round either way, and a cell with
    fewer corners than others repeats one. Land cells need no sensible corners: ocean models leave
    there what they like.

    Attributes:
      name: what messages and coupler files call the grid.
      shape: lengths of the dimensions, the fastest first, as (nlon, nlat); their product is the
        number n of cells.
      longitude: of the centres [degrees east], shape (n,).
      latitude: of the centres [degrees north], shape (n,).
      corner_longitude: [degrees east], shape (n, k).
      corner_latitude: [degrees north], shape (n, k).
      sea: true for wet cells, shape (n,).
      area: area of the cells as the model itself has it [m2], shape (n,), or None.
    """

    name: str
    shape: tuple[int, ...]
    longitude: np.ndarray
    latitude: np.ndarray
    corner_longitude: np.ndarray
    corner_latitude: np.ndarray
    sea: np.ndarray
    area: np.ndarray | None = None

    def __post_init__(self) -> None:
        """Takes arrays of any real type, and a mask of zeros and ones.

        Raises:
          ArgumentError: something is no array of numbers, no mask or no shape.
        """
        title = f"grid {represented(self.name)}"
        given = () if self.area is None else ("area",)
        for name in ("longitude", "latitude", "corner_longitude", "corner_latitude", *given):
            array = numbers(f"{title}: {name}", getattr(self, name))
            object.__setattr__(self, name, array.astype(np.float64, copy=False))
        object.__setattr__(self, "sea", truths(f"{title}: sea", self.sea))
        if not isinstance(self.shape, tuple) or not all(
            is_whole_number(length) and length > 0 for length in self.shape
        ):
            raise ArgumentError(
                f"{title}: shape is {represented(self.shape)}, expected a tuple of lengths, the"
                " fastest dimension first"
            )

    @property
    def size(self) -> int:
        """Number of cells, land and copies included."""
        return int(np.prod(self.shape))

    @functools.cached_property
    def first_of_duplicates(self) -> np.ndarray:
        """False for copies of another cell, shape (n,).

        Global ocean models repeat columns at the ends of a row and cells across a northern fold.
        Cells with the same corners are copies of each other, however their corners are ordered;
        the first of them that is sea counts, or the first if none is.

        Raises:
          DataError: the arrays do not fit the shape of the grid.
        """
        self.check_sizes()
        vertices = np.sort(self._vertex_numbers, axis=1)
        repeated = np.zeros_like(vertices, dtype=bool)
        repeated[:, 1:] = vertices[:, 1:] == vertices[:, :-1]
        vertices = np.sort(np.where(repeated, -1, vertices), axis=1)
        order, starts = _runs(np.column_stack([vertices, ~self.sea]), vertices.shape[1])
        first = np.zeros(self.size, dtype=bool)
        first[order[starts]] = True
        return first

    @functools.cached_property
    def _vertex_numbers(self) -> np.ndarray:
        """The same number for corners at the same place, shape (n, k)."""
        position = unit_vectors(self.corner_longitude, self.corner_latitude).reshape(-1, 3)
        # Rounding merges all but the few corners that a boundary of rounding separates.
        order, starts = _runs(np.round(position / SAME_VERTEX).astype(np.int64), 3)
        representative = order[starts]
        box = np.empty_like(order)
        box[order] = np.cumsum(starts) - 1
        near = KDTree(position[representative]).query_pairs(SAME_VERTEX, output_type="ndarray")
        links = coo_array(
            (np.ones(len(near), dtype=bool), near.T), shape=(representative.size,) * 2
        )
        _, number = connected_components(links, directed=False)
        return number[box].reshape(self.corner_longitude.shape)

    @functools.cached_property
    def _triangles(self) -> np.ndarray:
        """Signed solid angles between the mean of a cell's corners and each edge, shape (n, k)."""
        corner = unit_vectors(self.corner_longitude, self.corner_latitude)
        middle = corner.sum(axis=1, keepdims=True)
        middle /= np.maximum(np.linalg.norm(middle, axis=-1, keepdims=True), 1e-300)
        following = np.roll(corner, -1, axis=1)
        # Differences keep the digits that a triple product of nearly equal vectors would lose.
        volume = np.sum(middle * np.cross(corner - middle, following - middle), axis=-1)
        spread = (
            1.0
            + np.sum(middle * corner, axis=-1)
            + np.sum(corner * following, axis=-1)
            + np.sum(following * middle, axis=-1)
        )
        return 2.0 * np.arctan2(volume, spread)

    @functools.cached_property
    def polygon_area(self) -> np.ndarray:
        """Area within the great circles between the corners [steradian], shape (n,).

        Raises:
          DataError: the arrays do not fit the shape of the grid.

        Source: Eriksson (1990), On the measure of solid angles, Math. Mag. 63.
        """
        self.check_sizes()
        return np.abs(self._triangles.sum(axis=1))

    def place(self, cell: int) -> str:
        """A cell, by its index from 0, as messages name it; others are an ArgumentError."""
        require_index(f"grid {represented(self.name)}: cell", cell, self.size)
        indices = np.unravel_index(cell, self.shape, order="F")
        numbers = ", ".join(str(int(index) + 1) for index in indices)
        return (
            f"grid '{self.name}', cell {numbers} (longitude {self.longitude[cell]:.2f}, latitude"
            f" {self.latitude[cell]:.2f})"
        )

    @functools.cached_property
    def checked(self) -> SurfaceGrid:
        """The grid itself, once it has passed `check`, which is done once only."""
        self.check()
        return self

    def check(self) -> None:
        """Refuses what cannot be a grid.

        Raises:
          DataError: naming the worst cell: sizes that do not fit, coordinates that are not finite
            or not on the sphere, no sea, a wet cell without area, with corners out of order or
            away from its centre, or whose area is not that of its corners.
        """
        self.check_sizes()
        self._check_coordinates()
        self._check_shapes_of_sea()
        self._check_areas()

    def check_sizes(self) -> None:
        """Refuses arrays that do not fit the shape of the grid, by a DataError."""
        corners = self.corner_longitude.shape
        expected = {
            "longitude": (self.size,),
            "latitude": (self.size,),
            "corner_longitude": (self.size, *corners[1:2]),
            "corner_latitude": (self.size, *corners[1:2]),
            "sea": (self.size,),
        } | ({} if self.area is None else {"area": (self.size,)})
        for key, shape in expected.items():
            got = getattr(self, key).shape
            if got != shape:
                raise DataError(
                    f"grid '{self.name}': {key} has shape {got}, expected {shape} for a grid of"
                    f" {' x '.join(map(str, self.shape))} cells; give one value a cell"
                )
        if len(corners) != 2 or corners[1] < 3:
            raise DataError(
                f"grid '{self.name}': corners have shape {corners}, expected at least 3 of every"
                " cell; the exchange of fluxes needs the corners of the cells in the file"
            )

    def _check_coordinates(self) -> None:
        for what, longitude, latitude in (
            ("centre", self.longitude[:, None], self.latitude[:, None]),
            ("corner", self.corner_longitude, self.corner_latitude),
        ):
            wrong = ~(np.isfinite(longitude) & (np.abs(latitude) <= 90.0 + 1e-9))
            wrong |= np.abs(longitude) > 1080.0
            cells = np.flatnonzero(wrong.any(axis=1))
            if cells.size:
                cell = cells[0]
                corner = np.argmax(wrong[cell])
                raise DataError(
                    f"{self.place(cell)}: a {what} lies at longitude {longitude[cell, corner]},"
                    f" latitude {latitude[cell, corner]} ({cells.size} cells in all), expected"
                    " degrees with a latitude within -90 and 90; correct the file, or give its"
                    " variables the units they are in"
                )

    def _check_shapes_of_sea(self) -> None:
        wet = np.flatnonzero(self.sea)
        if not wet.size:
            raise DataError(
                f"grid '{self.name}': none of the {self.size} cells is sea; in OASIS' masks.nc 1"
                " is land, in CF and SCRIP files 1 is sea: correct the mask"
            )
        whole = np.abs(self._triangles[wet]).sum(axis=1)
        cell = wet[np.argmin(whole)]
        if whole.min() < 1e-16:
            raise DataError(
                f"{self.place(cell)}: its corners enclose no area, expected at least three"
                f" different ones{self._corners(cell)}; correct them, or mask the cell"
            )
        ordered = self.polygon_area[wet] / whole
        cell = wet[np.argmin(ordered)]
        if ordered.min() < 0.5:
            raise DataError(
                f"{self.place(cell)}: its corners are not in order round the cell"
                f"{self._corners(cell)}; write them clockwise or counter-clockwise, or mask the"
                " cell"
            )
        corner = unit_vectors(self.corner_longitude[wet], self.corner_latitude[wet])
        centre = unit_vectors(self.longitude[wet], self.latitude[wet])
        middle = corner.mean(axis=1)
        extent = np.linalg.norm(corner - middle[:, None], axis=-1).max(axis=1)
        away = np.linalg.norm(centre - middle, axis=-1) / extent
        cell = wet[np.argmax(away)]
        if away.max() > 1.5:
            raise DataError(
                f"{self.place(cell)}: the centre lies {away.max():.1f} times as far from the middle"
                f" of the corners as any of them, expected within the cell{self._corners(cell)};"
                " give centres and corners of the same points of the grid, in the same order"
            )

    def _corners(self, cell: int) -> str:
        """The corners of a cell as messages show them."""
        pairs = zip(self.corner_longitude[cell], self.corner_latitude[cell], strict=True)
        return ", got " + " ".join(
            f"({longitude:.3f}, {latitude:.3f})" for longitude, latitude in pairs
        )

    def _check_areas(self) -> None:
        if self.area is None:
            return
        wet = np.flatnonzero(self.sea)
        polygon = self.polygon_area[wet] * EARTH_RADIUS**2
        with np.errstate(divide="ignore", invalid="ignore"):
            misfit = np.abs(np.log2(self.area[wet] / polygon))
        misfit = np.where(np.isnan(misfit), np.inf, misfit)
        cell = wet[np.argmax(misfit)]
        if misfit.max() > 1.0:
            raise DataError(
                f"{self.place(cell)}: the model's area is {self.area[cell]:.6g} m2, expected about"
                f" the {self.polygon_area[cell] * EARTH_RADIUS**2:.6g} m2 within its corners; give"
                " areas in m2 of the same cells"
            )


def unit_vectors(longitude: np.ndarray, latitude: np.ndarray) -> np.ndarray:
    """Positions on the unit sphere.

    Args:
      longitude: [degrees east], any shape.
      latitude: [degrees north], the same shape.

    Returns:
      Cartesian components, that shape and a last dimension of 3.
    """
    longitude, latitude = np.deg2rad(longitude), np.deg2rad(latitude)
    horizontal = np.cos(latitude)
    return np.stack(
        [horizontal * np.cos(longitude), horizontal * np.sin(longitude), np.sin(latitude)], axis=-1
    )


def _runs(rows: np.ndarray, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Sorts rows, equal ones in their order, and finds where a new value begins.

    Args:
      rows: shape (n, m).
      columns: how many leading columns make rows equal; the others only order equal rows.

    Returns:
      The sorted rows' indices, shape (n,), and which of them begin a new value, shape (n,).
    """
    order = np.lexsort(rows.T[::-1])
    starts = np.ones(len(rows), dtype=bool)
    starts[1:] = np.any(np.diff(rows[order, :columns], axis=0) != 0, axis=1)
    return order, starts
