"""``ngcm-coupler weights``: the weight files of the coupling, and how well they conserve."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ngcm_coupler.cli import run_folder
from ngcm_coupler.cli.tables import text_table
from ngcm_coupler.files import require_made

if TYPE_CHECKING:
    from ngcm_coupler.config import Config
    from ngcm_coupler.regrid.exchange_grid import ExchangeGrid


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Adds the command to ``ngcm-coupler``."""
    parser = subparsers.add_parser(
        "weights",
        help="write the weight files between the grids of atmosphere and ocean",
        description="Write the interpolation weights that the coupling needs, one file for each "
        "method and direction, and print how well each conserves.",
    )
    run_folder.add_arguments(parser)
    parser.add_argument(
        "--format",
        choices=("oasis", "esmf"),
        default="oasis",
        help="that of OASIS' MAPPING, which cdo reads too, or that of ESMF (oasis)",
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from ngcm_coupler.couplers.oasis import coupling
    from ngcm_coupler.couplers.oasis import weights as weight_files
    from ngcm_coupler.regrid.weights import is_own, write_weights

    header = ["weight file", "links", "row sums", "conservation error", "closure error"]
    rows = []
    with run_folder.entered(arguments) as config:
        remappings = coupling.remappings(config)
        run_folder.keep_inputs(config, arguments, [each.file for each in remappings])
        for remapping in remappings:
            require_made(Path(remapping.file), is_own, "weights")
        exchange = run_folder.told_sea(config)
        for remapping in remappings:
            made = weight_files.regridder(exchange, remapping)
            weights = weight_files.weights_of(made, remapping)
            write_weights(weights, Path(remapping.file), arguments.format)
            found = weight_files.quality(made)
            rows.append(
                [
                    remapping.file,
                    str(found.links),
                    " to ".join(_sum(value) for value in found.row_sums),
                    _error(found.conservation),
                    _error(found.closure),
                ]
            )
        print(text_table(header, rows))
        print(sea_areas(config, exchange), end="")
    return 0


def sea_areas(config: Config, exchange: ExchangeGrid) -> str:
    """The area of the sea as both sides have it, and what a binary mask would make of it."""
    import numpy as np

    from ngcm_coupler.couplers.oasis.files import surface_areas

    atmosphere = exchange.atmosphere
    fraction = exchange.sea_area_fraction
    above = float(atmosphere.area @ fraction)
    below = float(surface_areas(exchange, config.grid.sea_area)[exchange.counted].sum())
    cut = (fraction > 0.0) & (fraction < 1.0)
    mask = fraction >= 0.5
    misplaced = float(atmosphere.area @ np.abs(mask - fraction)) / above
    net = float(atmosphere.area @ (mask - fraction)) / above
    return (
        f"sea area of the atmosphere {above:.9e} m2, of the ocean {below:.9e} m2, which differs by"
        f" {below / above - 1.0:+.1e}\n"
        f"{cut.sum()} of {atmosphere.size} atmosphere cells are cut by coasts; a mask of 0 and 1"
        f" would misplace {100.0 * misplaced:.2f} % of the sea, {100.0 * net:+.2f} % in all\n"
    )


def _sum(value: float) -> str:
    """A sum near 1 by its distance from it."""
    return f"1{value - 1.0:+.0e}" if abs(value - 1.0) < 1.0e-3 else f"{value:.6f}"


def _error(value: float | None) -> str:
    return "-" if value is None else f"{value:.1e}"
