"""Members of an ensemble: what makes each of them another one, and nothing else does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from ngcm_coupler.air import Increments
from ngcm_coupler.config.run_groups import CONTROL, Ensemble
from ngcm_coupler.device.leaves import named_leaves
from ngcm_coupler.engine.atmosphere import Atmosphere, AtmosphereState
from ngcm_coupler.interval import CoupledState

_PERTURBATION = 0x7E77
"""Draws the noise of a member from its key, apart from what the model draws from it."""

SHARED = (
    "state.day",
    "state.second",
    "state.air.begun",
    "state.exchange.radiation.begun",
)
"""Leaves of a state that are the same of all members, as `named_leaves` calls them."""


def member_key(seed: int, number: int) -> jax.Array:
    """The random key of a member, which depends on its number and not on who else there is.

    Args:
      seed: random_seed of &ngcm_model.
      number: of the member; the control has the key of a run without an ensemble.
    """
    key = jax.random.key(seed)
    return key if number == CONTROL else jax.random.fold_in(key, number)


def whose(ensemble: Ensemble, place: int) -> str:
    """Which member a message is of; nothing where there is only the control.

    Args:
      ensemble: the settings.
      place: of the member among those of the run.
    """
    number = ensemble.first_member + place
    return "" if ensemble.members == 1 and number == CONTROL else f" of member {number}"


def perturbed(
    atmosphere: Atmosphere, state: AtmosphereState, key: jax.Array, size: float | jax.Array
) -> AtmosphereState:
    """The initial state of a member with noise in its air temperature.

    Args:
      atmosphere: the engine.
      state: the state without.
      key: of the member.
      size: standard deviation [K] of the noise at each level and point of the grid, of which
        stays what the model resolves.
    """
    shape = (len(atmosphere.nominal_levels), atmosphere.grid.size)
    noise = jax.random.normal(jax.random.fold_in(key, _PERTURBATION), shape, jnp.float32)
    return atmosphere.with_increments(state, Increments(air_temperature=size * noise))


def batched(ensemble: Ensemble, platform: str) -> bool:
    """Whether the members of a rank are computed as one batch, and not in turn.

    On a CPU a batch is no faster than its members in turn, which need less memory and whose bits
    do not depend on how many they are.
    """
    choices = {"in_turn": False, "batch": True, "auto": platform != "cpu"}
    return choices[ensemble.computed]


def over_members(
    function: Callable[..., Any], imports_axis: int | None
) -> Callable[[Any, CoupledState, jax.Array], Any]:
    """A function of one member as one of a batch.

    What all members share, the date and what has been computed once, stays one value in it: of a
    branch whose condition has an axis XLA computes both sides, for every member in every step.

    Args:
      function: of parameters, state and imports.
      imports_axis: of the members in the imports; None if they share them.
    """

    def batch(parameters: Any, states: CoupledState, imports: jax.Array) -> Any:
        structure = jax.tree.structure(states)
        named = named_leaves(states)
        axes = [None if name in SHARED else 0 for name, _ in named]
        leaves = [leaf[0] if name in SHARED else leaf for name, leaf in named]
        return jax.vmap(
            lambda leaves, imports: function(
                parameters, jax.tree.unflatten(structure, leaves), imports
            ),
            (axes, imports_axis),
        )(leaves, imports)

    return batch
