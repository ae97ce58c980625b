"""What goes wrong in a coupled run ends all of it at once, with a code and one message."""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import signal
import sys
import time
from collections.abc import Callable

import pytest
from jobs import Job

from ngcm_coupler.cli import buildconfig, main
from ngcm_coupler.files.netcdf import import_netcdf4

pytestmark = [pytest.mark.oasis, pytest.mark.slow]

Edit = Callable[[pathlib.Path], object]


@pytest.fixture(scope="module")
def prepared(small_example) -> pathlib.Path:
    return small_example


def mpirun(atmosphere: str = "run.nml", ocean: str = "run.nml") -> list[str]:
    """Two ranks each, in the working folder."""
    programs = buildconfig.prefix() / "bin"
    return [
        *("mpirun", "-n", "2", f"{programs}/ngcm_oasis_atm", atmosphere),
        *(":", "-n", "2", f"{programs}/ngcm_oasis_ocean", ocean),
    ]


def ngcm_coupler_run() -> list[str]:
    code = "import sys; from ngcm_coupler.cli import main; sys.exit(main())"
    return [sys.executable, "-c", code, "run", "run.nml", "-n", "2", "--ocean-ranks", "2"]


def failed(job: Job) -> tuple[int, str]:
    """Waits for the end of a job that has to fail; returns its exit code and what it said."""
    code = job.ended()
    assert code > 0, job.err
    assert "completed" not in job.out
    return code, job.err


def run_until_killed(command: list[str], program: str) -> tuple[int, str]:
    """Starts a job of years, and kills one rank of a program when both have long been running."""
    rewritten("run.nml", "run_hours = 3", "run_hours = 24000")(pathlib.Path())
    rewritten("namcouple", "10800", "86400000")(pathlib.Path())
    job = Job(command)
    book = pathlib.Path("ocean_fluxes.csv")
    while job.process.poll() is None and not (book.exists() and book.stat().st_size > 10_000):
        time.sleep(0.05)
    # The system keeps 15 characters of a name.
    ranks = [number for number, name in job.members().items() if name == program[:15]]
    assert len(ranks) == 2, job.err
    os.kill(max(ranks), signal.SIGKILL)
    code, said = failed(job)
    # What either side has entered is in its book, in whole lines, interval by interval.
    books = [pathlib.Path(f"{name}_fluxes.csv").read_text() for name in ("ngcm", "ocean")]
    assert all(text.endswith("\n") for text in books)
    dates = [{line.split(",")[0] for line in text.splitlines()[1:]} for text in books]
    assert min(map(len, dates)) > 3
    assert len(dates[0] ^ dates[1]) <= 2
    return code, said


def without(name: str) -> Edit:
    return lambda folder: (folder / name).unlink()


def rewritten(name: str, old: str, new: str) -> Edit:
    def edit(folder: pathlib.Path) -> None:
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new))

    return edit


def copied(name: str, over: str) -> Edit:
    return lambda folder: shutil.copy(folder / name, folder / over)


