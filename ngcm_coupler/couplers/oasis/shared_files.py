"""netCDF files that several models share: own variables are put in, all else in them stays."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ngcm_coupler.errors import OutputError, shown, told
from ngcm_coupler.files import replaced
from ngcm_coupler.files.netcdf import open_dataset

Variables = dict[str, tuple[tuple[str, ...], np.ndarray, dict[str, str]]]
"""Name -> dimensions, values and attributes of a netCDF variable."""

FORM = "NETCDF3_64BIT_OFFSET"
"""That every netCDF library reads."""

_OWN = {"source": "ngcm_coupler"}
"""Attributes of variables that this program has made."""

_SAME_PLACE = 1.0e-3
"""How far apart points of one grid may be in two files [degree]; single precision has 2e-5."""


def put_in(contents: Mapping[Path, Variables]) -> list[Path]:
    """Puts variables into files, into all of them or into none, and nothing else changes there.

    A file is copied whole and changed in its copy: attributes, groups, compression and unlimited
    dimensions of others stay. netCDF can neither remove a variable nor change its size, so what is
    there by the same name is set if it fits. If not, the file is made anew where this program has
    made all of it.

    Args:
      contents: file -> variables of grids, PREFIX.PART.

    Returns:
      The files.

    Raises:
      OutputError: one of them cannot be read or written, or has another grid by a prefix of these;
        all stay as they were.
    """
    with contextlib.ExitStack() as stack:
        for path, variables in contents.items():
            stack.enter_context(_named(path))
            temporary = stack.enter_context(replaced(path))
            if _begins_anew(path, variables):
                with open_dataset(temporary, "w", format=FORM) as file:
                    fill(file, variables, _OWN)
                continue
            shutil.copyfile(path, temporary)
            _require_changeable(path, temporary)
            with open_dataset(temporary, "a") as file:
                fill(file, variables, _OWN)
            shutil.copymode(path, temporary)
    return list(contents)


def fill(file: Any, variables: Variables, also: Mapping[str, str] | None = None) -> None:
    """Defines the variables that a file has not, and sets all of them.

    Args:
      file: a netCDF4.Dataset that can be written.
      variables: to be in it.
      also: further attributes of those that are defined.
    """
    file.set_fill_off()
    for name, (dims, values, attributes) in variables.items():
        if name in file.variables:
            file[name].setncatts(attributes)
            continue
        fitting = [_dimension(file, *each) for each in zip(dims, values.shape, strict=True)]
        variable = file.createVariable(name, values.dtype, fitting, fill_value=False)
        variable.setncatts(attributes | dict(also or {}))
    for name, (_, values, _) in variables.items():
        file[name][...] = values


def _dimension(file: Any, name: str, size: int) -> str:
    """A dimension of that size: by this name, or by a longer one where others have that."""
    while there := file.dimensions.get(name):
        if there.size == size and not there.isunlimited():
            return name
        name += "_"
    file.createDimension(name, size)
    return name


@contextlib.contextmanager
def _named(path: Path) -> Iterator[None]:
    """Errors of the system say which file cannot be written."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        raise OutputError(
            f"{path} cannot be written ({error}); check folder, permission and free space"
        ) from error


def _require_changeable(path: Path, copy: Path) -> None:
    """Refuses what netCDF only reads: an HDF5 file that does not track the order of its variables.

    Raises:
      OutputError: it is such a file, as h5py makes them.
    """
    try:
        with open_dataset(copy, "a"):
            pass
    except (OSError, RuntimeError) as error:
        raise OutputError(
            f"{path} can be read by netCDF, but not be changed ({told(error)}), as HDF5 files of"
            " other libraries; put a copy in its place that `nccopy` has made, or write into"
            " another folder with --output"
        ) from error


def _begins_anew(path: Path, variables: Variables) -> bool:
    """Whether there is nothing in a file that has to stay.

    Raises:
      OutputError: it cannot be read, or other grids stand in the way.
    """
    if not path.exists():
        return True
    try:
        with open_dataset(path) as file:
            misfits = {
                name: misfit
                for name, (_, values, _) in variables.items()
                if name in file.variables and (misfit := _misfit(file[name], values))
            }
            if not misfits or _is_own(file, variables):
                return bool(misfits)
    except (OSError, RuntimeError, LookupError, UnicodeError) as error:
        raise OutputError(
            f"{path} cannot be read as netCDF ({error}), and what others keep in it would be lost;"
            " move it away, or write into another folder with --output"
        ) from error
    name, misfit = next(iter(misfits.items()))
    prefix = shown(name.rpartition(".")[0])
    raise OutputError(
        f"{path} has another grid '{prefix}' than the one to be written ({shown(name)} {misfit}),"
        " which would be lost; move the file away or take that grid out of it, write into another"
        " folder with --output, or give the atmosphere another prefix by &ngcm_oasis grid"
    )


def _is_own(file: Any, variables: Variables) -> bool:
    """Whether this program has made all of a file, and would make it now."""
    return not (file.groups or file.ncattrs()) and all(
        name in variables and all(getattr(one, key, None) == its for key, its in _OWN.items())
        for name, one in file.variables.items()
    )


def _misfit(there: Any, values: np.ndarray) -> str:
    """Why a variable cannot be that of the same grid; '' if it can."""
    if there.shape != values.shape:
        got, expected = (" x ".join(map(str, each)) for each in (there.shape, values.shape))
        return f"has {got} values, expected {expected}"
    kind = getattr(there.dtype, "kind", "")
    if kind not in ("f" if values.dtype.kind == "f" else "iuf") or not kind:
        return f"is of type {there.dtype}, expected {values.dtype}"
    if not there.name.endswith((".lon", ".lat")):
        return ""
    degrees = np.ma.filled(np.ma.asarray(there[...], float), np.nan)
    if str(getattr(there, "units", "")).startswith("rad"):
        degrees = np.rad2deg(degrees)
    apart = np.abs((degrees - values + 180.0) % 360.0 - 180.0)
    if not np.any(apart > _SAME_PLACE):
        return ""
    return f"is up to {np.nanmax(apart):.3g} degrees from the points expected"
