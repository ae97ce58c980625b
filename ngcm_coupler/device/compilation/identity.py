"""What compiled code depends on beside the shapes of its arguments.

Whatever is missing here would let a run load the code of another one, so that settings count
unless it is known that no compiled function sees them (`Config.of_computation`), and packages
count by their sources, not only by a version that stays when somebody changes a line.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax

from ngcm_coupler.config import Config
from ngcm_coupler.device.environment import environment, instructions
from ngcm_coupler.engine import engine_of
from ngcm_coupler.engine.atmosphere import Atmosphere

_TRACED = ("ngcm_coupler", "rrtmgp")
"""Packages whose Python is traced, beside the engine's; what JAX makes of it its version says."""

_SETTINGS = ("jax_default_matmul_precision", "jax_threefry_partitionable", "jax_disable_jit")


def computation(config: Config, atmosphere: Atmosphere, device: Any) -> dict[str, str]:
    """Everything that the compiled functions of a run depend on beside their arguments' shapes.

    Args:
      config: as `Config.of_computation` gives it.
      atmosphere: the engine.
      device: that they are compiled for.

    Returns:
      What it is -> text.
    """
    packages = dict.fromkeys((*_TRACED, *engine_of(config).traced))
    return {
        **machine(device),
        "atmosphere": f"{atmosphere.name}, {type(atmosphere).__module__}"
        f".{type(atmosphere).__qualname__}, water {atmosphere.budgets_water}",
        "land": hashlib.sha256(atmosphere.land_area_fraction.tobytes()).hexdigest(),
        "configuration": config.resolved_text(),
    } | {f"source of {package}": _source(package) for package in packages}


def machine(device: Any) -> dict[str, str]:
    """The part of it that software and hardware are.

    The instructions of a CPU are among it: code for others would end the process.
    """
    facts = environment(device) | {"device number": str(device.id)}
    facts |= {name: str(getattr(jax.config, name)) for name in _SETTINGS}
    if device.platform == "cpu":
        facts["instructions"] = instructions()
    else:
        facts["driver"] = str(device.client.platform_version)
    return facts


def fingerprint(facts: Mapping[str, str]) -> str:
    """A short name for a set of facts."""
    text = "\n".join(f"{name} = {facts[name]}" for name in sorted(facts))
    return hashlib.sha256(text.encode()).hexdigest()[:24]


@functools.cache
def _source(package: str) -> str:
    """Digest of the Python sources of a package, or of a module of one file."""
    found = importlib.util.find_spec(package)
    if found is None:
        return "not installed"
    digest = hashlib.sha256()
    if not found.submodule_search_locations:
        digest.update(Path(found.origin or "").read_bytes())
        return digest.hexdigest()
    for place in found.submodule_search_locations:
        for path in sorted(Path(place).rglob("*.py")):
            digest.update(str(path.relative_to(place)).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()
