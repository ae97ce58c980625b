"""The weights of a configuration, and how well they do."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from ngcm_coupler.couplers.oasis.coupling import Remapping
from ngcm_coupler.regrid.regrid import Regridder
from ngcm_coupler.regrid.weights import GridPoints, Weights, column_sums, row_sums

if TYPE_CHECKING:
    from ngcm_coupler.regrid.exchange_grid import ExchangeGrid


@dataclasses.dataclass(frozen=True)
class Quality:
    """What weights do.

    Attributes:
      links: their number.
      row_sums: least and greatest sum of the weights into a point that gets any [1].
      conservation: largest error of what one source point counts in the sum over the target, over
        the largest that one does [1]; None for weights that do not conserve.
      closure: difference between the integrals of a wavy field on both sides, over the one that is
        sent [1]; None likewise.
    """

    links: int
    row_sums: tuple[float, float]
    conservation: float | None
    closure: float | None


def regridder(exchange: ExchangeGrid, remapping: Remapping) -> Regridder:
    """One way between the grids, checked.

    Raises:
      DataError: its weights lose or invent what they carry.
    """
    made = exchange.regridder(
        remapping.direction, remapping.method, fill=remapping.fill, norm=remapping.norm
    )
    made.check()
    return made


def weights_of(made: Regridder, remapping: Remapping) -> Weights:
    """The content of its weight file, with the grids by the names that OASIS has for them."""
    weights = made.weights
    return dataclasses.replace(
        weights,
        source=_named(weights.source, remapping.source),
        target=_named(weights.target, remapping.target),
        title=remapping.file.removesuffix(".nc"),
    )


def quality(made: Regridder) -> Quality:
    """Measures one way between the grids."""
    weights = made.weights
    sums = row_sums(weights)[np.diff(made.matrix.indptr) > 0]
    limits = float(sums.min()), float(sums.max())
    sent_area, received_area = made.source.flux_area, made.target.flux_area
    points = made.source.points
    conserves = made.method.startswith("conservative")
    if not conserves or sent_area is None or received_area is None or points is None:
        return Quality(weights.weight.size, limits, None, None)
    counted = column_sums(weights, received_area)
    conservation = float(np.abs(counted - sent_area).max() / sent_area.max())
    field = _wavy(points)
    sent, received = float(sent_area @ field), float(received_area @ made.apply(field))
    return Quality(weights.weight.size, limits, conservation, abs(received - sent) / abs(sent))


def _named(points: GridPoints | None, name: str) -> GridPoints | None:
    return points and dataclasses.replace(points, name=name)


def _wavy(points: GridPoints) -> np.ndarray:
    """A wave of number 16 in mid-latitudes about a mean of 2. Source: Jones (1999), sec. 4a."""
    longitude, latitude = np.deg2rad(points.longitude), np.deg2rad(points.latitude)
    return 2.0 + np.sin(2.0 * latitude) ** 16 * np.cos(16.0 * longitude)
