"""The command ``ngcm-coupler report``: what is on the page, and what is refused."""

from __future__ import annotations

import base64
import html.parser
import importlib.util
import re
import shutil

import numpy as np
import pytest
from matplotlib.figure import Figure

from ngcm_coupler.analysis.evaluation.evaluation import evaluate
from ngcm_coupler.analysis.report import means
from ngcm_coupler.analysis.report.folder import find
from ngcm_coupler.analysis.report.maps import STYLES, draw
from ngcm_coupler.analysis.report.means import entry_series, field_means, read_grid
from ngcm_coupler.analysis.report.series import of_budget, of_history
from ngcm_coupler.analysis.report.times import Times
from ngcm_coupler.cli import main
from ngcm_coupler.clock import Clock
from ngcm_coupler.config.run_groups import History as Settings
from ngcm_coupler.errors import DataError
from ngcm_coupler.fields import EXPORTS, IMPORTS, TILES, offered
from ngcm_coupler.files.netcdf import import_netcdf4
from ngcm_coupler.grid import GaussianGrid
from ngcm_coupler.interval.water_closure import WaterOfGlobe
from ngcm_coupler.output.budget.ledger import Ledger
from ngcm_coupler.output.budget.output import BudgetFile
from ngcm_coupler.output.history import History
from ngcm_coupler.output.history import history as history_module

pytestmark = pytest.mark.slow

GRID = GaussianGrid(16, 8)
LAND = np.where(
    np.arange(GRID.size) % 16 < 5, 1.0, np.where(np.arange(GRID.size) % 16 == 5, 0.4, 0)
)
START = Clock("2000-01-01T00:00:00")
HOUR = 3600
OCEAN_ONLY = offered(frozenset({"water", "radiation"}))
TAKEN = tuple(row for row in IMPORTS if not row.name.startswith("imposed_"))
SEA = tuple(row for row in IMPORTS if row.surface == "sea")


