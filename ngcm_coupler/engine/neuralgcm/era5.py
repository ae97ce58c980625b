"""Initial states from datasets in ERA5 layout, brought onto a model's grid."""

from __future__ import annotations

import numpy as np
import xarray
from dinosaur import horizontal_interpolation, spherical_harmonic, xarray_utils
from dinosaur.coordinate_systems import CoordinateSystem

from ngcm_coupler.engine.neuralgcm.initial_state import State, read_state


def read_initial_data(
    path: str,
    start: str | None,
    variables: list[str],
    coords: CoordinateSystem,
) -> tuple[str, xarray.Dataset]:
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

    Returns:
      The date, and the variables, dimensions ([level,] longitude, latitude).

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
    return state.date, xarray_utils.fill_nan_with_nearest(dataset)


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
