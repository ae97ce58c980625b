"""Which engine a namelist names, and what is said where it names none."""

from __future__ import annotations

import contextlib
import importlib
import sys

import pytest

from ngcm_coupler.config import Config
from ngcm_coupler.engine import contents_rule, engine_of, parse
from ngcm_coupler.engine.build import build_atmosphere
from ngcm_coupler.errors import ArgumentError, ConfigError
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
    text = "&ngcm_model engine = 'analytic' / &ngcm_history file = 'h.nc'"
    text += " level_fields = 'temperature' /"
    assert "has no decoder for levels of constant pressure" in fault(text)


def test_a_model_without_a_decoder_cannot_decode_its_lowest_level():
    text = "&ngcm_model engine = 'analytic' / &ngcm_surface lowest_level = 'decoded' /"
    assert "lowest_level = 'decoded' needs a decoder" in fault(text)


def test_ranks_cannot_split_an_engine_that_is_in_one_piece():
    said = fault("&ngcm_model engine = 'analytic' / &ngcm_device level_parts = 2 /")
    assert said.endswith(
        "level_parts = 2 cannot split this engine; give 1, or change &ngcm_model engine"
    )


OUTSIDE = """
from ngcm_coupler.engine import Engine, Facts
from ngcm_coupler.grid import RegularGrid
class Odd(Engine):
    def facts(self, config):
        {facts}
    def build(self, config, mesh):
        from ngcm_coupler.engine.analytic import AnalyticAtmosphere
        made = AnalyticAtmosphere(16, 1800)
        {built}
        return made
ENGINE = Odd()
"""


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ("raise KeyError('no such resolution')", "KeyError: 'no such resolution'"),
        ("return None", "AttributeError"),
        ("return Facts(RegularGrid(32, 16), 0)", "its step is 0, expected whole seconds"),
        ("raise SystemExit(3)", "SystemExit: 3"),
    ],
)
def test_a_description_that_fails_is_a_fault_of_the_key(module, facts, told):
    module("odd", OUTSIDE.format(facts=facts, built="pass"))
    assert told in fault("&ngcm_model engine = 'odd' /")


@pytest.mark.parametrize(
    ("built", "told"),
    [
        ("made.step_seconds = 900", "900 seconds in a step, and its description says 1800"),
        ("made.land_area_fraction = [2.0] * 512", "expected 512 values from 0 to 1"),
        ("made.land_area_fraction = made.land_area_fraction[:9]", "expected 512 values"),
    ],
)
def test_an_atmosphere_that_is_not_as_told_is_refused(module, built, told):
    facts = "from ngcm_coupler.grid import GaussianGrid; return Facts(GaussianGrid(32, 16), 1800)"
    module("odd", OUTSIDE.format(facts=facts, built=built))
    with pytest.raises(ArgumentError, match=told):
        build_atmosphere(parse("&ngcm_model engine = 'odd' /"))


def test_compiled_code_is_kept_under_the_files_that_an_engine_reads(module, tmp_path):
    text = OUTSIDE.format(facts="return Facts(RegularGrid(32, 16), 1800)", built="pass")
    files = "    def files(self, config):\n        return {None: 'weights'}\nENGINE"
    module("odd", text.replace("ENGINE", files))
    engine = importlib.import_module("odd").ENGINE
    found = []
    for contents in ("one", "other"):
        (tmp_path / "weights").write_text(contents)
        with contextlib.chdir(tmp_path):
            found.append(engine.closed_over(Config()))
    assert found[0] != found[1]
