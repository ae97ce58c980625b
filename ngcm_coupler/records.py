"""What a run writes down where the atmosphere is: budgets, history, recording and log."""

from __future__ import annotations

import contextlib
import logging
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ngcm_coupler import __version__
from ngcm_coupler.budget.ledger import Ledger
from ngcm_coupler.budget.output import BudgetFile
from ngcm_coupler.budget.provenance import Sources
from ngcm_coupler.budget.table import table
from ngcm_coupler.clock import Clock
from ngcm_coupler.config import DATE, PERIOD, Config
from ngcm_coupler.engine.base import Atmosphere
from ngcm_coupler.environment import environment
from ngcm_coupler.errors import ConfigError, OutputError
from ngcm_coupler.fields import Field
from ngcm_coupler.history import Continued, Existing, History
from ngcm_coupler.recording import Recorder

_log = logging.getLogger(__name__)

_COLUMN_WATER = "atmosphere_mass_content_of_water"


class Records:
    """The ledger of a run and its files."""

    def __init__(
        self,
        config: Config,
        atmosphere: Atmosphere,
        imports: Sequence[Field],
        exports: Sequence[Field],
        values: np.ndarray,
        dry_air_pressure: float,
    ) -> None:
        """Begins the ledger; `open` creates the files.

        Args:
          config: the settings.
          atmosphere: the atmosphere.
          imports: fields of the rows of the import array.
          exports: fields of the rows of the export array.
          values: exports at the start of the run or segment, shape (len(exports), n).
          dry_air_pressure: mean over the globe at that time [Pa].
        """
        self._config = config
        self._fields = (*imports, *exports)
        self._imports, self._exports = tuple(imports), tuple(exports)
        self._atmosphere = atmosphere
        self._files: dict[str, str] = {}
        self._history: History | None = None
        self._continued: Continued | None = None
        self._levels: Mapping[str, Any] = {}  # on the device, until they are written
        self._budget_file: BudgetFile | None = None
        self._recorder: Recorder | None = None
        self._ledger = Ledger(
            atmosphere.grid,
            atmosphere.land_area_fraction,
            imports,
            exports,
            config.coupling.interval_seconds,
            values[[row.name for row in exports].index(_COLUMN_WATER)],
            dry_air_pressure,
        )

    def state(self) -> dict[str, Any]:
        """Everything that a continued run needs, of types that JSON keeps exactly."""
        return self._ledger.state()

    def restore(self, state: dict[str, Any]) -> None:
        """Continues from what `state` gave.

        Raises:
          RestartError: the state is that of a run with other budgets.
        """
        self._ledger.restore(state)

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

    def open(self, clock: Clock) -> None:
        """Says where the fields come from, and creates the files.

        Raises:
          ConfigError: the history is to have a field that the model does not offer.
          OutputError: a file cannot be created, or would replace that of an earlier segment.
        """
        self._require_offered()
        history = self._config.history
        files = {
            "&ngcm_history file": history.file,
            "&ngcm_history budget_file": history.budget_file,
            "&ngcm_recording file": self._config.recording.file,
        }
        for where, name in files.items():
            # A name with a date is taken only by a run from that same date, which has failed; one
            # with a period by a run that is continued.
            own = DATE in name or PERIOD in name
            if name and not own and clock.elapsed_seconds and Path(name).exists():
                raise OutputError(
                    f"{where} = '{name}' exists, and this run continues another: its records would"
                    f" be lost; put {DATE} in the name, for the date at which a segment begins"
                )
        self._files = {where: _dated(name, clock) for where, name in files.items()}
        sources = Sources.of(
            self._config,
            self._atmosphere.name,
            predicts_precipitation=self._atmosphere.predicts_precipitation,
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
        attributes = {"source": self._atmosphere.name, "ngcm_coupler_version": __version__}
        if file := self._files["&ngcm_history file"]:
            self._history = History(
                file,
                self._atmosphere.grid,
                self._atmosphere.land_area_fraction,
                self._fields,
                clock,
                attributes,
                provenance,
                interval_seconds=self._ledger.interval_seconds,
                settings=history,
                levels=self._atmosphere.levels.chosen(
                    history.level_fields, history.pressure_levels_hpa
                ),
                existing=self._existing(clock),
                continued=self._continued,
            )
        if file := self._files["&ngcm_history budget_file"]:
            self._budget_file = BudgetFile(file, self._ledger, clock, attributes, provenance)

    def _require_offered(self) -> None:
        """Refuses a field of the history that only the model itself can tell it does not offer."""
        names = [row.name for row in self._fields]
        if lacking := [name for name in self._config.history.fields if name not in names]:
            raise ConfigError(
                f"&ngcm_history fields names {', '.join(lacking)}, which this model does not offer;"
                f" it offers {', '.join(names)}"
            )

    def _existing(self, clock: Clock) -> Existing:
        """What becomes of history files that are there: only those of a month or year go on."""
        history = self._config.history
        if not clock.elapsed_seconds or DATE in history.file or PERIOD not in history.file:
            return "replace"
        return "refuse" if self._config.restart.branch else "continue"

    def open_recording(self, device: Any, save_restart: Callable[[str], None]) -> None:
        """Creates the recording, if the namelist asks for one.

        Args:
          device: the device that the atmosphere lives on.
          save_restart: writes a restart file of that name with the state as it is.

        Raises:
          OutputError: a file cannot be created.
        """
        file = self._files["&ngcm_recording file"]
        if not file:
            return
        with tempfile.TemporaryDirectory() as folder:
            restart = Path(folder) / "restart.nc"
            save_restart(str(restart))
            state = restart.read_bytes()
        header = {
            "atmosphere": self._atmosphere.name,
            "namelist": self._config.resolved_text(),
            **environment(device),
        }
        self._recorder = Recorder(
            file,
            self._atmosphere.grid,
            self._imports,
            self._exports,
            header,
            state,
        )

    def begin(self, clock: Clock, imports: np.ndarray) -> None:
        """Records what goes into the interval that begins now.

        Raises:
          OutputError: the recording cannot be written.
        """
        if self._recorder is not None:
            self._recorder.begin(clock.iso8601(), imports)

    def decode(self, clock: Clock, decode: Callable[[], Mapping[str, Any]]) -> None:
        """Starts the decoder behind the interval that ends at a moment, if a record needs it.

        Args:
          clock: clock at the end of the interval.
          decode: starts it and gives fields on pressure levels, which the device may still compute.
        """
        if self._history and self._history.needs_levels(clock, self._ledger.interval_seconds):
            self._levels = decode()

    @contextlib.contextmanager
    def failure_recorded(self) -> Iterator[None]:
        """Records why the interval begun last cannot be computed, and lets the error go on."""
        try:
            yield
        except Exception as error:
            if self._recorder is not None:
                with contextlib.suppress(OutputError):  # the error that came first is to be seen
                    self._recorder.fail(str(error))
            raise

    def enter(
        self, clock: Clock, imports: np.ndarray, exports: np.ndarray, dry_air_pressure: float
    ) -> np.ndarray:
        """Enters the interval that ends now into the ledger. See `Ledger.close`."""
        return self._ledger.close(clock, imports, exports, dry_air_pressure)

    def write(self, clock: Clock, imports: np.ndarray, exports: np.ndarray) -> None:
        """Writes the interval that has been entered to the files.

        Raises:
          OutputError: a file cannot be written.
        """
        if self._recorder is not None:
            self._recorder.complete(exports)
        if self._budget_file is not None:
            self._budget_file.write()
        # Last: the others would wait for its turn with netCDF.
        if self._history is not None:
            rows = np.concatenate([imports, exports])
            values = {row.name: value for row, value in zip(self._fields, rows, strict=True)}
            levels, self._levels = self._levels, {}
            values |= {name: np.asarray(rows) for name, rows in levels.items()}
            self._history.write(clock, self._ledger.interval_seconds, values)
        if _log.isEnabledFor(logging.DEBUG):
            _log.debug("%s", table(self._ledger))

    def close(self) -> None:
        """Prints the budgets and completes the files.

        Raises:
          OutputError: a file cannot be completed.
        """
        if self._ledger.clock is not None:
            _log.info("%s", table(self._ledger))
        with contextlib.ExitStack() as files:  # one that fails leaves none open
            for file in (self._history, self._budget_file, self._recorder):
                if file is not None:
                    files.callback(file.close)


def _dated(name: str, clock: Clock) -> str:
    """The name of a file, with the date of the segment where it asks for that."""
    return name.replace(DATE, clock.iso8601().replace(":", ""))
