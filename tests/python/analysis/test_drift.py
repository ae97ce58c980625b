"""`ngcm-coupler report --drift`: what a long run gains and loses."""

from __future__ import annotations

import builtins
import re

import numpy as np
import pytest

from ngcm_coupler.analysis.report.drift import drift
from ngcm_coupler.cli import main
from ngcm_coupler.clock import Clock
from ngcm_coupler.errors import DataError
from ngcm_coupler.fields import IMPORTS, offered
from ngcm_coupler.files.foreign import BUDGET_TITLE
from ngcm_coupler.files.netcdf import import_netcdf4
from ngcm_coupler.grid import GaussianGrid
from ngcm_coupler.output.history import History

DAY = 86400
QUARTER = DAY // 4
START = Clock("2001-02-20", "noleap")

ENTRIES = {
    "dry_air_pressure": "Pa",
    "precipitation_flux": "kg m-2 s-1",
    "evaporation_total": "kg m-2 s-1",
    "atmosphere_mass_content_of_water": "kg m-2",
    "surface_net_downward_heat_flux": "W m-2",
}


def write_budget(path, values, first=0):
    """A budget file of six-hourly records; `values` have all of them, by name."""
    count = len(next(iter(values.values())))
    ends = first + QUARTER * np.arange(1, count + 1)
    with import_netcdf4().Dataset(path, "w") as file:
        file.setncatts({"title": BUDGET_TITLE, "source": "a model"})
        file.createDimension("time", None)
        file.createDimension("bnds", 2)
        time = file.createVariable("time", "i8", ("time",))
        time.setncatts({"units": START.time_units, "calendar": START.calendar})
        time[:] = ends
        bounds = file.createVariable("time_bounds", "i8", ("time", "bnds"))
        bounds[:] = np.stack([ends - QUARTER, ends], axis=1)
        for name, units in ENTRIES.items():
            entry = file.createVariable(name, "f8", ("time",))
            entry.setncatts({"units": units, "long_name": name, "provenance": "x"})
            entry.setncatts({"over_time": "mean", "cell_methods": "time: mean area: mean"})
            entry[:] = values[name]


def days_of(days):
    """The middles of the records of so many days."""
    return (np.arange(4 * days) + 0.5) / 4


def synthetic(days):
    """Air without drift, water that settles, rain that grows by 0.1 mm/day in ten days."""
    day = days_of(days)
    wave = np.sin(2.0 * np.pi * day)  # of a day, which means of days do not have
    return {
        "dry_air_pressure": np.full(day.size, 98300.0),
        "precipitation_flux": (3.0 + 0.01 * day) / 86400.0,
        "evaporation_total": np.full(day.size, 3.0 / 86400.0),
        "atmosphere_mass_content_of_water": 25.0 - np.maximum(0.0, 15.0 - day) + wave,
        "surface_net_downward_heat_flux": -5.0 + 100.0 * wave,
    }


@pytest.mark.parametrize(
    ("times", "words"),
    [
        ([3e17, 0, 0, 0], "b.nc: the times in time_bounds are no seconds since the start of a run"),
        ([2 * DAY, DAY, 0, 0], "b.nc: the times in time_bounds do not follow each other"),
        ([0, 0, 0, 1e11], "4 records span 11574. blocks of 10 days, nearly all without a record"),
    ],
)
def test_times_that_no_run_has_are_refused_and_ask_for_no_place_of_each_day(tmp_path, times, words):
    write_budget(tmp_path / "b.nc", synthetic(1))
    with import_netcdf4().Dataset(tmp_path / "b.nc", "a") as file:
        file["time_bounds"][:] += np.array(times, "i8")[:, None]
    with pytest.raises(DataError, match=words):
        drift(tmp_path, 10)


def write_history(path, days, needs=frozenset()):
    """A history of daily records, in which air and sea warm by 0.5 and 0.02 K a day."""
    grid = GaussianGrid(8, 4)
    exports = offered(needs)
    fields = (*(row for row in IMPORTS if row.surface == "sea"), *exports)
    fields = tuple(row for row in fields if not row.name.startswith("imposed_"))
    history = History(str(path), grid, np.zeros(grid.size), fields, START, {"source": "a model"},
                      dict.fromkeys((row.name for row in fields), "x"),
                      interval_seconds=86400)  # fmt: skip
    for day in range(days):
        values = {row.name: np.zeros(grid.size, np.float32) for row in fields}
        values["air_temperature"] += 280.0 + 0.5 * day
        values["sea_surface_temperature"] += 290.0 + 0.02 * day
        history.write(START.advanced((day + 1) * DAY), DAY, values)
    history.close()


def columns(table):
    """Title of a column -> its cells from the top."""
    rows = [table.header, *table.rows]
    return {column[0]: column[1:] for column in zip(*rows, strict=True)}


