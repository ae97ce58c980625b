"""``ngcm-coupler replay``: a recorded run once more, without its host."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ngcm_coupler.cli.arguments import file
from ngcm_coupler.cli.tables import text_table
from ngcm_coupler.errors import shown

if TYPE_CHECKING:
    from ngcm_coupler.analysis.replay import Outcome

EXIT_DIFFERENT = 1
"""Exit code of a replay that has come out otherwise than the run."""

_MESSAGE = 2000
"""Characters of what a run has failed of: it may name every variable of a state."""


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Adds the command to ``ngcm-coupler``."""
    parser = subparsers.add_parser(
        "replay",
        help="run the atmosphere again from a recording, and compare bit for bit",
        description="Run the atmosphere alone, in this process and without MPI, from the file of "
        "&ngcm_recording: from the recorded state, with the imports of every interval. What it "
        "exports is compared bit for bit. The exit code is 0 if all comes out as recorded, a "
        "failure of the run too, and 1 if anything differs.",
    )
    parser.add_argument("file", type=file, metavar="FILE", help="the recording")
    parser.add_argument(
        "--from",
        dest="since",
        default="",
        metavar="DATE",
        help="compare intervals that begin at YYYY-MM-DDTHH:MM:SS or later (all)",
    )
    parser.add_argument(
        "--until", default="", metavar="DATE", help="stop before the interval that begins then"
    )
    parser.add_argument(
        "--restart",
        default="",
        metavar="FILE",
        help="begin with a restart file that the run has written, not with its first state",
    )
    parser.add_argument(
        "--checkpoint", default="", metavar="FILE", help="where the model is on this machine"
    )
    parser.add_argument(
        "--sea-grid",
        default="",
        metavar="FILE",
        help="where the file of the ocean's grid is on this machine",
    )
    parser.add_argument(
        "--platform",
        choices=("auto", "cpu", "gpu"),
        default="",
        help="where to compute (where the namelist says)",
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    # JAX is slow to import and is for the commands that compute.
    from ngcm_coupler.device.devices import import_jax

    import_jax()
    from ngcm_coupler.analysis.replay import Places, Replay
    from ngcm_coupler.output.recording import Recording

    recording = Recording(arguments.file)
    places = Places(arguments.checkpoint, arguments.sea_grid, arguments.platform, arguments.restart)
    compared = same = 0
    with Replay(recording, places) as replay:
        chosen = replay.choose(arguments.since, arguments.until)
        atmosphere = shown(recording.header.get("atmosphere", "an unnamed atmosphere"))
        print(_opening(atmosphere, len(recording.dates), replay.unlike))
        for outcome in replay.outcomes(chosen[-1]):
            if outcome.recorded.date in chosen or outcome.failure:
                compared += 1
                same += outcome.is_same
                print(_report(outcome, len(recording.exports)), flush=True)
    recording.close()
    if same == compared:
        print(f"{compared} intervals replayed, all bit for bit as recorded")
        return 0
    print(f"{compared} intervals replayed, {compared - same} of them otherwise than recorded")
    if replay.unlike:
        print(
            "Other software, devices or settings round otherwise, and the atmosphere makes small "
            "differences grow: compare in the environment of the run before looking further."
        )
    return EXIT_DIFFERENT


def _opening(atmosphere: str, count: int, unlike: dict[str, tuple[str, str]]) -> str:
    head = f"{atmosphere}, {count} intervals recorded"
    if not unlike:
        return f"{head}, in an environment like this one"
    rows = [(name, *both) for name, both in sorted(unlike.items())]
    table = text_table(("", "recorded", "here"), rows)
    return f"{head}, in an environment that differs from this one:\n{table}".rstrip("\n")


def _report(outcome: Outcome, fields: int) -> str:
    """What has come of an interval, and each field that differs."""
    recorded, failure, differences = outcome.recorded, outcome.failure, outcome.differences
    head = f"interval from {recorded.date}:"
    if failure or recorded.failure:
        if outcome.is_same:
            return f"{head} fails as recorded: {failure}"
        run = shown(recorded.failure, _MESSAGE) or (
            "completed" if recorded.exports is not None else "unfinished"
        )
        return f"{head} recorded: {run}\n  here: {failure or 'completed'}"
    if recorded.exports is None:
        return f"{head} completed here; the recorded run ended in it, nothing to compare with"
    if not differences:
        return f"{head} identical"
    rows = [
        (f"  {d.name}", str(d.count), f"{d.largest:.6g}", f"{d.recorded:.9g}", f"{d.here:.9g}",
         d.place)
        for d in differences
    ]  # fmt: skip
    header = ("  field", "values", "largest", "recorded", "here", "where it is largest")
    table = text_table(header, rows).rstrip("\n")
    return f"{head} {len(differences)} of {fields} fields differ\n{table}"
