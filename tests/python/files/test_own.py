"""A run keeps what it reads, and what it has open, from its own hand."""

from __future__ import annotations

import os

import pytest

from ngcm_coupler.errors import OutputError
from ngcm_coupler.files import Claims


@pytest.fixture
def claims(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("grid.nc", "restart.nc"):
        (tmp_path / name).touch()
    os.link("grid.nc", "hard.nc")
    held = Claims()
    held.keep("grid.nc", "the grid")
    held.keep("restart.nc", "the restart", whole=True)
    held.take("h.nc", "the history")
    yield held
    held.release()


@pytest.mark.parametrize(
    ("name", "other"),
    [("grid.nc", "the grid"), ("hard.nc", "the grid"), ("restart.nc", "the restart")],
)
def test_what_is_read_is_not_written_into(claims, name, other, tmp_path):
    with pytest.raises(OutputError, match=f"^the budget and {other} are one file; give two names$"):
        claims.take(name, "the budget")
    assert not list(tmp_path.glob(f".{name}.lock"))


def test_what_is_written_is_not_written_elsewise(claims):
    with pytest.raises(OutputError, match="^the budget and the history are one file"):
        claims.take("./h.nc", "the budget")
    claims.take("h.nc", "the history")


def test_a_file_is_replaced_only_where_it_is_read_no_more(claims):
    claims.take("restart.nc", "the end", whole=True)
    claims.require_other("hard.nc", "the end", whole=True)  # its other name keeps the grid
    for name, other in (("grid.nc", "the grid"), ("h.nc", "the history")):
        with pytest.raises(OutputError, match=f"^a restart and {other} are one file"):
            claims.require_other(name, "a restart", whole=True)
