"""What a person reads of a run at night, and what a program does."""

import hashlib
import json
import logging
import subprocess
import sys

import numpy as np
import pytest

from ngcm_coupler.clock import Clock
from ngcm_coupler.component import Component
from ngcm_coupler.config import parse
from ngcm_coupler.engine import load
from ngcm_coupler.engine.analytic import AnalyticAtmosphere
from ngcm_coupler.engine.built_in import Analytic
from ngcm_coupler.fields import offered
from ngcm_coupler.files.netcdf import open_dataset
from ngcm_coupler.output.log.journal import Journal
from ngcm_coupler.output.log.log import JsonLines, TextLines
from ngcm_coupler.output.log.timing import Phase, Stopwatch

NAMELIST = """
&ngcm_run start_date = '2000-01-01', stop_date = '2000-01-02' /
&ngcm_model engine = 'analytic', analytic_latitudes = 8 /
&ngcm_coupling interval_seconds = 3600 /
"""

ALWAYS = ["time", "level", "event", "rank", "model_date"]
LINE = [
    "intervals", "wall_seconds", "host_seconds", "device_wait_seconds", "simulated_years_per_day",
    "precipitation_mm_per_day", "evaporation_mm_per_day", "net_heat_into_surface_w_per_m2",
    "net_heat_into_open_water_w_per_m2", "lowest_air_temperature_k",
    "strongest_lowest_wind_m_per_s", "warnings",
]  # fmt: skip

RUN = """
import sys
import numpy as np
from ngcm_coupler.component import Component

component = Component.create(sys.argv[1])
values = np.empty(component.grid.size)
for _ in range(3):
    for number, field in enumerate(component.fields, 1):
        if field.direction == "import":
            component.get(number, values)
            component.put(number, values)
    component.advance(3600)
component.close()
"""


FALLEN_BACK = "upstream's, not the fast one: its filter is another"


def record(level=logging.INFO, text="%s", arguments=("all is well",), **extra):
    made = logging.LogRecord("ngcm_coupler.room", level, __file__, 1, text, arguments, None)
    made.__dict__.update(extra)
    return made


def run(tmp_path, extra="", intervals=4):
    """A run in this process, whose logging is that of pytest."""
    namelist = tmp_path / "run.nml"
    namelist.write_text(NAMELIST + extra)
    component = Component.create(str(namelist))
    values = np.empty(component.grid.size)
    for _ in range(intervals):
        for number, field in enumerate(component.fields, 1):
            if field.direction == "import":
                component.get(number, values)
                component.put(number, values)
        component.advance(3600)
    component.close()
    return load(str(namelist))


def events(caplog, name):
    return [each for each in caplog.records if getattr(each, "event", "") == name]


def test_what_looks_wrong_in_the_namelist_is_warned_of_once(tmp_path, caplog):
    run(tmp_path, "&ngcm_radiation methane_ppb = 800 /\n", intervals=0)
    (record,) = [each for each in caplog.records if each.levelname == "WARNING"]
    assert "methane_ppb = 800.0 is without effect" in record.getMessage()


