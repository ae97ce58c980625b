"""Spherical harmonics of a field on rows and columns: power of each degree, and what is below one.

The harmonics are normalised so that the powers of all degrees add up to the mean square over the
globe.
"""

from __future__ import annotations

import dataclasses
import functools

import numpy as np


@dataclasses.dataclass(frozen=True)
class Harmonics:
    """The transform of a grid, exact for what Gaussian rows resolve.

    Rows elsewhere are summed by their area, which lets a little power leak between degrees.

    Attributes:
      sines: of the latitudes of the rows, shape (nlat,).
      weights: parts of the globe's area that the rows have, shape (nlat,).
      nlon: points on a row.
    """

    sines: np.ndarray
    weights: np.ndarray
    nlon: int

    @classmethod
    def of(cls, latitudes: np.ndarray, area: np.ndarray) -> Harmonics:
        """The transform of a grid.

        Args:
          latitudes: of its rows [degrees north], shape (nlat,).
          area: of its cells, shape (nlat, nlon).
        """
        weights = area.sum(axis=1) / area.sum()
        return cls(np.sin(np.deg2rad(latitudes)), weights, area.shape[1])

    @property
    def degrees(self) -> int:
        """How many degrees the grid resolves, from 0 on."""
        return min(self.sines.size, self.nlon // 2)

    def power(self, values: np.ndarray) -> np.ndarray:
        """Power of each degree, in the unit of the field squared.

        Args:
          values: a field or several, shape (..., nlat, nlon).

        Returns:
          Shape (..., degrees).
        """
        squares = np.abs(self._coefficients(values)) ** 2
        return squares[..., 0] + 2.0 * squares[..., 1:].sum(axis=-1)

    def below(self, values: np.ndarray, degree: int) -> np.ndarray:
        """The part of a field, or of several, that is of smaller degrees than the one given."""
        kept = self._coefficients(values)
        kept[..., degree:, :] = 0.0
        rows = np.einsum("...lm,lmj->...jm", kept, self._functions, optimize=True)
        return np.fft.irfft(rows, self.nlon, axis=-1) * self.nlon

    def _coefficients(self, values: np.ndarray) -> np.ndarray:
        """Complex, shape (..., degrees, orders)."""
        orders = np.fft.rfft(values, axis=-1)[..., : self.degrees] / self.nlon
        weighted = orders * self.weights[:, np.newaxis]
        return np.einsum("...jm,lmj->...lm", weighted, self._functions, optimize=True)

    @functools.cached_property
    def _functions(self) -> np.ndarray:
        """Legendre functions whose mean square is 1, by degree, order, row."""
        count, x = self.degrees, self.sines
        found = np.zeros((count, count, x.size))
        sectoral = np.ones_like(x)
        for m in range(count):
            if m:
                sectoral = sectoral * np.sqrt((2 * m + 1) / (2 * m) * (1.0 - x * x))
            before, now, b = np.zeros_like(x), sectoral, 1.0
            for degree in range(m, count):
                found[degree, m] = now
                a = _step(degree + 1, m)
                before, now = now, a * x * now - (a / b * before if degree > m else 0.0)
                b = a
        return found


def _step(degree: int, order: int) -> float:
    """Factor of the three-term recurrence from the degree before."""
    return float(np.sqrt((4.0 * degree**2 - 1.0) / (degree**2 - order**2)))


def mean_power(power: np.ndarray, first: int, last: int) -> float:
    """Mean power of a degree from the first to the last of them; NaN unless all are resolved."""
    return float(power[first : last + 1].mean()) if last < power.size else np.nan


def ratio(power: np.ndarray, of: tuple[int, int], to: tuple[int, int]) -> float:
    """Mean power of a degree of one range over that of another; NaN where there is none."""
    above, below = mean_power(power, *of), mean_power(power, *to)
    # Round-off of a field that is the same everywhere has no spectrum.
    return above / below if below > 1e-12 * power.sum() else np.nan
