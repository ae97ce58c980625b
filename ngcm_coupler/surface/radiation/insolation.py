"""Sunlight at the top of the atmosphere: the real orbit, and its exact mean over a time step.

Time is the day since 1970-01-01 in the calendar of the run and the second of that day, UTC, both
int32. Whatever grows with the years is integer arithmetic modulo one turn, so that single
precision serves for centuries. The difference between universal and dynamical time, about a
minute, is left out.

A date of the real calendar has the sun of the almanac. In an idealised calendar each year is one
tropical year of the real orbit, and its days share it evenly: equinoxes keep their date, and noon
is noon. Its years begin where the real ones of 2000 to 2003 begin on average.

Source: Meeus (1998), Astronomical Algorithms, 2nd ed., ch. 25 and 28: solar coordinates of low
accuracy, 0.01 degrees; nutation is left out.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from ngcm_coupler.clock.calendars import REAL, SECONDS_PER_DAY, year_and_day

_J2000 = 10957  # day of 2000-01-01; the epoch is its noon
_DAYS_PER_CENTURY = 36525.0
# At the epoch, and per day: mean longitude and mean anomaly of the sun [turns].
_LONGITUDE = (280.46646 / 360.0, 36000.76983 / 360.0 / _DAYS_PER_CENTURY)
_ANOMALY = (357.52911 / 360.0, 35999.05029 / 360.0 / _DAYS_PER_CENTURY)
_TROPICAL_YEAR = 365.2422  # [days]; four digits are off by 0.001 days a century
_YEAR_BEGINS = 0.3867  # mean of 2000 to 2003, in days after that of 2000
_ABERRATION = math.radians(0.00569)
_LEAST = 1e-6  # of cosines that divide


class Step(NamedTuple):
    """The span of a model step."""

    day: Array
    """Days since 1970-01-01 in the calendar of the run at its start, int32, shape ()."""
    second: Array
    """Second of that day at its start [s], int32, shape ()."""
    seconds: int
    """Its length [s], static."""


class Sun(NamedTuple):
    """Where the sun stands."""

    declination: Array
    """[rad]."""
    equation_of_time: Array
    """Hour angle of the true sun less that of the mean sun [rad]."""
    inverse_square_distance: Array
    """(astronomical unit / distance)^2 [1]."""
    mean_longitude: Array
    """Of the mean sun along the ecliptic [rad]: the season; whole turns are left in it."""


class Sunlight(NamedTuple):
    """Sunlight on level ground without air, over a span of time."""

    mean_cosine: Array
    """Mean over the span of the cosine of the zenith angle, night counting as zero [1]."""
    sunlit_cosine: Array
    """Mean of that cosine while the sun is up [1]; zero where it does not rise."""
    inverse_square_distance: Array
    """(astronomical unit / distance)^2 [1], shape ()."""


def sun(day: ArrayLike, second: ArrayLike, calendar: str = REAL) -> Sun:
    """The position of the sun.

    Args:
      day: days since 1970-01-01 in the calendar, int32.
      second: second of that day [s], integer or real; may lie beyond the day.
      calendar: one of `calendars.CALENDARS`, static.

    Returns:
      Its position: angles within 0.02 degrees between 1800 and 2200.
    """
    days, part = _since_epoch(
        jnp.asarray(day, jnp.int32), jnp.asarray(second, jnp.float32) / SECONDS_PER_DAY, calendar
    )
    century = (days + part) / _DAYS_PER_CENTURY
    longitude = _angle(*_LONGITUDE, days, part)
    anomaly = _angle(*_ANOMALY, days, part)
    centre = (
        (1.914602 - 0.004817 * century) * jnp.sin(anomaly)
        + (0.019993 - 0.000101 * century) * jnp.sin(2.0 * anomaly)
        + 0.000289 * jnp.sin(3.0 * anomaly)
    ) * (math.pi / 180.0)
    eccentricity = 0.016708634 - 0.000042037 * century
    obliquity = jnp.radians(23.439291 - 0.0130042 * century)
    distance = (
        1.000001018 * (1.0 - eccentricity**2) / (1.0 + eccentricity * jnp.cos(anomaly + centre))
    )
    true_longitude = longitude + centre - _ABERRATION
    sine, cosine = jnp.sin(true_longitude), jnp.cos(true_longitude)
    ascension = jnp.arctan2(jnp.cos(obliquity) * sine, cosine)
    return Sun(
        declination=jnp.arcsin(jnp.sin(obliquity) * sine),
        equation_of_time=_wrapped(longitude - _ABERRATION - ascension),
        inverse_square_distance=1.0 / distance**2,
        mean_longitude=longitude,
    )


def sunlight(
    day: ArrayLike,
    second: ArrayLike,
    seconds: ArrayLike,
    latitude: ArrayLike,
    longitude: ArrayLike,
    calendar: str = REAL,
) -> Sunlight:
    """Sunlight over a span of time, from the exact integral over the hour angle.

    Args:
      day: days since 1970-01-01 in the calendar at the start of the span, int32, shape ().
      second: second of that day at the start of the span [s], shape ().
      seconds: length of the span [s], at most a day, shape (). Declination and equation of time
        are those of its middle.
      latitude: [rad], shape (n,).
      longitude: east [rad], shape (n,).
      calendar: one of `calendars.CALENDARS`, static.

    Returns:
      The sunlight, shape (n,). It is exactly zero where the sun does not rise.

    Source: Hogan and Hirahara (2016), Geophys. Res. Lett. 43, 482-488: means over the step for
    the energy, over its sunlit part for the path through the air.
    """
    span = jnp.asarray(seconds, jnp.float32)
    position = sun(day, jnp.asarray(second, jnp.float32) + 0.5 * span, calendar)
    along = jnp.sin(latitude) * jnp.sin(position.declination)
    across = jnp.maximum(jnp.cos(latitude) * jnp.cos(position.declination), _LEAST)
    sunset = _arccos(-along / across)
    turn = 2.0 * math.pi / SECONDS_PER_DAY
    noon_at_zero = jnp.asarray(second, jnp.float32) * turn - math.pi
    start = _wrapped(noon_at_zero + position.equation_of_time + longitude)
    end = start + span * turn
    integral, lit = jnp.zeros_like(start), jnp.zeros_like(start)
    for day_after in (0.0, 2.0 * math.pi):  # the span may reach into the next day
        low = jnp.maximum(start, day_after - sunset)
        high = jnp.minimum(end, day_after + sunset)
        up = high > low
        half, middle = 0.5 * (high - low), 0.5 * (high + low)
        area = 2.0 * (along * half + across * jnp.cos(middle) * jnp.sin(half))
        integral = integral + jnp.where(up, jnp.maximum(area, 0.0), 0.0)
        lit = lit + jnp.where(up, 2.0 * half, 0.0)
    any_lit = lit > 0.0
    return Sunlight(
        mean_cosine=integral / (span * turn),
        sunlit_cosine=jnp.where(any_lit, integral / jnp.where(any_lit, lit, 1.0), 0.0),
        inverse_square_distance=position.inverse_square_distance,
    )


def _since_epoch(day: Array, part_of_day: Array, calendar: str) -> tuple[Array, Array]:
    """Days of the real orbit since its epoch: whole ones, int32, and the rest, float32."""
    if calendar == REAL:
        return day - _J2000, part_of_day - 0.5
    year, day_of_year, length = year_and_day(day, calendar)
    years = year - 2000
    # 365.2422 days a year, in ten-thousandths: integers, so that no year loses a digit.
    tenthousandths = round((_TROPICAL_YEAR - 365.0) * 10000) * years
    stretch = _TROPICAL_YEAR / length
    part = (
        (tenthousandths % 10000).astype(jnp.float32) / 10000.0
        + day_of_year.astype(jnp.float32) * (stretch - 1.0)
        + part_of_day * stretch
        + (_YEAR_BEGINS - 0.5)
    )
    return 365 * years + day_of_year + tenthousandths // 10000, part


def _angle(at_epoch: float, per_day: float, days: Array, part: Array) -> Array:
    """A uniformly growing angle [rad], given in turns, at ``days + part`` after the epoch.

    A turn is 2^32 units of an integer that wraps around, so nothing is lost however many days.
    The rate, rounded to a unit, is off by 0.002 degrees after a century.
    """
    units = days.astype(jnp.uint32) * np.uint32(round(per_day * 2**32))
    whole = jax.lax.bitcast_convert_type(units, jnp.int32).astype(jnp.float32) / 2.0**32
    return 2.0 * math.pi * (whole + (at_epoch + per_day * part))


def _wrapped(angle: Array) -> Array:
    """The same angle between -pi and pi [rad]."""
    return angle - 2.0 * math.pi * jnp.round(angle / (2.0 * math.pi))


def _arccos(cosine: Array) -> Array:
    """Arc cosine [rad]; zero above 1 and pi below -1, where its derivative is zero."""
    inside = jnp.abs(cosine) < 1.0
    return jnp.where(
        inside,
        jnp.arccos(jnp.where(inside, cosine, 0.0)),
        jnp.where(cosine > 0.0, 0.0, math.pi),
    )