def test_blocks_and_trends_are_those_of_the_records(tmp_path):
    write_budget(tmp_path / "budget.nc", synthetic(40))
    air, water, heat = drift(tmp_path, 10)
    table = columns(air)
    assert table["from"] == (
        "2001-02-20 + 10 d", "2001-03-02 + 10 d", "2001-03-12 + 10 d", "2001-03-22 + 10 d",
        "last less first", "trend in 10 d", "of the second half",
    )  # fmt: skip
    assert table["dry air [hPa]"] == ("983.0000",) * 4 + ("+0.0000",) * 3
    settles = table["water in air [kg/m²]"]
    # 15 - day from 15 to 5, then from 5 to 0 in half of the block.
    assert settles[:5] == ("15.000", "23.750", "25.000", "25.000", "+10.000")
    assert float(settles[5]) > 2.0 and abs(float(settles[6])) < 1e-9, "it has ended"
    table = columns(water)
    assert table["P [mm/day]"] == (
        "3.0500", "3.1500", "3.2500", "3.3500", "+0.3000", "+0.1000", "+0.1000"
    )  # fmt: skip
    assert table["P-E [mm/day]"][:4] == ("0.0500", "0.1500", "0.2500", "0.3500")
    assert columns(heat)["net [W/m²]"][:5] == ("-5.00",) * 4 + ("+0.00",)


def test_an_unfinished_block_is_shown_and_not_compared(tmp_path):
    write_budget(tmp_path / "budget.nc", synthetic(23))
    table = columns(drift(tmp_path, 10)[1])
    assert table["from"][2] == "2001-03-12 + 3 d"
    assert table["P [mm/day]"][:4] == ("3.0500", "3.1500", "3.2150", "+0.1000")


def test_segments_are_one_run(tmp_path):
    whole = synthetic(40)
    for name, part, first in (("a.nc", slice(0, 60), 0), ("b.nc", slice(60, None), 60 * QUARTER)):
        write_budget(tmp_path / name, {key: row[part] for key, row in whole.items()}, first)
    (tmp_path / "one").mkdir()
    write_budget(tmp_path / "one" / "budget.nc", whole)
    assert drift(tmp_path, 10) == drift(tmp_path / "one", 10)


def test_the_history_gives_what_the_budget_lacks(tmp_path):
    write_budget(tmp_path / "budget.nc", synthetic(30))
    write_history(tmp_path / "history.nc", 30)
    air, _, _, surface = drift(tmp_path, 10)
    lowest = columns(air)["T lowest [K]"]
    assert lowest == ("282.250", "287.250", "292.250", "+10.000", "+5.000", "+5.000")
    assert columns(surface)["sea [K]"][-2] == "+0.200"
    assert "land [K]" not in columns(surface), "the run has none"


def test_a_run_of_less_than_two_blocks_is_refused_with_the_remedy(tmp_path):
    write_budget(tmp_path / "budget.nc", synthetic(15))
    with pytest.raises(DataError, match="less than two blocks of 10 days; give a smaller number"):
        drift(tmp_path)
    assert len(drift(tmp_path, 5)[0].rows) == 3 + 3


def test_a_run_of_less_than_two_days_is_not_told_to_give_less_than_a_day(tmp_path):
    write_budget(tmp_path / "budget.nc", synthetic(1))
    with pytest.raises(DataError, match="less than two blocks of a day; give a longer run"):
        drift(tmp_path, 1)


def test_the_command_prints_the_tables_without_matplotlib(tmp_path, capsys, monkeypatch):
    write_budget(tmp_path / "budget.nc", synthetic(40))
    imported = builtins.__import__

    def refuse(name, *arguments, **named):
        assert not name.startswith("matplotlib"), "it is not needed"
        return imported(name, *arguments, **named)

    monkeypatch.setattr(builtins, "__import__", refuse)
    assert main(["report", str(tmp_path), "--drift"]) == 0
    text = capsys.readouterr().out
    assert re.search(r"^from +dry air \[hPa\] +water in air \[kg/m²\]$", text, re.MULTILINE)
    assert re.search(r"^trend in 10 d +\+0\.1000 +\+0\.0000 +\+0\.1000$", text, re.MULTILINE)
    assert main(["report", str(tmp_path), "--drift", "20"]) == 0
    assert len(capsys.readouterr().out.split("Water,")[1].split("Heat")[0].splitlines()) == 8
    with pytest.raises(SystemExit):
        main(["report", str(tmp_path), "--drift", "0"])


def test_the_page_of_a_long_run_has_the_drift(tmp_path):
    write_budget(tmp_path / "budget.nc", synthetic(40))
    assert main(["report", str(tmp_path)]) == 0
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert '<section id="drift">' in page and "2001-03-22 + 10 d" in page
    assert "of the second half" in page


def test_a_field_of_two_columns_is_read_once_where_there_is_no_budget(tmp_path):
    write_history(tmp_path / "history.nc", 25, frozenset({"water"}))
    tables = {table.caption: columns(table) for table in drift(tmp_path, 10)}
    (water,) = (each for each in tables.values() if "P [mm/day]" in each)
    assert water["P [mm/day]"][:3] == ("0.0000",) * 3
