"""Global means over time, one picture a subject."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from ngcm_coupler.analysis.report.means import EntrySeries, FieldMean
from ngcm_coupler.analysis.report.references import SURFACES
from ngcm_coupler.analysis.report.times import Times
from ngcm_coupler.fields import over

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#000000", "#e69f00")
"""Of Okabe and Ito (2008), told apart by all forms of colour blindness."""

STYLES = ("-", "--", "-.", ":", "-", "--")
"""Told apart in print too."""
_DAY = 86400.0
_Rows = Mapping[str, EntrySeries] | Mapping[str, FieldMean]


@dataclasses.dataclass(frozen=True)
class Panel:
    """One pair of axes.

    Attributes:
      title: above it, with the unit.
      lines: name of an entry or field -> words of the legend.
      factor: from the unit of the file.
      offset: added after that.
    """

    title: str
    lines: Mapping[str, str]
    factor: float = 1.0
    offset: float = 0.0


@dataclasses.dataclass(frozen=True)
class Picture:
    """A picture, its caption, and what it shows for those who do not see it."""

    caption: str
    alternative: str
    png: bytes


_HEAT = {
    "surface_net_downward_shortwave_flux": "sunlight absorbed",
    "surface_net_downward_longwave_flux": "net heat radiation",
    "surface_downward_latent_heat_flux": "latent heat",
    "surface_downward_sensible_heat_flux": "sensible heat",
    "surface_net_downward_heat_flux": "all",
}
_SPACE = {
    "toa_outgoing_shortwave_flux": "sunlight out",
    "toa_outgoing_longwave_flux": "heat radiation out",
    "toa_net_downward_flux": "net gain",
}
_WATER = {
    "evaporation_total": "evaporation",
    "precipitation_flux": "rain and snow",
    "tendency_of_atmosphere_mass_content_of_water": "change of water in the air",
}
_STATE = {
    "air_temperature_at_2m": "air at 2 m",
    "sea_surface_temperature": "sea surface",
}
_BUDGET_PICTURES = {
    "Heat": (
        Panel("Heat into the surface, globe [W/m²]", _HEAT),
        Panel(
            "Heat into open water [W/m²]",
            {over(name, "ice_free_sea"): words for name, words in _HEAT.items()},
        ),
        Panel("Top of the air, globe [W/m²]", _SPACE),
    ),
    "Water": (
        Panel("Water, globe [mm/day]", _WATER, factor=_DAY),
        Panel("Water in the air, globe [kg/m²]", {"atmosphere_mass_content_of_water": "water"}),
        Panel("Precipitation that columns owe, globe [kg/m²]", {"precipitation_debt": "mean"}),
        Panel(
            "Precipitation that the worst column owes [kg/m²]",
            {"precipitation_debt_largest": "largest"},
        ),
    ),
    "Momentum": tuple(
        Panel(
            f"{direction} stress, per area of each surface [mN/m²]",
            {over(name, surface): words for surface, words in SURFACES.items()},
            factor=1e3,
        )
        for direction, name in (
            ("Eastward", "surface_downward_eastward_stress"),
            ("Northward", "surface_downward_northward_stress"),
        )
    ),
    "What does not close": (
        Panel(
            "Residual of water before closing [mm/day]",
            {
                "water_residual_of_model": "of the model",
                "water_residual_as_computed": "as computed, with debts",
            },
            factor=_DAY,
        ),
        Panel(
            "Residual of water as exported [mm/day]",
            {"water_residual": "as exported"},
            factor=_DAY,
        ),
        Panel("Change of dry air since the beginning [Pa]", {"dry_air_pressure_drift": "dry air"}),
    ),
}  # fmt: skip
_HISTORY_PICTURES = {
    "Temperature": (
        Panel("Temperature, mean over each surface [°C]", _STATE, offset=-273.15),
        Panel(
            "Air above open water [°C]",
            {"air_temperature_at_2m_over_ice_free_sea": "air at 2 m"},
            offset=-273.15,
        ),
    ),
}


def of_budget(times: Times, entries: Mapping[str, EntrySeries]) -> Iterator[Picture]:
    """Pictures of a budget.

    Args:
      times: when the records begin and end.
      entries: what is drawn.
    """
    yield from _pictures(_BUDGET_PICTURES, times, entries)


def of_history(times: Times, fields: Mapping[str, FieldMean]) -> Iterator[Picture]:
    """Pictures of means that the budget does not have."""
    yield from _pictures(_HISTORY_PICTURES, times, fields)


def _pictures(
    pictures: Mapping[str, Sequence[Panel]], times: Times, rows: _Rows
) -> Iterator[Picture]:
    for caption, panels in pictures.items():
        drawn = [panel for panel in panels if _lines(panel, rows)]
        if drawn:
            yield Picture(caption, _words(drawn, rows), _draw(drawn, times, rows))


def _lines(panel: Panel, rows: _Rows) -> list[tuple[str, str]]:
    """Name and words of each line that has a value."""
    found = panel.lines.items()
    return [each for each in found if each[0] in rows and np.isfinite(rows[each[0]].series).any()]


def _draw(panels: Sequence[Panel], times: Times, rows: _Rows) -> bytes:
    figure = Figure(figsize=(7.6, 0.4 + 2.2 * len(panels)), dpi=150, facecolor="white")
    figure.set_layout_engine("constrained", h_pad=0.06, w_pad=0.08)
    for axes, panel in zip(
        figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0], panels, strict=True
    ):
        for number, (name, words) in enumerate(_lines(panel, rows)):
            values = panel.factor * rows[name].series + panel.offset
            axes.plot(
                *_with_gaps(times, values, rows[name].is_point),
                STYLES[number],
                color=COLOURS[number],
                linewidth=1.4,
                marker="." if len(times) < 30 else "",
                markersize=4,
                label=words,
            )
        axes.set_xlim(*times.on_axis(times.seconds[[0, -1], [0, 1]]))
        axes.set_title(panel.title, loc="left", size=9.5, weight="bold")
        axes.grid(color="#dddddd", linewidth=0.5)
        axes.tick_params(length=2, width=0.5, labelsize=8, colors="#333333")
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[:].set(linewidth=0.5, color="#444444")
        axes.ticklabel_format(axis="y", useOffset=False)
        axes.yaxis.get_offset_text().set_size(8)
        # Also of a single line, which may be one of several that the title speaks of.
        axes.legend(fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
        times.mark(axes.xaxis)
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    return stream.getvalue()


def _with_gaps(times: Times, values: np.ndarray, is_point: bool) -> tuple[np.ndarray, np.ndarray]:
    """Moments of the records and their values, as a line that breaks where some are missing.

    A mean stands in the middle of its record, a state at its end.
    """
    gaps = times.after_gaps
    moments = times.seconds[:, 1] if is_point else times.seconds.sum(axis=1) // 2
    seconds = np.insert(moments, gaps, times.seconds[gaps - 1, 1])
    return times.on_axis(seconds), np.insert(values, gaps, np.nan)


def _words(panels: Sequence[Panel], rows: _Rows) -> str:
    """What a picture shows, with the mean of every line."""
    sentences = []
    for panel in panels:
        means = [
            f"{words} {np.nanmean(panel.factor * rows[name].series + panel.offset):.3g}"
            for name, words in _lines(panel, rows)
        ]
        sentences.append(f"{panel.title}: mean of {', '.join(means)}")
    return "Time series. " + ". ".join(sentences) + "."
