"""Every error has a status and a message that can cross into the host."""

from ngcm_coupler import errors


def test_every_error_class_has_a_status_of_its_own():
    classes = [
        cls
        for cls in vars(errors).values()
        if isinstance(cls, type) and issubclass(cls, errors.NgcmError)
    ]
    assert len({cls.status for cls in classes}) == len(classes)
