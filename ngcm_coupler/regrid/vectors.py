"""Vectors on the sphere as three Cartesian components, which any interpolation may take apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ngcm_coupler.errors import ShapeError, ValueRangeError
from ngcm_coupler.fields.arguments import numbers

_LARGEST_ANGLE = 1080.0
"""Sums and differences of angles of a circle stay below it [degrees]."""


def axes(longitude: np.ndarray, latitude: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors to the east and to the north, each of shape (n, 3).

    Args:
      longitude: [degrees east], shape (n,).
      latitude: [degrees north], shape (n,).
    """
    longitude, latitude = np.deg2rad(longitude), np.deg2rad(latitude)
    east = np.stack([-np.sin(longitude), np.cos(longitude), np.zeros_like(longitude)], axis=-1)
    north = np.stack(
        [
            -np.sin(latitude) * np.cos(longitude),
            -np.sin(latitude) * np.sin(longitude),
            np.cos(latitude),
        ],
        axis=-1,
    )
    return east, north


def angle(name: str, values: ArrayLike, counting: np.ndarray) -> np.ndarray:
    """Takes the angles of a grid's own axes.

    Args:
      name: what messages call them.
      values: [degrees], shape (n,), or one for all.
      counting: points that take part, shape (n,); others may have any angle, NaN too.

    Raises:
      ArgumentError: these are no real numbers, or some are masked.
      ShapeError: they are not as many as the points.
      ValueRangeError: one that counts is not finite, or beyond 1080 degrees.
    """
    angles = numbers(name, values)
    if angles.shape not in ((), counting.shape):
        raise ShapeError(
            f"{name}: got angles of shape {angles.shape}, expected {counting.shape}, one a point of"
            " the grid"
        )
    angles = np.broadcast_to(angles, counting.shape)
    wrong = np.flatnonzero(counting & ~(np.abs(angles) <= _LARGEST_ANGLE))
    if wrong.size:
        raise ValueRangeError(
            f"{name}: {wrong.size} of {counting.size} angles are not finite or beyond"
            f" {_LARGEST_ANGLE:g} degrees; the first is {angles[wrong[0]]:g} at point"
            f" {wrong[0] + 1}, expected degrees, counter-clockwise from east"
        )
    return angles


def rotate(
    first: np.ndarray, second: np.ndarray, angle: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Components along axes that are turned counter-clockwise by an angle.

    Args:
      first: component along the old first axis (east, say), shape (..., n).
      second: component along the old second axis (north, say), shape (..., n).
      angle: from the old first axis to the new one [degrees], shape (n,). The negative angle turns
        components back.

    Returns:
      Components along the new axes, each of shape (..., n).
    """
    cosine, sine = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    return cosine * first + sine * second, cosine * second - sine * first
