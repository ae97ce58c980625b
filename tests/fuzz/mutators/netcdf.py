"""Spoils netCDF files: as bytes, and as what a careless program may write."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np

from fuzz.mutators import blind, text
from fuzz.mutators.contents import UNLIMITED, Contents, Variable, read, write

_UNITS = ("degrees", "radians", "degrees_east", "m", "m2", "km2", "K", "1", "%", "parsecs", "")
_TEXTS = (*_UNITS, "days since 1900-01-01", "noleap", "x" * 5000, "\x1b[2J", "é\u0301", "a b  c")
_NUMBERS = (0, -1, 1, 7, 1e20, 9.969209968386869e36, -32767, 2**31 - 1, -(2**63), 1e-300)
_KINDS = ("i1", "u1", "i2", "i4", "u4", "i8", "u8", "f4", "f8", "S1", ">f8")
_NAMES = ("x", "time", "lat", "a b", "é", "e\u0301", "x" * 250, "2", "state", "_")


def spoilt(random: random.Random, file: Path) -> bytes:
    """Returns the bytes of a file after a change of its bytes, or of some of its contents."""
    if random.random() < 0.4:
        return blind.spoilt(random, file)
    other = file.with_name(f".spoilt.{file.name}")
    try:
        contents = read(file)
        for _ in range(random.choice((1, 1, 1, 2, 3))):
            random.choice(_CHANGES)(random, contents)
        write(contents, other)
        return other.read_bytes()
    except Exception:  # numpy or netCDF will not make such a file, so nobody has one
        return blind.spoilt(random, file)
    finally:
        other.unlink(missing_ok=True)


def _any(random: random.Random, contents: Contents) -> tuple[str, Variable]:
    if not contents.variables:
        contents.variables["x"] = Variable([], np.array(1.0), {})
    return random.choice(list(contents.variables.items()))


def _attributes(random: random.Random, contents: Contents) -> dict:
    if random.random() < 0.4:
        return contents.attributes
    return _any(random, contents)[1].attributes


def _odd_value(random: random.Random) -> object:
    match random.randrange(6):
        case 0:
            return random.choice(_TEXTS)
        case 1:
            return random.choice(_NUMBERS)
        case 2:
            return np.array([1, 2, 3], random.choice(("i4", "f8")))
        case 3:
            return ["one", "two"]
        case 4:
            return np.float64("nan")
        case _:
            return np.int8(random.randrange(-128, 128))


def _set_an_attribute(random: random.Random, contents: Contents) -> None:
    attributes = _attributes(random, contents)
    usual = ("units", "standard_name", "scale_factor", "add_offset", "_FillValue", "valid_max")
    usual += ("missing_value", "calendar", "bounds", "coordinates", "start_index", "cf_role")
    name = random.choice([*attributes, *attributes, *usual])
    old = attributes.get(name)
    if isinstance(old, str) and random.random() < 0.5:
        attributes[name] = text.spoilt_text(random, old)
    else:
        attributes[name] = _odd_value(random)


def _drop_an_attribute(random: random.Random, contents: Contents) -> None:
    attributes = _attributes(random, contents)
    if attributes:
        del attributes[random.choice(list(attributes))]


def _drop_a_variable(random: random.Random, contents: Contents) -> None:
    del contents.variables[_any(random, contents)[0]]


def _rename_a_variable(random: random.Random, contents: Contents) -> None:
    name, variable = _any(random, contents)
    del contents.variables[name]
    contents.variables[random.choice((*_NAMES, name.upper(), name + "_"))] = variable


def _swap_two_variables(random: random.Random, contents: Contents) -> None:
    (one, first), (other, second) = _any(random, contents), _any(random, contents)
    contents.variables[one], contents.variables[other] = second, first


def _change_the_type(random: random.Random, contents: Contents) -> None:
    _, variable = _any(random, contents)
    kind = random.choice((*_KINDS, object))
    if kind is object:
        contents.form = "NETCDF4"
        variable.values = variable.values.astype(str).astype(object)
    else:
        with np.errstate(all="ignore"):
            variable.values = variable.values.astype(kind)
    variable.attributes.pop("_FillValue", None)


def _change_values(random: random.Random, contents: Contents) -> None:
    """Some or all of the values of a variable."""
    _, variable = _any(random, contents)
    values = variable.values = variable.values.copy()
    if not values.size or values.dtype.kind not in "fiu":
        return
    flat = values.reshape(-1)
    part = slice(None)
    if random.random() < 0.6:
        start = random.randrange(flat.size)
        part = slice(start, start + random.choice((1, 1, 5)))
    with np.errstate(all="ignore"):
        match random.randrange(6):
            case 0:
                flat[part] = np.array(random.choice(_NUMBERS)).astype(values.dtype)
            case 1 if values.dtype.kind == "f":
                flat[part] = random.choice((np.nan, np.inf, -np.inf))
            case 2:
                flat[:] = flat[::-1].copy()
            case 3:
                flat[part] = (flat[part] * np.array(random.choice((-1, 2, 1e6)))).astype(
                    values.dtype
                )
            case 4:
                flat[part] = flat[0]
            case _:
                flat[part] = np.roll(flat, 1)[part]


def _change_the_shape(random: random.Random, contents: Contents) -> None:
    """Gives a variable more, fewer or other dimensions."""
    _, variable = _any(random, contents)
    match random.randrange(5):
        case 0:
            variable.dims.reverse()
            variable.values = variable.values.T
        case 1:
            contents.dims["one"] = 1
            variable.dims.insert(0, "one")
            variable.values = variable.values[None]
        case 2 if variable.dims:
            variable.dims.pop(0)
            variable.values = variable.values[0] if len(variable.values) else variable.values.sum(0)
        case 3 if contents.dims:
            variable.dims = [random.choice(list(contents.dims)) for _ in variable.dims]
        case _:
            variable.dims, variable.values = [], variable.values.reshape(-1)[:1].sum()
            variable.values = np.asarray(variable.values)


def _change_a_length(random: random.Random, contents: Contents) -> None:
    if not contents.dims:
        return
    name = random.choice(list(contents.dims))
    old = abs(contents.dims[name])
    contents.dims[name] = random.choice((0, 1, 2, old + 1, max(0, old - 1), 2 * old, UNLIMITED))


def _rename_a_dimension(random: random.Random, contents: Contents) -> None:
    if not contents.dims:
        return
    old, new = random.choice(list(contents.dims)), random.choice(_NAMES)
    contents.dims = {new if name == old else name: size for name, size in contents.dims.items()}
    for variable in contents.variables.values():
        variable.dims = [new if name == old else name for name in variable.dims]


def _move_into_a_group(random: random.Random, contents: Contents) -> None:
    contents.form = "NETCDF4"
    _any(random, contents)[1].group = "inner"


def _add_a_variable(random: random.Random, contents: Contents) -> None:
    name = random.choice((*_NAMES, "grid_center_lat", "nodeCoords", "ocea.lon", "row", "mask"))
    dims = [random.choice(list(contents.dims))] if contents.dims else []
    contents.variables.setdefault(name, Variable(dims, np.zeros([1] * len(dims)), {}))


def _change_the_format(random: random.Random, contents: Contents) -> None:
    contents.form = random.choice(
        ("NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET", "NETCDF3_64BIT_DATA", "NETCDF4")
    )


_CHANGES: tuple[Callable[[random.Random, Contents], None], ...] = (
    _set_an_attribute,
    _set_an_attribute,
    _drop_an_attribute,
    _drop_a_variable,
    _rename_a_variable,
    _swap_two_variables,
    _change_the_type,
    _change_values,
    _change_values,
    _change_the_shape,
    _change_a_length,
    _rename_a_dimension,
    _move_into_a_group,
    _add_a_variable,
    _change_the_format,
)
