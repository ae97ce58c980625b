"""The compiled kernels, which a folder of sources lacks until it is built."""

from __future__ import annotations

import contextlib
import pathlib
from collections.abc import Iterator

from ngcm_coupler.errors import NgcmError


@contextlib.contextmanager
def required() -> Iterator[None]:
    """Says what to do where the import of a kernel fails.

    Raises:
      NgcmError: it does.
    """
    try:
        yield
    except ImportError as error:
        folder = pathlib.Path(__file__).parents[1]
        raise NgcmError(
            f"the package in {folder} has no compiled kernels ({error}): it is not an installed"
            " one. Start Python in another folder, or with its option -P, so that the installed"
            " package is found; or build and install it"
        ) from error
