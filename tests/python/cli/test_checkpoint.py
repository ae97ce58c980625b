"""The command `ngcm-coupler checkpoint`."""

from __future__ import annotations

import argparse
import json

import pytest

from ngcm_coupler.cli import checkpoint as command
from ngcm_coupler.engine.neuralgcm.checkpoint import read_checkpoint
from ngcm_coupler.errors import CheckpointError, OutputError


@pytest.fixture
def run():
    """Returns a function that runs `ngcm-coupler checkpoint` with arguments."""
    parser = argparse.ArgumentParser()
    command.add_parser(parser.add_subparsers(dest="command"))

    def run(*arguments: object) -> int:
        parsed = parser.parse_args(["checkpoint", *map(str, arguments)])
        return parsed.run(parsed)

    return run


def test_info_tells_what_the_demo_is(run, capsys):
    assert run("info", "demo") == 0
    out = capsys.readouterr().out
    assert "StochasticModularStepModel, stochastic" in out
    assert "TL63, 32 sigma layers, step 3600 s" in out
    assert "128 x 64 points, 37 pressure levels from 1 to 1000 hPa" in out
    assert "sea_ice_cover, sea_surface_temperature" in out
    assert "neither precipitation nor evaporation" in out


def test_info_json_has_every_fact(run, capsys):
    assert run("info", "demo", "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["file"].endswith("tl63_stochastic_mini.pkl")
    assert facts["step_seconds"] == 3600
    assert facts["stochastic"] is True
    assert len(facts["pressure_levels"]) == 37
    assert facts["sha256"] == read_checkpoint("demo").sha256


def test_converted_file_is_the_same_model(run, capsys, tmp_path):
    out = tmp_path / "demo.npz"
    assert run("convert", "demo", out) == 0
    assert str(out) in capsys.readouterr().out
    facts = []
    for file in ("demo", out):
        run("info", file, "--json")
        facts.append(json.loads(capsys.readouterr().out) | {"file": ""})
    assert facts[0] == facts[1]


def test_convert_refuses_to_replace_a_file(run, tmp_path):
    out = tmp_path / "precious.npz"
    out.write_text("precious")
    with pytest.raises(OutputError, match=r"precious\.npz: exists already"):
        run("convert", "demo", out)
    assert out.read_text() == "precious"


def test_file_that_is_no_checkpoint_is_an_error(run, tmp_path):
    with pytest.raises(CheckpointError, match=r"none\.pkl: cannot be read"):
        run("info", tmp_path / "none.pkl")


@pytest.mark.parametrize("arguments", [[], ["info"], ["convert", "demo"], ["fly", "demo"]])
def test_incomplete_command_is_wrong_usage(run, arguments):
    with pytest.raises(SystemExit) as raised:
        run(*arguments)
    assert raised.value.code == 2
