"""Reading weight files of ESMF, of SCRIP, cdo and OASIS, and of YAC."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ngcm_coupler.errors import DataError
from ngcm_coupler.netcdf import open_dataset
from ngcm_coupler.regrid.weights.links import GridPoints, Weights

LINKS = {
    "ESMF": ("row", "col", "S"),
    "SCRIP": ("dst_address", "src_address", "remap_matrix"),
}
"""Format -> names of the target addresses, the source addresses and the weights."""


def read_weights(
    file: str | Path, *, source_size: int | None = None, target_size: int | None = None
) -> Weights:
    """Reads a weight file, tells its format by its content, and checks its links.

    Links between the same points are summed. Of files with several weights a link (SCRIP) the
    first is taken where the others only multiply gradients in a second-order variant.

    Args:
      file: netCDF file of ESMF, SCRIP, cdo, OASIS or YAC.
      source_size: points of the source grid that the file must be for. YAC may leave it out of
        the file; it is needed then.
      target_size: the same of the target grid.

    Returns:
      The weights, ordered by target and source.

    Raises:
      DataError: the file cannot be read, is no weight file, or is not for these grids.
    """
    path = Path(file)
    try:
        with open_dataset(path) as dataset:
            weights = _read(dataset, path, {"source": source_size, "target": target_size})
    except (OSError, RuntimeError) as error:
        raise DataError(
            f"weight file {path} cannot be read ({error}), expected a netCDF file; correct the path"
            " or make the weights anew"
        ) from error
    weights.check_links()
    return weights.summed()


def _read(dataset: Any, path: Path, sizes: dict[str, int | None]) -> Weights:
    name = next((key for key, names in LINKS.items() if set(names) <= set(dataset.variables)), None)
    if name is None:
        raise DataError(
            f"{path}: got the variables {', '.join(dataset.variables) or 'none'}, expected a weight"
            " file of ESMF (row, col, S) or of SCRIP, cdo, OASIS or YAC (dst_address, src_address,"
            " remap_matrix); give such a file"
        )
    target, source, weight = LINKS[name]
    weight = _array(dataset, weight)
    if weight.ndim == 2:
        weight = _single_weight(dataset, path, weight)
    if _attribute(dataset, "version").startswith("yac"):
        _check_yac(dataset, path)
    ends = {
        "source": ("_a", "src_grid_") if name == "ESMF" else ("", "src_grid_"),
        "target": ("_b", "dst_grid_") if name == "ESMF" else ("", "dst_grid_"),
    }
    read_end = _esmf_end if name == "ESMF" else _scrip_end
    parts: dict[str, Any] = {}
    for end, (suffix, prefix) in ends.items():
        parts[f"{end}_size"] = _size(
            dataset, path, f"n{suffix}" if suffix else f"{prefix}size", end, sizes[end]
        )
        parts |= read_end(dataset, end, suffix or prefix)
    return Weights(
        source_index=_array(dataset, source).astype(np.int64).reshape(-1) - 1,
        target_index=_array(dataset, target).astype(np.int64).reshape(-1) - 1,
        weight=weight.astype(np.float64),
        method=_method(dataset),
        normalization=_attribute(dataset, "norm") or _attribute(dataset, "normalization"),
        title=f"weight file {path}",
        **parts,
    )


def _single_weight(dataset: Any, path: Path, weight: np.ndarray) -> np.ndarray:
    """The weights of values where a link has others too, shape (num_links,)."""
    others = weight[:, 1:]
    first_order = _method(dataset) == "conservative" and _attribute(dataset, "remap_order") != "2"
    if np.any(others) and not first_order:
        raise DataError(
            f"{path}: got {weight.shape[1]} weights a link (map_method"
            f" '{_attribute(dataset, 'map_method')}'), expected one: the others multiply gradients"
            " of the field, which a component does not send; make first-order, bilinear or nearest"
            " weights, or second-order ones with `ngcm-coupler weights`"
        )
    return weight[:, 0]


def _check_yac(dataset: Any, path: Path) -> None:
    """Refuses what YAC's files can hold and one matrix cannot."""
    fields = dataset.dimensions["num_src_fields"].size
    if fields != 1:
        raise DataError(
            f"{path}: got weights of {fields} source fields, expected one; write a file for each"
        )
    if _attribute(dataset, "contains_fixed_dst").upper() == "TRUE":
        raise DataError(
            f"{path}: {dataset.dimensions['num_fixed_dst'].size} target points get a fixed value,"
            " expected weights of source points only; leave `fixed` out of YAC's interpolation"
        )
    for key in ("src_locations", "dst_location"):
        text = b"".join(np.ma.getdata(dataset[key][:]).reshape(-1).tolist()).decode()
        location = text.strip(" \0")
        if location != "CELL":
            raise DataError(
                f"{path}: {key} is {location}, expected CELL; couple fields defined on cells"
            )


