"""Initial states in the layout of ERA5."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray
from dinosaur.coordinate_systems import CoordinateSystem
from dinosaur.spherical_harmonic import Grid
from dinosaur.vertical_interpolation import PressureCoordinates

from fuzz.mutators import netcdf
from fuzz.subject import Implausible, Subject, digest
from ngcm_coupler.engine.neuralgcm.era5 import date_of, read_initial_data

AIR = {"temperature": 250.0, "u_component_of_wind": 5.0, "specific_humidity": 1e-3}
SEA = {"sea_surface_temperature": 290.0, "sea_ice_cover": 0.5}
LEVELS = (500, 850)
GRID = Grid(longitude_nodes=16, latitude_nodes=8, latitude_spacing="equiangular")


def make(folder: Path) -> list[Path]:
    """A date of a small grid, and two dates packed into short numbers."""
    random = np.random.default_rng(2)
    shape = (2, len(LEVELS), 8, 16)
    air = ("time", "level", "latitude", "longitude")
    variables = {}
    for name, value in AIR.items():
        variables[name] = (air, value * (1.0 + 0.01 * random.random(shape, np.float32)))
    for name, value in SEA.items():
        values = value * (1.0 + 0.01 * random.random((2, 8, 16), np.float32))
        values[:, :2, :2] = np.nan
        variables[name] = (("time", "latitude", "longitude"), values)
    coords = {
        "time": np.array(["2000-01-01T00", "2000-01-01T06"], "datetime64[ns]"),
        "level": np.array(LEVELS, "i4"),
        "latitude": np.rad2deg(GRID.latitudes),
        "longitude": np.rad2deg(GRID.longitudes),
    }
    dataset = xarray.Dataset(variables, coords)
    dataset.isel(time=[0]).to_netcdf(folder / "one.nc")
    packing = {"dtype": "i2", "scale_factor": 0.01, "add_offset": 250.0, "_FillValue": -32767}
    dataset.isel(time=[0]).to_netcdf(folder / "packed.nc", encoding={"temperature": packing})
    return [folder / "one.nc", folder / "packed.nc"]


def use(file: Path) -> str:
    """Air must have a value everywhere."""
    coords = CoordinateSystem(GRID, PressureCoordinates(LEVELS))
    state = read_initial_data(str(file), None, [*AIR, *SEA], coords)
    if not all(np.isfinite(state[name].values).all() for name in (*AIR, *SEA)):
        raise Implausible("a state that is not finite")
    if state.sizes != {"level": len(LEVELS), "longitude": 16, "latitude": 8}:
        raise Implausible("a state of another shape than the model's")
    return digest([date_of(state), *(state[name].values for name in (*AIR, *SEA))])


SUBJECT = Subject("states", make, netcdf.spoilt, use)
