"""Two runs in one folder, files that others touch, and what a failure leaves open."""

from __future__ import annotations

import contextlib
import os
import pathlib
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from analytic_host import NAMELIST, advance, put_surface

from ngcm_coupler.component import Component
from ngcm_coupler.config import parse
from ngcm_coupler.errors import DivergedError, NgcmError, OutputError, StateError
from ngcm_coupler.files import Claims
from ngcm_coupler.files.netcdf import import_netcdf4
from ngcm_coupler.output.file_names import claim_early

FILES = """
&ngcm_history file = 'h.nc', budget_file = 'b.nc' /
&ngcm_recording file = 'r.nc' /
&ngcm_restart folder = 'restarts' /
"""


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(folder):
    return sorted(each.name for each in folder.iterdir())


def open_files(folder):
    """The files of a folder that this process has open."""
    found = []
    for each in pathlib.Path("/proc/self/fd").iterdir():
        try:
            target = str(each.readlink())
        except OSError:  # the descriptor that lists them
            continue
        if target.startswith(str(folder)):
            found.append(target)
    return found


def threads():
    return sorted(each.name for each in threading.enumerate())


def times(file, variable="time"):
    with import_netcdf4().Dataset(file) as opened:
        return opened[variable].shape[0]


@pytest.mark.slow
@pytest.mark.parametrize("groups", [
    "&ngcm_history file = 'h.nc' /", "&ngcm_history budget_file = 'b.nc' /",
    "&ngcm_recording file = 'r.nc' /", "&ngcm_history file = '{date}.nc' /",
    "&ngcm_history file = 'm_{period}.nc', file_period = 'month' /",
])  # fmt: skip
def test_a_run_that_would_write_the_files_of_another_is_refused_and_harms_none(
    create, here, groups
):
    first = create(groups)
    advance(first)
    first.wait()
    before = names(here)
    with pytest.raises(OutputError, match=r"&ngcm_\w+ \w+ = '.*' is being written by this very"):
        create(groups)
    # The namelist of the second is there too; nothing else has come or gone.
    assert set(names(here)) - {"run1.nml"} == set(before)
    advance(first)
    first.close()
    (file,) = (each for each in here.iterdir() if each.suffix == ".nc")
    assert times(file, "time" if "recording" not in groups else "state") == 2
    assert not [name for name in names(here) if name.endswith(".lock")]


SECOND = """
import sys
from ngcm_coupler import Component, NgcmError
try:
    Component.create(sys.argv[1])
except NgcmError as error:
    print(error.status, error)
"""


def test_another_process_is_told_who_writes_before_it_has_built_a_model(create, here):
    create("&ngcm_restart folder = 'restarts' /")
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", SECOND, "run0.nml"],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    status, message = done.stdout.split(" ", 1)
    assert status == str(OutputError.status)
    assert message.startswith("&ngcm_restart folder = 'restarts' is being written by ngcm_coupler")
    assert f"process {os.getpid()}, since 20" in message
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "numpy" in imported and not imported & {"jax", "netCDF4"}


def test_a_run_through_oasis_claims_what_the_ocean_writes_too(here):
    """An ocean has no claims of its own: it opens its files when the atmosphere has begun."""
    text = (
        "&ngcm_model engine = 'analytic' / &ngcm_oasis exports = 'rainfall_flux' /"
        " &oasis_ocean output_file = 'ocean.nc', write_file = 'state.nc' /"
        " &ngcm_history file = '{date}.nc', budget_file = 'b.nc' / &ngcm_restart folder = 'r' /"
    )
    claims = Claims()
    claim_early(claims, parse(text))
    held = [".b.nc", ".ngcm_fluxes.csv", ".ocean.nc", ".ocean_fluxes.csv", ".r", ".state.nc"]
    assert names(here) == [f"{each}.lock" for each in held]
    with pytest.raises(OutputError, match="budget_file = 'b.nc' is being written by this very"):
        claim_early(Claims(), parse(text))
    claims.release()
    assert names(here) == []


def test_a_run_without_a_coupler_claims_nothing_of_an_ocean(here):
    claims = Claims()
    claim_early(claims, parse("&oasis_ocean output_file = 'o' / &ngcm_restart write_file = 'a' /"))
    assert names(here) == [".a.lock"]
    claims.release()


@pytest.mark.slow
def test_runs_with_files_of_their_own_share_a_folder(create, here):
    pair = [
        create(f"&ngcm_history file = 'h{each}.nc' / &ngcm_restart write_file = 'restart.nc' /")
        for each in range(2)
    ]
    for each in pair:
        advance(each)
        each.write_restart()
        each.close()
    assert times("h0.nc") == times("h1.nc") == 1


