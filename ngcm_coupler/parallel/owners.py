"""The owners: the ranks that hold members of the atmosphere, each with a device of its own."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ngcm_coupler.errors import ParallelError
from ngcm_coupler.parallel.ranks import Ranks

if TYPE_CHECKING:
    from mpi4py import MPI


def chosen(place_on_node: Sequence[int], per_node: int, most: int) -> list[int]:
    """The ranks that become owners, in the order in which they are dealt members.

    The first rank of every node comes first, then the second of every node, and so on, so that
    members spread over the nodes and each node's devices are used from the first on.

    Args:
      place_on_node: number of each rank among those of its node, from 0.
      per_node: most owners of a node.
      most: most owners of all.
    """
    able = [rank for rank, place in enumerate(place_on_node) if place < per_node]
    return sorted(able, key=lambda rank: (place_on_node[rank], rank))[:most]


def dealt(members: int, owners: int) -> list[range]:
    """The places of each owner's members: blocks as even as can be, in order."""
    bounds = [owner * members // owners for owner in range(owners + 1)]
    return [range(first, last) for first, last in itertools.pairwise(bounds)]


class Owners:
    """The ranks that hold the members of an atmosphere.

    Attributes:
      held: places of the members that each rank of the component holds; empty for most ranks.
      members: number of members.
      parts: number of owners that share each member.
      comm: communicator of the owners where there are several of them; else None.
      mine: places of this rank's members.
      place_on_node: number of this owner among those of its node, from 0.
      on_node: number of owners of this rank's node.
    """

    def __init__(self, ranks: Ranks, members: int, per_node: int = 1, parts: int = 1) -> None:
        """Chooses the owners, each with one member at least, or a part of one. Collective.

        Args:
          ranks: all ranks of the component; the first is always an owner.
          members: number of members.
          per_node: most owners of a node.
          parts: owners that share a member, of which there is one then.

        Raises:
          ParallelError: there are fewer ranks that may be owners than parts.
        """
        self.members, self.parts = members, parts
        self._ranks = ranks
        self.comm: MPI.Comm | None = None
        places, nodes = _places_on_nodes(ranks)
        owners = chosen(places, per_node, members * parts)
        if len(owners) < parts:
            raise ParallelError(
                f"&ngcm_device level_parts = {parts}: of {ranks.size} ranks {len(owners)} may hold"
                f" a part, with owners_per_node = {per_node}; start more ranks, or raise"
                " owners_per_node"
            )
        self.held = [range(0)] * ranks.size
        blocks = dealt(members, len(owners)) if parts == 1 else [range(1)] * parts
        for rank, block in zip(owners, blocks, strict=True):
            self.held[rank] = block
        self.mine = self.held[ranks.rank]
        on_this_node = [rank for rank in owners if nodes[rank] == nodes[ranks.rank]]
        self.on_node = len(on_this_node)
        self.place_on_node = sum(places[rank] < places[ranks.rank] for rank in on_this_node)
        if len(owners) > 1:
            assert ranks.comm is not None
            from mpi4py import MPI

            color = 0 if self.mine else MPI.UNDEFINED
            key = owners.index(ranks.rank) if self.mine else 0
            self.comm = ranks.comm.Split(color, key)

    @property
    def count(self) -> int:
        """Number of owners."""
        return sum(len(block) > 0 for block in self.held)

    @property
    def is_owner(self) -> bool:
        """Whether this rank holds members."""
        return len(self.mine) > 0

    def gather(self, values: np.ndarray) -> np.ndarray | None:
        """Brings what belongs to each member to the first rank. Collective over the owners.

        Args:
          values: shape (members of this rank, ...), of one type and shape of a member on all.

        Returns:
          On the first rank the values of all, shape (members, ...); None on the others.
        """
        if self.comm is None:
            return values
        if self.parts > 1:
            return values if self._ranks.is_root else None
        mine = np.ascontiguousarray(values)
        size = int(np.prod(mine.shape[1:], dtype=np.int64))
        counts = [len(block) * size for block in self._blocks()]
        whole = np.empty((self.members, *mine.shape[1:]), mine.dtype)
        bytes_ = mine.dtype.itemsize
        target = [whole.view(np.uint8), [count * bytes_ for count in counts]]
        self.comm.Gatherv(mine.view(np.uint8), target if self._ranks.is_root else None, root=0)
        return whole if self._ranks.is_root else None

    def gather_texts(self, texts: Sequence[str]) -> list[str]:
        """Brings a text of each member to the first rank; elsewhere gives an empty list."""
        if self.comm is None or self.parts > 1:
            return list(texts)
        encoded = [text.encode() for text in texts]
        lengths = self.gather(np.array([[len(text)] for text in encoded], np.int64))
        longest = self._longest(max(map(len, encoded)))
        padded = np.zeros((len(encoded), longest), np.uint8)
        for row, text in zip(padded, encoded, strict=True):
            row[: len(text)] = np.frombuffer(text, np.uint8)
        whole = self.gather(padded)
        if whole is None or lengths is None:
            return []
        return [
            row[: int(length[0])].tobytes().decode()
            for row, length in zip(whole, lengths, strict=True)
        ]

    def broadcast(self, values: np.ndarray) -> np.ndarray:
        """Gives every owner the first rank's values, of one shape and type. Collective over them.

        Returns:
          On the first rank the array given, on others another.
        """
        if self.comm is None:
            return values
        own = np.ascontiguousarray(values) if self._ranks.is_root else np.empty_like(values)
        self.comm.Bcast(own, root=0)
        return own

    def close(self) -> None:
        """Releases the communicator of the owners, if MPI still runs."""
        if self.comm is None:
            return
        from mpi4py import MPI

        if not MPI.Is_finalized() and self.comm != MPI.COMM_NULL:
            self.comm.Free()
        self.comm = None

    def _blocks(self) -> list[range]:
        """The blocks of the owners in their own order."""
        return sorted((block for block in self.held if len(block)), key=lambda block: block.start)

    def _longest(self, length: int) -> int:
        assert self.comm is not None
        from mpi4py import MPI

        longest = np.empty((), np.int64)
        self.comm.Allreduce(np.array(length, np.int64), longest, op=MPI.MAX)
        return int(longest)


def _places_on_nodes(ranks: Ranks) -> tuple[list[int], list[int]]:
    """For every rank its number among those of its node, and the first rank of that node."""
    if ranks.alone:
        return [0], [0]
    assert ranks.comm is not None
    from mpi4py import MPI

    node = ranks.comm.Split_type(MPI.COMM_TYPE_SHARED, ranks.rank)
    try:
        first = np.array(ranks.rank, np.int64)
        node.Bcast(first, root=0)
        mine = np.array([node.Get_rank(), int(first)], np.int64)
    finally:
        node.Free()
    everyone = np.empty((ranks.size, 2), np.int64)
    ranks.comm.Allgather(mine, everyone)
    return everyone[:, 0].tolist(), everyone[:, 1].tolist()
