"""The lifecycle of a coupled atmosphere: create, put, advance, get, close.

This is the only orchestrator. It holds what lies between two calls of the host, checks what the
host sends, and moves fields between the ranks and the device. The science is in `Interval`.
"""

from __future__ import annotations

import difflib
import logging
import os
import pathlib
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import ArrayLike

from ngcm_coupler import config as configuration
from ngcm_coupler.batch.control import Segment
from ngcm_coupler.batch.watchdog import Watchdog
from ngcm_coupler.clock import Clock
from ngcm_coupler.component.imports import Imports
from ngcm_coupler.couplers.oasis.check import require_folder
from ngcm_coupler.couplers.oasis.grids import atmosphere_grid
from ngcm_coupler.device import devices
from ngcm_coupler.errors import (
    ArgumentError,
    FieldError,
    NgcmError,
    RestartError,
    StateError,
)
from ngcm_coupler.fields import Field, Need, field, offered
from ngcm_coupler.fields.arguments import indices, path_text
from ngcm_coupler.grid import GaussianGrid
from ngcm_coupler.netcdf import import_netcdf4
from ngcm_coupler.output.log import log
from ngcm_coupler.output.log.timing import Phase, Stopwatch, within
from ngcm_coupler.output.restart.files import HOST_PREFIX, write_restart
from ngcm_coupler.parallel import HostComm, Owners, Points, Ranks, communicator

if TYPE_CHECKING:
    from ngcm_coupler.component.owner import Owner
    from ngcm_coupler.output.log.journal import Journal

_log = logging.getLogger(__name__)


