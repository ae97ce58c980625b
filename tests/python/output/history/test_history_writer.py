"""The thread that writes: it keeps order and memory bounded, never hangs, and hides no failure."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from ngcm_coupler.errors import OutputError
from ngcm_coupler.files.netcdf import exclusive, open_dataset
from ngcm_coupler.output.history.writer import Writer
from ngcm_coupler.output.restart.files import read_restart, write_restart

SOON = 30.0
"""Longest time that anything here may wait [s]; what is right takes milliseconds."""


@pytest.fixture
def writer():
    """Makes writers whose threads are ended, whatever a test has done to them."""
    made = []

    def make(last=lambda: None, **options):
        made.append(Writer(last, **options))
        return made[-1]

    yield make
    for each in made:
        each._desk.failure = each._desk.failure or OutputError("over")
        each._reported = True
        each.close()


def soon(action):
    """Runs an action in a thread and says whether it has ended soon, and with what error."""
    errors = []

    def run():
        try:
            action()
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(SOON)
    assert not thread.is_alive(), "it hangs"
    return errors[0] if errors else None


def fail(message="the disk is on fire"):
    raise OutputError(message)


def test_jobs_run_in_their_order_in_one_other_thread(writer):
    done = []
    each = writer(lambda: done.append(("last", threading.current_thread())))
    for number in range(20):
        each.submit(lambda number=number: done.append((number, threading.current_thread())))
    each.close()
    assert [number for number, _ in done] == [*range(20), "last"]
    assert len({thread for _, thread in done}) == 1
    assert done[0][1] is not threading.current_thread()


def test_no_more_than_so_many_jobs_wait(writer):
    """So memory stays bounded: who hands over more has to wait."""
    gate, each = threading.Event(), writer(waiting=2)
    for _ in range(3):  # one that runs and two that wait
        each.submit(lambda: gate.wait(SOON))
    late = threading.Thread(target=each.submit, args=(lambda: None,), daemon=True)
    late.start()
    late.join(0.3)
    assert late.is_alive() and len(each._desk.jobs) == 3
    gate.set()
    late.join(SOON)
    assert not late.is_alive()


def test_a_failure_is_raised_by_the_next_call_and_by_every_one_after_it(writer):
    done, each = [], writer()
    each.submit(fail)
    for call in (each.drain, lambda: each.submit(lambda: done.append(1)), each.drain):
        error = soon(call)
        assert isinstance(error, OutputError) and "the disk is on fire" in str(error)
    assert soon(each.close) is None, "what has been raised is not raised again at the end"
    assert not done


def test_a_failure_that_nobody_has_heard_of_is_raised_by_close(writer):
    last = []
    each = writer(lambda: last.append(1))
    each.submit(fail)
    assert "the disk is on fire" in str(soon(each.close))
    assert last, "what is open is closed all the same"


def test_a_failure_in_closing_is_raised(writer):
    assert "cannot be completed" in str(soon(writer(lambda: fail("cannot be completed")).close))


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, MemoryError, ZeroDivisionError])
def test_whatever_ends_a_job_is_told_and_hangs_nothing(writer, error):
    def job():
        raise error("odd")

    each = writer()
    each.submit(job)
    told = soon(each.drain)
    assert isinstance(told, OutputError) and error.__name__ in str(told)
    assert soon(each.close) is None


def test_a_thread_that_has_died_hangs_nothing(writer, monkeypatch):
    monkeypatch.setattr("ngcm_coupler.output.history.writer._GLANCE_SECONDS", 0.05)
    monkeypatch.setattr("ngcm_coupler.output.history.writer._work", lambda desk, last: None)
    for call in ("drain", "close", "submit"):
        each = writer(waiting=0)
        each.submit(lambda: None)
        error = soon(lambda each=each, call=call: getattr(each, call)(*[fail][: call == "submit"]))
        assert isinstance(error, OutputError) and "has died with records unwritten" in str(error)
        assert soon(each.close) is None


def test_a_run_does_not_wait_for_the_disk(make, read):
    """With netCDF held by another thread, records go on to be taken."""
    written = make()
    held, release = threading.Event(), threading.Event()

    def hold():
        with exclusive():
            held.set()
            release.wait(SOON)

    holder = threading.Thread(target=hold, daemon=True)
    holder.start()
    assert held.wait(SOON)
    assert soon(lambda: written.write(3)) is None
    release.set()
    written.history.close()
    assert read()[0]["time"].size == 3


def test_a_restart_waits_until_its_records_are_on_the_disk(make, read):
    written = make().write(3)
    state = written.history.state()
    assert state.header["records"] == 3
    assert read()[0]["time"].size == 3


CONCURRENT = """
import sys
import numpy as np
from ngcm_coupler.files import netcdf
from ngcm_coupler.clock import Clock
from ngcm_coupler.fields import EXPORTS
from ngcm_coupler.grid import GaussianGrid
from ngcm_coupler.output.history import History
from ngcm_coupler.output.restart.files import read_restart, write_restart

folder, grid, clock = sys.argv[1], GaussianGrid(128, 64), Clock("2000-01-01")
fields = [row for row in EXPORTS if not row.surface][:8]
origin = {row.name: "a test" for row in fields}
land = np.zeros(grid.size)
histories = [
    History(f"{folder}/h{number}.nc", grid, land, fields, clock, {}, origin, interval_seconds=3600)
    for number in range(4)
]
noise = np.random.default_rng(1).standard_normal((8, grid.size)).astype(np.float32)
arrays = {f"a{number}": noise[number] for number in range(8)}
for hour in range(1, 31):
    clock = clock.advanced(3600)
    values = {row.name: noise[place] * hour for place, row in enumerate(fields)}
    for number, history in enumerate(histories):
        history.write(clock, 3600, values)
        write_restart(f"{folder}/r.nc", {"hour": hour}, arrays)
    header, found = read_restart(f"{folder}/r.nc")
    assert header == {"hour": hour} and all((found[name] == arrays[name]).all() for name in arrays)
for number, history in enumerate(histories):
    history.close()
    with netcdf.open_dataset(f"{folder}/h{number}.nc") as file:
        for place, row in enumerate(fields):
            expected = np.stack([noise[place] * hour for hour in range(1, 31)])
            assert (file[row.name][...].reshape(30, -1) == expected).all(), row.name
print("all is there")
"""


@pytest.mark.slow
def test_histories_and_restarts_use_netcdf_at_the_same_time(tmp_path):
    """Two threads that write and the run's own: without their turns this crashes."""
    command = [sys.executable, "-c", CONCURRENT, str(tmp_path)]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False
    )
    assert (done.returncode, done.stdout) == (0, "all is there\n"), done.stderr


def test_who_uses_netcdf_takes_turns(tmp_path):
    """A restart is not written while another thread is inside the library."""
    inside, release = threading.Event(), threading.Event()

    def hold():
        with open_dataset(tmp_path / "other.nc", "w"):
            inside.set()
            release.wait(SOON)

    holder = threading.Thread(target=hold, daemon=True)
    holder.start()
    assert inside.wait(SOON)
    arrays = {"a": np.arange(3.0)}
    writing = threading.Thread(
        target=write_restart, args=(str(tmp_path / "r.nc"), {}, arrays), daemon=True
    )
    writing.start()
    time.sleep(0.2)
    assert writing.is_alive() and not (tmp_path / "r.nc").exists()
    release.set()
    writing.join(SOON)
    assert read_restart(str(tmp_path / "r.nc"))[1]["a"].tolist() == [0.0, 1.0, 2.0]
