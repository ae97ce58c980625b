"""Precipitation from the water that the model's column physics takes out of the air.

Most checkpoints predict no precipitation, but what their physics takes out of a column is
precipitation less evaporation, and the tiles know evaporation. Their sum is precipitation, in the
mean over a region: column by column it has noise of the shortest waves.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import jax.numpy as jnp
from jax import Array

_RESIDENCE_SECONDS = 10.0 * 86400.0

_TRACE = 1e-10
"""What is too little to be shared [kg m-2 s-1]: 0.01 mm in three years, and what rounding makes of
a smoothed shower."""


def cleared_among_neighbours(
    precipitation: Array, spread: Callable[[Array], Array], rounds: int = 2
) -> Array:
    """Pays what is below zero from the rain near by, and changes no sum over the globe.

    In each round a column that lacks water asks its neighbours in proportion to what falls on each
    and to the weight that the kernel gives them. It asks for no more than the mean of what falls
    round it, so that no neighbour pays more than it has. What lacks water over a wider region than
    the kernel's stays negative.

    Args:
      precipitation: of either sign [kg m-2 s-1], shape (n,).
      spread: a smoothing as `HeatKernel`, which keeps sums over the globe and what is positive.
      rounds: each reaches one width of the kernel farther.

    Returns:
      Precipitation [kg m-2 s-1], shape (n,), where it is positive no more than before, and where
      negative no less.
    """
    for _ in range(rounds):
        surplus, lack = jnp.maximum(precipitation, 0.0), jnp.maximum(-precipitation, 0.0)
        near = _between(0.0, spread(surplus), jnp.inf)
        share = lack / jnp.maximum(jnp.maximum(near, lack), _TRACE)
        # Rounding may make a sum of shares a little less than none, or more than all.
        paid = surplus * _between(0.0, spread(share), 1.0)
        precipitation = surplus - paid - (lack - share * near)
    return precipitation


def _between(least: float, values: Array, largest: float) -> Array:
    """The values within bounds; unlike `jnp.clip`, with a whole derivative at a bound."""
    return jnp.where(values < least, least, jnp.where(values > largest, largest, values))


def precipitation_step(wanted: Array, debt: Array, seconds: float) -> tuple[Array, Array]:
    """Precipitation of a step, never negative; what would be is owed by the column.

    The model and the tiles know nothing of each other, so that their sum is often negative. Later
    precipitation of the same column pays the debt first. Exported water less the change of debt is
    what was wanted, step by step.

    Args:
      wanted: precipitation of either sign [kg m-2 s-1], shape (n,).
      debt: water that the column owes [kg m-2], not negative, shape (n,).
      seconds: length of the step [s].

    Returns:
      Precipitation [kg m-2 s-1] and the new debt [kg m-2], each of shape (n,). An input moves
      either the one or the other, and half of each where both are zero: what it adds in water is
      kept by the gradients too.
    """
    due = wanted * seconds - debt
    return jnp.maximum(due, 0.0) / seconds, jnp.maximum(-due, 0.0)


def remembered_debt(debt: Array, seconds: float) -> Array:
    """What is left of a debt after a step in which nothing fell.

    Where the tiles evaporate less than the model has learned to, a debt would grow for ever. Water
    stays in the air for ten days; an older debt is no longer one of the column but of the globe,
    which pays it by the factor that closes the global budget. So no debt exceeds what is missing
    in ten days.

    Args:
      debt: [kg m-2], shape (n,).
      seconds: length of the step [s].

    Returns:
      The debt [kg m-2], shape (n,).

    Source: Trenberth (1998), Climatic Change 39, 667-694: residence time of 9 to 10 days.
    """
    return debt * math.exp(-seconds / _RESIDENCE_SECONDS)
