"""What follows from the declaration of a key: what restarts compare, compiled code and files."""

from __future__ import annotations

import re

import pytest
from project import ROOT

from ngcm_coupler.config import GROUPS, KEYS, Config, Where, where
from ngcm_coupler.config.keys import Key, keys
from ngcm_coupler.engine import parse
from ngcm_coupler.errors import ConfigError, RestartError
from ngcm_coupler.output.restart import continuation

# Written out once more, so that no change of a declaration goes unseen. None stands for all keys.

MAY_DIFFER: dict[str, set[str] | None] = {
    "ngcm_run": {"start_date", "stop_date"},
    "ngcm_model": {"checkpoint", "initial_state"},
    "ngcm_coupling": {"imports", "max_import_age_seconds"},
    "ngcm_grid": {"sea_grid_file", "sea_grid_name", "sea_grid_kind"},
    "ngcm_oasis": {"component", "grid", "ocean_component", "exports", "partner_names"},
    "oasis_ocean": {
        "initial_file",
        "read_file",
        "write_file",
        "output_file",
        "output_interval_hours",
        "block_points",
    },
    "ngcm_ensemble": {"members", "first_member", "computed"},
    "ngcm_device": None,
    "ngcm_history": None,
    "ngcm_recording": None,
    "ngcm_restart": None,
    "ngcm_limits": None,
    "ngcm_log": None,
    "ngcm_driver": None,
}
"""Keys that may differ between a run and the one that it continues."""

TRACED: dict[str, set[str] | None] = {
    "ngcm_run": {"calendar"},
    "ngcm_model": {
        "engine",
        "dycore",
        "fix_dry_mass",
        "fix_negative_humidity",
        "analytic_latitudes",
        "analytic_step_seconds",
    },
    "ngcm_coupling": {"interval_seconds", "imports"},
    "ngcm_surface": None,
    "ngcm_radiation": None,
    "ngcm_grid": {"sea_grid_file", "sea_grid_name", "sea_area"},
}
"""Keys that compiled functions see."""

PATHS = {
    "&ngcm_model checkpoint": "in",
    "&ngcm_model initial_state": "in",
    "&ngcm_grid sea_grid_file": "in",
    "&ngcm_history file": "out",
    "&ngcm_history budget_file": "out",
    "&ngcm_restart read_file": "in",
    "&ngcm_restart write_file": "state",
    "&ngcm_restart folder": "folder",
    "&ngcm_recording file": "out",
    "&oasis_ocean read_file": "in",
    "&oasis_ocean write_file": "state",
    "&oasis_ocean output_file": "out",
}
"""Keys that name files, and what for."""

NOT_LOOKED_FOR = {
    "&ngcm_device cache_folder": "made where it is missing, with all that it lies in",
    "&oasis_ocean initial_file": "made by `ngcm-coupler namcouple` in the folder of the run",
}
"""Keys of files whose absence before a run is no fault."""

ALL = [pytest.param(key, id=f"{key.group}.{key.key}") for key in KEYS]


def listed(key: Where, table: dict[str, set[str] | None]) -> bool:
    names = table.get(key.group, set())
    return names is None or key.key in names


def another(config: Config, key: Where) -> Config:
    """The configuration with another value for a key, whatever that would mean."""
    match key.value(config):
        case bool(value):
            return key.replaced(config, not value)
        case int(value) | float(value):
            return key.replaced(config, value + 1)
        case str(value):
            return key.replaced(config, value + "x")
        case value:
            return key.replaced(config, (*value, value[0] if value else "x"))


def test_the_tables_here_name_keys_that_exist():
    for table in (MAY_DIFFER, TRACED):
        for group, names in table.items():
            assert (names or set()) <= keys(GROUPS[group]).keys()


def test_every_key_of_every_group_is_declared():
    assert list(KEYS) == [Where(group, name) for group, cls in GROUPS.items() for name in keys(cls)]
    assert all(isinstance(declared, Key) for declared in KEYS.values())


