"""Whether the sea of a grid lies where the planet has one.

A grid that is read wrongly is a grid all the same, and fluxes close over it: a mask the other way
round, radians that are called degrees, faces in another order. What gives it away is the
atmosphere's own land.
"""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np

from ngcm_coupler.config import Config, where
from ngcm_coupler.constants import EARTH_RADIUS
from ngcm_coupler.errors import DataError
from ngcm_coupler.grid import Grid
from ngcm_coupler.regrid.exchange_grid import ExchangeGrid
from ngcm_coupler.regrid.grid_files import read_surface_grid
from ngcm_coupler.regrid.overlap import overlaps
from ngcm_coupler.regrid.surface_grid import SurfaceGrid

MOST_UNSAID, MOST_TAKEN = 0.03, 0.10
"""Part of what is judged where sea and land may be exchanged, without a warning and at all.

Of the sphere also that by which the sea of the two may differ: cells that do not meet their
neighbours leave no place without sea, and half of it out."""

LEAST_SEA = 0.5
"""Part of the sphere that is sea, below which a grid is suspect where nothing else is known."""

_ROWS = 64
"""Rows of the blocks in which finer grids are compared: coasts of a coarse ocean are no misfit."""

_AREA_TOLERANCE = 0.05
"""Part by which a cell's own area may differ from that of its corners."""

_MOST_ODD_AREAS = 1.0e-3
"""Part of the sea where it may differ by more: ocean models narrow a strait here and there."""

_KIND = where(lambda at: at.grid.sea_grid_kind)


@dataclasses.dataclass(frozen=True)
class Judgement:
    """How a grid's sea fits the planet.

    Attributes:
      text: how much of the sphere is sea and how well it fits, in a line.
      warnings: what looks wrong, each with what was expected and the remedy.
    """

    text: str
    warnings: tuple[str, ...] = ()


def configured_sea(
    config: Config, atmosphere: Grid, land_area_fraction: np.ndarray | None
) -> tuple[ExchangeGrid, Judgement]:
    """The exchange grid with the sea that `&ngcm_grid` names, and how this fits the planet.

    Args:
      config: the settings, with a file of the sea's grid.
      atmosphere: the atmosphere's grid.
      land_area_fraction: of the atmosphere itself [1], shape (atmosphere.size,); None if unknown.

    Raises:
      DataError: the file cannot be used, or its sea does not fit.
    """
    settings = config.grid
    surface = read_surface_grid(settings.sea_grid_file, settings.sea_grid_name)
    exchange = ExchangeGrid.build(atmosphere, surface)
    return exchange, judge(exchange, land_area_fraction, settings.sea_grid_kind)


def judge(
    exchange: ExchangeGrid, land_area_fraction: np.ndarray | None, kind: str = "real"
) -> Judgement:
    """Holds the sea of a grid against the atmosphere's own.

    Args:
      exchange: between the atmosphere and the grid.
      land_area_fraction: of the atmosphere itself [1], shape (m,); None if unknown. Without land
        anywhere, as on an aquaplanet, it tells nothing.
      kind: what the grid is, as `&ngcm_grid sea_grid_kind` has it: 'real' is judged everywhere,
        'regional' where its cells are, wet or dry, 'idealised' nowhere.

    Raises:
      DataError: over more than 10 % of what is judged the fractions of sea differ by more than a
        half, or so much of the sphere is sea for one of them alone.
    """
    name = exchange.surface.name
    share = float(exchange.sea_area.sum()) / (4.0 * np.pi)
    text = f"sea grid '{name}': {100.0 * share:.1f} % of the sphere is sea"
    warnings = _odd_areas(exchange)
    if kind == "idealised":
        return Judgement(f"{text}; it is idealised, and held against no planet", warnings)
    if land_area_fraction is None or not land_area_fraction.any():
        if kind == "real" and share < LEAST_SEA:
            warnings += (
                f"grid '{name}': {100.0 * share:.1f} % of the sphere is sea, expected more than"
                f" {100.0 * LEAST_SEA:.0f} %, and the atmosphere tells of no land to hold it"
                f" against{_radians(exchange.surface)}: see whether mask and units are read as they"
                f" are meant, or say by {_KIND} that the grid is 'regional' or 'idealised'",
            )
        return Judgement(f"{text}; the atmosphere tells of no land to hold it against", warnings)
    sea = _Sea.of(exchange, land_area_fraction, regional=kind == "regional")
    misfit, own = 100.0 * sea.misfit(sea.given), 100.0 * sea.own_share
    place = "of the sphere" if kind == "real" else "of where the grid lies"
    text += (
        f", {own:.1f} % by the atmosphere's own land; their fractions of sea differ by more than a"
        f" half over {misfit:.1f} % {place}"
    )
    faults: list[tuple[float, str]] = []
    if kind == "real" and (apart := abs(100.0 * share - own)) > 100.0 * MOST_UNSAID:
        fault = (
            f"grid '{name}': {100.0 * share:.1f} % of the sphere is sea, expected the"
            f" {own:.1f} % of the atmosphere within {100.0 * MOST_UNSAID:.0f} %: see whether the"
            " corners of its cells meet those of their neighbours, and whether its mask is right,"
            f" or say by {_KIND} that the grid is 'regional' or 'idealised'"
        )
        faults.append((apart, fault))
    if misfit > 100.0 * MOST_UNSAID:
        hint = _radians(exchange.surface) or (sea.hint() if kind == "real" else "")
        fault = (
            f"grid '{name}': its fraction of sea and that of the atmosphere's own land differ by"
            f" more than a half over {misfit:.1f} % {place}, expected at most"
            f" {100.0 * MOST_UNSAID:.0f} % ({100.0 * share:.1f} % of the sphere is sea,"
            f" {own:.1f} % by the atmosphere){hint}: correct mask, units or order of the cells, or"
            f" say by {_KIND} that the grid is 'regional' or 'idealised'"
        )
        faults.append((misfit, fault))
    if refused := [fault for measure, fault in faults if measure > 100.0 * MOST_TAKEN]:
        raise DataError(refused[-1])
    warnings += tuple(fault for _, fault in faults)
    return Judgement(text, warnings)


