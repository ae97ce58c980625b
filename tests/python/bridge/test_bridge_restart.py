"""The coupler-free driver as a batch job: cut into segments, asked to stop."""

from __future__ import annotations

import os
import pathlib
import re
import signal
import subprocess
import sys

import numpy as np
import pytest

from ngcm_coupler.files.netcdf import import_netcdf4

pytestmark = pytest.mark.slow

RUN_AGAIN = 75
COMMAND = "import sys; from ngcm_coupler.cli import main; sys.exit(main())"
RUN = """\
&ngcm_run start_date = '2000-01-01', stop_date = '{stop}' /
&ngcm_model engine = 'analytic', analytic_latitudes = 8 /
&ngcm_restart folder = 'restarts', read_file = 'restarts' /
&ngcm_history file = 'history_{{date}}.nc' /
&ngcm_driver run_hours = 2400 /
&ngcm_log level = 'warning' /
{extra}
"""
# As much margin as there is time: every run stops after its first interval.
ONE_INTERVAL = "&ngcm_limits wall_clock_seconds = 600, margin_seconds = 600 /"


@pytest.fixture
def job(prefix, coupling, tmp_path):
    """Starts the driver in a folder of its own, on so many ranks."""
    processes = []

    def start(name: str, stop: str, ranks: int = 1, extra: str = "") -> subprocess.Popen[str]:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        text = RUN.format(stop=stop, extra=extra) + coupling("aquaplanet")
        (folder / "run.nml").write_text(text)
        process = subprocess.Popen(
            ["mpirun", "-n", str(ranks), prefix / "bin" / "ngcm_driver", "run.nml"],
            cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def finished(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Exit code, output and messages of a job."""
    output, messages = process.communicate(timeout=300)
    return process.returncode, output, messages


def closing_tables(output: str) -> str:
    return output[output.index("Fields of the last interval") : output.index("ngcm_driver: ")]


def hours(output: str) -> list[str]:
    """The hourly lines, without the columns of the clock on the wall."""
    lines = re.findall(r"^(\S+T\S+) +\S+ +\S+(.*)$", output, re.MULTILINE)
    return [date + values for date, values in lines]


@pytest.mark.bits
@pytest.mark.parametrize("segments", [4, pytest.param(10, marks=pytest.mark.long)])
def test_segments_on_changing_ranks_are_the_uncut_run_bit_for_bit(job, segments, tmp_path):
    """Cut by the limit on the clock, on one rank and two in turn; surfaces and budgets included."""
    stop = f"2000-01-01T{segments:02}:00:00"
    code, uncut, messages = finished(job("uncut", stop))
    assert code == 0, uncut + messages
    outputs = []
    for number in range(1, segments + 1):
        ranks = 2 if number in (1, 3) else 1
        code, output, messages = finished(job("cut", stop, ranks, ONE_INTERVAL))
        assert code == (RUN_AGAIN if number < segments else 0), output + messages
        outputs.append(output)
    assert (
        f"ngcm_driver: stopped after 1 intervals at 2000-01-01T{segments - 1:02}:00:00"
        in outputs[-2]
    )
    assert "ngcm_driver: completed 1 intervals" in outputs[-1]
    assert [line for output in outputs for line in hours(output)] == hours(uncut)
    assert closing_tables(outputs[-1]) == closing_tables(uncut)
    last = f"restarts/restart_2000-01-01T{segments:02}0000.nc"
    with (
        import_netcdf4().Dataset(tmp_path / "uncut" / last) as one,
        import_netcdf4().Dataset(tmp_path / "cut" / last) as many,
    ):
        assert one.variables.keys() == many.variables.keys()
        assert {"host.sea.heat", "host.ice.mass", "imports", "exports"} < one.variables.keys()
        for name in one.variables:
            np.testing.assert_array_equal(one[name][...], many[name][...], err_msg=name)
    # keep = 3
    assert len(list((tmp_path / "cut" / "restarts").glob("restart_*.nc"))) == 3
    assert len(list((tmp_path / "cut").glob("history_2000-01-01T*.nc"))) == segments
    code, output, _ = finished(job("cut", stop))
    assert code == 0
    assert "ngcm_driver: completed 0 intervals" in output


def test_signal_to_one_rank_stops_all_of_them_with_a_restart(job, tmp_path):
    running = job("signalled", "2000-04-01", ranks=2)
    _await_first_interval(running)
    os.kill(_ranks(running)[1], signal.SIGTERM)
    code, output, messages = finished(running)
    assert code == RUN_AGAIN, output + messages
    _require_latest(tmp_path / "signalled", output)


def test_command_hands_a_signal_on_and_tells_that_the_run_is_to_be_run_again(job, tmp_path):
    job("command", "2000-04-01").kill()  # for its namelist
    command = [sys.executable, "-c", COMMAND, "run", "run.nml"]
    running = subprocess.Popen(
        command, cwd=tmp_path / "command", text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    _await_first_interval(running)
    running.terminate()
    code, output, messages = finished(running)
    assert code == RUN_AGAIN, output + messages
    _require_latest(tmp_path / "command", output)


def test_without_a_place_for_restarts_a_signal_ends_the_run_as_ever(job, tmp_path):
    running = job("plain", "2000-04-01")
    running.kill()
    running.communicate()
    text = (tmp_path / "plain" / "run.nml").read_text()
    (tmp_path / "plain" / "run.nml").write_text(re.sub("&ngcm_restart.*/", "", text))
    again = subprocess.Popen(running.args, cwd=tmp_path / "plain", text=True, stdout=-1, stderr=-1)
    _await_first_interval(again)
    os.kill(_ranks(again)[0], signal.SIGTERM)
    code, output, _ = finished(again)
    assert code not in (0, RUN_AGAIN)
    assert "ngcm_driver: " not in output


def _require_latest(folder: pathlib.Path, output: str) -> None:
    """The newest restart is of the date at which the run says that it stopped."""
    stopped = re.search(r"^ngcm_driver: stopped after \d+ intervals at (\S+);", output, re.M)
    assert stopped, output
    restart = f"restart_{stopped[1].replace(':', '')}.nc"
    assert (folder / "restarts" / "latest").read_text() == restart + "\n"


def _await_first_interval(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if hours(line):
            return
    raise AssertionError(process.communicate()[1])


def _ranks(mpirun: subprocess.Popen[str]) -> list[int]:
    """The processes of the ranks, in their order."""
    ranks = {}
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            status = (folder / "status").read_text()
            environment = (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if re.search(rf"^PPid:\t{mpirun.pid}$", status, re.MULTILINE):
            for entry in environment:
                if entry.startswith(b"OMPI_COMM_WORLD_RANK="):
                    ranks[int(entry.partition(b"=")[2])] = int(folder.name)
    return [ranks[rank] for rank in sorted(ranks)]
