"""The points of a file on a grid of latitudes and longitudes, and their areas."""

from __future__ import annotations

import dataclasses
from typing import Any, Literal

import numpy as np
import xarray

from ngcm_coupler.analysis.score.values import LARGEST, present
from ngcm_coupler.errors import DataError

Where = Literal["everywhere", "sea", "land"]

_NAMES = {"latitude": ("lat", "latitude"), "longitude": ("lon", "longitude")}
_TOLERANCE = 1.0e-3
"""Coordinates in single precision are off by up to 2e-5 degrees [degrees]."""


@dataclasses.dataclass(frozen=True)
class Points:
    """Rows and columns of a file in a common order: from south to north, east from Greenwich.

    Attributes:
      dims: names of its dimensions of latitude and longitude.
      latitudes: in that order [degrees north].
      longitudes: in that order [degrees east].
      rows: where each latitude is in the file.
      columns: where each longitude is in the file.
    """

    dims: tuple[str, str]
    latitudes: np.ndarray
    longitudes: np.ndarray
    rows: np.ndarray
    columns: np.ndarray

    @classmethod
    def of(cls, path: str, file: xarray.Dataset) -> Points:
        """The points of a file.

        Raises:
          DataError: it has no latitudes and longitudes, or they are not those of rows and columns.
        """
        lat, lon = (_coordinate(path, file, kind) for kind in ("latitude", "longitude"))
        latitudes = lat.values.astype(np.float64)
        longitudes = np.round(lon.values.astype(np.float64), 4) % 360.0
        rows, columns = np.argsort(latitudes), np.argsort(longitudes)
        dims = str(lat.dims[0]), str(lon.dims[0])
        return cls(dims, latitudes[rows], longitudes[columns], rows, columns)

    def ordered(self, values: xarray.DataArray) -> np.ndarray:
        """A field of the file in the common order, float64, shape (nlat, nlon)."""
        array = values.transpose(*self.dims).values.astype(np.float64)
        return array[np.ix_(self.rows, self.columns)]

    def require_same(self, path: str, own: Points, own_path: str) -> None:
        """Refuses other points: what is remapped for scores is for the user to decide.

        Raises:
          DataError: the grids differ.
        """
        for mine, other in (
            (self.latitudes, own.latitudes),
            (self.longitudes, own.longitudes),
        ):
            if mine.shape != other.shape or np.abs(mine - other).max() > _TOLERANCE:
                raise DataError(
                    f"{path} is on another grid than {own_path}: {self.describe()} and"
                    f" {own.describe()}; bring it to that grid first, for example with `cdo"
                    f" remapcon,{own_path} {path} REMAPPED.nc`"
                )

    def describe(self) -> str:
        """The grid in words."""
        return (
            f"{self.longitudes.size} x {self.latitudes.size} points from"
            f" {self.latitudes[0]:.2f} N, {self.longitudes[0]:.2f} E"
        )


def weights(files: dict[str, tuple[Any, Points]], where: Where) -> tuple[np.ndarray, str]:
    """Area of every point, and where it comes from.

    Args:
      files: path -> file, as netCDF4 has it, and its points; the first that holds what is sought
        gives it.
      where: the surface to which the areas are restricted.

    Returns:
      In the common order, 0 where a file has no value, shape (nlat, nlon), and words for it.

    Raises:
      DataError: no file holds the fraction of land that ``where`` needs, or an area or a fraction
        is none.
    """
    area = _field(files, "cell_area")
    if area is None:
        points = next(iter(files.values()))[1]
        cosine = np.cos(np.deg2rad(points.latitudes))
        values, words = np.repeat(cosine[:, None], points.longitudes.size, 1), "cos(latitude)"
    else:
        values, words = area
    if where == "everywhere":
        return np.nan_to_num(values), words
    land = _field(files, "land_area_fraction")
    if land is None:
        raise DataError(
            f"--where {where} needs the variable land_area_fraction, which neither members nor"
            " reference hold; add it to one of the files, or leave the option out"
        )
    fraction = land[0] if where == "land" else 1.0 - land[0]
    return np.nan_to_num(values * fraction), f"{words} times the fraction of {where}"


def _field(files: dict[str, tuple[Any, Points]], name: str) -> tuple[np.ndarray, str] | None:
    for path, (file, points) in files.items():
        if name in file.variables and set(file[name].dimensions) == set(points.dims):
            values = points.ordered(present(file[name]))
            if (np.abs(values) > LARGEST).any():
                worst = values.flat[np.nanargmax(np.abs(values))]
                raise DataError(
                    f"{path}: {name} is {worst:g} somewhere, which is no such number; if it stands"
                    " for a missing value, say so by its attribute missing_value"
                )
            return values, f"{name} of {path}"
    return None


def _coordinate(path: str, file: xarray.Dataset, kind: str) -> xarray.DataArray:
    for name, variable in file.variables.items():
        if name in _NAMES[kind] or variable.attrs.get("standard_name") == kind:
            if variable.ndim == 1:
                return file[name]
            raise DataError(
                f"{path}: {name} has {variable.ndim} dimensions; scores need a grid of rows and"
                " columns, with one latitude a row and one longitude a column; remap the file"
            )
    raise DataError(
        f"{path} has no {kind}; expected a variable {' or '.join(_NAMES[kind])}, or one with the"
        f" standard_name {kind}"
    )
