"""Spellings of units: which mean the same."""

import pytest

from ngcm_coupler.fields.units import unit_of

ALIKE = (
    ("m s-1", "m s**-1", "m/s", "m s^-1", "meters per second", "m.s-1"),
    ("m2 s-2", "m**2 s**-2", "m^2/s^2", "m²/s²", "J kg-1", "J/kg"),
    ("kg kg-1", "kg kg**-1", "kg/kg", "1", "(0 - 1)", "fraction", "dimensionless", "g/g"),
    ("hPa", "mb", "millibars", "mbar", "hectopascal"),
    ("kg m-2 s-1", "kg m**-2 s**-1", "kg/m2/s"),
    ("W m-2", "W/m2", "J m-2 s-1", "kg s-3"),
    ("K", "kelvin", "degK"),
    ("g kg-1", "g kg**-1", "g/kg"),
    ("m", "gpm", "metres"),
    ("degC", "celsius", "degrees_C", "°C"),
    ("%", "percent"),
    ("Pa", "N m-2"),
    ("knots", "kt"),
)


@pytest.mark.parametrize("spellings", ALIKE, ids=lambda each: each[0])
def test_spellings_of_one_unit_mean_the_same_and_no_other(spellings):
    first = unit_of(spellings[0])
    assert first is not None
    for spelling in spellings:
        found = unit_of(spelling)
        assert found is not None and found.means(first), spelling
    for other in ALIKE:
        if other is not spellings:
            unit = unit_of(other[0])
            assert unit is not None and not unit.means(first), other[0]


@pytest.mark.parametrize("text", ["", " ", "unknown", "//", "m99", "furlong", "m" * 101, "s since"])
def test_what_is_not_understood_is_no_unit(text):
    assert unit_of(text) is None
