"""Writing weight files that OASIS, cdo and ESMF read."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np

from ngcm_coupler.errors import ArgumentError, OutputError
from ngcm_coupler.fields.arguments import file_text, require_choice
from ngcm_coupler.files import replaced
from ngcm_coupler.files.netcdf import open_dataset
from ngcm_coupler.regrid.weights.links import GridPoints, Weights

MAP_METHODS = {
    "conservative": "Conservative remapping using clipping on sphere",
    "conservative_second_order": "Conservative remapping using clipping on sphere",
    "bilinear": "Bilinear remapping",
    "nearest": "Nearest neighbor",
}
"""Method -> how cdo spells one that has a single weight a link."""

_SOURCE = "ngcm_coupler"
"""Attribute `source` of the files, by which they are known again."""

LARGEST_OFFSET = 2**32 - 4
"""Bytes that a variable of the 64-bit-offset format may have."""


def write_weights(
    weights: Weights,
    file: str | Path,
    format: Literal["esmf", "oasis"] = "oasis",  # noqa: A002  (netCDF's word too)
) -> None:
    """Writes a weight file, whole or not at all, ordered by target and source.

    "oasis" is SCRIP's format, which OASIS3-MCT reads by MAPPING and cdo by `remap`; for cdo the
    weights need the points of both grids. "esmf" is that of ESMF_RegridWeightGen. Both are classic
    netCDF with 64-bit offsets, which every netCDF library reads.

    Args:
      weights: m links.
      file: to write.
      format: "esmf" or "oasis".

    Raises:
      ArgumentError: these are no weights, there is no such format, or `file` is no path.
      DataError: there are no links, or impossible ones.
      OutputError: the file cannot be written.
    """
    if not isinstance(weights, Weights):
        raise ArgumentError(
            f"write_weights: got a {type(weights).__name__}, expected Weights; give those of a"
            " Regridder, regridder.weights"
        )
    require_choice("write_weights: format", format, ("esmf", "oasis"))
    final = Path(file_text("weight file", file))
    weights.check_links()
    weights = weights.summed()
    kind = "NETCDF3_64BIT_OFFSET"
    if max(weights.weight.size, weights.source_size, weights.target_size) * 8 > LARGEST_OFFSET:
        kind = "NETCDF3_64BIT_DATA"
    try:
        with replaced(final) as temporary, open_dataset(temporary, "w", format=kind) as dataset:
            (_write_esmf if format == "esmf" else _write_scrip)(weights, dataset)
    except (OSError, RuntimeError) as error:
        raise OutputError(
            f"weight file {final} cannot be written ({error}); check folder, permission and free"
            " space"
        ) from error


def is_own(file: Path) -> bool:
    """Whether a file holds weights that `write_weights` has written.

    Raises:
      OSError, RuntimeError: it is no netCDF file, or cannot be read.
    """
    with open_dataset(file) as dataset:
        weights = {"remap_matrix", "S"} & dataset.variables.keys()
        return bool(weights) and getattr(dataset, "source", None) == _SOURCE


def _write_scrip(weights: Weights, dataset: Any) -> None:
    dataset.setncatts(
        _attributes(weights)
        | {
            "conventions": "SCRIP",
            "source_grid": weights.source.name if weights.source else "source",
            "dest_grid": weights.target.name if weights.target else "target",
        }
    )
    dataset.createDimension("num_links", weights.weight.size)
    dataset.createDimension("num_wgts", 1)
    for prefix, size, points, *parts in _ends(weights, ("src_grid_", "dst_grid_")):
        dataset.createDimension(f"{prefix}size", size)
        _write_shape(dataset, prefix, points, size)
        dimension = f"{prefix}size"
        if points is not None:
            for axis, degrees in (("lat", points.latitude), ("lon", points.longitude)):
                _write(dataset, f"{prefix}center_{axis}", dimension, np.deg2rad(degrees), "radians")
            sea = np.ones(size, dtype=bool) if points.sea is None else points.sea
            _write(dataset, f"{prefix}imask", dimension, sea.astype(np.int32), "unitless")
        # cdo reads areas and fractions of every file, whether it uses them or not.
        area, fraction = (np.zeros(size) if part is None else part for part in parts)
        _write(dataset, f"{prefix}area", dimension, area, "square radians")
        _write(dataset, f"{prefix}frac", dimension, fraction, "unitless")
    _write(dataset, "src_address", "num_links", weights.source_index + 1)
    _write(dataset, "dst_address", "num_links", weights.target_index + 1)
    matrix = dataset.createVariable("remap_matrix", "f8", ("num_links", "num_wgts"))
    matrix[:] = weights.weight[:, None]


def _write_esmf(weights: Weights, dataset: Any) -> None:
    dataset.setncatts(
        _attributes(weights)
        | {
            "conventions": "NCAR-CSM",
            "domain_a": weights.source.name if weights.source else "source",
            "domain_b": weights.target.name if weights.target else "target",
        }
    )
    dataset.createDimension("n_s", weights.weight.size)
    for end, size, points, area, fraction in _ends(weights, ("a", "b")):
        dimension = f"n_{end}"
        dataset.createDimension(dimension, size)
        _write_shape(dataset, "src_grid_" if end == "a" else "dst_grid_", points, size)
        if points is not None:
            _write(dataset, f"xc_{end}", dimension, points.longitude, "degrees")
            _write(dataset, f"yc_{end}", dimension, points.latitude, "degrees")
            if points.sea is not None:
                mask = points.sea.astype(np.int32)
                _write(dataset, f"mask_{end}", dimension, mask, "unitless")
        if area is not None:
            _write(dataset, f"area_{end}", dimension, area, "square radians")
        if fraction is not None:
            _write(dataset, f"frac_{end}", dimension, fraction, "unitless")
    _write(dataset, "col", "n_s", weights.source_index + 1)
    _write(dataset, "row", "n_s", weights.target_index + 1)
    _write(dataset, "S", "n_s", weights.weight)


def _ends(weights: Weights, names: tuple[str, str]) -> list[Any]:
    """Of the source and the target: name, size, points, area, fraction."""
    return [
        (
            name,
            getattr(weights, f"{end}_size"),
            getattr(weights, end),
            getattr(weights, f"{end}_area"),
            getattr(weights, f"{end}_fraction"),
        )
        for name, end in zip(names, ("source", "target"), strict=True)
    ]


def _attributes(weights: Weights) -> dict[str, str]:
    """Attributes of the file that the formats share."""
    known = weights.normalization in ("fracarea", "destarea")
    return {
        "title": weights.title,
        # Readers of SCRIP's format know no other words; this package's own follows.
        "normalization": weights.normalization if known else "none",
        "norm": weights.normalization or "none",
        "map_method": MAP_METHODS.get(weights.method, weights.method),
        "method": weights.method,
        "source": _SOURCE,
    }


def _write_shape(dataset: Any, prefix: str, points: GridPoints | None, size: int) -> None:
    shape = points.shape if points is not None else (size,)
    dataset.createDimension(f"{prefix}rank", len(shape))
    _write(dataset, f"{prefix}dims", f"{prefix}rank", np.array(shape))


def _write(
    dataset: Any, name: str, dimension: str, values: np.ndarray, units: str | None = None
) -> None:
    """One variable; classic netCDF has integers of 32 bits."""
    real = np.issubdtype(values.dtype, np.floating)
    variable = dataset.createVariable(name, "f8" if real else "i4", (dimension,))
    if units is not None:
        variable.units = units
    variable[:] = values
