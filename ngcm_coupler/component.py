"""The lifecycle of a coupled atmosphere: create, put, advance, get, close.

This is the only orchestrator. It holds what lies between two calls of the host, checks what the
host sends, and moves fields between the ranks and the device. The science is in `Interval`.
"""

from __future__ import annotations

import difflib
import logging
import pathlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ngcm_coupler import config as configuration
from ngcm_coupler import continuation
from ngcm_coupler.clock import Clock
from ngcm_coupler.environment import environment
from ngcm_coupler.errors import (
    ArgumentError,
    DivergedError,
    FieldError,
    RestartError,
    ShapeError,
    StateError,
)
from ngcm_coupler.fields import Field, Need, field, offered
from ngcm_coupler.grid import GaussianGrid
from ngcm_coupler.history import Continued
from ngcm_coupler.imports import Imports, require_length
from ngcm_coupler.netcdf import import_netcdf4
from ngcm_coupler.oasis.check import require_folder
from ngcm_coupler.oasis.grids import atmosphere_grid
from ngcm_coupler.parallel import Ranks, communicator
from ngcm_coupler.restart import read_restart
from ngcm_coupler.segment import Segment
from ngcm_coupler.watchdog import Watchdog

if TYPE_CHECKING:
    from ngcm_coupler.records import Records
    from ngcm_coupler.resident import ResidentAtmosphere

_log = logging.getLogger(__name__)

_HOST_PREFIX = "host."
"""Before the names of the host's own arrays in a restart file."""

_HISTORY_PREFIX = "history."
"""Before those of what the means of the history have added up."""


