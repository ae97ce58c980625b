"""What checks find, and the programs that they look for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ngcm_coupler.errors import NgcmError


class Fault(NgcmError):
    """What a check has found wrong, with its remedy."""


class Concern(NgcmError):
    """A run will work, but not as its namelist asks."""


class Absent(NgcmError):
    """Something that a run can do without is not here."""


class Finding(NamedTuple):
    """The outcome of one check on one rank: ``ok``, ``warning``, ``fault`` or ``-``.

    The last is for what a run can do without.
    """

    check: str
    state: str
    text: str


Report = Sequence[Finding]
"""The findings of one rank."""


def program(name: str) -> Path:
    """A program of the package.

    Raises:
      NgcmError: the package has no library.
      Absent: it was built without this program.
    """
    from ngcm_coupler.cli import buildconfig

    path = buildconfig.prefix() / "bin" / name
    if not path.exists():
        raise Absent(f"there is no {path}")
    return path
