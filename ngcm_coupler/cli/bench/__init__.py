"""``ngcm-coupler bench``: what the plugin costs, measured on this machine.

Each subject is a module with `measure`, which returns what JSON can hold, and `text`, which makes
tables of that: the same ones as in docs/.
"""

from __future__ import annotations

import argparse
import importlib
import json
import tempfile
from pathlib import Path

from ngcm_coupler.cli.arguments import LONGEST_RUN, file, whole
from ngcm_coupler.cli.bench.options import FULL_SIZE_MODEL, Options
from ngcm_coupler.config.model_groups import DEMO
from ngcm_coupler.errors import OutputError, told

_SUBJECTS = {
    "bridge": "microseconds of a call from a C host, of an exchange of 8 puts, an advance by no "
    "time and 15 gets, and memory over 10,000 calls",
    "step": "the model's step with upstream's dynamical core and with the fast one, and how far "
    "apart their states are after 24 steps",
    "interval": "an hour of the demo model alone, with its surface exchange, and as a host has it, "
    "without and with a history; memory over 1,000 intervals",
    "start-up": "from the start of the program to the end of its first interval: with nothing "
    "kept, with JAX's cache and with executables",
    "ensemble": "an interval of 1, 2, 4 and 8 members",
    "regrid": "weights between three pairs of grids and their application, beside YAC where it is "
    "installed",
    "radiation": "both schemes on the demo model, means beside observed ones, and cost",
}
_ALL = "all"
_NOT_IN_ALL = {"radiation"}  # days of simulation, and about physics more than about speed


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Adds the command to ``ngcm-coupler``."""
    parser = subparsers.add_parser(
        "bench",
        help="measure what the plugin costs on this machine",
        description="; ".join(f"{name}: {what}" for name, what in _SUBJECTS.items())
        + f"; {_ALL}: everything but {', '.join(_NOT_IN_ALL)}, and the step of both models. "
        "What is compared is run in turn; figures are medians, quartiles in brackets.",
    )
    parser.add_argument("subject", choices=[*_SUBJECTS, _ALL], help="what to measure")
    parser.add_argument(
        "--model",
        default=DEMO,
        metavar="MODEL",
        help=f"step: '{DEMO}' (the default), the file of a checkpoint, or '{FULL_SIZE_MODEL}', a "
        "model of the published structure with random weights",
    )
    parser.add_argument(
        "--days", type=whole(1, LONGEST_RUN // 24), default=5, help="radiation: days of the run (5)"
    )
    parser.add_argument(
        "--coarsening",
        type=whole(0, 1000),
        default=0,
        metavar="N",
        help="radiation: side of the blocks of columns that share spectra (0: by machine)",
    )
    parser.add_argument(
        "--repeats",
        type=whole(1, 1_000_000),
        metavar="N",
        help="repeats of each measurement (by subject)",
    )
    parser.add_argument(
        "--profile",
        type=file,
        metavar="FOLDER",
        help="interval: write a trace of three hours for a viewer (Perfetto, XProf) into FOLDER, "
        "and say which part of the model takes which share",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=_run)


def _require_folder(profile: str) -> None:
    """Makes the folder of a trace, which is written after minutes of measurements.

    Raises:
      OutputError: nothing can be written into it.
    """
    folder = Path(profile)
    try:
        if folder.exists() and not folder.is_dir():
            raise NotADirectoryError("it is no folder")
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (OSError, ValueError) as error:
        raise OutputError(
            f"--profile {profile}: {told(error)}, so that no trace can be written there; give a"
            " folder that can be written to"
        ) from error


def _run(args: argparse.Namespace) -> int:
    if args.profile and args.subject in ("interval", _ALL):
        _require_folder(args.profile)
    # JAX is slow to import and is for the commands that compute.
    from ngcm_coupler.device.devices import import_jax

    import_jax()
    from ngcm_coupler.cli.bench import machine

    options = Options(args.model, args.repeats, args.days, args.profile, args.coarsening)
    tasks = [(args.subject, options)]
    if args.subject == _ALL:
        tasks = [(name, options) for name in _SUBJECTS if name not in _NOT_IN_ALL]
        tasks.insert(2, ("step", options.with_model(FULL_SIZE_MODEL)))
    results: dict[str, object] = {"machine": machine.facts()}
    texts = [machine.text(results["machine"])]
    for name, chosen in tasks:
        subject = importlib.import_module(f"{__name__}.{name.replace('-', '_')}")
        found = subject.measure(chosen)
        label = name if chosen.model == DEMO else f"{name} {chosen.model}"
        results[label] = found
        texts.append(subject.text(found))
        if not args.json:
            print("\n" + "\n".join(texts), end="", flush=True)
            texts.clear()
    if args.json:
        print(json.dumps(results, indent=2))
    return 0
