"""Hosts in C and Fortran, built once against the installed package, as any host would be."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
from collections.abc import Callable

import numpy as np
import pytest
from project import ROOT

from ngcm_coupler.cli import buildconfig
from ngcm_coupler.files.netcdf import import_netcdf4

HOSTS = ROOT / "tests"
"""Folder of the CMake project of the hosts."""

ANALYTIC = """\
&ngcm_model engine = 'analytic', analytic_latitudes = 32, analytic_step_seconds = 1800 /
&ngcm_coupling interval_seconds = 3600 /
&ngcm_log level = 'warning' /
"""

Run = Callable[..., subprocess.CompletedProcess[str]]
Budget = dict[str, dict[str, float]]


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


@pytest.fixture(scope="session")
def coupling() -> Callable[[str], str]:
    """Gives the group &ngcm_coupling of one of the project's namelists, with its imports."""

    def group_of(name: str) -> str:
        text = (HOSTS.parent / "namelists" / f"{name}.nml").read_text()
        group = re.search(r"^&ngcm_coupling\n.*?^/\n", text, re.MULTILINE | re.DOTALL)
        assert group
        return group[0]

    return group_of


@pytest.fixture(scope="session")
def closed_budgets() -> Callable[..., tuple[Budget, Budget]]:
    """Reads the driver's budgets, row -> surface -> value; each surface named must have closed."""

    def budgets(output: str, *surfaces: str) -> tuple[Budget, Budget]:
        heat, water = (_budget(output, title) for title in ("Heat", "Water"))
        # Ice of 2 m is 2e3 kg m-2 and 6e8 J m-2, which double precision holds to 1e-12 and 1e-7.
        for budget, round_off in (heat, 1.0e-5), (water, 1.0e-10):
            assert budget["stored"].keys() == {*surfaces, "together"}
            for surface in surfaces:
                for what in ("received - exported", "stored - all received"):
                    assert budget[f"imbalance of a cell: {what}"][surface] < round_off
                exported = budget["exported by the atmosphere"][surface]
                received = budget["received from the atmosphere"][surface]
                assert received == pytest.approx(exported, rel=1.0e-8)  # as printed
                assert abs(exported) > 1.0e6 * round_off
        return heat, water

    return budgets


@pytest.fixture(scope="session")
def assert_ledgers_agree() -> Callable[[pathlib.Path, Budget], None]:
    """Compares what the atmosphere's own ledger says it has given, and what the driver says."""
    columns = {"ice_free_sea": "sea", "sea_ice": "sea ice", "land": "land"}

    def compare(file: pathlib.Path, heat: Budget) -> None:
        exported = heat["exported by the atmosphere"]
        with import_netcdf4().Dataset(file) as ledger:
            seconds = np.diff(ledger["time_bounds"][:], axis=1)[:, 0]
            for surface, column in columns.items():
                if column in exported:
                    flux = ledger[f"surface_net_downward_heat_flux_over_{surface}_share"][:]
                    # Two sums in double precision over the globe, printed with nine digits.
                    assert exported[column] == pytest.approx((flux * seconds).sum(), rel=2.0e-8)

    return compare


def _budget(output: str, title: str) -> Budget:
    table = re.search(rf"^{title} of the surfaces.*\n((?:.+\n)+)", output, re.MULTILINE)
    assert table, output
    head, *lines = (re.split(r"\s{2,}", line.strip()) for line in table[1].splitlines())
    return {row: dict(zip(head, map(float, values), strict=True)) for row, *values in lines}


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
