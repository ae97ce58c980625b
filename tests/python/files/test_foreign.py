"""What no run has written is not lost to one that has its name."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import xarray

from ngcm_coupler.cli import main
from ngcm_coupler.component import Component
from ngcm_coupler.config import foreign_conflicts
from ngcm_coupler.engine import parse
from ngcm_coupler.errors import OutputError
from ngcm_coupler.files.foreign import (
    BUDGET_TITLE,
    HISTORY_TITLE,
    RECORDING_TITLE,
    RESTART_TITLE,
    foreign,
    require_no_foreign,
)
from ngcm_coupler.files.netcdf import import_netcdf4
from ngcm_coupler.output.file_names import of_periods

NAMELIST = "&ngcm_model engine = 'analytic', analytic_latitudes = 8 /\n"
KEYS = ["ngcm_history file", "ngcm_history budget_file", "ngcm_recording file",
        "ngcm_restart write_file"]  # fmt: skip
TITLES = [HISTORY_TITLE, BUDGET_TITLE, RECORDING_TITLE, RESTART_TITLE]
FORMS = ["NETCDF4", "NETCDF3_64BIT_DATA", "NETCDF3_CLASSIC"]


def netcdf(path, form="NETCDF4", **attributes):
    with import_netcdf4().Dataset(path, "w", format=form) as file:
        file.setncatts(attributes)
        file.createDimension("x", 2)
        file.createVariable("x", "f4", ("x",))[:] = 1.0
    return path


def notes(path):
    path.write_text("CDF of my rain, a page of notes")
    return path


def of_another(path):
    """The title counts, and not that the package is named somewhere."""
    return netcdf(path, title="ERA5", history="cdo copy ngcm_coupler/in.nc", source="ngcm_coupler")


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("write", [notes, netcdf, of_another])
def test_a_file_of_anybody_else_is_refused_and_stays(key, write, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    before = write(tmp_path / "mine").read_bytes()
    (tmp_path / "run.nml").write_text(f"{NAMELIST}&{key} = 'mine' /")
    said = (
        f"&{key} = 'mine' is a file that no run has written, and would be lost; move it away, or"
        " give another name"
    )
    with pytest.raises(OutputError) as raised:
        Component.create("run.nml")
    assert str(raised.value) == said
    assert main(["check", "run.nml"]) == 1
    assert f"run.nml:2: {said}" in capsys.readouterr().err
    assert (tmp_path / "mine").read_bytes() == before


@pytest.mark.parametrize("form", FORMS)
def test_what_a_run_leaves_may_be_replaced(form, tmp_path):
    empty, cut, zeros = (tmp_path / name for name in ("empty", "cut", "zeros"))
    empty.touch()
    cut.write_bytes(netcdf(tmp_path / "other", form).read_bytes()[:40])
    zeros.write_bytes(bytes(48))
    with import_netcdf4().Dataset(tmp_path / "begun", "w", format=form) as file:
        file.createDimension("x", 2)
    for file in (
        empty, cut, zeros, tmp_path / "begun", tmp_path / "missing", tmp_path,
    ):  # fmt: skip
        for title in TITLES:
            require_no_foreign(file, "it", title)


def of_run(path, title, form="NETCDF4", records=1, **attributes):
    with import_netcdf4().Dataset(path, "w", format=form) as file:
        file.setncatts({"title": title, **attributes})
        file.createDimension("time", None)
        file.createVariable("time", "f4", ("time",))[:] = np.ones(records)
    return path


@pytest.mark.parametrize("form", FORMS)
def test_a_run_replaces_its_like_and_no_file_of_another_kind(form, tmp_path):
    for number, title in enumerate(TITLES):
        file = of_run(tmp_path / f"{number}.nc", title, form)
        assert not foreign(file, title)
        assert not foreign(of_run(tmp_path / "begun.nc", title, form, records=0), title)
        for other in set(TITLES) - {title}:
            with pytest.raises(OutputError, match=rf"but of another kind \({title}\), "):
                require_no_foreign(file, "it", other)


@pytest.mark.parametrize("attribute", ["history", "CDO", "NCO"])
def test_what_another_program_has_made_of_a_history_is_somebodys(attribute, tmp_path):
    edited = of_run(tmp_path / "edited.nc", HISTORY_TITLE, **{attribute: "mean over time"})
    assert foreign(edited, HISTORY_TITLE)
    assert foreign(netcdf(tmp_path / "mean.nc", title=HISTORY_TITLE), HISTORY_TITLE)


def test_what_xarray_has_made_of_a_history_is_somebodys(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run.nml").write_text(NAMELIST + "&ngcm_history file = 'h.nc' /")
    for hours in range(2):  # the second replaces a history without a record
        with Component.create("run.nml") as component:
            grid = component.grid
            for name in ("sea_surface_temperature", "sea_ice_area_fraction"):
                component.put(name, np.full(grid.size, 280.0 if "sea_s" in name else 0.0))
            if hours:
                component.advance()
    assert not foreign(tmp_path / "h.nc", HISTORY_TITLE)
    with xarray.open_dataset("h.nc") as history:
        history.isel(time=[0]).to_netcdf("x.nc")
    assert (
        foreign(tmp_path / "x.nc", HISTORY_TITLE) == "what another program has made of a run's file"
    )


def test_what_netcdf_does_not_see_is_somebodys_all_the_same(tmp_path, monkeypatch):
    """A file of HDF5 alone, in which netCDF finds nothing, has not been made by it."""
    file = tmp_path / "tables.h5"
    with import_netcdf4().Dataset(file, "w") as dataset:
        dataset.createDimension("x", 2)
    assert not foreign(file, HISTORY_TITLE)
    contents = file.read_bytes()
    file.write_bytes(contents + bytes(20000))
    assert foreign(file, HISTORY_TITLE)
    file.write_bytes(contents)
    monkeypatch.setattr("ngcm_coupler.files.foreign._PROPERTIES", b"_MyProperties")
    assert foreign(file, HISTORY_TITLE)


HOLD = """
import sys
from ngcm_coupler.files.netcdf import import_netcdf4
with import_netcdf4().Dataset(sys.argv[1], "a"):
    print("open", flush=True)
    input()
