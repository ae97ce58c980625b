"""Chains of runs: where one goes on from, what may differ from run to run, when to stop."""

from __future__ import annotations

import pathlib

import numpy as np
import pytest

from ngcm_coupler import config as configuration
from ngcm_coupler.clock import Clock
from ngcm_coupler.component import Component, job_limits
from ngcm_coupler.component.job_limits import JobLimits
from ngcm_coupler.errors import ConfigError, RestartError, ShapeError, StateError
from ngcm_coupler.parallel import Ranks

NAMELIST = """
&ngcm_model engine = 'analytic', analytic_latitudes = 8 /
&ngcm_restart folder = 'restarts', read_file = 'restarts', keep = 2 /
&ngcm_log level = 'warning' /
"""


@pytest.fixture
def here(tmp_path, monkeypatch) -> pathlib.Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def create(here):
    """Creates components that are closed at the end of the test."""
    created = []

    def make(extra: str = "", text: str = NAMELIST) -> Component:
        (here / "run.nml").write_text(text + extra)
        created.append(Component.create("run.nml"))
        return created[-1]

    yield make
    for component in created:
        component.close()


@pytest.mark.slow
def test_chain_begins_in_its_own_empty_folder_and_goes_on_from_there(create):
    first = create()
    assert not first.continues
    first.save("sea", np.arange(first.grid.size) / 3.0)
    first.write_restart()
    second = create()
    assert second.continues
    kept = np.empty(second.grid.size)
    second.load("sea", kept)
    np.testing.assert_array_equal(kept, np.arange(kept.size) / 3.0)
    with pytest.raises(RestartError, match="holds no 'ice' of the host"):
        second.load("ice", kept)
    with pytest.raises(ShapeError, match="'sea': got 3 values, expected 128"):
        second.load("sea", np.empty(3))
    with pytest.raises(StateError, match="continues no other"):
        first.load("sea", kept)
    with pytest.raises(ConfigError, match="is not after the start of the run, 2000-01-01T00:00"):
        create("&ngcm_run stop_date = '1999-12-31' /")


def test_another_folder_must_hold_a_restart(here):
    (here / "elsewhere").mkdir()
    (here / "run.nml").write_text(
        NAMELIST.replace("read_file = 'restarts'", "read_file = 'elsewhere'")
    )
    with pytest.raises(RestartError, match="elsewhere.*the folder holds no restart"):
        Component.create("run.nml")


@pytest.mark.slow
def test_every_setting_that_changes_results_is_named(create):
    create().write_restart()
    changed = "&ngcm_radiation carbon_dioxide_ppm = 840.0 / &slab_ocean mixed_layer_depth_m = 10. /"
    with pytest.raises(RestartError) as refused:
        create(changed)
    assert "its &ngcm_radiation carbon_dioxide_ppm is 420.0, this run's is 840.0" in str(
        refused.value
    )
    assert "&slab_ocean mixed_layer_depth_m is 50.0" in str(refused.value)
    branched = create(changed, NAMELIST.replace("keep = 2", "branch = .true."))
    assert branched.continues


@pytest.mark.slow
def test_settings_without_effect_on_results_may_differ(create):
    create().write_restart()
    assert create("&ngcm_limits timeout_seconds = 60 / &ngcm_driver run_hours = 1 /").continues


@pytest.mark.parametrize(
    ("groups", "fault"),
    [
        ("&ngcm_restart folder = 'r', interval_hours = 5 /&ngcm_coupling interval_seconds=7200/",
         "multiple of 2"),
        ("&ngcm_limits wall_clock_seconds = 600 /", "keeps nothing"),
        ("&ngcm_limits wall_clock_seconds = 60 / &ngcm_restart folder = 'r' /", "is more than"),
        ("&ngcm_limits wall_clock_seconds = 600 / &ngcm_restart folder = 'r' / &ngcm_driver /",
         "stop_date"),
        ("&ngcm_limits wall_clock_seconds = 600 / &ngcm_restart folder = 'r' /"
         "&ngcm_oasis exports = 'air_pressure_at_mean_sea_level' /", "through OASIS"),
        ("&ngcm_restart folder = 'no/such' /", "there is no folder"),
    ],
)  # fmt: skip
def test_restarts_and_limits_that_cannot_work_are_refused(here, groups, fault):
    with pytest.raises(ConfigError, match=fault):
        configuration.parse("&ngcm_model engine = 'analytic' / " + groups)


@pytest.fixture
def wall(monkeypatch):
    """A clock on the wall that only the test moves."""

    class Wall:
        now = 0.0

        def monotonic(self) -> float:
            return self.now

    clock = Wall()
    monkeypatch.setattr(job_limits, "time", clock)
    return clock


@pytest.mark.parametrize("left", ["latest", "restart_2000-01-01T060000.nc"])
def test_a_folder_of_which_something_is_gone_begins_no_run(left, here):
    """The run that began anew would replace what the finished segments have written."""
    (here / "r").mkdir()
    (here / "r" / left).write_text("restart_2000-01-01T060000.nc\n")
    restart = "&ngcm_restart read_file = 'r', folder = 'r' /"
    with pytest.raises(RestartError, match="not there|no file latest"):
        JobLimits(configuration.parse(restart), Ranks(None)).source()
    (here / "r" / left).unlink()
    assert JobLimits(configuration.parse(restart), Ranks(None)).source() is None


def test_run_stops_while_an_interval_a_restart_and_the_margin_still_fit(here, wall):
    config = configuration.parse(
        "&ngcm_restart folder = 'r' / &ngcm_limits wall_clock_seconds = 1000, margin_seconds = 50 /"
    )
    run = JobLimits(config, Ranks(None))
    stopped_at = None
    for end in (300.0, 400.0, 500.0, 600.0, 700.0, 800.0, 900.0):  # the first compiles
        run.interval_begins()
        wall.now = end
        if run.must_stop():
            stopped_at = end
            break
    # At 800 s 200 s are left, of which the next interval takes 100; at 900 s it would be 0.
    assert stopped_at == 900.0


def test_asked_to_stop_it_stops_after_the_interval(wall):
    run = JobLimits(configuration.parse(""), Ranks(None))
    run.interval_begins()
    assert not run.must_stop()
    run.request_stop()
    assert run.must_stop()


def test_restarts_are_due_and_chains_complete_at_their_dates(here):
    config = configuration.parse(
        "&ngcm_run start_date = '2000-01-01', stop_date = '2000-01-02' /"
        "&ngcm_restart folder = 'r', interval_hours = 6 /"
    )
    run = JobLimits(config, Ranks(None))
    clocks = [Clock("2000-01-01", elapsed_seconds=3600 * hour) for hour in range(1, 26)]
    assert [hour for hour, clock in enumerate(clocks, 1) if run.restart_is_due(clock)] == [
        6, 12, 18, 24,
    ]  # fmt: skip
    assert [hour for hour, clock in enumerate(clocks, 1) if run.is_complete(clock)] == [24, 25]