@pytest.mark.parametrize("key", ALL)
def test_a_restart_compares_the_keys_that_change_results(key):
    here = Config().resolved_text()
    there = another(Config(), key).resolved_text()
    if listed(key, MAY_DIFFER):
        continuation.require_same_settings("r.nc", there, here, branch=False)
        return
    with pytest.raises(RestartError, match=f"belongs to another run: its {key} is .*; for a new"):
        continuation.require_same_settings("r.nc", there, here, branch=False)
    continuation.require_same_settings("r.nc", there, here, branch=True)


def test_a_restart_of_a_version_with_other_keys_is_compared_by_those_of_both():
    here = Config().resolved_text()
    continuation.require_same_settings("r.nc", "&ngcm_gone colour = 1 /\n", here, branch=False)
    older = here.replace("  bulk_scheme = 'coare3p6'\n", "  colour = 1\n")
    assert older != here
    continuation.require_same_settings("r.nc", older, here, branch=False)


@pytest.mark.parametrize("key", ALL)
def test_compiled_functions_see_the_keys_that_are_traced(key):
    seen = another(Config(), key).of_computation()
    assert (seen != Config().of_computation()) == listed(key, TRACED)


def test_what_compiled_functions_do_not_see_has_its_default():
    config = Config()
    for key in KEYS:
        config = another(config, key)
    for key, declared in KEYS.items():
        expected = key.value(config) if declared.traced else declared.default
        assert key.value(config.of_computation()) == expected


def test_a_key_that_says_nothing_has_every_consequence():
    silent = Key(1, "A number.", minimum=0, maximum=2)
    assert silent.traced
    assert not silent.may_differ


@pytest.mark.parametrize(
    "declaration",
    [
        {"traced": False},
        {"reaches": "as an argument"},
        {"changes_results": False, "traced": False, "reaches": "as an argument"},
        {"changes_results": False, "compared": "by its checksum"},
        {"path": "in"},
    ],
)
def test_a_declaration_without_its_reason_or_against_itself_is_refused(declaration):
    with pytest.raises(ValueError, match=r"'A number\.': `.*` is for a key that"):
        Key(1, "A number.", **declaration)


def test_every_key_of_a_file_says_what_the_file_is_for():
    assert {str(key): declared.path for key, declared in KEYS.items() if declared.path} == PATHS
    named = {str(key) for key in KEYS if key.key.endswith(("file", "folder"))}
    assert named <= PATHS.keys() | NOT_LOOKED_FOR.keys()
    assert NOT_LOOKED_FOR.keys() <= named - PATHS.keys()


@pytest.mark.parametrize(("name", "path"), PATHS.items())
def test_a_file_that_cannot_be_is_a_fault_of_its_key(name, path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as refused:
        parse(f"{name} = 'no/such' /")
    (fault,) = refused.value.faults
    problem = "does not exist" if path == "in" else "cannot be written: there is no folder"
    assert fault.startswith(f"namelist:1: {name} = 'no/such' {problem}")


@pytest.mark.parametrize("name", NOT_LOOKED_FOR)
def test_a_file_that_is_made_later_need_not_be(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    parse(f"{name} = 'no/such' /")


def test_a_key_is_named_by_its_place_and_read_as_in_a_namelist():
    assert str(where(lambda at: at.run.start_date)) == "&ngcm_run start_date"
    assert str(where(lambda at: at.slab_ice.surface_layer_m)) == "&slab_ice surface_layer_m"
    config = parse("&ngcm_log level = 'debug' /")
    key = where(lambda at: at.log.level)
    assert key.value(config) == "debug"
    assert key.replaced(config, "info") == Config()


def test_a_name_that_is_misspelt_is_refused():
    with pytest.raises(AttributeError, match="start_day"):
        where(lambda at: at.run.start_day)  # pyright: ignore[reportAttributeAccessIssue]


def test_the_package_names_its_keys_in_no_other_way():
    sources = sorted((ROOT / "ngcm_coupler").rglob("*.py"))
    literal = [file.name for file in sources if re.search(r"Where\(['\"]", file.read_text("utf-8"))]
    assert sources
    assert literal == []
