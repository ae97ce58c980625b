"""What a restart file holds, by its meaning: the members, their books, and the host's side."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from ngcm_coupler.clock import Clock
from ngcm_coupler.config import Config
from ngcm_coupler.device.ensemble import whose
from ngcm_coupler.device.environment import environment
from ngcm_coupler.device.leaves import PREFIX, not_finite
from ngcm_coupler.device.members import Members
from ngcm_coupler.errors import ArgumentError, DivergedError, RestartError
from ngcm_coupler.output.history import Continued
from ngcm_coupler.output.restart.continuation import checksum
from ngcm_coupler.output.restart.host_state import HostState

_HISTORY_PREFIX = "history."
"""Before the names of what the means of the history have added up."""

_HOST_PREFIX = "host."
"""Before the names of the host's own arrays."""

_EXPORTS, _IMPORTS = "exports", "imports"


@dataclasses.dataclass(frozen=True)
class Contents:
    """What a restart file holds of a run at a date.

    Attributes:
      clock: date of the state.
      members: arrays of the states and the exports, by name, shape (members, ...).
      budgets: state of the ledger of each member.
      imports: of all members, or those that they share, shape (members or 1, fields, n).
      host: the exchange with the host.
      history: where the history has left off; None for a run without.
    """

    clock: Clock
    members: dict[str, np.ndarray]
    budgets: list[Any]
    imports: np.ndarray
    host: HostState
    history: Continued | None = None

    @classmethod
    def of_file(
        cls, header: dict[str, Any], arrays: dict[str, np.ndarray], calendar: str
    ) -> Contents:
        """Takes apart what `files.read_restart` has given, and `form` found to be of a restart.

        Raises:
          RestartError: the calendar has no such date.
        """
        history = header.get("history")
        try:
            clock = Clock(header["start"], calendar, header["elapsed_seconds"])
            clock.iso8601()
        except (ArgumentError, ValueError, OverflowError) as error:
            raise RestartError(f"the restart file has no date of this run: {error}") from error
        return cls(
            clock,
            {k: array for k, array in arrays.items() if k.startswith(PREFIX) or k == _EXPORTS},
            header["budgets"],
            arrays[_IMPORTS],
            HostState(
                np.array(header["put_at"], np.int64),
                header["has_means"],
                _without_prefix(_HOST_PREFIX, arrays),
            ),
            Continued(history, _without_prefix(_HISTORY_PREFIX, arrays)) if history else None,
        )

    def file(self, run: dict[str, Any]) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Header and arrays for `files.write_restart`.

        Args:
          run: what `description` says of it.
        """
        header = run | {
            "start": self.clock.start,
            "date": self.clock.iso8601(),
            "elapsed_seconds": self.clock.elapsed_seconds,
            "budgets": self.budgets,
        }
        arrays = dict(self.members)
        if self.history:
            header["history"] = dict(self.history.header)
            arrays |= {_HISTORY_PREFIX + name: sums for name, sums in self.history.sums.items()}
        header |= {"put_at": self.host.put_at.tolist(), "has_means": self.host.has_means}
        arrays |= {_HOST_PREFIX + name: array for name, array in self.host.arrays.items()}
        return header, arrays | {_IMPORTS: self.imports}

    @property
    def states(self) -> dict[str, np.ndarray]:
        """The arrays of the members' states, without the exports."""
        return {name: array for name, array in self.members.items() if name != _EXPORTS}

    @property
    def exports(self) -> np.ndarray:
        """The exported fields, shape (members, fields, n)."""
        return self.members[_EXPORTS]

    def of_members(self, places: slice) -> Contents:
        """The part of it that some of the members go on from."""
        return dataclasses.replace(
            self,
            members={name: array[places] for name, array in self.members.items()},
            budgets=self.budgets[places],
            imports=self.imports[places] if len(self.imports) > 1 else self.imports,
        )

    def with_history(self, history: Continued | None) -> Contents:
        """The same, with where the history has left off."""
        return dataclasses.replace(self, history=history)

    def require_finite(self, config: Config) -> None:
        """Refuses a state from which nothing could go on.

        Raises:
          DivergedError: names the member and the variables.
        """
        for place in range(len(self.budgets)):
            if odd := not_finite({name: array[place] for name, array in self.states.items()}):
                raise DivergedError(
                    f"no restart is written at {self.clock.iso8601()}: the atmosphere"
                    f"{whose(config.ensemble, place)} has values that are not finite{odd}"
                )


def held_by(members: Members, exports: np.ndarray) -> dict[str, np.ndarray]:
    """What `Contents.members` is of the members of a rank."""
    return members.leaves() | {_EXPORTS: exports}


def description(config: Config, members: Members, imports: tuple[str, ...]) -> dict[str, Any]:
    """What a restart file says of the run itself.

    Args:
      config: the settings; of a member that goes on alone, its own.
      members: any of the run.
      imports: names of the imported fields.

    Returns:
      Its identity, which it must share with the run that continues it whatever the namelist says;
      its configuration; and what it was computed with.
    """
    atmosphere, ensemble = members.atmosphere, config.ensemble
    core = atmosphere.dynamical_core
    return {
        "identity": {
            "atmosphere": atmosphere.name,
            "step_seconds": atmosphere.step_seconds,
            "grid": f"{atmosphere.grid.nlon}x{atmosphere.grid.nlat}",
            "land": checksum(atmosphere.land_area_fraction),
            "calendar": config.run.calendar,
            "members": [str(ensemble.first_member + place) for place in range(ensemble.members)],
            "imports": list(imports),
            "exports": [row.name for row in members.fields],
        },
        "configuration": config.resolved_text(),
        "environment": environment(members.device) | ({"dynamical_core": core} if core else {}),
    }


def _without_prefix(prefix: str, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Those arrays whose names begin so, by what follows."""
    return {
        name.removeprefix(prefix): array
        for name, array in arrays.items()
        if name.startswith(prefix)
    }
