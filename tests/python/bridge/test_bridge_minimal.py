"""The smallest hosts do the same in every language, on one rank and on two, and fail as one."""

from __future__ import annotations

import pathlib
import re
import shutil
import subprocess

import numpy as np
import pytest
from jobs import Job, one_error, sabotage

pytestmark = pytest.mark.slow

LANGUAGES = ["f90", "c", "py"]

LINE = re.compile(r"^interval (\d): temperature \[K\] (\d+\.\d{9}), heat \[W m-2\] (-?\d+\.\d{9})$")


class Example:
    """A user's copy of one of the installed hosts, built as its README says.

    Attributes:
      folder: the copy.
      starts: the commands that run it, with one rank and with two.
      printed: what each of them prints, after the README.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        readme = (folder / "README.md").read_text()
        script, self.printed = re.findall(r"```(?:sh)?\n(.*?)```", readme, re.DOTALL)
        lines = script.splitlines()
        self.starts = [line for line in lines if line.startswith("mpirun -n ")]
        for line in lines:
            if line not in self.starts:
                subprocess.run(["sh", "-ec", line], cwd=folder, check=True)

    def fails(self, **environment: str) -> str:
        """Runs it on two ranks, which must all end with a failure; what it says."""
        job = Job(["sh", "-ec", self.starts[1]], self.folder, **environment)
        assert job.ended(limit=120.0) != 0
        return job.out + job.err


@pytest.fixture(scope="module", params=LANGUAGES)
def example(request, prefix, tmp_path_factory) -> Example:
    folder = tmp_path_factory.mktemp("minimal") / request.param
    shutil.copytree(prefix / "share" / "examples" / request.param, folder)
    return Example(folder)


def means(text: str) -> np.ndarray:
    """The numbers that a host prints, one row for each interval."""
    found = [LINE.match(line) for line in text.splitlines()]
    assert all(found) and [int(line[1]) for line in found if line] == [1, 2, 3, 4, 5, 6], text
    return np.array([[float(line[2]), float(line[3])] for line in found if line])


@pytest.fixture(scope="module")
def first() -> list[np.ndarray]:
    """What the first host has printed on one rank, as soon as it has."""
    return []


def test_runs_as_its_readme_says_with_the_numbers_of_every_other(example, first):
    for ranks, command in enumerate(example.starts, start=1):
        assert command.startswith(f"mpirun -n {ranks} ")
        done = subprocess.run(
            ["sh", "-ec", command], cwd=example.folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        got = means(done.stdout)
        first[:] = first or [got]
        # Sums in another order, printed to 1e-9.
        np.testing.assert_allclose(got, first[0], rtol=0.0, atol=2.0e-9)
        # Single precision, by which another processor may differ.
        np.testing.assert_allclose(got, means(example.printed), rtol=1.0e-5)
        # The sea keeps what it is given. A last digit of temperature is 6e-5 W m-2.
        temperature, heat = got.T
        warming = np.diff(temperature) * 1025.0 * 3990.0 * 50.0 / 3600.0
        np.testing.assert_allclose(warming, heat[1:], rtol=0.0, atol=1.0e-4)
    assert len(example.starts) == 2


@pytest.mark.parametrize(
    ("place", "rank"),
    [
        pytest.param("engine.build:build_atmosphere", 0, id="0-create"),
        pytest.param("component:Component.put", 1, id="1-put"),
        pytest.param("parallel.points:Points.gather", 0, id="0-advance"),
        pytest.param("parallel.points:Points.gather", 1, id="1-advance"),
    ],
)
def test_a_failure_on_one_rank_ends_all_with_one_message(example, place, rank):
    plan = f"strike('ngcm_coupler.{place}', raises(OSError('no luck')), rank={rank}, call=1)"
    assert "no luck" in one_error(example.fails(**sabotage(plan)))


def test_a_broken_namelist_ends_all_ranks_with_one_message(example):
    namelist = example.folder / "host.nml"
    sound = namelist.read_text()
    namelist.write_text(sound.replace("engine = 'analytic'", "engine = 'analytik'"))
    try:
        message = one_error(example.fails())
    finally:
        namelist.write_text(sound)
    assert message.startswith("ngcm: error 2 (config): ") and "analytik" in message
