"""The sea of a state that is coarser than a grid, without the steps between its cells.

Brought to a finer grid conservatively, a coarse sea is one of terraces: neighbouring rows of the
grid are as warm as each other, and the next are not, while the air above them has no such steps.
Every flux then has stripes. The terraces are the grid's, not the sea's.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from ngcm_coupler.engine.neuralgcm.initial_state.reading import State

OF_SEA = ("sea_surface_temperature", "sea_ice_cover")
"""What a state has of the sea."""

_HALVES = (slice(None, None, 2), slice(1, None, 2))
_ROUNDING = 1e-6
"""Part of a cell that is none [1]: on the centre of a cell its neighbours have 1e-16."""
_FEW = 4
"""A sea of fewer temperatures has been made up; that of a coarse globe has hundreds."""


@dataclasses.dataclass(frozen=True)
class Sea:
    """The sea in the cells that it is known in.

    Attributes:
      longitudes: centres of the cells, equally spaced round the globe [degrees east], shape (nx,).
      latitudes: centres of the cells from south to north [degrees north], shape (ny,).
      fields: name -> values, NaN where there is none, shape (nx, ny).
    """

    longitudes: np.ndarray
    latitudes: np.ndarray
    fields: dict[str, np.ndarray]

    @classmethod
    def of(cls, state: State) -> Sea:
        """The sea of a state: in its own cells, or in larger ones whose values it repeats.

        States are often made finer by giving a cell to each quarter of a coarser one; as long as
        all blocks of two by two cells are of one value, they are the cells. But a sea of plateaus,
        as of bands for an idealised run, is meant to have its steps, and stays as it is.
        """
        sea = cls(state.longitudes, state.latitudes, {name: state.fields[name] for name in OF_SEA})
        temperatures = np.unique(sea.fields[OF_SEA[0]])
        if np.isfinite(temperatures).sum() < _FEW:
            return sea
        while (larger := sea._in_blocks(0) or sea._in_blocks(1)) is not None:
            sea = larger
        return sea

    def interpolated(self, longitudes: np.ndarray, latitudes: np.ndarray) -> dict[str, np.ndarray]:
        """Brings it to a grid, linearly in longitude and latitude between the centres of cells.

        Of the four centres round a point those without a value have no part in it. So no value is
        outside of the range of those that it is made of, and land has none in it. The mean over a
        cell is not kept: neither a temperature nor a cover is ever added up over cells.

        Args:
          longitudes: of the grid's columns [degrees east], shape (nlon,).
          latitudes: of its rows [degrees north], shape (nlat,).

        Returns:
          Name -> values, float32, NaN where none of the four has one, shape (nlon, nlat).
        """
        along = _weights_round(self.longitudes, longitudes)
        across = _weights_between(self.latitudes, latitudes)
        found = {}
        for name, values in self.fields.items():
            known = np.isfinite(values)
            part = along @ known @ across.T
            total = along @ np.where(known, values, 0.0).astype(np.float64) @ across.T
            with np.errstate(invalid="ignore"):
                found[name] = (total / np.where(part > _ROUNDING, part, np.nan)).astype(np.float32)
        return found

    def _in_blocks(self, first: int) -> Sea | None:
        """The same sea in blocks of two by two cells, if each is of one value.

        Args:
          first: column that the first block begins with.
        """
        nx, ny = self.longitudes.size, self.latitudes.size
        if nx % 2 or ny % 2 or min(nx, ny) < 4:
            return None
        fields = {}
        for name, values in self.fields.items():
            turned = np.roll(values, -first, axis=0)
            corner = turned[::2, ::2]
            for east in _HALVES:
                for north in _HALVES:
                    if not np.array_equal(turned[east, north], corner, equal_nan=True):
                        return None
            fields[name] = corner
        half_a_step = 180.0 / nx
        return Sea(
            np.roll(self.longitudes, -first)[::2] + half_a_step,
            0.5 * (self.latitudes[::2] + self.latitudes[1::2]),
            fields,
        )


def _weights_round(centres: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Weights of linear interpolation round a circle of equally spaced centres, (points, centres).

    Args:
      centres: [degrees east], rising but for a step across 360.
      points: [degrees east].
    """
    count = centres.size
    place = np.mod((points - centres[0]) * count / 360.0, count)
    west = np.floor(place).astype(int) % count
    part = place - np.floor(place)
    weights = np.zeros((points.size, count))
    every = np.arange(points.size)
    np.add.at(weights, (every, west), 1.0 - part)
    np.add.at(weights, (every, (west + 1) % count), part)
    return weights


def _weights_between(centres: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Weights of linear interpolation between rows, (points, centres); beyond the last it stays."""
    return np.stack([np.interp(points, centres, row) for row in np.eye(centres.size)], axis=1)
