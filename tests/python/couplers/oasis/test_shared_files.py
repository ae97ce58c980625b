"""What commands leave alone of files that others have put, or keep, in the folder of a run."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from ngcm_coupler.cli import main
from ngcm_coupler.couplers.oasis import shared_files
from ngcm_coupler.couplers.oasis.files import write_restart
from ngcm_coupler.files.netcdf import import_netcdf4, open_dataset

FILES = ("grids.nc", "masks.nc", "areas.nc")
NAMELIST = """
&ngcm_model engine = 'analytic', analytic_latitudes = 8 /
&ngcm_grid sea_grid_file = '{file}', sea_grid_name = 'sinu', sea_area = '{area}' /
&ngcm_oasis grid = '{grid}', exports = 'rainfall_flux' /
"""


def grids(file="grids.nc", **settings):
    return command("grids", file=file, **settings)


def command(*words, file="grids.nc", area="model", grid="ngcm", latitudes=8, output="."):
    text = NAMELIST.format(file=Path(file).absolute(), area=area, grid=grid)
    text = text.replace("latitudes = 8", f"latitudes = {latitudes}")
    Path("run.nml").write_text(text)
    return main([words[0], "run.nml", "--output", str(output), *words[1:]])


def contents(folder):
    return {name: (folder / name).read_bytes() for name in FILES if (folder / name).exists()}


def add_grid(prefix, longitude, latitude, file="grids.nc"):
    with import_netcdf4().Dataset(file, "a") as dataset:
        for part, values in (("lon", longitude), ("lat", latitude)):
            dims = f"{prefix}_j", f"{prefix}_i"
            for dim, size in zip(dims, values.shape, strict=True):
                if dim not in dataset.dimensions:
                    dataset.createDimension(dim, size)
            dataset.createVariable(f"{prefix}.{part}", "f8", dims)[...] = values


def own_points():
    with import_netcdf4().Dataset("grids.nc") as dataset:
        return dataset["ngcm.lon"][...].data, dataset["ngcm.lat"][...].data


@pytest.mark.parametrize("file", ["grids.nc", "sea.nc"])
def test_the_oceans_prefix_is_not_the_atmospheres(sea, capsys, file):
    if file == "sea.nc":
        shutil.copy("grids.nc", file)
    before = contents(sea)
    assert grids(file, grid="sinu") == 1
    assert "is not the atmosphere's 'sinu'" in capsys.readouterr().err
    assert contents(sea) == before


@pytest.mark.parametrize("shift", [None, 5.0])
def test_a_third_models_grid_is_not_replaced(sea, capsys, shift):
    if shift is None:
        add_grid("lmdz", np.zeros((4, 5)), np.zeros((4, 5)))
        said = "(lmdz.lon has 4 x 5 values, expected 8 x 16)"
    else:
        assert grids() == 0
        longitude, latitude = own_points()
        add_grid("lmdz", longitude + shift, latitude)
        said = "(lmdz.lon is up to 5 degrees from the points expected)"
    before = contents(sea)
    assert grids(grid="lmdz") == 1
    told = capsys.readouterr().err
    assert f"grids.nc has another grid 'lmdz' than the one to be written {said}" in told
    assert "another prefix by &ngcm_oasis grid" in told
    assert contents(sea) == before


def test_the_same_grid_is_set_however_its_longitudes_are_counted(sea):
    assert grids() == 0
    longitude, latitude = own_points()
    add_grid("lmdz", np.where(longitude > 180.0, longitude - 360.0, longitude), latitude)
    assert grids(grid="lmdz") == 0
    with import_netcdf4().Dataset("grids.nc") as dataset:
        np.testing.assert_array_equal(dataset["lmdz.lon"][...], longitude)
        assert dataset["lmdz.lon"].dimensions == ("lmdz_j", "lmdz_i")
        assert dataset["lmdz.clo"].shape == (4, 8, 16)


def test_files_of_this_program_alone_follow_another_resolution(sea, tmp_path):
    run = tmp_path / "run"
    for latitudes in (8, 16):
        assert grids(latitudes=latitudes, output=run) == 0
        for name, variable in zip(FILES, ("ngcm.lon", "ngcm.msk", "ngcm.srf"), strict=True):
            with import_netcdf4().Dataset(run / name) as dataset:
                assert dataset[variable].shape == (latitudes, 2 * latitudes)
                assert any(each.startswith("sinu.") for each in dataset.variables)


def test_the_atmosphere_in_files_of_others_keeps_its_resolution(sea, capsys):
    assert grids() == 0
    before = contents(sea)
    assert grids(latitudes=16) == 1
    assert "ngcm.lon has 8 x 16 values, expected 16 x 32" in capsys.readouterr().err
    assert contents(sea) == before


def test_all_else_in_a_file_stays(sea):
    """Attributes, groups, compression, unlimited dimensions and strings of others."""
    (sea / "grids.nc").rename("old.nc")
    with (
        import_netcdf4().Dataset("old.nc") as old,
        import_netcdf4().Dataset("grids.nc", "w") as new,
    ):
        new.title, new.history = "ORCA", "made by hand"
        new.createDimension("time", None)
        new.createDimension("x_ngcm", 3)  # somebody else's
        new.createVariable("when", "f8", ("time",))[:] = [1.0, 2.0]
        new.createGroup("more").createVariable("name", str, ())[...] = "a text"
        for name, one in old.variables.items():
            for dim, size in zip(one.dimensions, one.shape, strict=True):
                if dim not in new.dimensions:
                    new.createDimension(dim, size)
            copy = new.createVariable(name, "f8", one.dimensions, compression="zlib", complevel=7)
            copy[...] = one[...]
    (sea / "grids.nc").chmod(0o640)
    for _ in range(2):
        assert grids() == 0
    with import_netcdf4().Dataset("grids.nc") as file:
        assert file.data_model == "NETCDF4"
        assert (file.title, file.history) == ("ORCA", "made by hand")
        assert file.dimensions["time"].isunlimited()
        assert file["when"][...].tolist() == [1.0, 2.0]
        assert file["more/name"][...] == "a text"
        assert file["sinu.lon"].filters()["complevel"] == 7
        assert file["ngcm.lon"].shape == (8, 16)
    assert (sea / "grids.nc").stat().st_mode & 0o777 == 0o640


def test_where_one_file_cannot_be_written_none_is_changed(sea, capsys):
    shutil.copytree(sea, sea / "other")
    (sea / "areas.nc").unlink()
    os.mkfifo("areas.nc")
    before = {name: (sea / name).read_bytes() for name in FILES[:2]}
    assert grids("other/grids.nc") == 1
    assert "areas.nc cannot be written (it is a pipe; name a file)" in capsys.readouterr().err
    assert {name: (sea / name).read_bytes() for name in before} == before
    assert not list(sea.glob(".*"))


def test_what_is_no_netcdf_is_said_to_be_none(sea, capsys):
    shutil.copytree(sea, sea / "other")
    (sea / "masks.nc").write_text("a text")
    before = contents(sea)
    assert grids("other/grids.nc") == 1
    told = capsys.readouterr().err
    assert "masks.nc cannot be read as netCDF" in told
    assert "move it away, or write into another folder with --output" in told
    assert contents(sea) == before


def test_what_netcdf_can_only_read_is_said_to_be_so(sea, capsys, monkeypatch):
    """As a file of h5py, which does not track the order of its variables."""

    def only_read(path, mode="r", **options):
        if mode == "a":
            raise OSError(-103, "NetCDF: Can't write file", str(path))
        return open_dataset(path, mode, **options)

    monkeypatch.setattr(shared_files, "open_dataset", only_read)
    before = contents(sea)
    assert grids() == 1
    told = capsys.readouterr().err
    assert "grids.nc can be read by netCDF, but not be changed (NetCDF: Can't write file)" in told
    assert "put a copy in its place that `nccopy` has made" in told
    assert contents(sea) == before


def test_what_a_link_leads_to_stays(sea, tmp_path):
    kept = tmp_path / "kept.nc"
    shutil.move(sea / "grids.nc", kept)
    (sea / "grids.nc").symlink_to(kept)
    before = kept.read_bytes()
    shutil.copytree(sea, sea / "other")
    assert grids("other/grids.nc") == 0
    assert kept.read_bytes() == before
    with import_netcdf4().Dataset("grids.nc") as dataset:
        assert {"othr.lon", "sinu.lon", "ngcm.lon"} <= dataset.variables.keys()


@pytest.mark.parametrize("name", ["namcouple", "rsto.nc"])
def test_no_pipe_is_waited_for_and_nothing_written_before_it_is_found(sea, capsys, name):
    os.mkfifo(name)
    options = ["--no-restarts"] if name == "namcouple" else []
    assert command("namcouple", *options) == 1
    assert f"{name} cannot be written (it is a pipe; name a file)" in capsys.readouterr().err
    assert not (sea / "namcouple").is_file()


def test_a_restart_of_oasis_that_says_something_else_is_kept(sea):
    shape, fields = (3, 2), {"OC_SST": np.arange(6.0)}
    restart = sea / "rsto.nc"
    assert write_restart(restart, shape, fields) is None
    own = restart.read_bytes()
    assert write_restart(restart, shape, fields) is None, "it said the same"
    restart.write_text("of a run of a year")
    assert write_restart(restart, shape, fields) == sea / "rsto.nc.1"
    (sea / "rsto.nc.2").symlink_to("nowhere")
    assert write_restart(restart, shape, {"OC_SST": np.zeros(6)}) == sea / "rsto.nc.3"
    assert (sea / "rsto.nc.1").read_text() == "of a run of a year"
    assert (sea / "rsto.nc.3").read_bytes() == own


def a_text(path):
    path.write_text("a text")


def weights_of_scrip(path):
    with import_netcdf4().Dataset(path, "w") as file:
        file.title, file.source = "weights of SCRIP", "by hand"
        file.createDimension("num_links", 2)
        file.createVariable("remap_matrix", "f8", ("num_links",))[...] = 0.5


def other_data(path):
    """The attribute alone says nothing: whoever works with this program may set it."""
    with import_netcdf4().Dataset(path, "w") as file:
        file.source = "ngcm_coupler"
        file.createVariable("rain", "f8", ())[...] = 0.5


@pytest.mark.parametrize("put", [a_text, weights_of_scrip, other_data])
def test_weights_of_others_are_not_replaced(sea, capsys, put):
    assert command("weights") == 0
    assert command("weights", "--format", "esmf") == 0, "its own are, in either format"
    before = (sea / "rmp_ngcm_to_sinu_conserv_modelarea.nc").read_bytes()
    foreign = sea / "rmp_sinu_to_ngcm_conserv.nc"
    put(foreign)
    there = foreign.read_bytes()
    capsys.readouterr()
    assert command("weights") == 1
    assert (
        "rmp_sinu_to_ngcm_conserv.nc is a file that `ngcm-coupler weights` has not made, and would"
        " be lost; move it away, or write into another folder with --output"
    ) in capsys.readouterr().err
    assert foreign.read_bytes() == there
    assert (sea / "rmp_ngcm_to_sinu_conserv_modelarea.nc").read_bytes() == before
    foreign.write_bytes(b"")
    assert command("weights") == 0, "an empty file is nobody's"
