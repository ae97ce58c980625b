"""Grids by the CF conventions: latitude and longitude with bounds, a mask, cell measures.

The coordinates may be one-dimensional along two dimensions of the mask, two-dimensional, or one
value a cell of an unstructured grid.

Source: CF Conventions 1.11, chapters 4, 5 and 7.
"""

from __future__ import annotations

import numpy as np

from ngcm_coupler.errors import DataError, listing, shown
from ngcm_coupler.regrid.grid_files.variables import GridFile
from ngcm_coupler.regrid.surface_grid import SurfaceGrid

MASKS = {"sea_binary_mask": 1, "land_binary_mask": 0}
"""Standard name of a mask -> its value at sea."""

AXES = {
    "longitude": {"degrees_east", "degree_east", "degree_e", "degrees_e", "degreee", "degreese"},
    "latitude": {"degrees_north", "degree_north", "degree_n", "degrees_n", "degreen", "degreesn"},
}
"""Standard name of a coordinate -> the units that tell it too."""


def recognises(file: GridFile) -> bool:
    """True for a file with latitudes and longitudes."""
    return all(any(_is(file, name, axis) for name in file.names) for axis in AXES)


def read(file: GridFile, name: str) -> SurfaceGrid:
    """Reads the grid of a mask, or of another variable on the same grid as a mask."""
    masks = [key for key in file.names if file.attribute(key, "standard_name") in MASKS]
    if not masks:
        raise DataError(
            f"{file.title}: got no mask, expected a variable with standard_name"
            f" {' or '.join(MASKS)}; add it, of ones if all cells are sea"
        )
    mask = _mask_of(file, name, masks)
    longitude, latitude = coordinate_names(file, _coordinates(file, mask), mask)
    bounds = [_bounds(file, key) for key in (longitude, latitude)]
    dimensions = _dimensions(file, mask, longitude, latitude)
    lengths = tuple(file.dataset.dimensions[key].size for key in dimensions)
    # Before the coordinates are spread over its cells, whose number is in the file with it.
    sea = file.equals(mask, MASKS[file.attribute(mask, "standard_name")])
    return SurfaceGrid(
        name=name or mask,
        shape=lengths[::-1],
        longitude=_spread(file, longitude, file.degrees(longitude), dimensions).reshape(-1),
        latitude=_spread(file, latitude, file.degrees(latitude), dimensions).reshape(-1),
        **_corners(file, (longitude, latitude), bounds, dimensions),
        sea=_squeezed(file, mask, sea, dimensions),
        area=_area(file, mask, dimensions),
    )


def coordinate_names(file: GridFile, candidates: list[str], owner: str) -> tuple[str, str]:
    """The longitude and the latitude among variables.

    Args:
      file: that has them.
      candidates: names of variables.
      owner: the variable that they belong to, for messages.
    """
    found = []
    among = listing(candidates) if candidates else "its coordinates"
    for axis in AXES:
        names = [key for key in candidates if key in file.names and _is(file, key, axis)]
        if len(names) != 1:
            raise DataError(
                f"{file.title}: got {len(names)} variables of {axis} for '{shown(owner)}',"
                f" expected one among {among}; give it standard_name {axis} and name it in the"
                f" attribute coordinates of '{shown(owner)}'"
            )
        found.append(names[0])
    return found[0], found[1]


def _is(file: GridFile, name: str, axis: str) -> bool:
    return (
        file.attribute(name, "standard_name") == axis
        or file.attribute(name, "units").lower() in AXES[axis]
    )


def _coordinates(file: GridFile, name: str) -> list[str]:
    """Auxiliary coordinates of a variable before its coordinate variables."""
    named = file.attribute(name, "coordinates").split()
    if sum(_is(file, key, axis) for key in named if key in file.names for axis in AXES) == 2:
        return named
    return [*named, *(key for key in file.dimensions(name) if key not in named)]


def _mask_of(file: GridFile, name: str, masks: list[str]) -> str:
    """The mask itself that is named, or the one with the coordinates of the named variable."""
    if name in file.names and name not in masks:
        wanted = set(coordinate_names(file, _coordinates(file, name), name))
        masks = [key for key in masks if set(_coordinates(file, key)) >= wanted]
        return file.choose("", masks, f"mask on the grid of '{shown(name)}'")
    return file.choose(name, masks, "mask")


