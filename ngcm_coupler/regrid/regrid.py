"""Regridding: values on one grid from values on another, by a matrix of weights."""

from __future__ import annotations

import dataclasses
import functools
import numbers
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array

from ngcm_coupler.errors import ArgumentError, DataError, ShapeError, quoted
from ngcm_coupler.fields import arguments
from ngcm_coupler.fields.arguments import require_choice, require_writable
from ngcm_coupler.regrid.product import product
from ngcm_coupler.regrid.vectors import angle, axes, rotate
from ngcm_coupler.regrid.weights import GridPoints, Weights, check_weights, read_weights

if TYPE_CHECKING:
    import jax

    from ngcm_coupler.regrid.gather import Gather

Norm = Literal["fracarea", "destarea", "modelarea"]

_BOUNDS = {"conservative": (0.0, 1.0), "bilinear": (0.0, 1.0), "nearest": (1.0, 1.0)}
"""Method -> least and greatest weight, where they are known and the norm is "fracarea"."""

_ADDING = ("nearest_destination_to_source",)
"""Methods that add up in a target what several sources give it."""


@dataclasses.dataclass(frozen=True)
class End:
    """The points at one end of a regridding, and what they count.

    Attributes:
      size: number n of points.
      points: where they are, and which take part; None if a weight file does not tell.
      area: of the cells [steradian], shape (n,), or None if unknown.
      fraction: part of the cells that takes part [1], shape (n,), or None if unknown.
      flux_area: what a flux is multiplied by in the sum that is conserved [steradian], 0 on land
        and for copies of cells, shape (n,), or None if unknown.
    """

    size: int
    points: GridPoints | None = None
    area: np.ndarray | None = None
    fraction: np.ndarray | None = None
    flux_area: np.ndarray | None = None


