"""Several ranks: points travel to their owners and back, and ranks fail together."""

import subprocess
import sys
import textwrap

import pytest

PREAMBLE = """
import sys
import numpy as np
from mpi4py import MPI
from ngcm_coupler.component import Component
from ngcm_coupler.errors import NgcmError, ParallelError, StateError, ValueRangeError

comm = MPI.COMM_WORLD
rank, ranks = comm.rank, comm.size

def create(partition=True):
    component = Component.create("run.nml", comm.py2f())
    if partition:
        # Dealt out like cards, and each hand shuffled, as no decomposition would.
        mine = np.arange(1 + rank, component.grid.size + 1, ranks, dtype=np.int32)
        component.set_partition(np.random.default_rng(rank).permutation(mine).astype(np.int32))
    return component

def get(component, name):
    out = np.empty(component._host.points.mine.size)
    component.get(component.field_id(name), out)
    return out

def put(component):
    for name in ("sea_surface_temperature", "sea_ice_area_fraction"):
        component.put(component.field_id(name), get(component, name))

def raises(error, text, action):
    try:
        action()
    except error as caught:
        assert text in str(caught), caught
    else:
        raise AssertionError(f"rank {rank}: {error.__name__} was not raised")
"""


@pytest.fixture
def mpirun(tmp_path):
    """Runs Python on so many ranks of a job that may take no longer than a minute."""
    (tmp_path / "run.nml").write_text(
        "&ngcm_model engine = 'analytic', analytic_latitudes = 8 / &ngcm_log level = 'error' /\n"
    )

    def run(ranks, program):
        # An exception on one rank would leave the others waiting: mpi4py.run aborts them all.
        (tmp_path / "host.py").write_text(PREAMBLE + textwrap.dedent(program))
        done = subprocess.run(
            ["mpirun", "-n", str(ranks), sys.executable, "-m", "mpi4py", "host.py"],
            cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr

    return run


@pytest.mark.slow
def test_scattered_points_give_the_fields_of_a_single_rank(mpirun):
    mpirun(
        3,
        """
        component = create()
        alone = Component.create("run.nml", MPI.COMM_SELF.py2f())
        for _ in range(2):
            for each in (component, alone):
                put(each)
                each.advance(each.interval_seconds)
        for field in component.fields:
            expected = get(alone, field.name)[component._host.points.mine]
            assert (get(component, field.name) == expected).all(), field.name
        """,
    )


@pytest.mark.slow
def test_ranks_without_the_atmosphere_do_not_load_jax(mpirun):
    mpirun(
        2,
        """
        component = create(partition=False)
        assert component._host.points.mine.size == (component.grid.size if rank == 0 else 0)
        put(component)
        component.advance(component.interval_seconds)
        assert ("jax" in sys.modules) == (rank == 0)
        """,
    )


@pytest.mark.slow
def test_refused_put_on_one_rank_fails_the_advance_of_all_and_is_named(mpirun):
    mpirun(
        3,
        """
        component = create()
        put(component)
        if rank == 1:
            bad = get(component, "sea_surface_temperature") * np.nan
            raises(ValueRangeError, "at point", lambda: component.put(1, bad))
        error, text = (StateError, "has not been put") if rank == 1 else (ParallelError, "rank 1")
        raises(error, text, lambda: component.advance(component.interval_seconds))
        put(component)
        component.advance(component.interval_seconds)
        assert component.clock.elapsed_seconds == component.interval_seconds
        """,
    )


@pytest.mark.slow
def test_failure_of_the_owner_reaches_all_and_a_get_does_not_wait(mpirun):
    mpirun(
        2,
        """
        component = create()
        put(component)
        if rank == 0:
            resident = component._owner.members
            resident.advance = lambda: None
            resident._exports = [exports * np.nan for exports in resident._exports]
        raises(NgcmError, "diverged", lambda: component.advance(component.interval_seconds))
        raises(StateError, "has failed", lambda: get(component, "air_temperature"))
        """,
    )


@pytest.mark.slow
def test_failure_to_create_reaches_all(mpirun, tmp_path):
    (tmp_path / "run.nml").write_text(
        "&ngcm_model checkpoint = 'demo', initial_state = 'run.nml' /"
    )
    mpirun(2, 'raises(NgcmError, "not a readable netCDF file", create)')


@pytest.mark.slow
def test_points_held_twice_or_out_of_range_are_refused_on_all_ranks(mpirun):
    mpirun(
        2,
        """
        component = create(partition=False)
        size = component.grid.size
        everything = np.arange(1, size + 1, dtype=np.int32)
        raises(ParallelError, "2 ranks", lambda: component.set_partition(everything))
        mine = everything[rank::2] + rank
        raises(ParallelError, str(size + 1), lambda: component.set_partition(mine))
        component.set_partition(everything[rank::2])
        put(component)
        component.advance(component.interval_seconds)
        """,
    )


@pytest.mark.slow
def test_restart_of_one_layout_continues_in_another(mpirun, tmp_path):
    mpirun(
        3,
        """
        component = create()
        put(component)
        component.advance(component.interval_seconds)
        component.write_restart("restart.nc")
        component.advance(component.interval_seconds)
        whole = component._host.at_root.gather(component._host.exports)
        if rank == 0:
            np.save("expected.npy", whole[0])
        component.close()
        """,
    )
    with (tmp_path / "run.nml").open("a") as namelist:
        namelist.write("&ngcm_restart read_file = 'restart.nc' /\n")
    mpirun(
        1,
        """
        component = create(partition=False)
        component.advance(component.interval_seconds)
        component.wait()
        assert (component._host.exports == np.load("expected.npy")).all()
        """,
    )


@pytest.mark.slow
def test_null_communicator_is_refused(mpirun):
    mpirun(
        1,
        """
        raises(ParallelError, "MPI_COMM_NULL",
               lambda: Component.create("run.nml", MPI.COMM_NULL.py2f()))
        """,
    )


@pytest.mark.slow
def test_ranks_use_communicators_of_mpi4py_and_fail_and_leave_together(mpirun):
    mpirun(
        2,
        """
        comm = MPI.COMM_WORLD
        raises(NgcmError, "expected the path", lambda: Component.create(3, comm))
        with Component.create("run.nml", comm) as component:
            half = component.grid.size // 2
            component.set_partition(range(1 + rank * half, 1 + (rank + 1) * half))
            for name in ("sea_surface_temperature", "sea_ice_area_fraction"):
                rows = component.get(name).reshape(component.grid.nlat // 2, -1)
                component.put(name, rows.tolist())
            raises(NgcmError, "interval is 3600" if rank else "rank 1 failed",
                   lambda: component.advance("now" if rank else 3600))
            component.advance()
            component.save("mine", np.full((half,), rank, int))
            for call in component.save, component.load:
                raises(NgcmError, "and another on another rank" if call == component.save else "",
                       lambda: call(f"of rank {rank}", np.full(half, 1.0)))
            raises(NgcmError, "" if rank else "rank 1 failed",
                   lambda: component.save("a/b" if rank else "mine", np.full(half, 1.0)))
            assert component.get("air_temperature").shape == (half,)
        assert component.closed
        raises(NgcmError, "has been closed", component.wait)
        """,
    )


@pytest.mark.slow
def test_a_block_that_fails_on_one_rank_waits_for_no_other(mpirun):
    mpirun(
        2,
        """
        try:
            with Component.create("run.nml", MPI.COMM_WORLD) as component:
                if rank == 1:
                    raise KeyError("mine")
                comm.Barrier()
        except KeyError:
            assert not component.closed
            comm.Barrier()
            component.close()
        assert component.closed
        """,
    )


@pytest.mark.slow
def test_ranks_that_advance_by_different_times_are_all_told(mpirun):
    mpirun(
        2,
        """
        component = create()
        put(component)
        try:
            component.advance(0 if rank == 0 else component.interval_seconds)
        except NgcmError as error:
            assert "by another time on another rank" in str(error), error
        else:
            raise AssertionError
        component.advance()
        """,
    )
