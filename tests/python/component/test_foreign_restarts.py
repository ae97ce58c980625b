"""A restart file that is whole, but whose contents are of another making, is refused by name."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from analytic_host import advance

from ngcm_coupler.errors import RestartError
from ngcm_coupler.output.restart.files import read_restart, write_restart


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Header and arrays of a restart in the middle of a mean, with an array of the host's."""
    from analytic_host import NAMELIST

    from ngcm_coupler.component import Component

    folder = tmp_path_factory.mktemp("written")
    (folder / "run.nml").write_text(
        NAMELIST + f"&ngcm_history file = '{folder}/h.nc', record = 'mean', interval_hours = 2 /"
    )
    with Component.create(folder / "run.nml") as component:
        advance(component)
        component.save("heat", np.ones(component.grid.size))
        component.write_restart(folder / "restart.nc")
    return read_restart(str(folder / "restart.nc"))


def nothing(header, arrays):
    header.clear()
    arrays.clear()


def without(key):
    return lambda header, _: header.pop(key)


def sets(key, value):
    return lambda header, _: header.update({key: value})


def sets_budget(key, value):
    return lambda header, _: header["budgets"][0].update({key: value})


def sets_history(key, value):
    return lambda header, _: header["history"].update({key: value})


def sets_array(name, change):
    return lambda _, arrays: arrays.update({name: change(arrays[name])})


KEYS = ("identity", "configuration", "environment", "start", "elapsed_seconds", "budgets", "put_at",
        "has_means")  # fmt: skip
FOREIGN = {
    "empty": nothing,
    **{f"without {key}": without(key) for key in KEYS},
    **{f"{key} is a number": sets(key, 1.5) for key in KEYS},
    "identity of another": sets("identity", {"atmosphere": "x"}),
    "start is no date": sets("start", "yesterday"),
    "start is no date of the calendar": sets("start", "2000-02-31T00:00:00"),
    "elapsed for ever": sets("elapsed_seconds", 2**62),
    "no budgets": sets("budgets", []),
    "budgets of nothing": sets("budgets", [{}]),
    "totals of nothing": sets_budget("totals", {}),
    "water is a number": sets_budget("column_water", 3.0),
    "water is no number": sets_budget("column_water", "much"),
    "clock is a text": sets_budget("clock", "noon"),
    "history is a list": sets("history", [1]),
    "history of nothing": sets("history", {"records": 1}),
    "history of another kind": sets_history("seconds", "many"),
    "history of the future": sets_history("begin", 2**50),
    "history of nobody": sets_history("members", "all"),
    "fewer dates": sets("put_at", [3600]),
    "without imports": lambda _, arrays: arrays.pop("imports"),
    "without exports": lambda _, arrays: arrays.pop("exports"),
    "without a sum": lambda _, arrays: arrays.pop("history.sum.air_temperature"),
    "exports of another grid": sets_array("exports", lambda array: array[..., :-1]),
    "imports are whole numbers": sets_array("imports", lambda array: array.astype(np.int32)),
    "a scalar state": sets_array("state.atmosphere.air_temperature", lambda _: np.array(1.0)),
    "a state of no members": sets_array("state.atmosphere.air_temperature", lambda a: a[:0]),
    "an array of the host's of another grid": sets_array("host.heat", lambda a: a[:, :-1]),
    "an array of the host's as a cube": sets_array("host.heat", lambda a: a[None]),
    "sums of another grid": sets_array("history.sum.air_temperature", lambda a: a[:-1]),
}  # fmt: skip


@pytest.mark.parametrize("change", FOREIGN.values(), ids=FOREIGN)
def test_foreign_contents_are_refused(create, written, tmp_path, change):
    header, arrays = copy.deepcopy(written)
    change(header, arrays)
    write_restart(str(tmp_path / "foreign.nc"), header, arrays)
    with pytest.raises(RestartError, match="restart"):
        create(
            f"&ngcm_restart read_file = '{tmp_path}/foreign.nc' /&ngcm_history file ="
            f" '{tmp_path}/h.nc', record = 'mean', interval_hours = 2 /"
        )
    assert not list(tmp_path.glob(".*"))


def test_an_array_of_another_number_of_hosts_is_refused_when_it_is_loaded(
    create, written, tmp_path
):
    header, arrays = copy.deepcopy(written)
    arrays["host.heat"] = np.repeat(arrays["host.heat"], 2, axis=0)
    write_restart(str(tmp_path / "foreign.nc"), header, arrays)
    component = create(f"&ngcm_restart read_file = '{tmp_path}/foreign.nc' /")
    with pytest.raises(RestartError, match="holds 'heat' of 2 hosts, and this run is coupled to 1"):
        component.load("heat")
