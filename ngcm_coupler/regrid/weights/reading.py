"""Reading weight files of ESMF, of SCRIP, cdo and OASIS, and of YAC."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ngcm_coupler.errors import DataError, shown
from ngcm_coupler.fields.arguments import file_text
from ngcm_coupler.regrid.variables import Variables, opened
from ngcm_coupler.regrid.weights.links import GridPoints, Weights

LINKS = {
    "ESMF": ("row", "col", "S"),
    "SCRIP": ("dst_address", "src_address", "remap_matrix"),
}
"""Format -> names of the target addresses, the source addresses and the weights."""

_ESMF_METHODS = {
    "first-order conservative": "conservative",
    "second-order conservative": "conservative_second_order",
    "bilinear": "bilinear",
    "higher-order patch": "patch",
    "nearest source to destination": "nearest",
    "nearest destination to source": "nearest_destination_to_source",
}
"""ESMF_regrid_method, which tells apart what ESMF gives one map_method -> this package's word."""

_MAP_METHODS = {"conserv": "conservative", "bilinear": "bilinear", "nearest": "nearest"}
"""How a map_method begins -> this package's word."""


class WeightFile(Variables):
    """The variables of an open weight file."""

    def has(self, *names: str) -> bool:
        """Whether all of these are there."""
        return set(names) <= set(self.names)

    def text(self, key: str) -> str:
        """A global attribute as text, empty where there is none."""
        return str(self.dataset.getncattr(key)) if key in self.dataset.ncattrs() else ""

    def vector(self, name: str) -> np.ndarray:
        """Numbers one after the other."""
        return self.values(name).reshape(-1)

    def optional(self, name: str) -> np.ndarray | None:
        """The same, or None where there is no such variable."""
        return self.vector(name) if self.has(name) else None

    @property
    def method(self) -> str:
        """What the file says of the method, in this package's words where they exist."""
        if own := self.text("method"):
            return own
        if known := _ESMF_METHODS.get(self.text("ESMF_regrid_method").strip().lower()):
            return known
        said = self.text("map_method")
        return next(
            (word for start, word in _MAP_METHODS.items() if said.lower().startswith(start)), said
        )


def read_weights(
    file: str | Path, *, source_size: int | None = None, target_size: int | None = None
) -> Weights:
    """Reads a weight file, tells its format by its content, and checks its links.

    Links between the same points are summed. Of files with several weights a link (SCRIP) the
    first is taken where the others only multiply gradients in a second-order variant.

    Args:
      file: netCDF file of ESMF, SCRIP, cdo, OASIS or YAC.
      source_size: points of the source grid that the file must be for. Files of YAC, and those
        with nothing but links, may leave it out; it is needed then.
      target_size: the same of the target grid.

    Returns:
      The weights, ordered by target and source.

    Raises:
      ArgumentError: `file` is no path of a file.
      DataError: the file cannot be read, is no weight file, or is not for these grids.
    """
    path = Path(file_text("weight file", file))
    with opened(path, "weight file") as dataset:
        sizes = {"source": source_size, "target": target_size}
        weights = _read(WeightFile(path, dataset, "weight file"), sizes)
        weights.check_links()
        return weights.summed()


def _read(file: WeightFile, sizes: dict[str, int | None]) -> Weights:
    form = next((key for key, names in LINKS.items() if file.has(*names)), None)
    if form is None:
        raise DataError(
            f"{file.title}: got the variables {file.contents}, expected a weight file of ESMF (row,"
            " col, S) or of SCRIP, cdo, OASIS or YAC (dst_address, src_address, remap_matrix); give"
            " such a file"
        )
    target, source, weight = LINKS[form]
    values = file.values(weight, rank=(1, 2))
    if values.ndim == 2:
        values = _single_weight(file, values)
    if file.text("version").startswith("yac"):
        _check_yac(file)
    parts: dict[str, Any] = {}
    for end, suffix, prefix in (("source", "_a", "src_grid_"), ("target", "_b", "dst_grid_")):
        dimension = f"n{suffix}" if form == "ESMF" else f"{prefix}size"
        parts[f"{end}_size"] = _size(file, dimension, end, sizes[end])
        parts |= _esmf_end(file, end, suffix) if form == "ESMF" else _scrip_end(file, end, prefix)
    return Weights(
        source_index=file.integers(source).reshape(-1) - 1,
        target_index=file.integers(target).reshape(-1) - 1,
        weight=values,
        method=file.method,
        normalization=file.text("norm") or file.text("normalization"),
        title=file.title,
        conserves=not _has_slopes_about_whole_cells(file, parts["source_fraction"]),
        **parts,
    )


