"""Configurations: what is read, what is refused, and what is said of it."""

from __future__ import annotations

import dataclasses
import os

import f90nml
import pytest
from project import ROOT

from ngcm_coupler.config import (
    GROUPS,
    Config,
    Conflict,
    Where,
    driver_faults,
    multiple_of_step_fault,
)
from ngcm_coupler.config.model_groups import REQUIRED_IMPORTS, Coupling
from ngcm_coupler.config.program_groups import Driver
from ngcm_coupler.engine import load, parse
from ngcm_coupler.errors import ConfigError
from ngcm_coupler.fields import IMPORTS

ANALYTIC = "&ngcm_model engine = 'analytic' /\n"
EXAMPLES = sorted(ROOT.glob("namelists/*.nml"))


def faults(text, *rules):
    with pytest.raises(ConfigError) as refusal:
        parse(text, "test.nml", *rules)
    return refusal.value.faults


def test_an_empty_namelist_gives_the_defaults():
    assert parse("") == Config()


def test_every_group_and_key_reaches_the_configuration(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("model.pkl", "era5.nc", "restart.nc"):
        (tmp_path / name).touch()
    config = parse("""
        &ngcm_run start_date = '1990-02-03T06:00:00' /
        &ngcm_model engine = 'neuralgcm' checkpoint = 'model.pkl' initial_state = 'era5.nc'
          random_seed = 7 /
        &ngcm_coupling interval_seconds = 7200, max_import_age_seconds = 0,
          imports = 'sea_ice_area_fraction', 'sea_surface_temperature',
                    'sea_water_x_velocity', 'sea_water_y_velocity' /
        &ngcm_surface bulk_scheme = 'coare3p6' /
        &ngcm_device platform = 'cpu' /
        &ngcm_history file = 'out.nc' /
        &ngcm_restart read_file = 'restart.nc' /
        &ngcm_log level = 'debug' /
        &ngcm_driver run_hours = 48 /
        &slab_ocean time_step_seconds = 3600 mixed_layer_depth_m = 30
          relaxation_time_days = 2.5d0 /
    """)
    assert config.run.start_date == "1990-02-03T06:00:00"
    assert config.model.checkpoint == "model.pkl"
    assert config.model.initial_state == "era5.nc"
    assert config.model.random_seed == 7
    assert config.coupling.interval_seconds == 7200
    assert config.coupling.max_import_age_seconds == 0
    assert config.coupling.imports[0] == "sea_ice_area_fraction"
    assert config.surface.bulk_scheme == "coare3p6"
    assert config.device.platform == "cpu"
    assert config.history.file == "out.nc"
    assert config.restart.read_file == "restart.nc"
    assert config.log.level == "debug"
    assert config.driver.run_hours == 48
    assert dataclasses.astuple(config.slab_ocean) == (3600, 30.0, 2.5)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_every_example_is_sound_and_says_how_to_run_it(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "orca2").mkdir()
    (tmp_path / "orca2" / "grids.nc").touch()  # `make oasis` unpacks it
    config = load(str(path))
    assert driver_faults(config) == []
    assert f"ngcm-coupler run namelists/{path.name}" in path.read_text()


def test_the_resolved_text_gives_the_same_configuration_back():
    text = ANALYTIC + "&ngcm_coupling interval_seconds = 1800 / &slab_ocean /\n"
    config = parse(text)
    assert parse(config.resolved_text()) == config


def test_the_resolved_text_holds_every_group_and_key_for_any_reader():
    resolved = f90nml.reads(Config().resolved_text()).todict()
    assert list(resolved) == list(GROUPS)
    for name, cls in GROUPS.items():
        assert list(resolved[name]) == [field.name for field in dataclasses.fields(cls)]


def test_a_configuration_is_immutable_and_hashable():
    config = Config()
    assert hash(config) == hash(parse(""))
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.coupling.interval_seconds = 1  # pyright: ignore


def test_all_faults_come_at_once_in_the_order_of_their_lines():
    found = faults(
        "&ngcm_copling\n/\n&ngcm_model\n engin = 'x'\n random_seed = -1\n/\n"
        "&ngcm_run start_date = 'today' /\n&ngcm_log\n level = 'loud'\n"
    )
    assert [fault.split(": ")[0] for fault in found] == [
        f"test.nml:{line}" for line in (1, 4, 5, 7, 8, 9)
    ]


def test_an_unknown_key_is_told_the_nearest_one():
    assert faults("&ngcm_coupling\n interval_second = 1\n/") == [
        "test.nml:2: &ngcm_coupling has no key interval_second; did you mean interval_seconds?"
    ]


def test_an_unknown_key_like_no_other_is_told_all_keys():
    assert faults("&ngcm_log colour = 1 /") == [
        "test.nml:1: &ngcm_log has no key colour; its keys are level, format, hours_per_line"
    ]


def test_an_element_of_a_list_cannot_be_set_alone():
    assert faults("&ngcm_coupling imports(1) = 'sea_surface_temperature' /") == [
        "test.nml:1: &ngcm_coupling has no key imports(1); "
        "give the whole list at once, without an index"
    ]


def test_an_unknown_group_of_the_plugin_is_told_the_nearest_one():
    assert faults("&ngcm_modell /") == [
        "test.nml:1: there is no group &ngcm_modell; did you mean &ngcm_model?"
    ]


def test_an_unknown_group_of_the_plugin_like_no_other_is_told_all_groups():
    (fault,) = faults("&ngcm_qqqqqqqqqqqqqqqqqqqqqq /")
    assert fault.startswith(
        "test.nml:1: there is no group &ngcm_qqqqqqqqqqqqqqqqqqqqqq; the groups"
    )
    assert all(f"&{name}" in fault for name in GROUPS)


def test_groups_of_the_host_are_left_alone():
    text = """
      &namrun nn_it000 = 1, cn_exp = 'ORCA2' nn_it000 = 2
      &namsbc sn_wndi = 'u_10', 6., 'U', .true., 3*0 x(1)%y = (1., 2.) cn = 'it /
      &namrun /
      &ngcm_log level = 'debug' /
    """
    assert parse(text).log.level == "debug"


@pytest.mark.parametrize("name", ["slab_ocaen", "gcm_model", "ncgm_run", "slabocean"])
def test_a_group_of_the_host_that_looks_like_one_of_ours_is_a_fault(name):
    (fault,) = faults(f"&{name} /")
    assert fault.startswith(f"test.nml:1: there is no group &{name}; did you mean &")


def test_a_group_given_twice_is_a_fault():
    assert faults("&ngcm_log /\n&ngcm_log level = 'debug' /") == [
        "test.nml:2: &ngcm_log stands twice, first on line 1; join the two"
    ]


def test_faults_of_form_and_of_value_come_together():
    assert faults("&ngcm_log\n level = 'loud'\n level = 'info'\n") == [
        "test.nml:1: &ngcm_log is not ended by a / before the end of the file",
        "test.nml:2: &ngcm_log level = 'loud' is none of 'debug', 'info', 'warning', 'error'",
        "test.nml:3: &ngcm_log level is set twice, first on line 2; keep one",
    ]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_what_is_not_the_default_is_the_whole_configuration(path):
    config = parse(path.read_text(), with_files=False)
    changed = config.changed_text()
    assert parse(changed, with_files=False) == config
    assert len(changed.splitlines()) < 0.4 * len(config.resolved_text().splitlines())


def test_a_configuration_of_defaults_has_nothing_that_is_not():
    assert parse("").changed_text() == ""


def test_names_and_logical_layout_follow_fortran():
    assert parse("$NGCM_LOG Level = 'debug   ' $END").log.level == "debug"


@pytest.mark.parametrize("date", ["1959-02-03", "2000-02-29T23:59:59", "0001-01-01"])
def test_iso_dates_are_taken(date):
    assert parse(f"&ngcm_run start_date = '{date}' /").run.start_date == date


@pytest.mark.parametrize(
    ("date", "problem"),
    [
        ("1959-01-32", "is no date of the calendar: day must be in 1..31"),
        ("2000-13-01", "is no date of the calendar: month must be in 1..12"),
        ("2000-01-01T24:00:00", "is no date of the calendar: hour must be in 0..23"),
        ("0000-01-01", "is no date of the calendar: year 0 is out of range 1 to 9999"),
        ("01/02/2000", "is not of the form YYYY-MM-DDTHH:MM:SS"),
        ("2000-01-01 00:00:00", "is not of the form YYYY-MM-DDTHH:MM:SS"),
        ("2000-01-01T00:00:00Z", "is not of the form YYYY-MM-DDTHH:MM:SS"),
        ("20000101", "is not of the form YYYY-MM-DDTHH:MM:SS"),
    ],
)
def test_other_dates_are_faults(date, problem):
    (fault,) = faults(f"&ngcm_run start_date = '{date}' /")
    assert fault.startswith(f"test.nml:1: &ngcm_run start_date = '{date}' {problem}; allowed: ")


@pytest.mark.parametrize(
    ("calendar", "date", "days"),
    [
        ("proleptic_gregorian", "1900-02-29", 28),
        ("proleptic_gregorian", "2000-02-30", 29),
        ("noleap", "2000-02-29", 28),
        ("360_day", "2001-01-31", 30),
    ],
)
def test_dates_are_those_of_the_calendar(calendar, date, days):
    (fault,) = faults(f"&ngcm_run calendar = '{calendar}' start_date = '{date}' /")
    assert f"start_date = '{date}' is no date of the calendar" in fault
    assert f"has {days} days in {calendar}; give another date or &ngcm_run calendar" in fault


@pytest.mark.parametrize(
    ("calendar", "date"), [("360_day", "2001-02-30"), ("proleptic_gregorian", "2000-02-29")]
)
def test_leap_days_are_taken_where_the_calendar_has_them(calendar, date):
    run = parse(f"&ngcm_run calendar = '{calendar}' start_date = '{date}' /").run
    assert (run.calendar, run.start_date) == (calendar, date)


def test_a_chain_of_runs_ends_after_it_starts():
    dates = "start_date = '2000-03-01' stop_date = '2000-02-30'"
    (fault,) = faults(f"&ngcm_run calendar = '360_day' {dates} /")
    assert "stop_date = '2000-02-30' is not after &ngcm_run start_date = '2000-03-01'" in fault


def test_a_chain_of_runs_ends_after_its_engine_starts(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = ANALYTIC + "&ngcm_run\n stop_date = '{}' /"
    for date in ("1999-06-01", "2000-01-01"):
        assert faults(text.format(date)) == [
            f"test.nml:3: &ngcm_run stop_date = '{date}' is not after the start of the run,"
            " 2000-01-01T00:00:00; give a later one"
        ]
    parse(text.format("2000-01-02"))
    (tmp_path / "r.nc").touch()  # of a run that has begun earlier
    parse(text.format("1999-06-01") + "&ngcm_restart read_file = 'r.nc' /")


def test_odd_latitudes_are_a_fault():
    (fault,) = faults("&ngcm_model analytic_latitudes = 33 /")
    assert fault.endswith("analytic_latitudes = 33 is odd; allowed: 8 to 1024; even")


@pytest.mark.parametrize(
    ("interval", "step", "remedy"),
    [(2700, 3600, "3600 or 7200"), (5000, 3600, "3600 or 7200"), (9000, 3600, "7200 or 10800")],
)
def test_an_interval_of_broken_model_steps_is_told_its_neighbours(interval, step, remedy):
    assert multiple_of_step_fault(interval, step) == (
        f"&ngcm_coupling interval_seconds = {interval} is not a multiple of the model step {step}; "
        f"use {remedy}"
    )


def test_an_interval_of_whole_model_steps_is_no_fault():
    assert multiple_of_step_fault(7200, 3600) is None


def test_the_step_of_the_analytic_engine_is_known_before_it_runs():
    assert faults(ANALYTIC + "&ngcm_coupling\n interval_seconds = 2700 /") == [
        "test.nml:3: &ngcm_coupling interval_seconds = 2700 is not a multiple of the model step "
        "1800; use 1800 or 3600"
    ]


def test_a_slab_step_that_does_not_divide_the_interval_is_a_fault():
    assert faults("&slab_ocean\n time_step_seconds = 2400 /") == [
        "test.nml:2: &slab_ocean time_step_seconds = 2400 does not divide the coupling interval "
        "3600; use 1800"
    ]


@pytest.mark.parametrize(
    ("tile", "where", "layer"),
    [("sea_ice", "&slab_ice surface_layer_m", 0.1), ("land", "&bucket_land soil_layer_m", 0.2)],
)
def test_a_layer_that_would_oscillate_over_an_interval_is_a_fault(tile, where, layer):
    imports = [row.name for row in IMPORTS if row.surface == tile] + list(REQUIRED_IMPORTS)
    names = ", ".join(f"'{name}'" for name in imports)
    text = ANALYTIC + f"&ngcm_coupling interval_seconds = 10800, imports = {names} /\n"
    driver = "&ngcm_driver run_hours = 24 /\n"
    assert faults(text + driver) == [
        f"test.nml:2: {where} = {layer} is unstable with &ngcm_coupling interval_seconds = 10800; "
        f"use at least {3 * layer:g}"
    ]
    parse(text + driver + f"{where} = {3 * layer:g} /")
    parse(text)  # a host has layers of its own


def test_an_ocean_behind_oasis_need_not_fit_the_slabs_defaults():
    imports = [row.name for row in IMPORTS if row.surface == "sea_ice"] + list(REQUIRED_IMPORTS)
    names = ", ".join(f"'{name}'" for name in imports)
    text = ANALYTIC + f"&ngcm_coupling interval_seconds = 10800, imports = {names} /\n"
    text += "&ngcm_oasis exports = 'rainfall_flux' /\n&ngcm_driver run_hours = 24 /\n"
    (fault,) = driver_faults(parse(text))
    assert fault.startswith("&slab_ice surface_layer_m = 0.1 is unstable")
    assert faults(text + "&oasis_ocean block_points = 0 /")[0].endswith(fault)
    (broken,) = faults(text.replace("= 24", "= 25"))
    assert "&ngcm_driver run_hours = 25 is not a whole number of coupling intervals" in broken


def test_a_relaxation_of_less_than_a_day_is_a_fault():
    (fault,) = faults("&slab_ocean relaxation_time_days = 0.5 /")
    assert "relaxation_time_days = 0.5 is shorter than a day" in fault
    assert parse("&slab_ocean relaxation_time_days = 0 /").slab_ocean.relaxation_time_days == 0.0


def test_a_run_of_broken_intervals_is_a_fault():
    assert faults("&ngcm_driver run_hours = 25 / &ngcm_coupling interval_seconds = 21600 /") == [
        "test.nml:1: &ngcm_driver run_hours = 25 is not a whole number of coupling intervals of "
        "21600 s; use 24 or 30"
    ]


def test_a_host_without_the_drivers_groups_need_not_fit_the_drivers_defaults():
    config = parse("&ngcm_coupling interval_seconds = 5000 /")
    assert [fault.split(" = ")[0] for fault in driver_faults(config)] == [
        "&slab_ocean time_step_seconds",
        "&ngcm_driver run_hours",
    ]


def test_a_conflict_that_a_refused_value_would_bring_is_not_reported():
    text = ANALYTIC + "&ngcm_coupling interval_seconds = 2700 /\n"
    (fault,) = faults(text.replace("'analytic'", "'analytic' analytic_step_seconds = 0"))
    assert "analytic_step_seconds = 0 is too small" in fault


def test_further_rules_are_judged_with_the_others_and_located():
    def rule(config):
        yield Conflict("too calm", (Where("ngcm_device", "platform"),))

    assert faults("&ngcm_log level = 1 /\n&ngcm_device\n platform = 'cpu' /", rule) == [
        "test.nml:1: &ngcm_log level = 1 is not a string ('debug', 'info', 'warning', 'error')",
        "test.nml:3: too calm",
    ]


def test_a_fault_of_a_default_names_the_file_alone():
    def rule(config):
        yield Conflict("too calm", (Where("ngcm_device", "platform"),))

    assert faults("", rule) == ["test.nml: too calm"]


@pytest.mark.parametrize(
    ("group", "key"),
    [("ngcm_model", "checkpoint"), ("ngcm_model", "initial_state"), ("ngcm_restart", "read_file")],
)
def test_a_file_to_read_must_exist(group, key, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert faults(f"&{group} {key} = 'no.nc' /") == [
        f"test.nml:1: &{group} {key} = 'no.nc' does not exist (from the folder {tmp_path})"
    ]


@pytest.mark.parametrize("key", ["checkpoint", "initial_state"])
def test_a_file_to_read_must_have_a_name(key):
    (fault,) = faults(f"&ngcm_model {key} = '' /")
    assert fault.endswith(f"{key} = '' is empty; allowed: 'demo' or an existing file")


def test_a_restart_takes_the_place_of_the_initial_state(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "restart.nc").touch()
    parse("&ngcm_model initial_state = 'no.nc' / &ngcm_restart read_file = 'restart.nc' /")


def test_demo_stands_for_no_restart(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (fault,) = faults("&ngcm_restart read_file = 'demo' /")
    assert "read_file = 'demo' does not exist" in fault


def test_the_folder_of_an_output_file_must_exist(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert faults("&ngcm_history file = 'out/x.nc' /") == [
        "test.nml:1: &ngcm_history file = 'out/x.nc' cannot be written: "
        f"there is no folder {tmp_path}/out; create it"
    ]


def test_an_output_file_cannot_be_a_folder(tmp_path):
    (fault,) = faults(f"&ngcm_history file = '{tmp_path}' /")
    assert fault.endswith("is a folder; give a file in it")


def test_the_folder_of_an_output_file_must_be_writable(tmp_path, monkeypatch):
    # Asked of the system and not of a read-only folder, which root could write to all the same.
    monkeypatch.setattr(os, "access", lambda path, mode: (path, mode) != (tmp_path, os.W_OK))
    (fault,) = faults(f"&ngcm_history file = '{tmp_path}/x.nc' /")
    assert fault.endswith("cannot be written: permission denied")


def test_load_names_the_file_as_it_was_given(tmp_path):
    file = tmp_path / "bad.nml"
    file.write_text("&ngcm_log level = 'loud' /")
    with pytest.raises(ConfigError, match=f"^{file}:1: "):
        load(str(file))


def test_a_configuration_can_be_built_in_python():
    config = Config(coupling=Coupling(interval_seconds=7200), driver=Driver(run_hours=2))
    assert parse(config.resolved_text()) == config
