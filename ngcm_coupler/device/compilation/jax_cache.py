"""JAX's own cache of compiled code: what a `Store` does not hold goes there."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
from jax.experimental.compilation_cache import compilation_cache

from ngcm_coupler.device.compilation import ownership
from ngcm_coupler.device.compilation.identity import fingerprint, machine

_log = logging.getLogger(__name__)

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
    folder = _own_folder(place, device)
    for made in (place, folder.parent, folder):
        with contextlib.suppress(OSError):  # of which JAX will tell
            # Nobody else may enter: JAX's files have the permissions that this user's files have.
            made.mkdir(mode=0o700, parents=True, exist_ok=True)
    if reason := ownership.problem(folder, with_files=True):
        _log.warning("JAX's cache is not used: %s; remove %s", reason, folder.parent)
        return
    _switch_to(str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", _FROM_SECONDS)


def refuse_strangers() -> None:
    """Turns off a cache that the user has chosen for JAX, if others could change it."""
    if reason := _problem_of_choice():
        _log.warning(
            "JAX's cache is not used: %s; let JAX_COMPILATION_CACHE_DIR name a folder that only you"
            " can write to",
            reason,
        )
        _switch_to(None)


def jax_cache_problem(place: Path, device: Any) -> str:
    """Why nothing is to be run that lies in JAX's cache; '' if it may be.

    Args:
      place: the folder of all caches.
      device: the device of the run.
    """
    if getattr(jax.config, _FOLDER):
        return _problem_of_choice()
    return ownership.problem(_own_folder(place, device), with_files=True)


def _problem_of_choice() -> str:
    """The same of the cache that is in use, if any is.

    What is no local folder is left to whoever has chosen it.
    """
    chosen = getattr(jax.config, _FOLDER)
    if not chosen or "://" in chosen:
        return ""
    return ownership.problem(Path(chosen), with_files=True)


@contextlib.contextmanager
def bypassed() -> Iterator[None]:
    """Compiles afresh: what JAX's cache gives out cannot be made into a file of its own again."""
    place = getattr(jax.config, _FOLDER)
    if not place:
        yield
        return
    _switch_to(None)
    try:
        yield
    finally:
        _switch_to(place)


def _switch_to(place: str | None) -> None:
    jax.config.update(_FOLDER, place)
    compilation_cache.reset_cache()  # which may have looked already, and found another folder


def _own_folder(place: Path, device: Any) -> Path:
    return place / "jax" / fingerprint(machine(device))
