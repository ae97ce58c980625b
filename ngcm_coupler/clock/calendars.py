"""The calendars of a run and their dates, which cross the package as ISO 8601 text.

``proleptic_gregorian`` has the leap years of today's calendar at all times. ``noleap`` has 365 days
in every year; ``360_day`` has twelve months of 30. The last two are idealised: their year is not a
whole number of turns of the Earth, so the sun follows the fraction of the calendar's year.

Source: CF conventions 1.11, sec. 4.4.1.
"""

from __future__ import annotations

import re
from typing import TypeVar

import cftime

from ngcm_coupler.errors import ArgumentError, shown

REAL = "proleptic_gregorian"
"""The calendar whose dates are those of the almanac."""

CALENDARS = (REAL, "noleap", "360_day")
"""Names as in CF."""

SECONDS_PER_DAY = 86400
"""[s]."""

LAST_YEAR = 9999
"""The last that dates in the names of files can have, which sort as the dates do."""

_DAYS_PER_YEAR = {"noleap": 365, "360_day": 360}
_EPOCH = "days since 1970-01-01"
_FORM = r"(\d{4,})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d):(\d\d))?"
_LARGEST = {"month": 12, "day": 31, "hour": 23, "minute": 59, "second": 59}
_SMALLEST = {"month": 1, "day": 1}

Number = TypeVar("Number")
"""An integer, or an array of them, of numpy or JAX."""


def date_problem(text: str) -> str | None:
    """What makes a text a date of no calendar; None if it is one of some."""
    try:
        _numbers(text)
    except ValueError as error:
        return str(error)
    return None


def date(text: str, calendar: str) -> cftime.datetime:
    """The date that a text means.

    Args:
      text: ``YYYY-MM-DD`` or ``YYYY-MM-DDTHH:MM:SS``; the year is not zero.
      calendar: one of `CALENDARS`.

    Raises:
      ValueError: the calendar has no such date; says why.
    """
    if calendar not in CALENDARS:
        raise ArgumentError(f"calendar {calendar!r} is none of {', '.join(CALENDARS)}")
    year, month, day, *time = _numbers(text)
    month_days = cftime.datetime(year, month, 1, calendar=calendar).daysinmonth
    if day > month_days:
        raise ValueError(
            f"is no date of the calendar: {year:04}-{month:02} has {month_days} days in {calendar}"
        )
    return cftime.datetime(year, month, day, *time, calendar=calendar)


def day_and_second(when: cftime.datetime) -> tuple[int, int]:
    """Days since 1970-01-01 in the date's own calendar, and the second of that day."""
    day = cftime.datetime(when.year, when.month, when.day, calendar=when.calendar)
    second = 3600 * when.hour + 60 * when.minute + when.second
    return int(cftime.date2num(day, _EPOCH, when.calendar)), second


def year_and_day(day: Number, calendar: str) -> tuple[Number, Number, int]:
    """The year that a day of an idealised calendar lies in.

    Args:
      day: days since 1970-01-01 in that calendar.
      calendar: ``noleap`` or ``360_day``.

    Returns:
      The year, the day in it from zero, and the days in every year.
    """
    length = _DAYS_PER_YEAR[calendar]
    return 1970 + day // length, day % length, length  # type: ignore[operator]


def _numbers(text: str) -> tuple[int, ...]:
    """Year, month, day, hour, minute and second, each in its range."""
    match = re.fullmatch(_FORM, text, re.ASCII)
    if match is None:
        raise ValueError("is not of the form YYYY-MM-DDTHH:MM:SS")
    digits, *rest = match.groups()
    if not 1 <= len(digits.lstrip("0")) <= len(str(LAST_YEAR)):
        year = shown(digits.lstrip("0"), 20) or "0"
        raise ValueError(
            f"is no date of the calendar: year {year} is out of range 1 to {LAST_YEAR}"
        )
    year, others = int(digits), [int(number or 0) for number in rest]
    for (name, largest), number in zip(_LARGEST.items(), others, strict=True):
        smallest = _SMALLEST.get(name, 0)
        if not smallest <= number <= largest:
            raise ValueError(f"is no date of the calendar: {name} must be in {smallest}..{largest}")
    return year, *others