"""

BEGIN = """
import os, sys
from ngcm_coupler.files.netcdf import import_netcdf4
file = import_netcdf4().Dataset(sys.argv[1], "w", format=sys.argv[2])
if sys.argv[3] != "created":
    file.createDimension("x", 2)
os._exit(9)
"""


@pytest.mark.parametrize("form", FORMS)
def test_a_file_that_was_killed_as_it_began_may_be_replaced(form, tmp_path):
    for stage in ("created", "defined"):
        file = tmp_path / stage
        done = subprocess.run([sys.executable, "-c", BEGIN, file, form, stage], check=False)
        assert done.returncode == 9 and file.exists()
        assert not foreign(file, RESTART_TITLE)


def test_names_of_no_file_are_nobodys_and_what_may_not_be_read_is_somebodys(tmp_path, monkeypatch):
    assert not foreign(tmp_path / ("n" * 300), HISTORY_TITLE)
    assert not foreign(tmp_path / "a\0b", HISTORY_TITLE)
    (tmp_path / "shut").touch()

    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr(type(tmp_path), "open", refuse)  # tests may run as root, whom none refuses
    assert foreign(tmp_path / "shut", HISTORY_TITLE)


def test_bytes_and_groups_of_anybody_else_are_foreign(tmp_path):
    (tmp_path / "rain.bin").write_bytes(bytes(4096) + b"1 mm")
    (tmp_path / "dry.bin").write_bytes(bytes(65))
    with import_netcdf4().Dataset(tmp_path / "groups.nc", "w") as file:
        file.createGroup("mine").title = "all that I have"
    for name in ("rain.bin", "dry.bin", "groups.nc"):
        assert foreign(tmp_path / name, HISTORY_TITLE), name


def test_a_file_that_a_program_writes_is_somebodys(tmp_path):
    file = netcdf(tmp_path / "open.nc", title=RESTART_TITLE)
    assert not foreign(file, RESTART_TITLE)
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, file], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout.readline() == b"open\n"
        assert foreign(file, RESTART_TITLE) == "a file that another program has open"
        assert not foreign(file, HISTORY_TITLE), "of which claims tell"
        holder.communicate(b"\n")
    assert not foreign(file, RESTART_TITLE)


def test_an_attribute_that_python_does_not_know_is_somebody_elses(tmp_path):
    file = netcdf(tmp_path / "blob.nc")
    with import_netcdf4().Dataset(file, "a") as dataset:
        compound = dataset.createCompoundType([("a", "i4")], "pair")
        dataset.setncattr("pair", np.zeros(1, compound.dtype))
    assert foreign(file, RESTART_TITLE)


def test_files_of_the_ocean_are_known_by_their_form_alone(tmp_path):
    text = "&oasis_ocean output_file = '{}' /".format
    assert not [*foreign_conflicts(parse(text(netcdf(tmp_path / "ocean.nc"))))]
    (conflict,) = foreign_conflicts(parse(text(notes(tmp_path / "notes"))))
    assert "is a file that no run has written" in conflict.message


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("&ngcm_history file = 'h_{date}.nc' /", "h_2000-01-01T000000.nc"),
        ("&ngcm_history file = 'h_{period}.nc', file_period = 'year' /", "h_2000.nc"),
        ("&ngcm_history file = 'h_{period}.nc', file_period = 'year' /", "h_2007.nc"),
        ("&ngcm_recording file = 'h_{member}.nc' / &ngcm_ensemble members = 2 /", "h_001.nc"),
    ],
)
def test_names_that_a_run_makes_are_looked_at_before_it_begins(text, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = notes(tmp_path / name).read_text()
    (tmp_path / "run.nml").write_text(NAMELIST + text)
    with pytest.raises(OutputError, match=f"{name}' is a file that no run has written"):
        Component.create("run.nml")
    assert (tmp_path / name).read_text() == before


def test_names_that_no_period_comes_to_are_nobodys_business(tmp_path):
    for name in ("h_1950.nc", "h_1950-01.nc", "h_195001.nc", "h_19500.nc", "h_1950-01.nc.bak"):
        (tmp_path / name).touch()
    for period, name in (("year", "h_1950.nc"), ("month", "h_1950-01.nc")):
        assert [*of_periods(f"{tmp_path}/h_{{period}}.nc", period)] == [tmp_path / name]
    with pytest.raises(OutputError, match=r"its folder cannot be looked through \(.*No such file"):
        list(of_periods(f"{tmp_path}/none/h_{{period}}.nc", "year"))


def test_a_restart_of_a_host_replaces_its_like_alone(tmp_path):
    (tmp_path / "run.nml").write_text(NAMELIST)
    before = notes(tmp_path / "notes").read_text()
    with Component.create(tmp_path / "run.nml") as component:
        component.write_restart(tmp_path / "restart.nc")
        component.write_restart(tmp_path / "restart.nc")
        with pytest.raises(OutputError, match=r"notes'\): this is a file that no run has written"):
            component.write_restart(tmp_path / "notes")
    assert (tmp_path / "notes").read_text() == before