class Component:
    """One coupled atmosphere, as one rank of the host sees it.

    Fields are vectors of this rank's points. Unless `set_partition` says otherwise the first rank
    holds all points and the others none. Methods marked collective must be called by every rank
    of the communicator, and raise on all of them when one fails.

    Attributes:
      grid: the atmosphere's grid.
      land_area_fraction: [1], shape (grid.size,).
      fields: imports and exports; the number of a field is its place here, from 1.
      interval_seconds: length of the coupling interval [s].
      clock: date at the end of the last interval.
      continues: whether the run goes on from a restart.
    """

    def __init__(self, config: configuration.Config, ranks: Ranks) -> None:
        """Builds the atmosphere on its owner. Collective; use `create` from a host."""
        self._ranks = ranks
        self._resident: ResidentAtmosphere | None = None
        self._records: Records | None = None
        self._pending = False
        self._has_means = False
        self._config = config
        self._segment = Segment(config, ranks)
        self._watchdog = Watchdog(config.limits.timeout_seconds, ranks.rank)
        self._saved: dict[str, np.ndarray] = {}  # by the host, for the next restart
        self._continued: dict[str, np.ndarray] | None = None  # what the host had saved in the last
        self._calendar = config.run.calendar
        self.interval_seconds = config.coupling.interval_seconds
        self._imports = Imports(
            [field(name) for name in config.coupling.imports],
            config.coupling.max_import_age_seconds,
        )
        self._budgets_water = False
        self._whole_exports: np.ndarray | None = None  # of the whole grid, on the owner
        self._on_owner(lambda: self._begin(config))
        self.continues = ranks.any(self._continued is not None)
        self._share_grid()
        water: set[Need] = {"water"} if self._budgets_water else set()
        self._export_fields = offered(config.available | water)
        self.fields: tuple[Field, ...] = self._imports.fields + self._export_fields
        self._ranks.own_all(self.grid.size)
        self._distribute()
        self._on_owner(self._open_files)

    @classmethod
    def create(cls, namelist_path: str, fortran_comm: int | None = None) -> Component:
        """Creates a component from a namelist file. Collective.

        Args:
          namelist_path: the file that configures everything.
          fortran_comm: Fortran handle of the host's communicator, None without MPI.

        Raises:
          ConfigError: the namelist is not usable, or the namcouple of a run through OASIS does
            not belong to it; every fault is listed.
          CheckpointError, DataError, RestartError, OutputError: what it points to is not usable.
          ParallelError: MPI is not usable, or another rank has failed.
        """
        ranks = Ranks(communicator(fortran_comm))
        try:
            config = ranks.together(lambda: configuration.load(namelist_path))
            _set_up_logging(config.log.level if ranks.is_owner else "error")
            if config.oasis.exports:
                # Before the model is built, which takes longer than to see that it cannot run.
                ranks.together(lambda: _require_folder(config) if ranks.is_owner else None)
            return cls(config, ranks)
        except BaseException:
            ranks.close()
            raise

    def field(self, number: int) -> Field:
        """The field of that number, from 1.

        Raises:
          FieldError: there is no such number.
        """
        if not 1 <= number <= len(self.fields):
            raise FieldError(
                f"field id {number} is not valid; ids run from 1 to {len(self.fields)}"
            )
        return self.fields[number - 1]

    def field_id(self, name: str) -> int:
        """The number of the field of that name, from 1.

        Raises:
          FieldError: the component neither takes nor offers it.
        """
        names = [row.name for row in self.fields]
        if name in names:
            return names.index(name) + 1
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"; the nearest name is {near[0]!r}" if near else ""
        raise FieldError(
            f"field {name!r} is neither taken nor offered by this component{hint}; imports are"
            " chosen in &ngcm_coupling, and `ngcm-coupler fields` lists all fields"
        )

    def set_partition(self, global_index: np.ndarray) -> None:
        """Declares the points that this rank holds. Collective, before the first put.

        Args:
          global_index: indices on the grid, from 1, in the order of this rank's vectors.

        Raises:
          ParallelError: the ranks' points do not cover the grid exactly once.
          StateError: a field has been put already.
        """

        def check() -> None:
            if self._imports.in_use:
                raise StateError("set_partition must come before the first put")

        self._ranks.together(check)
        self._ranks.set_partition(global_index, self.grid.size)
        self._distribute()

    def put(self, field_id: int, values: np.ndarray) -> None:
        """Takes an imported field; it holds until it is put again.

        Args:
          field_id: number of an import.
          values: float32 or float64 in the field's unit, one per point of this rank. Values at
            points without sea are not looked at.

        Raises:
          FieldError, ShapeError: not an import, or not this rank's number of points.
          ValueRangeError: a value is not finite or out of range.
          A field whose put has failed counts as not put.
        """
        if self.field(field_id).direction == "export":
            raise FieldError(f"{self.field(field_id).name} is an export; it cannot be put")
        self._imports.put(field_id - 1, values, self.clock.elapsed_seconds)

    def get(self, field_id: int, out: np.ndarray) -> None:
        """Hands out a field; waits for an interval in flight.

        Args:
          field_id: number of any field. An import gives what has been put, and before that the
            surface of the initial state.
          out: float32 or float64, one element per point of this rank.

        Raises:
          FieldError, ShapeError: no such field, or not this rank's number of points.
          StateError: a mean is asked for before the first interval, or the last one has failed.
          DivergedError: the atmosphere has produced values that are not finite.
        """
        row = field_id - 1
        source = self.field(field_id)
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
        require_length(source, out, values.size)
        out[:] = values

    def advance(self, seconds: int) -> None:
        """Advances by one coupling interval with the imports as they are. Collective.

        With one rank it returns as soon as the device has started; the first `get` or `wait`
        then waits for it. With several ranks it returns when every rank has its exports.

        Args:
          seconds: the coupling interval; 0 sends the imports to the device and does no more.

        Raises:
          ArgumentError: ``seconds`` is something else.
          StateError: an import has not been put, or is older than &ngcm_coupling allows.
          DivergedError: the interval before this one has produced values that are not finite.
        """
        self.wait()
        self._watchdog.interval_begins(self.clock.iso8601())
        with self._watchdog.phase("gather, which needs all ranks"):
            self._ranks.together(lambda: self._check_advance(seconds))
            imports = self._ranks.gather(self._imports.values, self.grid.size)

        def start() -> None:
            assert self._resident is not None
            assert imports is not None
            assert self._records is not None
            self._resident.send(imports)
            if seconds:
                self._records.begin(self.clock, imports)
                with self._records.failure_recorded():
                    self._resident.advance()
                    end = self.clock.advanced(seconds)
                    self._records.decode(end, self._resident.pressure_levels)

        with self._watchdog.phase("advance"):
            self._on_owner(start)
        if not seconds:
            return
        self._segment.interval_begins()
        self.clock = self.clock.advanced(seconds)
        self._pending = True
        if not self._ranks.alone:
            self.wait()

    def wait(self) -> None:
        """Waits for the interval in flight and takes its exports from the device. Collective.

        Raises:
          DivergedError: an exported value is not finite.
          OutputError: a file cannot be written.
        """
        if not self._pending:
            return
        with self._watchdog.phase("advance, which the other ranks wait for"):
            self._on_owner(self._end_interval)
        with self._watchdog.phase("exports, which need all ranks"):
            self._distribute_exports()
        self._pending = False
        self._has_means = True
        with self._watchdog.phase("files"):
            self._on_owner(self._write_files)

    def save(self, name: str, values: np.ndarray) -> None:
        """Keeps an array of the host's own for the next restart file. Collective.

        So the host's state and the atmosphere's are in one file, and of one date.

        Args:
          name: by which `load` gives it back.
          values: float64, one per point of this rank.

        Raises:
          ShapeError: not this rank's number of points.
        """
        self._ranks.together(lambda: self._require_points(name, values))
        whole = self._ranks.gather(values[np.newaxis], self.grid.size)
        if whole is not None:
            self._saved[_HOST_PREFIX + name] = whole[0].copy()

    def load(self, name: str, out: np.ndarray) -> None:
        """Gives back what `save` has put into the restart file that this run began from.

        Collective. The ranks may be other ones than those that saved it.

        Args:
          name: as given to `save`.
          out: float64, one element per point of this rank.

        Raises:
          StateError: the run does not continue another.
          RestartError: the file holds nothing of that name.
          ShapeError: not this rank's number of points.
        """

        def find() -> None:
            self._require_points(name, out)
            if not self.continues:
                raise StateError(f"{name!r} cannot be loaded: this run continues no other")
            if self._continued is not None and name not in self._continued:
                raise RestartError(
                    f"the restart of {self.clock.iso8601()} holds no {name!r} of the host: it was"
                    " written by another program, or by this one with other settings"
                )

        self._ranks.together(find)
        whole = None if self._continued is None else self._continued[name][np.newaxis]
        out[:] = self._ranks.scatter(whole, 1, np.float64)[0]

    def write_restart(self, path: str = "") -> None:
        """Writes everything needed to continue bit for bit. Collective.

        What the host has saved since the last restart goes into it.

        Args:
          path: the file; if empty, where &ngcm_restart says, which may be nowhere.

        Raises:
          OutputError: the file cannot be written; one of that name stays as it was.
        """
        self.wait()
        with self._watchdog.phase("restart, which needs all ranks"):
            put_at = self._ranks.earliest(self._imports.put_at)
            imports = self._ranks.gather(self._imports.values, self.grid.size)

            def save() -> None:
                assert imports is not None
                self._save(path, put_at, imports)

            self._on_owner(save)
        self._saved.clear()

    def keeps_restarts(self) -> bool:
        """Whether &ngcm_restart says where to write restarts."""
        return self._segment.keeps_restarts

    def restart_is_due(self) -> bool:
        """Whether &ngcm_restart asks for a restart at the date that has been reached."""
        return self._segment.restart_is_due(self.clock)

    def is_complete(self) -> bool:
        """Whether the run has reached stop_date of &ngcm_run; never where that is empty."""
        return self._segment.is_complete(self.clock)

    def request_stop(self) -> None:
        """Says that this rank has been asked to stop, by a signal for example."""
        self._segment.request_stop()

    def stop_requested(self) -> bool:
        """Whether to write a restart and stop now, before the time of the job is over. Collective.

        All ranks get the same answer. It is so once `request_stop` has been called on any of them,
        or when the limit of &ngcm_limits would not let another interval end. Ask after every one.
        """
        return self._segment.must_stop()

    def on_timeout(self, action: Callable[[], None]) -> None:
        """Sets what is called, in another thread, when an interval takes too long.

        By then the log says so. The library itself ends nothing; without an action the rank waits
        on.
        """
        self._watchdog.on_timeout(action)

    def close(self) -> None:
        """Completes the interval in flight and releases everything. Collective.

        Everything is released even when it raises.

        Raises:
          DivergedError: the last interval has produced values that are not finite.
          OutputError: a file cannot be completed.
        """
        try:
            self.wait()
            self._on_owner(self._close_files)
        finally:
            self._watchdog.close()
            self._pending = False
            self._resident = self._records = None
            self._ranks.close()

    def _require_points(self, name: str, values: np.ndarray) -> None:
        if values.size != self._ranks.points.size:
            raise ShapeError(
                f"{name!r} has {values.size} values; this rank holds {self._ranks.points.size}"
                " points"
            )

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

    def _on_owner(self, action: Callable[[], None]) -> None:
        """Runs an action where the atmosphere is; if it fails there, every rank raises."""
        self._ranks.together(action if self._ranks.is_owner else lambda: None)

    def _begin(self, config: configuration.Config) -> None:
        """On the owner: builds the atmosphere and gives it its first state."""
        # JAX is for the owner alone: hundreds of ranks of a host need not load it.
        from ngcm_coupler.records import Records
        from ngcm_coupler.resident import ResidentAtmosphere

        import_netcdf4()
        given = config.run.start_date
        start = Clock(given, self._calendar).start if given else None
        resident = ResidentAtmosphere(config)
        budget = history = None
        if source := self._segment.source():
            self.clock, budget, history = self._load(str(source), resident)
            if start not in (None, self.clock.start):
                raise RestartError(
                    f"restart file {source} continues a run that began at"
                    f" {self.clock.start}; start_date = '{start}' in &ngcm_run is another run"
                )
        else:
            self.clock = resident.begin(start)
            self._whole_exports = resident.exports()
        self._resident = resident
        self.grid = resident.atmosphere.grid
        self.land_area_fraction = resident.atmosphere.land_area_fraction
        self._budgets_water = resident.atmosphere.budgets_water
        assert self._whole_exports is not None
        self._records = Records(
            config,
            resident.atmosphere,
            self._imports.fields,
            resident.fields,
            self._whole_exports,
            resident.dry_air_pressure(),
        )
        if budget is not None:
            self._records.restore(budget)
        if history is not None:
            self._records.restore_history(history)
        _log.debug("configuration\n%s", config.resolved_text())
        _log.info("%s on %s from %s", resident.atmosphere.name, resident.device, self.clock.now)

    def _share_grid(self) -> None:
        """Gives the ranks without an atmosphere its grid, clock and land."""
        numbers = np.zeros(6 + len(self._imports.fields), np.int64)
        if self._ranks.is_owner:
            start = self.clock.start_seconds
            numbers[:6] = (
                self.grid.nlon, self.grid.nlat, start, self.clock.elapsed_seconds, self._has_means,
                self._budgets_water,
            )  # fmt: skip
            numbers[6:] = self._imports.put_at
        self._ranks.share(numbers)
        if not self._ranks.is_owner:
            self.grid = GaussianGrid(int(numbers[0]), int(numbers[1]))
            self.clock = Clock.from_seconds(int(numbers[2]), self._calendar, int(numbers[3]))
            self.land_area_fraction = np.empty(self.grid.size)
        self._has_means, self._budgets_water = bool(numbers[4]), bool(numbers[5])
        self._imports.put_at = numbers[6:].copy()
        self._ranks.share(self.land_area_fraction)

    def _distribute(self) -> None:
        """Hands each rank its points of what the device holds, after the points have changed."""
        whole = self._resident.imports() if self._resident else None
        values = self._ranks.scatter(whole, len(self._imports.fields))
        self._imports.hold(values, self._ranks.points, self.grid, self.land_area_fraction)
        self._distribute_exports()

    def _distribute_exports(self) -> None:
        self._exports = self._ranks.scatter(self._whole_exports, len(self._export_fields))

    def _check_advance(self, seconds: int) -> None:
        """Refuses a wrong interval, and imports that are missing or too old."""
        if seconds not in (0, self.interval_seconds):
            raise ArgumentError(
                f"advance by {seconds} s: the coupling interval is {self.interval_seconds} s;"
                " change interval_seconds in &ngcm_coupling or advance by that"
            )
        self._imports.require_fresh(self.clock)

    def _end_interval(self) -> None:
        assert self._records is not None
        with self._records.failure_recorded():
            self._take_exports()

    def _take_exports(self) -> None:
        """On the owner: checks what the interval has produced, and closes its budgets.

        Raises:
          DivergedError: a value is not finite.
        """
        assert self._resident is not None
        assert self._records is not None
        exports = self._resident.exports()
        # One sum finds any NaN or infinity; the search for the place comes only then.
        if not np.isfinite(exports.sum(dtype=np.float64)):
            row, point = (int(i) for i in np.argwhere(~np.isfinite(exports))[0])
            name = self._export_fields[row].name
            raise DivergedError(
                f"the atmosphere diverged in the interval that ends {self.clock.iso8601()}:"
                f" {name} = {exports[row, point]} at {self.grid.place(point)}; first of"
                f" {int((~np.isfinite(exports)).sum())} values that are not finite"
                f"{_not_finite(self._resident.leaves())}"
            )
        self._whole_exports = self._records.enter(
            self.clock, self._resident.imports(), exports, self._resident.dry_air_pressure()
        )

    def _open_files(self) -> None:
        """On the owner: creates the files, last of all, so that no failure leaves one."""
        assert self._resident is not None
        assert self._records is not None
        put_at, imports = self._imports.put_at, self._resident.imports()
        self._records.open(self.clock)
        self._records.open_recording(
            self._resident.device, lambda path: self._save(path, put_at, imports)
        )

    def _write_files(self) -> None:
        assert self._resident is not None
        assert self._records is not None
        assert self._whole_exports is not None
        self._records.write(self.clock, self._resident.imports(), self._whole_exports)

    def _close_files(self) -> None:
        if self._records is not None:
            self._records.close()

    def _identity(self, resident: ResidentAtmosphere) -> dict[str, object]:
        """What a restart must share with the run that continues it, whatever the namelist says."""
        return {
            "atmosphere": resident.atmosphere.name,
            "step_seconds": resident.atmosphere.step_seconds,
            "grid": f"{resident.atmosphere.grid.nlon}x{resident.atmosphere.grid.nlat}",
            "land": continuation.checksum(resident.atmosphere.land_area_fraction),
            "calendar": self._calendar,
            "imports": [row.name for row in self._imports.fields],
            "exports": [row.name for row in resident.fields],
        }

    def _save(self, path: str, put_at: np.ndarray, imports: np.ndarray) -> None:
        """On the owner: writes a restart; to where &ngcm_restart says if `path` is empty."""
        assert self._resident is not None
        assert self._records is not None
        assert self._whole_exports is not None
        header = {
            "identity": self._identity(self._resident),
            "configuration": self._config.resolved_text(),
            "environment": environment(self._resident.device),
            "start": self.clock.start,
            "date": self.clock.iso8601(),
            "elapsed_seconds": self.clock.elapsed_seconds,
            "put_at": put_at.tolist(),
            "has_means": self._has_means,
            "budget": self._records.state(),
        }
        arrays = self._resident.leaves() | self._saved
        arrays |= {"imports": imports, "exports": self._whole_exports}
        # A restart says how far the history is: all of it must be on the disk before.
        if history := self._records.history_state():
            header["history"] = history.header
            arrays |= {_HISTORY_PREFIX + name: array for name, array in history.sums.items()}
        self._segment.write(path, self.clock, header, arrays)

    def _load(
        self, path: str, resident: ResidentAtmosphere
    ) -> tuple[Clock, dict[str, Any], Continued | None]:
        """On the owner: continues from a restart file; its clock, budgets and history."""
        header, arrays = read_restart(path)
        here = environment(resident.device)
        continuation.require_same_run(path, header["identity"], self._identity(resident))
        continuation.require_same_settings(
            path, header["configuration"], self._config.resolved_text(), self._config.restart.branch
        )
        if others := continuation.environment_differences(header["environment"], here):
            _log.warning(
                "restart file %s was written elsewhere, and the last bits may differ: %s",
                path,
                "; ".join(others),
            )
        resident.restore(
            {name: array for name, array in arrays.items() if name.startswith("state.")},
            arrays["imports"],
        )
        self._whole_exports = arrays["exports"]
        self._continued = _with_prefix(_HOST_PREFIX, arrays)
        self._imports.put_at = np.array(header["put_at"], np.int64)
        self._has_means = header["has_means"]
        clock = Clock(header["start"], self._calendar, header["elapsed_seconds"])
        history = header.get("history")  # None where the run before had none
        sums = _with_prefix(_HISTORY_PREFIX, arrays)
        return clock, header["budget"], Continued(history, sums) if history else None


