"""How rain is spread: how much of the globe is dry, how far rain reaches, how strong it gets."""

from __future__ import annotations

import numpy as np


def share_of_area(chosen: np.ndarray, area: np.ndarray) -> float:
    """Part of the area in which something holds, mean over the records.

    Args:
      chosen: whether it does, shape (records, nlat, nlon).
      area: of the cells, shape (nlat, nlon).
    """
    return float((chosen * area).sum(axis=(-2, -1)).mean() / area.sum())


def lag_one(days: np.ndarray, area: np.ndarray) -> tuple[float, float]:
    """Correlation of the field of a day with its neighbours, mean over the days.

    Args:
      days: daily means, shape (days, nlat, nlon).
      area: of the cells, shape (nlat, nlon).

    Returns:
      With the neighbour to the east, round the globe, and with that to the north.
    """
    east = [correlation(day, np.roll(day, -1, axis=1), area) for day in days]
    north = [correlation(day[:-1], day[1:], np.sqrt(area[:-1] * area[1:])) for day in days]
    return float(np.mean(east)), float(np.mean(north))


def percentile(values: np.ndarray, area: np.ndarray, percent: float) -> float:
    """The value that so many percent of area and time do not exceed.

    Args:
      values: shape (records, nlat, nlon).
      area: of the cells, shape (nlat, nlon).
      percent: from 0 to 100.
    """
    flat, weight = values.ravel(), np.broadcast_to(area, values.shape).ravel()
    order = np.argsort(flat)
    reached = np.cumsum(weight[order])
    place = np.searchsorted(reached, 0.01 * percent * reached[-1])
    return float(flat[order][min(place, flat.size - 1)])


def correlation(first: np.ndarray, other: np.ndarray, weight: np.ndarray) -> float:
    """Correlation of two fields of cells that weigh so much; NaN where one does not vary."""
    weight = weight / weight.sum()
    a = first - (weight * first).sum()
    b = other - (weight * other).sum()
    spread = np.sqrt((weight * a * a).sum() * (weight * b * b).sum())
    return float((weight * a * b).sum() / spread) if spread > 0.0 else np.nan
