"""Weight files of ESMF and SCRIP."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from regrid import test_weights

from fuzz.mutators import netcdf
from fuzz.subject import Implausible, Subject, digest
from ngcm_coupler.regrid.weights import GridPoints, read_weights, write_weights


def make(folder: Path) -> list[Path]:
    """The weights of the tests in both formats, and without the points of the grids."""
    write_weights(test_weights.WEIGHTS, folder / "scrip.nc", "oasis")
    write_weights(test_weights.WEIGHTS, folder / "esmf.nc", "esmf")
    bare = dataclasses.replace(test_weights.WEIGHTS, source=None, target=None, source_area=None)
    write_weights(bare, folder / "bare.nc", "esmf")
    return sorted(folder.glob("*.nc"))


def use(file: Path) -> str:
    """Links must lead from a point to a point."""
    weights = read_weights(file)
    for index, size in (
        (weights.source_index, weights.source_size),
        (weights.target_index, weights.target_size),
    ):
        if index.size == 0 or index.min() < 0 or index.max() >= size:
            raise Implausible("a link to nowhere")
    if not np.isfinite(weights.weight).all():
        raise Implausible("a weight that is not finite")
    parts: list[object] = []
    for part in dataclasses.fields(weights):
        value = getattr(weights, part.name)
        if isinstance(value, GridPoints):
            parts += [getattr(value, each.name) for each in dataclasses.fields(value)]
        elif part.name != "title":  # it has the path
            parts.append(value)
    return digest(parts)


SUBJECT = Subject("weights", make, netcdf.spoilt, use)
