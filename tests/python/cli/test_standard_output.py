"""What a command prints is written, or the command fails and says why."""

from __future__ import annotations

import argparse
import os
import pathlib
import subprocess
import sys

import pytest

from ngcm_coupler import cli
from ngcm_coupler.errors import ConfigError

COMMAND = str(pathlib.Path(sys.executable).parent / "ngcm-coupler")


def commands():
    parser = cli._parser()
    (subparsers,) = (
        action for action in parser._actions if isinstance(action, argparse._SubParsersAction)
    )
    return sorted(subparsers.choices)


def main_on_a_full_disk(*words):
    """The exit code of a command whose output finds no space."""
    with pytest.MonkeyPatch.context() as patch, pathlib.Path("/dev/full").open("w") as file:
        patch.setattr(sys, "stdout", file)
        return cli.main(words)


@pytest.mark.parametrize("command", commands())
def test_every_command_says_what_it_cannot_write(command, capfd):
    assert main_on_a_full_disk(command, "--help") == 1
    assert capfd.readouterr().err == (
        "standard output cannot be written (No space left on device), and what this command prints"
        " is lost; make space where it is redirected to\n"
    )


@pytest.mark.parametrize("command", commands())
def test_every_command_says_that_it_has_nowhere_to_write(command, capfd, monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    assert cli.main([command]) == 1
    assert "standard output is closed; a command that prints needs one" in capfd.readouterr().err


def test_what_a_command_has_found_wrong_is_said_though_nothing_can_be_printed(capfd, monkeypatch):
    def fail(_):
        sys.stdout.write("x")
        raise ConfigError("the reason")

    monkeypatch.setattr("ngcm_coupler.cli.fields._run", fail)
    assert main_on_a_full_disk("fields") == 1
    assert capfd.readouterr().err == "the reason\n"


@pytest.mark.parametrize("where", ["> /dev/full", ">&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_the_process_ends_without_a_traceback(where):
    done = subprocess.run(
        ["sh", "-c", f"'{COMMAND}' fields {where}"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert ("standard output" in done.stderr) == ("2>&-" not in where)
    assert "Traceback" not in done.stderr and "Exception ignored" not in done.stderr


def test_files_do_not_take_the_place_of_what_is_closed(tmp_path):
    """A file that gets the number of standard error gets all that is written there."""
    program = (
        "from ngcm_coupler.cli import standard_output\n"
        "with standard_output.written(): file = open('f', 'w'); print(file.fileno())\n"
    )
    done = subprocess.run(
        ["sh", "-c", f"'{sys.executable}' -c \"{program}\" <&- 2>&-"],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0 and int(done.stdout) > 2


# A package on PYTHONPATH that does not work.


BROKEN = {
    "raises": "raise ImportError('built for another machine')",
    "is something else": "class ndarray: pass",
    "is empty": "",
    "fails otherwise": "raise ValueError('numpy.dtype size changed')",
    "is no Python": "def (",
}


@pytest.mark.parametrize(
    ("command", "how"), [*(("check", how) for how in BROKEN), ("doctor", "raises")]
)
def test_a_broken_numpy_on_pythonpath_is_named_with_the_remedy(tmp_path, command, how):
    (tmp_path / "numpy").mkdir()
    (tmp_path / "numpy" / "__init__.py").write_text(BROKEN[how])
    done = subprocess.run(
        [COMMAND, command, "run.nml"], capture_output=True, text=True, check=False,
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1, done.stderr
    assert f"PYTHONPATH puts {tmp_path}/numpy before what is installed in" in done.stderr
    assert "unset PYTHONPATH" in done.stderr
