"""Hostile text in what a job script is made of: a script holds it, and runs none of it."""

from __future__ import annotations

import dataclasses
import pathlib
import re
import shlex
import subprocess

import pytest

from ngcm_coupler.cli.batch import job, script
from ngcm_coupler.cli.batch.quoting import word
from ngcm_coupler.errors import ConfigError

HOSTILE = (
    "$(touch PWNED)", "`touch PWNED`", "a  b", "it's", 'say "x"', "; touch PWNED #", "-rf", "été",
    "#SBATCH", "*", "\\", "$HOME", "${x:=y}", "~", "a\tb", "%j", "!!", "a&b|c>d", "d\udce9but",
)  # fmt: skip
TEXTS = ("name", "script", "folder", "namelist", "paths", "programs", "restarts", "stop_date",
         "account", "queue", "mpi", "setup")  # fmt: skip


def asked(system: str, **other) -> job.Job:
    settings = {
        "system": system, "name": "run", "script": pathlib.Path("/x/job"),
        "folder": pathlib.Path("/x"), "namelist": pathlib.Path("run.nml"),
        "paths": (pathlib.Path("/x/bin"),), "programs": ("ngcm_oasis_atm", "./nemo.exe"),
        "ranks": (1, 2), "own_ocean": False, "restarts": "restarts",
    }  # fmt: skip
    return job.Job(**{**settings, **other})


def shell(lines: str, folder: pathlib.Path) -> str:
    done = subprocess.run(
        ["sh", "-eu"], input=lines.encode(errors="surrogateescape"), cwd=folder,
        capture_output=True, check=True,
    )  # fmt: skip
    return done.stdout.decode(errors="surrogateescape")


@pytest.mark.parametrize("text", HOSTILE)
def test_a_word_of_the_shell_is_the_text_itself(text, tmp_path):
    assert shell(f"printf %s {word(text)}", tmp_path) == text
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("system", job.SYSTEMS)
def test_the_lines_of_restarts_find_their_folder_and_run_nothing(system, text, tmp_path):
    """Those that bring OASIS' restart files back, and those that put them away."""
    (tmp_path / text).mkdir()
    (tmp_path / text / "latest").write_text("restart_2.nc\n")
    (tmp_path / "rsto.nc").write_text("of now")
    lines = [line.strip() for line in script.text(asked(system, restarts=text)).splitlines()]
    begin = max(n for n, line in enumerate(lines) if line.startswith("newest="))
    shell("\n".join(lines[begin : begin + 4]), tmp_path)
    assert (tmp_path / text / "oasis_restart_2.nc" / "rsto.nc").read_text() == "of now"
    (tmp_path / "rsto.nc").write_text("of a run that failed")
    begin = min(n for n, line in enumerate(lines) if line.startswith("newest="))
    shell("\n".join(lines[begin : begin + 7]), tmp_path)
    assert (tmp_path / "rsto.nc").read_text() == "of now"
    assert {path.name for path in tmp_path.iterdir()} == {text, "rsto.nc"}


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("system", ["slurm", "pbs"])
def test_directives_hold_one_word_for_each_value(system, text):
    job_of = asked(system, account=text, queue=text, folder=pathlib.Path("/x") / text)
    directives = re.findall(r"^#(?:SBATCH|PBS) (.*)", script.text(job_of), re.MULTILINE)
    words = [part for line in directives for part in shlex.split(line)]
    logs = f"/x/{text}/logs/"
    if system == "slurm":
        assert {f"--account={text}", f"--partition={text}"} <= {*words}
        assert f"--output={logs.replace('%', '%%')}%x.%j.out" in words
    else:
        assert words.count(text) == 2
        assert logs in words


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("system", job.SYSTEMS)
def test_the_head_of_a_script_runs_nothing(system, text, tmp_path):
    (tmp_path / text).mkdir()
    path = pathlib.Path(text)
    job_of = asked(
        system, folder=path, namelist=path / "a.nml", script=path, paths=(path,), mpi=text
    )
    head = script.text(job_of).partition("stops=")[0].replace("cd -", "cd ./-")
    shell(head, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [text]


@pytest.mark.parametrize("text", ["a\nb", "a\rb", "a\0b", "\x1b[2J", "x\n#SBATCH --wrap=id"])
@pytest.mark.parametrize("field", TEXTS)
def test_what_would_leave_its_line_is_refused(field, text):
    old = getattr(asked("slurm"), field)
    path = isinstance(old, pathlib.Path) or field == "paths"
    new = pathlib.Path(text) if path else text
    with pytest.raises(ConfigError, match=f"{field} of the job '.*' holds a control character"):
        dataclasses.replace(asked("slurm"), **{field: (new,) if isinstance(old, tuple) else new})
