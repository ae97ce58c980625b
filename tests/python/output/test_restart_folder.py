"""Folders of restarts: the newest is known, whatever happened to the one after it."""

from __future__ import annotations

import pathlib
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from ngcm_coupler.errors import OutputError, RestartError
from ngcm_coupler.output.restart import continuation
from ngcm_coupler.output.restart.files import newest, read_restart, write_into

HEADER = {"elapsed_seconds": 0}
ARRAYS = {"state.a": np.random.default_rng(0).random(10_000)}


def date(day: int) -> str:
    return f"2000-01-{day:02}T06:30:00"


@pytest.fixture
def here(tmp_path, monkeypatch) -> pathlib.Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_folder_keeps_the_newest_and_points_to_it(here):
    for day in (1, 2, 3):
        write_into("restarts", 2, date(day), HEADER, ARRAYS)
    names = ["restart_2000-01-02T063000.nc", "restart_2000-01-03T063000.nc"]
    assert sorted(file.name for file in (here / "restarts").iterdir()) == ["latest", *names]
    assert (here / "restarts" / "latest").read_text() == names[1] + "\n"
    assert newest("restarts") == pathlib.Path("restarts", names[1])


def test_run_set_back_goes_on_from_its_own_restart(here):
    for day in (1, 2, 1):
        write_into("restarts", 2, date(day), HEADER, ARRAYS)
    assert newest("restarts") == pathlib.Path("restarts", "restart_2000-01-01T063000.nc")


@pytest.mark.parametrize("moment", ["fsync", "replace", "pointer"])
def test_killed_while_writing_leaves_the_restart_before(here, moment):
    """The process ends without any clean-up, as by SIGKILL or a node that fails."""
    write_into("restarts", 2, date(1), HEADER, ARRAYS)
    program = f"""
        import os, pathlib
        import numpy as np
        from ngcm_coupler.files import whole
        from ngcm_coupler.output.restart import files as restart
        replace, bring = pathlib.Path.replace, whole._bring_to_disk
        def dying_replace(self, target):
            if "{moment}" == "replace" or pathlib.Path(target).name == "latest":
                os._exit(9)
            return replace(self, target)
        def dying_bring(path):
            if "{moment}" == "fsync":
                os._exit(9)
            bring(path)
        pathlib.Path.replace, whole._bring_to_disk = dying_replace, dying_bring
        restart.write_into("restarts", 2, "{date(2)}", {HEADER}, {{"state.a": np.zeros(9)}})
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=False)
    assert done.returncode == 9
    file = newest("restarts")
    assert file is not None and file.name == "restart_2000-01-01T063000.nc"
    np.testing.assert_array_equal(read_restart(str(file))[1]["state.a"], ARRAYS["state.a"])
    write_into("restarts", 2, date(3), HEADER, ARRAYS)
    assert not [left for left in (here / "restarts").iterdir() if left.suffix == ".tmp"]


def damaged(file: pathlib.Path, how: str) -> None:
    contents = bytearray(file.read_bytes())
    if how == "truncated":
        del contents[len(contents) // 2 :]
    elif how == "empty":
        contents.clear()
    else:
        contents[len(contents) // 2] ^= 0x10
    file.write_bytes(contents)


@pytest.mark.parametrize("how", ["truncated", "empty", "one bit"])
def test_damage_is_refused_and_the_newest_whole_restart_named(here, how):
    files = [write_into("restarts", 9, date(day), HEADER, ARRAYS) for day in (1, 2, 3, 4)]
    damaged(files[3], how)
    damaged(files[2], how)
    named = "the newest whole one is restarts/restart_2000-01-02T063000.nc: "
    with pytest.raises(RestartError, match=rf"{named}write '{files[1].name}' into restarts/latest"):
        read_restart(str(files[3]))
    with pytest.raises(RestartError, match=f"{named}give it as read_file"):
        read_restart(str(files[2]))


def test_pointer_to_nothing_is_refused(here):
    file = write_into("restarts", 9, date(1), HEADER, ARRAYS)
    write_into("restarts", 9, date(2), HEADER, ARRAYS).unlink()
    with pytest.raises(RestartError, match=f"is not there; .* {file}: write .* into .*latest"):
        newest("restarts")
    (here / "restarts" / "latest").unlink()
    with pytest.raises(RestartError, match=f"no file latest.*{file}"):
        newest("restarts")


def test_lists_of_fields_are_compared_one_by_one():
    with pytest.raises(RestartError, match="its imports list has b and lacks c"):
        continuation.require_same_run("x", {"imports": ["a", "b"]}, {"imports": ["a", "c"]})


def of_settings(day: int, solar: str) -> dict:
    return HEADER | {
        "start": "2000-01-01T00:00:00",
        "identity": {"grid": "16x8"},
        "configuration": f"&ngcm_radiation\n  solar_constant = {solar}\n/\n",
        "day": day,
    }


def test_restarts_of_another_experiment_are_neither_removed_nor_replaced(here, caplog):
    first = write_into("restarts", 1, date(2), of_settings(2, "1361.0"), ARRAYS)
    second = write_into("restarts", 1, date(3), of_settings(3, "700.0"), ARRAYS)
    assert first.exists() and newest("restarts") == second
    again = write_into(
        "restarts", 1, date(2), of_settings(2, "700.0"), {"state.a": ARRAYS["state.a"] + 1}
    )
    assert again == first and "is of another run, and kept as restarts/other_1_" in caplog.text
    header, arrays = read_restart(str(first.with_name(f"other_1_{first.name}")))
    assert "1361.0" in header["configuration"]
    np.testing.assert_array_equal(arrays["state.a"], ARRAYS["state.a"])
    caplog.clear()
    write_into("restarts", 1, date(2), of_settings(2, "700.0"), ARRAYS)
    assert not caplog.text, "its own is replaced"
    damaged(first, "truncated")
    write_into("restarts", 1, date(2), of_settings(2, "700.0"), ARRAYS)
    assert not caplog.text, "and so is what is left of one"


def test_a_write_that_fails_leaves_the_restart_of_another_experiment_where_it_is(here, monkeypatch):
    file = write_into("restarts", 1, date(2), of_settings(2, "1361.0"), ARRAYS)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ngcm_coupler.output.restart.files._write", full)
    with pytest.raises(OutputError, match="No space left"):
        write_into("restarts", 1, date(2), of_settings(2, "700.0"), ARRAYS)
    assert newest("restarts") == file
    assert "1361.0" in read_restart(str(file))[0]["configuration"]
