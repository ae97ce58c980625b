"""The command ``ngcm-coupler check``, and the command line around it."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from grid_writers import write_scrip
from project import ROOT

from ngcm_coupler.cli import fields, main
from ngcm_coupler.cli.check import summary
from ngcm_coupler.config import GROUPS, parse
from ngcm_coupler.config.keys import keys
from ngcm_coupler.engine import engine_of, load
from ngcm_coupler.engine.neuralgcm.initial_state import demo_path
from ngcm_coupler.files.netcdf import open_dataset
from ngcm_coupler.output.file_names import lost_faults
from ngcm_coupler.output.restart.files import write_restart
from ngcm_coupler.regrid import SurfaceGrid

QUICK = """
import sys
from ngcm_coupler.cli import main
try:
    code = main(sys.argv[1:])
except SystemExit as stop:
    code = stop.code
slow = {"jax", "neuralgcm", "dinosaur", "xarray"} & set(sys.modules)
sys.exit(f"imported {slow}" if slow else code)
"""


@pytest.fixture
def namelist(tmp_path, monkeypatch):
    """Writes a namelist into the working directory and returns its name."""
    monkeypatch.chdir(tmp_path)

    def write(text):
        (tmp_path / "run.nml").write_text(text)
        return "run.nml"

    return write


def test_a_sound_analytic_namelist_is_summarised(namelist, capsys):
    text = "&ngcm_model engine = 'analytic' / &ngcm_history file = 'out.nc' /"
    assert main(["check", namelist(text)]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out == (
        "run.nml: ok\n"
        "  atmosphere  analytic, 64 x 32 points, step 1800 s\n"
        "  start       2000-01-01T00:00:00\n"
        "  interval    3600 s\n"
        "  imports     sea_surface_temperature, sea_ice_area_fraction\n"
        "  history     'out.nc'\n"
    )


def test_the_published_demo_checkpoint_is_sound(namelist, capsys):
    assert main(["check", namelist("")]) == 0
    out = capsys.readouterr().out
    assert "atmosphere  neuralgcm, checkpoint 'demo'" in out
    assert "start       time of the initial state 'demo'" in out
    assert "history     none" in out


def test_every_fault_is_printed_on_a_line_and_counted(namelist, capsys):
    text = "&ngcm_log\n level = 'loud'\n/\n&ngcm_modl /\n"
    assert main(["check", namelist(text)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        "run.nml:2: &ngcm_log level = 'loud' is none of 'debug', 'info', 'warning', 'error'\n"
        "run.nml:4: there is no group &ngcm_modl; did you mean &ngcm_model?\n"
        "2 faults\n"
    )


def test_a_missing_namelist_is_one_fault(capsys, tmp_path):
    assert main(["check", str(tmp_path / "no.nml")]) == 1
    err = capsys.readouterr().err
    assert (
        err == f"{tmp_path}/no.nml: cannot read the namelist: No such file or directory\n1 fault\n"
    )


def test_the_step_comes_from_the_checkpoint(namelist, capsys):
    text = "&ngcm_coupling\n interval_seconds = 5400\n/\n"
    assert main(["check", namelist(text)]) == 1
    assert capsys.readouterr().err == (
        "run.nml:2: &ngcm_coupling interval_seconds = 5400 is not a multiple of the model step "
        "3600; use 3600 or 7200\n1 fault\n"
    )


def test_what_looks_wrong_is_said_beside_what_is(namelist, capsys):
    text = "&ngcm_coupling\n interval_seconds = 5400\n/\n&slab_ice surface_layer_m = 0.2 /\n"
    assert main(["check", namelist(text)]) == 1
    warning, fault, count = capsys.readouterr().err.splitlines()
    assert warning.startswith("warning: run.nml:4: &slab_ice surface_layer_m = 0.2 is without eff")
    assert fault.startswith("run.nml:2: ") and count == "1 fault"


@pytest.mark.parametrize(
    ("key", "fault"),
    [
        ("coarsening = 3", "coarsening = 3 does not divide the grid of 128 columns and 64 rows"),
        ("interval_seconds = 5400", "interval_seconds = 5400 is not a multiple of the model step"),
    ],
)
def test_spectra_that_do_not_fit_the_checkpoint_are_a_fault(namelist, capsys, key, fault):
    text = f"&ngcm_radiation\n scheme = 'rrtmgp'\n {key}\n/\n"
    assert main(["check", namelist(text)]) == 1
    assert f"run.nml:3: &ngcm_radiation {fault}" in capsys.readouterr().err


def test_the_step_of_a_model_that_was_not_meant_is_not_held_against_the_interval(namelist, capsys):
    text = "&ngcm_model engine = 'analytc' / &ngcm_coupling interval_seconds = 1800 /"
    assert main(["check", namelist(text)]) == 1
    assert capsys.readouterr().err.endswith("; did you mean 'analytic'?\n1 fault\n")


def test_a_checkpoint_that_is_none_is_a_fault_beside_the_others(namelist, capsys, tmp_path):
    (tmp_path / "model.pkl").write_text("no checkpoint")
    text = "&ngcm_log level = 1 /\n&ngcm_model\n checkpoint = 'model.pkl' /"
    assert main(["check", namelist(text)]) == 1
    level, checkpoint, count = capsys.readouterr().err.splitlines()
    assert level.startswith("run.nml:1: &ngcm_log level = 1 is not a string")
    assert checkpoint.startswith("run.nml:3: &ngcm_model checkpoint: model.pkl: ")
    assert count == "2 faults"


def test_a_missing_checkpoint_is_reported_once(namelist, capsys):
    assert main(["check", namelist("&ngcm_model checkpoint = 'no.pkl' /")]) == 1
    assert capsys.readouterr().err.endswith("\n1 fault\n")


def test_checking_writes_nothing(namelist, tmp_path):
    assert main(["check", namelist("&ngcm_history file = 'out.nc' /")]) == 0
    assert [file.name for file in tmp_path.iterdir()] == ["run.nml"]


@pytest.mark.parametrize(
    "arguments", [["check", str(ROOT / "namelists/demo.nml")], ["--help"], ["fields"]]
)
def test_check_and_help_import_nothing_slow(arguments, tmp_path):
    command = [sys.executable, "-c", QUICK, *arguments]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


POINTERS = {
    "&ngcm_model initial_state": "&ngcm_model\n initial_state = 'odd.nc' /",
    "&ngcm_model checkpoint": "&ngcm_model\n checkpoint = 'odd.nc' /",
    "&ngcm_grid sea_grid_file": "&ngcm_grid\n sea_grid_file = 'odd.nc' /",
    "&ngcm_restart read_file": "&ngcm_restart\n read_file = 'odd.nc' /",
    "&oasis_ocean read_file": "&oasis_ocean\n read_file = 'odd.nc' /",
}


@pytest.mark.parametrize("key", POINTERS)
@pytest.mark.parametrize("contents", [b"text\n", b"CDF\x01", None])
def test_every_file_that_a_namelist_points_to_is_opened(key, contents, namelist, tmp_path, capsys):
    if contents is None:
        with open_dataset(tmp_path / "odd.nc", "w") as file:
            file.title = "a netCDF file of nothing"
    else:
        (tmp_path / "odd.nc").write_bytes(contents)
    assert main(["check", namelist(POINTERS[key])]) == 1
    out, err = capsys.readouterr()
    fault, count = err.splitlines()
    assert (out, count) == ("", "1 fault")
    assert fault.startswith(f"run.nml:2: {key}: ") and "odd.nc" in fault and len(fault) < 700


def test_a_sea_that_lies_elsewhere_is_a_fault_of_its_key(namelist, tmp_path, capsys):
    """The demo's own sea, and the same with the poles exchanged."""
    facts = engine_of(parse("&ngcm_model /")).facts(parse("&ngcm_model /"))
    atmosphere, land = facts.grid, facts.land_area_fraction
    text = "&ngcm_grid\n sea_grid_file = 'scrip.nc'\n/"
    for sea, code in ((land < 0.5, 0), ((land < 0.5).reshape(64, 128)[::-1].reshape(-1), 1)):
        grid = SurfaceGrid(
            "ocean", (128, 64), atmosphere.longitude, atmosphere.latitude,
            atmosphere.corner_longitude, atmosphere.corner_latitude, sea,
        )  # fmt: skip
        write_scrip(tmp_path, grid=grid)
        assert main(["check", namelist(text)]) == code
    fault, count = capsys.readouterr().err.splitlines()[-2:]
    assert count == "1 fault" and "run.nml:2: &ngcm_grid sea_grid_file: " in fault
    assert "north" in fault, fault


