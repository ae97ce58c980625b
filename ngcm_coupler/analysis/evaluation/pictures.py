"""Zonal means beside each other, and the power of each degree."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ngcm_coupler.analysis.evaluation.heat import SKY, SURFACE, TOP, WATER, Means, Quantity
from ngcm_coupler.analysis.evaluation.latitudes import zonal_means
from ngcm_coupler.analysis.evaluation.noise import Noise
from ngcm_coupler.analysis.report.series import COLOURS, STYLES, Picture
from ngcm_coupler.fields import Surface

_PANELS: tuple[tuple[str, Surface, Sequence[Quantity]], ...] = (
    ("Radiation that arrives, and at the top [W/m²]", "", (*SKY, *TOP)),
    ("Heat into the surface, whole cells [W/m²]", "", SURFACE),
    ("Heat into open water [W/m²]", "ice_free_sea", SURFACE),
    ("Water [mm/day]", "", WATER),
)
_SPECTRA = {
    "Turbulent fluxes": (
        "surface_downward_latent_heat_flux",
        "surface_downward_sensible_heat_flux",
        "surface_downward_eastward_stress",
    ),
    "Precipitation": ("precipitation_flux", "column_budget_precipitation_flux"),
    "Radiation": (
        "surface_downwelling_shortwave_flux_in_air",
        "surface_downwelling_longwave_flux_in_air",
    ),
    "Pressure and altitude": (
        "air_pressure_at_mean_sea_level", "surface_air_pressure", "surface_altitude",
    ),
    "The air at the lowest level": ("air_temperature", "specific_humidity", "eastward_wind"),
}  # fmt: skip


def zonal(means: Means, latitudes: np.ndarray) -> Iterator[Picture]:
    """Zonal means of what the history has, for each of the surfaces."""
    for title, surface, rows in _PANELS:
        found = [(row.title, means.of(row, surface)) for row in rows]
        lines = [(words, zonal_means(*each)) for words, each in found if each is not None]
        lines = [(words, line) for words, line in lines if np.isfinite(line).any()]
        if not lines:
            continue
        figure, axes = _axes(title)
        for (words, line), colour, style in zip(lines, COLOURS, STYLES, strict=False):
            axes.plot(latitudes, line, style, color=colour, linewidth=1.4, label=words)
        axes.axhline(0.0, color="#888888", linewidth=0.6)
        axes.set_xlim(-90.0, 90.0)
        axes.set_xticks(range(-90, 91, 30), ["90°S", "60°S", "30°S", "0°", "30°N", "60°N", "90°N"])
        spans = (f"{words} {np.nanmin(line):.3g} to {np.nanmax(line):.3g}" for words, line in lines)
        yield _picture(figure, axes, "Zonal means", f"{title}: {', '.join(spans)}")


def spectra(found: Sequence[Noise]) -> Iterator[Picture]:
    """Power of each degree, over that of the degrees from 1 on together."""
    by_name = {each.name: each for each in found}
    for title, names in _SPECTRA.items():
        lines = [
            (name, by_name[name].power[1:])
            for name in names
            if name in by_name and by_name[name].power[1:].sum() > 0.0
        ]
        if not lines:
            continue
        figure, axes = _axes(f"{title}: part of the variance at each degree")
        for (name, power), colour, style in zip(lines, COLOURS, STYLES, strict=False):
            degrees = np.arange(1, power.size + 1)
            words = name.replace("_", " ")
            part = power / power.sum()
            axes.loglog(degrees, part, style, color=colour, linewidth=1.4, label=words)
        axes.set_xlabel("degree l", size=8)
        axes.set_ylim(bottom=max(axes.get_ylim()[0], 1e-8))
        yield _picture(figure, axes, "Spectra", f"{title}: {', '.join(name for name, _ in lines)}")


def _axes(title: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(7.6, 3.2), dpi=150, facecolor="white")
    figure.set_layout_engine("constrained", h_pad=0.06, w_pad=0.08)
    axes = figure.add_subplot()
    axes.set_title(title, loc="left", size=9.5, weight="bold")
    axes.grid(color="#dddddd", linewidth=0.5)
    axes.tick_params(length=2, width=0.5, labelsize=8, colors="#333333")
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[:].set(linewidth=0.5, color="#444444")
    return figure, axes


def _picture(figure: Figure, axes: Axes, caption: str, words: str) -> Picture:
    axes.legend(fontsize=8, frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    return Picture(caption, f"{caption}. {words}.", stream.getvalue())
