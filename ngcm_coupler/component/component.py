"""The lifecycle of a coupled atmosphere: create, put, advance, get, close.

It holds what lies between two calls of the host, checks what the host sends, and has every rank do
its part: fields at points are `HostFields`, members are an `Owner`'s. The science is in `Interval`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike

from ngcm_coupler import config as configuration
from ngcm_coupler import engine
from ngcm_coupler.component.bystander import Bystander
from ngcm_coupler.component.chained_run import ChainedRun
from ngcm_coupler.component.host_arrays import HostArrays
from ngcm_coupler.component.host_fields import HostFields
from ngcm_coupler.component.imports import Imports
from ngcm_coupler.component.job_limits import JobLimits
from ngcm_coupler.component.memory import give_memory_back
from ngcm_coupler.component.start import start
from ngcm_coupler.component.turns import Turns, in_turn
from ngcm_coupler.component.watchdog import Watchdog
from ngcm_coupler.errors import ArgumentError, FieldError, NgcmError, StateError, represented
from ngcm_coupler.fields import Field, Need, field, offered
from ngcm_coupler.fields.arguments import indices, is_whole_number
from ngcm_coupler.files import Claims
from ngcm_coupler.grid import Grid
from ngcm_coupler.output.file_names import claim_early, restart_file
from ngcm_coupler.output.log import log
from ngcm_coupler.output.log.timing import Phase, Stopwatch
from ngcm_coupler.output.restart.host_state import HostState
from ngcm_coupler.parallel import HostComm, Owners, Ranks, communicator

if TYPE_CHECKING:
    from ngcm_coupler.component.owner import Owner


class Component(ChainedRun):
    """One coupled atmosphere or an ensemble of them, as one rank of the host sees it.

    Fields are values of this rank's points, as vectors or as arrays of rank 2, which over the whole
    grid have shape (nlat, nlon), rows from south to north. Unless `set_partition` says otherwise
    the first rank holds all points and the others none. Methods marked collective must be called by
    every rank of the communicator, and raise on all of them when one fails. Errors are those of
    `ngcm_coupler.errors`.

    It is a context manager that closes at the end of the block:

        with Component.create("run.nml") as atmosphere:
            atmosphere.put("sea_surface_temperature", sst)
            atmosphere.put("sea_ice_area_fraction", ice)
            atmosphere.advance()
            latent = atmosphere.get("surface_downward_latent_heat_flux_over_ice_free_sea")

    Attributes:
      grid: the atmosphere's grid.
      land_area_fraction: [1], shape (grid.size,).
      fields: imports and exports; the number of a field is its place here, from 1.
      interval_seconds: length of the coupling interval [s].
      closed: whether it has been closed; then no method but `close` may be called.
      clock: date at the end of the last interval.
      continues: whether the run goes on from a restart.
      members: number of members of the ensemble; 1 without.
      instances: how many copies of the grid the points are: the members' where each of them is
        coupled to a host of its own, else 1. Those of the second follow those of the first.
    """

    grid: Grid

    def __init__(
        self, config: configuration.Config, ranks: Ranks, claims: Claims | None = None
    ) -> None:
        """Builds the atmosphere on its owners. Collective; use `create` from a host."""
        self.closed = False
        self._turns, self._stopwatch, self._claims = Turns(), Stopwatch(), claims or Claims()
        self._owner: Owner | Bystander = Bystander()
        self._ranks = ranks
        self._pending = False
        self._config = config
        self.members, self.instances = config.ensemble.members, config.instances
        self._owners = Owners(
            ranks, self.members, config.device.owners_per_node, config.device.level_parts
        )
        self._job = JobLimits(config, ranks)
        self._watchdog = Watchdog(config, ranks.rank, self._stopwatch)
        self._who = "" if ranks.alone else f"rank {ranks.rank}, "
        self.interval_seconds = config.coupling.interval_seconds
        try:
            self._begin(config, ranks)
        except BaseException:
            self._release()
            raise
        log.reach(self.clock.iso8601())
        self._stopwatch.enter(Phase.HOST)

    def _begin(self, config: configuration.Config, ranks: Ranks) -> None:
        """What of the beginning may fail. Collective."""
        imports = [field(name) for name in config.coupling.imports]
        self._owner, facts = start(
            config, imports, ranks, self._owners, self._job.source, self._stopwatch
        )
        self.grid, self.land_area_fraction = facts.grid, facts.land_area_fraction
        self.clock, self.continues = facts.clock, facts.continues
        self._has_means = facts.host.has_means
        continued = facts.host.arrays if self.continues else None
        self._host_arrays = HostArrays(ranks, self.instances, continued)
        water: set[Need] = {"water"} if facts.budgets_water else set()
        self._imports = Imports(imports, config.coupling.max_import_age_seconds)
        self._imports.put_at = facts.host.put_at
        self._host = HostFields(
            self._imports, offered(config.available | water), facts, ranks, self._owners
        )
        self.fields: tuple[Field, ...] = self._host.fields
        self._owner.gather_exports()
        self._host.distribute(self._owner)
        host = HostState(facts.host.put_at, facts.host.has_means)
        # Last of all, so that no failure leaves a file; and none is opened that is not our own.
        ranks.collective(lambda: self._owner.claim_files(self._claims, self.clock))
        ranks.collective(lambda: self._owner.open_files(self.clock, host))

    @classmethod
    def create(
        cls,
        namelist: str | os.PathLike[str],
        comm: HostComm | None = None,
        check: Callable[[configuration.Config], None] | None = None,
    ) -> Component:
        """Creates a component from a namelist file. Collective.

        Args:
          namelist: path of the file that configures everything.
          comm: the host's communicator, of mpi4py or as a Fortran handle; None without MPI.
          check: what else has to hold, such as `couplers.require_run_folder`; called on the first
            rank.

        Raises:
          ArgumentError: `namelist` is no path, or `comm` no communicator.
          ConfigError: the namelist is not usable; every fault is listed.
          CheckpointError, DataError, RestartError, OutputError: what it points to is not usable.
          ParallelError: MPI is not usable, or another rank has failed.
          What `check` raises.
        """
        ranks, claims = Ranks(communicator(comm)), Claims()
        try:
            config = ranks.collective(lambda: engine.load(namelist))
            settings = config.log
            log.set_up(settings.level, settings.format, ranks.rank, speaks=ranks.is_root)
            # Before the model is built, which takes longer than to see that it cannot run.
            if check is not None:
                ranks.collective(lambda: check(config) if ranks.is_root else None)
            file = os.fsdecode(namelist)
            ranks.collective(lambda: claim_early(claims, config, file) if ranks.is_root else None)
            return cls(config, ranks, claims)
        except BaseException as error:
            if not isinstance(error, NgcmError):
                error.add_note(f"rank {ranks.rank}, in create")
            claims.release()
            ranks.close()
            raise

    @property
    def whereabouts(self) -> str:
        """This rank, if there are others, and the model date, for messages."""
        return f"{self._who}model date {self.clock.iso8601()}"

    def __enter__(self) -> Self:
        self._require_open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Closes; the error of the block goes before one of closing, which becomes a note to it.

        Among several ranks a block that fails leaves the component open: to close it is collective,
        and nobody knows whether the others have failed too or wait in another call.
        """
        if error is None:
            self.close()
        elif self._ranks.alone:
            try:
                self.close()
            except Exception as second:
                error.add_note(f"closing the component failed too: {second}")

    def field(self, number: int) -> Field:
        """The field of that number, from 1.

        Raises:
          FieldError: there is no such number.
        """
        self._require_open()
        return self._host.field(number)

    def field_id(self, name: str) -> int:
        """The number of the field of that name, from 1.

        Raises:
          FieldError: the component neither takes nor offers it.
        """
        self._require_open()
        return self._host.number(name)

    @in_turn(Phase.START_UP)
    def set_partition(self, global_index: ArrayLike) -> None:
        """Declares the points that this rank holds. Collective, before the first put.

        Args:
          global_index: whole numbers of the points, from 1, in the order of this rank's vectors:
            the places on the grid, of the second instance counted on from those of the first.

        Raises:
          ArgumentError: these are no whole numbers.
          ParallelError: the ranks' points do not cover the grid exactly once.
          StateError: a field has been put already.
        """
        self._require_open()

        def check() -> np.ndarray:
            self._imports.require_unused()
            return indices("set_partition", global_index)

        self._host.deal(self._ranks.collective(check))
        self._host.distribute(self._owner)

    @in_turn(Phase.PUT_GET)
    def put(self, name: str | int, values: ArrayLike) -> None:
        """Takes an imported field; it holds until it is put again.

        Args:
          name: name or number of an import.
          values: real numbers in the field's unit, one per point of this rank, of rank 1 or 2, in
            anything that numpy makes an array of. Values at points without sea, or for a field of
            the land without land, are not looked at, but none may be masked.

        Raises:
          FieldError: not an import.
          ArgumentError: no real numbers, or some are masked.
          ShapeError: not this rank's number of points, or in another order.
          ValueRangeError: a value is not finite or out of range.
          A field whose put has failed counts as not put.
        """
        number = self._number(name)
        if self.field(number).direction == "export":
            raise FieldError(f"{self.field(number).name} is an export; it cannot be put")
        self._imports.put(number - 1, values, self.clock.elapsed_seconds)

    @in_turn(Phase.PUT_GET)
    def get(self, name: str | int, out: np.ndarray | None = None) -> np.ndarray:
        """Hands out a field; waits for an interval in flight.

        Args:
          name: name or number of any field. An import gives what has been put, and before that the
            surface of the initial state.
          out: float32 or float64, one element per point of this rank, of rank 1 or 2; by default
            a new array. The device computes in float32.

        Returns:
          `out`, or a new float64 array of shape (points of this rank,), since a host that adds
          small fluxes to large stores needs the digits.

        Raises:
          FieldError: no such field.
          ArgumentError, ShapeError: `out` cannot be written into, or is not of this rank's points.
          StateError: a mean is asked for before the first interval, or the last one has failed.
          DivergedError: the atmosphere has produced values that are not finite.
        """
        number = self._number(name)
        source = self.field(number)
        if self._pending:
            self._require_own_wait(source)
            self.wait()
        is_mean = source.direction == "export" and source.averaging == "interval_mean"
        if is_mean and not self._has_means:
            raise StateError(
                f"{source.name} is a mean over an interval and none has been completed; call"
                " advance first"
            )
        return self._imports.layout.hand_out(source.name, self._host.values(number), out)

    def advance(self, seconds: int | None = None) -> None:
        """Advances by one coupling interval with the imports as they are. Collective.

        With one rank it returns as soon as the device has started; the first `get` or `wait`
        then waits for it. With several ranks it returns when every rank has its exports.

        Args:
          seconds: the coupling interval, as by default; 0 sends the imports to the device and does
            no more.

        Raises:
          ArgumentError: ``seconds`` is something else.
          StateError: an import has not been put, or is older than &ngcm_coupling allows; or
            another thread is in this call.
          DivergedError: the interval before this one has produced values that are not finite.
        """
        with self._turns.only_advance(), self._stopwatch.phase(Phase.OTHER):
            self._advance(self.interval_seconds if seconds is None else seconds)

    def _advance(self, asked: int) -> None:
        self.wait()
        self._watchdog.interval_begins(self.clock.iso8601())
        with self._stopwatch.phase(Phase.GATHER):
            self._ranks.collective(lambda: self._check_advance(asked))
            interval = int(asked)
            if self._ranks.differ(interval):
                raise ArgumentError(
                    f"advance by {interval} s here and by another time on another rank; all ranks"
                    " advance by the same"
                )
            imports = self._host.points.gather(self._imports.values)

        with self._stopwatch.phase(Phase.SEND):
            self._ranks.collective(lambda: self._owner.advance(self.clock, interval, imports))
        if not interval:
            return
        self._job.interval_begins()
        self.clock = self.clock.advanced(interval)
        self._pending = True
        if not self._ranks.alone:
            self.wait()

    @in_turn(Phase.OTHER)
    def wait(self) -> None:
        """Waits for the interval in flight and takes its exports from the device. Collective.

        Raises:
          DivergedError: an exported value is not finite.
          OutputError: a file cannot be written.
        """
        self._require_open()
        if not self._pending:
            return
        with self._stopwatch.phase(Phase.OWNER):
            self._ranks.collective(lambda: self._owner.take(self.clock))
        with self._stopwatch.phase(Phase.EXPORTS):
            self._owner.gather_exports()
            self._host.distribute_exports(self._owner)
        self._pending = False
        self._has_means = True
        with self._stopwatch.phase(Phase.FILES):
            self._ranks.collective(self._owner.write_members)
            if self._config.history.file:
                record = self._owner.gather_record()
                self._ranks.collective(lambda: self._owner.write_all(self.clock, record))
        with self._stopwatch.phase(Phase.LOG):
            log.reach(self.clock.iso8601())
            self._ranks.collective(lambda: self._owner.report(self.clock))

    @in_turn(Phase.RESTART)
    def save(self, name: str, values: ArrayLike) -> None:
        """Keeps an array of the host's own for the next restart file. Collective.

        So the host's state and the atmosphere's are in one file, and of one date.

        Args:
          name: by which `load` gives it back.
          values: one per point of this rank, as `put` takes them; kept as float64.

        Raises:
          ArgumentError: `name` is no text, or `values` are no real numbers or some masked.
          ShapeError: not this rank's number of points, or in another order.
        """
        self._require_open()
        self._host_arrays.save(self._host.at_root, self._imports.layout, name, values)

    @in_turn(Phase.START_UP)
    def load(self, name: str, out: np.ndarray | None = None) -> np.ndarray:
        """Gives back what `save` has put into the restart file that this run began from.

        Collective. The ranks may be other ones than those that saved it.

        Args:
          name: as given to `save`.
          out: float32 or float64, one element per point of this rank; by default a new array.

        Returns:
          `out`, or a new float64 array of shape (points of this rank,).

        Raises:
          ArgumentError, ShapeError: `name` is no text, or `out` cannot be written into or is not of
            this rank's points.
          StateError: the run does not continue another.
          RestartError: the file holds nothing of that name.
        """
        self._require_open()
        points, layout = self._host.at_root, self._imports.layout
        return self._host_arrays.load(points, layout, name, out, self.clock)

    @in_turn(Phase.OTHER)
    def write_restart(self, path: str | os.PathLike[str] = "") -> None:
        """Writes everything needed to continue bit for bit. Collective.

        What the host has saved since the last restart goes into it.

        Args:
          path: the file; if empty, where &ngcm_restart says, which may be nowhere.

        Raises:
          ArgumentError: `path` is no path of a file.
          OutputError: it cannot be written, is the run's already, or is of no run; it stays.
        """
        self.wait()
        root = self._ranks.is_root
        file = self._ranks.collective(lambda: restart_file(self._claims, path, at_root=root))
        with self._stopwatch.phase(Phase.RESTART):
            put_at = self._ranks.minimum(self._imports.put_at, self._host.points.mine.size > 0)
            imports = self._host.at_root.gather(self._imports.values)
            states = self._owner.gather_states()
            host = HostState(put_at, self._has_means, self._host_arrays.saved)

            def write(header: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
                self._job.write(file, self.clock, header, arrays)

            self._ranks.collective(
                lambda: self._owner.write_restart(self.clock, states, imports, host, write)
            )
        self._host_arrays.saved.clear()

    def on_timeout(self, action: Callable[[], None]) -> None:
        """Sets what is called, in another thread, when an interval takes too long.

        By then the log says so. The library itself ends nothing; without an action the rank waits
        on.

        Raises:
          ArgumentError: it cannot be called.
        """
        self._require_open()
        if not callable(action):
            raise ArgumentError(f"on_timeout: got {represented(action)}, expected a function")
        self._watchdog.on_timeout(action)

    @in_turn(Phase.OTHER)
    def close(self) -> None:
        """Completes the interval in flight and releases everything. Collective.

        Everything is released even when it raises. To close again does nothing.

        Raises:
          DivergedError: the last interval has produced values that are not finite.
          OutputError: a file cannot be completed.
        """
        if self.closed:
            return
        try:
            self.wait()
            with self._stopwatch.phase(Phase.FILES):
                self._ranks.collective(self._owner.close_files)
        finally:
            self.closed = True
            self._pending = False
            try:
                self._owner.close(self.clock)
            finally:
                self._release()
                self._ranks.close()
                give_memory_back()

    def _release(self) -> None:
        """Gives back all but the communicator, whatever has failed before."""
        self._watchdog.close()
        self._owner.abandon()
        self._owner = Bystander()
        self._owners.close()
        self._claims.release()

    def _number(self, name: str | int) -> int:
        return self.field_id(name) if isinstance(name, str) else name

    def _require_own_wait(self, source: Field) -> None:
        """A get is local: among several ranks it must not wait, and only a failure leaves a need.

        Raises:
          StateError: the last interval has failed on some rank.
        """
        if not self._ranks.alone:
            raise StateError(
                f"{source.name} is not there: the interval that ends {self.clock.iso8601()} has"
                " failed; the status of advance said why"
            )

    def _check_advance(self, seconds: int) -> None:
        """Refuses a wrong interval, and imports that are missing or too old."""
        allowed = (0, self.interval_seconds)
        if not is_whole_number(seconds) or seconds not in allowed:
            raise ArgumentError(
                f"advance by {represented(seconds)} s: the coupling interval is"
                f" {allowed[1]} s; change interval_seconds in &ngcm_coupling or advance by that"
            )
        self._imports.require_fresh(self.clock)
