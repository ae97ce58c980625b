"""``ngcm-coupler score``: an ensemble against a reference."""

from __future__ import annotations

import argparse
import contextlib

from ngcm_coupler.cli.arguments import file
from ngcm_coupler.cli.standard_output import warn
from ngcm_coupler.errors import DataError

_FORMATS = ("text", "csv", "json")


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Adds the command to ``ngcm-coupler``."""
    parser = subparsers.add_parser(
        "score",
        help="score an ensemble against a reference",
        description="Fair CRPS, spread over skill, spread, error of the ensemble mean and bias by "
        "lead time, as means over the area. All files are on one grid of latitudes and longitudes; "
        "nothing is remapped. Times that the reference lacks and points without a value in the "
        "reference or any member are left out, and counted.",
    )
    parser.add_argument(
        "members",
        nargs="+",
        type=file,
        metavar="MEMBER",
        help="history file of a member, or a netCDF file with a dimension `member`",
    )
    parser.add_argument(
        "--reference", required=True, type=file, metavar="FILE", help="what is compared with"
    )
    parser.add_argument(
        "--fields",
        nargs="+",
        type=_field,
        default=[],
        metavar="NAME[=NAME]",
        help="fields to score, with their name in the reference if it is another (all of both)",
    )
    parser.add_argument(
        "--where",
        choices=("everywhere", "sea", "land"),
        default="everywhere",
        help="weigh the area by a surface's fraction of each cell (%(default)s)",
    )
    parser.add_argument(
        "--format", choices=_FORMATS, default="text", help="form of the table (%(default)s)"
    )
    parser.set_defaults(run=_run)


def _field(text: str) -> tuple[str, str]:
    name, _, known_as = text.partition("=")
    if not name or text.endswith("="):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME or NAME=NAME_IN_REFERENCE")
    return name, known_as or name


def _run(arguments: argparse.Namespace) -> int:
    # xarray is slow to import and is for this command alone.
    from ngcm_coupler.analysis.score.read import File, compare
    from ngcm_coupler.analysis.score.table import score

    with contextlib.ExitStack() as opened:
        members, (reference,) = (
            [opened.enter_context(contextlib.closing(File.open(path))) for path in paths]
            for paths in (arguments.members, [arguments.reference])
        )
        if reference.member_dimension:
            raise DataError(
                f"{reference.path} has a dimension {reference.member_dimension}; the reference is"
                " a single state: select one, or take their mean"
            )
        comparison = compare(members, reference, dict(arguments.fields))
        warn(comparison.notes)
        table = score(comparison, arguments.where)
    warn(table.notes)
    print(getattr(table, arguments.format)(), end="")
    return 0
