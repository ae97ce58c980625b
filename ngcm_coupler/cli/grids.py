"""``ngcm-coupler grids``: both grids in the files of OASIS."""

from __future__ import annotations

import argparse
from pathlib import Path

from ngcm_coupler.cli import run_folder


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Adds the command to ``ngcm-coupler``."""
    parser = subparsers.add_parser(
        "grids",
        help="write the grids of atmosphere and ocean for OASIS",
        description="Write the grids of the atmosphere and of the sea below it, &ngcm_grid, into "
        "grids.nc, masks.nc and areas.nc of OASIS. All else in these files stays, and "
        "no other grid of the same prefix is replaced.",
    )
    run_folder.add_arguments(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from ngcm_coupler.config.run_files import SEA_GRID
    from ngcm_coupler.couplers.oasis import coupling, files

    with run_folder.entered(arguments) as config:
        coupling.require_two_prefixes(config)
        # The atmosphere is added to the ocean's own files where these are read by their own names.
        is_own = Path(config.grid.sea_grid_file).resolve() == Path(files.GRIDS).resolve()
        names = files.GRIDS, files.MASKS, files.AREAS
        run_folder.keep_inputs(config, arguments, names, *([SEA_GRID] if is_own else []))
        written = files.write_grids(
            Path(),
            run_folder.told_sea(config),
            (config.oasis.grid, coupling.ocean_grid_name(config)),
            config.grid.sea_area,
            Path(config.grid.sea_grid_file),
        )
        for path in written:
            print(path.absolute())
    return 0
