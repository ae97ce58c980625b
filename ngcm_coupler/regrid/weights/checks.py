"""What weights must hold: sums, bounds, masks, conservation. The worst point is named."""

from __future__ import annotations

import numpy as np

from ngcm_coupler.errors import DataError
from ngcm_coupler.regrid.weights.links import Weights

REMEDY = "make the weights anew from these grids, masks and areas"


def row_sums(weights: Weights) -> np.ndarray:
    """Sum of the weights into each target point [1], shape (target_size,)."""
    return np.bincount(weights.target_index, weights.weight, minlength=weights.target_size)


def column_sums(weights: Weights, target_area: np.ndarray | None = None) -> np.ndarray:
    """Sum of the weights out of each source point, shape (source_size,).

    Args:
      weights: m links.
      target_area: what the weights are multiplied by, of any unit, shape (target_size,); 1 if None.

    Returns:
      In the unit of the area: what a source point counts in the sum over the target.
    """
    weight = weights.weight
    if target_area is not None:
        weight = weight * target_area[weights.target_index]
    return np.bincount(weights.source_index, weight, minlength=weights.source_size)


def check_weights(
    weights: Weights,
    *,
    source_sea: np.ndarray | None = None,
    target_sea: np.ndarray | None = None,
    source_area: np.ndarray | None = None,
    target_area: np.ndarray | None = None,
    row_sum: float | np.ndarray | None = 1.0,
    bounds: tuple[float, float] | None = None,
    tolerance: float = 1e-9,
) -> None:
    """Refuses weights that lose, invent or misplace what they carry.

    Args:
      weights: m links.
      source_sea: source points that may be used, shape (source_size,); all if None.
      target_sea: target points that must get a value, shape (target_size,); if None, those with
        weights other than 0.
      source_area: what each source point must count in the sum over the target, shape
        (source_size,): its area as far as the target covers it. None: conservation is not asked.
      target_area: area of the target points in the same unit, shape (target_size,).
      row_sum: what the weights into a target point must add up to, a number or shape
        (target_size,). None, or NaN in a point: sums are not asked.
      bounds: least and greatest weight, or None.
      tolerance: by how much a sum or a weight may be off [1]; for conservation as a part of the
        largest source area.

    Raises:
      DataError: naming the worst point, what was got and what was expected.
    """
    weights.check_links()
    if source_sea is not None:
        _check_sources(weights, source_sea)
    if bounds is not None:
        _check_bounds(weights, bounds, tolerance)
    if target_sea is None:
        used = weights.target_index[weights.weight != 0.0]
        target_sea = np.bincount(used, minlength=weights.target_size) > 0
    if row_sum is not None:
        _check_rows(weights, target_sea, row_sum, tolerance)
    if source_area is not None and target_area is not None:
        _check_conservation(weights, source_area, target_area, tolerance)


def _check_sources(weights: Weights, source_sea: np.ndarray) -> None:
    masked = np.where(source_sea[weights.source_index], 0.0, np.abs(weights.weight))
    link = int(np.argmax(masked))
    if masked[link] > 0.0:
        raise DataError(
            f"{weights.title}: {weights.place_target(weights.target_index[link])} takes"
            f" {weights.weight[link]:.6g} of masked"
            f" {weights.place_source(weights.source_index[link])}"
            f" ({np.count_nonzero(masked)} such links), expected weights of sea points only;"
            f" {REMEDY}"
        )


def _check_bounds(weights: Weights, bounds: tuple[float, float], tolerance: float) -> None:
    beyond = np.maximum(bounds[0] - weights.weight, weights.weight - bounds[1])
    link = int(np.argmax(beyond))
    if beyond[link] > tolerance:
        raise DataError(
            f"{weights.title}: {weights.place_target(weights.target_index[link])} takes"
            f" {weights.weight[link]:.6g} of {weights.place_source(weights.source_index[link])},"
            f" expected a weight from {bounds[0]:g} to {bounds[1]:g}; {REMEDY}"
        )


def _check_rows(
    weights: Weights, target_sea: np.ndarray, row_sum: float | np.ndarray, tolerance: float
) -> None:
    sums = row_sums(weights)
    expected = np.broadcast_to(row_sum, sums.shape)
    misfit = np.where(target_sea & ~np.isnan(expected), np.abs(sums - expected), 0.0)
    point = int(np.argmax(misfit))
    if misfit[point] > tolerance:
        raise DataError(
            f"{weights.title}: the weights into {weights.place_target(point)} add up to"
            f" {sums[point]:.12g} ({np.count_nonzero(misfit > tolerance)} points are off by more"
            f" than {tolerance:g}), expected {expected[point]:.12g}; {REMEDY}"
        )


def _check_conservation(
    weights: Weights, source_area: np.ndarray, target_area: np.ndarray, tolerance: float
) -> None:
    sums = column_sums(weights, target_area)
    misfit = np.abs(sums - source_area) / np.max(source_area)
    point = int(np.argmax(misfit))
    if misfit[point] > tolerance:
        raise DataError(
            f"{weights.title}: the target takes {sums[point]:.12g} times what"
            f" {weights.place_source(point)} gives"
            f" ({np.count_nonzero(misfit > tolerance)} points are off by more than {tolerance:g}"
            f" of the largest area), expected its area {source_area[point]:.12g}; {REMEDY}"
        )