@dataclasses.dataclass(frozen=True)
class _Sea:
    """Fractions of sea in blocks of the atmosphere's cells, each of shape (rows, columns).

    Attributes:
      given: by the grid, of the part of a block that the grid covers [1].
      own: by the atmosphere's land [1].
      judged: area of that part [steradian], 0 where it is less than half of the block.
      own_share: part of the sphere that is sea by the atmosphere's land [1].
    """

    given: np.ndarray
    own: np.ndarray
    judged: np.ndarray
    own_share: float

    @classmethod
    def of(cls, exchange: ExchangeGrid, land: np.ndarray, *, regional: bool) -> _Sea:
        grid = exchange.atmosphere
        cell = grid.area / EARTH_RADIUS**2
        given, own, whole = (
            _in_blocks(grid, area) for area in (exchange.sea_area, cell * (1.0 - land), cell)
        )
        covered = whole
        if regional:
            covered = np.minimum(given + _in_blocks(grid, _dry_area(exchange)), whole)
        judged = np.where(covered >= 0.5 * whole, covered, 0.0)
        given = np.divide(given, covered, out=np.zeros_like(given), where=covered > 0.0)
        return cls(given, own / whole, judged, float(own.sum()) / (4.0 * np.pi))

    def misfit(self, given: np.ndarray) -> float:
        """Part of what is judged where fractions of sea differ by more than a half from its own."""
        total = self.judged.sum()
        return float(self.judged[np.abs(given - self.own) > 0.5].sum() / total) if total else 0.0

    def hint(self) -> str:
        """What would make a grid of the whole sphere fit, in words; empty for nothing simple."""
        columns = self.given.shape[1]
        turned = {
            (dry, mirrored, step): self.misfit(
                np.roll(abs(dry - self.given[:: 1 - 2 * mirrored]), step, axis=1)
            )
            for dry, mirrored, step in itertools.product((0, 1), (0, 1), range(columns))
        }
        best = min(turned, key=lambda change: turned[change])
        if turned[best] > 0.5 * turned[0, 0, 0]:
            return ""
        dry, mirrored, step = best
        degrees = 360.0 * step / columns
        words = [
            *(["with land and sea exchanged"] if dry else []),
            *(["with north and south exchanged"] if mirrored else []),
            *([f"moved by {min(degrees, 360.0 - degrees):.0f} degrees to the"
               f" {'east' if degrees <= 180.0 else 'west'}"] if step else []),
        ]  # fmt: skip
        return f"; {' and '.join(words)} it would be {100.0 * turned[best]:.1f} %"


def _in_blocks(grid: Grid, values: np.ndarray) -> np.ndarray:
    """Sums over blocks of cells, shape (rows, columns)."""
    side = max(1, grid.nlat // _ROWS)
    rows = np.add.reduceat(
        values.reshape(grid.nlat, grid.nlon), np.arange(0, grid.nlat, side), axis=0
    )
    return np.add.reduceat(rows, np.arange(0, grid.nlon, side), axis=1)


def _dry_area(exchange: ExchangeGrid) -> np.ndarray:
    """Area of dry cells in each atmosphere cell [steradian], as far as they have sane corners."""
    surface = exchange.surface
    corners = surface.corner_longitude, surface.corner_latitude
    dry = ~surface.sea & (surface.polygon_area < np.pi)
    found = overlaps(exchange.atmosphere, *corners, dry, largest_crossed=np.inf)
    return np.ones(surface.size) @ found.area


def _radians(surface: SurfaceGrid) -> str:
    """Says that coordinates span the sphere in radians, if they do."""
    longitude, latitude = (
        corners[surface.sea] for corners in (surface.corner_longitude, surface.corner_latitude)
    )
    small = np.abs(longitude).max() <= 2.01 * np.pi and np.abs(latitude).max() <= 0.51 * np.pi
    spans = np.ptp(longitude) > 1.5 * np.pi and np.ptp(latitude) > 0.6 * np.pi
    return "; its coordinates look like radians that are called degrees" if small and spans else ""


def _odd_areas(exchange: ExchangeGrid) -> tuple[str, ...]:
    """Warns of areas in the file that are not those within the corners."""
    surface, counted = exchange.surface, exchange.counted
    if surface.area is None:
        return ()
    polygon = np.where(counted, surface.polygon_area * EARTH_RADIUS**2, 1.0)
    ratio = np.where(counted, surface.area / polygon, 1.0)
    odd = np.abs(ratio - 1.0) > _AREA_TOLERANCE
    part = polygon[odd].sum() / polygon[counted].sum()
    if part <= _MOST_ODD_AREAS:
        return ()
    cell = int(np.argmax(np.abs(np.log(ratio))))
    return (
        f"{surface.place(cell)}: the model's own area is {surface.area[cell]:.6g} m2, expected"
        f" about the {polygon[cell]:.6g} m2 within its corners; over {100.0 * part:.1f} % of the"
        f" sea they differ by more than {100.0 * _AREA_TOLERANCE:.0f} %, so that sums with the one"
        " are not those with the other: see whether areas, corners and their units belong together",
    )
