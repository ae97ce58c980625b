"""What an owner holds: members of the atmosphere on its device, and the budgets of each."""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from ngcm_coupler.clock import Clock
from ngcm_coupler.config import Config
from ngcm_coupler.config.run_groups import CONTROL
from ngcm_coupler.device.environment import environment
from ngcm_coupler.device.members import ResidentAtmosphere
from ngcm_coupler.errors import DivergedError, RestartError
from ngcm_coupler.fields import Field
from ngcm_coupler.output.history import Continued, needs_levels
from ngcm_coupler.output.log.timing import Phase, Stopwatch
from ngcm_coupler.output.records import Records
from ngcm_coupler.output.restart import continuation
from ngcm_coupler.output.restart.earlier import with_water_budget
from ngcm_coupler.output.restart.files import HOST_PREFIX, read_restart
from ngcm_coupler.parallel import Owners, distributed

_log = logging.getLogger(__name__)

_HISTORY_PREFIX = "history."
"""Before the names, in a restart file, of what the means of the history have added up."""


@dataclasses.dataclass(frozen=True)
class Standing:
    """What a restart file says beside the state of the members.

    Attributes:
      clock: date of the state.
      put_at: when each import was put [s since the start of the run].
      has_means: whether an interval had been completed.
      host: the host's own arrays, by name, shape (instances, n).
    """

    clock: Clock
    put_at: np.ndarray
    has_means: bool
    host: dict[str, np.ndarray]


