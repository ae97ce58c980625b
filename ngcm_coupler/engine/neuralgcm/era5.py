"""Initial states from datasets in ERA5 layout: pressure levels, SST and sea-ice cover."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import xarray
from dinosaur import horizontal_interpolation, spherical_harmonic, xarray_utils
from dinosaur.coordinate_systems import CoordinateSystem

from ngcm_coupler.errors import DataError
from ngcm_coupler.netcdf import exclusive, import_netcdf4

_COORDINATES = ("longitude", "latitude", "level")


def demo_path() -> Path:
    """The ERA5 state of 1959-01-02 that comes with the neuralgcm package."""
    spec = importlib.util.find_spec("neuralgcm")
    if spec is None or spec.origin is None:
        raise DataError("the package neuralgcm is not installed; run `pip install neuralgcm`")
    return Path(spec.origin).parent / "data" / "era5_tl31_19590102T00.nc"


def read_initial_data(
    path: str,
    start: str | None,
    variables: list[str],
    coords: CoordinateSystem,
) -> xarray.Dataset:
    """Reads one date of a dataset and brings it onto a model's grid.

    Another horizontal grid is regridded conservatively, and points without a value (SST over
    land) take the nearest one: what the authors of NeuralGCM do to prepare data.

    Args:
      path: netCDF file with dimensions ([time,] level, latitude, longitude), levels in hPa;
        ``demo`` is the file inside the neuralgcm package.
      start: date to select, ISO 8601 as the file's own calendar writes it; None takes the only
        date in the file.
      variables: names of the variables needed.
      coords: horizontal grid and pressure levels of the model's input.

    Returns:
      The variables at that date, dimensions ([level,] longitude, latitude), coordinate ``time``.

    Raises:
      DataError: the file, a variable, the date or a level is missing, or values are not finite.
    """
    file = demo_path() if path == "demo" else Path(path)
    import_netcdf4()
    try:
        with exclusive(), xarray.open_dataset(file, engine="netcdf4") as opened:
            dataset = _select(opened, file, start, variables, coords).load()
    except OSError as error:
        raise DataError(f"initial state {file}: not a readable netCDF file: {error}") from error
    _check_values(dataset, file)
    dataset = xarray_utils.ensure_ascending_latitude(dataset)
    source, target = _horizontal_grid(dataset), coords.horizontal
    if not _same_points(source, target):
        regridder = horizontal_interpolation.ConservativeRegridder(source, target, skipna=True)
        dataset = xarray_utils.regrid_horizontal(dataset, regridder)
    return xarray_utils.fill_nan_with_nearest(dataset)


def _check_values(dataset: xarray.Dataset, file: Path) -> None:
    """The air must have a value everywhere; the sea surface has none over land."""
    for name, variable in dataset.items():
        values = variable.values
        valid = np.isfinite(values)
        on_land = np.isnan(values) & ("level" not in variable.dims)
        if not (valid | on_land).all() or not valid.any():
            raise DataError(
                f"initial state {file}: variable {name!r} holds {int((~valid).sum())} of"
                f" {values.size} values that are not finite"
            )


def _select(
    dataset: xarray.Dataset,
    file: Path,
    start: str | None,
    variables: list[str],
    coords: CoordinateSystem,
) -> xarray.Dataset:
    """Picks variables, pressure levels and date, naming whatever is not there."""
    missing = [name for name in (*_COORDINATES, "time", *variables) if name not in dataset]
    if missing:
        raise DataError(
            f"initial state {file}: lacks {', '.join(missing)}; expected the variables of ERA5 on"
            f" pressure levels, {', '.join(variables)}, with a coordinate time"
        )
    wanted = np.asarray(coords.vertical.centers)
    absent = sorted(set(wanted.astype(float)) - set(dataset.level.values.astype(float)))
    if absent:
        raise DataError(
            f"initial state {file}: lacks the pressure levels"
            f" {', '.join(f'{level:g}' for level in absent)} hPa that the model reads"
        )
    dataset = dataset[variables].sel(level=wanted)
    times = _dates(dataset)
    if start is None and len(times) != 1:
        raise DataError(
            f"initial state {file}: holds {len(times)} dates, {times[0]} to {times[-1]}; choose"
            " one with start_date in &ngcm_run"
        )
    chosen = start or times[0]
    if chosen not in times:
        raise DataError(
            f"initial state {file}: start_date {chosen} is not in the file, which holds"
            f" {times[0]} to {times[-1]} ({len(times)} dates)"
        )
    if "time" in dataset.dims:
        dataset = dataset.isel(time=times.index(chosen))
    return dataset


def date_of(dataset: xarray.Dataset) -> str:
    """The only date of a dataset, ``YYYY-MM-DDTHH:MM:SS`` in its own calendar."""
    return _dates(dataset)[0]


def _dates(dataset: xarray.Dataset) -> list[str]:
    """The dates of a dataset, which xarray has as numpy's or, of other calendars, as cftime's."""
    times = np.atleast_1d(dataset.time.values)
    if np.issubdtype(times.dtype, np.datetime64):
        return [str(time) for time in times.astype("datetime64[s]")]
    return [time.isoformat(timespec="seconds") for time in times]


def _horizontal_grid(dataset: xarray.Dataset) -> spherical_harmonic.Grid:
    """The grid of a dataset as dinosaur describes it."""
    try:
        return spherical_harmonic.Grid(
            longitude_nodes=dataset.sizes["longitude"],
            latitude_nodes=dataset.sizes["latitude"],
            latitude_spacing=xarray_utils.infer_latitude_spacing(dataset.latitude),
            longitude_offset=xarray_utils.infer_longitude_offset(dataset.longitude),
        )
    except ValueError as error:
        raise DataError(
            f"initial state: the longitude-latitude grid is not usable: {error}"
        ) from error


def _same_points(left: spherical_harmonic.Grid, right: spherical_harmonic.Grid) -> bool:
    """Whether two grids have the same points."""
    return left.nodal_shape == right.nodal_shape and bool(
        np.allclose(left.longitudes, right.longitudes, atol=1e-5)
        and np.allclose(left.latitudes, right.latitudes, atol=1e-5)
    )
