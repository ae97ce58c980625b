"""The files that the commands write for OASIS."""

from __future__ import annotations

import gzip
import pathlib
import re
import shutil

import numpy as np
import pytest
from project import ROOT

from ngcm_coupler.cli import main
from ngcm_coupler.constants import EARTH_RADIUS
from ngcm_coupler.files.netcdf import import_netcdf4
from ngcm_coupler.grid import GaussianGrid
from ngcm_coupler.regrid.grid_files import read_surface_grid
from ngcm_coupler.regrid.weights import read_weights, row_sums

pytestmark = pytest.mark.slow

PACKAGED = pathlib.Path("/usr/share/doc/liboasis3-doc/examples/test_interpolation/data_oasis3")
GRID = GaussianGrid(16, 8)
NLON, NLAT = 24, 12
"""Of the ocean, without its column of copies."""


def change(folder, old, new):
    path = folder / "run.nml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def variables(path):
    with import_netcdf4().Dataset(path) as file:
        file.set_auto_mask(False)
        return {name: one[...] for name, one in file.variables.items()}


def test_grids_are_those_of_both_sides(folder):
    grids, masks, areas = (variables(folder / f"{name}.nc") for name in ("grids", "masks", "areas"))
    assert grids["ngcm.clo"].shape == (4, 8, 16)
    np.testing.assert_array_equal(grids["ngcm.lat"].ravel(), GRID.latitude)
    np.testing.assert_array_equal(grids["ngcm.cla"][2].ravel(), GRID.corner_latitude[:, 2])
    np.testing.assert_array_equal(areas["ngcm.srf"].ravel(), GRID.area)
    before = variables(folder / "sea" / "grids.nc")
    for name in ("sinu.lon", "sinu.lat", "sinu.clo", "sinu.cla"):
        np.testing.assert_allclose(grids[name], before[name], atol=1e-12)
    assert masks["sinu.msk"].dtype == np.int32
    # 1 is land; the last column is a copy of the first.
    assert masks["sinu.msk"][:, 0].tolist() == [0] * 6 + [1] * 6
    assert masks["sinu.msk"][:, NLON].all()
    assert not variables(folder / "sea" / "masks.nc")["sinu.msk"][:6, NLON].any()
    assert not masks["sinu.msk"][:, 1:NLON].any()


def test_the_areas_of_both_seas_are_equal(folder):
    masks, areas = variables(folder / "masks.nc"), variables(folder / "areas.nc")
    below = areas["sinu.srf"][masks["sinu.msk"] == 0].sum()
    fraction = read_weights(folder / "rmp_ngcm_to_sinu_conserv.nc").source_fraction
    assert fraction is not None
    assert below == pytest.approx(GRID.area @ fraction, rel=1e-14)
    # All but one of 24 columns of the northern half is sea; their edges are great circles, which
    # leaves a little at the borders to the land that is no column's.
    sphere = 4.0 * np.pi * EARTH_RADIUS**2
    assert below == pytest.approx(sphere * (1.0 - 0.5 / NLON), rel=1e-3)
    assert not masks["ngcm.msk"].any()  # no cell of the atmosphere is as narrow as the land


def test_grids_of_others_stay_and_commands_can_be_repeated(folder):
    shutil.copy(folder / "sea" / "grids.nc", folder / "grids.nc")
    for _ in range(2):
        assert main(["grids", "run.nml"]) == 0
    grids = variables(folder / "grids.nc")
    assert grids["othr.lon"].shape == (2, 3)
    assert "ngcm.lon" in grids
    assert not list(folder.glob(".*"))