class Run:
    """Writes the files of a run, whose exports are simple numbers."""

    def __init__(
        self,
        folder,
        exports=EXPORTS,
        imports=TAKEN,
        grid=GRID,
        land=LAND,
        model="a model",
        start=START,
    ):
        self.folder, self.exports, self.imports = folder, exports, imports
        self.grid, self.land, self.attributes = grid, land, {"source": model}
        self.clock = self.start = start
        self.settings = {}
        self.ledger = Ledger(grid, land, imports, exports, HOUR, 25.0, 98000.0)

    def values(self, hour):
        """Imports and exports of an hour."""
        imports = [np.full(self.grid.size, 280.0) for _ in self.imports]
        ice = [row.name for row in self.imports].index("sea_ice_area_fraction")
        # The host may leave anything where there is no sea.
        imports[ice] = np.where(self.land < 1.0, 0.1 * (hour % 2), np.nan)
        numbers = {
            "air_temperature_at_2m": 283.15 + hour,
            "eastward_wind_at_10m": np.linspace(-5.0, 5.0, self.grid.size),
            "atmosphere_mass_content_of_water": 25.0,
            "rainfall_flux": 2.0e-5,
            "snowfall_flux": 1.0e-5,
            "precipitation_flux": 3.0e-5,
            "column_budget_evaporation_flux": 3.0e-5,
            "column_budget_precipitation_flux": 3.0e-5,
        }
        for name in (
            "water_evapotranspiration_flux",
            *(f"water_evapotranspiration_flux_over_{t}" for t in TILES),
        ):
            numbers[name] = 3.0e-5
        for tile, size in zip(("", *TILES), (0.0, -10.0, -100.0, 30.0), strict=True):
            name = "surface_downward_sensible_heat_flux"
            numbers[f"{name}_over_{tile}" if tile else name] = size * (1 + hour)
        rows = [np.full(self.grid.size, numbers.get(row.name, 0.0)) for row in self.exports]
        return np.stack(imports).astype(np.float32), np.stack(rows).astype(np.float32)

    def write(self, name, hours, history=True, budget=True, skip=0):
        """Writes a segment; ``skip`` hours before it are not recorded."""
        self.clock = self.clock.advanced(skip * HOUR)
        fields = (*self.imports, *self.exports)
        origin = {row.name: f"origin of {row.name}" for row in fields}
        files = []
        if history:
            path = str(self.folder / f"{name}_fields")
            files.append(
                History(
                    path,
                    self.grid,
                    self.land,
                    fields,
                    self.start,
                    self.attributes,
                    origin,
                    interval_seconds=HOUR,
                    **self.settings,
                )
            )
        if budget:
            path = str(self.folder / f"{name}_sums")
            files.append(BudgetFile(path, self.ledger, self.start, self.attributes, origin))
        for _ in range(hours):
            imports, exports = self.values(self.clock.elapsed_seconds // HOUR)
            self.clock = self.clock.advanced(HOUR)
            water = WaterOfGlobe(25.0, 0.0, 3.0e-5, 1.0)
            self.ledger.enter(self.clock, imports, exports, 98000.0, water)
            if history:
                rows = np.concatenate([imports, exports])
                by_name = {row.name: value for row, value in zip(fields, rows, strict=True)}
                files[0].write(self.clock, HOUR, by_name)
            if budget:
                files[-1].write()
        for file in files:
            file.close()
        return self


class Page(html.parser.HTMLParser):
    """The tags, images and words of a page; fails where tags are not balanced."""

    def __init__(self, text):
        super().__init__()
        self.open, self.images, self.words = [], [], ""
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        if tag == "img":
            self.images.append(dict(attrs))
        elif tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.words += f"{data} "


def report(folder, *more):
    assert main(["report", str(folder), *more]) == 0
    return (folder / "report.html").read_text()


def refusal(folder, capsys, *more):
    assert main(["report", str(folder), *more]) == 1
    assert not (folder / "report.html").exists()
    return capsys.readouterr().err


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """The page of two segments of a run that offers everything, and its ledger."""
    folder = tmp_path_factory.mktemp("full")
    run = Run(folder).write("first", 3).write("second", 2)
    return Page(report(folder)), run.ledger, folder


def test_the_page_needs_no_other_file_and_describes_its_pictures(full):
    page, _, folder = full
    text = (folder / "report.html").read_text()
    assert not re.search(r'(src|href)="(?!data:image/png;base64,|#)', text)
    assert len(page.images) > 20
    for image in page.images:
        assert re.match(r"(Time series|World map)\. \w+", image["alt"])
        data = base64.b64decode(image["src"].removeprefix("data:image/png;base64,"))
        assert data.startswith(b"\x89PNG")


def test_segments_are_put_together_whatever_their_names(full):
    page, _, _ = full
    assert "2000-01-01T00:00:00 to 2000-01-01T05:00:00, 5 hours" in page.words
    assert "3600 s, 5 records" in page.words
    assert "first_fields, second_fields" in page.words
    assert "gaps" not in page.words


def test_the_tables_say_what_the_ledger_says(full):
    page, ledger, folder = full
    entries = entry_series(find(folder).budget)
    for name, mean in ledger.means().items():
        assert entries[name].mean == pytest.approx(mean, rel=1e-14, abs=1e-25, nan_ok=True), name
    for name in ("over_ice_free_sea", "over_land"):
        number = ledger.means()[f"surface_downward_sensible_heat_flux_{name}"]
        assert f"{number:.2f}".replace("-", "\N{MINUS SIGN}") in page.words
    assert "Wild et al. (2015)" in page.words
    assert "this run is shorter" in page.words


def test_where_the_values_come_from_is_listed(full):
    page, _, _ = full
    for row in EXPORTS:
        assert f"origin of {row.name}" in page.words
    assert "Not offered" not in page.words


def test_maps_are_means_over_the_time_in_which_the_surface_was_there(full):
    """Ice is there in hours 1 and 3 only, with fluxes of -200 and -400; air warms 1 K an hour."""
    _, _, folder = full
    files = find(folder)
    grid = read_grid(files.history[0])
    names = ["surface_downward_sensible_heat_flux_over_sea_ice", "air_temperature_at_2m"]
    ice, air = field_means(files.history, names, grid)
    sea = grid.land < 1.0
    np.testing.assert_allclose(ice.average[sea], -300.0, rtol=1e-6)
    assert np.isnan(ice.average[~sea]).all()
    assert ice.mean == pytest.approx(-300.0, rel=1e-6)
    assert np.isnan(ice.series[[0, 2, 4]]).all()
    np.testing.assert_allclose(air.average, 285.15, rtol=1e-6)
    np.testing.assert_allclose(air.series, 283.15 + np.arange(5), rtol=1e-6)


def test_means_do_not_depend_on_how_many_records_are_read_at_once(full, monkeypatch):
    _, _, folder = full
    files = find(folder)
    grid = read_grid(files.history[0])
    whole = field_means(files.history, list(STYLES), grid)
    monkeypatch.setattr(means, "_BLOCK", 2)
    for one, other in zip(whole, field_means(files.history, list(STYLES), grid), strict=True):
        np.testing.assert_allclose(one.average, other.average, rtol=1e-13)
        np.testing.assert_array_equal(one.series, other.series)


def test_a_map_says_its_mean_and_range_in_its_own_unit(full):
    _, _, folder = full
    files = find(folder)
    grid = read_grid(files.history[0])
    name = "air_temperature_at_2m"
    (air,) = field_means(files.history, [name], grid)
    drawn = draw(air, STYLES[name], grid)
    assert drawn.numbers == "mean 12.0, from 12.0 to 12.0 °C"
    assert drawn.provenance == "origin of air_temperature_at_2m"


def test_a_line_alone_is_named_too(full, monkeypatch):
    """A title that speaks of every surface does not say which one is drawn."""
    files = find(full[2])
    fields = field_means(files.history, ["sea_surface_temperature"], read_grid(files.history[0]))
    drawn = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, *_, **__: drawn.append(figure))
    times = Times(START, HOUR * np.array([[0, 1], [1, 2], [2, 3], [3, 4], [4, 5]]))
    list(of_history(times, {each.name: each for each in fields}))
    ((axes,),) = (figure.axes for figure in drawn)
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["sea surface"]


