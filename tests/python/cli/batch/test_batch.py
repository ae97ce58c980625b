"""`ngcm-coupler batch` and `segment`: scripts are run, with stand-ins for what starts programs."""

from __future__ import annotations

import os
import pathlib
import re
import stat
import subprocess

import pytest

from ngcm_coupler import cli, config, engine
from ngcm_coupler.cli.batch import chain, job, script
from ngcm_coupler.cli.batch import segment_namelist as segment
from ngcm_coupler.clock import calendars
from ngcm_coupler.config import Where
from ngcm_coupler.errors import RestartError

CHAIN = """\
&ngcm_model engine = 'analytic' / a host's comment
&nam_host nn_it000 = 1 /
&ngcm_run
  stop_date = '2000-01-02T12:00:00'
/
&ngcm_restart read_file = 'restarts' folder = 'restarts' /
&ngcm_history
  file = 'history.nc'   ! file = 'other.nc'
/
&ngcm_driver run_hours = 24 /
"""

# Takes its exit code and the date of the restart that it leaves from the next line of `plan`.
PROGRAM = """\
#!/bin/sh
[ "$1" = --version ] && echo "mpirun (Open MPI) 4.1.4" && exit 0
for last; do namelist=$last; done
echo "$(basename "$0") $*" >> calls
read -r code date < plan || exit 99
sed -i 1d plan
[ -e history_$(basename "$(dirname "$namelist")" | cut -c 1-17).nc ] && echo overwrites
touch history_$(basename "$(dirname "$namelist")" | cut -c 1-17).nc
if [ -n "$date" ]; then
  mkdir -p restarts
  touch "restarts/restart_$date.nc"
  echo "restart_$date.nc" > restarts/latest
fi
[ "$code" = 0 ] && echo "ngcm_driver: completed" && echo "ngcm_oasis_atm: completed"
[ "$code" = silent ] && exit 0
exit "$code"
"""
SUBMIT = '#!/bin/sh\necho "$(basename "$0") $*" >> calls\necho "$NGCM_STOPS $*" > submitted\n'


