"""What pictures of a report say by their colours and below their axes."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from matplotlib.dates import date2num
from matplotlib.figure import Figure

from ngcm_coupler.analysis.report.maps import STYLES, colouring
from ngcm_coupler.analysis.report.times import Times
from ngcm_coupler.clock import Clock

HOUR = 3600


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("water_evapotranspiration_flux", -1.3, 15.2),
        ("precipitation_less_evaporation", -20.0, 3.0),
        ("surface_net_downward_longwave_flux", -140.0, -3.0),
        ("surface_downward_eastward_stress", 0.0, 0.0),
        ("snowfall_flux", -2.0, 5.0),
    ],
)
def test_what_is_of_both_signs_is_white_at_zero(name, low, high):
    values = np.linspace(low, high, 500)
    colours, norm = colouring(values, STYLES[name])
    edges, step = norm.boundaries, norm.boundaries[1] - norm.boundaries[0]
    ends = edges[0] + 0.5 * step, edges[-1] - 0.5 * step
    assert 0.0 in np.round(edges, 9)
    for value in np.clip([-0.1 * step, 0.1 * step], *ends):
        assert min(colours(norm(value))[:3]) > 0.85
    if ends[0] < 0.0 < ends[1]:
        assert len({np.argmax(colours(norm(end))[:3]) for end in ends}) == 2, "two hues"


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("precipitation_flux", -1e-6, 20.0), ("sea_surface_temperature", -1.9, 30.0)],
)
def test_what_has_no_sign_keeps_its_colours(name, low, high):
    colours, _ = colouring(np.linspace(low, high, 500), STYLES[name])
    assert colours.name == STYLES[name].colours


@pytest.mark.parametrize(("hours", "date"), [(6, "2000-02-30\n00:00"), (24 * 9, "2000-03-01")])
def test_axes_carry_dates_that_only_the_calendar_has(hours, date):
    begin = HOUR * np.arange(hours)
    start = Clock("2000-02-29T21:00:00", "360_day")
    if hours > 24:
        start = Clock("2000-02-29", "360_day")
    times = Times(start, np.stack([begin, begin + HOUR], axis=1))
    axes = Figure().subplots()
    axes.set_xlim(*times.on_axis(times.seconds[[0, -1], [0, 1]]))
    times.mark(axes.xaxis)
    labels = [label.get_text() for label in axes.get_xticklabels()]
    assert date in labels, labels


@pytest.mark.parametrize(
    ("begin", "hours", "labels"),
    [
        ("1959-01-02T00", 24, {0: "00:00\n1959-01-02", -1: "00:00\n1959-01-03", 1: "04:00"}),
        ("1959-01-02T02", 9, {0: "02:00\n1959-01-02", -1: "10:00"}),
        ("1959-01-30T00", 24 * 6, {0: "1959-01-30", -1: "1959-02-05"}),
        ("1959-01-01T00", 24 * 150, {0: "1959-01", -1: "1959-05"}),
        ("1959-01-01T00", 24 * 3000, {1: "1960", -2: "1966"}),
    ],
)
def test_an_axis_says_to_which_day_its_hours_belong(begin, hours, labels):
    seconds = np.array([[0, HOUR], [(hours - 1) * HOUR, hours * HOUR]])
    times = Times(Clock(f"{begin}:00:00"), seconds)
    axes = Figure().subplots()
    axes.set_xlim(*times.on_axis(seconds[[0, -1], [0, 1]]))
    times.mark(axes.xaxis)
    found = [label.get_text() for label in axes.get_xticklabels()]
    assert {place: found[place] for place in labels} == labels, found
    assert not axes.xaxis.get_offset_text().get_text()


def test_an_axis_of_seconds_has_them():
    times = Times(Clock("2000-01-01"), np.array([[0, 10]]))
    axes = Figure().subplots()
    times.mark(axes.xaxis)
    ticks = date2num(np.datetime64("2000-01-01T06:00:00") + np.array([0, 5], "m8[s]"))
    labels = axes.xaxis.get_major_formatter().format_ticks(list(ticks))
    assert labels == ["06:00:00\n2000-01-01", "06:00:05"]
