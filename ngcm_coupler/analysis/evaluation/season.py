"""Heat beside what is observed over the year, the sun being that of the run's season."""

from __future__ import annotations

import math

import numpy as np

from ngcm_coupler.analysis.evaluation.heat import INCOMING, SURFACE, Means, number_text
from ngcm_coupler.analysis.evaluation.latitudes import mean
from ngcm_coupler.analysis.report.references import REFERENCES
from ngcm_coupler.analysis.report.tables import Table
from ngcm_coupler.fields import Surface

_OBLIQUITY = math.radians(23.44)
_SURFACES: tuple[Surface, ...] = ("", "sea", "land")


def table(means: Means, latitudes: np.ndarray) -> list[Table]:
    """What a run has more than is observed, flux by flux; none without sunlight at the top.

    Observed are means over the year. Sunlight is expected to be to that of the year, over each
    surface, as the sun at the top of the air is to its own year there; all else as over the year.

    Args:
      means: of the run.
      latitudes: of its rows [degrees north], shape (nlat,).
    """
    seasons = [_season(means, surface, latitudes) for surface in _SURFACES]
    if None in seasons:
        return []
    *fluxes, net = SURFACE
    expected = {
        row: [REFERENCES[row.reference].over(surface) or np.nan for surface in _SURFACES]
        for row in fluxes
    }
    sunlight = fluxes[0]
    expected[sunlight] = [
        each * season for each, season in zip(expected[sunlight], seasons, strict=True)
    ]
    expected[net] = [sum(each) for each in zip(*expected.values(), strict=True)]
    body = []
    for row, wanted in expected.items():
        found = [means.number(row, surface) for surface in _SURFACES]
        more = [None if a is None else a - b for a, b in zip(found, wanted, strict=True)]
        numbers = (
            *(number_text(each, row.form) for each in found),
            *(number_text(each, f"+{row.form}") for each in more),
            *(number_text(each, row.form) for each in wanted),
        )
        body.append((row.title, *numbers, REFERENCES[row.reference].source))
    caption = (
        "Heat, W/m², positive into the surface; observed over the year, sunlight as the sun of the"
        " run is to that of the year: "
        + ", ".join(f"{each:.3f}" for each in seasons)
    )
    header = (
        "", "globe", "sea", "land", "more globe", "more sea", "more land", "globe", "ocean",
        "land", "source",
    )  # fmt: skip
    return [Table(caption, header, tuple(body), 7, (len(body) - 1,))]


def _season(means: Means, surface: Surface, latitudes: np.ndarray) -> float | None:
    """Sunlight at the top of the air over a surface over that of a year; None without it."""
    found = means.of(INCOMING, surface)
    level = REFERENCES[INCOMING.reference].globe
    if found is None or level is None:
        return None
    value, area = found
    share = np.broadcast_to(yearly_share(latitudes)[:, np.newaxis], value.shape)
    return mean(value, area) / (level * mean(share, area))


def yearly_share(latitudes: np.ndarray) -> np.ndarray:
    """Sunlight of a year at the top of the air over that of the globe, shape of the latitudes.

    The sun takes as long over a part of its way as is the square of its distance there, so that
    equal parts of its longitude give equal light, whatever the orbit.

    Args:
      latitudes: [degrees north].
    """
    longitude = (np.arange(720) + 0.5) * (math.pi / 360.0)
    declination = np.arcsin(math.sin(_OBLIQUITY) * np.sin(longitude))
    latitude = np.deg2rad(np.asarray(latitudes, float))[:, np.newaxis]
    sunset = np.arccos(np.clip(-np.tan(latitude) * np.tan(declination), -1.0, 1.0))
    daily = sunset * np.sin(latitude) * np.sin(declination)
    daily += np.sin(sunset) * np.cos(latitude) * np.cos(declination)
    return 4.0 / math.pi * daily.mean(axis=1)