def test_the_oceans_own_files_get_the_atmosphere_and_nothing_else(folder, capsys):
    """The namelist of a run in the folder in which the ocean's grid lies."""
    before = {
        name: variables(folder / "sea" / f"{name}.nc") for name in ("grids", "masks", "areas")
    }
    change(folder, "sea/grids.nc", "grids.nc")
    assert main(["grids", "run.nml", "--output", "sea"]) == 1
    assert "sea_area = 'geometry'; write into another folder" in capsys.readouterr().err
    change(folder, "'sinu' /", "'sinu', sea_area = 'model' /")
    assert main(["grids", "run.nml", "--output", "sea"]) == 0
    for name, content in before.items():
        after = variables(folder / "sea" / f"{name}.nc")
        for variable, values in content.items():
            np.testing.assert_array_equal(after[variable], values)
        assert any(variable.startswith("ngcm.") for variable in after)


def test_masks_beside_a_grid_get_those_of_the_atmosphere_whatever_the_grid_is_called(folder):
    for name, other in (("grids", "sea"), ("masks", "masks"), ("areas", "areas")):
        shutil.copy(folder / "sea" / f"{name}.nc", folder / f"{other}.nc")
    change(folder, "sea/grids.nc", "sea.nc")
    change(folder, "'sinu' /", "'sinu', sea_area = 'model' /")
    for _ in range(2):
        assert main(["grids", "run.nml"]) == 0
    assert {"sinu.msk", "ngcm.msk"} <= variables(folder / "masks.nc").keys()
    assert main(["weights", "run.nml"]) == 0


def test_a_namcouple_that_says_something_else_is_kept(folder, capsys):
    write = ["namcouple", "run.nml", "--no-restarts"]
    assert main(write) == 0
    own = (folder / "namcouple").read_text()
    assert main(write) == 0
    assert not list(folder.glob("namcouple.*")), "it said the same"
    for number in (1, 2):
        (folder / "namcouple").write_text(f"# {number}, with a coupling of a land model\n{own}")
        capsys.readouterr()
        assert main(write) == 0
        kept = f"namcouple said something else, which is now in namcouple.{number}\n"
        assert kept in capsys.readouterr().err
    assert (folder / "namcouple").read_text() == own
    assert (folder / "namcouple.1").read_text().startswith("# 1,")
    assert (folder / "namcouple.2").read_text().startswith("# 2,")


def test_a_restart_that_says_something_else_is_kept_and_the_same_is_not(folder, capsys):
    own = (folder / "rsta.nc").read_bytes()
    (folder / "rsto.nc").write_text("a text")
    assert main(["namcouple", "run.nml"]) == 0
    told = capsys.readouterr().err
    assert "warning: rsto.nc said something else, which is now in rsto.nc.1" in told
    assert (folder / "rsto.nc.1").read_text() == "a text"
    assert (folder / "rsta.nc").read_bytes() == own
    assert not list(folder.glob("rsta.nc.*"))


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("weights", "rmp_sinu_to_ngcm_conserv.nc"),
        ("grids", "masks.nc"),
        ("grids", "run.nml"),
        ("namcouple", "rsto.nc"),
    ],
)
def test_no_command_writes_over_what_the_run_reads(folder, capsys, command, name):
    text = (folder / "run.nml").read_text()
    (folder / name).write_bytes((folder / "sea/grids.nc").read_bytes())
    (folder / "run2.nml").write_text(text.replace("'sea/grids.nc'", f"'{name}'"))
    namelist = folder / "run2.nml"
    if name == "run.nml":
        namelist = namelist.rename(folder / "areas.nc")
    there = {name: (folder / name).read_bytes(), namelist.name: namelist.read_bytes()}
    assert main([command, str(namelist), "--output", str(folder)]) == 1
    what = "the namelist itself" if name == "run.nml" else "&ngcm_grid sea_grid_file"
    assert f"{what}, is what this command writes; give it another name" in capsys.readouterr().err
    assert {each: (folder / each).read_bytes() for each in there} == there


def test_the_first_restarts_leave_the_files_of_a_run_alone(folder):
    kept = folder / "recorded.nc"
    kept.write_text("of the run before")
    with (folder / "run.nml").open("a") as file:
        file.write("&ngcm_recording file = 'recorded.nc' / &ngcm_history budget_file = 'b.nc' /")
    assert main(["namcouple", str(folder / "run.nml"), "--output", str(folder)]) == 0
    assert kept.read_text() == "of the run before"
    assert not (folder / "b.nc").exists()


