"""What a run writes down where the atmosphere is: budgets, history, recordings and log."""

from __future__ import annotations

import contextlib
import logging
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ngcm_coupler import __version__
from ngcm_coupler.clock import Clock
from ngcm_coupler.config import DATE, PERIOD, TITLES, Config, Where
from ngcm_coupler.device.environment import environment
from ngcm_coupler.engine.atmosphere import Atmosphere
from ngcm_coupler.errors import ConfigError, OutputError
from ngcm_coupler.fields import Field
from ngcm_coupler.files import Claims
from ngcm_coupler.files.foreign import HISTORY_TITLE, require_no_foreign
from ngcm_coupler.interval.water_closure import WaterOfGlobe
from ngcm_coupler.output.budget.ledger import Ledger
from ngcm_coupler.output.budget.output import BudgetFile
from ngcm_coupler.output.budget.provenance import Sources
from ngcm_coupler.output.budget.table import table
from ngcm_coupler.output.comparison import bound_keys
from ngcm_coupler.output.file_names import (
    BUDGET_FILE,
    HISTORY_FILE,
    RECORDING_FILE,
    dated,
    lost_faults,
    of_member,
    of_periods,
    outputs,
)
from ngcm_coupler.output.history import SETTINGS, Continued, Existing, History, settings_text
from ngcm_coupler.output.recording import Recorder

_log = logging.getLogger(__name__)


