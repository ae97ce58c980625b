"""World maps of time means, with the coast as the model has it."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Collection, Mapping, Sequence
from typing import Literal

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import BoundaryNorm, Colormap, from_levels_and_colors
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ngcm_coupler.analysis.report.means import FieldMean, Grid
from ngcm_coupler.fields import over

_DAY = 86400.0
_SIGNED = "RdBu_r"  # told apart by all forms of colour blindness, as are the others here
_WATER, _WATER_LOST = "BrBG", "BrBG_r"  # brown is where the surface dries
_ROUND_OFF = 1e-3  # of the largest value: what is less has a sign by chance


@dataclasses.dataclass(frozen=True)
class Style:
    """How a quantity is drawn.

    Attributes:
      title: in words.
      units: of the map.
      factor: from the field's unit.
      offset: added after that.
      colours: name of a colour map; a signed one is white at zero.
      minus: a field to subtract; of the cell, where both are offered.
      plus: a field to add.
    """

    title: str
    units: str
    factor: float = 1.0
    offset: float = 0.0
    colours: str = "viridis"
    minus: str = ""
    plus: str = ""


STYLES = {
    "air_temperature_at_2m": Style(
        "Air temperature at 2 m", "°C", offset=-273.15, colours="cividis"
    ),
    "sea_surface_temperature": Style(
        "Sea-surface temperature", "°C", offset=-273.15, colours="cividis"
    ),
    "sea_ice_area_fraction": Style(
        "Sea ice, part of the sea", "%", factor=100.0, colours="Blues_r"
    ),
    "air_pressure_at_mean_sea_level": Style("Pressure at mean sea level", "hPa", factor=0.01),
    "eastward_wind_at_10m": Style("Eastward wind at 10 m", "m/s", colours=_SIGNED),
    "atmosphere_mass_content_of_water": Style("Water in the air", "kg/m²", colours="YlGnBu"),
    "precipitation_flux": Style("Rain and snow", "mm/day", factor=_DAY, colours="YlGnBu"),
    "snowfall_flux": Style("Snow", "mm/day", factor=_DAY, colours="YlGnBu"),
    "water_evapotranspiration_flux": Style(
        "Evaporation", "mm/day", factor=_DAY, colours=_WATER_LOST
    ),
    "precipitation_less_evaporation": Style(
        "Rain and snow less evaporation", "mm/day", factor=_DAY, colours=_WATER
    ),
    "surface_net_downward_heat_flux": Style("All heat into the surface", "W/m²", colours=_SIGNED),
    "surface_downwelling_shortwave_flux_in_air": Style("Sunlight that arrives", "W/m²"),
    "surface_net_downward_shortwave_flux": Style("Sunlight absorbed", "W/m²"),
    "surface_downwelling_longwave_flux_in_air": Style("Heat radiation that arrives", "W/m²"),
    "surface_net_downward_longwave_flux": Style(
        "Net heat radiation into the surface", "W/m²", colours=_SIGNED
    ),
    "surface_downward_latent_heat_flux": Style(
        "Latent heat into the surface", "W/m²", colours=_SIGNED
    ),
    "surface_downward_sensible_heat_flux": Style(
        "Sensible heat into the surface", "W/m²", colours=_SIGNED
    ),
    "surface_downward_eastward_stress": Style("Eastward stress", "mN/m²", 1e3, colours=_SIGNED),
    "surface_downward_northward_stress": Style("Northward stress", "mN/m²", 1e3, colours=_SIGNED),
    "toa_outgoing_shortwave_flux": Style("Sunlight that the planet reflects", "W/m²"),
    "toa_outgoing_longwave_flux": Style("Heat radiation that leaves the planet", "W/m²"),
}
"""Quantity -> how it is drawn; over open water only where the whole cell is not offered."""

_SUMS = {
    "surface_net_downward_heat_flux": (
        ("surface_net_downward_shortwave_flux", 1.0),
        ("surface_downward_nonsolar_heat_flux", 1.0),
    ),
    "precipitation_less_evaporation": (
        ("precipitation_flux", 1.0),
        ("water_evapotranspiration_flux", -1.0),
    ),
}
"""Quantities that are no field of their own -> fields and their signs."""


@dataclasses.dataclass(frozen=True)
class Map:
    """A drawn map.

    Attributes:
      title: quantity and what it is a mean over.
      numbers: mean over area, smallest and largest value, with the unit.
      description: one line on the field.
      provenance: where its values come from.
      png: the picture.
    """

    title: str
    numbers: str
    description: str
    provenance: str
    png: bytes


def wanted() -> list[str]:
    """The fields that maps are made of, on the whole cell and over open water."""
    quantities = [name for name in STYLES if name not in _SUMS]
    quantities += [name for parts in _SUMS.values() for name, _ in parts]
    both = [over(name, surface) for name in quantities for surface in ("", "ice_free_sea")]
    return list(dict.fromkeys(both))


def draw_all(fields: Mapping[str, FieldMean], grid: Grid) -> tuple[list[Map], list[str]]:
    """All maps that the fields allow, and the titles of those that they do not."""
    maps, missing = [], []
    for name, style in STYLES.items():
        if parts := _parts(name, fields):
            maps.append(draw(_sum([(fields[part], sign) for part, sign in parts]), style, grid))
        else:
            missing.append(style.title)
    return maps, missing


def used(fields: Collection[str]) -> set[str]:
    """Those of the fields that a map is made of."""
    return {part for name in STYLES for part, _ in _parts(name, fields)}


def draw(field: FieldMean, style: Style, grid: Grid) -> Map:
    """Draws one field."""
    values = style.factor * field.average + style.offset
    mean = style.factor * field.mean + style.offset
    colour_map, norm = colouring(values, style)
    figure = Figure(figsize=(6.4, 4.05), dpi=150, facecolor="white")
    figure.set_layout_engine("constrained", h_pad=0.07, w_pad=0.07)
    axes = figure.add_subplot()
    axes.set_facecolor("#e4e4e4")
    edges, rolled = _from_dateline(grid, values)
    colours = axes.pcolormesh(
        edges,
        grid.latitude_bounds,
        rolled,
        cmap=colour_map,
        norm=norm,
        rasterized=True,
    )
    _draw_coast(axes, grid)
    axes.set(xlim=(-180, 180), ylim=(-90, 90), aspect="equal")
    axes.set_xticks(range(-120, 121, 60), ["120°W", "60°W", "0°", "60°E", "120°E"])
    axes.set_yticks(range(-60, 61, 30), ["60°S", "30°S", "0°", "30°N", "60°N"])
    axes.tick_params(length=2, width=0.5, labelsize=8, colors="#444444")
    axes.spines[:].set(linewidth=0.5, color="#444444")
    bar = figure.colorbar(colours, ax=axes, orientation="horizontal", aspect=45, pad=0.02)
    bar.ax.tick_params(length=2, width=0.5, labelsize=8)
    bar.outline.set_linewidth(0.5)  # pyright: ignore[reportCallIssue]
    surface = " over open water" if field.surface == "ice_free_sea" else ""
    low, high = np.nanmin(values), np.nanmax(values)
    words = (_text(value, max(abs(low), abs(high))) for value in (mean, low, high))
    numbers = "mean {}, from {} to {} {}".format(*words, style.units)
    axes.set_title(style.title + surface, loc="left", size=10.5, weight="bold")
    bar.set_label(numbers, size=9)
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    return Map(
        style.title + surface, numbers, field.description, field.provenance, stream.getvalue()
    )


def _parts(name: str, fields: Collection[str]) -> list[tuple[str, float]]:
    """What a quantity is the sum of, over the cell or else over open water; empty without."""
    for surface in ("", "ice_free_sea"):
        parts = [(over(part, surface), sign) for part, sign in _SUMS.get(name, ((name, 1.0),))]
        if all(part in fields for part, _ in parts):
            return parts
    return []


def _sum(parts: Sequence[tuple[FieldMean, float]]) -> FieldMean:
    first = parts[0][0]
    if len(parts) == 1:
        return first
    signs = {1.0: "plus", -1.0: "less"}
    words = f" {signs[parts[1][1]]} ".join(field.description.lower() for field, _ in parts)
    return dataclasses.replace(
        first,
        description=words.capitalize(),
        provenance="; ".join(field.provenance for field, _ in parts),
        average=sum(sign * field.average for field, sign in parts),
        mean=sum(sign * field.mean for field, sign in parts),
    )


def colouring(values: np.ndarray, style: Style) -> tuple[Colormap, BoundaryNorm]:
    """Colours in steps: those of a signed quantity are white at zero, and as strong on both sides.

    A quantity counts as signed also where its values are of both signs; what has an offset, as
    degrees Celsius have, has no zero of its own.
    """
    low, high = np.nanmin(values), np.nanmax(values)
    names = (_SIGNED, _WATER, _WATER_LOST)
    both = min(-low, high) > _ROUND_OFF * max(-low, high) and style.offset == 0.0
    name = _SIGNED if both and style.colours not in names else style.colours
    levels = _levels(values, signed=name in names)
    extend = _extend(values, levels)
    if name not in names:
        return colormaps[name], BoundaryNorm(levels, 256, extend=extend)
    step = levels[1] - levels[0]
    middles = np.append(levels, levels[-1] + step) - 0.5 * step
    shades = colormaps[name](0.5 + 0.5 * middles / np.abs(middles).max())
    first, last = extend not in ("min", "both"), extend not in ("max", "both")
    return from_levels_and_colors(levels.tolist(), shades[first : len(shades) - last], extend)


def _levels(values: np.ndarray, *, signed: bool) -> np.ndarray:
    """Round bounds of the colours, for all but the few largest and smallest values."""
    present = values[np.isfinite(values)]
    low, high = np.percentile(present, (1.0, 99.0))
    if signed:
        low, high = min(low, 0.0), max(high, 0.0)
    if high - low < 1e-6 * max(abs(low), abs(high), 1e-6):
        low, high = low - 0.5, high + 0.5  # a field that is the same everywhere
    ticks = MaxNLocator(nbins=14, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    return np.asarray(ticks)


def _extend(values: np.ndarray, levels: np.ndarray) -> Literal["neither", "min", "max", "both"]:
    """Whether values lie beyond the colours."""
    below = np.nanmin(values) < levels[0]
    above = np.nanmax(values) > levels[-1]
    if below and above:
        return "both"
    return "min" if below else "max" if above else "neither"


def _from_dateline(grid: Grid, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Edges of the columns and the values from 180 degrees west on, the first column twice."""
    count = grid.longitudes.size
    edges = grid.longitudes[0] - 180.0 + 360.0 / count * (np.arange(count + 2) - 0.5)
    rolled = np.roll(values, count // 2, axis=1)
    return edges, np.concatenate([rolled, rolled[:, :1]], axis=1)


def _draw_coast(axes, grid: Grid) -> None:  # noqa: ANN001
    """Where half of a cell is land; none on a planet without land."""
    if not grid.land.min() < 0.5 < grid.land.max():
        return
    edges, land = _from_dateline(grid, grid.land)
    centres = 0.5 * (edges[:-1] + edges[1:])
    latitudes = 0.5 * (grid.latitude_bounds[:-1] + grid.latitude_bounds[1:])
    axes.contour(centres, latitudes, land, levels=[0.5], colors="black", linewidths=0.6)


def _text(value: float, largest: float) -> str:
    """As many decimals as the largest value of a map deserves."""
    decimals = 0 if largest >= 100.0 else 1 if largest >= 10.0 else 2
    return f"{value:z.{decimals}f}".replace("-", "\N{MINUS SIGN}")
