"""The resolved namelist: what it says is what has been read, and no group that nobody asked for."""

from __future__ import annotations

import pytest
from project import ROOT

from ngcm_coupler.cli import main
from ngcm_coupler.config import parse
from ngcm_coupler.config.settings import PROGRAMS
from ngcm_coupler.errors import ConfigError, RestartError
from ngcm_coupler.output.restart.continuation import require_same_settings

HOST = """\
&ngcm_model engine = 'analytic' analytic_step_seconds = 600 /
&ngcm_coupling interval_seconds = 600 /
"""
"""A host with an ocean of its own, whose interval the default step of the slab does not divide."""


@pytest.mark.parametrize("path", sorted(ROOT.glob("namelists/*.nml")), ids=lambda path: path.name)
def test_every_example_is_the_same_once_resolved(path):
    config = parse(path.read_text(), with_files=False)
    again = parse(config.resolved_text(), with_files=False)
    assert (again, again.named) == (config, config.named)
    assert again.resolved_text() == config.resolved_text()


def test_a_host_without_our_programs_gets_no_group_of_theirs():
    resolved = parse(HOST).resolved_text()
    assert not any(f"&{group}" in resolved for group in PROGRAMS)
    assert parse(resolved) == parse(HOST)
    with pytest.raises(ConfigError, match="&slab_ocean time_step_seconds = 1800 does not divide"):
        parse(HOST + "&slab_ocean /")


@pytest.mark.parametrize("group", sorted(PROGRAMS))
def test_a_group_of_our_programs_stays_with_its_defaults(group):
    config = parse(f"&{group} /")
    assert config.named == {group}
    assert f"&{group}\n" in config.resolved_text()
    assert parse(config.resolved_text()).named == {group}


@pytest.mark.parametrize(
    "text", ["it's", '"', "a ! b", "a/b&c", " x", "été", "\udce9", "a\tb", ","]
)
def test_texts_are_the_same_once_resolved(text):
    quoted = text.replace("'", "''")
    config = parse(f"&ngcm_history file = '{quoted}.nc' /", with_files=False)
    assert config.history.file == f"{text}.nc"
    assert parse(config.resolved_text(), with_files=False) == config


def test_a_restart_is_compared_with_the_defaults_of_a_group_that_is_not_there():
    here, there = parse("").resolved_text(), parse("&slab_ocean /").resolved_text()
    require_same_settings("r.nc", there, here, branch=False)
    require_same_settings("r.nc", here, there, branch=False)
    other = parse("&slab_ocean mixed_layer_depth_m = 30.0 /").resolved_text()
    for pair in ((other, here), (here, other)):
        with pytest.raises(RestartError, match="its &slab_ocean mixed_layer_depth_m is"):
            require_same_settings("r.nc", *pair, branch=False)


def test_check_shows_names_that_a_terminal_cannot(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.nml").write_bytes(HOST.encode() + b"&ngcm_history file = 'd\xe9but.nc' /\n")
    assert main(["check", "a.nml"]) == 0
    assert "history     'd\\udce9but.nc'\n" in capsys.readouterr().out


def test_keys_that_the_file_is_too_old_for_are_said(caplog):
    here = "&ngcm_surface lowest_level = 'corrected', ice_albedo = 0.5 /"
    with pytest.raises(RestartError):
        require_same_settings("r.nc", "&ngcm_surface ice_albedo = 0.6 /", here, branch=False)
    assert not caplog.text
    require_same_settings("r.nc", "&ngcm_surface ice_albedo = 0.5 /", here, branch=False)
    assert "without some keys, and this run has &ngcm_surface lowest_level = 'corr" in caplog.text
