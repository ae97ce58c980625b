"""Heat into the sea beside what is observed, the sun being that of the run's season."""

from __future__ import annotations

import math

import numpy as np

from ngcm_coupler.analysis.evaluation.heat import INCOMING, SURFACE, Means, Quantity, number_text
from ngcm_coupler.analysis.evaluation.latitudes import mean
from ngcm_coupler.analysis.report.references import REFERENCES
from ngcm_coupler.analysis.report.tables import Table
from ngcm_coupler.fields import Surface

_OBLIQUITY = math.radians(23.44)


def table(means: Means, latitudes: np.ndarray) -> list[Table]:
    """What the sea of a run gets more than is observed; none without sunlight at the top.

    Observed are means over the year. Sunlight is expected to be to that of the year as the sun at
    the top of the air is to its own year there, as if clouds and albedo were those of the year; all
    else as over the year, though the sea of the winter loses more than that of the summer less.
    Land has no such balance: its other fluxes follow its sun.

    Args:
      means: of the run.
      latitudes: of its rows [degrees north], shape (nlat,).
    """
    found = means.of(INCOMING, "sea")
    if found is None:
        return []
    value, area = found
    share = np.broadcast_to(yearly_share(latitudes)[:, np.newaxis], value.shape)
    sun = mean(value, area) / (_observed(INCOMING, "") * mean(share, area))
    sunlight, *others, net = SURFACE
    expected = {sunlight: sun * _observed(sunlight, "sea")}
    expected |= {row: _observed(row, "sea") for row in others}
    expected[net] = sum(expected.values())
    body = []
    for row, number in expected.items():
        had = means.number(row, "sea")
        more = None if had is None else had - number
        texts = (number_text(had, row.form), number_text(more, f"+{row.form}"))
        source = REFERENCES[row.reference].source
        body.append((row.title, *texts, number_text(number, row.form), source))
    caption = (
        "Heat into the sea, W/m², beside what is observed over the year with the sun of the run, of"
        f" which the top of the air there gets {sun:.3f} of what it gets over the year"
    )
    return [
        Table(caption, ("", "sea", "more", "ocean", "source"), tuple(body), 3, (len(body) - 1,))
    ]


def _observed(row: Quantity, surface: Surface) -> float:
    value = REFERENCES[row.reference].over(surface)
    return np.nan if value is None else value


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
