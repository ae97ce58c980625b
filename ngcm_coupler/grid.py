"""The grid of an atmosphere, of rows and columns: centres, corners, areas.

Everywhere outside ``engine/`` a field on this grid is a vector of its points, longitude fastest,
rows from south to north. That is the memory order of a Fortran array ``field(nlon, nlat)``.
"""

from __future__ import annotations

import abc
import dataclasses
import functools

import numpy as np
from scipy.spatial import KDTree

from ngcm_coupler.constants import EARTH_RADIUS
from ngcm_coupler.errors import ArgumentError, ShapeError, represented
from ngcm_coupler.fields.arguments import numbers, require_index, truths


class Grid(abc.ABC):
    """Rows along circles of latitude, each of the same equally spaced columns.

    The first column is centred on the Greenwich meridian, and the rows go from pole to pole. What
    tells one kind from another is where its rows are and where they meet.

    Attributes:
      nlon: points on a circle of latitude.
      nlat: circles of latitude.

    Raises:
      ArgumentError: one of them is no number of points.
    """

    nlon: int
    nlat: int

    def __post_init__(self) -> None:
        for name, points in (("nlon", self.nlon), ("nlat", self.nlat)):
            whole = isinstance(points, (int, np.integer)) and not isinstance(points, bool)
            if not whole or points < 1:
                raise ArgumentError(
                    f"{type(self).__name__}: {name} is {represented(points)}, expected a number of"
                    " points, 1 or more"
                )
            # A short type of numpy's would overflow in products.
            object.__setattr__(self, name, int(points))

    @property
    @abc.abstractmethod
    def latitudes(self) -> np.ndarray:
        """Latitude of the rows, south to north [degrees north], shape (nlat,)."""

    @property
    @abc.abstractmethod
    def sine_bounds(self) -> np.ndarray:
        """Sine of the latitudes between the rows, from -1 to 1, shape (nlat + 1,)."""

    @property
    def size(self) -> int:
        """Number of points."""
        return self.nlon * self.nlat

    @functools.cached_property
    def longitudes(self) -> np.ndarray:
        """Longitude of the columns [degrees east], shape (nlon,)."""
        return 360.0 * np.arange(self.nlon) / self.nlon

    @functools.cached_property
    def latitude_bounds(self) -> np.ndarray:
        """Latitudes between the rows [degrees north], shape (nlat + 1,)."""
        return np.rad2deg(np.arcsin(self.sine_bounds))

    @functools.cached_property
    def longitude(self) -> np.ndarray:
        """Longitude of every point [degrees east], shape (size,)."""
        return np.tile(self.longitudes, self.nlat)

    @functools.cached_property
    def latitude(self) -> np.ndarray:
        """Latitude of every point [degrees north], shape (size,)."""
        return np.repeat(self.latitudes, self.nlon)

    @functools.cached_property
    def position(self) -> tuple[np.ndarray, np.ndarray]:
        """Longitude and latitude of every point as devices take them [rad], float32, (size,)."""
        return (
            np.deg2rad(self.longitude).astype(np.float32),
            np.deg2rad(self.latitude).astype(np.float32),
        )

    @functools.cached_property
    def corner_longitude(self) -> np.ndarray:
        """Longitude of the corners, counter-clockwise from the south-west, shape (size, 4)."""
        half = 180.0 / self.nlon
        return self.longitude[:, None] + np.array([-half, half, half, -half])

    @functools.cached_property
    def corner_latitude(self) -> np.ndarray:
        """Latitude of the corners, in the same order, shape (size, 4)."""
        south = np.repeat(self.latitude_bounds[:-1], self.nlon)
        north = np.repeat(self.latitude_bounds[1:], self.nlon)
        return np.stack([south, south, north, north], axis=-1)

    @functools.cached_property
    def area(self) -> np.ndarray:
        """Area of every cell [m2], shape (size,); the sum is that of the sphere."""
        row = np.diff(self.sine_bounds) * 2.0 * np.pi * EARTH_RADIUS**2 / self.nlon
        return np.repeat(row, self.nlon)

    def place(self, point: int) -> str:
        """A point, by its index from 0, as messages name it; others are an ArgumentError."""
        require_index(f"{type(self).__name__}: point", point, self.size)
        return (
            f"point {point + 1} (longitude {self.longitude[point]:.2f}, latitude"
            f" {self.latitude[point]:.2f})"
        )

    def land_and_inland_water(self, land_area_fraction: np.ndarray) -> np.ndarray:
        """The land fraction that a coupled ocean sees: lakes and rivers count as land.

        A land-sea mask averaged from fine data finds a little water in most continental cells. No
        ocean model has a temperature there, so that a cell counts as sea only if half of it is, or
        if a tenth of it is and it touches a cell of which half is.

        Args:
          land_area_fraction: [1], shape (size,).

        Returns:
          The fraction as it is in cells that count as sea, 1 elsewhere, shape (size,).

        Raises:
          ArgumentError: these are no real numbers, or some are masked.
          ShapeError: they are not as many as the points.
        """
        land_area_fraction = numbers("land_area_fraction", land_area_fraction)
        self._require_size("land_area_fraction", land_area_fraction)
        sea = 1.0 - land_area_fraction.reshape(self.nlat, self.nlon)
        open_sea = sea >= 0.5
        rows = np.pad(open_sea, ((1, 1), (0, 0)))
        beside = rows[:-2] | rows[1:-1] | rows[2:]
        beside = np.roll(beside, 1, axis=1) | beside | np.roll(beside, -1, axis=1)
        coupled = open_sea | (beside & (sea >= 0.1))
        return np.where(coupled.reshape(-1), land_area_fraction, 1.0)

    def nearest_of(self, chosen: np.ndarray) -> np.ndarray:
        """For every point the index of the nearest chosen one.

        Args:
          chosen: logical, shape (size,), true for at least one point.

        Returns:
          Indices, shape (size,); a chosen point finds itself.

        Raises:
          ArgumentError: these are not true and false, some are masked, or none is true.
          ShapeError: they are not as many as the points.
        """
        chosen = truths("chosen", chosen)
        self._require_size("chosen", chosen)
        if not chosen.any():
            raise ArgumentError("chosen: no point is true, expected one or more; choose some")
        longitude, latitude = np.deg2rad(self.longitude), np.deg2rad(self.latitude)
        position = np.stack(
            [
                np.cos(latitude) * np.cos(longitude),
                np.cos(latitude) * np.sin(longitude),
                np.sin(latitude),
            ],
            axis=-1,
        )
        candidates = np.flatnonzero(chosen)
        _, nearest = KDTree(position[candidates]).query(position)
        index = candidates[nearest]
        index[candidates] = candidates
        return index

    def _require_size(self, name: str, values: np.ndarray) -> None:
        if values.shape != (self.size,):
            raise ShapeError(
                f"{name}: got an array of shape {values.shape}, expected ({self.size},), a value"
                f" for every point of {self.nlon} x {self.nlat}"
            )


