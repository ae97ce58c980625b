"""Ranks: who owns the atmosphere, and how fields travel between the owner and the others.

The host may call from one rank or from many. One rank, the owner, holds the atmosphere; each rank
holds the points that it has declared, and only their values travel. Calls go through the host's
own communicator on the calling thread, so that MPI_THREAD_SINGLE is enough.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from ngcm_coupler.errors import NgcmError, ParallelError

if TYPE_CHECKING:
    from mpi4py import MPI

T = TypeVar("T")

OWNER = 0
"""Rank of the host's communicator that holds the atmosphere."""


def communicator(fortran_handle: int | None) -> MPI.Comm | None:
    """The host's communicator, a duplicate of our own; None for a host without MPI.

    Raises:
      ParallelError: mpi4py is unusable, MPI is not running, or the handle is the null
        communicator.
    """
    if fortran_handle is None:
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
    # Looking up a handle before MPI_Init or after MPI_Finalize kills the process.
    if not MPI.Is_initialized() or MPI.Is_finalized():
        raise ParallelError(
            "a communicator was given but MPI is not running; call MPI_Init before create, or pass"
            " NGCM_NO_MPI"
        )
    comm = MPI.Comm.f2py(fortran_handle)
    if comm == MPI.COMM_NULL:
        raise ParallelError("the communicator is MPI_COMM_NULL; only its members may call create")
    return comm.Dup()


