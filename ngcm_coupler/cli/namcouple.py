"""``ngcm-coupler namcouple``: the file that configures OASIS, and the first restart files."""

from __future__ import annotations

import argparse
import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING

from ngcm_coupler.cli import run_folder
from ngcm_coupler.cli.standard_output import warn
from ngcm_coupler.errors import OutputError, told
from ngcm_coupler.files import keep_other, replaced, require_file

if TYPE_CHECKING:
    from ngcm_coupler.config import Config
    from ngcm_coupler.regrid.exchange_grid import ExchangeGrid


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Adds the command to ``ngcm-coupler``."""
    parser = subparsers.add_parser(
        "namcouple",
        help="write the namcouple and the restart files that a run starts from",
        description="Write the namcouple that fits the namelist, and the restart files of OASIS "
        "that the first run starts from: the sea and ice of the atmosphere's initial state, and "
        "for a concurrent coupling the fluxes of its first interval.",
    )
    run_folder.add_arguments(parser)
    parser.add_argument(
        "--restarts",
        action=argparse.BooleanOptionalAction,
        help="write the restart files too, which builds the model (yes, but for a run that "
        "continues another, &ngcm_restart read_file: it has those that OASIS has written)",
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from ngcm_coupler.couplers.oasis import coupling, files, namcouple

    with run_folder.entered(arguments) as config:
        first = not config.restart.read_file
        restarts = first if arguments.restarts is None else arguments.restarts
        made = (coupling.OCEAN_RESTART, coupling.ATMOSPHERE_RESTART) if restarts else ()
        run_folder.keep_inputs(config, arguments, (namcouple.NAME, *made))
        _require_files(namcouple.NAME, *made)
        coupling.pairs(config)  # what cannot be coupled is refused before anything is built
        exchange = run_folder.told_sea(config)
        shapes = files.matrix_shape(exchange.atmosphere), files.matrix_shape(exchange.surface)
        introduction = (
            f"OASIS3-MCT: NeuralGCM ({config.oasis.component}) and an ocean"
            f" ({config.oasis.ocean_component}), {config.oasis.coupling}.\n"
            f"Written by `ngcm-coupler namcouple` from {arguments.namelist.name}."
        )
        text = namcouple.text(coupling.namcouple(config, *shapes), introduction)
        print(_write(Path(namcouple.NAME), text).absolute())
        for row in coupling.land_imports(config):
            print(f"  {row.oasis} ({row.name}) has to come from a land model: add its coupling")
        if restarts:
            for restart in _write_restarts(config, exchange):
                print(restart.absolute())
    return 0


def _require_files(*names: str) -> None:
    """Refuses a pipe or a folder before anything is written, or waits for a reader."""
    for path in map(Path, names):
        try:
            require_file(path)
        except OSError as error:
            raise _unwritable(path, error) from error


def _write(path: Path, text: str) -> Path:
    """Writes the namcouple; couplings may have been added to one that is there by hand."""
    try:
        # Of a link the file that it leads to is replaced: a namcouple may be kept elsewhere.
        with replaced(Path(os.path.realpath(path))) as temporary:
            temporary.write_text(text, "ascii")
            _tell(path, keep_other(path, temporary))
    except OSError as error:
        raise _unwritable(path, error) from error
    return path


def _unwritable(path: Path, error: OSError) -> OutputError:
    return OutputError(
        f"{path.absolute()} cannot be written ({told(error)}); move away what is there, or write"
        " into another folder with --output"
    )


def _tell(path: Path, kept: Path | None) -> None:
    """Says where a file is now that said something else."""
    if kept:
        warn([f"{path} said something else, which is now in {kept}"])


def _write_restarts(config: Config, exchange: ExchangeGrid) -> list[Path]:
    """Writes what each side would have sent before the start."""
    from ngcm_coupler.component import Component
    from ngcm_coupler.config.run_groups import History, Recording
    from ngcm_coupler.couplers.oasis import coupling, files, restarts
    from ngcm_coupler.parallel import Ranks

    pairs = coupling.pairs(config)
    # Files of the run are the run's to write: some may be there already.
    quiet = dataclasses.replace(config, history=History(), recording=Recording())
    component = Component(quiet, Ranks(None))
    try:
        made = {coupling.OCEAN_RESTART: restarts.ocean_fields(pairs, component, exchange)}
        if config.oasis.coupling == "concurrent":
            made[coupling.ATMOSPHERE_RESTART] = restarts.atmosphere_fields(pairs, component)
    finally:
        component.close()
    grids = {
        coupling.OCEAN_RESTART: exchange.surface,
        coupling.ATMOSPHERE_RESTART: exchange.atmosphere,
    }
    for name, fields in made.items():
        path = Path(name)
        _tell(path, files.write_restart(path, files.matrix_shape(grids[name]), fields))
    return [Path(name) for name in made]
