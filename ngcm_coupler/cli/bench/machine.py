"""What the figures depend on."""

from __future__ import annotations

import os
from typing import Any

import jax

from ngcm_coupler.device.environment import environment

_SAID = ("device", "processor", "cores", "python", "jax", "jaxlib", "neuralgcm", "ngcm_coupler")


def facts() -> dict[str, str]:
    """Device, versions, settings, and how busy the machine is."""
    found = environment(jax.devices()[0])
    return {**found, "load_average": f"{os.getloadavg()[0]:.1f}"}


def text(found: Any) -> str:
    """The facts in a line."""
    named = [f"{name} {found[name]}" for name in (*_SAID, "load_average") if name in found]
    return f"{', '.join(named)}\nMedians, quartiles in brackets\n"
