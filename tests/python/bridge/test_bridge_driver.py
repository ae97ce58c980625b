"""The coupler-free driver under mpirun."""

from __future__ import annotations

import itertools
import re
import subprocess

import numpy as np
import pytest

from ngcm_coupler.errors import OutputError
from ngcm_coupler.output.restart.files import read_restart

DRIVER = """
&ngcm_driver run_hours = 6 /
&slab_ocean time_step_seconds = 900 /
&ngcm_history file = 'history.nc', budget_file = 'budget.nc' /
"""


ICE_AREA = 8  # column of the hourly line [Mm2]


@pytest.fixture
def drive(prefix, tmp_path, namelist):
    """Runs the driver on so many ranks, each run in a folder of its own."""

    def run_driver(
        ranks: int, groups: str = DRIVER, coupling: str = ""
    ) -> subprocess.CompletedProcess[str]:
        folder = tmp_path / f"ranks{ranks}"
        folder.mkdir()
        text = namelist.read_text()
        if coupling:
            text = re.sub(r"&ngcm_coupling.*\n", coupling, text)
        (folder / "run.nml").write_text(text + groups)
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


def _hours(output: str) -> list[list[str]]:
    """The columns of the hourly lines."""
    return [line.split() for line in output.splitlines() if re.match(r"\S+T\S+ ", line)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("where", "reason"),
    [
        ("> /dev/full", "standard output cannot be written ("),
        (">&-", "standard output is closed; give the program a file"),
    ],
)
def test_driver_that_cannot_print_says_so_and_fails(prefix, tmp_path, namelist, where, reason):
    driver = prefix / "bin" / "ngcm_driver"
    done = subprocess.run(
        ["sh", "-c", f"'{driver}' '{namelist}' {where}"],
        cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == OutputError.status, done.stderr
    assert done.stderr.count(f"ngcm: error 13 (output): {reason}") == 1
    assert "Fortran runtime error" not in done.stderr and "Traceback" not in done.stderr


# 3 do not divide the 32 latitudes.
@pytest.mark.slow
@pytest.mark.parametrize("ranks", [pytest.param(2, marks=pytest.mark.slow), 3])
def test_several_ranks_give_the_bits_of_one(drive, coupling, tmp_path, ranks):
    alone, together = (drive(n, coupling=coupling("aquaplanet")) for n in (1, ranks))
    assert alone.returncode == 0, alone.stdout + alone.stderr
    assert together.returncode == 0, together.stdout + together.stderr
    assert _without_clock(alone.stdout) == _without_clock(together.stdout)
    files = [(tmp_path / f"ranks{n}" / "history.nc").read_bytes() for n in (1, ranks)]
    assert files[0] == files[1]


def test_sea_and_moving_ice_receive_what_was_exported_and_keep_it(
    drive, coupling, closed_budgets, assert_ledgers_agree, tmp_path
):
    done = drive(1, coupling=coupling("aquaplanet"))
    assert done.stdout.endswith("ngcm_driver: completed 6 intervals\n"), done.stdout + done.stderr
    assert "# sea ice takes short wave, long wave, sensible heat, latent heat, evapo" in done.stdout
    heat, water = closed_budgets(done.stdout, "sea", "sea ice")
    assert_ledgers_agree(tmp_path / "ranks1" / "budget.nc", heat)
    # Polar night over open water at the freezing point: ice forms, and the sea warms by it.
    areas = [float(hour[ICE_AREA]) for hour in _hours(done.stdout)]
    assert all(later > earlier + 0.01 for earlier, later in itertools.pairwise(areas))
    assert heat["exchanged by sea and ice"]["sea"] > 1.0e4
    assert water["exchanged by sea and ice"]["sea ice"] > 0.1
    for budget in heat, water:
        assert budget["exchanged by sea and ice"]["together"] == 0.0


@pytest.mark.slow
def test_sea_alone_is_driven_where_nothing_else_is_imported(drive, closed_budgets):
    done = drive(1, DRIVER + "&ngcm_radiation scheme = 'host' /")
    assert done.returncode == 0, done.stdout + done.stderr
    takes = "sensible heat, latent heat, evaporation, rain, snow; no short wave; no long wave"
    assert (
        f"# open water takes {takes}\n# sea ice takes nothing\n# land takes nothing\n"
        in done.stdout
    )
    heat, _ = closed_budgets(done.stdout, "sea")
    assert heat["exported by the atmosphere"]["sea"] < 0.0
    assert len({hour[ICE_AREA] for hour in _hours(done.stdout)}) == 1


@pytest.mark.slow
def test_a_long_run_need_not_print_every_interval(drive, namelist):
    """The driver thins its own lines and the library its own; the other ranks are silent."""
    text = re.sub(r"&ngcm_log.*", "&ngcm_log hours_per_line = 2 /", namelist.read_text())
    namelist.write_text(text)
    done = drive(2, "&ngcm_driver run_hours = 7, hours_per_line = 3 /")
    assert done.stdout.endswith("ngcm_driver: completed 7 intervals\n"), done.stdout + done.stderr
    assert re.findall(r"^(\S+T\S+) ", done.stdout, re.MULTILINE) == [
        "2000-01-01T03:00:00", "2000-01-01T06:00:00"
    ]  # fmt: skip
    told = re.findall(r"ngcm_coupler.output.log.journal INFO (\S+T\S+) ", done.stderr)
    # The last hour has a line when the component is closed.
    assert told == [f"2000-01-01T0{hour}:00:00" for hour in (2, 4, 6, 7)]
    assert done.stderr.count("where the time went: 7 intervals") == 1
    assert "ranks: 2" in done.stderr


@pytest.mark.slow
def test_sea_without_relaxation_has_nothing_from_outside(drive, closed_budgets):
    done = drive(1, "&ngcm_driver run_hours = 2 / &slab_ocean relaxation_time_days = 0.0 /")
    heat, _ = closed_budgets(done.stdout, "sea")
    assert heat["received by relaxation"]["sea"] == 0.0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("groups", "reason"),
    [
        ("&ngcm_driver run_hour = 6 /", "run_hour"),
        ("&slab_ocean time_step_seconds = 1000 /", "1000"),
        ("&slab_ocean time_step_seconds = 'x' /", "time_step_seconds"),
        ("&bucket_land bucket_depth_mm = -1.0 /", "bucket_depth_mm"),
    ],
)
def test_failure_ends_all_ranks_with_one_message(drive, groups, reason):
    done = drive(2, groups)
    assert done.returncode != 0
    assert "completed" not in done.stdout
    assert done.stderr.count("ngcm: error 2 (config)") == 1
    assert reason in done.stderr


