"""The two books of fluxes, put together."""

from __future__ import annotations

import os

import pytest

from ngcm_coupler import config as configuration
from ngcm_coupler.cli.tables import text_table
from ngcm_coupler.couplers.oasis import closure
from ngcm_coupler.errors import DataError

NAMELIST = """
&ngcm_oasis
  exports = 'rainfall_flux', 'air_pressure_at_mean_sea_level'
  partner_names = 'rainfall_flux = OTotRain'
  coupling = '{coupling}'
/
&ngcm_driver run_hours = 3 /
"""


def book(folder, name, field, integrals, header="seconds,field,integral"):
    lines = [f"{seconds},{field},{value:.17e}" for seconds, value in integrals.items()]
    (folder / f"{name}_fluxes.csv").write_text("\n".join([header, *lines, ""]))


def closures(folder, coupling="sequential"):
    return closure.closures(configuration.parse(NAMELIST.format(coupling=coupling)), folder)


def test_what_arrives_is_what_was_sent_at_the_same_date(tmp_path):
    book(tmp_path, "ngcm", "NG_RAIN", {0: 1.0, 3600: 2.0, 7200: 4.0})
    book(tmp_path, "ocean", "OTotRain", {0: 1.0, 3600: 2.0, 7200: 3.0})
    (row,) = closures(tmp_path)  # a pressure is no flux
    assert (row.pair.source, row.pair.target, row.intervals) == ("NG_RAIN", "OTotRain", 3)
    assert row.sent == pytest.approx(7.0 / 3.0)
    assert row.received == 2.0
    assert row.relative_difference == 0.25  # 1 of the largest, 4
    table = text_table(*closure.table([row]))
    assert "kg s-1  NG_RAIN  2.333333333e+00  OTotRain     2.000000000e+00  2.5e-01" in table


def test_a_lag_shifts_the_dates(tmp_path):
    book(tmp_path, "ngcm", "NG_RAIN", {0: 1.0, 3600: 2.0, 7200: 4.0})
    book(tmp_path, "ocean", "OTotRain", {0: 9.0, 3600: 1.0, 7200: 2.0})
    (row,) = closures(tmp_path, "concurrent")
    # What the ocean gets at 0 is of a restart file; what is sent at 7200 never arrives.
    assert (row.intervals, row.relative_difference) == (2, 0.0)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"seconds,field,integral\n" + b"x" * 140_000])
def test_books_and_tables_that_are_damaged_are_refused(tmp_path, content):
    for name, read in (("ngcm_fluxes.csv", closures), (closure.NAME, closure.read_table)):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match=f"{name} cannot be read") as refusal:
            read(tmp_path)
        assert len(str(refusal.value)) < 1000
        (tmp_path / name).unlink()
        os.mkfifo(tmp_path / name)
        with pytest.raises(DataError, match=f"{name} cannot be read.* a pipe"):
            read(tmp_path)


def test_books_that_do_not_fit_are_refused(tmp_path):
    with pytest.raises(DataError, match="ngcm_fluxes.csv cannot be read"):
        closures(tmp_path)
    book(tmp_path, "ngcm", "NG_RAIN", {0: 1.0})
    book(tmp_path, "ocean", "OTotSnow", {0: 1.0})
    with pytest.raises(DataError, match="the ocean's flux book has no OTotRain; it has OTotSnow"):
        closures(tmp_path)
    book(tmp_path, "ocean", "OTotRain", {1800: 1.0})
    with pytest.raises(DataError, match="no date in common with LAG 0"):
        closures(tmp_path)
    book(tmp_path, "ocean", "OTotRain", {0: float("nan")})
    with pytest.raises(DataError, match="ocean_fluxes.csv:2: not a line of a flux book"):
        closures(tmp_path)
    book(tmp_path, "ocean", "OTotRain", {0: 1.0}, header="time,field,integral")
    with pytest.raises(DataError, match="the header is 'time,field,integral'"):
        closures(tmp_path)
