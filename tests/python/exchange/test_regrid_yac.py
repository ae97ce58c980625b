"""Weights are those of YAC, which finds overlaps by another algorithm."""

import subprocess
import sys

import numpy as np
import pytest

from ngcm_coupler.exchange import ExchangeGrid
from ngcm_coupler.exchange.weights import read_weights
from ngcm_coupler.grid import GaussianGrid

pytestmark = pytest.mark.yac

# YAC initialises MPI, and a process can do so once: it runs in one of its own.
YAC = """
import sys
import numpy as np
import mpi4py.MPI
import yac.core as core

given = np.load(sys.argv[1])
cell = core.yac_location.YAC_LOC_CELL
# Between the rows of a Gaussian grid lie circles of latitude, which this kind of grid has.
atmosphere = core.BasicGrid.reg_2d_new(
    "atmosphere", given["meridians"], given["circles"], cyclic=[True, False]
)
surface = core.BasicGrid.unstruct_new(
    "surface", given["corners"], given["longitude"], given["latitude"], given["corner"]
)
surface.set_core_mask(cell, given["sea"])
ends = {}
for name, grid in (("atmosphere", atmosphere), ("surface", surface)):
    centres = given[name]
    grid.set_global_index(cell, np.arange(centres.shape[1], dtype=np.int32))
    ends[name] = core.InterpField(grid.add_coordinates(cell, centres[0], centres[1]))
for source, target in (("atmosphere", "surface"), ("surface", "atmosphere")):
    stack = core.InterpolationStack()
    stack.add_conservative(
        order=1,
        enforced_conserv=False,
        partial_coverage=True,
        normalisation=core.yac_interp_method_conserv_normalisation.YAC_INTERP_CONSERV_FRACAREA,
    )
    weights = core.compute_weights(stack, ends[source], ends[target])
    weights.write_to_file(f"{sys.argv[2]}/to_{target}.nc")
"""


@pytest.fixture(params=["torc", "cube"])
def exchange(request):
    if request.param == "torc":
        return ExchangeGrid.build(GaussianGrid(128, 64), request.getfixturevalue("torc"))
    return ExchangeGrid.build(GaussianGrid(64, 32), request.getfixturevalue("cubed_sphere")(32))


def write_grids(exchange, file):
    """The grids as YAC wants them: vertices once, cells without repeated corners, radians."""
    grid, atmosphere = exchange.surface, exchange.atmosphere
    place = np.stack([grid.corner_longitude % 360.0, grid.corner_latitude], axis=-1).reshape(-1, 2)
    _, first, corner = np.unique(place.round(9), axis=0, return_index=True, return_inverse=True)
    corner = corner.reshape(grid.corner_longitude.shape)
    distinct = corner != np.roll(corner, -1, axis=1)
    np.savez(
        file,
        meridians=np.deg2rad(atmosphere.corner_longitude[: atmosphere.nlon, 0]),
        circles=np.deg2rad(atmosphere.latitude_bounds),
        corners=distinct.sum(axis=1).astype(np.int32),
        longitude=np.deg2rad(place[first, 0]),
        latitude=np.deg2rad(place[first, 1]),
        corner=corner[distinct].astype(np.int32),
        sea=exchange.counted,
        surface=np.deg2rad([grid.longitude, grid.latitude]),
        atmosphere=np.deg2rad([atmosphere.longitude, atmosphere.latitude]),
    )


def test_conservative_weights_are_those_of_yac(exchange, tmp_path):
    pytest.importorskip("yac", reason="needs the package yac")
    write_grids(exchange, tmp_path / "grids.npz")
    done = subprocess.run(
        [sys.executable, "-c", YAC, tmp_path / "grids.npz", tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for direction in ("to_surface", "to_atmosphere"):
        ours = exchange.regridder(direction, "conservative")
        theirs = read_weights(
            tmp_path / f"{direction}.nc", source_size=ours.source.size, target_size=ours.target.size
        )
        assert theirs.weight.size == ours.matrix.nnz
        assert abs(theirs.matrix - ours.matrix).max() < 1e-11
