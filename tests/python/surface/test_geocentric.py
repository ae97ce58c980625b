"""Geocentric components of horizontal vectors."""

import numpy as np

from ngcm_coupler.surface.geocentric import geocentric_components, horizontal_components

RANDOM = np.random.default_rng(1)
LONGITUDE = RANDOM.uniform(0.0, 2.0 * np.pi, 200).astype(np.float32)
LATITUDE = np.arcsin(RANDOM.uniform(-1.0, 1.0, 200)).astype(np.float32)
EASTWARD, NORTHWARD = RANDOM.normal(size=(2, 200)).astype(np.float32)


def test_components_there_and_back_are_the_vector():
    there = geocentric_components(EASTWARD, NORTHWARD, LONGITUDE, LATITUDE)
    back = horizontal_components(*there, LONGITUDE, LATITUDE)
    # Single precision of components of a few.
    np.testing.assert_allclose(back, [EASTWARD, NORTHWARD], atol=1e-6)


def test_a_turning_earth_is_one_eastward_wind():
    """Solid rotation about the axis: v = k x r, in every frame."""
    x, y, z = geocentric_components(np.cos(LATITUDE), np.zeros_like(LATITUDE), LONGITUDE, LATITUDE)
    np.testing.assert_allclose(x, -np.cos(LATITUDE) * np.sin(LONGITUDE), atol=1e-6)
    np.testing.assert_allclose(y, np.cos(LATITUDE) * np.cos(LONGITUDE), atol=1e-6)
    np.testing.assert_allclose(z, 0.0, atol=1e-6)


def test_northward_at_the_equator_is_along_the_axis():
    here = np.zeros(3, np.float32)
    components = geocentric_components(here, np.ones(3, np.float32), np.arange(3.0), here)
    np.testing.assert_allclose(components, [[0.0] * 3, [0.0] * 3, [1.0] * 3], atol=1e-6)


def test_what_is_vertical_is_left_out():
    up = (np.cos(LATITUDE) * np.cos(LONGITUDE), np.cos(LATITUDE) * np.sin(LONGITUDE))
    horizontal = horizontal_components(*up, np.sin(LATITUDE), LONGITUDE, LATITUDE)
    np.testing.assert_allclose(horizontal, 0.0, atol=1e-6)
