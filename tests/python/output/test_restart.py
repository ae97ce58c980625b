"""Restart files: whole or not at all, and refused when damaged."""

import contextlib
import resource
import signal

import numpy as np
import pytest

from ngcm_coupler.errors import OutputError, RestartError
from ngcm_coupler.files.netcdf import import_netcdf4
from ngcm_coupler.output.restart import files
from ngcm_coupler.output.restart.files import read_restart, write_into, write_restart

HEADER = {"identity": {"atmosphere": "x"}, "elapsed_seconds": 3600}
ARRAYS = {
    "state.a": np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4),
    "state.key": np.array([1, 2**32 - 1], np.uint32),
    "state.steps": np.array(7, np.int32),
}


@contextlib.contextmanager
def no_file_larger_than(size):
    """What a full disk does to a writer: the system refuses more bytes."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    action = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, action)


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "restart.nc"
    write_restart(str(file), HEADER, ARRAYS)
    return file


def test_what_is_read_is_what_was_written(path):
    header, arrays = read_restart(str(path))
    assert header == HEADER
    assert arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(arrays[name], array)


def test_nothing_but_the_file_is_left(path):
    assert [entry.name for entry in path.parent.iterdir()] == ["restart.nc"]


def test_failed_write_keeps_the_old_file_and_no_other(path):
    before = path.read_bytes()
    large = {"state.a": np.random.default_rng(0).random(100_000)}
    with no_file_larger_than(100_000), pytest.raises(OutputError, match="cannot be written"):
        write_restart(str(path), HEADER, large)
    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == ["restart.nc"]


def test_missing_folder_is_an_error(tmp_path):
    with pytest.raises(OutputError, match="folder"):
        write_restart(str(tmp_path / "no" / "restart.nc"), HEADER, ARRAYS)


def test_truncated_file_is_refused(path):
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(RestartError):
        read_restart(str(path))


def test_changed_value_is_refused(path):
    with import_netcdf4().Dataset(path, "a") as file:
        file["state.a"][1, 1] = 0.5
    with pytest.raises(RestartError, match="checksum"):
        read_restart(str(path))


def test_other_netcdf_file_is_refused(tmp_path):
    other = tmp_path / "other.nc"
    import_netcdf4().Dataset(other, "w").close()
    with pytest.raises(RestartError, match="not a restart file"):
        read_restart(str(other))


def test_missing_file_is_refused(tmp_path):
    with pytest.raises(RestartError, match=r"absent\.nc"):
        read_restart(str(tmp_path / "absent.nc"))


def test_what_is_no_file_is_refused_as_what_it_is():
    with pytest.raises(RestartError, match="^restart file /dev/zero cannot be read: it is a dev"):
        read_restart("/dev/zero")


@pytest.fixture
def folder(tmp_path):
    """A folder with a restart of the first of January, and what writes others there."""

    def write(day, keep=9, header=HEADER, arrays=ARRAYS):
        date = f"2000-01-{day:02}T00:00:00"
        return write_into(str(tmp_path / "restarts"), keep, date, header, arrays)

    write(1)
    return write


def names(file):
    return sorted(each.name for each in file.parent.iterdir())


@pytest.mark.parametrize("damage", ["a value", "a name", "the end"])
def test_a_restart_that_does_not_read_back_is_not_pointed_to(folder, monkeypatch, damage):
    write = files._write

    def spoilt(path, header, arrays):
        if damage == "a name":
            arrays = {"e\u0301" if name == "state.a" else name: a for name, a in arrays.items()}
        write(path, header, arrays)
        if damage == "a value":
            with import_netcdf4().Dataset(path, "a") as file:
                file["state.a"][0, 0] = 7.0
        if damage == "the end":
            path.write_bytes(path.read_bytes()[:-500])

    before = folder(1)
    monkeypatch.setattr(files, "_write", spoilt)
    with pytest.raises(OutputError, match="cannot be written .it "):
        folder(2, keep=1)
    assert files.newest(str(before.parent)) == before
    assert names(before) == ["latest", before.name]
    read_restart(str(before))


def test_only_restarts_of_the_same_run_grow_old(folder, tmp_path):
    """What somebody has put there stays, whatever it is called."""
    place = folder(2).parent
    other = HEADER | {"start": "1999-01-01T00:00:00"}
    write_restart(str(place / "restart_1999-06-01T000000.nc"), other, ARRAYS)
    write_restart(str(place / "restart_0_before_the_crash.nc"), HEADER, ARRAYS)
    (place / "restart_1998-01-01T000000.nc").write_text("notes")
    kept = tmp_path / "kept.nc"
    write_restart(str(kept), HEADER, ARRAYS)
    (place / "restart_1997-01-01T000000.nc").symlink_to(kept)
    (place / ".restart_mine.tmp").write_text("notes")
    (place / ".restart_2000-01-01T000000.nc.77.tmp").write_text("of a killed process")
    theirs = set(names(place / "any")) - {
        "latest", "restart_2000-01-01T000000.nc", "restart_2000-01-02T000000.nc",
        ".restart_2000-01-01T000000.nc.77.tmp",
    }  # fmt: skip
    assert len(theirs) == 5
    for day in (3, 4, 5):
        folder(day, keep=2)
    own = {"latest", "restart_2000-01-04T000000.nc", "restart_2000-01-05T000000.nc"}
    assert set(names(place / "any")) == own | theirs
    assert kept.exists()


def test_a_missing_folder_is_called_missing(tmp_path):
    with pytest.raises(OutputError, match=r"there is no such folder: .*nowhere'"):
        write_restart(str(tmp_path / "nowhere" / "restart.nc"), {}, {})
