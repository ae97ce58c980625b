"""The folder of a run, which the commands that prepare one share."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ngcm_coupler.cli.arguments import path
from ngcm_coupler.cli.standard_output import warn
from ngcm_coupler.errors import OutputError, shown, told

if TYPE_CHECKING:
    from ngcm_coupler.config import Config, Where
    from ngcm_coupler.regrid.exchange_grid import ExchangeGrid


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the namelist and the folder."""
    parser.add_argument("namelist", type=path, metavar="FILE.nml", help="the namelist")
    parser.add_argument(
        "--output",
        type=path,
        default=Path(),
        metavar="DIR",
        help="the folder of the run, made where it is missing; paths in the namelist are relative "
        "to it (the current one)",
    )


@contextlib.contextmanager
def entered(arguments: argparse.Namespace) -> Iterator[Config]:
    """Enters the folder, as the run will, and gives the namelist, whose path becomes absolute.

    Raises:
      ConfigError: the namelist cannot be used.
      OutputError: the folder cannot be made.
    """
    from ngcm_coupler import engine

    arguments.namelist = arguments.namelist.absolute()
    folder = arguments.output
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"--output {folder}: {told(error)}; give another folder") from error
    with contextlib.chdir(folder):
        yield engine.load(str(arguments.namelist))


def keep_inputs(
    config: Config, arguments: argparse.Namespace, outputs: Sequence[str], *changed: Where
) -> None:
    """Refuses to write over what the run reads.

    Args:
      config: the namelist.
      arguments: of the command.
      outputs: the files that it is to write in the folder of the run.
      *changed: keys of files that it may change.

    Raises:
      OutputError: names the first such file.
    """
    from ngcm_coupler.config.run_files import files_replaced

    for file in files_replaced(config, str(arguments.namelist), outputs):
        if file.key not in changed:
            raise OutputError(
                f"'{shown(file.name, 400)}', {file.what}, is what this command writes; give it"
                " another name, or write into another folder with --output"
            )


def told_sea(config: Config) -> ExchangeGrid:
    """The exchange grid of a run, of whose sea it says how well this fits the planet.

    Raises:
      CheckpointError, ConfigError, DataError: there is none that can be used.
    """
    from ngcm_coupler.couplers.oasis import grids

    exchange, judgement = grids.sea(config)
    # Not among the files that a command lists.
    print(judgement.text, file=sys.stderr)
    warn(judgement.warnings)
    return exchange
