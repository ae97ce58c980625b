"""Disks, values and signals that go wrong: one message, a code, and a run that can go on."""

from __future__ import annotations

import pathlib
import pickle
import re
import subprocess

import numpy as np
import pytest
from jobs import one_error

from ngcm_coupler.engine.neuralgcm.checkpoint import read_checkpoint
from ngcm_coupler.output.restart.files import read_restart, write_restart

pytestmark = pytest.mark.slow

TO_DISK = "ngcm_coupler.files.whole:_bring_to_disk"
"""Called for a restart, its folder, the pointer to it and the folder again."""

FILL = ("sh", "-c", "cat /dev/zero > $0 || true")
"""Command that fills a disk with the file that it is given."""

RUN_AGAIN = 75


def restart(hour: int) -> str:
    return f"restart_2000-01-01T{hour:02}0000.nc"


@pytest.fixture
def small_disk(tmp_path):
    """Mounts a file system in memory on a folder, with so much room."""
    mounted = []

    def mount(folder: pathlib.Path, size: str) -> pathlib.Path:
        folder.mkdir(exist_ok=True)
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"this user may not mount a file system: {done.stderr.strip()}")
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def small_segment(segment, small_disk):
    """The segment, with its restarts on a disk of their own; one has some 80 kB."""
    small_disk(segment.folder / "restarts", "1m")
    segment.hold_first_hour()
    return segment


def test_a_nan_in_the_state_is_named(segment):
    advance = "ngcm_coupler.device.members:Members.advance"
    code, said = segment.fails(f"strike('{advance}', spoils_state('air_temperature', 37), call=2)")
    assert code == 12
    message = one_error(said)
    assert "diverged in the interval that ends 2000-01-01T03:00:00: " in message
    assert " = nan at point 38 (longitude 112.50, latitude " in message
    assert "; in the state: state.atmosphere.air_temperature" in message
    segment.require_newest(2)
    segment.require_continuation(ranks=2)


@pytest.mark.parametrize("rank", [0, 1])
def test_a_nan_in_an_import_is_named(segment, rank):
    plan = f"strike('ngcm_coupler.abi:put', spoils_import(3), rank={rank}, call=8)"
    code, said = segment.fails(plan)
    assert code == 7
    message = one_error(said)
    assert re.search(r"sea_surface_temperature: 1 of 64 values are not finite", message), message
    assert "the worst is nan at point " in message
    assert f"rank {rank}, model date 2000-01-01T02:00:00" in message
    segment.require_newest(2)


