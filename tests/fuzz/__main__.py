"""The command behind `make fuzz`: prints what it finds, and a table at its end."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from fuzz.campaign import campaign, table
from fuzz.subjects import NAMES, subject

FOLDER = Path(__file__).resolve().parents[2] / "build" / "fuzz"


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the subjects that are named, one after the other; 1 if anything was found."""
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__.split("\n")[0])
    parser.add_argument("subject", nargs="*", metavar="SUBJECT", help=f"of {', '.join(NAMES)}")
    parser.add_argument("--count", type=int, default=100_000, help="inputs of each (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="the first one (%(default)s)")
    arguments = parser.parse_args(argv)
    if unknown := set(arguments.subject) - {*NAMES}:
        parser.error(f"no subject {', '.join(unknown)}; there are {', '.join(NAMES)}")
    tallies = []
    for name in arguments.subject or NAMES:
        tally = campaign(subject(name), arguments.count, arguments.seed, FOLDER, _say)
        tallies.append(tally)
        _say(table([tally]))
    if len(tallies) > 1:
        _say(table(tallies))
    return int(any(tally.finds for tally in tallies))


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
