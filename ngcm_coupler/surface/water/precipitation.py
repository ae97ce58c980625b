"""Precipitation from the water that the model's column physics takes out of the air.

Most checkpoints predict no precipitation, but what their physics takes out of a column is
precipitation less evaporation, and the tiles know evaporation. Their sum is precipitation.
"""

from __future__ import annotations

import math

import jax.numpy as jnp
from jax import Array

_RESIDENCE_SECONDS = 10.0 * 86400.0


def precipitation_step(
    net_downward: Array, evaporation: Array, debt: Array, seconds: float
) -> tuple[Array, Array]:
    """Precipitation of a step, never negative; what would be is owed by the column.

    The model and the tiles know nothing of each other, so that their sum is often negative. Later
    precipitation of the same column pays the debt first. Exported water less the change of debt is
    the sum of the two, step by step.

    Args:
      net_downward: precipitation less evaporation by the model's physics [kg m-2 s-1], shape (n,).
      evaporation: of the whole cell by the tiles [kg m-2 s-1], upward, shape (n,).
      debt: water that the column owes [kg m-2], not negative, shape (n,).
      seconds: length of the step [s].

    Returns:
      Precipitation [kg m-2 s-1] and the new debt [kg m-2], each of shape (n,). An input moves
      either the one or the other, and half of each where both are zero: what it adds in water is
      kept by the gradients too.
    """
    wanted = (net_downward + evaporation) * seconds - debt
    return jnp.maximum(wanted, 0.0) / seconds, jnp.maximum(-wanted, 0.0)


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
