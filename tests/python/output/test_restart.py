"""Restart files: whole or not at all, and refused when damaged."""

import contextlib
import resource
import signal

import numpy as np
import pytest

from ngcm_coupler.errors import OutputError, RestartError
from ngcm_coupler.netcdf import import_netcdf4
from ngcm_coupler.output.restart.files import read_restart, write_restart

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
