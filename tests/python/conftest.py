"""What every test runs in: the environment's own tools first, MPI as anyone, compiled JAX kept."""

from __future__ import annotations

import gc
import importlib.metadata
import logging
import os
import pathlib
import re
import sys
from collections.abc import Iterator

import pytest
from project import ROOT

# Of each JAX its own, so that the environments of `make test` and `make newest` share nothing.
_COMPILED = ROOT / "build" / f"jax-{importlib.metadata.version('jax')}"

_ENVIRONMENT = {
    # Containers run tests as root, and on fewer cores than a test has ranks.
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OMPI_MCA_rmaps_base_oversubscribe": "1",
    "OMPI_MCA_hwloc_base_binding_policy": "none",
    "OMPI_MCA_mpi_yield_when_idle": "1",
    # Hosts and ranks are processes of their own: without these each compiles the same model. The
    # first is of what tests themselves compile, the second of runs.
    "JAX_COMPILATION_CACHE_DIR": str(_COMPILED / "tests"),
    "XDG_CACHE_HOME": str(_COMPILED / "runs"),
}


def pytest_configure() -> None:
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    os.environ["PATH"] = f"{pathlib.Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


@pytest.fixture(autouse=True, scope="module")
def log_as_it_was() -> Iterator[None]:
    """Gives the package's log back as a file of tests has found it.

    A component sets it up for the whole process, so that what another file hears would depend on
    which ran before it.
    """
    logger = logging.getLogger("ngcm_coupler")
    level, propagate, handlers = logger.level, logger.propagate, logger.handlers[:]
    yield
    logger.setLevel(level)
    logger.propagate, logger.handlers[:] = propagate, handlers


@pytest.fixture(autouse=True, scope="module")
def nothing_of_earlier_files_to_look_through() -> None:
    """Lets the collector pass over what earlier files have left: modules, compiled functions.

    A component that is closed has the collector look through all objects, of which a process of
    tests holds so many that this would take more than a second each time.
    """
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out the long tests, unless they are asked for.

    Puts files with slow tests first, so that no process is left with one while others rest.
    Skips what needs a GPU where there is none; asks JAX only if such a test was selected.
    """
    _leave_out_long(config, items)
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
    gpu_items = [item for item in items if item.get_closest_marker("gpu")]
    if not gpu_items:
        return
    import jax

    if jax.default_backend() != "gpu":
        for item in gpu_items:
            item.add_marker(pytest.mark.skip(reason="JAX sees no GPU here"))


def _leave_out_long(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests that take minutes run only if -m names their marker.

    A default -m in pyproject.toml would not do: any other -m takes its place.
    """
    if re.search(r"\blong\b", config.option.markexpr):
        return
    long = [item for item in items if item.get_closest_marker("long")]
    if long:
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]
