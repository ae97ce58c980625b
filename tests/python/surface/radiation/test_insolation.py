"""The sun of the surface exchange against almanacs and against plain quadrature."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ngcm_coupler.clock import Clock
from ngcm_coupler.surface.radiation.insolation import sun, sunlight

POINTS = np.radians([-89.0, -66.0, -23.4, 0.0, 10.0, 45.0, 66.5, 80.0, 90.0])
EAST = np.radians([0.0, 200.0, 350.0, 90.0, 180.0, 270.0, 13.0, 77.0, 0.0])


def moment(date: str) -> tuple[np.int32, np.int32]:
    seconds = np.datetime64(date, "s").astype(np.int64)
    return np.int32(seconds // 86400), np.int32(seconds % 86400)


@pytest.mark.parametrize(
    ("date", "declination"),
    # UTC of equinoxes and solstices as almanacs print them, to the minute.
    [
        ("2000-03-20T07:35", 0.0),
        ("2000-06-21T01:48", 23.438),
        ("2024-03-20T03:06", 0.0),
        ("2024-12-21T09:20", -23.436),
        ("1950-09-23T14:44", 0.0),
        ("2050-12-21T20:38", -23.433),
    ],
)
def test_declination_at_equinox_and_solstice(date, declination):
    # 0.02 degrees is what the declination changes by in an hour at the equinox.
    assert abs(math.degrees(sun(*moment(date)).declination) - declination) < 0.02


@pytest.mark.parametrize(
    ("date", "minutes"),
    # Extremes and zeros of the equation of time, apparent less mean time (Meeus 1998, ch. 28).
    [
        ("2000-02-11T12:00", -14.25),
        ("2000-04-15T12:00", 0.0),
        ("2000-05-14T12:00", 3.68),
        ("2000-07-26T12:00", -6.53),
        ("2000-11-03T12:00", 16.45),
        ("1992-10-13T00:00", 13.712),
    ],
)
def test_equation_of_time(date, minutes):
    # Four minutes of time are one degree; 0.1 minutes are a fortieth of a degree, and the dates
    # of the zeros are known to half a day, in which it changes by 0.12 minutes.
    result = math.degrees(sun(*moment(date)).equation_of_time) * 4.0
    assert abs(result - minutes) < 0.15


def test_distance_at_perihelion_and_aphelion():
    # 2003-01-04: 0.983320 au; 2003-07-04: 1.016728 au (almanac).
    perihelion = float(sun(*moment("2003-01-04T05:00")).inverse_square_distance)
    aphelion = float(sun(*moment("2003-07-04T06:00")).inverse_square_distance)
    np.testing.assert_allclose([perihelion, aphelion], [1.03421, 0.96736], atol=1e-4)
    # 1992-10-13, Meeus (1998), example 25.a.
    example = sun(*moment("1992-10-13T00:00"))
    np.testing.assert_allclose(example.inverse_square_distance, 0.99766**-2, atol=1e-5)
    assert abs(math.degrees(example.declination) + 7.78507) < 0.01


def test_single_precision_serves_for_centuries():
    """The declination at the solstice is the obliquity, which loses 0.0130 degrees a century.

    A day beside the solstice it is 0.004 degrees less.
    """
    for year in (1600, 1800, 2200, 2600):
        declination = math.degrees(sun(*moment(f"{year}-06-21T12:00")).declination)
        assert abs(declination - (23.4393 - 0.0130042 * (year - 2000) / 100)) < 0.006
    day, _ = moment("2350-01-01T00:00")
    angles = jax.vmap(lambda s: sun(day, s).equation_of_time)(jnp.arange(0, 86400, 600))
    # Smooth: 10 minutes bring the same each time, 28.5 s of time a day in January, to rounding.
    rate = -28.5 * 2.0 * np.pi / 86400 / 144
    np.testing.assert_allclose(np.diff(angles), rate, atol=1e-6)


@pytest.mark.parametrize(("calendar", "length"), [("noleap", 365), ("360_day", 360)])
def test_equinoxes_of_an_idealised_calendar_keep_their_date(calendar, length):
    def equinox(year):
        """Day of the year, from zero, at which the sun crosses the equator northward."""
        first = Clock(f"{year:04}-01-01", calendar).day
        days = first + np.arange(60, 100)
        declination = jax.vmap(lambda day: sun(day, 0, calendar).declination)(days)
        return np.interp(0.0, declination, days - first)

    # The mean of 2000 to 2003: 20 March 7:35, 13:31, 19:16 and 21 March 1:00 UTC, that is 79.316,
    # 78.563, 78.803 and 79.042 days after 1 January; as parts of a mean year of 365.2425 days.
    mean = np.mean([79.316, 78.563, 78.803, 79.042]) / 365.2425 * length
    # A day's change of declination is interpolated; years are counted to 0.001 days a century.
    assert abs(equinox(2000) - mean) < 0.02
    for year in (1900, 2100):
        # The mean sun keeps the date; the true one leaves it slowly, as the perihelion moves.
        assert abs(equinox(year) - equinox(2000)) < 0.03
    assert abs(equinox(3000) - equinox(2000)) < 0.3


@pytest.mark.parametrize("calendar", ["noleap", "360_day"])
@pytest.mark.parametrize("date", ["01-01", "02-28", "03-01", "06-21", "12-30"])
def test_a_century_later_the_season_is_the_same(calendar, date):
    now, later = (
        sun(Clock(f"{year}-{date}", calendar).day, np.int32(43200), calendar)
        for year in (2000, 2100)
    )
    turn = (later.mean_longitude - now.mean_longitude) / (2.0 * math.pi)
    # A rounded rate is off by 0.002 degrees a century, and the year by 0.001 days of it.
    assert abs(float(turn - jnp.round(turn))) * 360.0 < 0.005
    # The obliquity loses 0.013 degrees and the perihelion moves by 1.7 degrees in a century: the
    # equation of the centre changes by 0.06 degrees of longitude, 0.025 of declination.
    assert abs(math.degrees(later.declination - now.declination)) < 0.03
    np.testing.assert_allclose(
        later.inverse_square_distance, now.inverse_square_distance, atol=1.5e-3
    )


@pytest.mark.parametrize("calendar", ["noleap", "360_day"])
def test_years_join_without_a_jump(calendar):
    """Over the ends of years, and over the days that the real calendar has or has not."""
    days = Clock("2000-12-20", calendar).day + np.arange(100)
    season = np.unwrap(jax.vmap(lambda day: sun(day, 0, calendar).mean_longitude)(days))
    length = {"noleap": 365, "360_day": 360}[calendar]
    np.testing.assert_allclose(np.diff(season), 2.0 * np.pi / length, atol=2e-6)
    midnight = [sun(day, second, calendar) for day, second in ((days[5], 86400), (days[6], 0))]
    np.testing.assert_allclose(*(each.declination for each in midnight), atol=1e-6)


def test_noon_is_noon_in_every_calendar():
    greenwich, spring = np.zeros(1), "2051-04-15"  # the equation of time is nearly zero
    for calendar in ("proleptic_gregorian", "noleap", "360_day"):
        day = Clock(spring, calendar).day
        light = [
            float(sunlight(day, second, 60, greenwich, greenwich, calendar).mean_cosine[0])
            for second in (39600, 43170, 46800)
        ]
        assert light[1] > light[0] and light[1] > light[2] and light[1] > 0.98


@pytest.mark.parametrize("date", ["2000-01-15T00:00", "2001-03-20T17:30", "2003-06-21T06:00"])
@pytest.mark.parametrize("seconds", [600, 3600, 10800, 86400])
def test_mean_is_the_quadrature_of_samples(date, seconds):
    day, second = moment(date)
    result = sunlight(day, second, seconds, POINTS, EAST)
    position = jax.tree.map(np.float64, sun(day, second + 0.5 * seconds))
    times = second + (np.arange(20000) + 0.5) / 20000 * seconds
    hour = (times / 86400 * 2.0 - 1.0) * np.pi + position.equation_of_time
    cosine = np.sin(POINTS)[:, None] * np.sin(position.declination) + np.cos(POINTS)[
        :, None
    ] * np.cos(position.declination) * np.cos(hour + EAST[:, None])
    lit = cosine > 0.0
    mean = np.where(lit, cosine, 0.0).mean(axis=1)
    # Single precision of an angle, 4e-7, over the shortest span, 0.04 rad, gives 1e-5.
    np.testing.assert_allclose(result.mean_cosine, mean, atol=2e-5)
    some = lit.mean(axis=1) > 0.01
    np.testing.assert_allclose(
        np.asarray(result.sunlit_cosine)[some], mean[some] / lit.mean(axis=1)[some], atol=1e-3
    )


def test_steps_of_a_day_add_up_to_the_day():
    day, _ = moment("2000-10-01")
    hours = [sunlight(day, 3600 * hour, 3600, POINTS, EAST).mean_cosine for hour in range(24)]
    whole = sunlight(day, 0, 86400, POINTS, EAST).mean_cosine
    # The declination of the middle of the day serves for all of it: 0.2 degrees at most.
    np.testing.assert_allclose(np.mean(hours, axis=0), whole, atol=1.5e-3)


def test_global_mean_is_a_quarter():
    sines = (np.arange(400) + 0.5) / 200 - 1.0
    light = sunlight(*moment("2000-05-05"), 86400, np.arcsin(sines), np.zeros(400))
    np.testing.assert_allclose(np.mean(light.mean_cosine), 0.25, rtol=1e-4)


def test_polar_night_is_exactly_zero_and_polar_day_has_no_night():
    latitude = np.radians([80.0, -80.0])
    light = sunlight(*moment("2000-12-21"), 86400, latitude, np.zeros(2))
    assert light.mean_cosine[0] == 0.0 and light.sunlit_cosine[0] == 0.0
    np.testing.assert_allclose(light.mean_cosine[1], light.sunlit_cosine[1], rtol=1e-6)
    np.testing.assert_allclose(
        light.mean_cosine[1], math.sin(math.radians(80)) * math.sin(math.radians(23.44)), rtol=1e-3
    )


@pytest.mark.slow
def test_gradients_are_finite_at_the_poles_and_at_sunset():
    day, second = moment("2000-03-20T07:35")
    for seconds in (3600, 86400):
        gradient = jax.grad(
            lambda x, s=seconds: sunlight(day, second, s, x, jnp.asarray(EAST)).mean_cosine.sum()
        )(jnp.asarray(POINTS))
        assert np.isfinite(gradient).all()
