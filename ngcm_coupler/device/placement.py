"""Members in parts, on the devices of several ranks."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import jax

from ngcm_coupler.interval import CoupledState

WHOLE, STATE, ANY_PARTS = "whole", "state", "any parts"
"""What a function returns: arrays that every rank needs whole, a state that is split, or something
on the way to it, which may be split in any way."""


class OnMesh:
    """States in parts, each rank with a part of the levels; everything else whole on all of them.

    It stands in the place of a `Compiler`, which has everything on one device.
    All ranks of the mesh make the same calls in the same order.
    """

    def __init__(self, mesh: Any, template: CoupledState) -> None:
        """Prepares the shardings.

        Args:
          mesh: of `engine.neuralgcm.mesh.Split`.
          template: a state as `jax.ShapeDtypeStruct` leaves.
        """
        from ngcm_coupler.engine.neuralgcm import mesh as meshes

        self._meshes = meshes
        self._whole = meshes.replicated(mesh)
        atmosphere = meshes.state_shardings(template.atmosphere, mesh)
        rest = jax.tree.map(lambda _: self._whole, template)
        self._state = dataclasses.replace(rest, atmosphere=atmosphere)

    def put(self, values: Any) -> Any:
        """Copies a pytree of arrays, the same on all ranks, to every device."""
        return self._meshes.place(values, self._whole)

    def put_state(self, state: CoupledState) -> CoupledState:
        """Copies to each device its part of a state that all ranks have whole, or have in parts."""
        leaves = jax.tree.leaves(state)
        if all(isinstance(leaf, jax.Array) and not leaf.is_fully_addressable for leaf in leaves):
            return state
        return self._meshes.place(state, self._state)

    def function(
        self,
        label: str,
        function: Callable[..., Any],
        gives: Any = WHOLE,
        donate: tuple[int, ...] = (),
        sees: str = "",
    ) -> Callable[..., Any]:
        """The function compiled at its first call.

        Args:
          label: what it is, for messages.
          function: pure; its first argument is the parameters.
          gives: `WHOLE`, `STATE` or `ANY_PARTS`; a tuple for a function that returns several.
          donate: places of arguments whose memory the results may take.
          sees: of no matter, as nothing is kept under it.
        """
        kinds = {WHOLE: self._whole, STATE: self._state, ANY_PARTS: None}
        many = isinstance(gives, tuple)
        shardings = tuple(kinds[each] for each in gives) if many else kinds[gives]
        return jax.jit(function, out_shardings=shardings, donate_argnums=donate)

    def structure(self, label: str, make: Callable[[], Any]) -> Any:
        """What `make` finds."""
        return make()

    def fetch(self, values: Any) -> Any:
        """The whole arrays on the host of every rank, random keys as their bits."""
        return self._meshes.fetch(values)
