"""What PYTHONPATH hides is named where it did harm, and nowhere else."""

import importlib
import sys

import pytest

from ngcm_coupler.errors import DataError
from ngcm_coupler.python_path import hiding_modules, remedy


def fail_to_import(folder, monkeypatch, text, name="scipy"):
    """The error of a package of the project that a folder of PYTHONPATH hides."""
    (folder / name).mkdir()
    (folder / name / "__init__.py").write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.syspath_prepend(folder)
    hidden = {each for each in sys.modules if each.partition(".")[0] == name}
    for each in hidden:
        monkeypatch.delitem(sys.modules, each)
    with pytest.raises(Exception) as caught:  # noqa: PT011  (whatever the package does)
        importlib.import_module(name)
    return caught.value


@pytest.mark.parametrize("text", ["raise ImportError('x')", "1 / 0", "def ("])
def test_what_pythonpath_hides_is_named_where_an_import_fails(tmp_path, monkeypatch, text):
    error = fail_to_import(tmp_path, monkeypatch, text)
    passed_on = DataError("the file cannot be read")
    passed_on.__cause__ = error
    for each in error, passed_on:
        assert f"PYTHONPATH puts {tmp_path}/scipy before what is installed in" in remedy(each)


def test_pythonpath_is_not_blamed_for_anything_else(tmp_path, monkeypatch):
    error = fail_to_import(tmp_path, monkeypatch, "raise ImportError('x')", "of_their_own")
    assert remedy(error) == ""  # it hides nothing
    for name in "scipy", "tests", "notes":
        (tmp_path / name).mkdir()  # a folder without __init__ hides no package
    (tmp_path / "numpy.txt").touch()
    assert list(hiding_modules()) == []
    (tmp_path / "logging.py").touch()
    assert list(hiding_modules()) == [tmp_path / "logging.py"]
    assert remedy(ValueError("a fault of ours")) == ""
