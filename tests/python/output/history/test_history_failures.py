"""Histories that cannot be written: the run fails and says so, and what it had is kept."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import numpy as np
import pytest

from ngcm_coupler.clock import Clock
from ngcm_coupler.component import Component
from ngcm_coupler.errors import ConfigError, OutputError
from ngcm_coupler.files.netcdf import open_dataset
from ngcm_coupler.output.restart.files import read_restart

HOUR = 3600
NAMELIST = """
&ngcm_model engine = 'analytic', analytic_latitudes = 8, analytic_step_seconds = 1800 /
&ngcm_coupling interval_seconds = 3600 /
&ngcm_radiation scheme = 'grey' /
&ngcm_history file = 'out/h{period}.nc'{settings} /
&ngcm_restart folder = 'restarts' /
"""

RUN = """
import os, pathlib, resource, signal, sys
import numpy as np
from ngcm_coupler.clock import Clock
from ngcm_coupler.component import Component
from ngcm_coupler.errors import OutputError

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
component = Component.create("run.nml")
values = np.empty(component.grid.size)
if sys.argv[1] != "0":
    size = pathlib.Path("out/h.nc").stat().st_size
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + int(sys.argv[1]), hard))
wrote = 0
try:
    for hour in range(200):
        for name in ("sea_surface_temperature", "sea_ice_area_fraction"):
            component.get(component.field_id(name), values)
            component.put(component.field_id(name), values)
        component.advance(3600)
        if hour == 2:
            component.write_restart()
except OutputError as error:
    print(f"failed in hour {hour}: {error}")
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.getrlimit(resource.RLIMIT_FSIZE)[1],) * 2)
for action in (component.write_restart, component.close):
    try:
        action()
        print("done")
    except OutputError as error:
        print(f"refused: {error}")
print("and it ends")
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path)

    def write(period="", settings=""):
        text = NAMELIST.replace("{period}", period).replace("{settings}", settings)
        (tmp_path / "run.nml").write_text(text)
        return tmp_path

    return write


def assert_kept(folder, output):
    """What a run that failed has left: whole records, and the restart before the failure."""
    failed = re.search(
        r"failed in hour (\d+): &ngcm_history file = 'out/h.nc': the record of 2000-01-0(\dT\d\d)"
        r":00:00 cannot be written \((.*)\); check folder, permission and free space, and continue"
        r" from the last restart",
        output,
    )
    assert failed, output
    hour, record = int(failed[1]), 24 * (int(failed[2][0]) - 1) + int(failed[2][2:])
    assert 3 < record <= hour + 1 <= record + 4, "it goes on for what may wait at most"
    # A restart now would claim records that are not there.
    refused, closed, end = output.splitlines()[-3:]
    assert refused.startswith("refused: ") and "cannot be written" in refused
    assert (closed, end) == ("done", "and it ends")
    with open_dataset(folder / "out" / "h.nc") as file:
        assert file["time"][:].tolist() == [each * HOUR for each in range(1, record)]
        assert np.isfinite(file["air_temperature"][...]).all()
    (restart,) = (folder / "restarts").glob("restart_*.nc")
    header, _ = read_restart(str(restart))
    assert header["history"]["records"] == 3 == header["elapsed_seconds"] // HOUR
    return failed[3]