@pytest.mark.slow
def test_import_that_the_driver_cannot_give_ends_the_run(drive):
    extra = "imposed_water_evapotranspiration_flux"
    imports = f"'sea_surface_temperature', 'sea_ice_area_fraction', '{extra}'"
    done = drive(1, coupling=f"&ngcm_coupling imports = {imports} /\n")
    assert done.returncode != 0
    assert f"cannot give {extra}; take it out" in done.stderr


@pytest.mark.slow
def test_members_with_surfaces_of_their_own_are_the_single_runs(prefix, coupling, tmp_path):
    """Two members on two ranks that each hold one, and each of them alone."""
    (tmp_path / "run.nml").touch()
    arrays = []
    for ranks, members, first in ((2, 2, 1), (1, 1, 1), (1, 1, 2)):
        (tmp_path / "run.nml").write_text(
            "&ngcm_model engine = 'analytic', analytic_latitudes = 8 / &ngcm_log level = 'error' /"
            f"&ngcm_ensemble members = {members}, first_member = {first}, coupling = 'each',"
            " perturbation_kelvin = 1.0 / &ngcm_device owners_per_node = 2 /"
            "&ngcm_driver run_hours = 6 / &ngcm_restart write_file = 'restart.nc' /\n"
            + coupling("aquaplanet")
        )
        done = subprocess.run(
            ["mpirun", "-n", str(ranks), prefix / "bin" / "ngcm_driver", "run.nml"],
            cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        arrays.append(read_restart(str(tmp_path / "restart.nc"))[1])
    together, *singles = arrays
    for name, values in together.items():
        for member, single in enumerate(singles):
            np.testing.assert_array_equal(values[member], single[name][0], err_msg=name)
    assert (together["host.sea.heat"][0] != together["host.sea.heat"][1]).any()
