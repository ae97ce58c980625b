"""A rank that hangs or is stopped ends the whole job, which goes on from its newest restart.

Every run has two ranks: 0 owns the atmosphere, and both hold a half of the points.
"""

from __future__ import annotations

import re

import pytest
from jobs import LIMIT

pytestmark = pytest.mark.slow

ADVANCE = "ngcm_coupler.device.members:Members.advance"
GATHER = "ngcm_coupler.parallel.points:Points.gather"
TO_DISK = "ngcm_coupler.files.whole:_bring_to_disk"
"""Called for a restart, its folder, the pointer to it and the folder again."""

TIMEOUT_SECONDS = 10
"""More than a first interval takes on a busy machine."""

TIMEOUT = f"&ngcm_limits timeout_seconds = {TIMEOUT_SECONDS} /\n"


@pytest.mark.parametrize(
    ("rank", "place", "call", "phase", "hour"),
    [
        pytest.param(0, ADVANCE, 1, "advance: compile", 1, id="0-interval", marks=pytest.mark.long),
        pytest.param(1, GATHER, 1, "gather, which needs all ranks", 1, id="1-gather"),
        pytest.param(0, TO_DISK, 5, "restart, which needs all ranks", 2, id="0-restart"),
        pytest.param(
            0,
            "ngcm_coupler.output.records:Records.close",
            1,
            "files",
            4,
            id="0-finalize",
            marks=pytest.mark.long,
        ),
    ],
)
def test_a_hung_rank_is_named_with_its_phase(segment, rank, place, call, phase, hour):
    code, said = segment.fails(
        f"strike('{place}', sleeps, rank={rank}, call={call})", TIMEOUT, TIMEOUT_SECONDS + LIMIT
    )
    assert code == 1
    stuck = re.findall(r"time-out: rank (\d) has .* from (\S+) for .*; it is in phase '(.*)'", said)
    assert stuck == [(str(rank), f"2000-01-01T0{min(hour, 3)}:00:00", phase)], said
    assert said.count("in sleeps") == 1  # where it hangs
    other = re.findall(r"time-out: rank (\d) .* waits for another rank in phase '(.*)'\n", said)
    assert [number for number, _ in other] in ([], [str(1 - rank)])  # the abort may be quicker
    segment.require_newest(hour)
    if place == TO_DISK:
        segment.require_continuation()


@pytest.mark.parametrize(
    ("rank", "place", "action", "phase"),
    [
        pytest.param(0, "ngcm_coupler.abi:advance", "signals(signal.SIGSTOP)",
                     "gather, which needs all ranks", id="0-stopped", marks=pytest.mark.long),
        pytest.param(1, "ngcm_coupler.abi:advance", "signals(signal.SIGSTOP)",
                     "gather, which needs all ranks", id="1-stopped"),
        pytest.param(0, ADVANCE, "sleeps_with_the_lock", "advance: send",
                     id="0-in an extension"),
    ],
)  # fmt: skip
def test_a_rank_that_cannot_speak_is_the_one_that_the_other_waits_for(
    segment, rank, place, action, phase
):
    code, said = segment.fails(
        f"strike('{place}', {action}, rank={rank}, call=1)", TIMEOUT, TIMEOUT_SECONDS + LIMIT
    )
    assert code not in (0, 75)
    waits = f"it waits for another rank in phase '{phase}'"
    assert re.search(rf"time-out: rank {1 - rank} .* from 2000-01-01T01:00:00 .*; {waits}", said)
    segment.require_newest(1)
