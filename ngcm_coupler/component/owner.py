"""What an owner holds: members of the atmosphere on its device, and the books of each."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from ngcm_coupler.clock import Clock
from ngcm_coupler.component.bystander import Record, States
from ngcm_coupler.config import Config
from ngcm_coupler.device.ensemble import whose
from ngcm_coupler.device.leaves import not_finite
from ngcm_coupler.device.members import Members
from ngcm_coupler.errors import DivergedError, OutputError
from ngcm_coupler.fields import Field
from ngcm_coupler.files import Claims
from ngcm_coupler.output.history import needs_levels
from ngcm_coupler.output.log.journal import Journal
from ngcm_coupler.output.log.timing import Phase, Stopwatch
from ngcm_coupler.output.records import Records
from ngcm_coupler.output.restart import earlier
from ngcm_coupler.output.restart.contents import Contents, description, held_by
from ngcm_coupler.output.restart.continuation import require_continues
from ngcm_coupler.output.restart.files import read_restart, write_restart
from ngcm_coupler.output.restart.form import require_form, require_shapes
from ngcm_coupler.output.restart.host_state import HostState
from ngcm_coupler.parallel import Owners, Ranks, distributed


class Owner:
    """The members of one rank: what the component does with them, call by call.

    `begin` or `continue_from` comes first. A rank without members has a `Bystander` in its place,
    and the first rank, which always has some, does besides what is done once for all of them.

    Attributes:
      members: those on the device.
      records: their budgets and files; from `begin` or `continue_from` on.
      exports: of the last interval, shape (members of this rank, fields, n).
    """

    records: Records

    def __init__(
        self,
        config: Config,
        imports: Sequence[Field],
        ranks: Ranks,
        owners: Owners,
        stopwatch: Stopwatch,
    ) -> None:
        """Builds the atmosphere.

        Raises:
          ConfigError: no such device, or the coupling interval does not fit the model step.
          CheckpointError: the checkpoint cannot be used.
        """
        self._config, self._ranks, self._owners = config, ranks, owners
        self._stopwatch = stopwatch
        self._imports = tuple(imports)
        self._numbers = [config.ensemble.first_member + place for place in owners.mine]
        self._journal: Journal | None = None
        self._all_exports: np.ndarray | None = None  # of all members, on the first rank
        self.members = Members(config, self._numbers, _mesh(owners))
        self.exports = np.empty((len(self._numbers), len(self.members.fields), 0), np.float32)

    def begin(self, imports: np.ndarray) -> None:
        """Goes on from `Members.begin`. Collective over the owners.

        Args:
          imports: what stands for the host's, float32, shape (members of this rank, fields, n).
        """
        # What one host puts for all is one surface, and not one of each member's.
        self.members.send(self._of_members(imports if self._each else imports[:1]))
        self.members.diagnose()
        self.exports = self.members.exports()
        self._open_books()

    def continue_from(self, path: str, start: str | None) -> Contents:
        """Goes on from a restart file, and gives what it holds.

        Args:
          path: the file.
          start: date at which the run has begun, as the namelist has it; None if it says nothing.

        Raises:
          RestartError: the file is damaged or belongs to another run; the message says how.
        """
        header, arrays = read_restart(path)
        require_form(path, header, arrays)
        run = self._description(self._config)
        header, arrays = earlier.with_top_of_the_air(header, arrays, run["identity"]["exports"])
        require_continues(path, header, run, start, self._config.restart.branch)
        atmosphere, fields = self.members.atmosphere, self.members.fields
        require_shapes(
            path,
            header,
            arrays,
            exports=(self._config.ensemble.members, len(fields), atmosphere.grid.size),
            imports=len(self._imports),
        )
        whole = Contents.of_file(header, arrays, self._config.run.calendar)
        own = whole.of_members(slice(self._owners.mine.start, self._owners.mine.stop))
        states = earlier.with_water_budget(own.states, own.budgets)
        states = earlier.with_spectra_afresh(earlier.with_correction_of_air(states))
        self.members.restore(states)
        self.members.send(own.imports)
        self.exports = own.exports
        self._open_books()
        self.records.restore(own.budgets)
        if own.history:  # of a run that has had one
            self.records.restore_history(own.history)
        return whole

    def begin_journal(self, clock: Clock, restart: str) -> None:
        """On the first rank: writes the head of the log.

        Args:
          clock: at the begin of the run or segment.
          restart: the file from which it goes on; empty for a run that begins.
        """
        if self._ranks.is_root:
            members = self.members
            self._journal = Journal(
                self._config, members.atmosphere, members.fields, self._stopwatch
            )
            self._journal.begin(clock, restart, members.device, self._ranks.size)

    def host_imports(self) -> np.ndarray | None:
        """The imports that the points of the host are dealt out from on this rank, if any are."""
        return self.members.imports() if self._each or self._ranks.is_root else None

    def host_exports(self) -> np.ndarray | None:
        """The exports that they are dealt out from: the members' own, or the mean of all."""
        if self._each:
            return self.exports
        whole = self._all_exports
        if whole is not None and len(whole) > 1:
            # In the order of the members, wherever they are, so that the bits are the same.
            return whole.mean(axis=0, dtype=np.float64, keepdims=True).astype(np.float32)
        return whole

    def advance(self, clock: Clock, seconds: int, gathered: np.ndarray | None) -> None:
        """Sends imports to the device, and starts an interval. Collective over the owners.

        The decoder starts behind it if a record of the history needs that.

        Args:
          clock: at the begin of the interval.
          seconds: its length; 0 to send the imports and do no more.
          gathered: the imports of the members of this rank, or on the first rank those that all
            share, and None on the others.
        """
        imports = self._of_members(gathered)
        self.members.send(imports)
        if not seconds:
            return
        with self._stopwatch.phase(Phase.FILES):
            self.records.begin(clock, imports)
        compiles = not self.members.has_advanced
        with (
            self.records.failure_recorded(),
            self._stopwatch.phase(Phase.COMPILE if compiles else Phase.SEND),
        ):
            self.members.advance()
            if needs_levels(self._config.history, clock.advanced(seconds), seconds):
                self.members.decode()
        self._stopwatch.device_starts()

    def take(self, clock: Clock) -> None:
        """Waits for the interval that ends now, and closes its budgets.

        Raises:
          DivergedError: a value is not finite.
        """
        with self.records.failure_recorded():
            with self._stopwatch.phase(Phase.DEVICE):
                self._stopwatch.device_is_ready(self.members.wait())
            with self._stopwatch.phase(Phase.FETCH):
                exports = self.members.exports()
            # One sum finds any NaN or infinity; the search for the place comes only then.
            if not np.isfinite(exports.sum(dtype=np.float64)):
                raise self._diverged(clock, exports)
            with self._stopwatch.phase(Phase.FETCH):
                dry_air_pressure = self.members.dry_air_pressure()
                water = self.members.water()
            with self._stopwatch.phase(Phase.LEDGER):
                self.exports = exports
                imports = self.members.imports()
                self.records.enter(clock, imports, exports, dry_air_pressure, water)

    def gather_exports(self) -> None:
        """Brings the exports of all members to the first rank where something needs them there.

        Collective over the owners.
        """
        if not self._each or self._config.history.file:
            self._all_exports = self._owners.gather(self.exports)

    def gather_states(self) -> States | None:
        """Brings what a restart holds of all members to the first rank. Collective over the owners.

        Returns:
          On the first rank the arrays, shape (all members, ...) each, and the state of the budgets
          of every member; None on the others.
        """
        held = held_by(self.members, self.exports)
        whole = {name: self._owners.gather(array) for name, array in held.items()}
        texts = self._owners.gather_texts([json.dumps(each) for each in self.records.state()])
        arrays = {name: array for name, array in whole.items() if array is not None}
        return (arrays, [json.loads(text) for text in texts]) if arrays else None

    def write_restart(
        self,
        clock: Clock,
        states: States | None,
        imports: np.ndarray | None,
        host: HostState,
        write: Callable[[dict[str, Any], dict[str, np.ndarray]], None],
    ) -> None:
        """On the first rank: writes a restart file of all members.

        All records of the history are on the disk by then: a restart must not claim others.

        Args:
          clock: date of the state.
          states: what `gather_states` has given.
          imports: of all members, or those that they share; None on other ranks.
          host: the exchange with the host.
          write: takes header and arrays.

        Raises:
          DivergedError: the state is not finite; nothing could go on from it.
          OutputError: a record, or the file, could not be written.
        """
        if states is None or imports is None:
            return
        contents = Contents(clock, *states, imports, host)
        contents.require_finite(self._config)
        contents = contents.with_history(self.records.history_state())
        write(*contents.file(self._description(self._config)))

    def claim_files(self, claims: Claims, clock: Clock) -> None:
        """Claims the files that this rank is to write.

        Args:
          claims: of the component.
          clock: at the begin of the run or segment.

        Raises:
          ConfigError, OutputError: see `Records`.
        """
        if self._writes:
            self.records.claim(claims, clock, of_all=self._ranks.is_root)

    def open_files(self, clock: Clock, host: HostState) -> None:
        """Creates the files of each member, and on the first rank that of all.

        Args:
          clock: at the begin of the run or segment.
          host: the exchange with the host.

        Raises:
          OutputError: see `Records`.
        """
        if not self._writes:
            return

        def save(path: str, place: int) -> None:
            """Writes a restart file from which one member goes on alone."""
            number = self._numbers[place]
            held = held_by(self.members, self.exports), self.records.state()
            contents = Contents(clock, *held, self.members.imports(), host)
            alone = contents.of_members(slice(place, place + 1))
            write_restart(path, *alone.file(self._description(self._config.of_member(number))))

        self.records.open(clock, of_all=self._ranks.is_root)
        self.records.open_recordings(self.members.device, save)

    def write_members(self) -> None:
        """Writes the interval to the files of each member."""
        self.records.write_members(self.exports)

    def gather_record(self) -> Record | None:
        """Brings what a record of the history holds to the first rank, beside the exports.

        Collective over the owners.

        Returns:
          On the first rank the imports of all members, or those that they share, shape (members or
          1, fields, n), and the fields on levels, shape (members, levels, n); on the others what
          is theirs, or None.
        """
        imports: np.ndarray | None = self.members.imports()
        if self._each:
            imports = self._owners.gather(imports)
        levels = {name: self._owners.gather(r) for name, r in self.members.levels().items()}
        if imports is None:
            return None
        return imports, {name: rows for name, rows in levels.items() if rows is not None}

    def write_all(self, clock: Clock, record: Record | None) -> None:
        """On the first rank: writes the interval to the history.

        Args:
          clock: at the end of the interval.
          record: what `gather_record` has given.
        """
        if record is not None and self._all_exports is not None:
            imports, levels = record
            self.records.write_all(clock, imports, self._all_exports, levels)

    def report(self, clock: Clock) -> None:
        """On the first rank: tells the log of the interval that ends now."""
        if self._journal is not None:
            self._journal.interval(clock, self.records.last(), self.exports)

    def close_files(self) -> None:
        """Completes the files."""
        self.records.close()

    def abandon(self) -> None:
        """Closes the files that a failure has left open, without another word."""
        if records := getattr(self, "records", None):  # from the states of the members on
            with contextlib.suppress(OutputError):
                records.close_files()

    def close(self, clock: Clock) -> None:
        """Ends the log, and what the owners share. Collective over them."""
        if self._journal is not None:
            self._journal.end(clock)
        if self._owners.parts > 1:
            distributed.shutdown()

    @property
    def _writes(self) -> bool:
        """Whether this rank has files: of parts of one member the first writes what they share."""
        return self._owners.parts == 1 or self._ranks.is_root

    @property
    def _each(self) -> bool:
        """Whether each member is coupled to a host of its own."""
        return self._config.instances > 1

    def _of_members(self, gathered: np.ndarray | None) -> np.ndarray:
        """The imports of the members of this rank, or those that the first has for all."""
        if gathered is None:
            shape = (1, len(self._imports), self.members.atmosphere.grid.size)
            gathered = np.empty(shape, np.float32)
        return gathered if self._each else self._owners.broadcast(gathered)

    def _description(self, config: Config) -> dict[str, Any]:
        return description(config, self.members, tuple(row.name for row in self._imports))

    def _open_books(self) -> None:
        self.records = Records(
            self._config,
            self.members.atmosphere,
            self._imports,
            self.members.fields,
            self._numbers,
            self.members.dry_air_pressure(),
            self.members.water(),
        )

    def _diverged(self, clock: Clock, exports: np.ndarray) -> DivergedError:
        """Names the first value that is not finite, and what of the state is not."""
        member, row, point = (int(i) for i in np.argwhere(~np.isfinite(exports))[0])
        name = self.members.fields[row].name
        place = self.members.atmosphere.grid.place(point)
        of_member = whose(self._config.ensemble, self._owners.mine.start + member)
        return DivergedError(
            f"the atmosphere{of_member} diverged in the interval that ends {clock.iso8601()}:"
            f" {name} = {exports[member, row, point]} at {place}; first of"
            f" {int((~np.isfinite(exports[member])).sum())} values that are not finite"
            f"{not_finite({k: leaf[member] for k, leaf in self.members.leaves().items()})}"
        )


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
