"""Weights as links: which source cell feeds which target cell, and by how much."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import coo_array, csr_array

from ngcm_coupler.errors import DataError, quoted
from ngcm_coupler.fields.arguments import indices, numbers, truths


@dataclasses.dataclass(frozen=True)
class GridPoints:
    """What a weight file tells of the points of a grid.

    Attributes:
      name: of the grid.
      shape: lengths of the dimensions, the fastest first; their product is the number n of points.
      longitude: of the centres [degrees east], shape (n,).
      latitude: of the centres [degrees north], shape (n,).
      sea: true for points that take part, shape (n,), or None where the file has no mask.
    """

    name: str
    shape: tuple[int, ...]
    longitude: np.ndarray
    latitude: np.ndarray
    sea: np.ndarray | None = None

    def __post_init__(self) -> None:
        """Takes arrays of numbers.

        Raises:
          ArgumentError: something is none, or masked.
        """
        _take(self, f"points of {quoted(self.name)}", numbers, "longitude", "latitude")
        _take(self, f"points of {quoted(self.name)}", truths, "sea")


@dataclasses.dataclass(frozen=True)
class Weights:
    """A linear interpolation from a source grid to a target grid, as m links.

    ``target[target_index] += weight * source[source_index]``, summed over the links.

    Attributes:
      source_size: points of the source grid.
      target_size: points of the target grid.
      source_index: from 0, shape (m,).
      target_index: from 0, shape (m,).
      weight: [1], shape (m,).
      source_area: area of the source cells that the weights were made with [steradian], shape
        (source_size,), or None.
      target_area: the same of the target cells, shape (target_size,), or None.
      source_fraction: part of each source cell that the target grid covers [1], or None.
      target_fraction: part of each target cell that the source grid covers [1], or None.
      source: points of the source grid, or None.
      target: points of the target grid, or None.
      method: "conservative", "conservative_second_order", "bilinear", "nearest", of ESMF also
        "patch" and "nearest_destination_to_source", or what the file says.
      normalization: "fracarea", "destarea", "modelarea" (per area that the target's model has
        itself), "none", or another that the maker of the weights used.
      title: what the weights are.
      conserves: whether a conservative method gives away all of every source cell, not only of
        their sum.
    """

    source_size: int
    target_size: int
    source_index: np.ndarray
    target_index: np.ndarray
    weight: np.ndarray
    source_area: np.ndarray | None = None
    target_area: np.ndarray | None = None
    source_fraction: np.ndarray | None = None
    target_fraction: np.ndarray | None = None
    source: GridPoints | None = None
    target: GridPoints | None = None
    method: str = ""
    normalization: str = ""
    title: str = "interpolation weights"
    conserves: bool = True

    def __post_init__(self) -> None:
        """Takes arrays of numbers.

        Raises:
          ArgumentError: something is none, or masked.
        """
        _take(self, "weights", indices, "source_index", "target_index")
        parts = [f"{end}_{what}" for end in ("source", "target") for what in ("area", "fraction")]
        _take(self, "weights", numbers, "weight", *parts)

    @property
    def matrix(self) -> csr_array:
        """The weights as a matrix, target by source; links between the same points are summed."""
        return coo_array(
            (self.weight, (self.target_index, self.source_index)),
            shape=(self.target_size, self.source_size),
        ).tocsr()

    def summed(self) -> Weights:
        """The same interpolation with one link between two points, ordered by target and source."""
        matrix = self.matrix
        matrix.sort_indices()
        links = matrix.tocoo()
        return dataclasses.replace(
            self,
            source_index=links.col.astype(np.int64),
            target_index=links.row.astype(np.int64),
            weight=links.data,
        )

    def place_source(self, point: int) -> str:
        """A source point, by its index from 0, as messages name it."""
        return _place("source", self.source, point)

    def place_target(self, point: int) -> str:
        """A target point, by its index from 0, as messages name it."""
        return _place("target", self.target, point)

    def check_links(self) -> None:
        """Refuses links that no interpolation can have.

        Raises:
          DataError: naming the first or worst link: lengths that differ, an index outside its
            grid, a weight that is not finite, an array of another size than its grid.
        """
        lengths = {
            key: len(getattr(self, key)) for key in ("source_index", "target_index", "weight")
        }
        if len(set(lengths.values())) != 1 or not lengths["weight"]:
            raise DataError(
                f"{self.title}: got {lengths} links, expected one source, one target and one weight"
                " for each of at least one link; make the weights anew"
            )
        for end, index, size in (
            ("source", self.source_index, self.source_size),
            ("target", self.target_index, self.target_size),
        ):
            outside = np.flatnonzero((index < 0) | (index >= size))
            if outside.size:
                link = outside[0]
                raise DataError(
                    f"{self.title}: link {link + 1} has {end} address {index[link] + 1}"
                    f" ({outside.size} links in all), expected 1 to {size}; the weights are for"
                    " another grid, or count from 0: make them anew"
                )
        bad = np.flatnonzero(~np.isfinite(self.weight))
        if bad.size:
            link = int(bad[0])
            raise DataError(
                f"{self.title}: link {link + 1}, from"
                f" {self.place_source(int(self.source_index[link]))} to"
                f" {self.place_target(int(self.target_index[link]))}, has weight"
                f" {self.weight[link]} ({bad.size} links in all), expected a finite one; make the"
                " weights anew"
            )
        self._check_sizes()

    def _check_sizes(self) -> None:
        for end, size in (("source", self.source_size), ("target", self.target_size)):
            points: GridPoints | None = getattr(self, end)
            arrays = {
                f"{end}_{part}": getattr(self, f"{end}_{part}") for part in ("area", "fraction")
            }
            if points is not None:
                arrays |= {
                    f"{end} longitude": points.longitude,
                    f"{end} latitude": points.latitude,
                    f"{end} mask": points.sea,
                }
            sizes = {key: array.size for key, array in arrays.items() if array is not None}
            if points is not None:
                sizes[f"{end} shape"] = int(np.prod(points.shape))
            for key, got in sizes.items():
                if got != size:
                    raise DataError(
                        f"{self.title}: {key} has {got} points, expected the {size} of the {end}"
                        " grid; make the weights anew"
                    )


def _take(
    of: GridPoints | Weights,
    title: str,
    kind: Callable[[str, ArrayLike], np.ndarray],
    *attributes: str,
) -> None:
    """Has arrays that a caller may have made of anything be arrays of one kind."""
    for attribute in attributes:
        if (values := getattr(of, attribute)) is not None:
            object.__setattr__(of, attribute, kind(f"{title}: {attribute}", values))


def _place(end: str, points: GridPoints | None, point: int) -> str:
    """A point as messages name it, with its coordinates where the file has them."""
    if points is None:
        return f"{end} point {point + 1}"
    return (
        f"{end} point {point + 1} (longitude {points.longitude[point]:.2f}, latitude"
        f" {points.latitude[point]:.2f})"
    )