@dataclasses.dataclass(frozen=True)
class Regridder:
    """Weights from a source to a target, and their application.

    Attributes:
      matrix: weights [1], float64, sparse, shape (target.size, source.size).
      source: where values come from.
      target: where they go.
      method: "conservative", "conservative_second_order", "bilinear", "nearest", or what a weight
        file says.
      norm: "fracarea", "destarea", "modelarea", or what a weight file says.
      row_sum: what the weights into a target add up to [1], a number or shape (target.size,); None,
        or NaN in a point, if that is unknown.
      title: what messages call it.
    """

    matrix: csr_array
    source: End
    target: End
    method: str
    norm: str = "fracarea"
    row_sum: float | np.ndarray | None = 1.0
    title: str = "interpolation weights"

    @classmethod
    def from_file(
        cls,
        file: str | Path,
        source: End | None = None,
        target: End | None = None,
        norm: str | None = None,
    ) -> Regridder:
        """Reads weights that any of ESMF, cdo, OASIS, YAC or this package made, and checks them.

        Args:
          file: netCDF file.
          source: what the source points are, as of a `Regridder` of an exchange grid; by default
            what the file says.
          target: the same for the target points.
          norm: what the weights are per, as `ExchangeGrid.regridder` has it; by default what the
            file says, or "fracarea". Weights of "modelarea" are held to conservation alone: what
            they add up to in a target depends on the model's own area.

        Raises:
          ArgumentError: `file` is no path, an end is no `End`, or there is no such norm.
          DataError: the file cannot be used, is for other grids, or its weights lose or invent what
            they carry.
        """
        for name, end in (("source", source), ("target", target)):
            if end is not None and not isinstance(end, End):
                raise ArgumentError(
                    f"Regridder.from_file: {name} is a {type(end).__name__}, expected an End, as"
                    " the source or target of another Regridder"
                )
        weights = read_weights(
            file,
            source_size=source.size if source else None,
            target_size=target.size if target else None,
        )
        if norm is not None and not (isinstance(norm, str) and norm == weights.normalization):
            require_choice("Regridder.from_file: norm", norm, get_args(Norm))
        norm = norm or weights.normalization or "fracarea"
        fraction = weights.target_fraction
        row_sum: float | np.ndarray | None = 1.0
        if norm == "modelarea" or weights.method in _ADDING:
            row_sum = None
        elif norm == "destarea":
            # Copies of cells have weights and count nowhere.
            row_sum = None if fraction is None else np.where(fraction > 0.0, fraction, np.nan)
        matrix = weights.matrix
        matrix.eliminate_zeros()  # 0 times NaN on land would be NaN
        source = source or _end(weights, "source", per_cell=False)
        if not weights.conserves:
            source = dataclasses.replace(source, flux_area=None)
        regridder = cls(
            matrix=matrix,
            source=source,
            target=target or _end(weights, "target", per_cell=norm == "destarea"),
            method=weights.method,
            norm=norm,
            row_sum=row_sum,
            title=weights.title,
        )
        regridder.check()
        return regridder

    @property
    def weights(self) -> Weights:
        """The weights as links, for a file."""
        links = self.matrix.tocoo()
        return Weights(
            source_size=self.source.size,
            target_size=self.target.size,
            source_index=links.col.astype(np.int64),
            target_index=links.row.astype(np.int64),
            weight=links.data,
            source_area=self.source.area,
            target_area=self.target.area,
            source_fraction=self.source.fraction,
            target_fraction=self.target.fraction,
            source=self.source.points,
            target=self.target.points,
            method=self.method,
            normalization=self.norm,
            title=self.title,
        )

    def check(self, tolerance: float = 1e-9) -> None:
        """Refuses weights that lose, invent or misplace what they carry.

        Weights must be finite and within the bounds of their method, come from points that take
        part, add up to what the norm asks in every target that takes part and, if the method is
        conservative and the areas are known, give away all of every source.

        Args:
          tolerance: by how much a sum or a weight may be off [1], 0 or more.

        Raises:
          ArgumentError: `tolerance` is no such number.
          DataError: naming the worst point, what was got and what was expected.
        """
        if not isinstance(tolerance, numbers.Real) or not tolerance >= 0.0:
            raise ArgumentError(
                f"{self.title}: tolerance is {quoted(tolerance)}, expected a number, 0 or more"
            )
        conservative = self.method.startswith("conservative")
        check_weights(
            self.weights,
            source_sea=self.source.points.sea if self.source.points else None,
            target_sea=self.target.points.sea if self.target.points else None,
            source_area=self.source.flux_area if conservative else None,
            target_area=self.target.flux_area,
            row_sum=self.row_sum,
            bounds=_BOUNDS.get(self.method) if self.norm == "fracarea" else None,
            tolerance=tolerance,
        )

    def apply(self, values: ArrayLike, out: np.ndarray | None = None) -> np.ndarray:
        """Regrids fields.

        Args:
          values: real numbers of the source points, shape (..., source.size), none of them masked.
            Several fields at once cost much
            less than one after the other, and least if they are a view of an array of shape
            (source.size, ...). Points without weight, as land, may hold anything, NaN too.
          out: an earlier result to write over; for large grids fresh memory costs as much as the
            regridding.

        Returns:
          Values of the target points, float64, shape (..., target.size), a view of an array of
          shape (target.size, ...); 0 where no weight leads.

        Raises:
          ArgumentError: these are no real numbers, some are masked, or `out` is no such array.
          ShapeError: the last dimension is not that of the source, or `out` no earlier result.
        """
        array = arguments.numbers(self.title, values)
        self._check_size(array.shape)
        if out is not None:
            require_writable(self.title, out)
            if out is not values and np.may_share_memory(array, out):
                array = array.copy()  # what has been written would be read again
        return product(self.matrix, array, out)

    def apply_vector(
        self,
        east: ArrayLike,
        north: ArrayLike,
        *,
        source_angle: ArrayLike | None = None,
        target_angle: ArrayLike | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Regrids vectors by their three Cartesian components.

        Near a pole neighbours' axes differ so much that components regridded one by one are wrong
        by a good part of the speed.

        Args:
          east: component to the east, shape (..., source.size).
          north: component to the north, the same shape.
          source_angle: if the components are along the source grid's own axes instead, the angle
            of its first axis, counter-clockwise from east [degrees], shape (source.size,), or one
            for all. Points without weight, as land, may have any.
          target_angle: the same for the components wanted, shape (target.size,).

        Returns:
          Components to the east and to the north, or along the target grid's own axes, each of
          shape (..., target.size).

        Raises:
          ArgumentError: these are no real numbers, or some are masked.
          DataError: it is not known where the points are.
          ShapeError: the last dimension is not that of the source, or of angles not that of theirs.
          ValueRangeError: an angle is not finite, or beyond 1080 degrees.
        """
        source, target = self._axes("source", self.source), self._axes("target", self.target)
        given = arguments.numbers("east", east), arguments.numbers("north", north)
        for component in given:
            self._check_size(component.shape)
        if source_angle is not None:
            taken = np.bincount(self.matrix.indices, minlength=self.source.size) > 0
            given = rotate(*given, -angle("source_angle", source_angle, taken))
        if target_angle is not None:
            target_angle = angle("target_angle", target_angle, np.diff(self.matrix.indptr) > 0)
        cartesian = np.stack(
            [given[0] * source[0][:, k] + given[1] * source[1][:, k] for k in range(3)], axis=0
        )
        x, y, z = self.apply(cartesian)
        u, v = (x * axis[:, 0] + y * axis[:, 1] + z * axis[:, 2] for axis in target)
        return (u, v) if target_angle is None else rotate(u, v, target_angle)

    @functools.cached_property
    def gather(self) -> Gather:
        """The same for JAX; hand it to a compiled function as an argument, not as a constant."""
        from ngcm_coupler.regrid.gather import Gather

        return Gather.of(self.matrix)

    def apply_in_jax(self, values: jax.Array) -> jax.Array:
        """Regrids fields where JAX traces, in their own precision.

        Args:
          values: shape (..., source.size).

        Returns:
          Shape (..., target.size), of the same type.

        Raises:
          ArgumentError: these are no real numbers, or some are masked.
          ShapeError: the last dimension is not that of the source.
        """
        import jax

        if not isinstance(values, jax.Array):
            array = arguments.numbers(self.title, values)
            own = getattr(values, "dtype", array.dtype)
            values = jax.numpy.asarray(array, own if own == np.float16 else None)
        self._check_size(values.shape)
        return self.gather(values)

    def _check_size(self, shape: tuple[int, ...]) -> None:
        if not shape or shape[-1] != self.source.size:
            raise ShapeError(
                f"{self.title}: got values of shape {shape}, expected the {self.source.size} points"
                " of the source grid in the last dimension; give a value for every point"
            )

    def _axes(self, name: str, end: End) -> tuple[np.ndarray, np.ndarray]:
        if end.points is None:
            raise DataError(
                f"{self.title}: regridding vectors needs the places of the {name} points, which"
                " the weight file does not hold; give the ends to `Regridder.from_file`"
            )
        return axes(end.points.longitude, end.points.latitude)


def _end(weights: Weights, name: str, *, per_cell: bool) -> End:
    """What a weight file says of one end."""
    area: np.ndarray | None = getattr(weights, f"{name}_area")
    fraction: np.ndarray | None = getattr(weights, f"{name}_fraction")
    flux_area = None
    if area is not None and fraction is not None and np.any(area > 0.0):
        flux_area = area * (fraction > 0.0 if per_cell else fraction)
    return End(
        size=getattr(weights, f"{name}_size"),
        points=getattr(weights, name),
        area=area,
        fraction=fraction,
        flux_area=flux_area,
    )