def test_a_state_is_drawn_at_the_end_of_its_record_and_a_mean_in_its_middle(full, monkeypatch):
    entries = entry_series(find(full[2]).budget)
    drawn = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, *_, **__: drawn.append(figure))
    ends = 1 + np.arange(len(entries["precipitation_flux"].series))
    list(of_budget(Times(START, HOUR * np.stack([ends - 1, ends], axis=1)), entries))
    lines = [line for figure in drawn for axes in figure.axes for line in axes.lines]
    times = {line.get_label(): line.get_xdata() - np.datetime64(START.start) for line in lines}
    hours = {label: each / np.timedelta64(1, "h") for label, each in times.items()}
    np.testing.assert_array_equal(hours["water"], ends)
    np.testing.assert_array_equal(hours["evaporation"], ends - 0.5)


def test_fields_that_the_page_has_no_map_of_are_named(tmp_path):
    run = Run(tmp_path)
    fields = ("air_temperature", "air_temperature_at_2m", "height")
    run.settings = {"settings": Settings(fields=fields)}
    words = Page(report(run.write("run", 2).folder)).words
    assert "No map is drawn of 2 fields of the history" in words
    assert re.search(r"fields of the history\s+(air_temperature, height|height, air_tem)", words)


def test_only_what_a_table_cites_is_a_source(full):
    words = full[0].words
    for name in ("Wild", "Rodell", "Trenberth"):
        assert f"{name} et al." in words or f"{name} and Smith" in words
    assert "GPCP" not in words


def test_what_a_run_does_not_offer_is_named_with_the_reason(tmp_path):
    Run(tmp_path, OCEAN_ONLY, SEA).write("run", 2, budget=False)
    page = Page(report(tmp_path))
    assert "The folder holds no budget file" in page.words
    assert re.search(r"Not in this history: .*Sunlight that the planet reflects", page.words)
    rows = " ".join(page.words.split())
    assert "surface_net_downward_shortwave_flux_over_land the host gives no land" in rows
    assert "World map. Sensible heat into the surface over open water" in str(page.images)


def test_a_gap_between_segments_is_counted(tmp_path):
    run = Run(tmp_path).write("first", 2, history=False).write("second", 2, False, skip=1)
    page = Page(report(tmp_path))
    assert run.clock.elapsed_seconds == 5 * HOUR
    assert "3600 s, 4 records, gaps: 1" in page.words


def test_dates_are_those_of_the_calendar(tmp_path):
    start = Clock("2000-02-29T12:00:00", "360_day")
    Run(tmp_path, OCEAN_ONLY, SEA, start=start).write("run", 3, history=False, skip=24)
    page = Page(report(tmp_path))
    assert "2000-02-30 12:00:00 to 2000-02-30 15:00:00" in page.words
    assert "360_day" in page.words
    assert page.images


