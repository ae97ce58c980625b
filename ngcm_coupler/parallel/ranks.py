"""The ranks of a component: they start, fail and stop together."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import numpy as np

from ngcm_coupler.errors import ArgumentError, NgcmError, ParallelError, represented
from ngcm_coupler.parallel.patience import told

if TYPE_CHECKING:
    from mpi4py import MPI

T = TypeVar("T")

HostComm: TypeAlias = "MPI.Comm | int"
"""How a host gives its communicator: as an object of mpi4py, or by its Fortran handle."""

ROOT = 0
"""Rank of the host's communicator that writes what belongs to all, and reads for all."""


def communicator(given: HostComm | None) -> MPI.Comm | None:
    """The host's communicator, a duplicate of our own; None for a host without MPI.

    Args:
      given: a communicator of mpi4py, or a Fortran handle.

    Raises:
      ArgumentError: it is neither.
      ParallelError: mpi4py is unusable, MPI is not running, or the handle is the null
        communicator.
    """
    if given is None:
        return None
    import mpi4py

    # The host starts and ends MPI, never the plugin.
    mpi4py.rc.initialize = False
    mpi4py.rc.finalize = False
    try:
        from mpi4py import MPI
    except (ImportError, RuntimeError) as error:
        raise ParallelError(
            f"mpi4py cannot use the host's MPI library ({error}); install mpi4py for that MPI, or"
            " create the component without a communicator"
        ) from error
    if isinstance(given, bool) or not isinstance(given, int | MPI.Comm):
        raise ArgumentError(
            f"comm: got {represented(given)}, expected a communicator of mpi4py, the"
            " Fortran handle of one, or None without MPI"
        )
    # Looking up a handle before MPI_Init or after MPI_Finalize kills the process.
    if not MPI.Is_initialized() or MPI.Is_finalized():
        raise ParallelError(
            "a communicator was given but MPI is not running; call MPI_Init before create, or pass"
            " NGCM_NO_MPI"
        )
    try:
        comm = MPI.Comm.f2py(given) if isinstance(given, int) else given
    except OverflowError as error:
        raise ArgumentError(
            f"comm: got {given}, expected the Fortran handle of a communicator, which has 32 bits"
        ) from error
    if comm == MPI.COMM_NULL:
        raise ParallelError("the communicator is MPI_COMM_NULL; only its members may call create")
    try:
        if comm.Get_size() == 1:
            return comm.Dup()
        # It cannot be known which rank does not come: nothing travels but what all take part in.
        with told(
            comm.Get_rank(),
            "all ranks of the communicator to call create; one has failed before it, or was given"
            " another communicator",
        ):
            return comm.Dup()
    except MPI.Exception as error:
        raise ParallelError(
            f"comm: {represented(given)} is no communicator that MPI knows ({error}); give one"
            " that has not been freed"
        ) from error


class Ranks:
    """The ranks of one component.

    Attributes:
      comm: the communicator; None for a host without MPI.
      rank: number of this rank, from 0.
      size: number of ranks.
    """

    def __init__(self, comm: MPI.Comm | None) -> None:
        self.comm = comm
        self.rank = 0 if comm is None else comm.Get_rank()
        self.size = 1 if comm is None else comm.Get_size()

    @property
    def is_root(self) -> bool:
        """Whether this is the first rank."""
        return self.rank == ROOT

    @property
    def alone(self) -> bool:
        """Whether there is only one rank."""
        return self.size == 1

    def agree(self, error: BaseException | None) -> None:
        """Ends a collective step: if any rank has failed, every rank raises.

        A rank that has failed raises its own error, the others a `ParallelError` that names the
        first one that failed and says why, so that none of them waits for a message forever. A
        fault of the plugin, which may meet all ranks alike, is raised by the first one only: it
        has a traceback, and one is enough.
        """
        if self.alone:
            if error is not None:
                raise error
            return
        comm = self.comm
        assert comm is not None
        from mpi4py import MPI

        failed = np.array(self.rank if error is not None else self.size, np.int32)
        first = np.empty_like(failed)
        comm.Allreduce(failed, first, op=MPI.MIN)
        rank = int(first)
        if rank == self.size:
            return
        text = str(error).encode(errors="surrogateescape") if rank == self.rank else b""
        length = np.array(len(text), np.int32)
        comm.Bcast(length, root=rank)
        message = np.frombuffer(text, np.uint8).copy() if text else np.empty(length, np.uint8)
        comm.Bcast(message, root=rank)
        if error is not None and (isinstance(error, NgcmError) or rank == self.rank):
            raise error
        raise ParallelError(
            f"rank {rank} failed: {message.tobytes().decode(errors='surrogateescape')}"
        )

    def collective(self, action: Callable[[], T]) -> T:
        """Runs an action that may fail on any rank; if it does, every rank raises. Collective."""
        if self.alone:
            return action()
        try:
            result = action()
        except BaseException as error:  # an exit too: the others would wait
            self.agree(error)
            raise
        self.agree(None)
        return result

    def any(self, flag: bool) -> bool:
        """Whether a flag is set on any rank, the same answer on all. Collective."""
        if self.alone:
            return flag
        assert self.comm is not None
        from mpi4py import MPI

        mine = np.array(flag, np.int32)
        most = np.empty_like(mine)
        self.comm.Allreduce(mine, most, op=MPI.MAX)
        return bool(most)

    def differ(self, number: int) -> bool:
        """Whether the ranks have given different numbers. Collective."""
        if self.alone:
            return False
        lowest = self.minimum(np.array([number, -number], np.int64), counts=True)
        return bool(lowest[0] != -lowest[1])

    def minimum(self, values: np.ndarray, counts: bool) -> np.ndarray:
        """The smallest value over the ranks, int64, element by element. Collective.

        Args:
          values: of this rank.
          counts: whether they count; those of at least one rank must.
        """
        if self.alone:
            return values
        assert self.comm is not None
        from mpi4py import MPI

        mine = values if counts else np.full_like(values, np.iinfo(np.int64).max)
        least = np.empty_like(mine)
        self.comm.Allreduce(np.ascontiguousarray(mine), least, op=MPI.MIN)
        return least

    def broadcast(self, values: np.ndarray) -> np.ndarray:
        """Gives every rank the first one's values; the shape and type must be the same on all."""
        if not self.alone:
            assert self.comm is not None
            self.comm.Bcast(values, root=ROOT)
        return values

    def close(self) -> None:
        """Releases the communicator, if MPI still runs."""
        if self.comm is None:
            return
        from mpi4py import MPI

        if not MPI.Is_finalized():
            self.comm.Free()
        self.comm = None
