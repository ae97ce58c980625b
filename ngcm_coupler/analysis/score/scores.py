"""The scores of an ensemble at one time, on arrays.

Sources: Ferro (2014), Fair scores for ensemble forecasts, Q. J. R. Meteorol. Soc. 140; Zamo and
Naveau (2018), Estimation of the continuous ranked probability score with limited information,
Math. Geosci. 50; Fortin et al. (2014), Why should ensemble spread match the RMSE of the ensemble
mean?, J. Hydrometeorol. 15.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np


@dataclasses.dataclass(frozen=True)
class Scores:
    """Scores of one field at one time; not a number where undefined.

    Attributes:
      coverage: share of the area on which all members and the reference have a value [1].
      bias: ensemble mean less reference, in the field's unit as all but the ratio.
      rmse: root-mean-square error of the ensemble mean.
      spread: root of the mean unbiased variance of the members; undefined for one.
      spread_skill: spread over error, 1 for members from the distribution of the reference.
      crps: fair continuous ranked probability score; of one member the mean absolute error.
    """

    coverage: float
    bias: float
    rmse: float
    spread: float
    spread_skill: float
    crps: float


def fair_crps(members: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """The CRPS that an ensemble of any size has in the mean as if it had members without end.

        sum_i |x_i - y| / M  -  sum_ij |x_i - x_j| / (2 M (M - 1))

    Args:
      members: float64, shape (M, n).
      reference: float64, shape (n,).

    Returns:
      Shape (n,). A single member has no second term: it is scored as a deterministic forecast.

    Source: Ferro (2014); Zamo and Naveau (2018), where it is compared with other estimates.
    """
    count = len(members)
    error = np.abs(members - reference).mean(axis=0)
    if count == 1:
        return error
    # Of the sorted members the i-th is the larger one in i pairs and the smaller in M - 1 - i.
    rank = 2.0 * np.arange(count) - count + 1.0
    pairs = np.tensordot(rank, np.sort(members, axis=0), axes=1)
    return error - pairs / (count * (count - 1.0))


def scores(members: np.ndarray, reference: np.ndarray, weights: np.ndarray) -> Scores:
    """Scores as means over the area.

    A point counts only where the reference and every member have a value.

    Args:
      members: float64, not a number where there is no value, shape (M, n).
      reference: the same, shape (n,).
      weights: area of each point, 0 or more, shape (n,).

    Source of the ratio: Fortin et al. (2014), with the factor (M + 1) / M by which the mean square
    error of the mean of M members exceeds the variance of the distribution.
    """
    there = np.isfinite(reference) & np.isfinite(members).all(axis=0) & (weights > 0.0)
    area = weights[there]
    if not area.size:
        return Scores(0.0, *[math.nan] * 5)
    members, reference = members[:, there], reference[there]
    count = len(members)
    error = members.mean(axis=0) - reference

    def mean(values: np.ndarray) -> float:
        return float(np.average(values, weights=area))

    rmse = math.sqrt(mean(error**2))
    spread = math.sqrt(mean(members.var(axis=0, ddof=1))) if count > 1 else math.nan
    return Scores(
        coverage=float(area.sum() / weights.sum()),
        bias=mean(error),
        rmse=rmse,
        spread=spread,
        spread_skill=math.sqrt((count + 1.0) / count) * spread / rmse if rmse else math.nan,
        crps=mean(fair_crps(members, reference)),
    )
