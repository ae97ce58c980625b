"""States by the names of their leaves."""

import numpy as np

from ngcm_coupler.device.leaves import not_finite


def test_variables_that_are_not_finite_are_named_with_their_level():
    wind = np.zeros((3, 2, 2))
    wind[1, 0, 1] = np.nan
    state = {"state.wind": wind, "state.mass": np.full(4, np.inf), "state.steps": np.array(1)}
    named = not_finite(state)
    assert named == "; in the state: state.wind (level 2 of 3), state.mass"