class Component:
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

    def __init__(self, config: configuration.Config, ranks: Ranks) -> None:
        """Builds the atmosphere on its owners. Collective; use `create` from a host."""
        self.closed = False
        self._stopwatch = Stopwatch()
        self._ranks = ranks
        self._owner: Owner | None = None
        self._journal: Journal | None = None  # on the first rank
        self._pending = False
        self._has_means = False
        self._config = config
        self.members, self.instances = config.ensemble.members, config.instances
        self._owners = Owners(
            ranks, self.members, config.device.owners_per_node, config.device.level_parts
        )
        self._segment = Segment(config, ranks)
        self._watchdog = Watchdog(config.limits.timeout_seconds, ranks.rank, self._stopwatch)
        self._who = "" if ranks.alone else f"rank {ranks.rank}, "
        self._saved: dict[str, np.ndarray] = {}  # by the host, for the next restart
        self._continued: dict[str, np.ndarray] | None = None  # what the host had saved in the last
        self._calendar = config.run.calendar
        self.interval_seconds = config.coupling.interval_seconds
        self._imports = Imports(
            [field(name) for name in config.coupling.imports],
            config.coupling.max_import_age_seconds,
        )
        self._budgets_water = False
        self._all_exports: np.ndarray | None = None  # of all members, on the first rank
        self._begin(config)
        self.continues = ranks.any(self._continued is not None)
        self._share_grid()
        water: set[Need] = {"water"} if self._budgets_water else set()
        self._export_fields = offered(config.available | water)
        self.fields: tuple[Field, ...] = self._imports.fields + self._export_fields
        on_root = [range(self.instances), *[range(0)] * (ranks.size - 1)]
        self._at_root = Points(ranks, self.grid.size, on_root)
        self._points = self._at_root
        if self._each:
            self._points = Points(ranks, self.grid.size, self._owners.held)
        self._collect_exports()
        self._distribute()
        self._on_owners(self._open_files)
        log.reach(self.clock.iso8601())
        self._stopwatch.enter(Phase.HOST)

    @classmethod
    def create(cls, namelist: str | os.PathLike[str], comm: HostComm | None = None) -> Component:
        """Creates a component from a namelist file. Collective.

        Args:
          namelist: path of the file that configures everything.
          comm: the host's communicator, of mpi4py or as a Fortran handle; None without MPI.

        Raises:
          ArgumentError: `namelist` is no path, or `comm` no communicator.
          ConfigError: the namelist is not usable, or the namcouple of a run through OASIS does
            not belong to it; every fault is listed.
          CheckpointError, DataError, RestartError, OutputError: what it points to is not usable.
          ParallelError: MPI is not usable, or another rank has failed.
        """
        ranks = Ranks(communicator(comm))
        try:
            config = ranks.together(lambda: configuration.load(namelist))
            settings = config.log
            log.set_up(settings.level, settings.format, ranks.rank, speaks=ranks.is_root)
            if config.oasis.exports:
                # Before the model is built, which takes longer than to see that it cannot run.
                ranks.together(lambda: _require_folder(config) if ranks.is_root else None)
            return cls(config, ranks)
        except BaseException as error:
            if not isinstance(error, NgcmError):
                error.add_note(f"rank {ranks.rank}, in create")
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
        if not isinstance(number, (int, np.integer)) or not 1 <= number <= len(self.fields):
            raise FieldError(
                f"field id {number!r} is not valid; ids run from 1 to {len(self.fields)}"
            )
        return self.fields[number - 1]

    def field_id(self, name: str) -> int:
        """The number of the field of that name, from 1.

        Raises:
          FieldError: the component neither takes nor offers it.
        """
        self._require_open()
        if not isinstance(name, str):
            raise FieldError(f"field name {name!r} is not valid; give a str")
        names = [row.name for row in self.fields]
        if name in names:
            return names.index(name) + 1
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"; the nearest name is {near[0]!r}" if near else ""
        raise FieldError(
            f"field {name!r} is neither taken nor offered by this component{hint}; imports are"
            " chosen in &ngcm_coupling, and `ngcm-coupler fields` lists all fields"
        )

    @within(Phase.START_UP)
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
            if self._imports.in_use:
                raise StateError("set_partition must come before the first put")
            return indices("set_partition", global_index)

        index = self._ranks.together(check)
        self._at_root.deal(index)
        if self._points is not self._at_root:
            self._points.deal(index)
        self._distribute()

    @within(Phase.PUT_GET)
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

    @within(Phase.PUT_GET)
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
        source, row = self.field(number), number - 1
        if self._pending:
            self._require_own_wait(source)
            self.wait()
        if source.direction == "import":
            values = self._imports.values[row]
        elif source.averaging == "interval_mean" and not self._has_means:
            raise StateError(
                f"{source.name} is a mean over an interval and none has been completed; call"
                " advance first"
            )
        else:
            values = self._exports[row - len(self._imports.fields)]
        return self._imports.layout.hand_out(source.name, values, out)

    @within(Phase.OTHER)
    def advance(self, seconds: int | None = None) -> None:
        """Advances by one coupling interval with the imports as they are. Collective.

        With one rank it returns as soon as the device has started; the first `get` or `wait`
        then waits for it. With several ranks it returns when every rank has its exports.

        Args:
          seconds: the coupling interval, as by default; 0 sends the imports to the device and does
            no more.

        Raises:
          ArgumentError: ``seconds`` is something else.
          StateError: an import has not been put, or is older than &ngcm_coupling allows.
          DivergedError: the interval before this one has produced values that are not finite.
        """
        self.wait()
        asked = self.interval_seconds if seconds is None else seconds
        self._watchdog.interval_begins(self.clock.iso8601())
        with self._stopwatch.phase(Phase.GATHER):
            self._ranks.together(lambda: self._check_advance(asked))
            interval = int(asked)
            imports = self._points.gather(self._imports.values)

        def start() -> None:
            assert self._owner is not None
            rows = self._of_owner(imports)
            self._owner.resident.send(rows)
            if interval:
                with self._stopwatch.phase(Phase.FILES):
                    self._owner.records.begin(self.clock, rows)
                compiles = not self._owner.resident.has_advanced
                with (
                    self._owner.records.failure_recorded(),
                    self._stopwatch.phase(Phase.COMPILE if compiles else Phase.SEND),
                ):
                    self._owner.advance(self.clock.advanced(interval))
                self._stopwatch.device_starts()

        with self._stopwatch.phase(Phase.SEND):
            self._on_owners(start)
        if not interval:
            return
        self._segment.interval_begins()
        self.clock = self.clock.advanced(interval)
        self._pending = True
        if not self._ranks.alone:
            self.wait()

    @within(Phase.OTHER)
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
            self._on_owners(self._end_interval)
        with self._stopwatch.phase(Phase.EXPORTS):
            self._collect_exports()
            self._distribute_exports()
        self._pending = False
        self._has_means = True
        with self._stopwatch.phase(Phase.FILES):
            self._write_files()
        with self._stopwatch.phase(Phase.LOG):
            log.reach(self.clock.iso8601())
            self._on_root(self._tell_interval)

    @within(Phase.RESTART)
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

        def take() -> np.ndarray:
            _require_name(name)
            return self._imports.layout.vector(repr(name), values).astype(np.float64)

        whole = self._at_root.gather(self._ranks.together(take)[np.newaxis])
        if whole is not None:
            self._saved[name] = whole[:, 0].copy()

    @within(Phase.START_UP)
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

        def find() -> None:
            _require_name(name)
            self._imports.layout.require(repr(name), out)
            if not self.continues:
                raise StateError(f"{name!r} cannot be loaded: this run continues no other")
            if self._continued is not None and name not in self._continued:
                raise RestartError(
                    f"the restart of {self.clock.iso8601()} holds no {name!r} of the host: it was"
                    " written by another program, or by this one with other settings"
                )

        self._ranks.together(find)
        whole = None if self._continued is None else self._continued[name][:, np.newaxis]
        values = self._at_root.scatter(whole, 1, np.float64)[0]
        return self._imports.layout.hand_out(repr(name), values, out)

    @within(Phase.OTHER)
    def write_restart(self, path: str | os.PathLike[str] = "") -> None:
        """Writes everything needed to continue bit for bit. Collective.

        What the host has saved since the last restart goes into it.

        Args:
          path: the file; if empty, where &ngcm_restart says, which may be nowhere.

        Raises:
          ArgumentError: `path` is no path.
          OutputError: the file cannot be written; one of that name stays as it was.
        """
        self.wait()
        with self._stopwatch.phase(Phase.RESTART):
            put_at = self._ranks.earliest(self._imports.put_at, self._points.mine.size > 0)
            imports = self._at_root.gather(self._imports.values)
            states = self._owner.collect() if self._owner else None

            def save() -> None:
                assert self._owner is not None
                assert states is not None
                assert imports is not None
                host = {HOST_PREFIX + name: array for name, array in self._saved.items()}
                header, arrays = self._owner.restart(self.clock, states)
                header |= self._standing(put_at)
                arrays |= {**host, "imports": imports}
                self._segment.write(path_text("write_restart", path), self.clock, header, arrays)

            self._on_root(save)
        self._saved.clear()

    def keeps_restarts(self) -> bool:
        """Whether &ngcm_restart says where to write restarts."""
        self._require_open()
        return self._segment.keeps_restarts

    def restart_is_due(self) -> bool:
        """Whether &ngcm_restart asks for a restart at the date that has been reached."""
        self._require_open()
        return self._segment.restart_is_due(self.clock)

    def is_complete(self) -> bool:
        """Whether the run has reached stop_date of &ngcm_run; never where that is empty."""
        self._require_open()
        return self._segment.is_complete(self.clock)

    def request_stop(self) -> None:
        """Says that this rank has been asked to stop, by a signal for example."""
        self._require_open()
        self._segment.request_stop()

    @within(Phase.AGREEMENT)
    def stop_requested(self) -> bool:
        """Whether to write a restart and stop now, before the time of the job is over. Collective.

        All ranks get the same answer. It is so once `request_stop` has been called on any of them,
        or when the limit of &ngcm_limits would not let another interval end. Ask after every one.
        """
        self._require_open()
        return self._segment.must_stop()

    def on_timeout(self, action: Callable[[], None]) -> None:
        """Sets what is called, in another thread, when an interval takes too long.

        By then the log says so. The library itself ends nothing; without an action the rank waits
        on.

        Raises:
          ArgumentError: it cannot be called.
        """
        self._require_open()
        if not callable(action):
            raise ArgumentError(f"on_timeout: got {action!r}, expected a function; give one")
        self._watchdog.on_timeout(action)

    @within(Phase.OTHER)
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
                self._on_owners(self._close_files)
        finally:
            self.closed = True
            if self._journal is not None:
                self._journal.end(self.clock)
            self._watchdog.close()
            self._pending = False
            if self._owner is not None:
                self._owner.close()
            self._owner = self._journal = None
            self._owners.close()
            self._ranks.close()

    def _require_open(self) -> None:
        if self.closed:
            raise StateError(
                "the component has been closed; call its methods before, or create another one"
            )

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

    @property
    def _each(self) -> bool:
        """Whether each member is coupled to a host of its own."""
        return self.members > 1 and self._config.ensemble.coupling == "each"

    @property
    def _holds(self) -> bool:
        """Whether fields of the host are gathered on this rank."""
        return self._owners.is_owner if self._each else self._ranks.is_root

    def _on_owners(self, action: Callable[[], None]) -> None:
        """Runs an action where members are; if it fails on one of them, every rank raises."""
        self._ranks.together(action if self._owners.is_owner else lambda: None)

    def _on_root(self, action: Callable[[], None]) -> None:
        """Runs an action on the first rank; if it fails there, every rank raises."""
        self._ranks.together(action if self._ranks.is_root else lambda: None)

    def _of_owner(self, gathered: np.ndarray | None) -> np.ndarray:
        """On the owners: the imports of its members, or those that all share. Collective there."""
        if self._each:
            assert gathered is not None
            return gathered
        shape = (1, len(self._imports.fields), self.grid.size)
        return self._owners.share(np.empty(shape, np.float32) if gathered is None else gathered)

    def _begin(self, config: configuration.Config) -> None:
        """On the owners: builds the atmosphere and gives its members their first states."""
        fresh: list[np.ndarray] = []  # imports of a run that begins
        restart: list[str] = []  # the file of one that continues

        def build() -> None:
            # JAX is for the owners alone: hundreds of ranks of a host need not load it.
            devices.prepare(config.device, self._owners.place_on_node, self._owners.on_node)
            from ngcm_coupler.component.owner import Owner

            import_netcdf4()
            given = config.run.start_date
            start = Clock(given, self._calendar).start if given else None
            owner = Owner(config, self._imports.fields, self._owners, self._stopwatch)
            if source := self._segment.source():
                restart.append(str(source))
                standing = owner.continue_from(str(source), start)
                self.clock, self._has_means = standing.clock, standing.has_means
                self._imports.put_at = standing.put_at
                self._continued = standing.host if self._ranks.is_root else None
            else:
                self.clock, imports = owner.resident.begin(start)
                fresh.append(imports)
            self._owner = owner
            self.grid = owner.resident.atmosphere.grid
            self.land_area_fraction = owner.resident.atmosphere.land_area_fraction
            self._budgets_water = owner.resident.atmosphere.budgets_water

        def start_members() -> None:
            assert self._owner is not None
            if fresh:
                # What one host puts for all is one surface, and not one of each member's.
                given = fresh[0] if self._each else self._owners.share(fresh[0][:1])
                self._owner.begin(given)
            _log.debug("configuration\n%s", config.resolved_text())

        def begin_journal() -> None:
            from ngcm_coupler.output.log.journal import Journal

            assert self._owner is not None
            resident = self._owner.resident
            self._journal = Journal(config, resident.atmosphere, resident.fields, self._stopwatch)
            self._journal.begin(self.clock, "".join(restart), resident.device, self._ranks.size)

        self._on_owners(build)
        self._on_owners(start_members)
        self._on_root(begin_journal)

    def _share_grid(self) -> None:
        """Gives the ranks without an atmosphere its grid, clock and land."""
        numbers = np.zeros(6 + len(self._imports.fields), np.int64)
        if self._ranks.is_root:
            start = self.clock.start_seconds
            numbers[:6] = (
                self.grid.nlon, self.grid.nlat, start, self.clock.elapsed_seconds, self._has_means,
                self._budgets_water,
            )  # fmt: skip
            numbers[6:] = self._imports.put_at
        self._ranks.share(numbers)
        if not self._owners.is_owner:
            self.grid = GaussianGrid(int(numbers[0]), int(numbers[1]))
            self.clock = Clock.from_seconds(int(numbers[2]), self._calendar, int(numbers[3]))
            self.land_area_fraction = np.empty(self.grid.size)
        self._has_means, self._budgets_water = bool(numbers[4]), bool(numbers[5])
        self._imports.put_at = numbers[6:].copy()
        self._ranks.share(self.land_area_fraction)

    def _distribute(self) -> None:
        """Hands each rank its points of what the device holds, after the points have changed."""
        whole = self._owner.resident.imports() if self._owner and self._holds else None
        values = self._points.scatter(whole, len(self._imports.fields))
        places = self._points.on_grid
        self._imports.hold(values, places, self.grid, self.land_area_fraction)
        self._distribute_exports()

    def _collect_exports(self) -> None:
        """Brings the exports of all members to the first rank where something needs them there."""
        if self._owner is None:
            return
        needed = not self._each or bool(self._config.history.file)
        self._all_exports = self._owners.collect(self._owner.exports) if needed else None

    def _distribute_exports(self) -> None:
        """Hands each rank the exports of its points: the members' own, or their mean."""
        whole = None
        if self._owner is not None and self._each:
            whole = self._owner.exports
        elif self._all_exports is not None:
            whole = self._all_exports
            if len(whole) > 1:
                # In the order of the members, wherever they are, so that the bits are the same.
                whole = whole.mean(axis=0, dtype=np.float64, keepdims=True).astype(np.float32)
        self._exports = self._points.scatter(whole, len(self._export_fields))

    def _check_advance(self, seconds: int) -> None:
        """Refuses a wrong interval, and imports that are missing or too old."""
        allowed = (0, self.interval_seconds)
        if not isinstance(seconds, (int, np.integer)) or seconds not in allowed:
            raise ArgumentError(
                f"advance by {seconds!r} s: the coupling interval is {self.interval_seconds} s;"
                " change interval_seconds in &ngcm_coupling or advance by that"
            )
        self._imports.require_fresh(self.clock)

    def _end_interval(self) -> None:
        assert self._owner is not None
        with self._owner.records.failure_recorded():
            self._owner.take(self.clock)

    def _open_files(self) -> None:
        """On the owners: creates the files, last of all, so that no failure leaves one."""
        assert self._owner is not None
        if self._owners.parts > 1 and not self._ranks.is_root:
            return  # the first rank writes what they share
        owner, put_at = self._owner, self._imports.put_at
        owner.records.open(self.clock, of_all=self._ranks.is_root)
        owner.records.open_recordings(
            owner.resident.device,
            lambda path, place: write_restart(
                path, *owner.restart_of_member(place, self.clock, self._standing(put_at))
            ),
        )

    def _write_files(self) -> None:
        """Writes the interval to the files of each member, and to that of all."""

        def write() -> None:
            assert self._owner is not None
            self._owner.records.write_members(self._owner.exports)

        self._on_owners(write)
        if not self._config.history.file:
            return
        of_all = self._owner.collect_record() if self._owner else None

        def write_all() -> None:
            assert self._owner is not None
            assert of_all is not None
            imports, levels = of_all
            assert self._all_exports is not None
            self._owner.records.write_all(self.clock, imports, self._all_exports, levels)

        self._on_root(write_all)

    def _tell_interval(self) -> None:
        assert self._owner is not None
        assert self._journal is not None
        self._journal.interval(self.clock, self._owner.records.last(), self._owner.exports)

    def _close_files(self) -> None:
        if self._owner is not None:
            self._owner.records.close()

    def _standing(self, put_at: np.ndarray) -> dict[str, object]:
        """What a restart says of the exchange with the host."""
        return {"put_at": put_at.tolist(), "has_means": self._has_means}


def _require_name(name: str) -> None:
    if not isinstance(name, str):
        raise ArgumentError(f"got {name!r} as the name of an array to save, expected a str")


def _require_folder(config: configuration.Config) -> None:
    """Refuses a folder from which OASIS cannot start the run."""
    require_folder(config, atmosphere_grid(config), pathlib.Path())