def _has_slopes_about_whole_cells(file: WeightFile, fraction: np.ndarray | None) -> bool:
    """True for second order of ESMF where the target covers only part of some source cells.

    In such cells it has the slope about the middle of the whole cell, so that what the neighbours
    give is not quite their area.
    """
    if file.text("method") or file.method != "conservative_second_order":
        return False
    return fraction is None or bool(np.any((fraction > 0.0) & (fraction < 1.0)))


def _single_weight(file: WeightFile, weight: np.ndarray) -> np.ndarray:
    """The weights of values where a link has others too, shape (num_links,)."""
    others = weight[:, 1:]
    first_order = file.method == "conservative" and file.text("remap_order") != "2"
    if np.any(others) and not first_order:
        raise DataError(
            f"{file.title}: got {weight.shape[1]} weights a link (map_method"
            f" '{shown(file.text('map_method'))}'), expected one: the others multiply gradients of"
            " the field, which a component does not send; make first-order, bilinear or nearest"
            " weights, or second-order ones with `ngcm-coupler weights`"
        )
    return weight[:, 0]


def _check_yac(file: WeightFile) -> None:
    """Refuses what YAC's files can hold and one matrix cannot."""
    fields = _length(file, "num_src_fields")
    if fields != 1:
        raise DataError(
            f"{file.title}: got weights of {fields} source fields, expected one; write a file for"
            " each"
        )
    if file.text("contains_fixed_dst").upper() == "TRUE":
        raise DataError(
            f"{file.title}: {_length(file, 'num_fixed_dst')} target points get a fixed value,"
            " expected weights of source points only; leave `fixed` out of YAC's interpolation"
        )
    for key in ("src_locations", "dst_location"):
        letters = np.ma.getdata(file.variable(key)[:]).reshape(-1)
        location = letters.astype("S1").tobytes().decode("latin-1").strip(" \0")
        if location != "CELL":
            raise DataError(
                f"{file.title}: {key} is {shown(location)}, expected CELL; couple fields defined on"
                " cells"
            )


def _esmf_end(file: WeightFile, end: str, suffix: str) -> dict[str, Any]:
    """Areas, fractions and points of a grid in a file of ESMF."""
    prefix = "src" if end == "source" else "dst"
    return {
        f"{end}_area": file.optional(f"area{suffix}"),
        f"{end}_fraction": file.optional(f"frac{suffix}"),
        end: _points(
            file,
            file.text(f"domain{suffix}"),
            f"{prefix}_grid_dims",
            (f"xc{suffix}", f"yc{suffix}"),
            f"mask{suffix}",
        ),
    }


def _scrip_end(file: WeightFile, end: str, prefix: str) -> dict[str, Any]:
    """The same in a file of SCRIP."""
    return {
        f"{end}_area": file.optional(f"{prefix}area"),
        f"{end}_fraction": file.optional(f"{prefix}frac"),
        end: _points(
            file,
            file.text("source_grid" if end == "source" else "dest_grid"),
            f"{prefix}dims",
            (f"{prefix}center_lon", f"{prefix}center_lat"),
            f"{prefix}imask",
        ),
    }


def _points(
    file: WeightFile, name: str, shape: str, centre: tuple[str, str], mask: str
) -> GridPoints | None:
    """Points of a grid, or None where the file has no coordinates."""
    if not file.has(*centre):
        return None
    longitude, latitude = (
        np.rad2deg(file.vector(key))
        if file.attribute(key, "units").startswith("rad")
        else file.vector(key)
        for key in centre
    )
    sea = file.optional(mask)
    lengths = file.integers(shape).reshape(-1).tolist() if file.has(shape) else [longitude.size]
    return GridPoints(
        name=name,
        shape=tuple(lengths),
        longitude=longitude,
        latitude=latitude,
        sea=None if sea is None else (sea != 0.0) & ~np.isnan(sea),
    )


def _length(file: WeightFile, dimension: str) -> int:
    if dimension not in file.dataset.dimensions:
        raise DataError(
            f"{file.title} has no dimension {dimension}, expected it in a file of YAC; write the"
            " weights anew"
        )
    return file.dataset.dimensions[dimension].size


def _size(file: WeightFile, dimension: str, end: str, expected: int | None) -> int:
    """The number of points of a grid, which some files do not tell."""
    if dimension not in file.dataset.dimensions:
        if expected is None:
            by_yac = file.text("version").startswith("yac")
            raise DataError(
                f"{file.title} has no dimension {dimension}, expected the number of {end} points;"
                + (
                    " have YAC write it (num_global_src_points, num_global_tgt_points)"
                    if by_yac
                    else f" say to `Regridder.from_file` by {end} which grid it is for, or give a"
                    " file that tells"
                )
            )
        return expected
    got = file.dataset.dimensions[dimension].size
    if expected is not None and got != expected:
        raise DataError(
            f"{file.title}: {dimension} is {got}, expected the {expected} points of the {end} grid;"
            " make weights for these grids"
        )
    return got