def _with_prefix(prefix: str, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Those of some arrays that have a prefix to their names, without it."""
    found = {name: array for name, array in arrays.items() if name.startswith(prefix)}
    return {name.removeprefix(prefix): array for name, array in found.items()}


def _not_finite(state: dict[str, np.ndarray]) -> str:
    """Which variables of a state are not finite, and on which level first, from the top."""
    places = []
    for name, array in state.items():
        if np.issubdtype(array.dtype, np.inexact) and not np.isfinite(array).all():
            level = int(np.argwhere(~np.isfinite(array))[0][0]) + 1 if array.ndim == 3 else None
            places.append(name if level is None else f"{name} (level {level} of {len(array)})")
    return f"; in the state: {', '.join(places)}" if places else ""


def _require_folder(config: configuration.Config) -> None:
    """Refuses a folder from which OASIS cannot start the run."""
    require_folder(config, atmosphere_grid(config), pathlib.Path())


def _set_up_logging(level: str) -> None:
    """Sends the plugin's messages to standard error, once, unless the process has its own way."""
    logger = logging.getLogger("ngcm_coupler")
    logger.setLevel(level.upper())
    if not logging.getLogger().handlers and not logger.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
        logger.addHandler(handler)
        logger.propagate = False  # packages that are imported later give the root one of theirs
