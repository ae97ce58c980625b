"""A smoothing that keeps the sum over the globe and makes no value negative, on any grid of rows.

It is what diffusion does in a given time to a field on the grid's own cells. What a face passes on
its two cells share, so that nothing is lost; and a field that is positive stays so. Spherical
harmonics have neither on a grid, and are known for one kind of grid only.
"""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np
from scipy.linalg import eigh_tridiagonal

from ngcm_coupler.grid import Grid

_DIGITS_KEPT = -16.0
"""Logarithm of what is left of a mode that single precision can do without."""


class HeatKernel:
    """The linear operator; callable on fields of shape (grid.size,), and differentiable."""

    def __init__(self, grid: Grid, wavenumber: float) -> None:
        """Prepares the modes of diffusion along the meridians, for each wave along the rows.

        Args:
          grid: the cells.
          wavenumber: total wavenumber l0 [1], positive. Of a harmonic of degree l is left what a
            Gaussian leaves, exp(-(l / l0)**2 / 2): at l0 on a fine enough row, and within 0.15
            elsewhere.
        """
        self._shape = (grid.nlat, grid.nlon)
        thickness = np.diff(grid.sine_bounds)
        meridional, zonal = _conductances(grid)
        # The matrix is sqrt(w) L / sqrt(w), symmetric; all waves have the same off-diagonal.
        beside = meridional / np.sqrt(thickness[1:] * thickness[:-1])
        towards = np.append(meridional, 0.0) + np.append(0.0, meridional)
        spacing = 2.0 * np.pi / grid.nlon
        time = _time(wavenumber, spacing)
        modes = []
        for wave in range(grid.nlon // 2 + 1):
            curvature = (2.0 - 2.0 * np.cos(wave * spacing)) / spacing**2
            diagonal = -(towards + curvature * zonal) / thickness
            least = _DIGITS_KEPT / time
            if diagonal.max() + 2.0 * beside.max(initial=0.0) < least:
                break
            values, vectors = eigh_tridiagonal(
                diagonal, beside, select="v", select_range=(least, np.inf)
            )
            if not values.size:
                break
            modes.append(vectors * np.exp(0.5 * time * values))
        width = max(mode.shape[1] for mode in modes)
        padded = [np.pad(mode, ((0, 0), (0, width - mode.shape[1]))) for mode in modes]
        self._modes = np.array(padded, np.float32)
        self._root = np.sqrt(thickness).astype(np.float32)[:, None]

    def __call__(self, values: jax.Array) -> jax.Array:
        """The field smoothed, shape (n,); its mean over the globe is kept to rounding."""
        waves = jnp.fft.rfft(values.reshape(self._shape) * self._root)
        kept, known = len(self._modes), waves.shape[-1]
        parts = jnp.stack([waves.real, waves.imag], axis=-1)[:, :kept]
        spread = functools.partial(jnp.einsum, precision=jax.lax.Precision.HIGHEST)
        amplitudes = spread("mjk,jmc->mkc", self._modes, parts)
        smooth = spread("mjk,mkc->jmc", self._modes, amplitudes)
        smooth = jnp.pad(smooth, ((0, 0), (0, known - kept), (0, 0)))
        rows = jnp.fft.irfft(jax.lax.complex(smooth[..., 0], smooth[..., 1]), n=self._shape[1])
        return (rows / self._root).reshape(-1)


def _conductances(grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """What diffuses for a difference of one: between rows, and between columns, per radian.

    Returns:
      Of the faces between two rows, shape (nlat - 1,), and of those within a row, shape (nlat,).
    """
    latitude = np.deg2rad(grid.latitudes)
    meridional = np.sqrt(1.0 - grid.sine_bounds[1:-1] ** 2) / np.diff(latitude)
    zonal = np.diff(np.deg2rad(grid.latitude_bounds)) / np.cos(latitude)
    return meridional, zonal


def _time(wavenumber: float, spacing: float) -> float:
    """How long to diffuse, on the unit sphere, so that a wave of that number becomes exp(-1/2).

    Between columns a short wave diffuses slower than on the sphere, which is made good here.
    """
    turn = min(wavenumber * spacing, np.pi)
    return 0.5 / wavenumber**2 * turn**2 / (2.0 - 2.0 * np.cos(turn))
