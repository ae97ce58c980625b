"""A rank that dies or raises ends the whole job, which goes on from its newest restart.

Every run has two ranks: 0 owns the atmosphere, and both hold a half of the points.
"""

from __future__ import annotations

import re
import signal

import pytest
from jobs import one_error

pytestmark = pytest.mark.slow

POINTS = "ngcm_coupler.parallel.points:Points"
RESIDENT = "ngcm_coupler.device.members:Members"
BUILD = "ngcm_coupler.engine.build:build_atmosphere"
SCATTER = "ngcm_coupler.component.host_fields:HostFields.distribute_exports"
"""Called twice before the first interval, and after every one."""
TO_DISK = "ngcm_coupler.files.whole:_bring_to_disk"
"""Called for a restart, its folder, the pointer to it and the folder again."""


@pytest.mark.parametrize(
    ("rank", "place", "call", "hour"),
    [
        pytest.param(0, BUILD, 1, 1, id="0-init"),
        pytest.param(1, "ngcm_coupler.component.start:_broadcast_facts", 1, 1, id="1-init"),
        pytest.param(0, f"{RESIDENT}.advance", 1, 1, id="0-first interval"),
        pytest.param(1, "ngcm_coupler.abi:advance", 1, 1, id="1-first interval"),
        pytest.param(0, f"{POINTS}.gather", 1, 1, id="0-gather"),
        pytest.param(1, f"{POINTS}.gather", 1, 1, id="1-gather"),
        pytest.param(0, SCATTER, 4, 2, id="0-scatter"),
        pytest.param(1, SCATTER, 4, 2, id="1-scatter"),
        pytest.param(0, TO_DISK, 5, 2, id="0-restart before it is renamed"),
        pytest.param(0, TO_DISK, 7, 2, id="0-restart before it is pointed to"),
        pytest.param(1, "ngcm_coupler.abi:write_restart", 2, 2, id="1-restart"),
        pytest.param(0, "ngcm_coupler.abi:destroy", 1, 4, id="0-finalize"),
        pytest.param(1, "ngcm_coupler.abi:destroy", 1, 4, id="1-finalize"),
    ],
)  # fmt: skip
def test_a_killed_rank_ends_the_job(segment, rank, place, call, hour):
    code, said = segment.fails(f"strike('{place}', kills, rank={rank}, call={call})")
    assert code == 128 + signal.SIGKILL
    assert len(re.findall(rf"process rank {rank} .* exited on\s+signal 9", said)) == 1, said
    assert "Traceback" not in said
    assert "ngcm: error" not in said
    segment.require_newest(hour)
    if place == TO_DISK:
        segment.require_continuation(ranks=2)
        left = (segment.folder / "restarts").iterdir()
        assert not [file for file in left if file.suffix == ".tmp"]


@pytest.mark.parametrize(
    ("rank", "place", "call", "error", "date", "hour"),
    [
        pytest.param(0, BUILD, 1, "OSError", 0, 1, id="0-init"),
        pytest.param(1, "ngcm_coupler.component.component:communicator", 1, "ImportError", 0, 1,
                     id="1-before it has a communicator"),
        pytest.param(0, f"{RESIDENT}.exports", 2, "RuntimeError", 3, 2, id="0-interval"),
        pytest.param(0, f"{RESIDENT}.exports", 2, "SystemExit", 3, 2, id="0-exit"),
        pytest.param(1, "ngcm_coupler.component:Component.put", 2, "TypeError", 1, 1, id="1-put"),
        pytest.param(0, f"{POINTS}.gather", 1, "MemoryError", 1, 1, id="0-gather"),
        pytest.param(1, f"{POINTS}.gather", 1, "MemoryError", 1, 1, id="1-gather"),
        pytest.param(1, SCATTER, 4, "MemoryError", 3, 2, id="1-scatter"),
        pytest.param(None, "ngcm_coupler.component:Component._check_advance", 2, "RuntimeError",
                     2, 2, id="both-interval"),
        pytest.param(0, TO_DISK, 5, "ValueError", 3, 2, id="0-restart"),
        pytest.param(0, "ngcm_coupler.output.records:Records.close", 1, "RuntimeError", 4, 4,
                     id="0-finalize"),
    ],
)  # fmt: skip
def test_an_exception_ends_all_ranks_with_one_traceback(
    segment, rank, place, call, error, date, hour
):
    where = "" if rank is None else f", rank={rank}"
    code, said = segment.fails(f"strike('{place}', raises({error}('no')), call={call}{where})")
    assert code == 1
    assert said.count("Traceback (most recent call last)") == 1, said
    message = one_error(said)
    assert f"error 1 (internal): unexpected {error}: no at " in message
    if "communicator" not in place:
        moment = f"model date 2000-01-01T0{date}:00:00" if date else "in create"
        assert f"(rank {rank or 0}, {moment})" in message
    segment.require_newest(hour)
    if error == "MemoryError" and rank == 0:
        segment.require_continuation()