def executable(path: pathlib.Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of a run with stand-ins on PATH; `plan` in it says how each segment ends."""
    stubs = tmp_path / "stubs"
    for name in ("srun", "mpiexec", "mpirun"):
        executable(stubs / name, PROGRAM)
    for name in ("sbatch", "qsub"):
        executable(stubs / name, SUBMIT)
    monkeypatch.setenv("PATH", f"{stubs}{os.pathsep}{os.environ['PATH']}")
    place = tmp_path / "run folder"
    place.mkdir()
    monkeypatch.chdir(place)
    (place / "run.nml").write_text(CHAIN)
    return place


def plan(folder, *ends):
    (folder / "plan").write_text("".join(f"{end}\n" for end in ends))


def start(name, **environment):
    """Runs a script as a batch system would, from elsewhere."""
    return subprocess.run(
        ["bash", str(pathlib.Path(name).absolute())],
        cwd="/", env=os.environ | environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


def calls(folder):
    path = folder / "calls"
    return path.read_text().splitlines() if path.exists() else []


@pytest.mark.slow
def test_plain_script_runs_segments_until_the_stop_date(folder, capsys):
    assert cli.main(["batch", "run.nml", "--system", "plain", "-n", "2"]) == 0
    assert "start the chain with `sh run.sh`" in capsys.readouterr().out
    plan(folder, "0 2000-01-02T000000", "0 2000-01-02T120000")
    done = start("run.sh")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("The chain is complete.\n")
    assert len(calls(folder)) == 2
    logs = sorted((folder / "logs").iterdir())
    assert [log.name[:17] for log in logs] == ["2000-01-01T000000", "2000-01-02T000000"]
    for log, hours in zip(logs, (24, 12), strict=True):
        read = engine.load(str(log / "run.nml"))
        assert read.driver.run_hours == hours
        assert read.history.file == f"history_{log.name[:17]}.nc"
        assert "ngcm_driver: completed" in (log / "run.log").read_text()
    again = start("run.sh")
    assert (again.returncode, again.stdout) == (0, "The chain is complete.\n")
    assert len(calls(folder)) == 2


@pytest.mark.parametrize("system", ["pbs", "slurm", "plain"])
def test_a_job_finds_an_engine_from_outside_whatever_environment_it_gets(
    folder, monkeypatch, system
):
    outside = folder / "engines of ours"
    outside.mkdir()
    (outside / "our_planet.py").write_text("from ngcm_coupler.engine.built_in import Analytic\n"
                                           "ENGINE = Analytic()\n")  # fmt: skip
    (folder / "run.nml").write_text(CHAIN.replace("'analytic'", "'our_planet'"))
    monkeypatch.setenv("PYTHONPATH", f"engines of ours{os.pathsep}")
    monkeypatch.syspath_prepend(outside)
    assert cli.main(["batch", "run.nml", "--system", system]) == 0
    written = folder / f"run{job.SYSTEMS[system]}"
    line = next(each for each in written.read_text().splitlines() if "PYTHONPATH" in each)
    for given, expected in {"": str(outside), "/x": f"{outside}:/x"}.items():
        said = subprocess.run(
            ["sh", "-c", f'{line}; printf %s "$PYTHONPATH"'],
            env={"PYTHONPATH": given}, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert said.stdout == expected


def test_a_job_of_a_built_in_engine_has_the_pythonpath_of_its_own(folder, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(folder))
    assert cli.main(["batch", "run.nml", "--system", "pbs"]) == 0
    assert "PYTHONPATH" not in (folder / "run.pbs").read_text()


@pytest.mark.slow
def test_failed_segment_ends_the_chain_and_is_run_anew_on_demand(folder):
    options = ["--stop-date", "2000-01-02"]
    assert cli.main(["batch", "run.nml", "--system", "plain", *options]) == 0
    plan(folder, "7", "0 2000-01-02T000000")
    done = start("run.sh")
    assert done.returncode == 7
    assert "Segment 2000-01-01T000000 failed with exit code 7; see logs/2000-" in done.stderr
    assert len(calls(folder)) == 1
    assert start("run.sh").returncode == 0
    # What the failed attempt had written would be counted twice by a report.
    assert (folder / "incomplete" / "history_2000-01-01T000000.1.nc").exists()
    logs = [log.read_text() for log in sorted((folder / "logs").glob("*/run.log"))]
    assert len(logs) == 2
    assert not any("overwrites" in log for log in logs)


@pytest.mark.slow
def test_slurm_script_runs_one_segment_and_submits_the_next(folder):
    options = ["-n", "4", "--time", "06:00:00", "--account", "acc", "--queue", "long"]
    assert cli.main(["batch", "run.nml", "--system", "slurm", *options, "--mpi", "pmix"]) == 0
    plan(folder, "0 2000-01-02T000000", "75 2000-01-02T060000", "0 2000-01-02T120000")
    assert start("run.slurm", SLURM_JOB_ID="42").returncode == 0
    log = "logs/2000-01-01T000000.42"
    assert calls(folder) == [
        f"srun --ntasks=4 --mpi=pmix --cpu-bind=none ngcm_driver {log}/run.nml",
        f"sbatch --export=ALL,NGCM_STOPS=0 {folder}/run.slurm",
    ]
    # The run has to stop before the job is killed.
    assert engine.load(f"{log}/run.nml").limits.wall_clock_seconds == 6 * 3600
    assert start("run.slurm").returncode == 0  # stopped early, but came further
    assert start("run.slurm").stdout.endswith("The chain is complete.\n")
    assert [call.split()[0] for call in calls(folder)] == ["srun", "sbatch"] * 2 + ["srun"]
    head = (folder / "run.slurm").read_text().split("set -eu")[0]
    for asked in ("ntasks=4", "time=06:00:00", "account=acc", "partition=long"):
        assert f"#SBATCH --{asked}\n" in head


@pytest.mark.slow
def test_jobs_that_come_no_further_end_the_chain(folder):
    assert cli.main(["batch", "run.nml", "--system", "slurm"]) == 0
    plan(folder, "75", "75")
    assert start("run.slurm", NGCM_STOPS="1").returncode == 0
    done = start("run.slurm", NGCM_STOPS="2")
    assert done.returncode == 1
    assert "3 jobs in a row have come no further than 2000-01-01T000000" in done.stderr
    assert [call for call in calls(folder) if "sbatch" in call] == [
        f"sbatch --export=ALL,NGCM_STOPS=2 {folder}/run.slurm"
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("end", "message"),
    [
        ("silent 2000-01-02T000000", "failed with exit code 1"),
        ("0", "left no restart of a later date"),
        ("134 2000-01-01T060000", "failed with exit code 134"),
    ],
)
def test_nothing_is_submitted_after_a_segment_that_is_not_clean(folder, end, message):
    assert cli.main(["batch", "run.nml", "--system", "pbs"]) == 0
    plan(folder, end)
    done = start("run.pbs")
    assert done.returncode != 0
    assert message in done.stderr
    assert not any("qsub" in call for call in calls(folder))


@pytest.mark.slow
def test_pbs_script_runs_one_segment_and_submits_the_next(folder):
    options = ["-n", "8", "--nodes", "2", "--cpus-per-rank", "4", "--time", "1-00:00:00"]
    assert cli.main(["batch", "run.nml", "--system", "pbs", *options, "--queue", "q"]) == 0
    plan(folder, "0 2000-01-02T000000")
    assert start("run.pbs", PBS_JOBID="7.server").returncode == 0
    assert calls(folder) == [
        "mpiexec --map-by slot:PE=4 --bind-to core -n 8 ngcm_driver"
        " logs/2000-01-01T000000.7.server/run.nml",
        f"qsub -v NGCM_STOPS=0 {folder}/run.pbs",
    ]
    head = (folder / "run.pbs").read_text()
    assert "#PBS -l select=2:ncpus=16:mpiprocs=4\n#PBS -l walltime=24:00:00\n#PBS -q q\n" in head
    assert "export OMP_NUM_THREADS=4\n" in head


def coupled(folder, system, **settings):
    """A script of a run through OASIS, whose `ngcm-coupler` tells dates from the pointer only."""
    executable(
        folder.parent / "commands" / "ngcm-coupler",
        "#!/bin/sh\n[ $1 = namcouple ] && touch namcouple && exit\n"
        '[ "$3" = --write ] && touch "$4" && exit\n'
        "[ -e restarts/latest ] || { echo 2000-01-01T000000; exit; }\n"
        "sed 's/^restart_//; s/.nc$//; s/^2000-01-03.*/complete/' restarts/latest\n",
    )
    asked = job.Job(
        system=system,
        name="run",
        script=folder / "job",
        folder=folder,
        namelist=pathlib.Path("run.nml"),
        paths=(folder.parent / "commands",),
        programs=("ngcm_oasis_atm", "./nemo.exe -v"),
        ranks=(1, 16),
        own_ocean=False,
        restarts="restarts",
        stops_early=False,
        **settings,
    )
    executable(folder / "job", script.text(asked))
    (folder / "rsto.nc").write_text("first")


def test_slurm_starts_atmosphere_and_ocean_as_one(folder):
    coupled(folder, "slurm")
    plan(folder, "0 2000-01-02T000000")
    assert start("job", SLURM_JOB_ID="1").returncode == 0
    log = "logs/2000-01-01T000000.1"
    assert calls(folder)[0] == (
        f"srun --ntasks=17 --cpu-bind=none --kill-on-bad-exit=1 --multi-prog {log}/programs.conf"
    )
    assert (folder / log / "programs.conf").read_text() == (
        f"0 ngcm_oasis_atm {log}/run.nml\n1-16 ./nemo.exe -v\n"
    )


def test_pbs_starts_atmosphere_and_ocean_as_one(folder):
    coupled(folder, "pbs")
    plan(folder, "0 2000-01-02T000000")
    assert start("job", PBS_JOBID="1").returncode == 0
    assert calls(folder)[0] == (
        "mpiexec --bind-to none -n 1 ngcm_oasis_atm logs/2000-01-01T000000.1/run.nml"
        " : -n 16 ./nemo.exe -v"
    )


def test_coupled_segment_starts_from_the_coupler_restarts_of_its_own_date(folder):
    coupled(folder, "plain")
    (folder / "debug.root.01").write_text("what OASIS said")
    plan(folder, "7", "0 2000-01-02T000000", "9 2000-01-02T000000", "0 2000-01-03T000000")
    assert start("job").returncode == 7
    (folder / "rsto.nc").write_text("of a run that failed")
    assert (next((folder / "logs").iterdir()) / "debug.root.01").exists()
    assert start("job").returncode == 9
    saved = folder / "restarts"
    assert (saved / "oasis_first" / "rsto.nc").read_text() == "first"
    assert (saved / "oasis_restart_2000-01-02T000000.nc" / "rsto.nc").read_text() == "first"
    (folder / "rsto.nc").write_text("of a run that failed")
    assert start("job").returncode == 0
    assert (saved / "oasis_restart_2000-01-03T000000.nc" / "rsto.nc").read_text() == "first"


def test_coupled_segment_without_coupler_restarts_of_its_date_does_not_start(folder):
    coupled(folder, "plain")
    (folder / "restarts").mkdir()
    (folder / "restarts" / "latest").write_text("restart_2000-01-02T000000.nc\n")
    done = start("job")
    assert done.returncode != 0
    assert "oasis_restart_2000-01-02T000000.nc" in done.stderr
    assert not calls(folder)


@pytest.mark.parametrize("system", job.SYSTEMS)
@pytest.mark.parametrize("gpu", [False, True])
def test_scripts_are_sound_shell(folder, system, gpu):
    coupled(folder, system, gpu=gpu, setup=("module load openmpi",), cpus_per_rank=2)
    subprocess.run(["bash", "-n", "job"], check=True)
    text = (folder / "job").read_text()
    assert text.index("module load openmpi\n") < text.index("export PATH=")
    assert ("XLA_PYTHON_CLIENT_MEM_FRACTION=0.75" in text) == gpu
    assert max(map(len, re.findall("^# .*", text, re.MULTILINE))) <= 100


@pytest.mark.parametrize("system", job.SYSTEMS)
def test_scripts_please_shellcheck(folder, system):
    coupled(folder, system)
    subprocess.run(["shellcheck", "job"], check=True)


@pytest.mark.parametrize(
    ("old", "new", "options", "message"),
    [
        ("read_file = 'restarts'", "", [], "give both the same folder"),
        ("stop_date =", "! stop_date =", [], "no date ends the chain; set &ngcm_run stop_date"),
        ("2000-01-02T12", "2000-01-01T00", [], "is not after the start of the run, 2000-01-01T0"),
        ("", "", ["--stop-date", "1999-01-01"], "is not after the start of the chain"),
        ("2000-01-02T12:00:00", "2000-01-02T12:30:00", [], "not a multiple of 3600 s"),
        ("'analytic'", "'neuralgcm'", [], "the first segment has no date"),
        ("", "", ["--gpu"], "set platform = 'gpu'"),
        ("&nam_host", "&ngcm_device platform = 'gpu' / &nam_host", [], "give --gpu"),
        ("", "", ["--time", "6 hours"], "'6 hours' is no time; give HH:MM:SS"),
        ("", "", ["--time", "00:01:00"], "margin_seconds = 120 is more than"),
        ("", "", ["--ocean", "nemo.exe"], "needs a run through OASIS"),
        ("", "", ["--mpi", "pmix"], "an option of srun"),
        ("", "", ["--stop-date", "2000-02-30"], "is no date of the calendar"),
        ("", "", ["--time", "00:00:00"], "'00:00:00' is no limit of a job"),
        ("", "", ["--time", "\N{ARABIC-INDIC DIGIT SIX}:00"], "is no time; give HH:MM:SS"),
        ("", "", ["--time", f"{10**8}:00"], "up to 31622400 s"),
        ("", "", ["--nodes", "3", "-n", "2"], "more than the 2 MPI ranks of the run"),
    ],
)
def test_chain_that_cannot_be_is_refused_with_a_remedy(folder, capsys, old, new, options, message):
    (folder / "run.nml").write_text(CHAIN.replace(old, new, 1) if old else CHAIN)
    assert cli.main(["batch", "run.nml", "--system", "plain", *options]) == 1
    assert message in capsys.readouterr().err
    assert not (folder / "run.sh").exists()


def test_script_that_may_have_been_changed_is_not_replaced(folder, capsys):
    (folder / "run.pbs").write_text("mine")
    assert cli.main(["batch", "run.nml", "--system", "pbs"]) == 1
    assert "run.pbs exists, and may have been changed by hand" in capsys.readouterr().err
    assert (folder / "run.pbs").read_text() == "mine"


def test_a_script_for_which_the_disk_has_no_room_keeps_its_name_from_nobody(
    folder, capsys, monkeypatch
):
    with monkeypatch.context() as patch:
        patch.setattr(script, "text", lambda job: (_ for _ in ()).throw(OSError(28, "No space")))
        assert cli.main(["batch", "run.nml", "--system", "pbs"]) == 1
    assert "run.pbs cannot be written (No space)" in capsys.readouterr().err
    assert cli.main(["batch", "run.nml", "--system", "pbs"]) == 0


def test_command_line_sets_the_end_and_the_length_of_segments(folder, capsys):
    options = ["--stop-date", "2000-01-01T18:00:00", "--hours", "6"]
    assert cli.main(["segment", "run.nml", *options]) == 0
    assert cli.main(["segment", "run.nml", *options, "--write", "segment.nml"]) == 0
    assert capsys.readouterr().out == "2000-01-01T000000\n"
    read = engine.load("segment.nml")
    assert (read.driver.run_hours, read.run.stop_date) == (6, "2000-01-01T18:00:00")


def test_the_namelist_of_the_chain_is_not_replaced_by_that_of_a_segment(folder, capsys):
    (folder / "link.nml").symlink_to("run.nml")
    assert cli.main(["segment", "run.nml", "--write", "link.nml"]) == 1
    assert "link.nml is the namelist of the chain itself" in capsys.readouterr().err
    assert (folder / "run.nml").read_text() == CHAIN


def test_the_namelist_of_a_segment_replaces_its_like_alone(folder, capsys):
    (folder / "diary.txt").write_text("A day at sea.")
    (folder / "history.nc").write_text("records")
    for name, words in (("diary.txt", "is no namelist of"), ("no/segment.nml", "cannot be writt")):
        assert cli.main(["segment", "run.nml", "--write", name]) == 1
        assert words in capsys.readouterr().err
    assert (folder / "diary.txt").read_text() == "A day at sea."
    assert (folder / "history.nc").read_text() == "records", "moved for a segment that starts"
    for _ in range(2):
        assert cli.main(["segment", "run.nml", "--write", "segment.nml"]) == 0


def test_what_a_segment_writes_from_its_start_on_has_the_date_in_its_name(folder):
    text = CHAIN + "&ngcm_recording file = 'all.nc' / &oasis_ocean output_file = 'ocean.nc' /"
    settings = config.parse(text.replace("'history.nc'", "'history.nc', budget_file = 'b.nc'"))
    changes = segment.settings(settings, chain.next_segment(settings), 0)
    dated = {str(key): name for key, name in changes.items() if key.key.endswith("file")}
    assert dated == {
        "&ngcm_history file": "history_2000-01-01T000000.nc",
        "&ngcm_history budget_file": "b_2000-01-01T000000.nc",
        "&ngcm_recording file": "all_2000-01-01T000000.nc",
        "&oasis_ocean output_file": "ocean_2000-01-01T000000.nc",
    }


def test_a_history_of_months_keeps_its_name_across_segments(folder):
    """Each segment goes on with the file of its month, which must not be moved aside either."""
    own = "file = 'h_{period}.nc', file_period = 'month'"
    text = CHAIN.replace("file = 'history.nc'", own)
    settings = config.parse(text)
    changes = segment.settings(settings, chain.next_segment(settings), 0)
    assert Where("ngcm_history", "file") not in changes
    assert own in segment.text(text, changes)


def test_segment_keeps_all_else_in_the_namelist():
    changes = {
        Where("ngcm_history", "file"): "it's.nc",
        Where("ngcm_driver", "run_hours"): 3,
        Where("ngcm_restart", "write_file"): "end.nc",
        Where("ngcm_limits", "wall_clock_seconds"): 60,
    }
    expected = CHAIN.replace("file = 'history.nc'", "file = 'it''s.nc'").replace("= 24", "= 3")
    expected = expected.replace("&ngcm_restart", "&ngcm_restart\n  write_file = 'end.nc'\n")
    assert segment.text(CHAIN, changes) == expected + "&ngcm_limits\n  wall_clock_seconds = 60\n/\n"


def test_test_ocean_goes_on_from_its_state_of_the_same_date(folder):
    text = CHAIN + "&oasis_ocean write_file = 'ocean.nc' /"
    settings = config.parse(text)
    read, written = Where("oasis_ocean", "read_file"), Where("oasis_ocean", "write_file")
    first = segment.settings(settings, chain.next_segment(settings), 0)
    assert (first.get(read), first[written]) == (None, "ocean_2000-01-02T000000.nc")
    (folder / "restarts").mkdir()
    (folder / "restarts" / "restart_2000-01-02T000000.nc").touch()
    (folder / "restarts" / "latest").write_text("restart_2000-01-02T000000.nc\n")
    second = chain.next_segment(settings)
    with pytest.raises(RestartError, match="no state of the ocean of that date, ocean_2000-01-02T"):
        segment.settings(settings, second, 0)
    (folder / "ocean_2000-01-02T000000.nc").touch()
    changes = segment.settings(settings, second, 0)
    assert changes[read] == "ocean_2000-01-02T000000.nc"
    assert changes[written] == "ocean_2000-01-02T120000.nc"


@pytest.mark.parametrize(
    ("calendar", "end"),
    [
        ("proleptic_gregorian", "2000-02-29T00:00:00"),
        ("noleap", "2000-03-01T00:00:00"),
        ("360_day", "2000-02-29T00:00:00"),
    ],
)
def test_segments_end_by_the_calendar_of_the_run(folder, calendar, end):
    text = CHAIN.replace(
        "stop_date = '2000-01-02", f"calendar = '{calendar}' stop_date = '2001-01-02"
    )
    (folder / "restarts").mkdir()
    (folder / "restarts" / "restart_2000-02-28T000000.nc").touch()
    (folder / "restarts" / "latest").write_text("restart_2000-02-28T000000.nc\n")
    following = chain.next_segment(config.parse(text, with_files=False))
    assert following is not None
    assert following.begin == calendars.date("2000-02-28", calendar)
    assert following.end.isoformat() == end


def test_what_is_left_after_an_early_stop_is_rounded_up_to_whole_hours(folder):
    (folder / "restarts").mkdir()
    (folder / "restarts" / "restart_2000-01-02T103000.nc").touch()
    (folder / "restarts" / "latest").write_text("restart_2000-01-02T103000.nc\n")
    text = CHAIN + "&ngcm_coupling interval_seconds = 1800 /"
    following = chain.next_segment(config.parse(text, with_files=False))
    assert following is not None
    assert (following.hours, following.end.isoformat()) == (2, "2000-01-02T12:00:00")


@pytest.mark.slow
def test_chain_of_real_segments_reaches_its_end(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = CHAIN.replace("2000-01-02T12", "2000-01-01T05").replace("= 24", "= 3")
    (tmp_path / "run.nml").write_text(text)
    assert cli.main(["batch", "run.nml", "--system", "plain"]) == 0
    done = start("run.sh")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "restarts" / "latest").read_text() == "restart_2000-01-01T050000.nc\n"
    assert sorted(path.name for path in tmp_path.glob("*.nc")) == [
        "history_2000-01-01T000000.nc",
        "history_2000-01-01T030000.nc",
    ]
