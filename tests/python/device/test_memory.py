"""The memory of a long run does not grow, measured in a process of its own."""

import subprocess
import sys

import pytest

from ngcm_coupler.cli.bench import demo

NAMELIST = """
&ngcm_model engine = 'analytic', analytic_latitudes = {latitudes}, analytic_step_seconds = 3600 /
&ngcm_coupling interval_seconds = 3600 /
&ngcm_log level = 'warning' /
{files}
"""

RUN = """
import os, sys
import jax
import numpy as np
from ngcm_coupler.component import Component

def resident_bytes():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

namelist, warm_up, intervals = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
component = Component.create(namelist)
values = np.empty(component.grid.size)
imports = sum(field.direction == "import" for field in component.fields)

def advance(count):
    for _ in range(count):
        for number in range(1, imports + 1):
            component.get(number, values)
            component.put(number, values)
        component.advance(3600)
        for number in range(imports + 1, len(component.fields) + 1):
            component.get(number, values)
    return np.array([resident_bytes(), sum(array.nbytes for array in jax.live_arrays())])

before = advance(warm_up)
print(*(advance(intervals) - before))
component.close()
"""

MEBIBYTE = 2**20


def growth(tmp_path, latitudes, warm_up, intervals, files=""):
    """Bytes by which the resident memory grows over so many intervals after a warm-up."""
    text = NAMELIST.format(latitudes=latitudes, files=files)
    resident, arrays = growth_of(text, tmp_path, warm_up, intervals)
    assert arrays == 0
    return resident


def growth_of(text, tmp_path, warm_up, intervals):
    """The same, and by which the arrays on the device grow."""
    namelist = tmp_path / "run.nml"
    namelist.write_text(text)
    command = [sys.executable, "-c", RUN, namelist, str(warm_up), str(intervals)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    resident, arrays = map(int, done.stdout.split())
    return resident, arrays


@pytest.mark.slow
@pytest.mark.parametrize("intervals", [2500, pytest.param(5000, marks=pytest.mark.long)])
def test_thousands_of_intervals_take_no_memory(tmp_path, intervals):
    """Runs of 5,000 have grown by 0.03 to 0.31 MiB: pages, not objects.

    The smallest array that an interval makes has 128 values of 4 bytes: kept, 1.2 MiB of 2,500.
    """
    assert growth(tmp_path, 8, warm_up=500, intervals=intervals) < 1 * MEBIBYTE


@pytest.mark.long
def test_a_thousand_hours_of_the_published_model_take_no_memory_and_compile_nothing(tmp_path):
    """An executable takes arguments of one shape only: another would have ended the run.

    What is on the device stays to the byte. The process has grown by 26 MiB, in no order: it goes
    up and down by 56 MiB from one look to the next, as its blocks happen to lie. A thousand states
    would be 8 GiB.
    """
    text = demo.namelist(more="&ngcm_log level = 'warning' /")
    resident, arrays = growth_of(text, tmp_path, warm_up=50, intervals=1000)
    assert arrays == 0
    assert resident < 128 * MEBIBYTE


@pytest.mark.slow
def test_files_do_not_stay_in_memory(tmp_path):
    """They have grown by 3.6 MiB, which is the index that the netCDF library keeps of a file.

    An interval writes 0.6 MiB, of which it would keep up to 64 MiB of every variable.
    """
    files = "&ngcm_history file = 'history.nc', budget_file = 'budget.nc' /"
    assert growth(tmp_path, 32, warm_up=50, intervals=150, files=files) < 10 * MEBIBYTE


LIVES = """
import os, sys
from ngcm_coupler.component import Component

def resident_bytes():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

held = []
for _ in range(int(sys.argv[2])):
    Component.create(sys.argv[1]).close()
    held.append(resident_bytes())
half = len(held) // 2
print(max(held[half:]) - max(held[:half]))
"""


def growth_over_lives(tmp_path, text, lives):
    """Bytes by which the last half of so many creates and closes holds more than the first.

    The most of each half, since what lies between goes up and down as the C library gives pages
    back: of the published model by 20 MiB, in no order.
    """
    (tmp_path / "run.nml").write_text(f"{text} &ngcm_log level = 'warning' /")
    command = [sys.executable, "-c", LIVES, "run.nml", str(lives)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@pytest.mark.parametrize(
    "lives", [pytest.param(30, marks=pytest.mark.slow), pytest.param(200, marks=pytest.mark.long)]
)
def test_components_that_are_created_and_destroyed_leave_nothing(tmp_path, lives):
    """They have grown by 0.2 MiB; where they wait for Python's collector, by 30 MiB, and by 14 MiB
    where the C library keeps what is freed.
    """
    text = "&ngcm_model engine = 'analytic', analytic_latitudes = 8 /"
    assert growth_over_lives(tmp_path, text, lives) < 10 * MEBIBYTE


@pytest.mark.long
def test_published_models_that_are_created_and_destroyed_leave_nothing(tmp_path):
    """They hold 680 MiB; the most of the last ten is 3 MiB above that of the first ten."""
    assert growth_over_lives(tmp_path, demo.namelist(), lives=20) < 10 * MEBIBYTE
