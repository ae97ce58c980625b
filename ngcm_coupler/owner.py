"""What an owner holds: members of the atmosphere on its device, and the budgets of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from ngcm_coupler import continuation, distributed
from ngcm_coupler.clock import Clock
from ngcm_coupler.config import Config
from ngcm_coupler.environment import environment
from ngcm_coupler.errors import DivergedError
from ngcm_coupler.fields import Field
from ngcm_coupler.groups import CONTROL
from ngcm_coupler.history import Continued, needs_levels
from ngcm_coupler.parallel import Owners
from ngcm_coupler.records import Records
from ngcm_coupler.resident import ResidentAtmosphere
from ngcm_coupler.timing import Phase, Stopwatch

_HISTORY_PREFIX = "history."
"""Before the names, in a restart file, of what the means of the history have added up."""


class Owner:
    """The members of one rank, between two exchanges.

    Attributes:
      resident: the members on the device.
      records: their budgets and files; from `begin` or `restore` on.
      exports: of the last interval with water closed, shape (members of this rank, fields, n).
      numbers: of the members of this rank.
    """

    records: Records

    def __init__(
        self, config: Config, imports: Sequence[Field], owners: Owners, stopwatch: Stopwatch
    ) -> None:
        """Builds the atmosphere.

        Raises:
          ConfigError: no such device, or the coupling interval does not fit the model step.
          CheckpointError: the checkpoint cannot be used.
        """
        self._config, self._owners, self._stopwatch = config, owners, stopwatch
        self._imports = tuple(imports)
        self.numbers = [config.ensemble.first_member + place for place in owners.mine]
        self.resident = ResidentAtmosphere(config, self.numbers, _mesh(owners))
        self.exports = np.empty((len(self.numbers), len(self.resident.fields), 0), np.float32)

    def begin(self, imports: np.ndarray) -> None:
        """Goes on from `ResidentAtmosphere.begin` with what stands for the host's imports.

        Args:
          imports: float32, shape (members of this rank or 1, len(imports), n).
        """
        self.resident.send(imports)
        self.resident.diagnose()
        self.exports = self.resident.exports()
        self._open_books()

    def restore(self, header: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        """Goes on from what a restart file holds of the members of this rank.

        Raises:
          RestartError: an array or a budget is not as this run needs it.
        """
        mine = slice(self._owners.mine.start, self._owners.mine.stop)
        states = {k: array[mine] for k, array in arrays.items() if k.startswith("state.")}
        self.resident.restore(states)
        imports = arrays["imports"]
        self.resident.send(imports[mine] if len(imports) > 1 else imports)
        self.exports = arrays["exports"][mine]
        self._open_books()
        self.records.restore(header["budgets"][mine])
        if history := header.get("history"):  # of a run that has had one
            sums = {
                name.removeprefix(_HISTORY_PREFIX): array
                for name, array in arrays.items()
                if name.startswith(_HISTORY_PREFIX)
            }
            self.records.restore_history(Continued(history, sums))

    def advance(self, end: Clock) -> None:
        """Starts an interval, and the decoder behind it if a record of the history needs it.

        Args:
          end: clock at the end of the interval.
        """
        self.resident.advance()
        if needs_levels(self._config.history, end, self._config.coupling.interval_seconds):
            self.resident.decode()

    def take(self, clock: Clock) -> None:
        """Waits for the interval that ends now, and closes its budgets.

        Raises:
          DivergedError: a value is not finite.
        """
        with self._stopwatch.phase(Phase.DEVICE):
            self._stopwatch.device_is_ready(self.resident.wait())
        with self._stopwatch.phase(Phase.FETCH):
            exports = self.resident.exports()
        # One sum finds any NaN or infinity; the search for the place comes only then.
        if not np.isfinite(exports.sum(dtype=np.float64)):
            raise self._diverged(clock, exports)
        with self._stopwatch.phase(Phase.FETCH):
            dry_air_pressure = self.resident.dry_air_pressure()
        with self._stopwatch.phase(Phase.LEDGER):
            self.exports = self.records.enter(
                clock, self.resident.imports(), exports, dry_air_pressure
            )

    def history(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """What a restart says of the history and holds of its means, on the rank that writes it.

        All records are on the disk by then: a restart must not claim others.

        Raises:
          OutputError: a record could not be written.
        """
        state = self.records.history_state()
        if state is None:
            return {}, {}
        sums = {_HISTORY_PREFIX + name: array for name, array in state.sums.items()}
        return {"history": dict(state.header)}, sums

    def arrays(self) -> dict[str, np.ndarray]:
        """What a restart file holds of each member of this rank, shape (members, ...)."""
        return self.resident.leaves() | {"exports": self.exports}

    def restart_of_member(
        self, place: int, clock: Clock, standing: dict[str, Any]
    ) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Header and arrays of a restart file from which one member goes on alone.

        Args:
          place: of the member among those of this rank.
          clock: date of the state.
          standing: what a restart says of the exchange with the host.
        """
        arrays = {name: array[[place]] for name, array in self.arrays().items()}
        imports = self.resident.imports()
        arrays["imports"] = imports[[place if len(imports) > 1 else 0]]
        header = self.header(clock, [self.records.state()[place]])
        number = self.numbers[place]
        header["identity"]["members"] = [str(number)]
        header["configuration"] = self._config.of_member(number).resolved_text()
        return header | standing, arrays

    def identity(self) -> dict[str, Any]:
        """What a restart must share with the run that continues it, whatever the namelist says."""
        atmosphere = self.resident.atmosphere
        first = self._config.ensemble.first_member
        return {
            "atmosphere": atmosphere.name,
            "step_seconds": atmosphere.step_seconds,
            "grid": f"{atmosphere.grid.nlon}x{atmosphere.grid.nlat}",
            "land": continuation.checksum(atmosphere.land_area_fraction),
            "calendar": self._config.run.calendar,
            "members": [str(first + place) for place in range(self._owners.members)],
            "imports": [row.name for row in self._imports],
            "exports": [row.name for row in self.resident.fields],
        }

    def header(self, clock: Clock, budgets: list[Any]) -> dict[str, Any]:
        """What a restart file says of the run, beside its arrays."""
        return {
            "identity": self.identity(),
            "configuration": self._config.resolved_text(),
            "environment": environment(self.resident.device),
            "start": clock.start,
            "date": clock.iso8601(),
            "elapsed_seconds": clock.elapsed_seconds,
            "budgets": budgets,
        }

    def close(self) -> None:
        """Ends what the owners share. Collective over them."""
        if self._owners.parts > 1:
            distributed.shutdown()

    def _open_books(self) -> None:
        self.records = Records(
            self._config,
            self.resident.atmosphere,
            self._imports,
            self.resident.fields,
            self.numbers,
            self.exports,
            self.resident.dry_air_pressure(),
        )

    def _diverged(self, clock: Clock, exports: np.ndarray) -> DivergedError:
        """Names the first value that is not finite, and what of the state is not."""
        member, row, point = (int(i) for i in np.argwhere(~np.isfinite(exports))[0])
        name = self.resident.fields[row].name
        place = self.resident.atmosphere.grid.place(point)
        number = self.numbers[member]
        of_member = "" if self.numbers == [CONTROL] else f" of member {number}"
        return DivergedError(
            f"the atmosphere{of_member} diverged in the interval that ends {clock.iso8601()}:"
            f" {name} = {exports[member, row, point]} at {place}; first of"
            f" {int((~np.isfinite(exports[member])).sum())} values that are not finite"
            f"{_not_finite({k: leaf[member] for k, leaf in self.resident.leaves().items()})}"
        )


def _mesh(owners: Owners) -> Any:
    """The devices of the owners that share one member, as one; None where each has its own."""
    if owners.comm is None or owners.parts == 1:
        return None
    from ngcm_coupler.engine.mesh import Split, connect

    distributed.initialize(owners.comm)
    mesh = Split(levels=owners.parts).mesh(jax.devices())
    owners.comm.Barrier()
    connect(mesh)
    return mesh


def _not_finite(state: dict[str, np.ndarray]) -> str:
    """Which variables of a state are not finite, and on which level first, from the top."""
    places = []
    for name, array in state.items():
        if np.issubdtype(array.dtype, np.inexact) and not np.isfinite(array).all():
            level = int(np.argwhere(~np.isfinite(array))[0][0]) + 1 if array.ndim == 3 else None
            places.append(name if level is None else f"{name} (level {level} of {len(array)})")
    return f"; in the state: {', '.join(places)}" if places else ""
