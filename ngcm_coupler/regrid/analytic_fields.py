"""Fields given by formulae, with which regridding is commonly measured.

Source: Valcke, Piacentini & Jonville (2022), Benchmarking regridding libraries used in Earth system
modelling, Math. Comput. Appl. 27, 31. The Gulf Stream's longitudes count from -180, as in YAC.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


def sinusoid(longitude: np.ndarray, latitude: np.ndarray) -> np.ndarray:
    """One smooth wave round the globe.

    Args:
      longitude: [degrees east], shape (n,).
      latitude: [degrees north], shape (n,).

    Returns:
      Values from 1 to 3, shape (n,); so have the other fields, but for the Gulf Stream's peak.
    """
    lam, phi = np.deg2rad(longitude), np.deg2rad(latitude)
    distance = np.arccos(np.clip(np.cos(lam) * np.cos(phi), -1.0, 1.0))
    return 2.0 - np.cos(distance / 1.2)


def harmonic(longitude: np.ndarray, latitude: np.ndarray) -> np.ndarray:
    """The spherical harmonic of degree 32 and order 16, as `sinusoid`."""
    lam, phi = np.deg2rad(longitude), np.deg2rad(latitude)
    return 2.0 + np.sin(2.0 * phi) ** 16 * np.cos(16.0 * lam)


def vortex(longitude: np.ndarray, latitude: np.ndarray) -> np.ndarray:
    """Two vortices that have rolled up a front, as `sinusoid`."""
    lam, phi = np.deg2rad(longitude) - 5.5, np.deg2rad(latitude)
    tilt = 0.2
    x = np.sin(tilt) * np.cos(phi) * np.cos(lam) - np.cos(tilt) * np.sin(phi)
    y = np.cos(phi) * np.sin(lam)
    z = np.sin(tilt) * np.sin(phi) + np.cos(tilt) * np.cos(phi) * np.cos(lam)
    radius = 3.0 * np.sqrt(np.maximum(1.0 - z**2, 0.0))
    speed = 1.5 * np.sqrt(3.0) * np.tanh(radius) / np.cosh(radius) ** 2
    turned = 6.0 * np.divide(speed, radius, out=np.zeros_like(radius), where=radius > 0.0)
    return 2.0 * (1.0 + np.tanh(radius / 5.0 * np.sin(np.arctan2(y, x) - turned)))


def gulf_stream(longitude: np.ndarray, latitude: np.ndarray) -> np.ndarray:
    """The sinusoid and on it a narrow meandering current, as `sinusoid`."""
    start, end, fading = np.deg2rad([(-80.0, 25.0), (-1.8, 50.0), (-25.5, 55.5)])
    lam = np.deg2rad((longitude + 180.0) % 360.0 - 180.0) - start[0]
    phi = np.deg2rad(latitude) - start[1]
    whole, strong = np.hypot(*(end - start)), np.hypot(*(fading - start))
    distance, bearing = np.hypot(lam, phi), np.arctan2(phi, lam)
    strength = np.where(distance > whole, 0.0, 1.3)
    fade = np.cos(0.5 * np.pi * (distance - strong) / (whole - strong))
    strength = np.where(distance > strong, strength * fade, strength)
    meander = 0.4 * (0.5 * distance + bearing) + 0.007 * np.cos(50.0 * bearing) + 0.37 * np.pi
    jet = np.maximum(1000.0 * np.sin(meander), 999.0) - 999.0
    return sinusoid(longitude, latitude) + strength * jet


FIELDS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "sinusoid": sinusoid,
    "harmonic": harmonic,
    "vortex": vortex,
    "gulf stream": gulf_stream,
}
"""Name -> a function of longitude and latitude [degrees]."""
