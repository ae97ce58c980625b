"""Initial states from datasets in ERA5 layout, brought onto a model's grid."""

from __future__ import annotations

import logging
from typing import NamedTuple

import numpy as np
import xarray
from dinosaur import horizontal_interpolation, spherical_harmonic, xarray_utils
from dinosaur.coordinate_systems import CoordinateSystem

from ngcm_coupler.engine.neuralgcm.initial_state import Sea, State, read_state

_log = logging.getLogger(__name__)


class OnModelGrid(NamedTuple):
    """One date of a dataset on a model's grid.

    Attributes:
      date: as the file's own calendar writes it.
      fields: dimensions ([level,] longitude, latitude).
      sea: sea-surface temperature and ice cover as air and sea are to exchange over them: those
        of ``fields``, without the steps of a source that is coarser than the grid.
    """

    date: str
    fields: xarray.Dataset
    sea: xarray.Dataset


def read_initial_data(
    path: str,
    start: str | None,
    variables: list[str],
    coords: CoordinateSystem,
) -> OnModelGrid:
    """Reads one date of a dataset and brings it onto a model's grid.

    Another horizontal grid is regridded conservatively, and points without a value (SST over
    land) take the nearest one: what the authors of NeuralGCM do to prepare data.

    Args:
      path: netCDF file with dimensions ([time,] level, latitude, longitude) in any order;
        ``demo`` is the file inside the neuralgcm package.
      start: date to select, ISO 8601 as the file's own calendar writes it; None takes the only
        date in the file.
      variables: names of the variables needed.
      coords: horizontal grid and pressure levels of the model's input.

    Raises:
      DataError: the file, a variable, the date or a level is missing, or the values cannot be.
    """
    pressures = np.asarray(coords.vertical.centers, np.float64)
    state = read_state(path, start, variables, pressures.tolist())
    dims = ("level", "longitude", "latitude")
    dataset = xarray.Dataset(
        {name: (dims[-values.ndim :], values) for name, values in state.fields.items()},
        {
            "level": np.asarray(coords.vertical.centers),
            "longitude": state.longitudes,
            "latitude": state.latitudes,
        },
    )
    source, target = _horizontal_grid(state), coords.horizontal
    if not _same_points(source, target):
        regridder = horizontal_interpolation.ConservativeRegridder(source, target, skipna=True)
        dataset = xarray_utils.regrid_horizontal(dataset, regridder)
    dataset = xarray_utils.fill_nan_with_nearest(dataset)
    return OnModelGrid(state.date, dataset, _sea(state, target, dataset))


def _sea(state: State, target: spherical_harmonic.Grid, dataset: xarray.Dataset) -> xarray.Dataset:
    """The sea of a dataset on a grid; interpolated, where the state knows it in larger cells."""
    sea, (nlon, nlat) = Sea.of(state), target.nodal_shape
    known = dataset[list(sea.fields)]
    if sea.longitudes.size >= nlon and sea.latitudes.size >= nlat:
        return known
    _log.info(
        "the initial state has the sea in %d x %d cells; for the grid of %d x %d it is"
        " interpolated between their centres",
        sea.longitudes.size,
        sea.latitudes.size,
        nlon,
        nlat,
    )
    smooth = sea.interpolated(np.rad2deg(target.longitudes), np.rad2deg(target.latitudes))
    smooth = known.assign({name: (known[name].dims, values) for name, values in smooth.items()})
    return xarray_utils.fill_nan_with_nearest(smooth)


def _horizontal_grid(state: State) -> spherical_harmonic.Grid:
    """The grid of a state as dinosaur describes it."""
    return spherical_harmonic.Grid(
        longitude_nodes=state.longitudes.size,
        latitude_nodes=state.latitudes.size,
        latitude_spacing=state.spacing,
        longitude_offset=xarray_utils.infer_longitude_offset(state.longitudes),
    )


def _same_points(left: spherical_harmonic.Grid, right: spherical_harmonic.Grid) -> bool:
    """Whether two grids have the same points."""
    return left.nodal_shape == right.nodal_shape and bool(
        np.allclose(left.longitudes, right.longitudes, atol=1e-5)
        and np.allclose(left.latitudes, right.latitudes, atol=1e-5)
    )
