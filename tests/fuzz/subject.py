"""What is fuzzed: a reader of the package, valid files for it, and how these are spoilt."""

from __future__ import annotations

import dataclasses
import hashlib
import random
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np


class Implausible(Exception):
    """A file was taken, and what was read of it is nothing that it can hold."""


@dataclasses.dataclass(frozen=True)
class Subject:
    """A kind of file and its reader.

    Attributes:
      name: one word, in the plural.
      make: writes valid files into a folder and returns those that are to be spoilt; others beside
        them stay whole.
      mutate: gives the bytes of a file once it is spoilt, by the random numbers alone.
      use: reads a file, which lies beside the others that `make` has written, and returns a digest
        of what was read. It raises `Implausible`, or an error of the project.
      exact: whether the files have checksums, so that none may be taken with other contents.
      batch: how many inputs a process reads before the next one is started.
    """

    name: str
    make: Callable[[Path], Sequence[Path]]
    mutate: Callable[[random.Random, Path], bytes]
    use: Callable[[Path], str]
    exact: bool = False
    batch: int = 250


def digest(parts: Iterable[object]) -> str:
    """One number for arrays and whatever has a repr that tells values apart."""
    total = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            total.update(f"{part.dtype.str}{part.shape}".encode())
            total.update(np.ascontiguousarray(part).tobytes())
        else:
            total.update(repr(part).encode(errors="surrogatepass"))
        total.update(b"\0")
    return total.hexdigest()