def spoilt_state(folder, name, change, **attributes):
    """The demo's state with one variable of another kind."""
    file = folder / "state.nc"
    file.write_bytes(demo_path().read_bytes())
    with open_dataset(file, "a") as data:
        data[name][...] = change(data[name][...])
        data[name].setncatts(attributes)
    return "&ngcm_model\n initial_state = 'state.nc'\n/\n&ngcm_run start_date = '1959-01-02' /"


def test_a_state_of_other_units_is_a_fault_of_its_variable(namelist, tmp_path, capsys):
    text = spoilt_state(tmp_path, "temperature", lambda v: v - 273.15, units="degC")
    assert main(["check", namelist(text)]) == 1
    assert (
        "run.nml:2: &ngcm_model initial_state: initial state state.nc: variable 'temperature'"
        in (capsys.readouterr().err)
    )
    text = spoilt_state(tmp_path, "geopotential", lambda v: v / 9.80665)
    assert main(["check", namelist(text)]) == 1
    assert "'geopotential' and 'temperature' do not go together" in capsys.readouterr().err
    assert main(["check", namelist(spoilt_state(tmp_path, "temperature", lambda v: v))]) == 0


def test_a_date_that_the_state_does_not_hold_is_a_fault(namelist, capsys):
    assert main(["check", namelist("&ngcm_run start_date = '1959-01-02' /")]) == 0
    capsys.readouterr()
    assert main(["check", namelist("&ngcm_run start_date = '1959-01-03' /")]) == 1
    err = capsys.readouterr().err
    assert "start_date 1959-01-03T00:00:00 is not in the file, which holds 1959-01-02" in err