class Ranks:
    """The ranks of one component and the points that each of them holds.

    Attributes:
      is_owner: whether this rank holds the atmosphere.
      distributed: whether the host has spread the points over the ranks.
      points: indices of this rank's points, 0-based, in the host's order.
    """

    def __init__(self, comm: MPI.Comm | None) -> None:
        """All points belong to the owner until `set_partition`."""
        self._comm = comm
        self.is_owner = comm is None or comm.Get_rank() == OWNER
        self.distributed = False
        self.points = np.arange(0)
        self._order = np.arange(0)
        self._counts = np.arange(0)

    @property
    def rank(self) -> int:
        """Number of this rank, from 0."""
        return 0 if self._comm is None else self._comm.Get_rank()

    @property
    def alone(self) -> bool:
        """Whether there is only one rank."""
        return self._comm is None or self._comm.Get_size() == 1

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
        comm = self._comm
        assert comm is not None
        from mpi4py import MPI

        failed = np.array(comm.Get_rank() if error is not None else comm.Get_size(), np.int32)
        first = np.empty_like(failed)
        comm.Allreduce(failed, first, op=MPI.MIN)
        rank = int(first)
        if rank == comm.Get_size():
            return
        text = str(error).encode(errors="surrogateescape") if rank == comm.Get_rank() else b""
        length = np.array(len(text), np.int32)
        comm.Bcast(length, root=rank)
        message = np.frombuffer(text, np.uint8).copy() if text else np.empty(length, np.uint8)
        comm.Bcast(message, root=rank)
        if error is not None and (isinstance(error, NgcmError) or rank == comm.Get_rank()):
            raise error
        raise ParallelError(
            f"rank {rank} failed: {message.tobytes().decode(errors='surrogateescape')}"
        )

    def together(self, action: Callable[[], T]) -> T:
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
        assert self._comm is not None
        from mpi4py import MPI

        mine = np.array(flag, np.int32)
        most = np.empty_like(mine)
        self._comm.Allreduce(mine, most, op=MPI.MAX)
        return bool(most)

    def earliest(self, values: np.ndarray) -> np.ndarray:
        """The smallest value over the ranks that hold points, int64, element by element."""
        if self.alone:
            return values
        assert self._comm is not None
        from mpi4py import MPI

        mine = values if self.points.size else np.full_like(values, np.iinfo(np.int64).max)
        least = np.empty_like(mine)
        self._comm.Allreduce(np.ascontiguousarray(mine), least, op=MPI.MIN)
        return least

    def share(self, values: np.ndarray) -> np.ndarray:
        """Gives every rank the owner's values; the shape and type must be the same on all."""
        if not self.alone:
            assert self._comm is not None
            self._comm.Bcast(values, root=OWNER)
        return values

    def own_all(self, size: int) -> None:
        """Gives all points to the owner: the state of a host that declares no partition."""
        self.distributed = False
        self.points = np.arange(size if self.is_owner else 0)

    def set_partition(self, global_index: np.ndarray, size: int) -> None:
        """Declares this rank's points. Collective.

        Args:
          global_index: 1-based indices of this rank's points, in any order.
          size: number of points of the grid.

        Raises:
          ParallelError: an index is out of range, or a point belongs to no rank or to several.
        """
        index = np.asarray(global_index, np.int64) - 1
        fault = None
        if index.size and (index.min() < 0 or index.max() >= size):
            fault = ParallelError(
                f"partition index {int(global_index.min())} to {int(global_index.max())} leaves the"
                f" grid; indices run from 1 to {size}"
            )
        self.agree(fault)
        counts, everyone = self._gather_indices(index)
        claims = np.bincount(everyone, minlength=size)
        if not (claims == 1).all():
            worst = int(np.flatnonzero(claims != 1)[0])
            raise ParallelError(
                f"partition: point {worst + 1} belongs to {claims[worst]} ranks, and"
                f" {int((claims != 1).sum())} of {size} points are not held by exactly one; give"
                " each point to one rank"
            )
        self.points, self._order, self._counts = index, everyone, counts
        self.distributed = not self.alone

    def gather(self, local: np.ndarray, size: int) -> np.ndarray | None:
        """Collects fields on the owner. Collective.

        Args:
          local: shape (fields, points.size), of one type on all ranks.
          size: number of points of the grid.

        Returns:
          On the owner the fields of all points, shape (fields, size); None elsewhere.
        """
        if not self.distributed:
            if not self.is_owner:
                return None
            if self._order.size == 0:
                return local
            whole = np.empty((local.shape[0], size), local.dtype)
            whole[:, self.points] = local
            return whole
        assert self._comm is not None
        packed = np.empty((size, local.shape[0]), local.dtype) if self.is_owner else None
        self._comm.Gatherv(
            np.ascontiguousarray(local.T),
            None if packed is None else [packed, self._counts * local.shape[0]],
            root=OWNER,
        )
        if packed is None:
            return None
        whole = np.empty((local.shape[0], size), local.dtype)
        whole[:, self._order] = packed.T
        return whole

    def scatter(
        self, whole: np.ndarray | None, fields: int, dtype: type = np.float32
    ) -> np.ndarray:
        """Hands every rank the fields at its points. Collective; the inverse of `gather`."""
        if not self.distributed:
            if whole is None:
                return np.empty((fields, 0), dtype)
            return whole if self._order.size == 0 else whole[:, self.points]
        assert self._comm is not None
        local = np.empty((self.points.size, fields), dtype)
        packed = None if whole is None else np.ascontiguousarray(whole[:, self._order].T)
        self._comm.Scatterv(
            None if packed is None else [packed, self._counts * fields], local, root=OWNER
        )
        return np.ascontiguousarray(local.T)

    def close(self) -> None:
        """Releases the communicator, if MPI still runs."""
        if self._comm is None:
            return
        from mpi4py import MPI

        if not MPI.Is_finalized():
            self._comm.Free()
        self._comm = None

    def _gather_indices(self, index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Every rank's number of points, and all their indices in the order of the ranks."""
        if self.alone:
            return np.array([index.size]), index
        assert self._comm is not None
        counts = np.empty(self._comm.Get_size(), np.int64)
        self._comm.Allgather(np.array(index.size, np.int64), counts)
        everyone = np.empty(int(counts.sum()), np.int64)
        self._comm.Allgatherv(index, [everyone, counts])
        return counts, everyone