def test_files_of_two_calendars_are_two_runs(tmp_path):
    for number, calendar in enumerate(("noleap", "360_day")):
        start = Clock("2000-01-01", calendar)
        run = Run(tmp_path, OCEAN_ONLY, SEA, start=start)
        run.write(f"run{number}", 1, history=False, skip=number)
    with pytest.raises(DataError, match="the calendar is 'noleap' and '360_day'"):
        find(tmp_path)


def test_a_budget_alone_goes_where_it_is_asked_to(tmp_path, capsys):
    Run(tmp_path, OCEAN_ONLY, SEA).write("run", 1, history=False)
    out = tmp_path / "new" / "folder"
    assert main(["report", str(tmp_path), "--output", str(out)]) == 0
    assert capsys.readouterr().out == f"{out / 'report.html'}\n"
    page = Page((out / "report.html").read_text())
    assert "The folder holds no history file" in page.words
    assert "not offered" in page.words
    assert page.images and all("Time series" in image["alt"] for image in page.images)
    (tmp_path / "file").touch()
    error = refusal(tmp_path, capsys, "--output", str(tmp_path / "file"))
    assert "cannot be written" in error and "--output" in error


def test_a_folder_without_a_run_is_refused(tmp_path, capsys):
    assert "is not a folder" in refusal(tmp_path / "none", capsys)
    (tmp_path / "notes.txt").write_text("not netCDF")
    assert "holds no history or budget file" in refusal(tmp_path, capsys)
    with import_netcdf4().Dataset(tmp_path / "other.nc", "w") as file:
        file.title = "ngcm_coupler restart"
    error = refusal(tmp_path, capsys)
    assert "of other kinds: other.nc; set file and budget_file in &ngcm_history" in error


def test_a_run_that_has_not_completed_an_interval_is_refused(tmp_path, capsys):
    Run(tmp_path).write("run", 0)
    error = refusal(tmp_path, capsys)
    assert "run_fields, run_sums in" in error and "has no record yet" in error
    assert "remove" not in error


def test_a_chain_whose_last_month_has_begun_is_reported_up_to_there(tmp_path):
    """The file of the month that is under way is there, and holds no mean yet."""
    Run(tmp_path).write("january", 2).write("february", 0)
    files = find(tmp_path)
    for kind, suffix in (files.history, "fields"), (files.budget, "sums"):
        assert [each.path.name for each in kind] == [f"january_{suffix}"]


def test_a_damaged_file_is_refused(tmp_path, capsys):
    (tmp_path / "broken.nc").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    assert "broken.nc cannot be read" in refusal(tmp_path, capsys)


@pytest.mark.parametrize(
    ("other", "difference"),
    [
        ({"model": "another"}, "the model is 'a model' and 'another'"),
        ({"grid": GaussianGrid(8, 4), "land": np.zeros(32)}, "their grids or land differ"),
        ({"land": np.zeros(GRID.size)}, "their grids or land differ"),
        ({"exports": OCEAN_ONLY}, "only one has"),
    ],
)
def test_files_of_two_runs_are_refused(tmp_path, capsys, other, difference):
    Run(tmp_path).write("a", 1, budget=False)
    Run(tmp_path, **other).write("b", 1, skip=1, budget=False)
    error = refusal(tmp_path, capsys)
    assert f"a_fields and b_fields are of two runs: {difference}" in error
    assert "folder of their own" in error


def test_the_same_interval_twice_is_refused(tmp_path, capsys):
    Run(tmp_path).write("run", 2)
    shutil.copy(tmp_path / "run_sums", tmp_path / "copy")
    assert "copy and run_sums hold the same intervals" in refusal(tmp_path, capsys)


def test_without_matplotlib_the_extra_is_named(tmp_path, capsys, monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "matplotlib" else found(name)
    )
    assert "pip install matplotlib" in refusal(tmp_path, capsys)


def test_a_history_of_means_has_the_averages_of_its_hours(tmp_path):
    """Fields over ice and open water are weighed by the ice that there was in each hour."""
    names = ["surface_downward_sensible_heat_flux_over_ice_free_sea", "sea_ice_area_fraction"]
    found = {}
    for settings in ({}, {"record": "mean", "interval_hours": 2}):
        folder = tmp_path / str(len(settings))
        folder.mkdir()
        run = Run(folder)
        run.settings = {"settings": Settings(**settings)}
        run.write("run", 4)
        files = find(folder).history
        found[len(settings)] = field_means(files, names, read_grid(files[0]))
        assert len(found[len(settings)][0].series) == (2 if settings else 4)
    for hours, means_ in zip(*found.values(), strict=True):
        np.testing.assert_allclose(means_.average, hours.average, rtol=1e-5)
        assert means_.mean == pytest.approx(hours.mean, rel=1e-5)