class Records:
    """The ledgers of the members of a rank, and the files: one of all members, others of each."""

    def __init__(
        self,
        config: Config,
        atmosphere: Atmosphere,
        imports: Sequence[Field],
        exports: Sequence[Field],
        members: Sequence[int],
        dry_air_pressure: np.ndarray,
        water: Sequence[WaterOfGlobe],
    ) -> None:
        """Begins the ledgers; `open` creates the files.

        Args:
          config: the settings.
          atmosphere: the atmosphere.
          imports: fields of the rows of the import array.
          exports: fields of the rows of the export array.
          members: numbers of the members of this rank.
          dry_air_pressure: mean over the globe at the start of the run or segment [Pa], shape
            (members,).
          water: of the globe at that time, of each member.
        """
        self._config = config
        self._fields = (*imports, *exports)
        self._imports, self._exports = tuple(imports), tuple(exports)
        self._atmosphere = atmosphere
        self._members = tuple(members)
        self._files: dict[Where, str] = {}
        self._history: History | None = None
        self._continued: Continued | None = None
        self._budget_files: list[BudgetFile] = []
        self._recorders: list[Recorder] = []
        self._ledgers = [
            Ledger(
                atmosphere.grid,
                atmosphere.land_area_fraction,
                imports,
                exports,
                config.coupling.interval_seconds,
                of_member.column_water,
                float(pressure),
            )
            for of_member, pressure in zip(water, dry_air_pressure, strict=True)
        ]

    def state(self) -> list[dict[str, Any]]:
        """Everything that continued members need, of types that JSON keeps exactly."""
        return [ledger.state() for ledger in self._ledgers]

    def last(self) -> dict[str, float]:
        """The entries of the ledgers for the last interval by name, means over the members."""
        rows = [ledger.last for ledger in self._ledgers]
        return {name: sum(row[name] for row in rows) / len(rows) for name in rows[0]}

    def restore(self, states: Sequence[dict[str, Any]]) -> None:
        """Continues from what `state` gave.

        Raises:
          RestartError: the state is that of a run with other budgets.
        """
        for ledger, state in zip(self._ledgers, states, strict=True):
            ledger.restore(state)

    def history_state(self) -> Continued | None:
        """What a continued run needs of the history, all of which is on the disk by then.

        Raises:
          OutputError: a record could not be written.
        """
        return self._history.state() if self._history else None

    def restore_history(self, state: Continued) -> None:
        """Continues from what `history_state` gave, when `open` is called; a branch does not."""
        if not self._config.restart.branch:
            self._continued = state

    def claim(self, claims: Claims, clock: Clock, of_all: bool) -> None:
        """Claims the files of this rank, so that no other run writes them too.

        Args:
          claims: of the component.
          clock: at the begin of the run or segment.
          of_all: whether this rank writes the file that all members share.

        Raises:
          ConfigError: the history is to have a field that the model does not offer.
          OutputError: a file is being written by another run, is that of an earlier segment, or has
            been written by no run.
        """
        self._require_offered()
        for _, fault in lost_faults(self._config) if clock.elapsed_seconds else ():
            raise OutputError(fault)
        self._files = {key: dated(name, clock) for key, name in outputs(self._config).items()}
        for key, name in self._files.items():
            if key == HISTORY_FILE:
                names = [name] if of_all else []
            else:
                names = [of_member(name, number) for number in self._members]
            for each in filter(None, names):
                claims.take(each, f"{key} = '{each}'")
                require_no_foreign(each, f"{key} = '{each}'", TITLES[key])
        # Now, and not when their time comes.
        later = (
            of_periods(self._files[HISTORY_FILE], self._config.history.file_period)
            if of_all and not clock.elapsed_seconds
            else ()
        )
        for file in later:
            require_no_foreign(file, f"{HISTORY_FILE} = '{file}'", HISTORY_TITLE)

    def open(self, clock: Clock, of_all: bool) -> None:
        """Says where the fields come from, and creates the files that have been claimed.

        Args:
          clock: at the begin of the run or segment.
          of_all: whether this rank writes the file that all members share.

        Raises:
          OutputError: a file cannot be created.
        """
        sources = Sources.of(
            self._config,
            self._atmosphere.name,
            predicts_precipitation=self._atmosphere.predicts_precipitation,
            levels=self._atmosphere.levels,
        )
        provenance = {row.name: sources.text(row) for row in self._fields}
        exported = [row.name for row in self._fields if row.direction == "export"]
        width = max(map(len, exported))
        lines = [f"  {name:{width}} {provenance[name]}" for name in exported]
        _log.info("where the exported fields come from\n%s", "\n".join(lines))
        if imposed := [name for name in provenance if name.startswith("imposed_")]:
            _log.info(
                "%s: what they have more than the bulk fluxes enters the lowest layers, within"
                " limits; the model has learned an exchange of its own and absorbs part of it",
                ", ".join(imposed),
            )
        history = self._config.history
        attributes = {
            "source": self._atmosphere.name,
            "ngcm_coupler_version": __version__,
            SETTINGS: settings_text(bound_keys(self._config.resolved_text())),
        }
        if core := self._atmosphere.dynamical_core:
            attributes["dynamical_core"] = core
        if of_all and (file := self._files[HISTORY_FILE]):
            self._history = History(
                file,
                self._atmosphere.grid,
                self._atmosphere.land_area_fraction,
                self._fields,
                clock,
                attributes,
                provenance,
                interval_seconds=self._config.coupling.interval_seconds,
                settings=history,
                levels=self._atmosphere.levels.chosen(
                    history.level_fields, history.pressure_levels_hpa
                ),
                members=self._all_members(),
                existing=self._existing(clock),
                continued=self._continued,
            )
        if name := self._files[BUDGET_FILE]:
            for number, ledger in zip(self._members, self._ledgers, strict=True):
                file = of_member(name, number)
                self._budget_files.append(BudgetFile(file, ledger, clock, attributes, provenance))

    def _require_offered(self) -> None:
        """Refuses a field of the history that only the model itself can tell it does not offer."""
        names = [row.name for row in self._fields]
        if lacking := [name for name in self._config.history.fields if name not in names]:
            raise ConfigError(
                f"&ngcm_history fields names {', '.join(lacking)}, which this model does not offer;"
                f" it offers {', '.join(names)}"
            )

    def _all_members(self) -> Sequence[int] | None:
        """Numbers of the members of the run; None where it is a single one."""
        ensemble = self._config.ensemble
        if ensemble.members == 1:
            return None
        return range(ensemble.first_member, ensemble.first_member + ensemble.members)

    def _existing(self, clock: Clock) -> Existing:
        """What becomes of history files that are there: only those of a month or year go on."""
        history = self._config.history
        if not clock.elapsed_seconds or DATE in history.file or PERIOD not in history.file:
            return "replace"
        return "refuse" if self._config.restart.branch else "continue"

    def open_recordings(self, device: Any, save_restart: Callable[[str, int], None]) -> None:
        """Creates the recordings, if the namelist asks for them: each that of a single member.

        Args:
          device: the device that the atmosphere lives on.
          save_restart: writes a restart file of that name with the state of one of the members,
            given by its place among those of this rank.

        Raises:
          OutputError: a file cannot be created.
        """
        file = self._files[RECORDING_FILE]
        if not file:
            return
        for place, number in enumerate(self._members):
            with tempfile.TemporaryDirectory() as folder:
                restart = Path(folder) / "restart.nc"
                save_restart(str(restart), place)
                state = restart.read_bytes()
            header = {
                "atmosphere": self._atmosphere.name,
                "namelist": self._config.of_member(number).resolved_text(),
                **environment(device),
            }
            self._recorders.append(
                Recorder(
                    of_member(file, number),
                    self._atmosphere.grid,
                    self._imports,
                    self._exports,
                    header,
                    state,
                )
            )

    def begin(self, clock: Clock, imports: np.ndarray) -> None:
        """Records what goes into the interval that begins now.

        Args:
          clock: date of the begin.
          imports: shape (members or 1, len(imports), n).

        Raises:
          OutputError: a recording cannot be written.
        """
        for recorder, rows in zip(self._recorders, self._of_each(imports), strict=False):
            recorder.begin(clock.iso8601(), rows)

    @contextlib.contextmanager
    def failure_recorded(self) -> Iterator[None]:
        """Records why the interval begun last cannot be computed, and lets the error go on."""
        try:
            yield
        except Exception as error:
            for recorder in self._recorders:
                with contextlib.suppress(OutputError):  # the error that came first is to be seen
                    recorder.fail(str(error))
            raise

    def enter(
        self,
        clock: Clock,
        imports: np.ndarray,
        exports: np.ndarray,
        dry_air_pressure: np.ndarray,
        water: Sequence[WaterOfGlobe],
    ) -> None:
        """Enters the interval that ends now into the ledgers. See `Ledger.enter`.

        Args:
          clock: end of the interval.
          imports: shape (members or 1, len(imports), n).
          exports: shape (members, len(exports), n).
          dry_air_pressure: [Pa], shape (members,).
          water: of the globe, of each member.
        """
        given = self._of_each(imports)
        for place, ledger in enumerate(self._ledgers):
            pressure = float(dry_air_pressure[place])
            ledger.enter(clock, given[place], exports[place], pressure, water[place])

    def write_members(self, exports: np.ndarray) -> None:
        """Writes the interval that has been entered to the files of each member of this rank.

        Raises:
          OutputError: a file cannot be written.
        """
        for recorder, rows in zip(self._recorders, exports, strict=False):
            recorder.complete(rows)
        for budget_file in self._budget_files:
            budget_file.write()
        if _log.isEnabledFor(logging.DEBUG):
            for number, ledger in zip(self._members, self._ledgers, strict=True):
                _log.debug("%s%s", self._heading(number), table(ledger))

    def write_all(
        self,
        clock: Clock,
        imports: np.ndarray,
        exports: np.ndarray,
        levels: Mapping[str, np.ndarray],
    ) -> None:
        """Writes the interval of all members of the run, where `open` was told so.

        Args:
          clock: end of the interval.
          imports: of all members, shape (members or 1, len(imports), n).
          exports: of all members, shape (members, len(exports), n).
          levels: name -> field on levels of all members, shape (members, levels, n), where a
            record needs them.

        Raises:
          OutputError: a record before this one could not be written.
        """
        if self._history is None:
            return
        values = {}
        for fields, rows in (self._imports, imports), (self._exports, exports):
            for number, field in enumerate(fields):
                of_members = np.broadcast_to(rows[:, number], exports[:, 0].shape)
                values[field.name] = of_members
        values |= levels
        if len(exports) == 1:
            values = {name: rows[0] for name, rows in values.items()}
        self._history.write(clock, self._config.coupling.interval_seconds, values)

    def close(self) -> None:
        """Prints the budgets and completes the files.

        Raises:
          OutputError: a file cannot be completed.
        """
        for number, ledger in zip(self._members, self._ledgers, strict=True):
            if ledger.clock is not None:
                _log.info("%s%s", self._heading(number), table(ledger))
        self.close_files()

    def close_files(self) -> None:
        """Completes the files that are open; to call it again does nothing.

        Raises:
          OutputError: a file cannot be completed.
        """
        history, self._history = self._history, None
        others = [*self._budget_files, *self._recorders]
        self._budget_files, self._recorders = [], []
        with contextlib.ExitStack() as files:  # one that fails leaves none open
            for file in (history, *others):
                if file is not None:
                    files.callback(file.close)

    def _of_each(self, rows: np.ndarray) -> Sequence[np.ndarray]:
        """The rows of each member, which may be the same for all."""
        return list(rows) if len(rows) == len(self._members) else [rows[0]] * len(self._members)

    def _heading(self, number: int) -> str:
        return f"member {number}\n" if self._config.ensemble.members > 1 else ""
