"""Times of several things, taken in turn so that other work on the machine meets all alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax
import numpy as np

_QUARTILES = (25, 50, 75)


class Seconds(NamedTuple):
    """What each repeat of a thing took.

    Attributes:
      wall: by the clock [s], shape (repeats,).
      processor: of all cores [s], shape (repeats,).
    """

    wall: np.ndarray
    processor: np.ndarray


def in_turn(runs: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, Seconds]:
    """Runs everything once, so that it is compiled, and then in turn.

    Args:
      runs: name -> what to run; what it returns is waited for.
      repeats: of each.
    """
    for run in runs.values():
        jax.block_until_ready(run())
    seconds = {name: Seconds(np.empty(repeats), np.empty(repeats)) for name in runs}
    for repeat in range(repeats):
        for name, run in runs.items():
            wall, processor = time.perf_counter(), time.process_time()
            jax.block_until_ready(run())
            seconds[name].wall[repeat] = time.perf_counter() - wall
            seconds[name].processor[repeat] = time.process_time() - processor
    return seconds


def quartiles(values: np.ndarray | list[float]) -> list[float]:
    """First quartile, median and third."""
    return np.percentile(values, _QUARTILES).tolist()


def spread(quartiles_: list[float], form: str) -> str:
    """The median with the quartiles in brackets."""
    low, middle, high = (format(value, form) for value in quartiles_)
    return f"{middle} [{low}, {high}]"
