"""Which tests run by which marker: a long one never by chance."""

from __future__ import annotations

import re

import pytest
from project import ROOT

pytest_plugins = ("pytester",)

SUITE = """
import pytest

def test_light():
    pass

@pytest.mark.slow
def test_slow():
    pass

@pytest.mark.long
def test_long():
    pass

@pytest.mark.slow
@pytest.mark.long
def test_slow_and_long():
    pass
"""


@pytest.mark.parametrize(
    ("expression", "selected"),
    [
        ("", {"light", "slow"}),
        ("not slow", {"light"}),
        ("slow", {"slow"}),
        ("not gpu", {"light", "slow"}),
        ("long", {"long", "slow_and_long"}),
        ("long and not slow", {"long"}),
        ("slow or long", {"slow", "long", "slow_and_long"}),
    ],
)
def test_long_tests_are_selected_only_by_their_marker(pytester, expression, selected):
    """By the project's own settings, in a suite of four tests."""
    (pytester.path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    folder = pytester.mkdir("tests") / "python"
    folder.mkdir()
    for name in ("conftest.py", "project.py"):
        (folder / name).write_text((ROOT / "tests" / "python" / name).read_text())
    (folder / "test_suite.py").write_text(SUITE)
    options = ["-m", expression] if expression else []
    found = pytester.runpytest_inprocess("--collect-only", "--quiet", *options)
    assert set(re.findall(r"::test_(\w+)$", found.stdout.str(), re.MULTILINE)) == selected
