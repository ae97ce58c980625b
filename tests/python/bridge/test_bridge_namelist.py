"""What the programs in Fortran say of a namelist that the library has not seen, or not so."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from project import ROOT

pytestmark = pytest.mark.skipif(shutil.which("gfortran") is None, reason="needs gfortran")

MODULES = ("fortran/ngcm_kinds", "fortran/ngcm_errors", "ranks/namelist_status", "ranks/run_length")

PROGRAM = """\
program main
  use ngcm_errors, only: ngcm_status
  use run_length, only: read_run_length
  implicit none (type, external)
  type(ngcm_status) :: status
  integer :: intervals
  call read_run_length("run.nml", 3600, intervals, status)
  write (*, "(i0, 1x, i0, 1x, a)") status%code, intervals, status%message
end program main
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    folder = tmp_path_factory.mktemp("program")
    (folder / "main.f90").write_text(PROGRAM)
    sources = [str(ROOT / "bridge" / f"{module}.f90") for module in MODULES]
    command = ["gfortran", "-std=f2018", "-o", "main", *sources, "main.f90"]
    subprocess.run(command, cwd=folder, check=True, timeout=120)
    return folder / "main"


def said(program, folder, text):
    (folder / "run.nml").write_bytes(text.encode())
    done = subprocess.run([program], cwd=folder, capture_output=True, text=True, check=True)
    code, intervals, *message = done.stdout.split(maxsplit=2)
    return int(code), int(intervals), "".join(message).strip()


@pytest.mark.parametrize(
    ("text", "intervals"),
    [
        ("&ngcm_driver run_hours = 3 /\n", 3),
        ("&ngcm_driver run_hours = 3 /", 3),  # gfortran says that this is the end of the file
        ("&NGCM_Driver run_hours = 3\r\n&END\r\n", 3),
        ("&ngcm_driver\n! none\n run_hours = 3\n/ and more", 3),
        ("&host a = 1 /\n", 24),
        ("&ngcm_driver_of_mine a = 1\n", 24),
        ("! &ngcm_driver run_hours = 3\n", 24),
        ("&host a = '&ngcm_driver' /\n", 24),
        ("", 24),
    ],
)
def test_a_group_that_is_not_there_leaves_the_defaults(program, tmp_path, text, intervals):
    assert said(program, tmp_path, text) == (0, intervals, "")


@pytest.mark.parametrize(
    "text",
    [
        "&ngcm_driver run_hours = 3\n",
        "&ngcm_driver run_hours = 3",
        "$NGCM_DRIVER\n run_hours = 3 ! a/b\n",
        "&host file = 'a/b' /\n&ngcm_driver\n",
    ],
)
def test_a_group_that_the_file_does_not_end_is_an_error(program, tmp_path, text):
    code, _, message = said(program, tmp_path, text)
    assert code == 2
    assert message.startswith("run.nml: &ngcm_driver: the file ends before the / of the group")


def test_a_file_that_is_not_there_is_an_error(program, tmp_path):
    done = subprocess.run([program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("2 ")
    assert "run.nml: &ngcm_driver: Cannot open file" in done.stdout
