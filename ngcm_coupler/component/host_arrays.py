"""The host's own arrays in restart files, so that they are of the date of the atmosphere's."""

from __future__ import annotations

import hashlib
import unicodedata

import numpy as np
from numpy.typing import ArrayLike

from ngcm_coupler.clock import Clock
from ngcm_coupler.component.layout import Layout
from ngcm_coupler.errors import ArgumentError, RestartError, StateError, represented
from ngcm_coupler.parallel import Points, Ranks

_LONGEST, _MOST_BYTES = 200, 250
"""Of a name: netCDF takes 256 bytes, and some stand before it in the file."""


class HostArrays:
    """What the host has saved for the next restart file, and what was in the last one.

    Attributes:
      saved: on the first rank, by name, shape (instances, n).
    """

    def __init__(
        self, ranks: Ranks, instances: int, continued: dict[str, np.ndarray] | None
    ) -> None:
        """Nothing is saved yet.

        Args:
          ranks: of the component.
          instances: how many copies of the grid the points are.
          continued: on the first rank what the restart file holds of the host, elsewhere anything;
            None where the run continues no other.
        """
        self._ranks, self._instances = ranks, instances
        self._continued = continued
        self.saved: dict[str, np.ndarray] = {}

    def save(self, points: Points, layout: Layout, name: str, values: ArrayLike) -> None:
        """See `Component.save`."""

        def take() -> np.ndarray:
            _require_name(name)
            return layout.vector(repr(name), values).astype(np.float64)

        mine = self._ranks.collective(take)
        self._require_same_name(name)
        whole = points.gather(mine[np.newaxis])
        if whole is not None:
            self.saved[name] = whole[:, 0].copy()

    def load(
        self, points: Points, layout: Layout, name: str, out: np.ndarray | None, clock: Clock
    ) -> np.ndarray:
        """See `Component.load`."""

        def find() -> np.ndarray | None:
            _require_name(name)
            layout.require(repr(name), out)
            if self._continued is None:
                raise StateError(f"{name!r} cannot be loaded: this run continues no other")
            if not self._ranks.is_root:
                return None
            if name not in self._continued:
                raise RestartError(
                    f"the restart of {clock.iso8601()} holds no {name!r} of the host: it was"
                    " written by another program, or by this one with other settings"
                )
            kept = self._continued[name]
            if len(kept) != self._instances:
                raise RestartError(
                    f"the restart of {clock.iso8601()} holds {name!r} of {len(kept)} hosts, and"
                    f" this run is coupled to {self._instances}"
                )
            return kept[:, np.newaxis]

        whole = self._ranks.collective(find)
        self._require_same_name(name)
        return layout.hand_out(repr(name), points.scatter(whole, 1, np.float64)[0], out)

    def _require_same_name(self, name: str) -> None:
        """Refuses a name that is not that of all ranks, on all of them. Collective."""
        number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:7])
        if self._ranks.differ(number):
            raise ArgumentError(
                f"got {name!r} as the name of an array of the host here and another on another"
                " rank; all ranks call with the same"
            )


def _require_name(name: str) -> None:
    """Refuses a name under which netCDF would not keep the array, or not as it is."""
    if not isinstance(name, str):
        raise ArgumentError(
            f"got {represented(name)} as the name of an array of the host, expected a str"
        )
    usable = name.isprintable() and "/" not in name and name == name.strip()
    short = 0 < len(name) <= _LONGEST and len(name.encode(errors="replace")) <= _MOST_BYTES
    if not usable or not short or name != unicodedata.normalize("NFC", name):
        raise ArgumentError(
            f"got {name[: 2 * _LONGEST]!a} as the name of an array of the host, expected 1 to"
            f" {_LONGEST} printable characters, {_MOST_BYTES} bytes in UTF-8, without / and without"
            " blanks at the ends, composed (NFC)"
        )