@pytest.mark.slow
@pytest.mark.parametrize("file", ["h.nc", "b.nc", "r.nc"])
def test_a_file_that_another_program_truncates_fails_the_run(create, here, file):
    component = create(FILES)
    advance(component)
    component.wait()
    component._owner.records.history_state()  # the thread that writes has done so
    with pathlib.Path(file).open("w"):
        pass

    def end():
        advance(component, 4)
        component.close()

    with pytest.raises(OutputError, match=f"'{file}': .* \\(the file has been truncated while"):
        end()
    with contextlib.suppress(OutputError):  # it may say so of the end too
        component.close()
    assert component.closed and not open_files(here)


def test_a_file_that_is_truncated_after_its_last_record_fails_the_end_of_the_run(create, here):
    component = create("&ngcm_history file = 'h.nc', budget_file = 'b.nc' /")
    advance(component)
    component.wait()
    component._owner.records.history_state()
    os.truncate("h.nc", 100)
    with pytest.raises(OutputError, match=r"'h.nc': cannot be completed \(the file has been trunc"):
        component.close()
    assert not open_files(here)


def test_a_complete_file_may_be_moved_away(create, here):
    component = create("&ngcm_history file = 'h.nc' /")
    advance(component)
    component.wait()
    component._owner.records.history_state()
    pathlib.Path("h.nc").rename("kept.nc")
    component.close()
    assert times("kept.nc") == 1


@pytest.mark.parametrize("fails", ["BudgetFile", "Recorder"])
def test_a_creation_that_fails_leaves_no_file_open_and_no_thread(create, here, monkeypatch, fails):
    def fail(*_):
        raise OSError("no room")

    before = threads()
    monkeypatch.setattr(
        "ngcm_coupler.output.budget.output.keep_little" if fails == "BudgetFile"
        else "ngcm_coupler.output.recording.Recorder._to_disk", fail
    )  # fmt: skip
    with pytest.raises(OutputError, match="no room"):
        create(FILES + "&ngcm_limits timeout_seconds = 1000 /")
    end = time.monotonic() + 10.0
    while threads() != before and time.monotonic() < end:
        time.sleep(0.01)
    assert threads() == before
    assert not open_files(here)
    assert not [name for name in names(here) if name.endswith((".lock", ".tmp"))]


def test_a_component_whose_last_interval_has_failed_closes_its_files(create, here):
    component = create(FILES)
    advance(component)
    component.wait()
    assert len(open_files(here)) >= 3
    members = component._owner.members
    put_surface(component)
    component.advance()
    members._exports = [each * np.nan for each in members._exports]
    with pytest.raises(DivergedError):
        component.close()
    assert not open_files(here)
    assert component.closed and not [name for name in names(here) if name.endswith(".lock")]
    assert times("h.nc") == times("b.nc") == 1


def test_two_threads_that_advance_one_component_are_told(create, monkeypatch):
    component = create()
    put_surface(component)
    inside, release, failures = threading.Event(), threading.Event(), []
    advance_members = component._owner.advance

    def slow(*arguments):
        inside.set()
        assert release.wait(60.0)
        advance_members(*arguments)

    monkeypatch.setattr(component._owner, "advance", slow)
    first = threading.Thread(target=component.advance)
    first.start()
    assert inside.wait(60.0)
    with pytest.raises(StateError, match="let one thread advance a component"):
        component.advance()

    def read():
        try:
            component.get("air_temperature")
        except NgcmError as error:
            failures.append(error)

    other = threading.Thread(target=read)  # it waits for its turn
    other.start()
    release.set()
    first.join()
    other.join()
    assert not failures
    assert component.clock.elapsed_seconds == component.interval_seconds


def test_many_threads_that_use_one_component_leave_it_whole(create):
    component = create()
    expected = component.get("sea_surface_temperature")
    odd = []

    def use():
        for _ in range(3):
            component.put("sea_surface_temperature", expected)
            component.put("sea_ice_area_fraction", np.zeros(component.grid.size))
            try:
                component.advance()
            except StateError as error:
                if "let one thread advance" not in str(error):
                    odd.append(error)
            if not np.isfinite(component.get("air_temperature")).all():
                odd.append("not finite")

    users = [threading.Thread(target=use) for _ in range(4)]
    for user in users:
        user.start()
    for user in users:
        user.join()
    assert not odd
    assert component.clock.elapsed_seconds % component.interval_seconds == 0


def test_an_input_is_never_taken_for_an_output(here):
    pathlib.Path("state.nc").write_text("an initial state")
    groups = "&ngcm_restart read_file = 'state.nc' / &ngcm_history file = './state.nc' /"
    pathlib.Path("run.nml").write_text(NAMELIST + groups)
    with pytest.raises(NgcmError, match="&ngcm_history file and &ngcm_restart read_file are one"):
        Component.create("run.nml")
    assert pathlib.Path("state.nc").read_text() == "an initial state"
