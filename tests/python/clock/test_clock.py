"""The clock counts whole seconds and knows the calendar."""

import pytest

from ngcm_coupler.clock import Clock
from ngcm_coupler.errors import ArgumentError


def test_clock_crosses_leap_day_and_year():
    clock = Clock("1959-12-31T23:00:00")
    assert clock.advanced(3600).iso8601() == "1960-01-01T00:00:00"
    assert Clock("1960-02-28").advanced(86400).iso8601() == "1960-02-29T00:00:00"
    assert Clock("1900-02-28").advanced(86400).iso8601() == "1900-03-01T00:00:00"


def test_clock_does_not_drift_over_a_century():
    clock = Clock("1850-01-01")
    for _ in range(365 * 100 + 25 - 1):
        clock = clock.advanced(86400)
    assert clock.iso8601() == "1950-01-01T00:00:00"
    assert clock.elapsed_seconds == 36524 * 86400


def test_advancing_leaves_the_old_clock_as_it_was():
    clock = Clock("2000-01-01")
    clock.advanced(60)
    assert clock.elapsed_seconds == 0


@pytest.mark.parametrize(
    ("calendar", "before", "after"),
    [
        ("proleptic_gregorian", "1900-02-28", "1900-03-01"),
        ("proleptic_gregorian", "2000-02-28", "2000-02-29"),
        ("proleptic_gregorian", "2100-02-28", "2100-03-01"),
        ("noleap", "2000-02-28", "2000-03-01"),
        ("noleap", "1999-12-31", "2000-01-01"),
        ("360_day", "2001-02-29", "2001-02-30"),
        ("360_day", "2001-02-30", "2001-03-01"),
        ("360_day", "2000-12-30", "2001-01-01"),
    ],
)
def test_a_day_leads_to_the_next_of_the_calendar(calendar, before, after):
    clock = Clock(before, calendar)
    assert clock.advanced(86400).iso8601() == f"{after}T00:00:00"
    assert clock.advanced(86400).day == clock.day + 1


@pytest.mark.parametrize(
    ("calendar", "days"), [("proleptic_gregorian", 36524), ("noleap", 36500), ("360_day", 36000)]
)
def test_a_century_has_the_days_of_the_calendar(calendar, days):
    clock = Clock("2000-03-01T06:30:00", calendar)
    after = clock.advanced(days * 86400)
    assert after.iso8601() == "2100-03-01T06:30:00"
    assert (after.day - clock.day, after.second) == (days, 23400)
    assert after.time_units == "seconds since 2000-03-01 06:30:00"


@pytest.mark.parametrize(
    ("calendar", "date", "day_of_year", "fraction"),
    [
        ("proleptic_gregorian", "2000-12-31T12:00:00", 366, 365.5 / 366),
        ("proleptic_gregorian", "1900-12-31T12:00:00", 365, 364.5 / 365),
        ("noleap", "2000-12-31T12:00:00", 365, 364.5 / 365),
        ("360_day", "2000-07-01", 181, 0.5),
    ],
)
def test_the_part_of_the_year_is_that_of_the_calendars_year(calendar, date, day_of_year, fraction):
    clock = Clock(date, calendar)
    assert clock.day_of_year == day_of_year
    assert clock.year_fraction == pytest.approx(fraction, abs=1e-12)


@pytest.mark.parametrize("calendar", ["proleptic_gregorian", "noleap", "360_day"])
@pytest.mark.parametrize("start", ["0001-01-01T00:00:00", "1969-12-30T23:59:59", "9999-12-30"])
def test_a_clock_is_made_again_from_its_seconds(calendar, start):
    clock = Clock(start, calendar, 7)
    assert Clock.from_seconds(clock.start_seconds, calendar, 7) == clock


@pytest.mark.parametrize(
    ("calendar", "date"),
    [("noleap", "2000-02-29"), ("360_day", "2000-01-31"), ("julian", "2000-01-01")],
)
def test_dates_of_another_calendar_are_refused(calendar, date):
    with pytest.raises(ArgumentError, match=calendar):
        Clock(date, calendar)
