"""Which engine a namelist names, and what is said where it names none."""

from __future__ import annotations

import sys

import pytest

from ngcm_coupler.engine import contents_rule, engine_of, parse
from ngcm_coupler.errors import ConfigError
from ngcm_coupler.grid import GaussianGrid


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Writes a module that can be imported for the time of the test."""

    def write(name, text):
        (tmp_path / f"{name}.py").write_text(text)
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.delitem(sys.modules, name, raising=False)

    return write


def fault(text):
    with pytest.raises(ConfigError) as refusal:
        parse(text, "run.nml", contents_rule)
    (only,) = refusal.value.faults
    return only


def test_the_analytic_engine_is_described_by_the_namelist():
    config = parse("&ngcm_model engine = 'analytic', analytic_latitudes = 16 /")
    facts = engine_of(config).facts(config)
    assert (facts.grid, facts.step_seconds) == (GaussianGrid(32, 16), 1800)
    assert engine_of(config).files(config) == {}


def test_a_module_that_is_not_there_is_refused_with_what_was_tried():
    said = fault("\n&ngcm_model engine = 'planets.dry' /")
    assert said.startswith(
        "run.nml:2: &ngcm_model engine = 'planets.dry' is none of 'neuralgcm', 'analytic' and"
        " cannot be imported as a module (ModuleNotFoundError: No module named 'planets')"
    )
    assert said.endswith("install the module, or name its folder in PYTHONPATH")


def test_a_misspelt_engine_is_told_its_name():
    assert fault("&ngcm_model engine = 'neuralgmc' /").endswith("; did you mean 'neuralgcm'?")


def test_a_name_that_no_module_can_have_is_refused():
    assert "engine = 'my model' is no path of a module; allowed: 'neu" in fault(
        "&ngcm_model engine = 'my model' /"
    )


def test_a_module_that_fails_is_refused_with_its_reason(module):
    module("failing_planet", "1 / 0")
    assert "(ZeroDivisionError: division by zero)" in fault("&ngcm_model engine='failing_planet' /")


@pytest.mark.parametrize(
    ("text", "got"), [("", "with nothing under"), ("ENGINE = 3", "an object of int under")]
)
def test_a_module_without_a_description_is_refused(module, text, got):
    module("silent_planet", text)
    said = fault("&ngcm_model engine = 'silent_planet' /")
    assert got in said and "expected an ngcm_coupler.engine.Engine" in said


def test_a_model_without_levels_has_none_to_write():
    text = "&ngcm_model engine = 'analytic' / &ngcm_history level_fields = 'temperature' /"
    assert "has no decoder for levels of constant pressure" in fault(text)


def test_ranks_cannot_split_an_engine_that_is_in_one_piece():
    said = fault("&ngcm_model engine = 'analytic' / &ngcm_device level_parts = 2 /")
    assert said.endswith(
        "level_parts = 2 cannot split this engine; give 1, or change &ngcm_model engine"
    )
