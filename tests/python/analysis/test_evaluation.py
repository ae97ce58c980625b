"""`ngcm-coupler report --evaluate`: what a reviewer asks of a run."""

from __future__ import annotations

import importlib.util

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ngcm_coupler.analysis.evaluation import heat
from ngcm_coupler.analysis.evaluation.evaluation import evaluate
from ngcm_coupler.analysis.evaluation.records import Records
from ngcm_coupler.analysis.evaluation.season import yearly_share
from ngcm_coupler.analysis.report.folder import find
from ngcm_coupler.cli import main
from ngcm_coupler.clock import Clock
from ngcm_coupler.fields import IMPORTS, offered
from ngcm_coupler.grid import GaussianGrid
from ngcm_coupler.output.history import History
from ngcm_coupler.surface.radiation.insolation import sunlight

HOUR = 3600
GRID = GaussianGrid(16, 8)
LAND = (np.arange(GRID.size) % 16 < 4).astype(float)
START = Clock("2000-01-01")
MM_PER_DAY = 1.0 / 86400.0
SEA = tuple(row for row in IMPORTS if row.surface == "sea")
EVERYTHING = frozenset({"radiation", "water", "sea_ice", "land"})

FLUXES = {
    "surface_downwelling_shortwave_flux_in_air": 190.0,
    "surface_net_downward_shortwave_flux": 160.0,
    "surface_net_downward_longwave_flux": -56.0,
    "surface_downward_latent_heat_flux": -82.0,
    "surface_downward_sensible_heat_flux": -21.0,
    "water_evapotranspiration_flux": 3.0 * MM_PER_DAY,
}


def values_of(name, hour):
    """Fluxes of a known mean; rain that falls in the second half of each day, east of 180."""
    if name == "sea_ice_area_fraction":
        return np.where(np.abs(GRID.latitude) > 60.0, 0.5, 0.0)
    if name in ("precipitation_flux", "column_budget_precipitation_flux"):
        rains = (GRID.longitude >= 180.0) & (hour % 24 >= 12)
        raw = np.where(rains, 12.0, -1.0 if name.startswith("column") else 0.0)
        return raw * MM_PER_DAY
    if name == "toa_incoming_shortwave_flux":
        return 1.05 * 340.0 * yearly_share(GRID.latitude)
    if name == "toa_outgoing_longwave_flux":
        return 230.0 + 20.0 * np.cos(np.deg2rad(GRID.latitude))
    cell = name.split("_over_")[0]
    factor = {"land": 0.0, "ice_free_sea": 2.0}.get(name.removeprefix(f"{cell}_over_"), 1.0)
    return np.full(GRID.size, factor * FLUXES.get(cell, 0.0))


def write(folder, hours, needs=EVERYTHING, names=None, length=1):
    """A history of records of so many hours each."""
    fields = tuple(row for row in (*SEA, *offered(needs)) if names is None or row.name in names)
    history = History(str(folder / "history.nc"), GRID, LAND, fields, START, {"source": "a model"},
                      dict.fromkeys((row.name for row in fields), "x"),
                      interval_seconds=length * HOUR)  # fmt: skip
    for hour in range(0, hours, length):
        values = {row.name: values_of(row.name, hour).astype(np.float32) for row in fields}
        history.write(START.advanced((hour + length) * HOUR), length * HOUR, values)
    history.close()


def cells(tables, caption):
    """Name of a row -> its cells, of the table whose caption begins so."""
    (table,) = (each for each in tables if each.caption.startswith(caption))
    return {row[0]: row[1:] for row in table.rows}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    more = ("sea_ice_area_fraction", "column_budget_precipitation_flux")
    write(folder, 50, names=(*heat.wanted(), *more))
    return folder


@pytest.fixture(scope="module")
def found(whole):
    return evaluate(whole)


def test_means_stand_beside_what_is_observed(found):
    rows = cells(found.tables["By surface"], "Heat")
    assert rows["SW down"] == ("190.0", "190.0", "", "", "190.0", "185.0", "185.0", "184.0", "Wild")
    assert rows["Latent"][:5] == ("-82.0", "-82.0", "-164.0", "-82.0", "0.0")
    assert rows["Net"][:3] == ("1.0", "1.0", "2.0") and rows["Net"][5:8] == ("0.6", "1.0", "0.0")
    water = cells(found.tables["By surface"], "Water")
    assert water["E"][0] == "3.00" and water["E"][5:] == ("2.79", "3.41", "1.30", "Rodell")
    bands = cells(found.tables["By latitude"], "By latitude, whole")["LW outgoing"]
    assert bands[0] == bands[6] and bands[2] == "249.7", "the row at 11 degrees"
    assert bands[3] == "-" and bands[8] == "239.0", "no row lies within 10 degrees"
    open_water = cells(found.tables["By latitude"], "By latitude, over open water")
    assert open_water["Latent"][:3] == ("-164.0",) * 3
    assert open_water["Latent"][7:] == ("-164.0", "-100.0")


