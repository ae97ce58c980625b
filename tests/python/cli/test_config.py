"""`ngcm-coupler config`: hosts built with nothing but its flags link, start and run."""

from __future__ import annotations

import importlib.metadata
import pathlib
import subprocess
import sys

import pytest

from ngcm_coupler import cli

FORTRAN_HOST = """\
program host
  use ngcm, only: ngcm_component, ngcm_status
  implicit none (type, external)
  type(ngcm_component) :: atmosphere
  type(ngcm_status) :: status
  integer :: nlon, nlat

  call atmosphere%create("host.nml", status=status)
  if (.not. status%ok()) error stop status%message
  call atmosphere%grid_size(nlon, nlat, status)
  print '(i0,1x,i0)', nlon, nlat
  call atmosphere%destroy(status)
end program host
"""

C_HOST = """\
#include <ngcm.h>
int main(void) { return ngcm_abi_version() != NGCM_ABI_VERSION; }
"""

NAMELIST = "&ngcm_model engine = 'analytic', analytic_latitudes = 16 /\n"


def _answer(*options: str) -> list[str]:
    """What the installed command prints, as the words a Makefile would see."""
    command = ["ngcm-coupler", "config", *options]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.slow
def test_fortran_host_built_with_these_flags_creates_a_component(tmp_path):
    (tmp_path / "host.f90").write_text(FORTRAN_HOST)
    (tmp_path / "host.nml").write_text(NAMELIST)
    build = ["gfortran", *_answer("--fflags"), "host.f90", "-o", "host", *_answer("--libs")]
    subprocess.run(build, cwd=tmp_path, check=True)
    ran = subprocess.run(["./host"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split() == ["32", "16"]


def test_c_host_built_with_these_flags_runs(tmp_path):
    (tmp_path / "host.c").write_text(C_HOST)
    build = ["cc", *_answer("--cflags"), "host.c", "-o", "host", *_answer("--libs")]
    subprocess.run(build, cwd=tmp_path, check=True)
    subprocess.run(["./host"], cwd=tmp_path, check=True)


def test_prefix_holds_what_is_installed():
    (prefix,) = map(pathlib.Path, _answer("--prefix"))
    for installed in ("include/ngcm.h", "include/ngcm.mod", "lib/libngcm.so", "bin/ngcm_driver"):
        assert (prefix / installed).is_file()


def test_python_is_the_one_of_this_environment():
    (python,) = map(pathlib.Path, _answer("--python"))
    assert python.parent == pathlib.Path(sys.executable).parent


def test_each_option_answers_on_its_own_line_in_the_order_asked(capsys):
    assert cli.main(["config", "--python", "--prefix"]) == 0
    python, prefix = capsys.readouterr().out.splitlines()
    assert python == sys.executable
    assert [prefix] == _answer("--prefix")


def test_no_option_shows_all_by_name(capsys):
    assert cli.main(["config"]) == 0
    shown = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert shown == ["--fflags", "--cflags", "--libs", "--prefix", "--python"]


@pytest.mark.parametrize("missing", ["library", "metadata"])
def test_package_without_its_library_is_an_error_with_a_remedy(
    missing, tmp_path, monkeypatch, capsys
):
    def distribution(name: str) -> importlib.metadata.Distribution:
        if missing == "metadata":
            raise importlib.metadata.PackageNotFoundError(name)
        return importlib.metadata.PathDistribution(tmp_path / "ngcm_coupler.dist-info")

    monkeypatch.setattr(importlib.metadata, "distribution", distribution)
    monkeypatch.setattr("ngcm_coupler.cli.buildconfig.__file__", str(tmp_path / "a" / "b" / "c"))
    assert cli.main(["config", "--prefix"]) == 1
    assert "is not installed with its library" in capsys.readouterr().err
