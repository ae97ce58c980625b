"""Alarms ring once for each moment that is due, whatever the interval that passes it."""

import pytest

from ngcm_coupler.clock import Clock
from ngcm_coupler.clock.alarm import Alarm
from ngcm_coupler.errors import ArgumentError

HOUR, DAY = 3600, 86400


def rings(alarm, clock, interval, count):
    """The dates at the ends of intervals in which an alarm rings."""
    clocks = [clock.advanced((number + 1) * interval) for number in range(count)]
    return [each.iso8601() for each in clocks if alarm.rings(each, interval)]


def test_every_so_many_seconds_from_the_start():
    start = Clock("1999-12-31T21:00:00")
    assert rings(Alarm.every(6 * HOUR), start, 2 * HOUR, 6) == [
        "2000-01-01T03:00:00",
        "2000-01-01T09:00:00",
    ]
    # An interval that the period does not fit into rings when the moment has passed.
    assert rings(Alarm.every(6 * HOUR), start, 4 * HOUR, 3) == [
        "2000-01-01T05:00:00",
        "2000-01-01T09:00:00",
    ]


def test_at_a_date_once():
    alarm = Alarm.at("2000-02-30")
    start = Clock("2000-02-29T12:00:00", "360_day")
    assert rings(alarm, start, 6 * HOUR, 8) == ["2000-02-30T00:00:00"]
    assert not alarm.rings(start, 6 * HOUR)
    with pytest.raises(ArgumentError, match="2000-02 has 28 days in noleap"):
        alarm.rings(Clock("2000-02-28", "noleap"), HOUR)


@pytest.mark.parametrize(
    ("calendar", "months"),
    [
        ("proleptic_gregorian", ["2000-02-01", "2000-03-01", "2000-04-01"]),
        ("noleap", ["2000-02-01", "2000-03-01", "2000-04-01"]),
        ("360_day", ["2000-02-01", "2000-03-01", "2000-04-01"]),
    ],
)
def test_as_months_begin(calendar, months):
    days = rings(Alarm.monthly(), Clock("2000-01-01", calendar), DAY, 95)
    assert days == [f"{month}T00:00:00" for month in months]


def test_as_years_begin_over_a_century_year():
    start = Clock("1899-12-31T12:00:00")
    ends = rings(Alarm.yearly(), start, DAY // 2, 2 * 366)
    assert ends == ["1900-01-01T00:00:00", "1901-01-01T00:00:00"]


def test_a_continued_run_rings_as_the_whole_one():
    alarm, whole = Alarm.every(5 * HOUR), Clock("2000-01-01")
    continued = Clock(whole.start, whole.calendar, 8 * HOUR)
    assert rings(alarm, whole, HOUR, 20)[1:] == rings(alarm, continued, HOUR, 12)


def test_no_period_is_refused():
    with pytest.raises(ArgumentError, match="every 0 s; expected a positive number"):
        Alarm.every(0)
