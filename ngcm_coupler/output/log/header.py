"""The head of a run's log: what runs, with what, where, from when to when."""

from __future__ import annotations

import hashlib
import os
import platform
from typing import Any

from ngcm_coupler.clock import Clock
from ngcm_coupler.config import Config
from ngcm_coupler.device.environment import environment
from ngcm_coupler.engine import engine_of
from ngcm_coupler.engine.atmosphere import Atmosphere

_GIBIBYTE = 1024**3
_SOFTWARE = ("jax", "jaxlib", "neuralgcm", "dinosaur", "numpy", "python")


def header(
    config: Config, atmosphere: Atmosphere, device: Any, ranks: int, clock: Clock, restart: str
) -> tuple[str, dict[str, Any]]:
    """The head for people, and its figures for programs.

    The namelist is in the text as those keys that have not their default: as a namelist of its own
    they give the run's whole configuration back, whose SHA-256 stands beside them. The figures
    have it resolved.

    Args:
      config: the settings.
      atmosphere: the atmosphere.
      device: of JAX, where it lives.
      ranks: how many the host has.
      clock: as this run begins.
      restart: the file that it goes on from; empty for the initial state.
    """
    facts, grid = environment(device), atmosphere.grid
    core = atmosphere.dynamical_core
    memory, resolved = _memory(device), config.resolved_text()
    figures: dict[str, Any] = {
        **facts,
        "atmosphere": atmosphere.name,
        "checkpoint": engine_of(config).checkpoint(config) or None,
        "dynamical_core": core or None,
        "columns": grid.nlon,
        "rows": grid.nlat,
        "step_seconds": atmosphere.step_seconds,
        "interval_seconds": config.coupling.interval_seconds,
        "device_number": int(device.id),
        "device_memory_bytes": memory,
        "ranks": ranks,
        "host_name": platform.node(),
        "process": os.getpid(),
        "calendar": clock.calendar,
        "start_date": clock.start,
        "begin_date": clock.iso8601(),
        "stop_date": config.run.stop_date or None,
        "restart": restart or None,
        "namelist": resolved,
        "namelist_sha256": hashlib.sha256(resolved.encode()).hexdigest(),
    }
    device_words = [f"{facts['device']}, number {device.id}", f"{memory / _GIBIBYTE:.1f} GiB"]
    if "processor" in facts:
        device_words[1:1] = [facts["processor"], f"{facts['cores']} cores"]
    lines = {
        "software": ", ".join(f"{name} {facts[name]}" for name in _SOFTWARE),
        "atmosphere": f"{atmosphere.name}, {grid.nlon} x {grid.nlat} points, step"
        f" {atmosphere.step_seconds} s",
        "checkpoint": figures["checkpoint"] or "none",
        **({"dynamics": core} if core else {}),
        "device": ", ".join(device_words),
        "environment": facts["settings"],
        "host": f"{platform.node()}, process {os.getpid()}, ranks: {ranks}",
        "run": f"from {clock.start} to {figures['stop_date'] or 'where the host ends it'}",
        "begins": f"{clock.iso8601()}, {'restart ' + restart if restart else 'initial state'}",
        "calendar": f"{clock.calendar}, interval {config.coupling.interval_seconds} s",
        "namelist": f"what is not the default; of all, SHA-256 {figures['namelist_sha256']}",
    }
    text = [f"ngcm_coupler {facts['ngcm_coupler']}"]
    text += [f"  {label:<13}{words}" for label, words in lines.items()]
    text += [f"    {line}" for line in config.changed_text().splitlines()]
    return "\n".join(text), figures


def _memory(device: Any) -> int:
    """What the device can hold [byte]; of a CPU, the memory of its machine."""
    try:
        limit = (device.memory_stats() or {}).get("bytes_limit")
    except (RuntimeError, NotImplementedError):
        limit = None
    return int(limit or os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
