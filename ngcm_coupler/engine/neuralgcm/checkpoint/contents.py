"""What a checkpoint holds, and the checks that make it one that the model can be built from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ngcm_coupler.engine.neuralgcm.checkpoint.bindings import GinBindings
from ngcm_coupler.engine.neuralgcm.checkpoint.gin import parse_gin
from ngcm_coupler.errors import CheckpointError, listing, quoted, reason

Params = dict[str, dict[str, np.ndarray]]
"""Learned parameters by module and by name in the module."""

KEYS = ("model_config_str", "params", "aux_ds_dict")
COORDINATES = ("longitude", "latitude", "level")
STATIC_FIELDS = ("geopotential_at_surface", "land_sea_mask")
"""Fields of the checkpoint's dataset that every published model reads, on (longitude, latitude)."""

_LONGEST_DIMS = 100


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A published NeuralGCM model, read and checked but not yet built.

    Attributes:
      path: the file it was read from.
      sha256: hexadecimal digest of the published file: the model's identity, which a converted
        file carries on.
      model_config_str: the model's structure, as the gin text of the file.
      params: learned parameters; read-only floating-point arrays, all finite.
      aux_ds_dict: static fields and the data grid, as `xarray.Dataset.to_dict` gives them.
    """

    path: Path
    sha256: str
    model_config_str: str
    params: Params
    aux_ds_dict: dict[str, Any]

    @cached_property
    def gin(self) -> GinBindings:
        """The structure as it has been read; gin itself is only given the `text` of this.

        Raises:
          CheckpointError: the text has more in it than bindings of what models are made of.
        """
        return parse_gin(self.model_config_str, str(self.path))

    def as_dict(self) -> dict[str, Any]:
        """Returns the dict that upstream's `PressureLevelModel.from_checkpoint` takes."""
        return {key: getattr(self, key) for key in KEYS}

    def coordinate(self, name: str) -> np.ndarray:
        """Returns longitude [degrees], latitude [degrees] or level [hPa] of the data grid."""
        return np.asarray(self.aux_ds_dict["coords"][name]["data"], np.float64)

    @property
    def land_sea_mask(self) -> np.ndarray:
        """The part of each cell that is land [1], from 0 to 1, shape (latitudes, longitudes)."""
        variable = self.aux_ds_dict["data_vars"]["land_sea_mask"]
        mask = np.asarray(variable["data"], np.float64).clip(0.0, 1.0)
        return mask if tuple(variable["dims"]) == ("latitude", "longitude") else mask.T


def checkpoint_from_contents(contents: object, path: Path, sha256: str) -> Checkpoint:
    """Checks what a file holds and returns it as a `Checkpoint`.

    Keys beyond the three that upstream reads are ignored, as upstream ignores them.

    Args:
      contents: what the file held: plain containers, numbers, text and arrays.
      path: the file.
      sha256: digest of the published file.

    Raises:
      CheckpointError: a key, parameter, coordinate or static field is missing or unusable, or the
        gin text is more than the structure of a model.
    """
    found = _mapping(contents, path, "the contents")
    missing = [key for key in KEYS if key not in found]
    if missing:
        raise CheckpointError(
            f"{path}: lacks {listing(missing)}; got {listing(found)}; expected {listing(KEYS)}; "
            "use a published NeuralGCM checkpoint of version 1"
        )
    config = found["model_config_str"]
    if not isinstance(config, str):
        raise _unusable(path, "model_config_str", type(config).__name__, "text")
    checkpoint = Checkpoint(
        path=path,
        sha256=sha256,
        model_config_str=config,
        params=_checked_params(found["params"], path),
        aux_ds_dict=dict(_mapping(found["aux_ds_dict"], path, "aux_ds_dict")),
    )
    _check_dataset(checkpoint)
    _ = checkpoint.gin
    return checkpoint


def _checked_params(params: object, path: Path) -> Params:
    checked: Params = {}
    for module, leaves in _mapping(params, path, "params").items():
        checked[module] = {}
        for name, array in _mapping(leaves, path, f"params[{quoted(module)}]").items():
            where = f"params[{quoted(module)}][{quoted(name)}]"
            if not isinstance(array, np.ndarray):
                raise _unusable(path, where, type(array).__name__, "an array")
            if not np.issubdtype(array.dtype, np.floating):
                raise _unusable(path, where, f"dtype {array.dtype}", "floating point")
            if not np.isfinite(array).all():
                raise _unusable(path, where, "NaN or infinite values", "finite values")
            checked[module][name] = array
    if not checked:
        raise _unusable(path, "params", "no parameters", "at least one module")
    return checked


def _check_dataset(checkpoint: Checkpoint) -> None:
    """Checks the coordinates and the static fields of `aux_ds_dict`."""
    path, dataset = checkpoint.path, checkpoint.aux_ds_dict
    coordinates = _mapping(dataset.get("coords"), path, "aux_ds_dict['coords']")
    variables = _mapping(dataset.get("data_vars"), path, "aux_ds_dict['data_vars']")
    sizes: dict[str, int] = {}
    for name in COORDINATES:
        dims, values = _variable(coordinates, name, path, "coords")
        where = f"aux_ds_dict['coords'][{name!r}]"
        if dims != (name,) or values.ndim != 1 or values.size == 0:
            got = f"dims {_shown(dims)}, shape {values.shape}"
            raise _unusable(path, where, got, f"dims ({name!r},)")
        steps = np.diff(values)
        if not ((steps > 0).all() or (steps < 0).all()):
            raise _unusable(path, where, "values out of order", "a strictly monotonic coordinate")
        sizes[name] = values.size
    for name in STATIC_FIELDS:
        dims, values = _variable(variables, name, path, "data_vars")
        where = f"aux_ds_dict['data_vars'][{name!r}]"
        if sorted(dims) != ["latitude", "longitude"]:
            raise _unusable(path, where, f"dims {_shown(dims)}", "dims ('longitude', 'latitude')")
        expected = tuple(sizes[dim] for dim in dims)
        if values.shape != expected:
            raise _unusable(path, where, f"shape {values.shape}", f"shape {expected}")


def _variable(
    variables: Mapping[str, Any], name: str, path: Path, group: str
) -> tuple[tuple[str, ...], np.ndarray]:
    """Returns the dims and the values of one variable; the values are numbers and finite."""
    where = f"aux_ds_dict[{group!r}][{name!r}]"
    if name not in variables:
        raise _unusable(path, where, f"only {listing(variables)}", "the variable to be present")
    variable = _mapping(variables[name], path, where)
    dims = variable.get("dims")
    if not (isinstance(dims, tuple | list) and all(isinstance(dim, str) for dim in dims)):
        raise _unusable(path, where, f"dims {quoted(dims)}", "names of dimensions")
    try:
        values = np.asarray(variable.get("data"), np.float64)
    except Exception as error:  # not numbers, too large ones, rows of unequal lengths, too many
        raise _unusable(path, where, f"no array of numbers ({reason(error)})", "numbers") from error
    if not np.isfinite(values).all():
        raise _unusable(path, where, "NaN or infinite values", "finite values")
    return tuple(dims), values


def _mapping(value: object, path: Path, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _unusable(path, where, type(value).__name__, "a dict")
    return value


def _unusable(path: Path, where: str, got: str, expected: str) -> CheckpointError:
    return CheckpointError(
        f"{path}: {where}: got {got}; expected {expected}; use a published NeuralGCM checkpoint"
    )


def _shown(dims: tuple[str, ...]) -> str:
    return ascii(dims)[:_LONGEST_DIMS]
