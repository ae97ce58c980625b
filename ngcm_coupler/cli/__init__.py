"""The command ``ngcm-coupler``: one module or package a subcommand.

A subcommand's module has ``add_parser(subparsers)``, which sets ``run`` to a function from the
parsed arguments to an exit code. It imports what is slow only inside that function, so that help
and ``check`` answer at once.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ngcm_coupler import python_path
from ngcm_coupler.cli import arguments, standard_output
from ngcm_coupler.errors import ConfigError, NgcmError, shown, unexpected

EXIT_ERROR = 1
"""Exit code of a command that failed; argparse exits with 2 on wrong usage."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit code; an `NgcmError` becomes its message."""
    try:
        with standard_output.written():
            asked = _parser().parse_args(argv)
            return asked.run(asked)
    except BrokenPipeError:
        return EXIT_ERROR
    except Exception as error:  # the net under all commands
        standard_output.warn(error.doubts if isinstance(error, ConfigError) else ())
        text = str(error) if isinstance(error, NgcmError) else _own_fault(error)
        text = arguments.on_one_line(text, sys.argv[1:] if argv is None else argv)
        print("; ".join(filter(None, [text, python_path.remedy(error)])), file=sys.stderr)
        return EXIT_ERROR


def _own_fault(error: Exception) -> str:
    """What no command should end with, in place of a traceback."""
    if isinstance(error, FileNotFoundError) and not _is_anywhere():
        return (
            "the current folder has been removed, and paths are relative to it; change into one"
            " that is there"
        )
    if isinstance(error, OSError) and error.filename is not None:
        return f"{shown(error.filename, 400)}: {error.strerror}; give another file or folder"
    return (
        f"ngcm-coupler: {unexpected(error)}; this is a fault of ngcm_coupler: please report it with"
        " this message and what `ngcm-coupler doctor` prints"
    )


def _is_anywhere() -> bool:
    try:
        return bool(Path.cwd())
    except FileNotFoundError:
        return False


def _parser() -> argparse.ArgumentParser:
    from ngcm_coupler.cli import (
        batch,
        bench,
        buildconfig,
        check,
        checkpoint,
        doctor,
        fields,
        grids,
        namcouple,
        replay,
        report,
        run,
        score,
        weights,
    )
    from ngcm_coupler.cli.batch import segment

    parser = arguments.Parser(
        prog="ngcm-coupler",
        description="NeuralGCM as the atmosphere of a coupled Earth-system model.",
    )
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    coupling = (grids, weights, namcouple)
    chain = (batch, segment)
    after = (replay, report, score)
    model = (checkpoint, bench, buildconfig)
    for module in (check, doctor, run, *after, fields, *coupling, *chain, *model):
        module.add_parser(subparsers)
    return parser
