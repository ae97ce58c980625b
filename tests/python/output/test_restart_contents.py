"""What a restart file holds comes out of header and arrays as it went in."""

import numpy as np
import pytest

from ngcm_coupler import config as configuration
from ngcm_coupler.clock import Clock
from ngcm_coupler.errors import DivergedError
from ngcm_coupler.output.history import Continued
from ngcm_coupler.output.restart.contents import Contents
from ngcm_coupler.output.restart.host_state import HostState

CALENDAR = "proleptic_gregorian"


def contents(members=2, **parts):
    state = np.arange(members * 6.0).reshape(members, 2, 3)
    return Contents(
        Clock("2000-01-01", CALENDAR, 7200),
        {"state.mass": state, "exports": state[:, :1]},
        [{"records": place} for place in range(members)],
        np.ones((members, 2, 3), np.float32),
        HostState(np.array([3600, -1]), True, {"salt": np.full((members, 3), 35.0)}),
        **parts,
    )


def test_header_and_arrays_give_the_contents_again():
    history = Continued({"records": 2}, {"sum": np.arange(3.0)})
    before = contents(history=history)
    header, arrays = before.file({"identity": {}})
    assert {"state.mass", "exports", "history.sum", "host.salt", "imports"} == set(arrays)
    after = Contents.of_file(header, arrays, CALENDAR)
    assert after.clock.iso8601() == "2000-01-01T02:00:00"
    assert (after.budgets, after.host.has_means) == (before.budgets, True)
    assert after.host.put_at.tolist() == [3600, -1]
    for one, other in (
        (after.members, before.members),
        (after.host.arrays, before.host.arrays),
        (after.history.sums, history.sums),
    ):
        assert set(one) == set(other)
        assert all((one[name] == other[name]).all() for name in one)


def test_a_member_goes_on_from_its_own_part_of_all():
    alone = contents().of_members(slice(1, 2))
    assert alone.states["state.mass"].ravel().tolist() == [6.0, 7.0, 8.0, 9.0, 10.0, 11.0]
    assert (alone.budgets, alone.imports.shape) == ([{"records": 1}], (1, 2, 3))


def test_state_that_is_not_finite_is_refused_by_member_and_variable():
    spoilt = contents()
    spoilt.states["state.mass"][1, 0, 0] = np.nan
    config = configuration.parse("&ngcm_ensemble members = 2 /")
    with pytest.raises(DivergedError, match=r"atmosphere of member 1 has .*: state\.mass"):
        spoilt.require_finite(config)
