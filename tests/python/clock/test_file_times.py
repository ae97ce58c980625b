"""Times of files by others: the same moments in whatever form and precision."""

import numpy as np
import pytest

from ngcm_coupler.clock.file_times import FileTimes

HOURS = np.arange(1, 25)
DAY = FileTimes.decoded(HOURS * 3600, "seconds since 2000-01-01", "standard")

FORMS = {
    "hours": (HOURS, "hours since 2000-01-01 00:00:00.0", "gregorian"),
    "days since the year one": (
        730119 + HOURS / 24, "days since 0001-01-01", "proleptic_gregorian"
    ),
    "single precision": ((HOURS / 24).astype("f4"), "days since 2000-01-01", ""),
    # To 84 s, by which no hour is mistaken for another.
    "far single precision": ((10957 + HOURS / 24).astype("f4"), "days since 1970-01-01", ""),
    "thousandths of seconds off": (HOURS * 3600 - 0.4, "seconds since 2000-01-01", ""),
    "written as numbers": (20000101 + HOURS[:23] / 24, "day as %Y%m%d.%f", ""),
    "of another zone": (HOURS + 2, "hours since 2000-01-01 00:00:00 +02:00", "standard"),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_a_day_of_hours_is_found_in_every_form(form):
    values, units, calendar = FORMS[form]
    times = FileTimes.decoded(values, units, calendar)
    places = times.places_of(DAY)
    np.testing.assert_array_equal(places[: len(values)], np.arange(len(values)))
    assert (places[len(values) :] == -1).all()
    assert times.date(4) == "2000-01-01T05:00:00"


def test_what_is_not_there_has_no_place_and_what_is_there_twice_is_refused():
    times = FileTimes.decoded([5.0, 1.0, 5.0], "hours since 2000-01-01")
    assert times.twice() == "2000-01-01T05:00:00"
    assert times.places_of(times.at("2000-01-01T01:00:00")).tolist() == [1]
    assert times.places_of(times.at("2000-01-01T02:00:00")).tolist() == [-1]
    with pytest.raises(ValueError, match="hold 2000-01-01T05:00:00 more than once$"):
        times.places_of(times.at("2000-01-01T05:00:00"))
    assert DAY.twice() == "" and DAY.span() == "2000-01-01T01:00:00 to 2000-01-02T00:00:00"


def test_minutes_that_single_precision_does_not_tell_apart_are_refused():
    minutes = 10957 + np.arange(0, 60, 1) / 1440
    times = FileTimes.decoded(minutes.astype("f4"), "days since 1970-01-01")
    with pytest.raises(ValueError, match="more than once, as far as their precision of 85 s"):
        times.places_of(DAY.at("2000-01-01T00:30:00"))


def test_calendars_of_one_name_are_one_and_dates_can_be_taken_as_they_are_written():
    year = FileTimes.decoded(np.arange(365), "days since 2001-01-01", "365_day")
    assert year.calendar == "noleap"
    assert FileTimes.decoded([0], "days since 2000-01-01", "Gregorian").calendar == DAY.calendar
    real = year.written_in("proleptic_gregorian")
    assert [real.date(place) for place in (0, 59, 364)] == [
        "2001-01-01T00:00:00", "2001-03-01T00:00:00", "2001-12-31T00:00:00"
    ]  # fmt: skip
    thirty = FileTimes.decoded([59], "days since 2001-01-01", "360_day")
    assert thirty.date(0) == "2001-02-30T00:00:00"
    never = thirty.written_in("proleptic_gregorian")
    assert year.written_in("proleptic_gregorian").places_of(never).tolist() == [-1]


def test_dates_of_the_julian_calendar_are_taken_as_they_are_written():
    old = FileTimes.decoded([-1, 0], "days since 1500-03-02", "standard")
    assert [old.date(place)[:10] for place in (0, 1)] == ["1500-03-01", "1500-03-02"]
    with pytest.raises(ValueError, match="make no dates"):  # which today's rule has not
        FileTimes.decoded([0], "days since 1500-02-29", "standard")
    assert FileTimes.decoded([1], "days since 1500-02-28", "julian").date(0)[:10] == "1500-02-29"


@pytest.mark.parametrize(
    ("values", "units", "calendar", "message"),
    [
        ([1.0], "", "", "have the units '', expected"),
        ([1.0], "months since 2000-01-01", "", "make no dates"),
        ([1.0], "days since yesterday", "", "make no dates"),
        ([1.0], "days since 2000-01-01", "maya", "calendar 'maya', which make no dates"),
        ([np.nan], "days since 2000-01-01", "", "missing or not finite"),
        (np.ma.masked_all(1), "days since 2000-01-01", "", "missing or not finite"),
        ([b"1"], "days since 2000-01-01", "", "of type"),
        ([1e300], "days since 2000-01-01", "", "make no dates"),
        ([-800000], "days since 2000-01-01", "", "no dates of the years 1 to 9999"),
        ([20001301.0], "day as %Y%m%d.%f", "", "no dates written as YYYYMMDD"),
        ([1e15], "day as %Y%m%d.%f", "", "no dates written as YYYYMMDD"),
    ],
)
def test_what_is_no_time_is_refused_in_a_line(values, units, calendar, message):
    with pytest.raises(ValueError, match=message) as refused:
        FileTimes.decoded(values, units, calendar)
    assert len(str(refused.value)) < 300
