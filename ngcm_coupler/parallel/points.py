"""The points of a component: which rank holds which, and the way of their values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ngcm_coupler.errors import ParallelError
from ngcm_coupler.parallel.ranks import ROOT, Ranks


class Points:
    """The points of one or several instances of a grid, numbered through.

    The points of the second instance follow those of the first, and so on. Each instance has a
    holder, the rank that its values are gathered on.

    Attributes:
      mine: numbers of this rank's points, from 0, in the host's order.
      size: points of one instance.
    """

    def __init__(self, ranks: Ranks, size: int, held: Sequence[range]) -> None:
        """All points belong to the first rank until `deal`.

        Args:
          ranks: the ranks of the component.
          size: points of one instance.
          held: instances that each rank is the holder of.
        """
        self.size = size
        self._ranks = ranks
        self._held = list(held)
        self._mine_held = self._held[ranks.rank]
        self._instances = sum(map(len, self._held))
        self._holder = np.empty(self._instances, np.int64)
        for rank, block in enumerate(self._held):
            self._holder[block.start : block.stop] = rank
        only_root = np.arange(self._instances * size if ranks.is_root else 0)
        everyone = np.arange(self._instances * size)
        counts = np.zeros(ranks.size, np.int64)
        counts[ROOT] = everyone.size
        self._settle(only_root, everyone, counts)

    @property
    def on_grid(self) -> np.ndarray:
        """Places of this rank's points on the grid of their instance, from 0."""
        return self.mine % self.size

    def deal(self, global_index: np.ndarray) -> None:
        """Declares this rank's points. Collective.

        Args:
          global_index: 1-based numbers of this rank's points, in any order.

        Raises:
          ParallelError: a number is out of range, or a point belongs to no rank or to several.
        """
        index, total = np.asarray(global_index, np.int64) - 1, self._instances * self.size
        fault = None
        if index.size and (index.min() < 0 or index.max() >= total):
            fault = ParallelError(
                f"partition index {int(global_index.min())} to {int(global_index.max())} leaves the"
                f" grid; indices run from 1 to {total}"
            )
        self._ranks.agree(fault)
        counts, everyone = self._gather_indices(index)
        claims = np.bincount(everyone, minlength=total)
        if not (claims == 1).all():
            worst = int(np.flatnonzero(claims != 1)[0])
            raise ParallelError(
                f"partition: point {worst + 1} belongs to {claims[worst]} ranks, and"
                f" {int((claims != 1).sum())} of {total} points are not held by exactly one; give"
                " each point to one rank"
            )
        self._settle(index, everyone, counts)

    def gather(self, local: np.ndarray) -> np.ndarray | None:
        """Collects fields on the holders. Collective.

        Args:
          local: shape (fields, mine.size), of one type on all ranks.

        Returns:
          On a holder the fields of its instances, shape (its instances, fields, size), possibly
          a view of `local`; None elsewhere.
        """
        fields = local.shape[0]
        if self._stays and self._in_order:
            return self._by_instance(local) if self._mine_held else None
        packed = np.ascontiguousarray(local.T[self._sending])
        if not self._stays:
            assert self._ranks.comm is not None
            arrived = np.empty((self._arriving.size, fields), local.dtype)
            self._ranks.comm.Alltoallv(
                [packed, self._sent * fields], [arrived, self._received * fields]
            )
            packed = arrived
        if not self._mine_held:
            return None
        whole = np.empty((fields, self._arriving.size), local.dtype)
        whole[:, self._arriving] = packed.T
        return self._by_instance(whole)

    def scatter(
        self, whole: np.ndarray | None, fields: int, dtype: type = np.float32
    ) -> np.ndarray:
        """Hands every rank the fields at its points. Collective; the inverse of `gather`.

        Args:
          whole: on a holder, shape (its instances, fields, size); None elsewhere.
          fields: number of fields.
          dtype: type of the values.

        Returns:
          Shape (fields, mine.size), possibly a view of `whole`.
        """
        if whole is None:
            flat = np.empty((fields, 0), dtype)
        else:
            flat = whole.swapaxes(0, 1).reshape(fields, -1)
        if self._stays and self._in_order:
            return flat
        packed = np.ascontiguousarray(flat[:, self._arriving].T)
        if not self._stays:
            assert self._ranks.comm is not None
            arrived = np.empty((self.mine.size, fields), dtype)
            self._ranks.comm.Alltoallv(
                [packed, self._received * fields], [arrived, self._sent * fields]
            )
            packed = arrived
        local = np.empty((fields, self.mine.size), dtype)
        local[:, self._sending] = packed.T
        return local

    def _settle(self, mine: np.ndarray, everyone: np.ndarray, counts: np.ndarray) -> None:
        """Prepares the way of the values.

        Args:
          mine: numbers of this rank's points, from 0.
          everyone: those of all ranks, rank after rank.
          counts: how many each rank has.
        """
        self.mine = mine
        holders = self._holder[mine // self.size]
        self._sending = np.argsort(holders, kind="stable")
        self._sent = np.bincount(holders, minlength=self._ranks.size)
        to_me = self._holder[everyone // self.size] == self._ranks.rank
        source = np.repeat(np.arange(self._ranks.size), counts)
        self._received = np.bincount(source[to_me], minlength=self._ranks.size)
        self._arriving = everyone[to_me] - self._mine_held.start * self.size
        # Nothing travels where the first rank holds everything in both senses.
        self._stays = len(self._held[ROOT]) == self._instances and counts[ROOT] == everyone.size
        self._in_order = bool((self._arriving == np.arange(self._arriving.size)).all())

    def _by_instance(self, flat: np.ndarray) -> np.ndarray:
        """(fields, instances * size) -> (instances, fields, size)."""
        return flat.reshape(flat.shape[0], -1, self.size).swapaxes(0, 1)

    def _gather_indices(self, index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Every rank's number of points, and all their numbers in the order of the ranks."""
        if self._ranks.alone:
            return np.array([index.size]), index
        comm = self._ranks.comm
        assert comm is not None
        counts = np.empty(self._ranks.size, np.int64)
        comm.Allgather(np.array(index.size, np.int64), counts)
        everyone = np.empty(int(counts.sum()), np.int64)
        comm.Allgatherv(index, [everyone, counts])
        return counts, everyone
