"""``ngcm-coupler checkpoint``: what a checkpoint holds, and its form without pickle."""

from __future__ import annotations

import argparse
import dataclasses
import json
from typing import TYPE_CHECKING, Any

from ngcm_coupler.cli.arguments import file, path
from ngcm_coupler.errors import OutputError, shown

if TYPE_CHECKING:
    from ngcm_coupler.engine.neuralgcm.checkpoint import CheckpointSummary

_FILE_HELP = "checkpoint, published or converted; 'demo' is the one inside the neuralgcm package"


def add_parser(subparsers: Any) -> None:
    """Adds the subcommand and its two actions."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "checkpoint",
        help="describe or convert a NeuralGCM checkpoint",
        description="Describe or convert a NeuralGCM checkpoint. Published checkpoints are "
        "pickles; they are read as data, and nothing in them is ever run.",
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    describe = actions.add_parser("info", help="say what model a checkpoint holds")
    describe.add_argument("file", type=file, metavar="FILE", help=_FILE_HELP)
    describe.add_argument("--json", action="store_true", help="print JSON")
    describe.set_defaults(run=info)

    rewrite = actions.add_parser("convert", help="write a checkpoint in a form without pickle")
    rewrite.add_argument("file", type=file, metavar="FILE", help=_FILE_HELP)
    rewrite.add_argument("out", metavar="OUT", type=path, help="file to write, usually *.npz")
    rewrite.set_defaults(run=convert)


def info(arguments: argparse.Namespace) -> int:
    """Prints what the checkpoint is, without building the model."""
    from ngcm_coupler.engine.neuralgcm.checkpoint import read_checkpoint, summary

    checkpoint = read_checkpoint(arguments.file)
    facts = summary(checkpoint)
    if arguments.json:
        print(json.dumps({"file": str(checkpoint.path)} | dataclasses.asdict(facts), indent=2))
    else:
        print(checkpoint.path)
        print(text(facts), end="")
    return 0


def convert(arguments: argparse.Namespace) -> int:
    """Writes the checkpoint without pickle, to a new file."""
    from ngcm_coupler.engine.neuralgcm.checkpoint import read_checkpoint, write_checkpoint

    checkpoint = read_checkpoint(arguments.file)
    if arguments.out.exists():
        raise OutputError(
            f"{arguments.out}: exists already; expected a new file; name another, or remove it"
        )
    write_checkpoint(checkpoint, arguments.out)
    print(f"wrote {arguments.out}, {arguments.out.stat().st_size} bytes")
    return 0


def text(facts: CheckpointSummary) -> str:
    """Returns the facts as lines of a label and a value."""
    low, high = min(facts.pressure_levels), max(facts.pressure_levels)
    water = {
        "precipitation": facts.predicts_precipitation,
        "evaporation": facts.predicts_evaporation,
    }
    lines = {
        "model": f"{facts.model}, {'stochastic' if facts.stochastic else 'deterministic'}",
        "grid": f"{facts.grid}, {facts.sigma_layers} sigma layers, step {facts.step_seconds} s",
        "data": f"{facts.nlon} x {facts.nlat} points, {len(facts.pressure_levels)} pressure levels "
        f"from {low:g} to {high:g} hPa",
        "initial state": ", ".join(facts.input_variables),
        "forcing": ", ".join(facts.forcing_variables),
        "predicts": ", ".join(name for name, given in water.items() if given)
        or "neither precipitation nor evaporation",
        "orography": "corrected by learning" if facts.learned_orography else "from the data",
        "time zero": facts.reference_datetime,
        "parameters": f"{facts.parameters}, {facts.parameter_bytes / 1e6:.1f} MB",
        "sha256": facts.sha256,
    }
    return "".join(f"  {label:<15}{shown(line, 2000)}\n" for label, line in lines.items())
