"""JAX's own cache of compiled code: what a `Store` does not hold goes there."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
from jax.experimental.compilation_cache import compilation_cache

from ngcm_coupler.device.compilation.identity import fingerprint, machine

_FOLDER = "jax_compilation_cache_dir"

_FROM_SECONDS = 0.1
"""How long something has to compile to be worth a file."""


def use_jax_cache(place: Path, device: Any) -> None:
    """Lets JAX keep what it compiles, apart for every kind of machine.

    JAX's keys say nothing of a CPU's instructions, and code with those that a CPU has not would end
    the process. A cache that the user has chosen stays in use.

    Args:
      place: the folder of all caches.
      device: the device of the run.
    """
    if getattr(jax.config, _FOLDER):
        return
    jax.config.update(_FOLDER, str(place / "jax" / fingerprint(machine(device))))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", _FROM_SECONDS)
    compilation_cache.reset_cache()  # which may have looked already, and found no folder


@contextlib.contextmanager
def bypassed() -> Iterator[None]:
    """Compiles afresh: what JAX's cache gives out cannot be made into a file of its own again."""
    place = getattr(jax.config, _FOLDER)
    if not place:
        yield
        return
    jax.config.update(_FOLDER, None)
    compilation_cache.reset_cache()
    try:
        yield
    finally:
        jax.config.update(_FOLDER, place)
        compilation_cache.reset_cache()
