"""The host's own arrays in restart files, so that they are of the date of the atmosphere's."""

from __future__ import annotations

import unicodedata

import numpy as np
from numpy.typing import ArrayLike

from ngcm_coupler.clock import Clock
from ngcm_coupler.component.layout import Layout
from ngcm_coupler.errors import ArgumentError, RestartError, StateError
from ngcm_coupler.parallel import Points, Ranks


class HostArrays:
    """What the host has saved for the next restart file, and what was in the last one.

    Attributes:
      saved: on the first rank, by name, shape (instances, n).
    """

    def __init__(self, ranks: Ranks, continued: dict[str, np.ndarray] | None) -> None:
        """Nothing is saved yet.

        Args:
          ranks: of the component.
          continued: on the first rank what the restart file holds of the host, elsewhere anything;
            None where the run continues no other.
        """
        self._ranks = ranks
        self._continued = continued
        self.saved: dict[str, np.ndarray] = {}

    def save(self, points: Points, layout: Layout, name: str, values: ArrayLike) -> None:
        """See `Component.save`."""

        def take() -> np.ndarray:
            _require_name(name)
            return layout.vector(repr(name), values).astype(np.float64)

        whole = points.gather(self._ranks.collective(take)[np.newaxis])
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
            return self._continued[name][:, np.newaxis]

        whole = self._ranks.collective(find)
        return layout.hand_out(repr(name), points.scatter(whole, 1, np.float64)[0], out)


def _require_name(name: str) -> None:
    """Refuses a name under which netCDF would not keep the array, or not as it is."""
    if not isinstance(name, str):
        raise ArgumentError(f"got {name!r} as the name of an array of the host, expected a str")
    usable = name.isprintable() and "/" not in name and name == name.strip() and len(name) <= 200
    if not name or not usable or name != unicodedata.normalize("NFC", name):
        raise ArgumentError(
            f"got {name!r} as the name of an array of the host, expected 1 to 200 printable"
            " characters without / and without blanks at the ends, composed (NFC)"
        )
