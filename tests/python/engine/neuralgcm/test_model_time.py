"""The published model's own time has the sun of the date, in every calendar and for ever."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from dinosaur import (
    coordinate_systems,
    primitive_equations,
    radiation,
    scales,
    sigma_coordinates,
    spherical_harmonic,
)

from ngcm_coupler.clock import Clock
from ngcm_coupler.engine.neuralgcm.model_time import ModelTime

REFERENCE = np.datetime64("1979-01-01")
SPECS = primitive_equations.PrimitiveEquationsSpecs.from_si()
UNIT = 1.0 / float(SPECS.nondimensionalize(1.0 * scales.units.second))
HALF_HOURS = 1800 * np.arange(48)


@pytest.fixture(scope="module")
def phases():
    """Upstream's own orbital and synodic phase of a time [turns]."""
    coords = coordinate_systems.CoordinateSystem(
        spherical_harmonic.Grid.T21(), sigma_coordinates.SigmaCoordinates.equidistant(1)
    )
    sun = radiation.SolarRadiation.normalized(coords, SPECS, REFERENCE)

    def of(time):
        orbit = sun.time_to_orbital_time(time)
        return orbit.orbital_phase / (2.0 * jnp.pi), orbit.synodic_phase / (2.0 * jnp.pi)

    return jax.jit(jax.vmap(of))


def off(found, expected, unit):
    """Difference of phases [turns], the shorter way round, in units of a turn."""
    return unit * ((np.asarray(found, np.float64) - expected + 0.5) % 1.0 - 0.5)


def moments(year, calendar):
    """Days and seconds over a year, every hour of the day among them."""
    first = Clock(f"{year:04}-01-01", calendar).day
    days = np.repeat(first + np.arange(0, 360, 7), HALF_HOURS.size)
    return days, np.tile(HALF_HOURS, days.size // HALF_HOURS.size)


def times(calendar, days, seconds):
    """The model's time; upstream's is computed in double precision, as it does itself."""
    zero = Clock(str(REFERENCE)).day
    upstream = (((days - zero) * 86400.0 + seconds) / UNIT).astype(np.float32)
    model = ModelTime(calendar, REFERENCE, UNIT)
    return upstream, jax.jit(jax.vmap(model.of))(upstream, days, seconds)


@pytest.mark.parametrize("calendar", ["noleap", "360_day"])
@pytest.mark.parametrize("year", [1, 1900, 2000, 2100, 3000])
def test_an_idealised_date_has_its_hour_and_the_part_of_its_year(calendar, year, phases):
    days, seconds = moments(year, calendar)
    orbital, synodic = phases(times(calendar, days, seconds)[1])
    # Single precision of two years of rotation is 7 s, once in the time and once in the angle.
    assert np.abs(off(synodic, seconds / 86400, 86400.0)).max() < 15.0
    length = {"noleap": 365, "360_day": 360}[calendar]
    fraction = ((days - Clock("1970-01-01", calendar).day) % length + seconds / 86400) / length
    # An eighth of a day, and what a day of 1/360 of a year is longer than one of upstream's.
    assert np.abs(off(orbital, fraction, 365.25)).max() < 0.125 + 0.016


@pytest.mark.bits
@pytest.mark.parametrize("calendar", ["noleap", "360_day"])
def test_a_century_later_the_idealised_sun_is_the_same_to_the_bit(calendar):
    for year in (1979, 2900):
        now, later = (times(calendar, *moments(each, calendar))[1] for each in (year, year + 100))
        np.testing.assert_array_equal(now, later)


@pytest.mark.bits
@pytest.mark.parametrize("year", [1925, 1959, 1979, 2020, 2032])
def test_near_the_reference_upstreams_time_is_kept(year):
    upstream, ours = times("proleptic_gregorian", *moments(year, "proleptic_gregorian"))
    np.testing.assert_array_equal(upstream, ours)


@pytest.mark.parametrize("year", [1, 1600, 1900, 2035, 2100, 2979])
def test_far_from_the_reference_a_real_date_has_its_hour_and_its_season(year, phases):
    days, seconds = moments(year, "proleptic_gregorian")
    upstream, ours = times("proleptic_gregorian", days, seconds)
    orbital, synodic = phases(ours)
    assert np.abs(off(synodic, seconds / 86400, 86400.0)).max() < 15.0
    # Tropical years since the reference; the rate is rounded by 0.016 days in a thousand years.
    season = (days - Clock(str(REFERENCE)).day + seconds / 86400) / 365.2422
    assert np.abs(off(orbital, season, 365.25)).max() < 0.125 + 0.04
    assert np.abs(off(phases(upstream)[1], seconds / 86400, 86400.0)).max() > 60.0


def test_upstreams_own_time_loses_minutes_in_a_century(phases):
    """What `ModelTime` is for. The hour of upstream's time in the year so long after its zero."""
    worst = {}
    for years in (10, 50, 100, 400):
        days, seconds = moments(1979 + years, "proleptic_gregorian")
        upstream, _ = times("proleptic_gregorian", days, seconds)
        worst[years] = np.abs(off(phases(upstream)[1], seconds / 86400, 86400.0)).max()
    # Measured: 30, 127, 257 and 1055 s.
    assert 20.0 < worst[10] < 40.0 and 100.0 < worst[50] < 150.0, worst
    assert 200.0 < worst[100] < 300.0 and 900.0 < worst[400] < 1200.0, worst


def test_another_reference_has_its_own_phase():
    """A reference in the middle of a day and year, against upstream's conversion of its date."""
    reference = np.datetime64("2000-07-02T12:00")
    phase = radiation.datetime_to_orbital_time(radiation.datetime64_to_datetime(reference))
    day = Clock("2051-11-05", "noleap").day
    time = float(ModelTime("noleap", reference, UNIT).of(0.0, day, 3600)) * UNIT / 86400
    hour = phase.synodic_phase / (2.0 * np.pi) + time
    assert abs(off(hour, 1.0 / 24.0, 86400.0)) < 15.0
    season = phase.orbital_phase / (2.0 * np.pi) + time / 365.25
    fraction = Clock("2051-11-05T01:00:00", "noleap").year_fraction
    assert abs(off(season, fraction, 365.25)) < 0.125 + 0.016
