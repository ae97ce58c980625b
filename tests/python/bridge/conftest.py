"""Hosts in C and Fortran, built once against the installed package, as any host would be."""

from __future__ import annotations

import os
import pathlib
import subprocess
from collections.abc import Callable

import pytest

from ngcm_coupler.cli import buildconfig

HOSTS = pathlib.Path(__file__).parents[2]
"""Folder of the CMake project of the hosts."""

ANALYTIC = """\
&ngcm_model engine = 'analytic', analytic_latitudes = 32, analytic_step_seconds = 1800 /
&ngcm_coupling interval_seconds = 3600 /
&ngcm_log level = 'warning' /
"""

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def prefix() -> pathlib.Path:
    """Folder of the installed lib, include and bin."""
    return buildconfig.prefix()


@pytest.fixture(scope="session")
def hosts(prefix, tmp_path_factory) -> pathlib.Path:
    """Folder of the executables."""
    build = tmp_path_factory.mktemp("hosts")
    for command in (
        ["cmake", "-S", HOSTS, "-B", build, f"-Dngcm_DIR={prefix}/lib/cmake/ngcm"],
        ["cmake", "--build", build],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    return build / "bin"


@pytest.fixture
def namelist(tmp_path) -> pathlib.Path:
    """A component that is ready in no time."""
    path = tmp_path / "analytic.nml"
    path.write_text(ANALYTIC)
    return path


@pytest.fixture
def run(hosts, tmp_path) -> Run:
    """Runs a host in the test's own folder, with environment variables by keyword."""

    def run_host(
        name: str, *arguments: str | pathlib.Path, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [hosts / name, *arguments],
            cwd=tmp_path,
            env=os.environ | environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    return run_host
