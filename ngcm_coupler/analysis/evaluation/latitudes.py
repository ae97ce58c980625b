"""Means over rows, bands of latitude and boxes, and what alternates between rows."""

from __future__ import annotations

import numpy as np

BANDS = (-90.0, -60.0, -30.0, -10.0, 10.0, 30.0, 60.0, 90.0)
"""Bounds of the bands of latitude [degrees north]."""

_ALTERNATING = np.array([1.0, -4.0, 6.0, -4.0, 1.0]) / 8.0
"""Weights that keep the difference of two rows of a zigzag and nothing of a cubic."""


def mean(average: np.ndarray, weight: np.ndarray) -> float:
    """Mean of what has a weight; NaN where nothing has."""
    there = weight > 0.0
    total = weight[there].sum()
    return float((average[there] * weight[there]).sum() / total) if total else np.nan


def zonal_means(average: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Mean of each row.

    Args:
      average: a field, anything where it has no weight, shape (nlat, nlon).
      weight: area of the surface that it is a mean over, shape (nlat, nlon).

    Returns:
      Shape (nlat,), NaN for rows without weight.
    """
    return np.array([mean(*row) for row in zip(average, weight, strict=True)])


def band_means(average: np.ndarray, weight: np.ndarray, latitudes: np.ndarray) -> np.ndarray:
    """Means over `BANDS`, arguments as of `zonal_means`; rows belong where their middle is."""
    place = np.digitize(latitudes, BANDS[1:-1])
    return np.array([
        mean(average[place == band], weight[place == band]) for band in range(len(BANDS) - 1)
    ])  # fmt: skip


def box_mean(
    average: np.ndarray,
    weight: np.ndarray,
    latitudes: np.ndarray,
    longitudes: np.ndarray,
    box: tuple[float, float, float, float],
) -> float:
    """Mean over a box.

    Args:
      average: a field, shape (nlat, nlon).
      weight: area that it is a mean over, shape (nlat, nlon).
      latitudes: of the rows [degrees north].
      longitudes: of the columns [degrees east].
      box: south, north, west, east [degrees]; from west eastward, across Greenwich where west is
        the greater.
    """
    south, north, west, east = box
    rows = (latitudes >= south) & (latitudes <= north)
    columns = (longitudes - west) % 360.0 <= (east - west) % 360.0
    inside = rows[:, np.newaxis] & columns
    return mean(average[inside], weight[inside])


def alternation(rows: np.ndarray) -> np.ndarray:
    """How much each row differs from its neighbours as one of a zigzag does.

    Rows that are a + d/2, a - d/2, a + d/2 and so on give d, -d, d; what a cubic through five of
    them follows gives nothing.

    Args:
      rows: zonal means, shape (nlat,).

    Returns:
      Difference from row to row, in the unit of the rows, shape (nlat,); NaN where one of the five
      rows is missing.
    """
    found = np.full(rows.shape, np.nan)
    if rows.size >= _ALTERNATING.size:
        found[2:-2] = np.convolve(rows, _ALTERNATING, mode="valid")
    return found


def tropical_maximum(rows: np.ndarray, latitudes: np.ndarray) -> tuple[float, float]:
    """The largest zonal mean within 20 degrees of the equator, and its latitude."""
    tropics = np.flatnonzero((np.abs(latitudes) <= 20.0) & np.isfinite(rows))
    if not tropics.size:
        return np.nan, np.nan
    place = tropics[rows[tropics].argmax()]
    return float(rows[place]), float(latitudes[place])


def degrees_text(latitude: float) -> str:
    """A latitude as people write it, to the degree."""
    return f"{abs(latitude):.0f}{'S' if latitude < 0.0 else 'N'}"
