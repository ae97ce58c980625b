"""Vectors on the sphere as three Cartesian components, which any interpolation may take apart."""

from __future__ import annotations

import numpy as np


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
