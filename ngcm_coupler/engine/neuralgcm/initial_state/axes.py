"""The axes of a state, put in the model's order: columns, rows, levels."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from ngcm_coupler.errors import DataError
from ngcm_coupler.fields.units import unit_of
from ngcm_coupler.grid import GaussianGrid

_TOLERANCE = 1.0e-3
"""Of coordinates, which old files round to a thousandth [degrees]; upstream's own."""

_HIGHEST_PRESSURE = 1100.0
"""No level of the atmosphere is below [hPa]."""

_MOST_ROWS = 8192
"""More rows than any Gaussian grid of today has; to compute them takes longer and longer."""

_REMAP = "bring the file to a global one, as with `cdo remapbil,n32`, or fetch the whole globe"


@dataclasses.dataclass(frozen=True)
class Axis:
    """Points of a file in the model's order.

    Attributes:
      values: coordinates in that order.
      places: where each is in the file.
      spacing: of latitudes, as dinosaur calls it.
    """

    values: np.ndarray
    places: np.ndarray
    spacing: str = ""


def longitudes(degrees: np.ndarray, units: str) -> Axis:
    """Columns from the first at or east of Greenwich on; a cyclic column is left out.

    Args:
      degrees: as the file has them, in any order.
      units: as the file has them.

    Raises:
      DataError: they are no circle in equal steps.
    """
    _require_degrees("longitudes", degrees, units)
    east = np.mod(degrees, 360.0)
    tolerance = min(_TOLERANCE, 36.0 / degrees.size)
    east = np.where(east > 360.0 - tolerance, east - 360.0, east)
    order = np.argsort(east, kind="stable")
    east = east[order]
    again = np.append(False, np.diff(east) < tolerance)
    east, places = east[~again], order[~again]
    step = 360.0 / east.size
    once = np.ptp(degrees) < 360.0 + _TOLERANCE
    even = np.abs(east - east[0] - step * np.arange(east.size)).max() <= _TOLERANCE
    if east.size < 2 or not (once and even):
        raise DataError(
            f"its {degrees.size} longitudes, {_ends(degrees)}, are no whole circle in equal steps,"
            f" which a global model starts from; {_REMAP}{_if_radians(degrees)}"
        )
    if np.all(places == np.arange(degrees.size)[: places.size]):
        east = degrees[: places.size]  # to the last bit
    return Axis(east, places)


def latitudes(degrees: np.ndarray, units: str) -> Axis:
    """Rows from south to north.

    Args:
      degrees: as the file has them, in any order.
      units: as the file has them.

    Raises:
      DataError: they are not the rows of a grid that states can be remapped from.
    """
    _require_degrees("latitudes", degrees, units)
    places = np.argsort(degrees, kind="stable")
    north = degrees[places]
    count = north.size
    spacing = ""
    if count > 1:
        known = {
            "equiangular": -90.0 + 180.0 / count * (0.5 + np.arange(count)),
            "equiangular_with_poles": np.linspace(-90.0, 90.0, count),
        }
        steps = np.diff(north)
        if steps.max() - steps.min() > _TOLERANCE:
            known = {"gauss": GaussianGrid(2, count).latitudes} if count < _MOST_ROWS else {}
        spacing = next(
            (name for name, rows in known.items() if np.abs(rows - north).max() <= _TOLERANCE), ""
        )
    if not spacing:
        raise DataError(
            f"its {count} latitudes, {_ends(degrees)}, are neither Gaussian nor equally spaced"
            f" from pole to pole, which a global model starts from; {_REMAP}{_if_radians(degrees)}"
        )
    return Axis(north, places, spacing)


def levels(pressures: np.ndarray, units: str, wanted: Sequence[float]) -> Axis:
    """The levels that a model reads, in its order.

    Args:
      pressures: as the file has them.
      units: as the file has them; '' for hPa.
      wanted: the model's [hPa].

    Raises:
      DataError: they are no pressures, one is missing or there twice.
    """
    unit, hpa = unit_of(units), unit_of("hPa")
    factor = 1.0
    if unit and hpa and unit.powers == hpa.powers:
        factor = unit.factor / hpa.factor
    elif unit and unit.powers:
        raise DataError(f"its levels are in {units!r}; expected pressures in hPa or Pa")
    given = pressures * factor
    if given.size and not given.max() <= _HIGHEST_PRESSURE:
        raise DataError(
            f"its levels, {_ends(pressures)}, are said to be in {units or 'hPa (no units)'}, and no"
            " air has such a pressure; set the attribute `units` to what they are, as Pa"
        )
    same = np.isclose(given[None, :], np.asarray(wanted, np.float64)[:, None], rtol=1e-5, atol=0.0)
    count = same.sum(axis=1)
    if absent := _listed(wanted, count == 0):
        raise DataError(f"lacks the pressure levels {absent} hPa that the model reads")
    if twice := _listed(wanted, count > 1):
        raise DataError(f"has the pressure levels {twice} hPa more than once; keep one of each")
    places = same.argmax(axis=1)
    return Axis(np.asarray(wanted, np.float64), places)


def _listed(pressures: Sequence[float], chosen: np.ndarray) -> str:
    return ", ".join(
        f"{level:g}" for level in sorted(np.asarray(pressures, float)[chosen].tolist())
    )


def _ends(values: np.ndarray) -> str:
    return f"{values[0]:g} to {values[-1]:g}" if values.size else "none"


def _if_radians(values: np.ndarray) -> str:
    return "; radians are to become degrees" if np.abs(values).max() <= 2.0 * np.pi else ""


def _require_degrees(what: str, values: np.ndarray, units: str) -> None:
    if not values.size or not np.isfinite(values).all():
        raise DataError(f"its {what} are missing or not finite; write them into the file")
    unit, degree = unit_of(units), unit_of("degree")
    if unit and degree and unit.powers and not unit.means(degree):
        raise DataError(f"its {what} are in {units!r}, expected degrees; convert them")
    if np.abs(values).max() > 720.0:
        raise DataError(f"its {what}, {_ends(values)}, are no degrees; write degrees")
