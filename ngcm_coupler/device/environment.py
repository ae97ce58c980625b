"""What a run computes with: software, device and settings, on which its last bits depend."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from pathlib import Path
from typing import Any

from ngcm_coupler import __version__

_PACKAGES = ("jax", "jaxlib", "numpy", "scipy", "neuralgcm", "dinosaur", "dm-haiku", "jax-rrtmgp")
_PREFIXES = ("XLA_", "JAX_", "NPROC", "NVIDIA_TF32_OVERRIDE")
_WITHOUT_EFFECT = (
    "JAX_COMPILATION_CACHE",
    "JAX_PERSISTENT_CACHE",
    "JAX_PLATFORMS",  # the device tells
    "XLA_PYTHON_CLIENT_",  # how much memory is taken, and when
)


def environment(device: Any) -> dict[str, str]:
    """Everything beside the namelist and the state that results may depend on.

    Args:
      device: the device of JAX that the atmosphere lives on.

    Returns:
      Names of letters and underscores -> text.
    """
    facts = {"ngcm_coupler": __version__, "python": platform.python_version()}
    for package in _PACKAGES:
        try:
            version = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            version = "not installed"
        facts[package.replace("-", "_")] = version
    facts["device"] = f"{device.platform}: {device.device_kind}"
    if device.platform == "cpu":
        # Compiled code depends on the instructions that the processor has, and on its cores the
        # order of sums may depend.
        facts["processor"] = _processor()
        facts["cores"] = str(len(os.sched_getaffinity(0)))
    settings = [
        f"{name}={value}"
        for name, value in sorted(os.environ.items())
        if name.startswith(_PREFIXES) and not name.startswith(_WITHOUT_EFFECT)
    ]
    facts["settings"] = " ".join(settings) or "none"
    return facts


def instructions() -> str:
    """The instructions that the CPU has, as far as the system tells."""
    return " ".join(sorted(_said_of_processor("flags", "Features").split()))  # x86, ARM


def _processor() -> str:
    return _said_of_processor("model name") or platform.machine()


def _said_of_processor(*names: str) -> str:
    """What Linux says of the first processor under the first of the names; '' if nothing."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(names)), "")