def test_sunlight_is_held_to_that_of_the_season(found):
    rows = cells(found.tables["By season"], "Heat into the sea")
    assert rows["SW net"] == ("160.0", "-18.5", "178.5", "Wild"), "a twentieth more than 170"
    assert rows["Latent"] == ("-82.0", "+18.0", "-100.0", "Wild"), "the year's"
    assert rows["Net"] == ("1.0", "-8.5", "9.5", "Wild")
    assert " gets 1.050 of " in found.tables["By season"][0].caption


def test_the_sun_of_a_year_is_that_of_the_orbit():
    latitudes = np.linspace(-87.5, 87.5, 36)
    days = np.arange(10957, 10957 + 1461, 3, dtype=np.int32)
    daily = jax.jit(jax.vmap(lambda day: _daily(day, jnp.deg2rad(latitudes))))(days)
    year = np.asarray(daily).mean(axis=0)
    weight = np.cos(np.deg2rad(latitudes))
    np.testing.assert_allclose(
        yearly_share(latitudes), year / np.average(year, weights=weight), rtol=3e-3
    )


def _daily(day, latitudes):
    found = sunlight(day, 0, 86400, latitudes, jnp.zeros_like(latitudes))
    return found.mean_cosine * found.inverse_square_distance


def test_rain_is_measured_in_records_and_in_whole_days(found):
    rain = cells(found.tables["Precipitation"], "Precipitation")
    # 24 of 48 hours, and none of the two that begin the third day, in half of the globe.
    assert rain["no P, records of 1 h"][1] == "76.0"
    assert rain["raw P below zero, records of 1 h"][1] == "76.0"
    assert rain["no P, means of 2 days"][1] == "50.0"
    assert rain["p99.9 of daily means"][1] == "6.0"
    assert rain["lag-one correlation in longitude, daily means"][1] == "0.75", "2 of 16 edges"
    assert rain["lag-one correlation in latitude, daily means"][1] == "1.00"
    assert rain["P, globe"][1:] == ("2.88", "2.70 (GPCP)")
    assert rain["largest zonal mean of the tropics over that of raw"][1] == "1.36"


def test_what_is_not_there_is_missing_and_never_zero(tmp_path):
    write(tmp_path, 3, frozenset())
    found = evaluate(tmp_path)
    rows = cells(found.tables["By surface"], "Heat")
    assert rows["SW down"][:5] == ("missing", "missing", "", "", "missing")
    assert rows["Net"][:1] == ("missing",) and rows["Sensible"][:3] == (
        "missing",
        "missing",
        "-42.0",
    )
    assert not found.tables["Precipitation"]
    missing = dict(found.missing)
    assert "&ngcm_radiation" in missing["surface_downwelling_shortwave_flux_in_air"]
    assert "water budget" in missing["how precipitation is spread"]
    assert "set budget_file" in missing["factor and debt of the water closure"]
    assert missing["power at degrees up to 60"] == "the grid resolves l = 0 to 7"


@pytest.mark.parametrize(
    ("hours", "length", "reason"),
    [
        (23, 1, "the records span 23 hours"),
        (96, 48, "a record is a mean over more than a day"),
        (24, 1, ""),
        (48, 6, ""),
        (48, 24, ""),
    ],
)
def test_a_mean_of_a_day_takes_a_whole_day(tmp_path, hours, length, reason):
    write(tmp_path, hours, names=("precipitation_flux", "sea_ice_area_fraction"), length=length)
    records = Records(find(tmp_path).history)
    assert records.days_lack().startswith(reason) and bool(records.days_lack()) == bool(reason)
    days = records.days("precipitation_flux")
    assert len(days) == (0 if reason else hours // 24)


def test_samples_of_a_day_are_no_mean_of_it(tmp_path):
    fields = tuple(row for row in offered(EVERYTHING) if row.name == "precipitation_flux")
    history = History(str(tmp_path / "h.nc"), GRID, LAND, fields, START, {}, {fields[0].name: "x"},
                      interval_seconds=HOUR)  # fmt: skip
    for hour in range(0, 48, 6):
        history.write(START.advanced((hour + 1) * HOUR), HOUR, {fields[0].name: np.ones(GRID.size)})
        history._begin = START.advanced((hour + 6) * HOUR)
    history.close()
    assert "do not fill a day" in Records(find(tmp_path).history).days_lack()


@pytest.mark.slow
def test_the_command_prints_the_tables_and_writes_the_page(whole, tmp_path, capsys):
    assert main(["report", str(whole), "--evaluate", "--output", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert "2000-01-01T00:00:00 to 2000-01-03T02:00:00, 2.08 days" in text
    assert "Noise of exported fields" in text and str(tmp_path / "evaluation.html") in text
    page = (tmp_path / "evaluation.html").read_text(encoding="utf-8")
    assert page.count("<img") > 6 and "Wild et al. (2015)" in page and 'id="missing"' in page


def test_without_matplotlib_the_tables_are_printed_all_the_same(tmp_path, capsys, monkeypatch):
    write(tmp_path, 1, names=("surface_downward_latent_heat_flux", "sea_ice_area_fraction"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert main(["report", str(tmp_path), "--evaluate"]) == 0
    text = capsys.readouterr().out
    assert "No page: matplotlib is not installed" in text and "By latitude" in text
    assert not (tmp_path / "evaluation.html").exists()
