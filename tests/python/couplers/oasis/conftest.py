"""A small ocean, and the folder of a run over it."""

from __future__ import annotations

import re
import shutil

import numpy as np
import pytest
from project import ROOT

from ngcm_coupler.cli import buildconfig, main
from ngcm_coupler.constants import EARTH_RADIUS
from ngcm_coupler.files.netcdf import import_netcdf4

NLON, NLAT = 24, 12

EXAMPLE = ROOT / "namelists" / "oasis.nml"

NAMELIST = """
&ngcm_model engine = 'analytic', analytic_latitudes = 8, analytic_step_seconds = 1800 /
&ngcm_coupling
  interval_seconds = 3600
  imports = 'sea_surface_temperature', 'sea_ice_area_fraction', 'sea_ice_surface_temperature',
            'surface_albedo_direct_visible_over_sea_ice',
            'surface_albedo_diffuse_visible_over_sea_ice',
            'surface_albedo_direct_near_infrared_over_sea_ice',
            'surface_albedo_diffuse_near_infrared_over_sea_ice'
/
&ngcm_grid sea_grid_file = 'sea/grids.nc', sea_grid_name = 'sinu' /
&ngcm_oasis
  coupling = 'concurrent'
  ocean_step_seconds = 1800
  exports = 'surface_downward_nonsolar_heat_flux_over_sea', 'rainfall_flux',
            'air_pressure_at_mean_sea_level'
  partner_names = 'surface_downward_nonsolar_heat_flux_over_sea = O_QnsMix',
                  'sea_surface_temperature = O_SSTSST'
/
&ngcm_driver run_hours = 6 /
"""


def write_ocean(folder):
    """A grid of equal angles, whose first column is land, with one more column that is a copy."""
    step = 360.0 / NLON
    longitude, latitude = np.meshgrid(
        step * np.arange(NLON + 1), -90.0 + 180.0 / NLAT * (np.arange(NLAT) + 0.5)
    )
    height = 2.0 * np.sin(np.deg2rad(90.0 / NLAT)) * np.cos(np.deg2rad(latitude))
    half = np.array([-1.0, 1.0, 1.0, -1.0]), np.array([-1.0, -1.0, 1.0, 1.0])
    variables = {
        "grids": {
            "sinu.lon": longitude,
            "sinu.lat": latitude,
            "sinu.clo": longitude + 0.5 * step * half[0][:, None, None],
            "sinu.cla": latitude + 90.0 / NLAT * half[1][:, None, None],
            "othr.lon": np.zeros((2, 3)),
        },
        "masks": {"sinu.msk": ((longitude % 360.0 == 0.0) & (latitude > 0.0)).astype(np.int32)},
        # The model's own radius of the Earth is greater.
        "areas": {"sinu.srf": 1.01 * EARTH_RADIUS**2 * np.deg2rad(step) * height},
    }
    folder.mkdir()
    for kind, content in variables.items():
        with import_netcdf4().Dataset(folder / f"{kind}.nc", "w", format="NETCDF3_CLASSIC") as file:
            for name, values in content.items():
                prefix = name.partition(".")[0]
                dims = (f"crn_{prefix}", f"y_{prefix}", f"x_{prefix}")[-values.ndim :]
                for dim, size in zip(dims, values.shape, strict=True):
                    if dim not in file.dimensions:
                        file.createDimension(dim, size)
                file.createVariable(name, values.dtype, dims)[...] = values


@pytest.fixture(scope="session")
def prepared(tmp_path_factory):
    """A folder with everything that a run needs; not to be changed."""
    folder = tmp_path_factory.mktemp("oasis") / "run"
    folder.mkdir()
    write_ocean(folder / "sea")
    (folder / "run.nml").write_text(NAMELIST)
    for command in ("grids", "weights", "namcouple"):
        assert main([command, str(folder / "run.nml"), "--output", str(folder)]) == 0
    return folder


@pytest.fixture(scope="session")
def example_groups():
    """What couples in the example of the namelists, without the model and what is written."""
    if not (buildconfig.prefix() / "bin/ngcm_oasis_ocean").exists():
        pytest.skip("built without OASIS3-MCT: install liboasis3-dev or set OASIS_ROOT")
    groups = r"^&(ngcm_history|ngcm_model|oasis_ocean)\n.*?^/\n"
    return re.sub(groups, "", EXAMPLE.read_text(), flags=re.M | re.S)


@pytest.fixture(scope="session")
def small_example(example_groups, tmp_path_factory):
    """The example on the small ocean, ready to run for three hours; not to be changed."""
    folder = tmp_path_factory.mktemp("example") / "run"
    folder.mkdir()
    write_ocean(folder / "sea")
    text = example_groups
    for old, new in (("orca2/", "sea/"), ("'torc'", "'sinu'"), ("run_hours = 48", "run_hours = 3")):
        assert old in text
        text = text.replace(old, new)
    (folder / "run.nml").write_text(
        "&ngcm_model engine = 'analytic', analytic_latitudes = 8, analytic_step_seconds = 1800 /\n"
        "&ngcm_log level = 'warning' /\n" + text
    )
    for command in ("grids", "weights", "namcouple"):
        assert main([command, str(folder / "run.nml"), "--output", str(folder)]) == 0
    return folder


@pytest.fixture
def folder(prepared, tmp_path, monkeypatch):
    """A copy of it, which is the working folder."""
    copy = tmp_path / "run"
    shutil.copytree(prepared, copy)
    monkeypatch.chdir(copy)
    return copy


@pytest.fixture
def sea(tmp_path, monkeypatch):
    """The folder of the ocean's own files, which is the working folder."""
    write_ocean(tmp_path / "sea")
    monkeypatch.chdir(tmp_path / "sea")
    return tmp_path / "sea"
