"""``ngcm-coupler bench ensemble``: what members cost beside each other."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from typing import Any

import numpy as np

from ngcm_coupler.cli import tables
from ngcm_coupler.cli.bench import demo
from ngcm_coupler.cli.bench.options import Options
from ngcm_coupler.cli.bench.timing import in_turn, quartiles, spread
from ngcm_coupler.config import parse
from ngcm_coupler.device.members import Members

_MEMBERS = (1, 2, 4, 8)
_REPEATS = 10


def measure(options: Options) -> dict[str, Any]:
    """An hour of the demo model with radiation 'grey', of 1 to 8 members in turn.

    Returns:
      "batched": whether members are one batch, as on a GPU, or stepped in turn; "rows": for each
      number of members quartiles of an interval [ms], of its ratio to that of one member [1], and
      how much more memory of the device is in use with them [byte], None where it does not tell.
    """
    with tempfile.TemporaryDirectory() as folder:
        more = f"&ngcm_device cache_folder = '{folder}' /\n"
        residents, memory, before = {}, {}, 0
        for members in _MEMBERS:
            resident = residents[str(members)] = _resident(members, more)
            used = (resident.device.memory_stats() or {}).get("bytes_in_use")
            memory[str(members)] = None if used is None else used - before
            before = used or 0
        runs: dict[str, Callable[[], object]] = {
            name: _interval(resident) for name, resident in residents.items()
        }
        seconds = in_turn(runs, options.repeats or _REPEATS)
    one = seconds["1"].wall
    return {
        "batched": residents[str(max(_MEMBERS))].is_batched,
        "rows": [
            {
                "members": int(name),
                "milliseconds": quartiles(1e3 * seconds[name].wall),
                "ratio": quartiles(seconds[name].wall / one),
                "device_bytes": memory[name],
            }
            for name in runs
        ],
    }


def text(results: dict[str, Any]) -> str:
    """The results as a table."""
    how = "as one batch" if results["batched"] else "in turn"
    rows = [
        [
            str(row["members"]),
            spread(row["milliseconds"], ".0f"),
            spread(row["ratio"], ".2f"),
            spread([each / row["members"] for each in row["ratio"]], ".2f"),
            "-" if row["device_bytes"] is None else f"{row['device_bytes'] / 2**20:.0f}",
        ]
        for row in results["rows"]
    ]
    header = [f"members, {how}", "an hour [ms]", "of one member's [1]", "for each member [1]"]
    return tables.markdown_table([*header, "more memory of the device [MiB]"], rows)


def _resident(members: int, more: str) -> Members:
    groups = f"&ngcm_ensemble members = {members} /\n{more}"
    resident = Members(parse(demo.namelist(more=groups)), range(members))
    _, imports = resident.begin(None)
    resident.send(np.ascontiguousarray(imports[:1]))
    resident.advance()
    resident.wait()
    return resident


def _interval(resident: Members) -> Callable[[], object]:
    def run() -> None:
        resident.advance()
        resident.wait()

    return run
