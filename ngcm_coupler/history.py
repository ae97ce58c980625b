"""The exchanged fields of every interval as a CF netCDF file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ngcm_coupler.clock import Clock
from ngcm_coupler.errors import OutputError
from ngcm_coupler.fields import Field
from ngcm_coupler.grid import GaussianGrid
from ngcm_coupler.netcdf import import_netcdf4, keep_little

TITLE = "Fields exchanged between atmosphere and surface"
"""Global attribute ``title`` by which a file is known for a history."""

_FILL_VALUE = np.float32(1.0e20)


class History:
    """Writes one record an interval and leaves a complete file after each.

    Imports are recorded as the host has put them, over land too. Exports that mean something over
    sea or land only are masked where a cell has none.
    """

    def __init__(
        self,
        path: str,
        grid: GaussianGrid,
        land_area_fraction: np.ndarray,
        fields: Sequence[Field],
        start: Clock,
        attributes: Mapping[str, str],
        provenance: Mapping[str, str],
    ) -> None:
        """Creates the file.

        Args:
          path: file to write; an old one of that name is replaced.
          grid: grid of the fields.
          land_area_fraction: [1], shape (grid.size,).
          fields: the fields of a record.
          start: clock at the beginning of the run.
          attributes: global attributes, such as the model.
          provenance: name of each field -> where its values come from.

        Raises:
          OutputError: the file cannot be created.
        """
        self._path = path
        self._grid = grid
        self._fields = tuple(fields)
        self._no_sea = land_area_fraction >= 1.0
        self._no_land = land_area_fraction <= 0.0
        self._start = start
        try:
            self._file = import_netcdf4().Dataset(path, "w", format="NETCDF4")
            self._define(land_area_fraction, attributes, provenance)
            keep_little(self._file)
            self._file.sync()
        except (OSError, RuntimeError) as error:
            raise OutputError(
                f"&ngcm_history file = '{path}' cannot be created ({error}); check folder,"
                " permission and free space"
            ) from error

    def write(self, clock: Clock, interval_seconds: int, values: Mapping[str, np.ndarray]) -> None:
        """Appends the fields of the interval that ends now.

        Args:
          clock: clock at the end of the interval.
          interval_seconds: length of the interval.
          values: name of each field -> float32, shape (grid.size,).

        Raises:
          OutputError: the disk is full, or the file has gone.
        """
        try:
            record = self._file.dimensions["time"].size
            self._file["time"][record] = clock.elapsed_seconds
            begin = clock.elapsed_seconds - interval_seconds
            self._file["time_bounds"][record] = begin, clock.elapsed_seconds
            for field in self._fields:
                row = values[field.name]
                if field.surface and field.direction == "export":
                    nowhere = self._no_land if field.surface == "land" else self._no_sea
                    row = np.where(nowhere, _FILL_VALUE, row)
                self._file[field.name][record] = row.reshape(self._grid.nlat, self._grid.nlon)
            self._file.sync()
        except (OSError, RuntimeError) as error:
            raise OutputError(
                f"&ngcm_history file = '{self._path}': the record of {clock.iso8601()} cannot be"
                f" written ({error}); the records before it are complete"
            ) from error

    def close(self) -> None:
        """Closes the file.

        Raises:
          OutputError: what is left cannot be written.
        """
        try:
            self._file.close()
        except (OSError, RuntimeError) as error:
            raise OutputError(
                f"&ngcm_history file = '{self._path}' cannot be completed ({error})"
            ) from error

    def _define(
        self,
        land_area_fraction: np.ndarray,
        attributes: Mapping[str, str],
        provenance: Mapping[str, str],
    ) -> None:
        """Coordinates and variables with their CF attributes."""
        file, grid = self._file, self._grid
        file.setncatts({"Conventions": "CF-1.11", "title": TITLE, **attributes})
        for name, size in (("time", None), ("lat", grid.nlat), ("lon", grid.nlon), ("bnds", 2)):
            file.createDimension(name, size)

        def variable(name: str, dtype: str, dims: tuple[str, ...], **attrs: str) -> np.ndarray:
            created = file.createVariable(name, dtype, dims)
            created.setncatts(attrs)
            return created

        variable(
            "time", "i8", ("time",), standard_name="time", units=self._start.time_units,
            calendar=self._start.calendar, axis="T", bounds="time_bounds",
        )  # fmt: skip
        variable("time_bounds", "i8", ("time", "bnds"))
        variable(
            "lat", "f8", ("lat",), standard_name="latitude", units="degrees_north", axis="Y",
            bounds="lat_bounds",
        )[:] = grid.latitudes  # fmt: skip
        edges = grid.latitude_bounds
        variable("lat_bounds", "f8", ("lat", "bnds"))[:] = np.stack([edges[:-1], edges[1:]], -1)
        variable("lon", "f8", ("lon",), standard_name="longitude", units="degrees_east", axis="X")[
            :
        ] = grid.longitudes
        variable("cell_area", "f8", ("lat", "lon"), standard_name="cell_area", units="m2")[:] = (
            grid.area.reshape(grid.nlat, grid.nlon)
        )
        variable(
            "land_area_fraction", "f8", ("lat", "lon"), standard_name="land_area_fraction",
            units="1",
        )[:] = land_area_fraction.reshape(grid.nlat, grid.nlon)  # fmt: skip
        for field in self._fields:
            created = file.createVariable(
                field.name, "f4", ("time", "lat", "lon"), fill_value=_FILL_VALUE, zlib=True,
                complevel=1, shuffle=True,
            )  # fmt: skip
            created.setncatts(_field_attributes(field, provenance[field.name]))


def _field_attributes(field: Field, provenance: str) -> dict[str, str]:
    """CF attributes of a field, with its sign and where it comes from."""
    time = "time: mean" if field.averaging == "interval_mean" else "time: point"
    area = f" area: mean where {field.surface}" if field.surface else ""
    attributes = {
        **({"standard_name": field.standard_name} if field.standard_name else {}),
        "long_name": field.description,
        "units": field.units,
        "cell_methods": time + area,
        "cell_measures": "area: cell_area",
        "provenance": provenance,
    }
    if field.positive:
        attributes["positive_direction"] = field.positive
    return attributes
