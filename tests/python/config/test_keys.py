"""Keys: their types, ranges and choices, and what is said of a value they refuse."""

from __future__ import annotations

import dataclasses
import re

import pytest

from ngcm_coupler.config import GROUPS
from ngcm_coupler.config.keys import Key, did_you_mean, keys

INTEGER = Key(10, "A count.", unit="s", minimum=1, maximum=20)
REAL = Key(1.5, "A depth.", unit="m", minimum=0.5, maximum=9.5)
PART = Key(0.5, "A part.", unit="1", minimum=0, maximum=1)
STRING = Key("", "A name.")
CHOICE = Key("red", "A colour.", choices=("red", "green"))
LOGICAL = Key(True, "A switch.")
LIST = Key(("red",), "Colours.", choices=("red", "green"))
EVEN = Key(
    2, "Pairs.", minimum=0, maximum=8, note="even", check=lambda n: "is odd" if n % 2 else None
)

ALL_KEYS = [
    pytest.param(key, id=f"{group}.{name}")
    for group, cls in GROUPS.items()
    for name, key in keys(cls).items()
]


@pytest.mark.parametrize(
    ("key", "items", "value"),
    [
        (INTEGER, ["20"], 20),
        (REAL, ["2.5"], 2.5),
        (REAL, ["3"], 3.0),
        (STRING, ["'x'"], "x"),
        (CHOICE, ["'green'"], "green"),
        (LOGICAL, [".false."], False),
        (LIST, ["'green'", "'red'"], ("green", "red")),
        (LIST, ["'green'"], ("green",)),
        (EVEN, ["8"], 8),
    ],
)
def test_a_value_of_the_right_type_is_taken(key, items, value):
    setting = key.convert(items)
    assert setting == value
    assert type(setting) is type(value)


@pytest.mark.parametrize(
    ("key", "items", "problem"),
    [
        (INTEGER, ["3.5"], "is not an integer [s] (1 to 20)"),
        (INTEGER, ["3.0"], "is not an integer [s] (1 to 20)"),
        (INTEGER, ["'3'"], "is not an integer [s] (1 to 20)"),
        (INTEGER, [".true."], "is not an integer [s] (1 to 20)"),
        (INTEGER, ["0"], "is too small; allowed: 1 to 20"),
        (INTEGER, ["21"], "is too large; allowed: 1 to 20"),
        (INTEGER, ["1", "2"], "is a list; expected an integer [s] (1 to 20)"),
        (INTEGER, [], "has an empty place where an integer [s] (1 to 20) is expected"),
        (INTEGER, ["x"], "holds x, which cannot be read; expected an integer [s] (1 to 20)"),
        (REAL, ["nan"], "is not finite; allowed: 0.5 to 9.5"),
        (REAL, ["1e999"], "is not finite; allowed: 0.5 to 9.5"),
        (REAL, ["1" * 400], "is too large; allowed: 0.5 to 9.5"),
        (REAL, ["'2.5'"], "is not a real [m] (0.5 to 9.5)"),
        (REAL, [".true."], "is not a real [m] (0.5 to 9.5)"),
        (STRING, ["x"], "holds x, which cannot be read; write text in quotes"),
        (STRING, ["1"], "is not a string"),
        (CHOICE, ["'gren'"], "is none of 'red', 'green'; did you mean 'green'?"),
        (CHOICE, ["'RED'"], "is none of 'red', 'green'; did you mean 'red'?"),
        (CHOICE, ["''"], "is none of 'red', 'green'"),
        (PART, ["'1'"], "is not a real (0 to 1)"),
        (LOGICAL, ["1"], "is not a logical"),
        (LOGICAL, ["'true'"], "is not a logical"),
        (LIST, ["'red'", "'blue'"], "holds 'blue', which is none of 'red', 'green'"),
        (
            LIST,
            ["'blue'", "'gren'"],
            "holds 'blue', 'gren', which are none of 'red', 'green'; for 'gren' "
            "did you mean 'green'?",
        ),
        (LIST, ["'red'", "1"], "is not a list of strings ('red', 'green')"),
        (LIST, ["'red'", "", "'red'"], "has an empty place where a list of strings"),
        (EVEN, ["3"], "is odd; allowed: 0 to 8; even"),
    ],
)
def test_a_refused_value_is_told_what_is_allowed(key, items, problem):
    with pytest.raises(ValueError, match=f"^{re.escape(problem)}"):
        key.convert(items)


@pytest.mark.parametrize("key", ALL_KEYS)
def test_every_key_is_documented_in_a_sentence(key):
    assert key.doc.endswith(".")
    assert key.doc[0].isalpha()


@pytest.mark.parametrize("key", ALL_KEYS)
def test_every_default_is_allowed(key):
    assert key.problem(key.default) is None


@pytest.mark.parametrize("key", ALL_KEYS)
def test_every_number_has_a_range(key):
    if key.kind in ("integer", "real"):
        assert key.minimum is not None
        assert key.maximum is not None


@pytest.mark.parametrize(
    ("ending", "unit"), [("_seconds", "s"), ("_hours", "h"), ("_days", "d"), ("_m", "m")]
)
def test_a_unit_in_a_name_is_the_unit_of_the_key(ending, unit):
    named = [
        key for cls in GROUPS.values() for name, key in keys(cls).items() if name.endswith(ending)
    ]
    assert named
    assert all(key.unit == unit for key in named)


def test_groups_are_frozen():
    assert all(cls.__dataclass_params__.frozen for cls in GROUPS.values())
    assert all(dataclasses.is_dataclass(cls) for cls in GROUPS.values())


def test_a_name_unlike_all_others_brings_no_suggestion():
    assert did_you_mean("xyz", ["interval_seconds"]) == ""
