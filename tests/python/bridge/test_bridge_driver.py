"""The coupler-free driver under mpirun."""

from __future__ import annotations

import re
import subprocess

import pytest

DRIVER = """
&ngcm_driver run_hours = 6 /
&slab_ocean time_step_seconds = 900 /
&ngcm_history file = 'history.nc' /
"""


@pytest.fixture
def drive(prefix, tmp_path, namelist):
    """Runs the driver on so many ranks, each run in a folder of its own."""

    def run_driver(ranks: int, groups: str = DRIVER) -> subprocess.CompletedProcess[str]:
        folder = tmp_path / f"ranks{ranks}"
        folder.mkdir()
        (folder / "run.nml").write_text(namelist.read_text() + groups)
        return subprocess.run(
            ["mpirun", "-n", str(ranks), prefix / "bin" / "ngcm_driver", "run.nml"],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    return run_driver


def _without_clock(output: str) -> str:
    """The output without the two columns that depend on the speed of the machine."""
    return re.sub(r"(?m)^(\S+T\S+) +\S+ +\S+", r"\1", output)


@pytest.mark.parametrize("ranks", [2, 3])  # 3 do not divide the 32 latitudes
def test_several_ranks_give_the_bits_of_one(drive, tmp_path, ranks):
    alone, together = drive(1), drive(ranks)
    assert alone.returncode == 0, alone.stdout + alone.stderr
    assert together.returncode == 0, together.stdout + together.stderr
    assert _without_clock(alone.stdout) == _without_clock(together.stdout)
    files = [(tmp_path / f"ranks{n}" / "history.nc").read_bytes() for n in (1, ranks)]
    assert files[0] == files[1]


def test_slab_keeps_all_the_heat_that_the_atmosphere_gives(drive):
    done = drive(1)
    assert done.stdout.endswith("ngcm_driver: completed 6 intervals\n"), done.stdout + done.stderr
    budget = dict(re.findall(r"^ *([a-z][a-z :,-]+[a-z]) +(\S+E[+-]\d+)$", done.stdout, re.M))
    exported = float(budget["exported by the atmosphere"])
    assert abs(exported) > 1.0e4
    assert float(budget["imbalance: received - exported"]) == pytest.approx(
        0, abs=1e-12 * abs(exported)
    )
    # Temperatures near 290 K are stored to 6e-14 K, each worth 2e8 J m-2 K-1, at every step.
    assert float(budget["imbalance: stored - all received"]) == pytest.approx(0.0, abs=1.0e-3)


@pytest.mark.parametrize(
    ("groups", "reason"),
    [
        ("&ngcm_driver run_hour = 6 /", "run_hour"),
        ("&slab_ocean time_step_seconds = 1000 /", "1000"),
        ("&slab_ocean time_step_seconds = 'x' /", "time_step_seconds"),
    ],
)
def test_failure_ends_all_ranks_with_one_message(drive, groups, reason):
    done = drive(2, groups)
    assert done.returncode != 0
    assert "completed" not in done.stdout
    assert done.stderr.count("ngcm: error 2 (config)") == 1
    assert reason in done.stderr