@dataclasses.dataclass(frozen=True)
class GaussianGrid(Grid):
    """A full Gaussian grid, whose rows are at the nodes of Gauss and Legendre."""

    nlon: int
    nlat: int

    @functools.cached_property
    def _gauss(self) -> tuple[np.ndarray, np.ndarray]:
        """Gauss-Legendre nodes (sine of latitude) and weights, each of shape (nlat,)."""
        return np.polynomial.legendre.leggauss(self.nlat)

    @functools.cached_property
    def latitudes(self) -> np.ndarray:
        """See `Grid`."""
        return np.rad2deg(np.arcsin(self._gauss[0]))

    @functools.cached_property
    def sine_bounds(self) -> np.ndarray:
        """The running sums of the Gauss weights, shape (nlat + 1,).

        So the area of a row is exactly its quadrature weight; latitudes halfway between the rows
        are off by up to 6 % of the area.
        """
        bounds = np.concatenate([[-1.0], -1.0 + np.cumsum(self._gauss[1])])
        bounds = 0.5 * (bounds - bounds[::-1])
        bounds[[0, -1]] = -1.0, 1.0
        return bounds


@dataclasses.dataclass(frozen=True)
class RegularGrid(Grid):
    """A grid of rows of equal height; each is in the middle of its row, so that none is a pole."""

    nlon: int
    nlat: int

    @functools.cached_property
    def latitudes(self) -> np.ndarray:
        """See `Grid`."""
        return 180.0 * (np.arange(self.nlat) + 0.5) / self.nlat - 90.0

    @functools.cached_property
    def sine_bounds(self) -> np.ndarray:
        """See `Grid`."""
        bounds = np.sin(np.pi * np.arange(self.nlat + 1) / self.nlat - 0.5 * np.pi)
        bounds = 0.5 * (bounds - bounds[::-1])
        bounds[[0, -1]] = -1.0, 1.0
        return bounds


@dataclasses.dataclass(frozen=True)
class RectilinearGrid(Grid):
    """A grid with rows wherever they are given.

    Attributes:
      nlon: points on a circle of latitude.
      rows: latitude of the rows, south to north [degrees north].
      sines: sine of the latitudes between the rows, from -1 to 1; one more than rows.
    """

    nlon: int
    nlat: int = dataclasses.field(init=False)
    rows: tuple[float, ...]
    sines: tuple[float, ...]

    def __post_init__(self) -> None:
        bounds = np.array(self.sines)
        centres = np.sin(np.deg2rad(self.rows))
        if (
            bounds.shape != (centres.size + 1,)
            or (bounds[0], bounds[-1]) != (-1.0, 1.0)
            or not (np.diff(bounds) > 0.0).all()
            or not ((bounds[:-1] <= centres) & (centres <= bounds[1:])).all()
        ):
            raise ArgumentError(
                f"a grid of {centres.size} rows has {bounds.size} bounds that do not lie round its"
                " rows; expected the sine of the latitude south of each row and north of the last,"
                " from -1 to 1 and increasing"
            )
        object.__setattr__(self, "nlat", centres.size)
        super().__post_init__()

    @functools.cached_property
    def latitudes(self) -> np.ndarray:
        """See `Grid`."""
        return np.array(self.rows)

    @functools.cached_property
    def sine_bounds(self) -> np.ndarray:
        """See `Grid`."""
        return np.array(self.sines)