@pytest.mark.slow
def test_every_line_of_json_is_an_object_with_the_same_first_keys(tmp_path):
    namelist = tmp_path / "run.nml"
    namelist.write_text(NAMELIST + "&ngcm_log format = 'json' /")
    done = subprocess.run(
        [sys.executable, "-c", RUN, namelist], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert all(list(line)[: len(ALWAYS)] == ALWAYS for line in lines)
    assert {line["rank"] for line in lines} == {0} and {line["level"] for line in lines} == {"info"}
    head, *rest = [line for line in lines if line["event"] != "message"]
    assert head["event"] == "header" and rest[-1]["event"] == "timing"
    assert (head["start_date"], head["stop_date"]) == ("2000-01-01T00:00:00", "2000-01-02")
    assert head["ranks"] == 1 and head["device_memory_bytes"] > 2**28
    assert parse(head["namelist"]) == load(str(namelist))
    assert not head.keys() & {"message", "logger"}
    progress = [line for line in lines if line["event"] == "interval"]
    assert all(list(line) == [*ALWAYS, *LINE] for line in progress)
    dates = [line["model_date"] for line in progress]
    assert dates == [f"2000-01-01T0{hour}:00:00" for hour in (1, 2, 3)]
    assert progress[0]["net_heat_into_surface_w_per_m2"] is None, "no land, so no globe"
    assert 0.0 < progress[0]["net_heat_into_open_water_w_per_m2"] < 200.0
    assert rest[-1]["intervals"] == 3
    assert {phase.key for phase in Phase} <= rest[-1].keys()


def test_json_knows_no_nan_and_keeps_messages_on_one_line():
    form = JsonLines(rank=3)
    form.model_date = "2000-01-01T00:00:00"
    line = form.format(record(event="interval", figures={"a_k": float("nan"), "b_s": 2.5}))
    assert json.loads(line)["a_k"] is None and json.loads(line)["b_s"] == 2.5
    assert json.loads(line)["rank"] == 3
    line = form.format(record(logging.WARNING, "two\nlines", ()))
    assert "\n" not in line
    plain = json.loads(line)
    assert plain["message"] == "two\nlines" and plain["event"] == "message"
    assert plain["level"] == "warning" and plain["logger"] == "ngcm_coupler.room"


def test_a_traceback_is_in_its_record_of_json():
    try:
        raise ValueError("no such thing")
    except ValueError:
        made = record(logging.ERROR)
        made.exc_info = sys.exc_info()
    assert "ValueError: no such thing" in json.loads(JsonLines(0).format(made))["exception"]


def test_text_names_the_rank_unless_it_is_the_first():
    assert "INFO all is well" in TextLines(0).format(record())
    assert "ERROR rank 7: all is well" in TextLines(7).format(record(logging.ERROR))


@pytest.mark.parametrize(
    ("form", "expected"), [("text", "ERROR rank 3: lost\n"), ("json", '"message": "lost"}\n')]
)
def test_other_ranks_tell_their_errors_and_no_more(form, expected):
    script = (
        f"import logging; from ngcm_coupler.output.log import log; log.set_up('info', '{form}', 3,"
        " speaks=False); each = logging.getLogger('ngcm_coupler.room'); each.info('well');"
        " each.warning('hm'); each.error('lost')"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stderr.count("\n") == 1 and done.stderr.endswith(expected)


@pytest.mark.slow
def test_the_head_gives_the_resolved_namelist_back(tmp_path, caplog):
    caplog.set_level("INFO", "ngcm_coupler")
    config = run(tmp_path, "&ngcm_log hours_per_line = 24 /", intervals=1)
    (head,) = events(caplog, "header")
    text = head.getMessage()
    assert parse(text[text.index("    &") :]) == config
    digest = hashlib.sha256(config.resolved_text().encode()).hexdigest()
    assert digest in text and head.figures["namelist_sha256"] == digest
    assert len(text.splitlines()) < 40, "a head is no wall"
    for words in ("jax ", "neuralgcm ", "numpy ", "analytic-16x8", "GiB", "ranks: 1", "2000-01-02",
                  "proleptic_gregorian"):  # fmt: skip
        assert words in text, words


@pytest.mark.slow
def test_a_continued_run_says_from_which_restart(tmp_path, caplog):
    caplog.set_level("INFO", "ngcm_coupler")
    folder = f"&ngcm_restart folder = '{tmp_path}/restarts', read_file = '{tmp_path}/restarts' /"
    namelist = tmp_path / "run.nml"
    namelist.write_text(NAMELIST + folder)
    for _ in range(2):
        component = Component.create(str(namelist))
        values = np.empty(component.grid.size)
        for name in ("sea_surface_temperature", "sea_ice_area_fraction"):
            component.get(component.field_id(name), values)
            component.put(component.field_id(name), values)
        component.advance(3600)
        component.write_restart()
        component.close()
    first, second = events(caplog, "header")
    assert first.figures["restart"] is None
    assert second.figures["restart"].endswith("restart_2000-01-01T010000.nc")
    assert second.figures["begin_date"] == "2000-01-01T01:00:00"
    assert second.figures["start_date"] == "2000-01-01T00:00:00"


@pytest.mark.slow
def test_a_line_may_sum_up_several_intervals(tmp_path, caplog):
    caplog.set_level("INFO", "ngcm_coupler")
    run(tmp_path)
    each = [line.figures for line in events(caplog, "interval")]
    assert [line["intervals"] for line in each] == [1, 1, 1, 1]
    caplog.clear()
    run(tmp_path, "&ngcm_log hours_per_line = 3 /")
    lines = events(caplog, "interval")
    # What is left at the end has a line too.
    assert [line.figures["intervals"] for line in lines] == [3, 1]
    assert lines[0].getMessage().startswith("2000-01-01T03:00:00  3 intervals")
    for name in ("precipitation_mm_per_day", "lowest_air_temperature_k"):
        mean = np.mean([line[name] for line in each[:3]])
        assert lines[0].figures[name] == pytest.approx(mean, rel=1e-12)
    strongest = max(line["strongest_lowest_wind_m_per_s"] for line in each[:3])
    assert lines[0].figures["strongest_lowest_wind_m_per_s"] == strongest


@pytest.mark.slow
def test_the_seconds_of_the_lines_are_those_of_the_run_after_its_start(tmp_path, caplog):
    caplog.set_level("INFO", "ngcm_coupler")
    run(tmp_path)
    lines = [line.figures for line in events(caplog, "interval")]
    (end,) = events(caplog, "timing")
    after = end.figures["total_seconds"] - end.figures["start_up_seconds"]
    told = sum(line["wall_seconds"] for line in lines)
    assert 0.9 * after < told <= after


@pytest.mark.slow
def test_a_quiet_run_says_nothing(tmp_path, caplog):
    run(tmp_path, "&ngcm_log level = 'warning' /", intervals=1)
    assert not caplog.records


@pytest.fixture
def journal():
    config = parse(NAMELIST)
    atmosphere = AnalyticAtmosphere(8, 3600)
    rows = offered(config.available)
    return Journal(config, atmosphere, rows, Stopwatch()), rows, atmosphere.grid


def test_a_field_outside_its_range_is_told_once_and_then_counted(journal, caplog):
    caplog.set_level("INFO", "ngcm_coupler")
    journal, rows, grid = journal
    middle = [0.5 * (row.valid_min + row.valid_max) for row in rows]
    exports = np.repeat(np.array(middle, np.float32)[:, None], grid.size, axis=1)
    of_member = exports[np.newaxis]
    journal.interval(Clock("2000-01-01", elapsed_seconds=3600), {}, of_member)
    names = [row.name for row in rows]
    exports[names.index("air_temperature"), [5, 40]] = 380.0, 390.0
    over_water = names.index("air_temperature_at_2m_over_ice_free_sea")
    exports[over_water, 3] = 1e6  # where there is no open water it may be anything
    for hour in (2, 3):
        journal.interval(Clock("2000-01-01", elapsed_seconds=3600 * hour), {}, of_member)
    assert [line.figures["warnings"] for line in events(caplog, "interval")] == [0, 1, 1]
    assert events(caplog, "interval")[1].getMessage().endswith("warnings: 1")
    (warning,) = [each for each in caplog.records if each.levelno == logging.WARNING]
    text = warning.getMessage()
    assert (
        "air_temperature = 390 K" in text and grid.place(40) in text and "as are 2 values" in text
    )


@pytest.mark.slow
def test_core_that_was_fallen_back_to_stands_in_head_history_and_restart(
    tmp_path, monkeypatch, caplog
):
    monkeypatch.setattr(AnalyticAtmosphere, "dynamical_core", FALLEN_BACK)
    # The engine would read the checkpoint for it, which may be gone when a restart is written.
    monkeypatch.setattr(Analytic, "dynamical_core", lambda *_: pytest.fail("the engine is asked"))
    monkeypatch.chdir(tmp_path)
    namelist = tmp_path / "run.nml"
    namelist.write_text(f"{NAMELIST}&ngcm_history file = 'history.nc' /\n")
    with caplog.at_level(logging.INFO, logger="ngcm_coupler"):
        component = Component.create(str(namelist))
        component.write_restart("restart.nc")
        component.close()
    (head,) = events(caplog, "header")
    assert f"  dynamics     {FALLEN_BACK}\n" in head.getMessage()
    assert head.figures["dynamical_core"] == FALLEN_BACK
    with open_dataset(tmp_path / "history.nc") as file:
        assert file.dynamical_core == FALLEN_BACK
    with open_dataset(tmp_path / "restart.nc") as file:
        assert json.loads(file.header)["environment"]["dynamical_core"] == FALLEN_BACK
