"""The first restart files: what the partner has "sent" before the first interval of a run.

A lagged field is read from its restart file at the start. At the first start of a run there is no
run before it: the ocean's fields are then those of the atmosphere's initial state, and the
atmosphere's fluxes of a concurrent coupling are those of the first interval over that surface.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ngcm_coupler.couplers.oasis.coupling import Pair

if TYPE_CHECKING:
    from ngcm_coupler.component import Component
    from ngcm_coupler.regrid.exchange_grid import ExchangeGrid

_ICE = "sea_ice_area_fraction"


def ocean_fields(
    pairs: Sequence[Pair], atmosphere: Component, exchange: ExchangeGrid
) -> dict[str, np.ndarray]:
    """What the ocean would have sent, on its grid, by its own names.

    Args:
      pairs: the exchange.
      atmosphere: before its first put, so that its imports are its initial state.
      exchange: between its grid and the ocean's.

    Returns:
      OASIS name -> values, shape (n,); zero on land. A name that several imports are made from,
      such as an albedo of direct and diffuse light, has their mean.
    """
    regridder = exchange.regridder("to_surface", "bilinear", fill="nearest")
    sea = exchange.surface.sea
    ice = np.where(sea, regridder.apply(atmosphere.get(_ICE)), 0.0).clip(0.0, 1.0)
    makers: dict[str, list[np.ndarray]] = {}
    for pair in pairs:
        if pair.field.direction == "import":
            values = np.where(sea, regridder.apply(atmosphere.get(pair.field.name)), 0.0)
            if pair.field.name == _ICE:
                values = ice
            makers.setdefault(pair.source, []).append(values * ice if pair.ice_weighted else values)
    return {name: np.mean(arrays, axis=0) for name, arrays in makers.items()}


def atmosphere_fields(pairs: Sequence[Pair], atmosphere: Component) -> dict[str, np.ndarray]:
    """What the atmosphere would have sent: its exports of the first interval, which it advances.

    Returns:
      OASIS name -> values, shape (grid.size,).
    """
    for pair in pairs:
        if pair.field.direction == "import":
            name = pair.field.name
            atmosphere.put(name, atmosphere.get(name))
    atmosphere.advance()
    return {
        pair.source: atmosphere.get(pair.field.name)
        for pair in pairs
        if pair.field.direction == "export"
    }