def test_records_that_are_hours_apart_by_choice_are_no_gaps(tmp_path):
    run = Run(tmp_path, OCEAN_ONLY, SEA)
    run.settings = {"settings": Settings(interval_hours=3)}
    run.write("run", 9, budget=False)
    words = Page(report(tmp_path)).words
    assert "3600 s, 3 records" in words and "gaps" not in words
    assert "3 records of 1 h, one every 3 h: 3 of 9 hours" in words


def test_what_is_sampled_says_so_and_gives_way_to_the_budget(tmp_path):
    """Heat into land is 30 times the hour: 180 in hours 3, 6 and 9, and 150 in all nine."""
    run = Run(tmp_path)
    run.settings = {"settings": Settings(interval_hours=3)}
    found = evaluate(run.write("run", 9).folder)
    assert "3 records of 1 h, one every 3 h: 3 of 9 hours, where the budget has" in found.span
    heat = [each for each in found.tables["By surface"] if each.caption.startswith("Heat")]
    land = [{row[0]: row[5] for row in each.rows}["Sensible"] for each in heat]
    assert land == ["180.0", "150.0"] and "every interval" in heat[1].caption
    rain = [row[0] for row in found.tables["Precipitation"][0].rows]
    assert "P, globe, every interval, of the budget" in rain


@pytest.mark.parametrize("settings", [{}, {"record": "mean", "interval_hours": 3}])
def test_what_is_not_sampled_says_nothing_of_it(tmp_path, settings):
    run = Run(tmp_path)
    run.settings = {"settings": Settings(**settings)}
    found = evaluate(run.write("run", 3).folder)
    assert found.span.endswith("0.125 days") and len(found.tables["By surface"]) == 2


def test_chosen_fields_without_ice_leave_out_what_ice_weighs_and_say_so(tmp_path):
    run = Run(tmp_path)
    over_water = "air_temperature_at_2m_over_ice_free_sea"
    run.settings = {"settings": Settings(fields=("air_temperature_at_2m", over_water))}
    words = Page(report(run.write("run", 2).folder)).words
    assert "Air temperature at 2 m" in words
    assert (
        f"Not drawn: {over_water}" in words and "The history lacks sea_ice_area_fraction" in words
    )


def test_a_history_that_no_map_is_drawn_of_says_so(tmp_path):
    run = Run(tmp_path)
    run.settings = {"settings": Settings(fields=("height",))}
    words = Page(report(run.write("run", 2, budget=False).folder)).words
    assert "The history holds no field that a map is drawn of." in words


@pytest.mark.parametrize("told", [True, False])
def test_what_was_not_chosen_is_not_called_not_offered(tmp_path, monkeypatch, told):
    """Radiation and land are lacking; ice is there, and no field that is written says so."""
    if not told:  # as a file of an earlier version
        monkeypatch.setattr(history_module, "LEFT_OUT", "of_no_meaning")
    run = Run(tmp_path, offered(frozenset({"water", "sea_ice"})), SEA)
    run.settings = {"settings": Settings(fields=("precipitation_flux", "sea_ice_area_fraction"))}
    words = Page(report(run.write("run", 2, budget=False).folder)).words
    words = " ".join(words.split())
    _, _, absent = words.partition("Not offered")
    absent, _, unwritten = (absent if told else words).partition("Not in the file")
    assert "air_temperature_at_2m_over_ice_free_sea" in unwritten
    assert "snowfall_flux" in unwritten
    assert "the host gives no sea ice" not in words
    toa = "toa_outgoing_longwave_flux"
    if told:
        assert f"{toa} the run has no radiation" in absent and toa not in unwritten
    else:
        assert "the run has no radiation" not in words and toa in unwritten


def test_a_report_of_an_ensemble_is_refused(tmp_path, capsys):
    origin = {row.name: "" for row in SEA}
    history = History(
        str(tmp_path / "h.nc"), GRID, LAND, SEA, START, {}, origin,
        interval_seconds=HOUR, members=(0, 1),
    )  # fmt: skip
    values = {row.name: np.zeros((2, GRID.size), np.float32) for row in SEA}
    history.write(START.advanced(HOUR), HOUR, values)
    history.close()
    assert "holds 2 members of an ensemble, and a report is of one run" in refusal(tmp_path, capsys)
