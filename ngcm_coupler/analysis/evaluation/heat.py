"""Heat and water through the surface, by surface and by latitude, beside what is observed."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping, Sequence

import numpy as np

from ngcm_coupler.analysis.evaluation.latitudes import BANDS, band_means, degrees_text, mean
from ngcm_coupler.analysis.report.means import EntrySeries, FieldMean, Grid
from ngcm_coupler.analysis.report.references import REFERENCES, Reference
from ngcm_coupler.analysis.report.tables import Table
from ngcm_coupler.fields import EXPORTS, Surface, over

MISSING = "missing"
"""What stands where a run has no number."""

_DAY = 86400.0
_EXPORTED = frozenset(row.name for row in EXPORTS)


@dataclasses.dataclass(frozen=True)
class Quantity:
    """A row of the tables.

    Attributes:
      title: in words.
      parts: fields that it is the sum of, with their signs.
      reference: name under which something is observed.
      factor: from the unit of the fields.
      form: how its numbers are written.
    """

    title: str
    parts: tuple[tuple[str, float], ...]
    reference: str = ""
    factor: float = 1.0
    form: str = "z.1f"

    @property
    def names(self) -> tuple[str, ...]:
        """The fields."""
        return tuple(name for name, _ in self.parts)


def _one(title: str, name: str, factor: float = 1.0, form: str = "z.1f") -> Quantity:
    return Quantity(title, ((name, 1.0),), name, factor, form)


SKY = (
    _one("SW down", "surface_downwelling_shortwave_flux_in_air"),
    _one("LW down", "surface_downwelling_longwave_flux_in_air"),
)
"""The same over every surface of a cell."""

_NET = (
    "surface_net_downward_shortwave_flux",
    "surface_net_downward_longwave_flux",
    "surface_downward_latent_heat_flux",
    "surface_downward_sensible_heat_flux",
)
SURFACE = (
    _one("SW net", _NET[0]),
    _one("LW net", _NET[1]),
    _one("Latent", _NET[2]),
    _one("Sensible", _NET[3]),
    Quantity("Net", tuple((name, 1.0) for name in _NET), "surface_net_downward_heat_flux"),
)
"""Heat into the surface, of each of its tiles."""

INCOMING = _one("SW incoming", "toa_incoming_shortwave_flux")
TOP = (
    INCOMING,
    _one("SW reflected", "toa_outgoing_shortwave_flux"),
    _one("LW outgoing", "toa_outgoing_longwave_flux"),
)
_RAIN, _EVAPORATION = "precipitation_flux", "water_evapotranspiration_flux"
WATER = (
    _one("P", _RAIN, _DAY, "z.2f"),
    _one("E", _EVAPORATION, _DAY, "z.2f"),
    Quantity("P-E", ((_RAIN, 1.0), (_EVAPORATION, -1.0)), "", _DAY, "z.2f"),
)
_SUBJECTS = {
    "Heat, W/m², positive into the surface; at the top as its name says": (*SKY, *SURFACE, *TOP),
    "Water, mm/day": WATER,
}
_SURFACES: dict[Surface, str] = {
    "": "globe", "sea": "sea", "ice_free_sea": "open water", "sea_ice": "sea ice", "land": "land",
}  # fmt: skip


def wanted() -> list[str]:
    """The fields that the tables are made of."""
    return [over(name, surface) for name in quantities() for surface in _SURFACES]


@dataclasses.dataclass(frozen=True)
class Means:
    """Means over time of a run: fields of its history, and the budget for what that lacks."""

    grid: Grid | None
    fields: Mapping[str, FieldMean]
    entries: Mapping[str, EntrySeries]

    def of(self, row: Quantity, surface: Surface = "") -> tuple[np.ndarray, np.ndarray] | None:
        """A quantity and the area that it is a mean over, shape (nlat, nlon) each; None without."""
        names = [(over(name, surface), sign) for name, sign in row.parts]
        grid = self.grid
        if grid is None:
            return None
        if _is_same_over(row, surface):
            part = grid.land if surface == "land" else 1.0 - grid.land
            found = self.of(row)
            return None if found is None else (found[0], grid.area * part)
        if any(name not in self.fields for name, _ in names):
            return None
        fields = [self.fields[name] for name, _ in names]
        parts = [sign * each.average for each, (_, sign) in zip(fields, names, strict=True)]
        return row.factor * np.sum(parts, axis=0), grid.area * fields[0].fraction

    def number(self, row: Quantity, surface: Surface) -> float | None:
        """Mean over the area of a surface; None if neither history nor budget has it."""
        found = self.of(row, surface)
        if found is not None:
            return mean(*found)
        names = [(over(name, surface), sign) for name, sign in row.parts]
        if all(name in self.entries for name, _ in names):
            return row.factor * sum(sign * self.entries[name].mean for name, sign in names)
        return None


def by_surface(means: Means, which: str = "") -> list[Table]:
    """Means over the area of each surface.

    Args:
      means: of the run.
      which: what the captions say of them besides.
    """
    header = ("", *_SURFACES.values(), "globe", "ocean", "land", "source")
    tables = []
    for caption, rows in _SUBJECTS.items():
        body = [
            (row.title, *(_over(means, row, surface) for surface in _SURFACES), *_observed(row))
            for row in rows
        ]
        words = f"{caption}; {which}" if which else caption
        tables.append(Table(words, header, tuple(body), 1 + len(_SURFACES)))
    return tables


def by_latitude(means: Means) -> list[Table]:
    """Means over bands of latitude, of the whole cell and of open water."""
    if means.grid is None:
        return []
    edges = means.grid.latitude_bounds
    latitudes = 0.5 * (edges[:-1] + edges[1:])
    bands = [f"{degrees_text(a)} to {degrees_text(b)}" for a, b in itertools.pairwise(BANDS)]
    subjects: tuple[tuple[str, Surface, Sequence[Quantity]], ...] = (
        ("By latitude, whole cells; heat W/m², water mm/day", "", (*SKY, *SURFACE, *TOP, *WATER)),
        ("By latitude, over open water, W/m²", "ice_free_sea", SURFACE),
        ("By latitude, over land, W/m²", "land", SURFACE),
    )
    tables = []
    for caption, surface, rows in subjects:
        body = []
        for row in rows:
            found = means.of(row, surface)
            values = band_means(*found, latitudes) if found else [None] * len(bands)
            whole = mean(*found) if found else None
            cells = (number_text(each, row.form) for each in (*values, whole))
            body.append((row.title, *cells, _observed_over(row, surface)))
        header = ("", *bands, "all", "observed")
        tables.append(Table(caption, header, tuple(body), 1 + len(bands) + 1))
    return tables


def quantities() -> list[str]:
    """The fields of the whole cell that the tables are made of."""
    rows = [name for rows in _SUBJECTS.values() for row in rows for name in row.names]
    return list(dict.fromkeys(rows))


def _over(means: Means, row: Quantity, surface: Surface) -> str:
    """A number, or a blank where no run could have one."""
    exported = all(over(name, surface) in _EXPORTED for name in row.names)
    if not exported and not _is_same_over(row, surface):
        return ""
    return number_text(means.number(row, surface), row.form)


def _is_same_over(row: Quantity, surface: Surface) -> bool:
    """Whether a field of the whole cell is that of a surface whose area does not change."""
    return surface in ("land", "sea") and row in (*SKY, INCOMING, WATER[0])


def _observed(row: Quantity) -> tuple[str, str, str, str]:
    found = REFERENCES.get(row.reference)
    if found is None:
        return ("", "", "", "")
    numbers = (_reference(each, row) for each in (found.globe, found.ocean, found.land))
    return (*numbers, found.source)  # pyright: ignore[reportReturnType]


def _observed_over(row: Quantity, surface: Surface) -> str:
    found: Reference | None = REFERENCES.get(row.reference)
    if found is None:
        return ""
    return _reference(found.over(surface), row)


def _reference(value: float | None, row: Quantity) -> str:
    return "" if value is None else format(row.factor * value, row.form)


def number_text(value: float | None, form: str) -> str:
    """A number, or what stands for one that a run does not have, or for the mean of no area."""
    if value is None:
        return MISSING
    return "-" if np.isnan(value) else format(value, form)