ANALYTIC = "&ngcm_model engine = 'analytic' analytic_latitudes = 8 /\n"


def test_a_key_without_effect_is_a_warning(namelist, capsys):
    file = namelist(ANALYTIC + "&ngcm_radiation carbon_dioxide_ppm = 560 /\n")
    assert main(["check", file]) == 0
    assert capsys.readouterr().err == (
        f"warning: {file}:2: &ngcm_radiation carbon_dioxide_ppm = 560.0 is without effect:"
        " &ngcm_radiation scheme = 'grey' does not read it; take it out, or give scheme ="
        " 'rrtmgp'\n"
    )


def test_a_restart_of_another_run_is_a_fault(namelist, tmp_path, capsys):
    text = ANALYTIC + "&ngcm_restart\n read_file = 'r.nc'\n/\n"
    (tmp_path / "r.nc").touch()
    config = load(namelist(text))
    identity = {
        "calendar": "proleptic_gregorian", "members": ["0"], "grid": "16x8", "step_seconds": 1800,
        "imports": list(config.coupling.imports),
    }  # fmt: skip
    header = {
        "identity": identity, "configuration": config.resolved_text(), "environment": {},
        "start": "2000-01-01T00:00:00", "date": "2000-01-02T00:00:00", "elapsed_seconds": 86400,
        "budgets": [], "put_at": [], "has_means": False,
    }  # fmt: skip

    def checked(text, **changes):
        write_restart(
            "r.nc", header | changes, dict.fromkeys(("imports", "exports"), np.zeros(2, "f4"))
        )
        code = main(["check", namelist(text)])
        return code, capsys.readouterr().err

    assert checked(text) == (0, "")
    code, err = checked(text, identity=identity | {"grid": "32x16"})
    assert code == 1 and "run.nml:3: &ngcm_restart read_file: restart file r.nc belongs to" in err
    assert "its grid is 32x16, this run's is 16x8" in err
    code, err = checked(text + "&ngcm_run start_date = '2001-01-01' /")
    assert code == 1 and "continues a run that began at 2000-01-01T00:00:00" in err
    code, err = checked(text.replace("= 8", "= 8, random_seed = 7"))
    assert code == 1 and "random_seed" in err and "branch = .true." in err
    code, err = checked(text + "&ngcm_run stop_date = '1999-01-01' /")
    assert code == 1 and "stop_date = '1999-01-01' is not after the start of the run, 2000" in err
    code, err = checked(text, identity=None)
    assert code == 1 and "&ngcm_restart read_file: restart file r.nc" in err
    files = "&ngcm_history\n file = 'h.nc'\n budget_file = 'b_{date}.nc'\n/\n"
    assert checked(text + files) == (0, "")
    for name in ("h.nc", "b_{date}.nc"):
        (tmp_path / name).touch()
    code, err = checked(text + files)
    assert code == 1 and err == (
        "run.nml:6: &ngcm_history file = 'h.nc' exists, and this run continues another: its records"
        " would be lost; put {date} in the name, for the date at which a segment begins\n1 fault\n"
    )
    assert checked(text + files, elapsed_seconds=0) == (0, "")
    members = (
        "&ngcm_ensemble members = 2, first_member = 3 /\n"
        "&ngcm_history budget_file = 'b_{member}.nc' /"
    )
    (tmp_path / "b_005.nc").touch()  # none of this run's
    own = list(lost_faults(parse(members, "run.nml")))
    (tmp_path / "b_004.nc").touch()
    assert not own
    ((key, fault),) = lost_faults(parse(members, "run.nml"))
    assert str(key) == "&ngcm_history budget_file" and "'b_004.nc' exists" in fault


