"""Weights are those of YAC, which finds overlaps by another algorithm."""

import pickle
import subprocess
import sys

import pytest

from ngcm_coupler.grid import GaussianGrid
from ngcm_coupler.regrid import ExchangeGrid
from ngcm_coupler.regrid.weights import read_weights

pytestmark = pytest.mark.yac

# YAC starts MPI, which a process can do once: it runs in one of its own.
SCRIPT = """
import pathlib, pickle, sys
from ngcm_coupler.cli.bench import yac

folder = pathlib.Path(sys.argv[1])
for weights, name in zip(
    yac.prepare(*pickle.loads((folder / "grids").read_bytes()))(),
    ("to_surface.nc", "to_atmosphere.nc"),
    strict=True,
):
    weights.write_to_file(str(folder / name))
"""


@pytest.fixture(params=["torc", "cube"])
def exchange(request):
    if request.param == "torc":
        return ExchangeGrid.build(GaussianGrid(128, 64), request.getfixturevalue("torc"))
    return ExchangeGrid.build(GaussianGrid(64, 32), request.getfixturevalue("cubed_sphere")(32))


@pytest.mark.slow
def test_conservative_weights_are_those_of_yac(exchange, tmp_path):
    pytest.importorskip("yac", reason="needs the package yac")
    grids = exchange.atmosphere, exchange.surface, exchange.counted
    (tmp_path / "grids").write_bytes(pickle.dumps(grids))
    done = subprocess.run(
        [sys.executable, "-P", "-c", SCRIPT, tmp_path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for direction in ("to_surface", "to_atmosphere"):
        ours = exchange.regridder(direction, "conservative")
        theirs = read_weights(
            tmp_path / f"{direction}.nc", source_size=ours.source.size, target_size=ours.target.size
        )
        assert theirs.weight.size == ours.matrix.nnz
        assert abs(theirs.matrix - ours.matrix).max() < 1e-11