class Owner:
    """The members of one rank, between two exchanges.

    Attributes:
      resident: the members on the device.
      records: their budgets and files; from `begin` or `restore` on.
      exports: of the last interval, shape (members of this rank, fields, n).
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

    def continue_from(self, path: str, start: str | None) -> Standing:
        """Goes on from a restart file.

        Args:
          path: the file.
          start: date at which the run has begun, as the namelist has it; None if it says nothing.

        Raises:
          RestartError: the file is damaged or belongs to another run; the message says how.
        """
        header, arrays = read_restart(path)
        settings = self._config.resolved_text(), self._config.restart.branch
        continuation.require_same_run(path, header["identity"], self.identity())
        continuation.require_same_settings(path, header["configuration"], *settings)
        if start not in (None, header["start"]):
            raise RestartError(
                f"restart file {path} continues a run that began at {header['start']}; start_date ="
                f" '{start}' in &ngcm_run is another run"
            )
        here = environment(self.resident.device)
        if others := continuation.environment_differences(header["environment"], here):
            _log.warning(
                "restart file %s was written elsewhere, and the last bits may differ: %s",
                path,
                "; ".join(others),
            )
        self._restore(header, arrays)
        return Standing(
            Clock(header["start"], self._config.run.calendar, header["elapsed_seconds"]),
            np.array(header["put_at"], np.int64),
            header["has_means"],
            _without_prefix(HOST_PREFIX, arrays),
        )

    def _restore(self, header: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        """Goes on from what a restart file holds of the members of this rank.

        Raises:
          RestartError: an array or a budget is not as this run needs it.
        """
        mine = slice(self._owners.mine.start, self._owners.mine.stop)
        states = {k: array[mine] for k, array in arrays.items() if k.startswith("state.")}
        self.resident.restore(with_water_budget(states, header["budgets"][mine]))
        imports = arrays["imports"]
        self.resident.send(imports[mine] if len(imports) > 1 else imports)
        self.exports = arrays["exports"][mine]
        self._open_books()
        self.records.restore(header["budgets"][mine])
        if history := header.get("history"):  # of a run that has had one
            sums = _without_prefix(_HISTORY_PREFIX, arrays)
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
            water = self.resident.water()
        with self._stopwatch.phase(Phase.LEDGER):
            self.exports = exports
            self.records.enter(clock, self.resident.imports(), exports, dry_air_pressure, water)

    def collect(self) -> tuple[dict[str, np.ndarray], list[Any]] | None:
        """Brings what a restart holds of all members to the first rank. Collective over the owners.

        Returns:
          On the first rank the arrays, shape (all members, ...) each, and the state of the budgets
          of every member; None on the others.
        """
        whole = {name: self._owners.collect(array) for name, array in self.arrays().items()}
        texts = self._owners.collect_texts([json.dumps(each) for each in self.records.state()])
        arrays = {name: array for name, array in whole.items() if array is not None}
        return (arrays, [json.loads(text) for text in texts]) if arrays else None

    def restart(
        self, clock: Clock, states: tuple[dict[str, np.ndarray], list[Any]]
    ) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Header and arrays of a restart file, but for what the host's side adds to them.

        All records of the history are on the disk by then: a restart must not claim others.

        Args:
          clock: date of the state.
          states: what `collect` has given.

        Raises:
          DivergedError: the state is not finite; nothing could go on from it.
          OutputError: a record could not be written.
        """
        arrays, budgets = states
        state = {name: array for name, array in arrays.items() if name.startswith("state.")}
        for place in range(self._owners.members):
            if odd := _not_finite({name: array[place] for name, array in state.items()}):
                raise DivergedError(
                    f"no restart is written at {clock.iso8601()}: the atmosphere"
                    f"{self._of_member(place)} has values that are not finite{odd}"
                )
        header, arrays = self.header(clock, budgets), dict(arrays)
        if history := self.records.history_state():
            header["history"] = dict(history.header)
            arrays |= {_HISTORY_PREFIX + name: array for name, array in history.sums.items()}
        return header, arrays

    def collect_record(self) -> tuple[np.ndarray, dict[str, np.ndarray]] | None:
        """Brings what a record of the history holds to the first rank, beside the exports.

        Collective over the owners.

        Returns:
          On the first rank the imports of all members, or those that they share, shape (members or
          1, fields, n), and the fields on levels, shape (members, levels, n); on the others what
          is theirs, or None.
        """
        imports: np.ndarray | None = self.resident.imports()
        if self._config.instances > 1:
            imports = self._owners.collect(imports)
        levels = {name: self._owners.collect(r) for name, r in self.resident.levels().items()}
        if imports is None:
            return None
        return imports, {name: rows for name, rows in levels.items() if rows is not None}

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
            self.resident.dry_air_pressure(),
            self.resident.water(),
        )

    def _of_member(self, place: int) -> str:
        """Which member a message is of; nothing where there is only the control."""
        number = self._config.ensemble.first_member + place
        alone = self._owners.members == 1 and number == CONTROL
        return "" if alone else f" of member {number}"

    def _diverged(self, clock: Clock, exports: np.ndarray) -> DivergedError:
        """Names the first value that is not finite, and what of the state is not."""
        member, row, point = (int(i) for i in np.argwhere(~np.isfinite(exports))[0])
        name = self.resident.fields[row].name
        place = self.resident.atmosphere.grid.place(point)
        of_member = self._of_member(self._owners.mine.start + member)
        return DivergedError(
            f"the atmosphere{of_member} diverged in the interval that ends {clock.iso8601()}:"
            f" {name} = {exports[member, row, point]} at {place}; first of"
            f" {int((~np.isfinite(exports[member])).sum())} values that are not finite"
            f"{_not_finite({k: leaf[member] for k, leaf in self.resident.leaves().items()})}"
        )


def _without_prefix(prefix: str, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Those arrays whose names begin so, by what follows."""
    return {
        name.removeprefix(prefix): array
        for name, array in arrays.items()
        if name.startswith(prefix)
    }


def _mesh(owners: Owners) -> Any:
    """The devices of the owners that share one member, as one; None where each has its own."""
    if owners.comm is None or owners.parts == 1:
        return None
    from ngcm_coupler.engine.neuralgcm.mesh import Split, connect

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
