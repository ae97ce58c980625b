"""What no run has written is not lost to one that has its name."""

from __future__ import annotations

import pytest

from ngcm_coupler.component import Component
from ngcm_coupler.engine import parse
from ngcm_coupler.errors import ConfigError, OutputError
from ngcm_coupler.files.foreign import is_foreign
from ngcm_coupler.files.netcdf import import_netcdf4

NAMELIST = "&ngcm_model engine = 'analytic', analytic_latitudes = 8 /\n"
KEYS = ["ngcm_history file", "ngcm_history budget_file", "ngcm_recording file",
        "ngcm_restart write_file"]  # fmt: skip


def netcdf(path, kind="NETCDF4", **attributes):
    with import_netcdf4().Dataset(path, "w", format=kind) as file:
        file.setncatts(attributes)
        file.createDimension("x", 2)
    return path


@pytest.mark.parametrize("key", KEYS)
def test_a_file_of_another_kind_is_refused_at_once(key, tmp_path):
    file = tmp_path / "mine"
    for write in (lambda: file.write_text("a page of notes"), lambda: netcdf(file, title="ERA5")):
        write()
        before = file.read_bytes()
        with pytest.raises(ConfigError) as raised:
            parse(f"&{key} = '{file}' /")
        assert raised.value.faults == [
            f"namelist:1: &{key} = '{file}' is a file that no run has written, and would be lost;"
            " move it away, or give another name"
        ]
        assert file.read_bytes() == before


@pytest.mark.parametrize("kind", ["NETCDF4", "NETCDF3_64BIT_DATA"])
def test_what_a_run_leaves_may_be_replaced(kind, tmp_path):
    empty, damaged = tmp_path / "empty", tmp_path / "damaged"
    empty.touch()
    damaged.write_bytes(netcdf(tmp_path / "other", kind).read_bytes()[:40])
    ours = netcdf(tmp_path / "ours", kind, ngcm_coupler_version="0.1.0")
    for file in (empty, damaged, ours, netcdf(tmp_path / "restart", kind, title="ngcm_coupler r")):
        assert not is_foreign(file)
        for key in KEYS:
            parse(f"&{key} = '{file}' /")


def test_files_of_the_ocean_are_known_by_their_form_alone(tmp_path):
    parse(f"&oasis_ocean output_file = '{netcdf(tmp_path / 'ocean.nc')}' /")
    (tmp_path / "notes").write_text("a page of notes")
    with pytest.raises(ConfigError, match="no run has written"):
        parse(f"&oasis_ocean output_file = '{tmp_path / 'notes'}' /")


@pytest.mark.parametrize(
    "text",
    [
        "&ngcm_history file = 'h_{date}.nc' /",
        "&ngcm_history file = 'h_{period}.nc', file_period = 'year' /",
        "&ngcm_recording file = 'h_{member}.nc' / &ngcm_ensemble members = 2 /",
    ],
)
def test_names_that_the_run_makes_are_looked_at_when_they_are_made(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    kept = {tmp_path / f"h_{name}.nc" for name in ("2000-01-01T000000", "2000", "001")}
    for file in kept:
        file.write_text("a page of notes")
    (tmp_path / "run.nml").write_text(NAMELIST + text)
    with pytest.raises(OutputError, match="is a file that no run has written, and would be lost"):
        Component.create("run.nml")
    assert {file.read_text() for file in kept} == {"a page of notes"}


def test_a_restart_of_a_host_replaces_its_like_alone(tmp_path):
    (tmp_path / "run.nml").write_text(NAMELIST)
    (tmp_path / "notes").write_text("a page of notes")
    with Component.create(tmp_path / "run.nml") as component:
        component.write_restart(tmp_path / "restart.nc")
        component.write_restart(tmp_path / "restart.nc")
        with pytest.raises(OutputError, match=r"notes'\): this is a file that no run has written"):
            component.write_restart(tmp_path / "notes")
    assert (tmp_path / "notes").read_text() == "a page of notes"
