"""One published model split over several devices and processes, by upstream's own means."""

import dataclasses
import subprocess
import sys

import jax
import numpy as np
import pytest

from ngcm_coupler.engine.atmosphere import initial_condition
from ngcm_coupler.engine.neuralgcm.checkpoint import read_checkpoint
from ngcm_coupler.engine.neuralgcm.mesh import Split
from ngcm_coupler.engine.neuralgcm.model import NeuralGCM
from ngcm_coupler.errors import CheckpointError, ConfigError

pytestmark = pytest.mark.slow

STEPS = 3

HALF_OF_A_MODEL = """
import signal
import sys
import jax
import numpy as np
from mpi4py import MPI
from ngcm_coupler.parallel import distributed

comm = MPI.COMM_WORLD
handlers = [signal.getsignal(number) for number in signal.valid_signals()]
distributed.initialize(comm)
assert handlers == [signal.getsignal(number) for number in signal.valid_signals()]

from ngcm_coupler.engine.neuralgcm import mesh as split
from ngcm_coupler.engine.atmosphere import SurfaceState
from ngcm_coupler.engine.neuralgcm.checkpoint import read_checkpoint
from ngcm_coupler.engine.neuralgcm.model import NeuralGCM

assert jax.process_count() == 2 and jax.process_index() == comm.rank
mesh = split.Split(levels=2).mesh(jax.devices())
comm.Barrier()
split.connect(mesh)
engine = NeuralGCM(read_checkpoint("demo"), "demo", mesh=mesh)
given = np.load("begin.npz")
template = engine.state_template()
leaves = [
    jax.random.wrap_key_data(given[f"state.{place}"])
    if jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key)
    else given[f"state.{place}"].astype(leaf.dtype)
    for place, leaf in enumerate(jax.tree.leaves(template))
]
parts = split.state_shardings(template, mesh)
state = split.place(jax.tree.unflatten(jax.tree.structure(template), leaves), parts)
everywhere = split.replicated(mesh)
surface = SurfaceState(*(split.place(given[f"surface.{row}"], everywhere) for row in (0, 1)))
parameters = split.place(engine.parameters, everywhere)

traced = 0

def counted(*arguments):
    global traced
    traced += 1
    return engine.step(*arguments)

step = jax.jit(counted, out_shardings=parts)
for _ in range(int(sys.argv[1])):
    state = step(parameters, state, surface)
assert traced == 1

vorticity = state.state.vorticity
held = [shard.data.shape for shard in vorticity.addressable_shards]
levels = vorticity.shape[0]
assert held == [(levels // 2, *vorticity.shape[1:])], held
assert vorticity.addressable_shards[0].index[0].start == (levels // 2 if comm.rank else 0)
assert not vorticity.is_fully_addressable

whole = split.fetch(state.state)
if comm.rank == 0:
    np.savez("end.npz", **{str(place): leaf for place, leaf in enumerate(jax.tree.leaves(whole))})
distributed.shutdown()
"""


@pytest.fixture(scope="module")
def engine():
    return NeuralGCM(read_checkpoint("demo"), "demo", dycore="upstream")


@pytest.fixture(scope="module")
def initial(engine):
    return initial_condition(engine, None, 0)


def on_host(leaf):
    if jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        leaf = jax.random.key_data(leaf)
    return np.asarray(leaf)


def farthest(one, other):
    """Largest difference of any value of any field, over the largest value of that field."""
    return max(
        np.abs(mine - yours).max() / np.abs(yours).max()
        for mine, yours in zip(map(on_host, one), map(on_host, other), strict=True)
    )


@pytest.mark.long
def test_two_processes_with_half_the_levels_each_agree_with_one(engine, initial, tmp_path):
    step = jax.jit(engine.step)

    def run(state):
        for _ in range(STEPS):
            state = step(engine.parameters, state, initial.surface)
        return jax.tree.leaves(state.state)

    whole = run(initial.state)
    # The order of sums is another. No agreement can be closer than what the last digit of the
    # initial state changes; the split adds about as much in every one of the steps.
    digit = jax.tree.map(
        lambda x: np.nextafter(x, np.float32(np.inf)) if x.ndim == 3 else x, initial.state.state
    )
    tolerance = 10.0 * farthest(run(dataclasses.replace(initial.state, state=digit)), whole)
    assert tolerance < 1e-3

    given = {f"state.{i}": on_host(leaf) for i, leaf in enumerate(jax.tree.leaves(initial.state))}
    for row, values in enumerate(jax.tree.leaves(initial.surface)):
        given[f"surface.{row}"] = on_host(values)
    np.savez(tmp_path / "begin.npz", **given)
    (tmp_path / "host.py").write_text(HALF_OF_A_MODEL)
    done = subprocess.run(
        ["mpirun", "-n", "2", sys.executable, "-m", "mpi4py", "host.py", str(STEPS)],
        cwd=tmp_path, capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    with np.load(tmp_path / "end.npz") as end:
        split = [end[str(i)] for i in range(len(whole))]
    assert farthest(split, whole) < tolerance


def test_split_asks_for_as_many_devices_as_parts():
    with pytest.raises(ConfigError, match="needs 4 devices; got 1"):
        Split(levels=2, latitude=2).mesh(jax.devices()[:1])


def test_uneven_split_is_refused_with_what_would_fit():
    # Only the shape of a mesh is looked at: devices that are not there will do.
    mesh = jax.sharding.AbstractMesh((3, 1, 1), ("z", "x", "y"))
    with pytest.raises(CheckpointError, match="32 levels cannot be cut into 3 equal parts"):
        NeuralGCM(read_checkpoint("demo"), "demo", mesh=mesh)
