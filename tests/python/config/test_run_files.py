"""No file that a run writes is another one of its files, by whatever name."""

from __future__ import annotations

import os

import pytest

from ngcm_coupler.engine import load, parse
from ngcm_coupler.errors import ConfigError

MODEL = "&ngcm_model engine = 'analytic' analytic_latitudes = 8 {} / &ngcm_driver run_hours = 2 /\n"
OASIS = "&ngcm_oasis exports = 'surface_downward_eastward_stress_over_ice_free_sea' /"
SEA, READ = "&ngcm_grid sea_grid_file = '{}' /", "&ngcm_restart read_file = '{}' {} /"
FILE = "&ngcm_history file = '{}' {} /"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rst").mkdir()
    for name in ("g.nc", "g000.nc", "g2000-01-01T000000.nc", "r.nc", "grids.nc", "masks.nc"):
        (tmp_path / name).write_text(name)
    (tmp_path / "rst" / "restart_2000-01-01T020000.nc").touch()
    (tmp_path / "link.nc").symlink_to("g.nc")
    os.link("g.nc", "hard.nc")
    return tmp_path


def faults(text: str, model: str = "") -> list[str]:
    try:
        parse(MODEL.format(model) + text)
    except ConfigError as error:
        return [fault for fault in error.faults if "one file" in fault]
    return []


@pytest.mark.parametrize(
    "text",
    [
        SEA.format("g.nc") + "&ngcm_restart write_file = 'g.nc' /",
        SEA.format("link.nc") + "&ngcm_restart write_file = './g.nc' /",
        SEA.format("g.nc") + FILE.format("hard.nc", ""),
        SEA.format("g2000-01-01T000000.nc") + FILE.format("g{date}.nc", ""),
        SEA.format("g000.nc") + "&ngcm_history budget_file = 'g{member}.nc' /",
        SEA.format("g000.nc") + "&ngcm_recording file = 'g{member}.nc' /",
        SEA.format("grids.nc") + FILE.format("masks.nc", ""),
        SEA.format("rst/restart_2000-01-01T020000.nc") + "&ngcm_restart folder = 'rst' /",
        READ.format("rst", "folder = 'rst'") + FILE.format("rst/restart_{date}.nc", ""),
        READ.format("rst", "") + FILE.format("rst/restart_2000-01-01T020000.nc", ""),
        READ.format("r.nc", "") + FILE.format("r.nc", ""),
        READ.format("rst", "write_file = 'rst/latest'"),
        "&ngcm_restart folder = 'rst' /" + FILE.format("rst/restart_2000-01-01T020000.nc", ""),
        "&ngcm_restart folder = 'rst' /" + FILE.format("rst/latest", ""),
        "&ngcm_restart folder = 'new' /" + FILE.format("./new", ""),
        FILE.format("h000.nc", "budget_file = 'h{member}.nc'"),
        FILE.format("h2000-01-01T000000.nc", "budget_file = 'h{date}.nc'"),
        FILE.format("h{date}.nc", "budget_file = 'h{date}.nc'"),
        FILE.format("h{period}.nc", "file_period = 'month' budget_file = 'h2000-01.nc'"),
        "&ngcm_history budget_file = 'h{date}.nc' / &ngcm_recording file = 'h{date}.nc' /",
    ],
)
def test_a_file_that_is_written_is_no_other_of_the_run(text):
    fault, *_ = faults(text)
    assert "&ngcm_" in fault and fault.endswith("one file; give two names")


@pytest.mark.parametrize(
    "text",
    [
        "&oasis_ocean write_file = 'g.nc' /" + SEA.format("g.nc"),
        "&oasis_ocean write_file = 'new.nc' / &ngcm_restart write_file = 'new.nc' /",
        "&oasis_ocean read_file = 'r.nc' / &ngcm_restart write_file = 'r.nc' /",
        *(FILE.format(name, "") for name in ("rsto.nc", "namcouple", "grids.nc", "areas.nc")),
        FILE.format("ngcm_fluxes.csv", ""),
    ],
)
def test_what_a_coupler_and_its_ocean_have_counts_where_there_are_such(text):
    assert [fault.endswith("one file; give two names") for fault in faults(OASIS + text)] == [True]
    assert faults(text) == []


def test_a_checkpoint_is_read_and_its_default_is_no_file(here):
    (here / "c.npz").touch()
    (fault,) = faults("&ngcm_restart write_file = 'c.npz' /", "checkpoint = 'c.npz'")
    assert "&ngcm_model checkpoint and &ngcm_restart write_file are one file" in fault
    assert faults("&ngcm_restart write_file = 'demo' /") == []


@pytest.mark.parametrize(
    "text",
    [
        READ.format("r.nc", "write_file = 'r.nc'"),
        READ.format("rst", "folder = 'rst'"),
        READ.format("rst/restart_2000-01-01T020000.nc", "folder = 'rst'"),
        OASIS + "&oasis_ocean read_file = 'r.nc' write_file = 'r.nc' /",
        SEA.format("g000.nc")
        + "&ngcm_history budget_file = 'g{member}.nc' / &ngcm_ensemble first_member = 1 /",
        SEA.format("g.nc") + "&ngcm_restart write_file = 'hard.nc' /",  # a rename leaves the other
        SEA.format("g.nc") + FILE.format("masks.nc", ""),
        FILE.format("h{date}.nc", "budget_file = 'h{member}.nc'"),
    ],
)
def test_what_harms_no_file_is_taken(text):
    assert faults(text) == []


@pytest.mark.parametrize("key", ["&ngcm_history file", "&ngcm_restart write_file"])
def test_the_namelist_itself_is_not_written(key, here):
    group, name = key.split()
    file = here / "run.nml"
    file.write_text(MODEL.format("") + f"{group} {name} = 'run.nml' /")
    with pytest.raises(ConfigError, match=f"run.nml:2: {key} and the namelist itself are one file"):
        load("run.nml")


def test_a_folder_that_has_been_removed_is_named(here, tmp_path_factory):
    (here / "rst" / "restart_2000-01-01T020000.nc").unlink()
    file = tmp_path_factory.mktemp("elsewhere") / "run.nml"
    file.write_text(MODEL.format("") + FILE.format("h.nc", ""))
    os.chdir("rst")
    (here / "rst").rmdir()
    with pytest.raises(ConfigError, match="the current folder has been removed"):
        load(file)
