"""Every error has a status and a message that can cross into the host."""

import importlib
import sys

import pytest

from ngcm_coupler import errors


def test_every_error_class_has_a_status_of_its_own():
    classes = [
        cls
        for cls in vars(errors).values()
        if isinstance(cls, type) and issubclass(cls, errors.NgcmError)
    ]
    assert len({cls.status for cls in classes}) == len(classes)


def test_known_error_crosses_with_its_status_and_message():
    assert errors.describe(errors.ShapeError("three")) == (errors.ShapeError.status, "three")


def test_unexpected_exception_says_what_and_where():
    try:
        _ = {}["absent"]
    except KeyError as error:
        status, message = errors.describe(error)
    assert status == errors.INTERNAL
    assert "KeyError" in message and "test_errors.py" in message


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
    passed_on = errors.DataError("the file cannot be read")
    passed_on.__cause__ = error
    for each in error, passed_on:
        _, message = errors.describe(each)
        assert f"; PYTHONPATH puts {tmp_path}/scipy before what is installed in" in message


def test_pythonpath_is_not_blamed_for_anything_else(tmp_path, monkeypatch):
    error = fail_to_import(tmp_path, monkeypatch, "raise ImportError('x')", "of_their_own")
    assert errors.import_remedy(error) == ""  # it hides nothing
    for name in "scipy", "tests", "notes":
        (tmp_path / name).mkdir()  # a folder without __init__ hides no package
    (tmp_path / "numpy.txt").touch()
    assert list(errors.hiding_modules()) == []
    (tmp_path / "logging.py").touch()
    assert list(errors.hiding_modules()) == [tmp_path / "logging.py"]
    assert errors.import_remedy(ValueError("a fault of ours")) == ""
