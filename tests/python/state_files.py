"""Initial states as people have them: a small sound one, other forms of it, and what is none.

`TAKEN` and `REFUSED` change a sound state; who spoils files at random may draw from them too.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ngcm_coupler.constants import GAS_CONSTANT_DRY_AIR
from ngcm_coupler.files.netcdf import open_dataset

LEVELS = (1000.0, 850.0, 500.0, 200.0)
DATE = "2000-01-02T06:00:00"
AIR = {
    "geopotential": ("z", "m**2 s**-2"),
    "specific_humidity": ("q", "kg kg**-1"),
    "temperature": ("t", "K"),
    "u_component_of_wind": ("u", "m s**-1"),
    "v_component_of_wind": ("v", "m s**-1"),
    "specific_cloud_ice_water_content": ("ciwc", "kg kg**-1"),
    "specific_cloud_liquid_water_content": ("clwc", "kg kg**-1"),
}
SEA = {"sea_surface_temperature": ("sst", "K"), "sea_ice_cover": ("siconc", "(0 - 1)")}
NAMES = (*AIR, *SEA)
STANDARD_NAMES = {
    "temperature": "air_temperature",
    "u_component_of_wind": "eastward_wind",
    "v_component_of_wind": "northward_wind",
}


@dataclasses.dataclass
class Variable:
    """A variable of a file: names of its dimensions, values and attributes."""

    dims: tuple[str, ...]
    values: np.ndarray
    attributes: dict[str, object] = dataclasses.field(default_factory=dict)


State = dict[str, Variable]


def sound(nlon: int = 16, nlat: int = 8) -> State:
    """A state in balance with itself: levels as air of its temperature has them, cold poles."""
    lat = (np.arange(nlat) + 0.5) * 180.0 / nlat - 90.0
    lon = np.arange(nlon) * 360.0 / nlon
    row, column = np.deg2rad(lat)[:, None], np.deg2rad(lon)
    p = np.array(LEVELS)[:, None, None]
    warm = np.cos(row) ** 2 * np.ones(nlon)
    air = np.maximum(255.0 + 45.0 * warm - 75.0 * (1.0 - (p / 1000.0) ** 0.7), 200.0)
    layers = GAS_CONSTANT_DRY_AIR * 0.5 * (air[1:] + air[:-1]) * -np.diff(np.log(p), axis=0)
    wind = np.cos(row) * (4.0 + 20.0 * (1.0 - p / 1000.0))
    cloud = 1e-5 * warm * p / 1000.0
    land = (np.abs(lat[:, None]) < 50.0) & (lon < 100.0)
    ice = np.clip((np.abs(lat[:, None]) - 60.0) / 15.0, 0.0, 1.0) * np.ones(nlon)
    fields = {
        "geopotential": 500.0 + np.cumsum([0.0 * air[0], *layers], axis=0),
        "specific_humidity": 1e-4 + 0.015 * warm * (p / 1000.0) ** 3,
        "temperature": air,
        "u_component_of_wind": wind + 0.0 * column,
        "v_component_of_wind": 3.0 * np.sin(4.0 * column) * np.cos(row) + 0.0 * p,
        "specific_cloud_ice_water_content": cloud,
        "specific_cloud_liquid_water_content": 2.0 * cloud,
        "sea_surface_temperature": np.where(land, np.nan, 271.35 + 28.0 * warm),
        "sea_ice_cover": np.where(land, np.nan, ice),
    }
    state = {
        "longitude": Variable(("longitude",), lon, {"units": "degrees_east"}),
        "latitude": Variable(("latitude",), lat, {"units": "degrees_north"}),
        "level": Variable(("level",), np.array(LEVELS, "i4"), {"units": "hPa"}),
        "time": Variable(("time",), np.array([30], "i4"), {"units": "hours since 2000-01-01"}),
    }
    for name, values in fields.items():
        dims = ("time", "level", "latitude", "longitude") if name in AIR else ()
        dims = dims or ("time", "latitude", "longitude")
        units = (AIR | SEA)[name][1]
        state[name] = Variable(dims, values[None].astype(np.float32), {"units": units})
    return state


def write(state: State, path: Path, unlimited: tuple[str, ...] = ("time",)) -> str:
    """Writes the file, and returns its name."""
    with open_dataset(path, "w") as file:
        for variable in state.values():
            sizes = zip(variable.dims, variable.values.shape, strict=True)
            for name, size in sizes:
                if name not in file.dimensions:
                    file.createDimension(name, None if name in unlimited else size)
        for name, variable in state.items():
            attributes = dict(variable.attributes)
            fill = attributes.pop("_FillValue", None)
            kind = variable.values.dtype
            made = file.createVariable(name, kind, variable.dims, fill_value=fill)
            made.set_auto_maskandscale(False)
            made.setncatts(attributes)
            made[...] = variable.values
    return str(path)


def along(state: State, dim: str, change: Callable[[np.ndarray, int], np.ndarray]) -> State:
    """Changes every variable along a dimension, its coordinate too."""
    for variable in state.values():
        if dim in variable.dims:
            variable.values = change(variable.values, variable.dims.index(dim))
    return state


def renamed(state: State, names: dict[str, str]) -> State:
    """Other names of variables and dimensions."""
    return {
        names.get(name, name): Variable(
            tuple(names.get(dim, dim) for dim in variable.dims),
            variable.values,
            variable.attributes,
        )
        for name, variable in state.items()
    }


def changed(name: str, change: Callable[[np.ndarray], np.ndarray], **attributes: object) -> Change:
    """A change of the values of one variable."""

    def apply(state: State) -> State:
        state[name].values = np.asarray(change(state[name].values))
        state[name].attributes |= attributes
        return state

    return apply


Change = Callable[[State], State]


def _cyclic(state: State) -> State:
    along(state, "longitude", lambda v, axis: np.append(v, v.take([0], axis), axis))
    state["longitude"].values[-1] = 360.0
    return state


def _from_the_date_line(state: State) -> State:
    along(state, "longitude", lambda v, axis: np.roll(v, v.shape[axis] // 2, axis))
    state["longitude"].values = (state["longitude"].values + 180.0) % 360.0 - 180.0
    return state


def _with_axis_of_one(name: str) -> Change:
    def apply(state: State) -> State:
        for field in NAMES:
            state[field].dims = (name, *state[field].dims)
            state[field].values = state[field].values[None]
        state[name] = Variable((name,), np.array([1], "i4"))
        return state

    return apply


def _without_time_axis(state: State) -> State:
    state = along(state, "time", lambda v, axis: v.take(0, axis))
    for variable in state.values():
        variable.dims = tuple(dim for dim in variable.dims if dim != "time")
    return state


def _of_cds(state: State) -> State:
    short = {name: names[0] for name, names in (AIR | SEA).items()}
    axes = {"time": "valid_time", "level": "pressure_level"}
    state = renamed(state, short | axes)
    seconds = (30 + 262968) * 3600
    state["valid_time"].values = np.array([seconds], "i8")
    state["valid_time"].attributes = {"units": "seconds since 1970-01-01", "calendar": "standard"}
    state["expver"] = Variable(("valid_time",), np.array([5], "i4"))
    state["number"] = Variable((), np.array(0, "i8"))
    for name in ("ciwc", "clwc"):
        state[name].attributes["standard_name"] = "unknown"
    state["siconc"].attributes["GRIB_units"] = "(0 - 1)"
    return state


def _of_cfgrib(state: State) -> State:
    short = {name: names[0] for name, names in (AIR | SEA).items()}
    state = renamed(_without_time_axis(state), short | {"level": "isobaricInhPa"})
    state["step"] = Variable((), np.array(6.0), {"units": "hours"})
    since = "hours since 2000-01-01"
    state["time"] = Variable((), np.array(24, "i8"), {"units": since, "standard_name": "time"})
    state["valid_time"] = Variable((), np.array(30, "i8"), {"units": since})
    state["surface"] = Variable((), np.array(0.0))
    for name, standard_name in STANDARD_NAMES.items():
        state[short[name]].attributes["standard_name"] = standard_name
    return state


def _of_cmor(state: State) -> State:
    state = renamed(
        state, {"longitude": "lon", "latitude": "lat", "level": "plev", "temperature": "ta"}
    )
    state["plev"].values = np.array(LEVELS) * 100.0
    state["plev"].attributes = {"units": "Pa", "standard_name": "air_pressure"}
    return state


def _dimensions_without_names(state: State) -> State:
    state = renamed(state, {"longitude": "x", "latitude": "y"})
    state["lon"], state["lat"] = state.pop("x"), state.pop("y")
    return state


def _packed(state: State) -> State:
    for name in AIR:
        values = state[name].values.astype(np.float64)
        low, step = values.min(), max(np.ptp(values), 1e-12) / 60000.0
        packed = np.round((values - low) / step - 30000.0).astype("i2")
        state[name].values = packed
        state[name].attributes |= {
            "scale_factor": step, "add_offset": low + 30000.0 * step, "_FillValue": np.int16(-32767)
        }  # fmt: skip
    return state


def _doubled(state: State) -> State:
    for name in NAMES:
        state[name].values = state[name].values.astype(np.float64)
    return state


def _transposed(state: State) -> State:
    for name in NAMES:
        order = range(len(state[name].dims))[::-1]
        state[name].values = state[name].values.transpose(order)
        state[name].dims = tuple(state[name].dims[place] for place in order)
    return state


def _several_dates(*hours: float) -> Change:
    def apply(state: State) -> State:
        along(state, "time", lambda v, axis: np.concatenate([v] * len(hours), axis))
        state["time"].values = np.array(hours)
        return state

    return apply


def _time(values: list, kind: str, units: str, **attributes: object) -> Change:
    def apply(state: State) -> State:
        new = {"units": units, **attributes}
        state["time"] = Variable(("time",), np.array(values, kind), new)
        return state

    return apply


def _without(*names: str) -> Change:
    return lambda state: {name: each for name, each in state.items() if name not in names}


def _exchanged(one: str, other: str) -> Change:
    return lambda state: renamed(state, {one: other, other: one})


def _said(name: str, **attributes: object) -> Change:
    return changed(name, lambda values: values, **attributes)


def _taken_from(dim: str, places: slice | list[int]) -> Change:
    return lambda state: along(
        state, dim, lambda v, axis: np.take(v, np.arange(v.shape[axis])[places], axis)
    )


TAKEN: dict[str, Change] = {
    "cyclic column": _cyclic,
    "falling longitudes": _taken_from("longitude", slice(None, None, -1)),
    "longitudes from the date line": _from_the_date_line,
    "from north to south": _taken_from("latitude", slice(None, None, -1)),
    "falling levels": _taken_from("level", slice(None, None, -1)),
    "levels in no order": _taken_from("level", [2, 0, 3, 1]),
    "an axis number of one": _with_axis_of_one("number"),
    "an axis expver of one": _with_axis_of_one("expver"),
    "no axis of time": _without_time_axis,
    "of the Climate Data Store": _of_cds,
    "of cfgrib": _of_cfgrib,
    "of CMOR, levels in Pa": _of_cmor,
    "dimensions of other names": _dimensions_without_names,
    "packed": _packed,
    "double precision": _doubled,
    "longitude slowest": _transposed,
    "several dates in no order": _several_dates(54.0, 30.0, 6.0),
    "another date twice": _several_dates(6.0, 6.0, 30.0),
    "a date as a number": _time([20000102.25], "f8", "day as %Y%m%d.%f"),
    "since the year one": _time(
        [730120.25], "f8", "days since 0001-01-01", calendar="proleptic_gregorian"
    ),
    "single precision": _time([10958.25], "f4", "days since 1970-01-01"),
    "units spelt otherwise": _said("geopotential", units="m2/s2"),
    "units that nobody knows": _said("temperature", units="unknown"),
    "no units": _said("specific_humidity", units=""),
    "ice that overshoots": changed("sea_ice_cover", lambda v: v * 1.0002 - 1e-4),
}
"""What is the sound state in another form."""

REFUSED: dict[str, tuple[Change, str]] = {
    "Celsius": (changed("temperature", lambda v: v - 273.15), "'temperature' holds .*273.15 K"),
    "Celsius that says so": (
        changed("temperature", lambda v: v - 273.15, units="degC"), "'temperature' is in 'degC'"
    ),
    "kelvin called Celsius": (_said("temperature", units="degC"), "'temperature' is in 'degC'"),
    "height": (changed("geopotential", lambda v: v / 9.80665), "the geopotential grows by 0.1"),
    "height that says so": (_said("geopotential", units="m"), "'geopotential' is in 'm', expected"),
    "grams": (changed("specific_humidity", lambda v: 1e3 * v), "'specific_humidity' holds"),
    "grams that say so": (_said("specific_humidity", units="g kg**-1"), "is in 'g kg"),
    "relative humidity": (
        _said("specific_humidity", standard_name="relative_humidity"), "is relative humidity"
    ),
    "winds that cannot be": (changed("u_component_of_wind", lambda v: 40 * v), "holds .*300 m s-1"),
    "knots": (_said("v_component_of_wind", units="knots"), "is in 'knots', expected m s-1"),
    "exchanged winds": (
        _exchanged("u_component_of_wind", "v_component_of_wind"), "as if their names were exchanged"
    ),
    "exchanged names": (_exchanged("temperature", "specific_humidity"), "'temperature' is in"),
    "a missing value": (
        changed("temperature", lambda v: np.where(v == v.max(), np.nan, v)), "finite or missing"
    ),
    "an infinite value": (
        changed("u_component_of_wind", lambda v: np.where(v == v.max(), np.inf, v)), "not finite"
    ),
    "default fill values": (
        changed("v_component_of_wind", lambda v: np.full_like(v, 9.969209968386869e36)),
        "'v_component_of_wind' holds 512 of 512 values that are not finite or missing",
    ),
    "fill values that nobody declared": (
        changed("temperature", lambda v: np.where(v == v.max(), 1e20, v)), "holds .* to 1e\\+20"
    ),
    "all zero": (changed("temperature", lambda v: 0.0 * v), "'temperature' holds 0 to 0"),
    "no wind": (changed("u_component_of_wind", lambda v: 0.0 * v), "is 0 everywhere"),
    "no water": (changed("specific_humidity", lambda v: 0.0 * v), "is 0 everywhere"),
    "water of another kind": (changed("specific_humidity", lambda v: 1e-4 * v), "drier than any"),
    "percent of ice": (changed("sea_ice_cover", lambda v: 100.0 * v), "'sea_ice_cover' holds"),
    "ice where there is some only": (
        changed("sea_ice_cover", lambda v: np.where(v > 0.0, v, np.nan)), "as 0 where there is no"
    ),
    "a cold sea": (changed("sea_surface_temperature", lambda v: v - 60.0), "which no sea is"),
    "Celsius of the sea": (
        changed("sea_surface_temperature", lambda v: v - 273.15), "'sea_surface_temperature' holds"
    ),
    "levels upside down": (
        changed("level", lambda v: v[::-1]), "'geopotential' and 'temperature' do not go together"
    ),
    "pascals called hectopascals": (changed("level", lambda v: 100 * v), "no air has such"),
    "heights for levels": (_said("level", units="m"), "expected pressures in hPa or Pa"),
    "a level twice": (_taken_from("level", [0, 1, 2, 2, 3]), "levels 500 hPa more than once"),
    "a level too few": (_taken_from("level", [0, 1, 3]), "lacks the pressure levels 500 hPa"),
    "half of the globe": (_taken_from("longitude", slice(8)), "no whole circle in equal steps"),
    "twice round the globe": (changed("longitude", lambda v: 2.0 * v), "no whole circle"),
    "the northern half": (_taken_from("latitude", slice(4, None)), "neither Gaussian nor equally"),
    "one column": (_taken_from("longitude", [0]), "its 1 longitudes, 0 to 0"),
    "radians": (changed("longitude", np.deg2rad), "radians are to become degrees"),
    "radians that say so": (
        changed("latitude", np.deg2rad, units="radians"), "latitudes are in 'radians'"
    ),
    "a column that is missing": (
        changed("longitude", lambda v: np.where(v > 300.0, np.nan, v)), "missing or not finite"
    ),
    "rows at random": (changed("latitude", lambda v: v[::-1] ** 3 / 8100.0), "neither Gaussian"),
    "two members": (
        lambda state: along(
            _with_axis_of_one("number")(state), "number", lambda v, axis: np.repeat(v, 2, axis)
        ),
        "dimension number of 2",
    ),
    "no time": (_without("time"), "lacks time"),
    "the date twice": (_several_dates(30.0, 30.0), "hold 2000-01-02T06:00:00 more than once"),
    "another date": (_several_dates(54.0), "is not in the file, which holds 2000-01-03T06:00:00"),
    "a date without units": (_time([30], "i4", ""), "'time', have the units ''"),
    "a date in months": (_time([1], "i4", "months since 2000-01-01"), "make no dates"),
    "a date of no calendar": (_time([30], "i4", "hours since 2000-01-01", calendar="x"), "dates"),
    "a missing date": (_time([np.nan], "f8", "hours since 2000-01-01"), "missing or not finite"),
    "a date far away": (_time([1e12], "f8", "hours since 2000-01-01"), "no dates"),
    "dates too coarse": (
        lambda state: _time([30.0, 30.01], "f4", "hours since 0001-01-01")(
            _several_dates(0.0, 0.0)(state)
        ),
        "is not in the file|more than once",
    ),
    "two variables missing": (
        _without("temperature", "sea_ice_cover"), "lacks temperature, sea_ice_cover;"
    ),
    "text": (changed("temperature", lambda v: np.full(v.shape, b"x")), "is of type .S1"),
    "a field without levels": (
        lambda state: {
            **state, "temperature": Variable(
                ("time", "latitude", "longitude"), state["temperature"].values[:, 0], {}
            )
        },
        "has the dimensions time, latitude, longitude",
    ),
}  # fmt: skip
"""What no run can start from, and how the refusal reads."""