def test_areas_of_the_model_close_its_own_sum(folder, capsys):
    change(folder, "'sinu' /", "'sinu', sea_area = 'model' /")
    assert main(["grids", "run.nml"]) == 0
    assert main(["weights", "run.nml"]) == 0
    assert "rmp_ngcm_to_sinu_conserv_modelarea.nc" in capsys.readouterr().out
    areas, masks = variables(folder / "areas.nc"), variables(folder / "masks.nc")
    np.testing.assert_array_equal(
        areas["sinu.srf"], variables(folder / "sea" / "areas.nc")["sinu.srf"]
    )
    down = read_weights(folder / "rmp_ngcm_to_sinu_conserv_modelarea.nc")
    flux = np.cos(np.deg2rad(GRID.latitude)) * (2.0 + np.sin(np.deg2rad(3.0 * GRID.longitude)))
    received = (down.matrix @ flux)[masks["sinu.msk"].ravel() == 0]
    assert down.source_fraction is not None
    sent = (GRID.area * down.source_fraction) @ flux
    # The sums are of 300 numbers: what rounding leaves of 16 digits.
    assert areas["sinu.srf"][masks["sinu.msk"] == 0] @ received == pytest.approx(sent, rel=1e-13)


def test_weights_come_in_the_format_asked_for(folder, capsys):
    assert main(["weights", "run.nml", "--format", "esmf"]) == 0
    table = capsys.readouterr().out
    assert {"row", "col", "S"} <= variables(folder / "rmp_ngcm_to_sinu_conserv.nc").keys()
    errors = re.findall(r"_conserv\.nc .* (\S+) +(\S+)$", table, re.MULTILINE)
    assert len(errors) == 2
    assert all(float(error) < 1e-13 for pair in errors for error in pair)
    assert "which differs by" in table
    assert "of 128 atmosphere cells are cut by coasts" in table


def test_fluxes_go_on_across_the_coast(folder):
    weights = read_weights(folder / "rmp_ngcm_to_sinu_conserv.nc")
    assert (variables(folder / "masks.nc")["sinu.msk"] == 1).any()
    # A field of one value stays what it is on land too.
    assert row_sums(weights) == pytest.approx(1.0, abs=1e-14)


