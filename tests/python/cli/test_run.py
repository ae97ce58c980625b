"""`ngcm-coupler run`: with a stand-in for mpirun, then the real driver on the analytic engine."""

from __future__ import annotations

import os
import pathlib
import signal
import stat
import subprocess
import sys
import textwrap

import pytest

from ngcm_coupler import cli
from ngcm_coupler.analysis.report.tables import exchanged
from ngcm_coupler.cli import buildconfig
from ngcm_coupler.cli.run import DRIVER, completed
from ngcm_coupler.couplers.oasis import check
from ngcm_coupler.couplers.oasis.description import ThroughOasis

OASIS_ATMOSPHERE, OASIS_OCEAN = ThroughOasis.programs
COMPLETED = completed(DRIVER)

NAMELIST = """\
&ngcm_model
  engine = 'analytic', analytic_latitudes = 8
/
&ngcm_history
  file = ''
/
&ngcm_driver
  run_hours = 6
/
"""

OPEN_MPI = "mpirun (Open MPI) 4.1.4"
MPICH = "HYDRA build details:"


def _script(path: pathlib.Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n" + textwrap.dedent(text))
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.fixture
def namelist(tmp_path):
    path = tmp_path / "run.nml"
    path.write_text(NAMELIST)
    return path


@pytest.fixture
def pretend(tmp_path, monkeypatch):
    """Installs a driver and an mpirun that are shell scripts."""

    def install(driver: str, version: str = OPEN_MPI) -> None:
        _script(tmp_path / "prefix" / "bin" / "ngcm_driver", driver)
        _script(
            tmp_path / "bin" / "mpirun",
            f"""\
            [ "$1" = --version ] && echo "{version}" && exit 0
            echo "mpirun $@"
            for last; do driver=$namelist; namelist=$last; done
            exec "$driver" "$namelist"
            """,
        )
        monkeypatch.setattr(buildconfig, "prefix", lambda: tmp_path / "prefix")
        monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")

    return install


def test_run_that_reaches_its_end_succeeds(pretend, namelist, capfd):
    pretend(f"echo '{COMPLETED}'")
    assert cli.main(["run", str(namelist)]) == 0
    assert COMPLETED in capfd.readouterr().out


@pytest.mark.parametrize("where", ["full", "broken"])
def test_run_that_nobody_hears_of_is_stopped(pretend, namelist, monkeypatch, capfd, where):
    stopped = namelist.parent / "stopped"
    pretend("")
    _script(
        namelist.parent / "bin" / "mpirun",
        f"""\
        [ "$1" = --version ] && echo "{MPICH}" && exit 0
        trap 'touch {stopped}; exit 75' TERM
        echo a line
        sleep 60 > /dev/null & wait
        """,
    )
    reader, writer = os.pipe()
    os.close(reader)
    full = os.open("/dev/full", os.O_WRONLY)
    with (
        os.fdopen({"full": full, "broken": writer}[where], "w") as file,
        monkeypatch.context() as context,
    ):
        context.setattr(sys, "stdout", file)
        assert cli.main(["run", str(namelist)]) == 1
    assert stopped.exists()
    said = capfd.readouterr().err
    assert ("standard output cannot be written (No space left" in said) == (where == "full")


def test_exit_code_of_the_driver_is_passed_on(pretend, namelist):
    pretend("exit 7")
    assert cli.main(["run", str(namelist)]) == 7


def test_driver_killed_by_a_signal_gives_the_code_a_shell_gives(pretend, namelist):
    pretend("kill -KILL $$")
    assert cli.main(["run", str(namelist)]) == 128 + signal.SIGKILL


def test_exit_code_0_without_the_success_marker_is_a_failure(pretend, namelist, capfd):
    pretend("echo aborted; exit 0")
    assert cli.main(["run", str(namelist)]) == 1
    assert f"without the line `{COMPLETED} ...`" in capfd.readouterr().err


def test_faulty_namelist_starts_nothing(pretend, namelist, capfd):
    pretend("echo started")
    namelist.write_text("&ngcm_model engin = 'analytic' /")
    assert cli.main(["run", str(namelist)]) == 1
    out, err = capfd.readouterr()
    assert "started" not in out
    assert f"{namelist}:1:" in err


def test_interval_that_the_driver_cannot_run_starts_nothing(pretend, namelist, capfd):
    pretend("echo started")
    namelist.write_text(
        "&ngcm_model engine = 'analytic' /\n&ngcm_coupling interval_seconds = 25200 /"
    )
    assert cli.main(["run", str(namelist)]) == 1
    out, err = capfd.readouterr()
    assert "started" not in out
    assert "run_hours" in err


def test_ranks_are_not_bound_to_one_core_under_open_mpi(pretend, namelist, capfd):
    pretend(f"echo '{COMPLETED}'")
    assert cli.main(["run", str(namelist), "-n", "3"]) == 0
    started = capfd.readouterr().out
    assert "--bind-to none --mca mpi_yield_when_idle 1" in started
    assert " -n 3 " in started


def test_ranks_are_not_bound_to_one_core_under_mpich(pretend, namelist, capfd):
    pretend(f"echo '{COMPLETED}'", version=MPICH)
    assert cli.main(["run", str(namelist)]) == 0
    started = capfd.readouterr().out
    assert "mpirun -bind-to none -n 1 " in started


def test_missing_mpirun_is_an_error_with_a_remedy(pretend, namelist, monkeypatch, capfd):
    pretend("echo started")
    monkeypatch.setenv("PATH", "/nowhere")
    assert cli.main(["run", str(namelist)]) == 1
    assert "mpirun is not on PATH; load the MPI" in capfd.readouterr().err


def test_output_folder_is_made_and_run_in(pretend, namelist, tmp_path, monkeypatch):
    pretend(f"test -f \"$1\" && touch here && echo '{COMPLETED}'")
    monkeypatch.chdir(tmp_path)
    assert cli.main(["run", namelist.name, "--output", "out/run"]) == 0
    assert (tmp_path / "out" / "run" / "here").exists()
    assert pathlib.Path.cwd() == tmp_path


OASIS = """
&ngcm_model engine = 'analytic' /
&ngcm_oasis exports = 'surface_downward_latent_heat_flux_over_ice_free_sea' /
"""


@pytest.fixture
def sound_folder(monkeypatch):
    """Takes any folder for one that is ready for a run through OASIS."""
    monkeypatch.setattr(check, "check_folder", lambda *_: [])


@pytest.mark.usefixtures("sound_folder")
def test_run_with_exports_to_oasis_starts_atmosphere_and_ocean(pretend, namelist, tmp_path, capfd):
    pretend("exit 9")
    for program in (OASIS_ATMOSPHERE, OASIS_OCEAN):
        _script(tmp_path / "prefix" / "bin" / program, "exit 9")
    ocean = tmp_path / "prefix" / "bin" / OASIS_OCEAN
    namelist.write_text(OASIS)
    _script(ocean, f"echo '{completed(OASIS_OCEAN)}'")
    command = ["run", str(namelist), "--output", str(tmp_path / "out")]
    assert cli.main([*command, "-n", "2", "--ocean-ranks", "3"]) == 1
    out, err = capfd.readouterr()
    assert f"-n 2 {tmp_path}/prefix/bin/{OASIS_ATMOSPHERE} {namelist} : -n 3 {ocean}" in out
    assert f"without the line `{completed(OASIS_ATMOSPHERE)} ...`: " in err


@pytest.mark.usefixtures("sound_folder")
def test_run_through_oasis_ends_with_what_both_sides_have_counted(
    pretend, namelist, tmp_path, capfd
):
    pretend("exit 9")
    namelist.write_text(OASIS)
    programs = tmp_path / "prefix" / "bin"
    for program, name, field in (
        (OASIS_ATMOSPHERE, "ngcm", "NG_LATO"),
        (OASIS_OCEAN, "ocean", "OC_LATO"),
    ):
        book = f"seconds,field,integral\\n0,{field},-4.0\\n"
        _script(
            programs / program,
            f"printf '{book}' > {name}_fluxes.csv; echo '{completed(program)}'",
        )
    # The stand-in for mpirun starts the last program alone.
    both = f"{programs / OASIS_ATMOSPHERE}; "
    _script(programs / OASIS_OCEAN, both + (programs / OASIS_OCEAN).read_text().split("\n", 1)[1])
    folder = tmp_path / "out"
    assert cli.main(["run", str(namelist), "--output", str(folder)]) == 0
    assert "W     NG_LATO  -4.000000000e+00  OC_LATO      -4.000000000e+00  0.0e+00" in (
        capfd.readouterr().out
    )
    (table,) = exchanged(folder)
    assert table.rows[0][1:4] == ("W", "NG_LATO", "-4.000000000e+00")


def test_package_without_oasis_says_how_to_get_it(pretend, namelist, capfd):
    pretend("echo started")
    namelist.write_text(OASIS)
    assert cli.main(["run", str(namelist)]) == 1
    assert "liboasis3-dev" in capfd.readouterr().err


def test_no_rank_is_refused(namelist, capfd):
    with pytest.raises(SystemExit):
        cli.main(["run", str(namelist), "-n", "0"])
    assert "got '0', expected a whole number from 1" in capfd.readouterr().err


def test_termination_reaches_the_driver(pretend, namelist):
    program = (
        "import sys; from ngcm_coupler.cli import run\n"
        "print(run._stream(['sh', '-c', 'echo ready; exec sleep 60'], {'sh'}), flush=True)"
    )
    command = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert command.stdout is not None
    assert command.stdout.readline() == "ready\n"
    command.terminate()
    assert command.communicate(timeout=30)[0] == f"({128 + signal.SIGTERM}, {{'sh'}})\n"


@pytest.mark.parametrize("ranks", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_analytic_run_completes(namelist, tmp_path, ranks):
    done = subprocess.run(
        ["ngcm-coupler", "run", namelist, "-n", str(ranks), "--output", tmp_path / "out"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert COMPLETED in done.stdout
