"""The closing of the water budget of the globe by one factor on precipitation."""

from __future__ import annotations

import numpy as np

_LARGEST_FACTOR = 10.0
"""Precipitation is multiplied by no more in one interval, so that water left over from dry ones is
not poured on the few points where it rains next."""


def close_water_budget(
    precipitation: np.ndarray, area_weights: np.ndarray, target: float, remainder: float
) -> tuple[np.ndarray, float, float]:
    """Multiplies precipitation by one factor, so that the globe gets what the air has lost.

    Runs on the host, in double precision. Single precision of what is returned leaves a remainder,
    which the next interval makes good: the sum over intervals is exact.

    Args:
      precipitation: means of an interval [kg m-2 s-1], not negative, float32, shape (k, n); all
        rows, such as rain and snow, are multiplied alike.
      area_weights: area of each point over that of the globe [1], float64, shape (n,).
      target: precipitation that closes the budget, mean over globe and interval [kg m-2 s-1]: mean
        evaporation less the change of the water in the air.
      remainder: what earlier intervals of the same length owe the surface [kg m-2 s-1]; 0 at the
        start of a run.

    Returns:
      Precipitation, float32, shape (k, n); the new remainder [kg m-2 s-1]; and the factor [1].
      Where nothing is to fall on the globe as a whole, or nothing does fall, all is zero and in
      the remainder, likewise what a factor above 10 would add.
    """
    wanted = target + remainder
    weighted = (precipitation.astype(np.float64) * area_weights).sum()
    factor = 0.0
    if wanted > 0.0 and weighted > 0.0:
        factor = min(float(wanted / weighted), _LARGEST_FACTOR)
    closed = (precipitation * np.float64(factor)).astype(np.float32)
    exported = (closed.astype(np.float64) * area_weights).sum()
    return closed, float(wanted - exported), factor
