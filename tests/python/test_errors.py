"""Every error has a status and a message that can cross into the host."""

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
