"""How an exception crosses into the host: a status, and one message that says all."""

import os

import pytest

from ngcm_coupler import abi, errors


def test_known_error_crosses_with_its_status_and_message():
    assert abi.describe(errors.ShapeError("three")) == (errors.ShapeError.status, "three")


def test_unexpected_exception_says_what_and_where():
    try:
        _ = {}["absent"]
    except KeyError as error:
        status, message = abi.describe(error)
    assert status == errors.INTERNAL
    assert "KeyError" in message and "test_abi.py" in message


def test_what_is_known_of_the_place_and_the_remedy_comes_last(tmp_path, monkeypatch):
    (tmp_path / "numpy.py").touch()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    error = ImportError("no numpy")
    error.add_note("atmosphere 'air', 2001-01-01")
    _, message = abi.describe(error)
    assert f"PYTHONPATH puts {tmp_path}/numpy.py before" in message
    assert message.endswith(" (atmosphere 'air', 2001-01-01)")


def test_a_namelist_that_its_host_could_not_read_after_us_is_refused():
    out, into = os.pipe()
    os.write(into, b"&ngcm_model engine = 'analytic' /")
    os.close(into)
    try:
        with pytest.raises(errors.ConfigError, match="is a pipe, and is read more than once"):
            abi.create(f"/dev/fd/{out}", None)
    finally:
        os.close(out)
