"""Statuses: what Python raises and what the C header promises are the same."""

import re
from pathlib import Path

from ngcm_coupler import errors

HEADER = Path(__file__).parents[2] / "bridge" / "include" / "ngcm.h"


def test_header_and_python_agree_on_every_status():
    text = HEADER.read_text()
    in_header = {
        int(code): name.lower()
        for name, code in re.findall(r"NGCM_(?:ERROR_)?([A-Z]+)\s*=\s*(\d+)", text)
    }
    assert in_header == errors.STATUS_LABELS


def test_every_error_class_has_a_status_of_its_own():
    classes = [errors.NgcmError, *errors.NgcmError.__subclasses__()]
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