@pytest.mark.slow
def test_a_file_that_may_not_grow_fails_the_run_and_keeps_its_records(folder):
    command = [sys.executable, "-c", RUN, str(2**20)]
    done = subprocess.run(
        command, cwd=folder(), capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "ulimit -f" in assert_kept(folder(), done.stdout)


@pytest.mark.slow
def test_a_full_disk_fails_the_run_and_keeps_the_records_on_it(folder):
    """A real one, of two megabytes, which a user may mount in a namespace of his own."""
    mount = "mount -t tmpfs -o size=2m none out"
    if (
        shutil.which("unshare") is None
        or subprocess.run(
            ["unshare", "-rm", "sh", "-c", mount], cwd=folder(), capture_output=True, check=False
        ).returncode
    ):
        pytest.skip("no disk may be mounted here")
    script = f'{mount} && "$0" -c "$1" 0 && cp out/h.nc kept.nc'
    command = ["unshare", "-rm", "sh", "-c", script, sys.executable, RUN]
    done = subprocess.run(
        command, cwd=folder(), capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    shutil.move(folder() / "kept.nc", folder() / "out" / "h.nc")
    assert "No space left on device" in assert_kept(folder(), done.stdout)


@pytest.fixture
def run(folder):
    """Runs components of a folder that are closed at the end of the test."""
    created = []

    def create(*arguments):
        created.append(Component.create(str(folder(*arguments) / "run.nml")))
        return created[-1]

    yield create
    for component in created:
        component.close()


def advance(component, intervals):
    values = np.empty(component.grid.size)
    for _ in range(intervals):
        for name in ("sea_surface_temperature", "sea_ice_area_fraction"):
            component.get(component.field_id(name), values)
            component.put(component.field_id(name), values)
        component.advance(3600)
    component.wait()


@pytest.mark.slow
def test_a_file_that_is_removed_fails_the_run(run, tmp_path):
    component = run()
    advance(component, 2)
    component.write_restart()
    (tmp_path / "out" / "h.nc").unlink()
    words = r"record of 2000-01-01T03:00:00 cannot be written \(.*No such file"
    with pytest.raises(OutputError, match=words):
        advance(component, 6)
    component.close()
    assert len(list((tmp_path / "restarts").glob("restart_*.nc"))) == 1


@pytest.mark.slow
def test_a_file_that_is_replaced_by_another_fails_the_run(run, tmp_path):
    component = run()
    advance(component, 1)
    file = tmp_path / "out" / "h.nc"
    shutil.copy(file, file.with_suffix(".copy"))
    file.with_suffix(".copy").rename(file)
    with pytest.raises(OutputError, match="removed or replaced while the run was writing it"):
        advance(component, 6)


def test_a_folder_that_takes_no_new_file_fails_the_run_as_a_month_begins(make, tmp_path):
    """Not even root writes where a folder stands; the records of January are complete."""
    start, settings = Clock("2000-01-31T22:00:00"), {"file_period": "month"}
    written = make("h_{period}.nc", start, settings=settings).write(2)
    (tmp_path / "h_2000-02.nc").mkdir()
    words = r"h_2000-02.nc': the record of 2000-02-01T01:00:00 cannot be written \(.*check folder"
    with pytest.raises(OutputError, match=words):
        written.write(6)
    with open_dataset(tmp_path / "h_2000-01.nc") as file:
        assert file["time"].size == 2


@pytest.mark.slow
def test_an_error_that_comes_after_the_last_interval_is_raised_by_close(folder, tmp_path):
    component = Component.create(str(folder() / "run.nml"))
    advance(component, 2)
    component._owner.records._history.state()
    shutil.rmtree(tmp_path / "out")
    advance(component, 1)
    with pytest.raises(OutputError, match=r"record of 2000-01-01T03:00:00 cannot be written"):
        component.close()


@pytest.mark.slow
def test_a_component_survives_a_history_that_fails(run, tmp_path):
    component = run()
    advance(component, 1)
    (tmp_path / "out" / "h.nc").unlink()
    with pytest.raises(OutputError):
        advance(component, 6)
    air = np.empty(component.grid.size)
    component.get(component.field_id("air_temperature"), air)
    assert air.min() > 200.0


def test_a_history_that_cannot_be_created_fails_the_creation(folder, tmp_path):
    folder()
    (tmp_path / "out").rmdir()
    (tmp_path / "out").write_text("no folder")
    with pytest.raises(ConfigError, match="there is no folder"):
        Component.create("run.nml")


END = """
import sys
import numpy as np
from ngcm_coupler.clock import Clock
from ngcm_coupler.fields import field
from ngcm_coupler.grid import GaussianGrid
from ngcm_coupler.output.history import History

grid, clock, row = GaussianGrid(16, 8), Clock("2000-01-01"), field("air_temperature")
history = History("left.nc", grid, np.zeros(grid.size), [row], clock, {}, {row.name: "a test"},
                  interval_seconds=3600)
for hour in range(3):
    clock = clock.advanced(3600)
    history.write(clock, 3600, {row.name: np.full(grid.size, hour, np.float32)})
sys.exit("the run has failed elsewhere")
"""


def test_a_process_that_ends_without_a_close_ends_and_leaves_its_records(tmp_path):
    command = [sys.executable, "-c", END]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stderr) == (1, "the run has failed elsewhere\n")
    with open_dataset(tmp_path / "left.nc") as file:
        assert file["time"].size == 3
