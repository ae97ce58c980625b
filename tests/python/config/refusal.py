"""What is said of a namelist that is refused."""

from __future__ import annotations

import pytest

from ngcm_coupler.engine import parse
from ngcm_coupler.errors import ConfigError


def faults(text: str) -> list[str]:
    """Every fault of a namelist, which must have one."""
    with pytest.raises(ConfigError) as refusal:
        parse(text, "test.nml")
    return refusal.value.faults
