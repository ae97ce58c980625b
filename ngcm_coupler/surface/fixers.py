"""Corrections that keep a long run on its budget, each stated and each to be switched off."""

from __future__ import annotations

import jax
import jax.numpy as jnp


def dry_mass_correction(dry_air_pressure: jax.Array, target: jax.Array) -> jax.Array:
    """What to multiply the mass of the air by, as a logarithm, so that that of dry air is kept.

    A published model does not know that air is conserved: the demo checkpoint gains 44 Pa in
    ten days, and users report that such a drift ends a run after years. The same factor everywhere
    leaves every pressure gradient force, and so the wind, as it is.

    Args:
      dry_air_pressure: pressure of dry air at the surface, mean over the globe [Pa], shape ().
      target: the same at the start of the run [Pa], shape ().

    Returns:
      Logarithm of the factor [1], shape ().
    """
    # log(target / pressure), but the quotient is so near to 1 that single precision would lose it.
    return jnp.log1p((target - dry_air_pressure) / dry_air_pressure)


def borrow_humidity(specific_humidity: jax.Array, pressure_thickness: jax.Array) -> jax.Array:
    """Fills negative humidity with water from the same column.

    A layer borrows from the layer below, which may have to borrow in turn; what is missing in the
    lowest one is taken from the nearest layers above. Where nothing is negative, every bit stays
    as it is. A column with less than no water in all cannot pay, and is left alone: making it
    positive would create water.

    Args:
      specific_humidity: [1], top level first, shape (levels, n).
      pressure_thickness: of the layers [Pa], positive, shape (levels, n).

    Returns:
      Specific humidity [1], shape (levels, n), with the same water in each column.
    """

    def pay(debt: jax.Array, layer: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        humidity, thickness = layer
        left = humidity + debt / thickness
        return jnp.minimum(left, 0.0) * thickness, jnp.maximum(left, 0.0)

    none = jnp.zeros_like(specific_humidity[0])
    debt, filled = jax.lax.scan(pay, none, (specific_humidity, pressure_thickness))
    debt, filled = jax.lax.scan(pay, debt, (filled, pressure_thickness), reverse=True)
    return jnp.where(debt < 0.0, specific_humidity, filled)
