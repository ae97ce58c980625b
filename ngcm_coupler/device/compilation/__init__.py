"""Compiled functions of a run, and where they are kept for the next one.

A `Compiler` makes functions into executables, each once and for one shape of its arguments. What it
has made it keeps in a `Store`, under everything that the code depends on, so that the next run
loads it without tracing or compiling anything.
"""

from ngcm_coupler.device.compilation.compiler import Compiler
from ngcm_coupler.device.compilation.identity import computation
from ngcm_coupler.device.compilation.jax_cache import (
    bypassed,
    jax_cache_problem,
    refuse_strangers,
    use_jax_cache,
)
from ngcm_coupler.device.compilation.store import Store, folder

__all__ = [
    "Compiler",
    "Store",
    "bypassed",
    "computation",
    "folder",
    "jax_cache_problem",
    "refuse_strangers",
    "use_jax_cache",
]