def test_restarts_hold_the_sea_and_ice_of_the_initial_state(folder):
    ocean = variables(folder / "rsto.nc")
    sea = variables(folder / "sea" / "masks.nc")["sinu.msk"] == 0
    sst, ice = ocean["O_SSTSST"], ocean["OC_ICEF"]
    assert sst.shape == (NLAT, NLON + 1)
    # The analytic sea is 27 degrees warm at the equator, and frozen over at the poles.
    assert sst[sea].min() == pytest.approx(271.35, abs=1e-3)
    assert sst[sea].max() == pytest.approx(300.15, abs=1.5)
    assert ice[0, 1] > 0.7
    assert ice[NLAT // 2, 1] == 0.0
    assert not sst[~sea].any()
    temperature = ocean["OC_TICE"]
    assert not temperature[ice == 0.0].any()
    frozen = ice > 0.5
    assert 200.0 < (temperature[frozen] / ice[frozen]).min()
    assert (temperature[frozen] / ice[frozen]).max() < 273.16
    assert 0.5 < (ocean["OC_AIVDR"][frozen] / ice[frozen]).min()


def test_restarts_of_a_concurrent_coupling_hold_the_first_fluxes(folder):
    fluxes = variables(folder / "rsta.nc")
    assert fluxes.keys() == {"NG_QNSS", "NG_RAIN", "NG_PSL"}
    assert fluxes["NG_QNSS"].shape == (8, 16)
    # Open water in the tropics loses heat, some 100 W m-2.
    assert -400.0 < fluxes["NG_QNSS"][3:5].mean() < -50.0
    assert 9.0e4 < fluxes["NG_PSL"].mean() < 1.1e5


def test_a_sequential_coupling_needs_no_restart_of_the_atmosphere(folder, capsys):
    (folder / "rsta.nc").unlink()
    change(folder, "'concurrent'", "'sequential'")
    assert main(["namcouple", "run.nml"]) == 0
    assert capsys.readouterr().out.split() == [f"{folder}/namcouple", f"{folder}/rsto.nc"]
    assert not (folder / "rsta.nc").exists()
    (folder / "rsto.nc").unlink()
    assert main(["namcouple", "run.nml", "--no-restarts"]) == 0
    assert not (folder / "rsto.nc").exists()


def test_a_run_that_continues_keeps_what_oasis_has_written(folder, capsys):
    (folder / "restart.nc").touch()
    change(folder, "&ngcm_driver", "&ngcm_restart read_file = 'restart.nc' /\n&ngcm_driver")
    before = (folder / "rsto.nc").read_bytes()
    assert main(["namcouple", "run.nml"]) == 0
    assert (folder / "rsto.nc").read_bytes() == before
    assert f"{folder}/rsto.nc" not in capsys.readouterr().out


@pytest.mark.parametrize("command", ["grids", "weights", "namcouple"])
def test_every_command_says_how_much_is_sea_and_warns_of_little(folder, capsys, command):
    words = [command, "run.nml", *(["--no-restarts"] if command == "namcouple" else [])]
    assert main(words) == 0
    told = capsys.readouterr().err
    assert "sea grid 'sinu': 97.9 % of the sphere is sea" in told
    assert "warning" not in told
    with import_netcdf4().Dataset(folder / "sea" / "masks.nc", "a") as file:
        file["sinu.msk"][1:] = 1
    assert main(words) == 0
    assert "warning: grid 'sinu': 1." in capsys.readouterr().err


def test_without_a_grid_of_the_sea_there_is_nothing_to_couple(folder, capsys):
    change(folder, "sea_grid_file = 'sea/grids.nc', ", "")
    assert main(["weights", "run.nml"]) == 1
    assert "&ngcm_grid sea_grid_file is empty" in capsys.readouterr().err


@pytest.mark.oasis
@pytest.mark.skipif(not PACKAGED.exists(), reason="liboasis3-doc is not installed")
def test_the_example_is_prepared_on_the_grid_of_nemo(tmp_path, capsys):
    """NEMO's ORCA2 and the demo model; the restart files need the whole model and are left out."""
    (tmp_path / "orca2").mkdir()
    for name in ("grids.nc", "masks.nc", "areas.nc"):
        with gzip.open(PACKAGED / f"{name}.gz") as packed:
            (tmp_path / "orca2" / name).write_bytes(packed.read())
    namelist = str(ROOT / "namelists" / "oasis.nml")
    for command in (["grids"], ["weights"], ["namcouple", "--no-restarts"]):
        assert main([command[0], namelist, "--output", str(tmp_path), *command[1:]]) == 0
    out = capsys.readouterr().out
    errors = re.findall(r"_conserv\.nc .* (\S+) +(\S+)$", out, re.MULTILINE)
    # Sums over 17,000 sea cells; the closure of the exchange grid itself is 1e-16.
    assert len(errors) == 2
    assert all(float(error) < 2e-14 for pair in errors for error in pair)
    areas = re.search(r"sea area of the atmosphere (\S+) m2, of the ocean (\S+) m2", out)
    assert areas
    # The sea of the Earth covers 3.6e14 m2.
    assert float(areas[1]) == pytest.approx(3.6e14, rel=0.01)
    assert areas[1] == areas[2]
    ocean = read_surface_grid(tmp_path / "grids.nc", "torc")
    assert ocean.shape == (182, 149)
    assert "128 64 182 149 ngcm torc" in (tmp_path / "namcouple").read_text()
