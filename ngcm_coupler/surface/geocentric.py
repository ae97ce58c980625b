"""Horizontal vectors by components along axes that are the same at every point of the Earth.

The x axis goes from the centre of the Earth to 0 degrees east on the equator, the y axis to 90
degrees east, the z axis to the north pole.
"""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array


def geocentric_components(
    eastward: Array, northward: Array, longitude: Array, latitude: Array
) -> tuple[Array, Array, Array]:
    """A vector by its components along x, y and z.

    Args:
      eastward: in any unit, shape (n,).
      northward: in the same unit, shape (n,).
      longitude: [rad], shape (n,).
      latitude: [rad], shape (n,).

    Returns:
      The three components, shape (n,) each.
    """
    outward = -jnp.sin(latitude) * northward  # from the axis of the Earth
    return (
        jnp.cos(longitude) * outward - jnp.sin(longitude) * eastward,
        jnp.sin(longitude) * outward + jnp.cos(longitude) * eastward,
        jnp.cos(latitude) * northward,
    )


def horizontal_components(
    x: Array, y: Array, z: Array, longitude: Array, latitude: Array
) -> tuple[Array, Array]:
    """A vector by its eastward and northward components; what is vertical in it is left out.

    Args:
      x: in any unit, shape (n,).
      y: in the same unit, shape (n,).
      z: likewise.
      longitude: [rad], shape (n,).
      latitude: [rad], shape (n,).

    Returns:
      The eastward and the northward component, shape (n,) each.
    """
    outward = jnp.cos(longitude) * x + jnp.sin(longitude) * y
    return (
        jnp.cos(longitude) * y - jnp.sin(longitude) * x,
        jnp.cos(latitude) * z - jnp.sin(latitude) * outward,
    )