def test_a_chain_that_would_end_before_its_initial_state_is_a_fault(namelist, capsys):
    assert main(["check", namelist("&ngcm_run\n stop_date = '1959-01-02' /")]) == 1
    assert capsys.readouterr().err.startswith(
        "run.nml:2: &ngcm_run stop_date = '1959-01-02' is not after the start of the run, 1959-"
    )


def test_the_start_is_that_of_a_restart_only_where_there_is_one(namelist, tmp_path, capsys):
    text = namelist(ANALYTIC + "&ngcm_restart folder = 'restarts', read_file = 'restarts' /")
    assert main(["check", text]) == 0
    assert "  start       2000-01-01T00:00:00\n" in capsys.readouterr().out
    (tmp_path / "restarts").mkdir()
    (tmp_path / "restarts/restart_2000-01-02T000000.nc").touch()
    dated = parse(ANALYTIC + "&ngcm_run start_date = '1990-01-01' /"
                  "&ngcm_restart folder = 'restarts', read_file = 'restarts' /")  # fmt: skip
    assert "  start       restart 'restarts'\n" in summary(dated)


def test_hours_that_no_record_holds_are_warned_of(namelist, capsys):
    text = ANALYTIC + "&ngcm_history file = 'h.nc', interval_hours = 5 /\n"
    driver = "&ngcm_driver run_hours = 12 /\n"
    assert main(["check", namelist(text + driver)]) == 0
    assert capsys.readouterr().err == (
        "warning: &ngcm_history interval_hours = 5 does not divide &ngcm_driver run_hours = 12: the"
        " last 2 h are in no record\n"
    )
    for sound in (
        text,  # of a host, whose run may be longer
        text + driver.replace("12", "15"),
        text + driver + "&ngcm_restart folder = 'r' /",  # by which the next run goes on
    ):
        assert main(["check", namelist(sound)]) == 0
        assert capsys.readouterr().err == ""


def test_no_command_ends_with_a_traceback(monkeypatch, capsys):
    def broken(_):
        raise RuntimeError("of forty lines\n" * 40)

    monkeypatch.setattr(fields, "_run", broken)
    assert main(["fields"]) == 1
    err = capsys.readouterr().err
    assert err.startswith("ngcm-coupler: unexpected RuntimeError: of forty lines of forty")
    assert "please report" in err and err.count("\n") == 1 and len(err) < 1000


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_the_description_holds_every_group_key_and_meaning(form, capsys):
    assert main(["check", "--describe", "--format", form]) == 0
    out = capsys.readouterr().out
    for group, cls in GROUPS.items():
        assert f"&{group}" in out
        for name, key in keys(cls).items():
            assert name in out
            assert key.doc in out
            assert key.allowed in out


def test_the_reference_in_the_documentation_is_up_to_date(capsys):
    assert main(["check", "--describe", "--format", "markdown"]) == 0
    remedy = "ngcm-coupler check --describe --format markdown > docs/namelists.md"
    assert (ROOT / "docs/namelists.md").read_text() == capsys.readouterr().out, remedy


@pytest.mark.parametrize(
    "arguments", [[], ["chek"], ["check"], ["check", "a.nml", "--describe"], ["check", "--form"]]
)
def test_wrong_usage_exits_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert "usage: ngcm-coupler" in capsys.readouterr().err
