"""A third engine by one module outside the package, through every command that runs one."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

from ngcm_coupler.files.netcdf import import_netcdf4
from ngcm_coupler.grid import RegularGrid

NAMELIST = """
&ngcm_model engine = 'pressure_planet' /
&ngcm_coupling interval_seconds = 3600 /
&ngcm_driver run_hours = {hours} /
&ngcm_history file = '{name}.nc', fields = 'air_temperature', 'eastward_wind' /
&ngcm_log level = 'error' /
{extra}
"""


@pytest.fixture
def command(tmp_path):
    """Runs a command in the folder of the run, with the module where Python finds it."""
    environment = os.environ | {"PYTHONPATH": str(pathlib.Path(__file__).parent / "outside")}

    def run(*words):
        done = subprocess.run(
            [str(pathlib.Path(sys.executable).parent / "ngcm-coupler"), *words],
            cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=900,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.fixture
def namelist(tmp_path):
    def write(name, hours=2, extra=""):
        text = NAMELIST.format(hours=hours, name=name, extra=extra)
        (tmp_path / f"{name}.nml").write_text(text)
        return f"{name}.nml"

    return write


@pytest.mark.slow
def test_check_and_doctor_describe_it_without_building_it(command, namelist):
    said = command("check", namelist("run"))
    assert "pressure_planet, 20 x 12 points, step 1800 s" in said
    assert "2001-03-01T00:00:00" in said
    assert "none needed, the engine is pressure_planet" in command("doctor", namelist("run"))


def history(folder, name):
    with import_netcdf4().Dataset(folder / f"{name}.nc") as file:
        np.testing.assert_allclose(file["lat"][:], RegularGrid(20, 12).latitudes)
        return np.asarray(file["air_temperature"][...])


@pytest.mark.slow
def test_it_runs_with_two_ranks_continues_and_is_replayed(command, namelist, tmp_path):
    command("run", namelist("whole", 4, "&ngcm_recording file = 'rec.nc' /"))
    whole = history(tmp_path, "whole")
    assert np.ptp(whole) > 10.0 and (whole[0] != whole[-1]).any()
    command("run", namelist("first", 2, "&ngcm_restart write_file = 'half.nc' /"), "-n", "2")
    command("run", namelist("second", 2, "&ngcm_restart read_file = 'half.nc' /"))
    halves = np.concatenate([history(tmp_path, name) for name in ("first", "second")])
    np.testing.assert_array_equal(halves, whole)
    assert "4 intervals replayed, all bit for bit as recorded" in command("replay", "rec.nc")


def test_grids_write_its_rows_beside_those_of_an_ocean(command, namelist, tmp_path):
    with import_netcdf4().Dataset(tmp_path / "ocean.nc", "w") as file:
        for name, count, unit in (("lat", 6, "degrees_north"), ("lon", 12, "degrees_east")):
            file.createDimension(name, count)
            axis = file.createVariable(name, "f8", (name,))
            axis.units, axis.bounds = unit, f"{name}_bnds"
            step = 180.0 / 6
            first = -90.0 if name == "lat" else 0.0
            axis[:] = first + step * (np.arange(count) + 0.5)
            if name == "lat":
                file.createDimension("bnds", 2)
            low = first + step * np.arange(count)
            bounds = file.createVariable(f"{name}_bnds", "f8", (name, "bnds"))
            bounds[:] = np.stack([low, low + step], axis=-1)
        mask = file.createVariable("mask", "f8", ("lat", "lon"))
        mask.standard_name = "sea_binary_mask"
        mask[:] = 1.0
    command("grids", namelist("run", 2, "&ngcm_grid sea_grid_file = 'ocean.nc' /"))
    with import_netcdf4().Dataset(tmp_path / "grids.nc") as file:
        shapes = {name: file[name].shape for name in file.variables if name.endswith(".lat")}
        (atmosphere,) = [name for name, shape in shapes.items() if shape == (12, 20)]
        np.testing.assert_allclose(file[atmosphere][:, 0], RegularGrid(20, 12).latitudes)


@pytest.mark.slow
def test_a_chain_of_jobs_starts_at_its_date_and_comes_to_its_end(command, namelist, tmp_path):
    extra = "&ngcm_run stop_date = '2001-03-01T04:00:00' /\n"
    extra += "&ngcm_restart read_file = 'restarts', folder = 'restarts' /"
    text = namelist("chain", 2, extra)
    command("batch", text, "--system", "plain")
    (script,) = tmp_path.glob("*.sh")
    environment = os.environ | {"PYTHONPATH": str(pathlib.Path(__file__).parent / "outside")}
    done = subprocess.run(
        ["sh", str(script)],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=900,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "restarts" / "restart_2001-03-01T040000.nc").exists()
