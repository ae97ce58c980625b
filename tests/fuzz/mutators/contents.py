"""What a netCDF file holds, taken apart and put together again."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from ngcm_coupler.files.netcdf import open_dataset

UNLIMITED = -1
"""Length of a dimension that grows."""


@dataclasses.dataclass
class Variable:
    """A variable, as it lies in the file: neither unpacked nor masked."""

    dims: list[str]
    values: np.ndarray
    attributes: dict[str, Any]
    group: str = ""


@dataclasses.dataclass
class Contents:
    """All of a file; the names of attributes and variables are in their order."""

    form: str
    dims: dict[str, int]
    variables: dict[str, Variable]
    attributes: dict[str, Any]


def read(file: Path) -> Contents:
    """Takes a file apart."""
    with open_dataset(file) as dataset:
        dataset.set_auto_maskandscale(False)
        dataset.set_auto_chartostring(False)
        variables = {
            name: Variable(
                list(variable.dimensions),
                np.array(variable[...]),
                {key: variable.getncattr(key) for key in variable.ncattrs()},
            )
            for name, variable in dataset.variables.items()
        }
        dims = {
            name: UNLIMITED if dim.isunlimited() else dim.size
            for name, dim in dataset.dimensions.items()
        }
        attributes = {key: dataset.getncattr(key) for key in dataset.ncattrs()}
        return Contents(dataset.data_model, dims, variables, attributes)


def write(contents: Contents, file: Path) -> None:
    """Writes a file of contents that may be odd. What netCDF refuses, it refuses by any exception.

    The length of a dimension is that of the first variable that has it; of others as much is
    written as there is room for.
    """
    with open_dataset(file, "w", format=contents.form) as dataset:
        dataset.set_fill_off()
        for name, length in contents.dims.items():
            dataset.createDimension(name, None if length == UNLIMITED else length)
        dataset.setncatts(contents.attributes)
        for name, variable in contents.variables.items():
            place = dataset.createGroup(variable.group) if variable.group else dataset
            kind = str if variable.values.dtype == object else variable.values.dtype
            attributes = dict(variable.attributes)
            fill = attributes.pop("_FillValue", None)
            created = place.createVariable(name, kind, variable.dims, fill_value=fill)
            created.set_auto_maskandscale(False)
            created.set_auto_chartostring(False)
            created.setncatts(attributes)
            _fill(created, variable.values)


def _fill(created: Any, values: np.ndarray) -> None:
    if created.ndim != values.ndim:
        values = np.resize(values, created.shape)
    sizes = [
        size if dim.isunlimited() else min(size, dim.size)
        for size, dim in zip(values.shape, created.get_dims(), strict=True)
    ]
    part = tuple(slice(size) for size in sizes)
    if created.ndim == 0:
        created[...] = values[()]
    elif all(sizes):
        created[part] = values[part]
