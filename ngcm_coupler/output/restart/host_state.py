"""The host's side of a restart file."""

from __future__ import annotations

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class HostState:
    """What a restart file holds of the exchange with the host.

    Attributes:
      put_at: when each import was put [s since the start of the run].
      has_means: whether an interval has been completed.
      arrays: the host's own, by name, shape (instances, n).
    """

    put_at: np.ndarray
    has_means: bool
    arrays: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)