def _esmf_end(dataset: Any, end: str, suffix: str) -> dict[str, Any]:
    """Areas, fractions and points of a grid in a file of ESMF."""
    prefix = "src" if end == "source" else "dst"
    return {
        f"{end}_area": _optional(dataset, f"area{suffix}"),
        f"{end}_fraction": _optional(dataset, f"frac{suffix}"),
        end: _points(
            dataset,
            _attribute(dataset, f"domain{suffix}"),
            f"{prefix}_grid_dims",
            (f"xc{suffix}", f"yc{suffix}"),
            f"mask{suffix}",
        ),
    }


def _scrip_end(dataset: Any, end: str, prefix: str) -> dict[str, Any]:
    """The same in a file of SCRIP."""
    return {
        f"{end}_area": _optional(dataset, f"{prefix}area"),
        f"{end}_fraction": _optional(dataset, f"{prefix}frac"),
        end: _points(
            dataset,
            _attribute(dataset, "source_grid" if end == "source" else "dest_grid"),
            f"{prefix}dims",
            (f"{prefix}center_lon", f"{prefix}center_lat"),
            f"{prefix}imask",
        ),
    }


def _points(
    dataset: Any, name: str, shape: str, centre: tuple[str, str], mask: str
) -> GridPoints | None:
    """Points of a grid, or None where the file has no coordinates."""
    if not set(centre) <= set(dataset.variables):
        return None
    longitude, latitude = (
        np.rad2deg(_array(dataset, key))
        if str(getattr(dataset[key], "units", "degrees")).startswith("rad")
        else _array(dataset, key).astype(np.float64)
        for key in centre
    )
    sea = _optional(dataset, mask)
    lengths = _array(dataset, shape) if shape in dataset.variables else [longitude.size]
    return GridPoints(
        name=name,
        shape=tuple(int(length) for length in lengths),
        longitude=longitude.reshape(-1),
        latitude=latitude.reshape(-1),
        sea=None if sea is None else sea != 0,
    )


def _size(dataset: Any, path: Path, dimension: str, end: str, expected: int | None) -> int:
    """The number of points of a grid, which YAC's files may not tell."""
    if dimension not in dataset.dimensions:
        if expected is None:
            raise DataError(
                f"{path} has no dimension {dimension}, expected the number of {end} points; have"
                " YAC write it (num_global_src_points, num_global_tgt_points)"
            )
        return expected
    got = dataset.dimensions[dimension].size
    if expected is not None and got != expected:
        raise DataError(
            f"{path}: {dimension} is {got}, expected the {expected} points of the {end} grid; make"
            " weights for these grids"
        )
    return got


def _method(dataset: Any) -> str:
    """What the file says of the method, in this package's words where they exist."""
    own = _attribute(dataset, "method")
    if own:
        return own
    said = _attribute(dataset, "map_method")
    for start, method in (
        ("conserv", "conservative"),
        ("bilinear", "bilinear"),
        ("nearest", "nearest"),
    ):
        if said.lower().startswith(start):
            return method
    return said


def _attribute(dataset: Any, key: str) -> str:
    return str(getattr(dataset, key, ""))


def _array(dataset: Any, key: str) -> np.ndarray:
    """Values as they are: addresses and weights have no missing ones."""
    dataset[key].set_auto_mask(False)
    return np.asarray(dataset[key][...])


def _optional(dataset: Any, key: str) -> np.ndarray | None:
    return _array(dataset, key).reshape(-1) if key in dataset.variables else None
