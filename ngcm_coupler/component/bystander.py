"""A rank without members of the atmosphere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ngcm_coupler.clock import Clock
from ngcm_coupler.files import Claims
from ngcm_coupler.output.restart.host_state import HostState

States = tuple[dict[str, np.ndarray], list[Any]]
"""What a restart holds of all members: their arrays, shape (members, ...), and their budgets."""

Record = tuple[np.ndarray, dict[str, np.ndarray]]
"""What a record of the history holds beside the exports: imports, and fields on levels by name."""


class Bystander:
    """The face of `Owner` with no members behind it.

    With it the component need not ask what a rank holds: every rank makes the same calls, and they
    do nothing here. It loads nothing of JAX, which the many ranks of a host would load for nothing.
    """

    def host_imports(self) -> np.ndarray | None:
        """See `Owner`; nothing."""

    def host_exports(self) -> np.ndarray | None:
        """See `Owner`; nothing."""

    def advance(self, clock: Clock, seconds: int, gathered: np.ndarray | None) -> None:
        """See `Owner`; does nothing."""

    def take(self, clock: Clock) -> None:
        """See `Owner`; does nothing."""

    def gather_exports(self) -> None:
        """See `Owner`; does nothing."""

    def gather_states(self) -> States | None:
        """See `Owner`; nothing."""

    def write_restart(
        self,
        clock: Clock,
        states: States | None,
        imports: np.ndarray | None,
        host: HostState,
        write: Callable[[dict[str, Any], dict[str, np.ndarray]], None],
    ) -> None:
        """See `Owner`; does nothing."""

    def claim_files(self, claims: Claims, clock: Clock) -> None:
        """See `Owner`; does nothing."""

    def open_files(self, clock: Clock, host: HostState) -> None:
        """See `Owner`; does nothing."""

    def write_members(self) -> None:
        """See `Owner`; does nothing."""

    def gather_record(self) -> Record | None:
        """See `Owner`; nothing."""

    def write_all(self, clock: Clock, record: Record | None) -> None:
        """See `Owner`; does nothing."""

    def report(self, clock: Clock) -> None:
        """See `Owner`; does nothing."""

    def close_files(self) -> None:
        """See `Owner`; does nothing."""

    def abandon(self) -> None:
        """See `Owner`; does nothing."""

    def close(self, clock: Clock) -> None:
        """See `Owner`; does nothing."""
