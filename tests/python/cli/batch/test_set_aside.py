"""What an earlier attempt has written moves out of the way, and never over anything."""

from __future__ import annotations

import os

import cftime
import pytest

from ngcm_coupler.cli.batch.chain import Segment
from ngcm_coupler.cli.batch.segment_namelist import left_behind, set_aside
from ngcm_coupler.config import Config, where
from ngcm_coupler.config.run_groups import Ensemble
from ngcm_coupler.errors import OutputError
from ngcm_coupler.files import Claims

HISTORY = where(lambda at: at.history.file)
BUDGETS = where(lambda at: at.history.budget_file)
SEGMENT = Segment(cftime.datetime(2000, 1, 1, 6), cftime.datetime(2000, 1, 2), 18)


def aside(changes, members=1):
    config = Config(ensemble=Ensemble(members=members))
    return set_aside(left_behind(changes, SEGMENT, config))


def contents(folder):
    return {each.name: each.read_text() for each in (folder / "incomplete").iterdir()}


def test_attempts_are_numbered_and_none_takes_the_place_of_another(tmp_path):
    file = tmp_path / "h[1].nc"
    (tmp_path / "incomplete").mkdir()
    (tmp_path / "incomplete" / "h[1].2.nc").write_text("of long ago")
    for attempt in ("first", "second"):
        file.write_text(attempt)
        assert len(aside({HISTORY: str(file)})) == 1
    assert contents(tmp_path) == {
        "h[1].1.nc": "first", "h[1].2.nc": "of long ago", "h[1].3.nc": "second",
    }  # fmt: skip
    assert aside({HISTORY: str(file)}) == []


def test_a_file_that_a_run_is_writing_stays(tmp_path):
    file = tmp_path / "h.nc"
    file.write_text("records")
    claims = Claims()
    claims.take(file, "the history")
    with pytest.raises(OutputError, match="&ngcm_history file = '.*' is being written by this"):
        aside({HISTORY: str(file)})
    assert file.read_text() == "records"
    claims.release()
    assert len(aside({HISTORY: str(file)})) == 1


def test_what_is_no_file_stays(tmp_path):
    os.mkfifo(tmp_path / "h.nc")
    with pytest.raises(OutputError, match="is a pipe, and no file"):
        aside({HISTORY: str(tmp_path / "h.nc")})
    with pytest.raises(OutputError, match="is a device"):
        aside({HISTORY: "/dev/null"})


def test_names_with_a_date_or_a_member_are_found(tmp_path):
    names = [f"b_{number}_2000-01-01T060000.nc" for number in ("000", "001")]
    for name in (*names, "b_000_2000-01-02T060000.nc", "h_{member}.nc", "h_000.nc"):
        (tmp_path / name).write_text("records")
    outputs = {
        BUDGETS: f"{tmp_path}/b_{{member}}_{{date}}.nc",
        HISTORY: f"{tmp_path}/h_{{member}}.nc",  # which all members share
    }
    assert len(aside(outputs, members=2)) == 3
    left = {each.name for each in tmp_path.glob("*.nc")}
    assert left == {"b_000_2000-01-02T060000.nc", "h_000.nc"}
