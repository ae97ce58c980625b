"""Corrections that keep a long run on its budget, each stated and each to be switched off."""

from __future__ import annotations

import jax
import jax.numpy as jnp


def dry_mass_correction(dry_air_pressure: jax.Array, target: jax.Array) -> jax.Array:
    """What to add to the logarithm of surface pressure, so that the mass of dry air is kept.

    A published model does not know that air is conserved: the demo checkpoint gains 44 Pa in
    ten days, and users report that such a drift ends a run after years. The same factor everywhere
    leaves every pressure gradient force, and so the wind, as it is.

    Args:
      dry_air_pressure: pressure of dry air at the surface, mean over the globe [Pa], shape ().
      target: the same at the start of the run [Pa], shape ().

    Returns:
      The correction of log(surface pressure) [1], shape ().
    """
    # log(target / pressure), but the quotient is so near to 1 that single precision would lose it.
    return jnp.log1p((target - dry_air_pressure) / dry_air_pressure)
