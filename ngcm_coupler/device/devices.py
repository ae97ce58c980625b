"""The device of an owner: which one it sees, how much of its memory it takes, and that it is one.

`prepare` sets what JAX reads once, as it is imported, and imports it; `device` asks it for the
device and refuses a CPU that nobody has asked for.
"""

from __future__ import annotations

import importlib
import itertools
import logging
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ngcm_coupler.config.run_groups import Device
from ngcm_coupler.errors import ConfigError, listing, shown

_log = logging.getLogger(__name__)

_DEVICE = re.compile(r"\d+|GPU-[0-9A-Fa-f-]+|MIG-[0-9A-Za-z/-]+", re.ASCII)

WITHOUT_GPU = "allow_cpu = .true. to go on without"
ON_CPU = "set platform = 'cpu' or allow_cpu = .true."
"""Remedies for a run that has a namelist."""

_VISIBLE = "CUDA_VISIBLE_DEVICES"
_FRACTION = "XLA_PYTHON_CLIENT_MEM_FRACTION"
_PLATFORMS = "JAX_PLATFORMS"


def prepare(settings: Device, place_on_node: int, on_node: int) -> None:
    """Lets this owner see its own device only, and imports JAX.

    Args:
      settings: the namelist group.
      place_on_node: number of this owner among those of its node, from 0.
      on_node: number of owners of the node.

    Raises:
      ConfigError: owners would have to share a device without a memory_fraction, or JAX refuses
        the environment.
    """
    found = environment_of(settings, place_on_node, on_node, graphics_devices(os.environ))
    late = [name for name, value in found.items() if os.environ.get(name) != value]
    if late and "jax" in sys.modules:
        _log.warning(
            "JAX has been imported before the component was created, and may not heed %s",
            ", ".join(f"{name}={found[name]}" for name in late),
        )
    os.environ.update(found)
    import_jax()


def import_jax() -> None:
    """Imports JAX, which reads its variables of the environment then.

    Raises:
      ConfigError: one has a value that it does not take.
    """
    try:
        importlib.import_module("jax")
    except ValueError as error:
        found = [
            f"{name}={value}"
            for name, value in os.environ.items()
            if name.startswith("JAX_") and name in str(error)
        ]
        if not found:
            raise
        raise ConfigError(
            f"JAX refuses its environment ({shown(error)}), which has {listing(found)}; correct or"
            " unset what it names"
        ) from error


def environment_of(
    settings: Device, place_on_node: int, on_node: int, devices: list[str]
) -> dict[str, str]:
    """The environment variables that give an owner its device.

    Args:
      settings: the namelist group.
      place_on_node: number of this owner among those of its node, from 0.
      on_node: number of owners of the node.
      devices: NVIDIA devices that this process may use. A single one, where there are several
        owners, is taken for what the batch system has given to this rank alone.

    Returns:
      Name -> value; empty where there is nothing to say.

    Raises:
      ConfigError: owners would have to share a device without a memory_fraction.
    """
    found = {}
    if settings.platform == "cpu":
        return {_PLATFORMS: "cpu"}  # or JAX would take memory on a GPU that it does not use
    if len(devices) > 1:
        if on_node > len(devices) and not settings.memory_fraction:
            raise ConfigError(
                f"&ngcm_device owners_per_node: {on_node} ranks of this node hold members and it"
                f" has {len(devices)} GPUs; give each GPU one owner, or memory_fraction ="
                f" {0.9 * len(devices) / on_node:.2f} for owners that share one"
            )
        found[_VISIBLE] = devices[place_on_node % len(devices)]
    if devices and settings.memory_fraction:
        found[_FRACTION] = f"{settings.memory_fraction:g}"
    return found


def graphics_devices(environment: Mapping[str, str]) -> list[str]:
    """The NVIDIA devices that a process may use, as CUDA_VISIBLE_DEVICES names them.

    CUDA sees those before the first that is no number, GPU-... or MIG-...; batch systems and
    containers that give none write such a word: -1, NoDevFiles, none, void.
    """
    if _VISIBLE in environment:
        names = [name.strip() for name in environment[_VISIBLE].split(",")]
        return list(itertools.takewhile(_DEVICE.fullmatch, names))
    cards = list(Path("/proc/driver/nvidia/gpus").glob("*"))
    return [str(number) for number in range(len(cards))]


def device(settings: Device) -> Any:
    """The device that ``&ngcm_device`` asks for.

    Raises:
      ConfigError: JAX finds no such device, or only a CPU where a GPU is.
    """
    import jax

    wanted = settings.platform
    try:
        found = jax.local_devices(backend=None if wanted == "auto" else wanted)[0]
    except RuntimeError as error:
        if wanted != "gpu" or not settings.allow_cpu:
            remedy = WITHOUT_GPU if wanted == "gpu" else "'auto' or 'cpu'"
            raise ConfigError(
                f"&ngcm_device platform = '{wanted}': JAX finds no such device ({error}); give"
                f" {remedy}, or install JAX with support for it"
            ) from error
        found = jax.local_devices(backend="cpu")[0]
        _log.warning("platform = 'gpu', but JAX finds none: running on the CPU, as allow_cpu says")
    require_no_silent_cpu(settings, found.platform, graphics_devices(os.environ))
    return found


def require_no_silent_cpu(settings: Device, platform: str, devices: list[str]) -> None:
    """Refuses to compute on a CPU beside an idle GPU that JAX could not start.

    Raises:
      ConfigError: says what to install or to set.
    """
    if settings.platform == "auto" and platform == "cpu" and devices and not settings.allow_cpu:
        raise ConfigError(
            f"&ngcm_device platform = 'auto': this rank may use {len(devices)} NVIDIA GPU, but JAX"
            " only finds a CPU, on which it would run for weeks; install JAX with support for it"
            f" (pip install 'jax[cuda13]', or cuda12 for a driver older than 580), or {ON_CPU}"
        )
