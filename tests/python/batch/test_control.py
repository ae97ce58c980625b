"""Chains of runs: folders of restarts, what may differ from run to run, when to stop."""

from __future__ import annotations

import pathlib
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from ngcm_coupler import config as configuration
from ngcm_coupler.batch import control as segment
from ngcm_coupler.batch.control import JobLimits
from ngcm_coupler.clock import Clock
from ngcm_coupler.component import Component
from ngcm_coupler.device.leaves import not_finite
from ngcm_coupler.errors import ConfigError, RestartError, ShapeError, StateError
from ngcm_coupler.output.restart import continuation
from ngcm_coupler.output.restart.files import newest, read_restart, write_into
from ngcm_coupler.parallel import Ranks

NAMELIST = """
&ngcm_model engine = 'analytic', analytic_latitudes = 8, analytic_step_seconds = 3600 /
&ngcm_restart folder = 'restarts', read_file = 'restarts', keep = 2 /
&ngcm_log level = 'warning' /
"""
HEADER = {"elapsed_seconds": 0}
ARRAYS = {"state.a": np.random.default_rng(0).random(10_000)}


def date(day: int) -> str:
    return f"2000-01-{day:02}T06:30:00"


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


def test_folder_keeps_the_newest_and_points_to_it(here):
    for day in (1, 2, 3):
        write_into("restarts", 2, date(day), HEADER, ARRAYS)
    names = ["restart_2000-01-02T063000.nc", "restart_2000-01-03T063000.nc"]
    assert sorted(file.name for file in (here / "restarts").iterdir()) == ["latest", *names]
    assert (here / "restarts" / "latest").read_text() == names[1] + "\n"
    assert newest("restarts") == pathlib.Path("restarts", names[1])


def test_run_set_back_goes_on_from_its_own_restart(here):
    for day in (1, 2, 1):
        write_into("restarts", 2, date(day), HEADER, ARRAYS)
    assert newest("restarts") == pathlib.Path("restarts", "restart_2000-01-01T063000.nc")


@pytest.mark.parametrize("moment", ["fsync", "replace", "pointer"])
def test_killed_while_writing_leaves_the_restart_before(here, moment):
    """The process ends without any clean-up, as by SIGKILL or a node that fails."""
    write_into("restarts", 2, date(1), HEADER, ARRAYS)
    program = f"""
        import os, pathlib
        import numpy as np
        from ngcm_coupler.files import whole
        from ngcm_coupler.output.restart import files as restart
        replace, bring = pathlib.Path.replace, whole._bring_to_disk
        def dying_replace(self, target):
            if "{moment}" == "replace" or pathlib.Path(target).name == "latest":
                os._exit(9)
            return replace(self, target)
        def dying_bring(path):
            if "{moment}" == "fsync":
                os._exit(9)
            bring(path)
        pathlib.Path.replace, whole._bring_to_disk = dying_replace, dying_bring
        restart.write_into("restarts", 2, "{date(2)}", {HEADER}, {{"state.a": np.zeros(9)}})
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=False)
    assert done.returncode == 9
    file = newest("restarts")
    assert file is not None and file.name == "restart_2000-01-01T063000.nc"
    np.testing.assert_array_equal(read_restart(str(file))[1]["state.a"], ARRAYS["state.a"])
    write_into("restarts", 2, date(3), HEADER, ARRAYS)
    assert not [left for left in (here / "restarts").iterdir() if left.suffix == ".tmp"]


def damaged(file: pathlib.Path, how: str) -> None:
    contents = bytearray(file.read_bytes())
    if how == "truncated":
        del contents[len(contents) // 2 :]
    elif how == "empty":
        contents.clear()
    else:
        contents[len(contents) // 2] ^= 0x10
    file.write_bytes(contents)


@pytest.mark.parametrize("how", ["truncated", "empty", "one bit"])
def test_damage_is_refused_and_the_newest_whole_restart_named(here, how):
    files = [write_into("restarts", 9, date(day), HEADER, ARRAYS) for day in (1, 2, 3, 4)]
    damaged(files[3], how)
    damaged(files[2], how)
    with pytest.raises(RestartError, match="the newest whole one is restarts/restart_2000-01-02T"):
        read_restart(str(files[3]))


def test_pointer_to_nothing_is_refused(here):
    file = write_into("restarts", 9, date(1), HEADER, ARRAYS)
    write_into("restarts", 9, date(2), HEADER, ARRAYS).unlink()
    with pytest.raises(RestartError, match=f"is not there; the newest whole one is {file}"):
        newest("restarts")
    (here / "restarts" / "latest").unlink()
    with pytest.raises(RestartError, match=f"no file latest.*{file}"):
        newest("restarts")


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


def test_lists_of_fields_are_compared_one_by_one():
    with pytest.raises(RestartError, match="its imports list has b and lacks c"):
        continuation.require_same_run("x", {"imports": ["a", "b"]}, {"imports": ["a", "c"]})


@pytest.mark.parametrize(
    ("groups", "fault"),
    [
        ("&ngcm_restart interval_hours = 6 /", "needs a folder"),
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
    monkeypatch.setattr(segment, "time", clock)
    return clock


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


def test_variables_that_are_not_finite_are_named_with_their_level():
    wind = np.zeros((3, 2, 2))
    wind[1, 0, 1] = np.nan
    state = {"state.wind": wind, "state.mass": np.full(4, np.inf), "state.steps": np.array(1)}
    named = not_finite(state)
    assert named == "; in the state: state.wind (level 2 of 3), state.mass"
