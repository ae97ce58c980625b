"""Ranks of MPI become the processes of one JAX program, or all of them say why not."""

import os
import subprocess
import sys
import textwrap

import pytest

PREAMBLE = """
import signal
import jax
import numpy as np
from mpi4py import MPI
from ngcm_coupler.parallel import distributed
from ngcm_coupler.errors import ParallelError

comm = MPI.COMM_WORLD

def raises(text, **settings):
    try:
        distributed.initialize(comm, **settings)
    except ParallelError as caught:
        assert text in str(caught), caught
    else:
        raise AssertionError(f"rank {comm.rank}: nothing was raised")
"""


@pytest.fixture
def mpirun(tmp_path):
    def run(program, **environment):
        (tmp_path / "host.py").write_text(PREAMBLE + textwrap.dedent(program))
        done = subprocess.run(
            ["mpirun", "-n", "2", sys.executable, "-m", "mpi4py", "host.py"],
            cwd=tmp_path, env=os.environ | environment, capture_output=True, text=True,
            timeout=240, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr

    return run


@pytest.mark.slow
def test_ranks_share_their_devices_and_leave_signals_and_mpi_to_the_host(mpirun):
    # A web proxy of the environment must not be asked for the way to the first rank.
    mpirun(
        """
        def caught():
            with open("/proc/self/status") as status:
                return next(line for line in status if line.startswith("SigCgt"))

        before = caught()
        distributed.initialize(comm)
        assert caught() == before
        assert [device.process_index for device in jax.devices()] == [0, 1]
        mesh = jax.sharding.Mesh(np.array(jax.devices()), "x")
        sharding = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("x"))
        ranks = jax.make_array_from_callback((2,), sharding, lambda index: np.arange(2.0)[index])
        assert float(jax.jit(lambda x: x.sum())(ranks).addressable_data(0)) == 1.0
        raises("once per process")
        distributed.shutdown()
        comm.Barrier()
        """,
        http_proxy="http://127.0.0.1:9",
    )


@pytest.mark.slow
def test_rank_that_has_used_jax_or_cannot_connect_fails_all_without_ending_them(mpirun):
    mpirun(
        """
        raises("cannot reach the first rank at nowhere.invalid", address="nowhere.invalid")
        if comm.rank == 1:
            jax.devices()
        raises("JAX has already looked for its devices")
        distributed.shutdown()
        """
    )


@pytest.mark.slow
def test_single_rank_needs_no_service():
    program = PREAMBLE + "distributed.initialize(comm)\nassert not jax.distributed.is_initialized()"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