@pytest.mark.parametrize(
    ("edit", "message", "remedy"),
    [
        pytest.param(
            without("rmp_sinu_to_ngcm_conserv.nc"),
            "there is no weight file rmp_sinu_to_ngcm_conserv.nc",
            "run `ngcm-coupler weights`",
            id="no weights",
        ),
        pytest.param(
            copied("rmp_ngcm_to_sinu_conserv.nc", "rmp_sinu_to_ngcm_conserv.nc"),
            "its source grid has 128 points, expected 25 x 12",
            "run `ngcm-coupler weights`",
            id="weights of another grid",
        ),
        pytest.param(
            rewritten("namcouple", "NG_RAIN OTotRain", "NG_RAEN OTotRain"),
            "NG_RAEN on the atmosphere's grid is neither sent nor taken by this configuration",
            "did you mean NG_RAIN?",
            id="unknown field of the atmosphere",
        ),
        pytest.param(
            rewritten("namcouple", "NG_PSL O_MSLP", "NG_PSL O_MSLQ"),
            "NG_PSL -> O_MSLQ: the ocean's name of air_pressure_at_mean_sea_level is O_MSLP",
            "run `ngcm-coupler namcouple`, or correct the namelist",
            id="unknown field of the ocean",
        ),
        pytest.param(
            rewritten("namcouple", " 1 3600 1 rsta.nc", " 1 1800 1 rsta.nc"),
            "period (is|of) 1800 s, but .*interval_seconds|period of 1800 s, and .*is 3600 s",
            "`ngcm-coupler namcouple`, or correct",
            id="another period in the namcouple",
        ),
        pytest.param(
            rewritten("run.nml", "interval_seconds = 3600", "interval_seconds = 1800"),
            "period is 3600 s, but .*interval_seconds = 1800|period of 3600 s, and .*is 1800 s",
            "`ngcm-coupler namcouple`, or correct",
            id="another period in the namelist",
        ),
        pytest.param(
            rewritten("namcouple", "16 8 25 12", "16 8 24 12"),
            "the grid sinu has 24 x 12 points, but 25 x 12 in this configuration",
            "run `ngcm-coupler namcouple`",
            id="another grid in the namcouple",
        ),
        pytest.param(
            without("rsto.nc"),
            "rsto.nc",
            "`ngcm-coupler namcouple( --restarts)?`",
            id="no restart file",
        ),
        pytest.param(
            without("namcouple"),
            "there is no namcouple in the folder|namcouple cannot be read",
            "`ngcm-coupler namcouple` write",
            id="no namcouple",
        ),
    ],
)
def test_a_fault_of_the_folder_is_said_once(folder, edit, message, remedy, capfd):
    edit(folder)
    _, said = failed(Job(mpirun()))
    assert len(re.findall(message, said)) == 1, said
    assert re.search(remedy, said), said
    assert len(re.findall(r"^(?:ngcm: error|OASIS has ended)", said, re.M)) == 1, said

    capfd.readouterr()
    assert main(["run", "run.nml"]) != 0
    said = capfd.readouterr().err
    assert len(re.findall(message, said)) == 1, said
    assert re.search(remedy, said), said


def test_a_field_that_the_ocean_does_not_know_is_said_once(folder):
    """Neither namelist nor namcouple can tell: only the programs know."""
    for name in ("run.nml", "namcouple"):
        rewritten(name, "O_MSLP", "O_MSLQ")(folder)
    _, said = failed(Job(ngcm_coupler_run()))
    assert said.count("no other component defines by the name given there: NG_PSL") == 1
    assert said.count("ngcm: error") == 1


@pytest.mark.parametrize("other", ["atmosphere", "ocean"])
def test_programs_with_namelists_of_two_periods_do_not_start(folder, other):
    shutil.copy(folder / "run.nml", folder / "other.nml")
    rewritten("other.nml", "interval_seconds = 3600", "interval_seconds = 1800")(folder)
    _, said = failed(Job(mpirun(**{other: "other.nml"})))
    assert said.count("ngcm: error") == 1
    assert re.search("period (is|of) 3600 s, .*interval_seconds (=|is) 1800", said), said
    if other == "ocean":
        assert "correct other.nml, which both programs must be given" in said


def test_a_surface_that_cannot_be_ends_the_run(folder):
    """Only the atmosphere's second rank sees it, which does not own the model."""
    with import_netcdf4().Dataset(folder / "rsto.nc", "a") as file:
        file["O_SSTSST"][-2:] = 340.0
    code, said = failed(Job(ngcm_coupler_run()))
    assert code == 7
    assert len(re.findall(r"sea_surface_temperature: .* outside 260 to 320 K", said)) == 1
    assert said.count("ngcm: error") == 1


def test_a_killed_ocean_ends_the_run(folder):
    code, said = run_until_killed(ngcm_coupler_run(), "ngcm_oasis_ocean")
    assert code == 128 + signal.SIGKILL
    assert "Signal SIGKILL has ended a rank" in said
    assert "ngcm_oasis_atm from rank 0, ngcm_oasis_ocean from rank 2" in said


def test_a_killed_atmosphere_ends_the_run(folder):
    _, said = run_until_killed(mpirun(), "ngcm_oasis_atm")
    assert "process rank 1" in said