@pytest.mark.parametrize("how", ["one bit", "truncated", "empty"])
def test_a_damaged_restart_is_refused_and_the_newest_whole_one_named(segment, reference, how):
    contents = bytearray((reference / "restarts" / restart(2)).read_bytes())
    if how == "one bit":
        contents[len(contents) // 2] ^= 0x10
    else:
        del contents[len(contents) // 2 if how == "truncated" else 0 :]
    (segment.folder / "restarts" / restart(2)).write_bytes(contents)
    segment.point_to(2)
    code, said = segment.fails()
    assert code == 11
    message = one_error(said)
    assert "restart file restarts/restart_2000-01-01T020000.nc " in message
    assert f"the newest whole one is restarts/{restart(1)}: write '{restart(1)}'" in message
    segment.point_to(1)
    segment.require_newest(1)
    if how == "truncated":
        segment.require_continuation()


def test_a_pointer_to_nothing_is_refused(segment):
    segment.point_to(3)
    code, said = segment.fails()
    assert code == 11
    assert "latest names 'restart_2000-01-01T030000.nc', which is not there; the" in one_error(said)


@pytest.mark.parametrize("hour", [pytest.param(1, id="first"), pytest.param(2, id="second")])
def test_a_full_disk_of_restarts_ends_the_run(small_segment, hour):
    restarts = small_segment.folder / "restarts"
    write = "ngcm_coupler.output.restart.files:write_restart"
    fill = f"runs(*{FILL}, 'restarts/ballast')"
    code, said = small_segment.fails(f"strike('{write}', {fill}, rank=0, call={hour})")
    assert code == 13
    assert f"restart file restarts/{restart(hour + 1)} cannot be written (" in one_error(said)
    small_segment.require_newest(hour)
    (restarts / "ballast").unlink()
    small_segment.require_continuation(ranks=hour)
    assert not list(restarts.glob(".*"))


@pytest.mark.parametrize(
    ("key", "place"),
    [
        pytest.param("file", "ngcm_coupler.output.history:History", id="history"),
        pytest.param("budget_file", "ngcm_coupler.output.budget.output:BudgetFile", id="budgets"),
    ],
)
@pytest.mark.parametrize(
    ("method", "what"),
    [
        pytest.param("__init__", "cannot be created", id="at the start"),
        pytest.param("write", "the record of 2000-01-01T02:00:00 cannot be written", id="later"),
    ],
)
def test_a_full_disk_of_output_ends_the_run(segment, small_disk, key, place, method, what):
    small_disk(segment.folder / "output", "1m")
    code, said = segment.fails(
        f"strike('{place}.{method}', runs(*{FILL}, 'output/ballast'), rank=0, call=1)",
        f"&ngcm_history {key} = 'output/out.nc' /\n",
    )
    assert code == 13
    message = one_error(said)
    assert f"&ngcm_history {key} = 'output/out.nc'" in message
    assert what in message
    segment.require_newest(1)


def test_a_disk_that_has_become_read_only_ends_the_run(small_segment):
    """As after an error of the disk; no permission tells root of it before."""
    plan = f"strike('{TO_DISK}', runs('mount', '-o', 'remount,ro', 'restarts'), rank=0, call=4)"
    code, said = small_segment.fails(plan)
    assert code == 13
    assert "restart file restarts/restart_2000-01-01T030000.nc cannot be" in one_error(said)
    small_segment.require_newest(2)
    subprocess.run(["mount", "-o", "remount,rw", small_segment.folder / "restarts"], check=True)
    small_segment.require_continuation()


def test_a_folder_that_has_become_a_file_ends_the_run(segment):
    command = "'sh', '-c', 'mv restarts aside; touch restarts'"
    code, said = segment.fails(f"strike('{TO_DISK}', runs({command}), rank=0, call=4)")
    assert code == 13
    assert "&ngcm_restart folder = 'restarts' cannot be used: " in one_error(said)
    (segment.folder / "restarts").unlink()
    (segment.folder / "aside").rename(segment.folder / "restarts")
    segment.require_newest(2)


def test_another_atmosphere_is_refused(segment):
    groups = "&ngcm_model engine = 'analytic', analytic_latitudes = 16 /\n"
    code, said = segment.fails(groups=groups)
    assert code == 11
    message = one_error(said)
    assert "its atmosphere is analytic-16x8, this run's is analytic-32x16" in message
    segment.require_newest(1)


def test_another_checkpoint_is_refused(segment):
    """One weight differs in its last bit. The restart says that it is of the demo checkpoint."""
    demo = read_checkpoint("demo")
    file = segment.folder / "restarts" / restart(1)
    header, arrays = read_restart(str(file))
    header["identity"]["atmosphere"] = f"neuralgcm-{demo.sha256[:16]}"
    write_restart(str(file), header, arrays)
    contents = demo.as_dict()
    part, name = next((part, name) for part, leaves in demo.params.items() for name in leaves)
    weights = demo.params[part][name].copy()
    weights.flat[0] = np.nextafter(weights.flat[0], weights.dtype.type(np.inf))
    contents["params"] = demo.params | {part: demo.params[part] | {name: weights}}
    (segment.folder / "changed.pkl").write_bytes(pickle.dumps(contents))

    code, said = segment.fails(groups="&ngcm_model checkpoint = 'changed.pkl' /\n")
    assert code == 11
    there, here = re.findall(r"atmosphere is (\S+), this run's is (\S+);", one_error(said))[0]
    assert there == f"neuralgcm-{demo.sha256[:16]}"
    assert here.startswith("neuralgcm-") and here != there


@pytest.mark.parametrize("name", ["SIGTERM", "SIGUSR1"])
@pytest.mark.parametrize("rank", [0, 1])
def test_a_signal_during_a_restart_lets_it_be_written_and_stops(segment, name, rank):
    plan = f"strike('{TO_DISK}', signals(signal.{name}), rank=0, call=5)"
    if rank == 1:
        plan = f"strike('ngcm_coupler.abi:write_restart', signals(signal.{name}), rank=1, call=2)"
    job = segment.start(plan)
    assert job.ended() == RUN_AGAIN
    assert "ngcm_driver: stopped after 2 intervals at 2000-01-01T03:00:00" in job.out
    assert "Traceback" not in job.err and "ngcm: error" not in job.err
    segment.require_newest(3)


@pytest.mark.parametrize("rank", [0, 1])
def test_a_signal_while_the_model_is_built_stops_the_run_before_its_first_interval(segment, rank):
    plan = f"strike('ngcm_coupler.abi:create', signals(signal.SIGUSR1), rank={rank}, call=1)"
    job = segment.start(plan)
    assert job.ended() == RUN_AGAIN
    assert "ngcm_driver: stopped after 0 intervals at 2000-01-01T01:00:00" in job.out
    assert "ngcm: error" not in job.err
    segment.require_newest(1)


def test_a_signal_while_the_model_is_built_ends_a_run_that_keeps_nothing(segment):
    plan = "strike('ngcm_coupler.abi:create', signals(signal.SIGUSR1), rank=1, call=1)"
    job = segment.start(plan, "&ngcm_restart /\n")
    assert job.ended() not in (0, RUN_AGAIN)
    assert "User defined signal 1" in job.out + job.err


def test_sigusr1_to_mpirun_reaches_all_ranks(segment):
    # mpirun takes a moment to hand it on, in which the four hours would be over.
    plan = f"strike('{TO_DISK}', signals(signal.SIGUSR1, os.getppid(), seconds=2), 0, 5)"
    job = segment.start(plan)
    assert job.ended() == RUN_AGAIN
    assert re.search(r"ngcm_driver: stopped after \d intervals at 2000-01-01T0[34]:00:00", job.out)
    segment.require_newest(3)


@pytest.mark.parametrize(
    ("name", "expected"),
    [pytest.param("SIGTERM", 1, id="SIGTERM"), pytest.param("SIGKILL", -9, id="SIGKILL")],
)
def test_a_signal_that_ends_mpirun_ends_the_ranks(segment, name, expected):
    job = segment.start(f"strike('{TO_DISK}', signals(signal.{name}, os.getppid()), 0, 5)")
    assert job.ended() == expected
    # The ranks may get further before they are killed.
    pointer = (segment.folder / "restarts" / "latest").read_text().strip()
    hour = next(hour for hour in (2, 3, 4) if pointer == restart(hour))
    segment.require_newest(hour)
    if hour < 4:
        segment.require_continuation(ranks=2)


def test_the_limit_of_the_job_stops_the_run(segment):
    """As much margin as there is time: it stops after its first interval."""
    job = segment.start(groups="&ngcm_limits wall_clock_seconds = 600, margin_seconds = 600 /\n")
    assert job.ended(120.0) == RUN_AGAIN
    assert "ngcm_driver: stopped after 1 intervals at 2000-01-01T02:00:00" in job.out
    segment.require_newest(2)