def _bounds(file: GridFile, name: str) -> str:
    bounds = file.attribute(name, "bounds")
    if not bounds:
        raise DataError(
            f"{file.title}: '{shown(name)}' has no attribute bounds, expected the corners of the"
            " cells, which the exchange of fluxes needs; add bounds"
        )
    return bounds


def _dimensions(file: GridFile, mask: str, longitude: str, latitude: str) -> tuple[str, ...]:
    """The dimensions of the grid in the order of the mask, the slowest first."""
    own = {*file.dimensions(longitude), *file.dimensions(latitude)}
    dimensions = tuple(key for key in file.dimensions(mask) if key in own)
    if set(dimensions) != own:
        raise DataError(
            f"{file.title}: '{shown(mask)}' has dimensions {listing(file.dimensions(mask))},"
            f" expected those of its coordinates, {listing(sorted(own))}; name the coordinates"
            " of its own grid"
        )
    return dimensions


def _spread(
    file: GridFile, name: str, values: np.ndarray, dimensions: tuple[str, ...]
) -> np.ndarray:
    """Values of a coordinate over all dimensions of the grid, further dimensions last."""
    own = file.dimensions(name)
    order = [own.index(key) for key in dimensions if key in own]
    values = np.transpose(values, [*order, *range(len(own), values.ndim)])
    index = tuple(slice(None) if key in own else None for key in dimensions)
    lengths = [file.dataset.dimensions[key].size for key in dimensions]
    return np.broadcast_to(values[index], (*lengths, *values.shape[len(own) :]))


def _corners(
    file: GridFile, names: tuple[str, str], bounds: list[str], dimensions: tuple[str, ...]
) -> dict[str, np.ndarray]:
    """Corners from bounds. Cells between two longitudes and two latitudes get four."""
    longitude, latitude = (
        _spread(file, name, _vertices(file, name, bound), dimensions)
        for name, bound in zip(names, bounds, strict=True)
    )
    if file.dimensions(names[0]) != file.dimensions(names[1]):
        longitude, latitude = longitude[..., [0, 1, 1, 0]], latitude[..., [0, 0, 1, 1]]
    return {
        "corner_longitude": longitude.reshape(-1, longitude.shape[-1]),
        "corner_latitude": latitude.reshape(-1, latitude.shape[-1]),
    }


def _vertices(file: GridFile, name: str, bound: str) -> np.ndarray:
    """Bounds of a coordinate [degrees]: its own dimensions, and one of two or more vertices."""
    values = file.degrees(bound, like=name)
    shape = tuple(file.variable(name).shape)
    if values.shape[:-1] != shape or values.shape[-1] < 2:
        raise DataError(
            f"{file.title}: '{shown(bound)}' has shape {values.shape}, expected that of"
            f" '{shown(name)}', {shape}, and a last dimension of at least 2 vertices; correct the"
            " bounds"
        )
    return values


def _squeezed(
    file: GridFile, name: str, values: np.ndarray, dimensions: tuple[str, ...]
) -> np.ndarray:
    """The values of a variable on the grid; its other dimensions have length 1."""
    own = file.dimensions(name)
    others = [axis for axis, key in enumerate(own) if key not in dimensions]
    if any(values.shape[axis] != 1 for axis in others):
        raise DataError(
            f"{file.title}: '{shown(name)}' has dimensions {listing(own)} of lengths"
            f" {values.shape}, expected only {listing(dimensions)}; give the surface's"
        )
    kept = [key for key in own if key in dimensions]
    values = np.squeeze(values, tuple(others))
    return np.transpose(values, [kept.index(key) for key in dimensions]).reshape(-1)


def _area(file: GridFile, mask: str, dimensions: tuple[str, ...]) -> np.ndarray | None:
    """The area that the mask names in cell_measures, or else the one on its dimensions."""
    words = file.attribute(mask, "cell_measures").split()
    if "area:" in words[:-1] and words[words.index("area:") + 1] in file.names:
        name = words[words.index("area:") + 1]
        return _squeezed(file, name, file.areas(name), dimensions)
    for name in file.names:
        if file.attribute(name, "standard_name") == "cell_area" and set(
            file.dimensions(name)
        ) == set(dimensions):
            return _squeezed(file, name, file.areas(name), dimensions)
    return None
