"""A recorded run once more: the atmosphere alone, from what it got, against what it gave."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import jax
import numpy as np

from ngcm_coupler import engine
from ngcm_coupler.clock.calendars import date
from ngcm_coupler.component import Component
from ngcm_coupler.config import Config, run_groups, where
from ngcm_coupler.config.model_groups import DEMO
from ngcm_coupler.device.devices import ON_CPU, WITHOUT_GPU
from ngcm_coupler.device.environment import environment
from ngcm_coupler.errors import ConfigError, DataError, NgcmError, RestartError
from ngcm_coupler.output.recording import Interval, Recording, shortened
from ngcm_coupler.output.restart.continuation import TO_BRANCH
from ngcm_coupler.parallel import Ranks

_CHECKPOINT = where(lambda at: at.model.checkpoint)

_REMEDIES = {
    TO_BRANCH: "give with --restart a file that the recorded run has written",
    WITHOUT_GPU: "--platform cpu",
    ON_CPU: "give --platform cpu",
}
"""What a run sets in its namelist -> what a replay is given instead."""


@dataclasses.dataclass(frozen=True)
class Difference:
    """A field that has come out otherwise.

    Attributes:
      name: the field.
      count: how many of its values differ in any bit.
      largest: largest absolute difference, in the field's unit; infinite where only one of the
        two is a number.
      recorded: the recorded value there.
      here: the value of the replay there.
      place: where.
    """

    name: str
    count: int
    largest: float
    recorded: float
    here: float
    place: str


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What the replay of an interval has come to.

    Attributes:
      recorded: the interval as the run had it.
      differences: fields that differ; empty also where one of the two has no exports.
      failure: why the replay could not compute it; '' if it could.
    """

    recorded: Interval
    differences: tuple[Difference, ...]
    failure: str

    @property
    def is_same(self) -> bool:
        """Whether all that the recording holds of the interval has come out again."""
        if self.failure or self.recorded.failure:
            return shortened(self.failure) == self.recorded.failure
        return not self.differences


@dataclasses.dataclass(frozen=True)
class Places:
    """Where things are on the machine that replays; '' stands for where the namelist says.

    Attributes:
      checkpoint: file of the model.
      sea_grid: file of the ocean's grid.
      platform: kind of device to compute on.
      restart: restart file of the run to begin with; '' for the state at its start.
    """

    checkpoint: str = ""
    sea_grid: str = ""
    platform: str = ""
    restart: str = ""


class Replay:
    """An atmosphere that takes the recorded imports; a context that releases it.

    Attributes:
      unlike: what this environment has otherwise: name -> recorded and here.
      dates: beginning of each interval that can be replayed.
    """

    def __init__(self, recording: Recording, places: Places) -> None:
        """Builds the atmosphere in the state that the recording or the restart holds.

        Raises:
          ConfigError: the recorded namelist cannot be used here.
          CheckpointError: the checkpoint cannot be used.
          RestartError: the state cannot be used, or belongs to another checkpoint or sea grid.
          DataError: a file is not here, or the recording does not go with the restart or has no
            use for a checkpoint.
        """
        self._recording = recording
        config = _config(recording, places)
        self._calendar = config.run.calendar
        with tempfile.TemporaryDirectory() as folder:
            state = Path(folder) / "restart.nc"
            state.write_bytes(recording.restart)
            restart = run_groups.Restart(read_file=places.restart or str(state))
            config = dataclasses.replace(config, restart=restart)
            with _advised_by_option():
                self._component = Component(config, Ranks(None))
        try:
            platform = config.device.platform
            device = jax.devices(None if platform == "auto" else platform)[0]
            self.unlike = _unlike(recording.header, environment(device))
            self._first = self._first_interval()
            self.dates = recording.dates[self._first :]
        except BaseException:
            self._component.close()
            raise

    def __enter__(self) -> Replay:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(NgcmError):  # an interval that has failed has said so
            self._component.close()

    def choose(self, since: str, until: str) -> list[str]:
        """The intervals that begin at or after one date and before another; '' for no limit.

        Raises:
          DataError: a date is none of the run's calendar, or no interval is left.
        """
        try:
            begin, end = (date(each, self._calendar) if each else None for each in (since, until))
        except ValueError as error:
            raise DataError(f"--from {since!r} or --until {until!r} {error}") from error
        chosen = []
        for each in self.dates:
            # An interval that is too damaged to have a date is an error once it is reached.
            when = None
            with contextlib.suppress(ValueError):
                when = date(each, self._calendar)
            starts_late_enough = begin is None or when is None or begin <= when
            starts_early_enough = end is None or (when is not None and when < end)
            if starts_late_enough and starts_early_enough:
                chosen.append(each)
        if not chosen:
            raise DataError(
                f"recording {self._recording.path} has no interval in that time; those that can be"
                f" replayed begin {self.dates[0]} to {self.dates[-1]}; change --from or --until"
            )
        return chosen

    def outcomes(self, last: str) -> Iterator[Outcome]:
        """Computes the intervals in their order, to the one that begins `last` or fails.

        Raises:
          DataError: the recording is damaged.
        """
        for record, begins in enumerate(self.dates, self._first):
            recorded = self._recording.interval(record)
            try:
                exports = self._exports(recorded.imports)
            except Exception as error:  # any may be the one that the recorded run has met
                yield Outcome(recorded, (), str(error))
                return
            differences = ()
            if recorded.exports is not None:
                differences = tuple(self._differences(recorded.exports, exports))
            yield Outcome(recorded, differences, "")
            if recorded.failure or begins == last:
                return

    def _exports(self, imports: np.ndarray) -> np.ndarray:
        component = self._component
        for name, values in zip(self._recording.imports, imports, strict=True):
            component.put(component.field_id(name), values)
        component.advance(component.interval_seconds)
        component.wait()
        exports = np.empty((len(self._recording.exports), component.grid.size), np.float32)
        for name, row in zip(self._recording.exports, exports, strict=True):
            component.get(component.field_id(name), row)
        return exports

    def _differences(self, recorded: np.ndarray, here: np.ndarray) -> Iterator[Difference]:
        for name, old, new in zip(self._recording.exports, recorded, here, strict=True):
            unequal = old.view(np.uint32) != new.view(np.uint32)
            if unequal.any():
                with np.errstate(invalid="ignore"):
                    size = np.abs(new.astype(np.float64) - old.astype(np.float64))
                size = np.where(unequal, np.nan_to_num(size, nan=np.inf), -1.0)
                worst = int(size.argmax())
                yield Difference(
                    name,
                    int(unequal.sum()),
                    float(size[worst]),
                    float(old[worst]),
                    float(new[worst]),
                    self._component.grid.place(worst),
                )

    def _first_interval(self) -> int:
        """Where the recording goes on from the atmosphere's date."""
        begins, dates = self._component.clock.iso8601(), self._recording.dates
        if not dates:
            raise DataError(
                f"recording {self._recording.path} holds no interval: the run ended before it had"
                " all imports of its first one"
            )
        if begins not in dates:
            raise DataError(
                f"recording {self._recording.path} has no interval that begins {begins}, the date"
                f" of the restart file; it has {dates[0]} to {dates[-1]}; give a restart of that"
                " run"
            )
        return dates.index(begins)


@contextlib.contextmanager
def _advised_by_option() -> Iterator[None]:
    """Has errors advise what can be given to a replay, whose namelist is in the recording."""
    try:
        yield
    except (ConfigError, RestartError) as error:
        text = str(error)
        for remedy, option in _REMEDIES.items():
            text = text.replace(remedy, option)
        if text == str(error):
            raise
        raise type(error)(text) from error


def _unlike(recorded: dict[str, str], here: dict[str, str]) -> dict[str, tuple[str, str]]:
    """What two environments have otherwise."""
    names = (recorded.keys() | here.keys()) - {"atmosphere", "namelist"}
    return {
        name: (recorded.get(name, "-"), here.get(name, "-"))
        for name in names
        if recorded.get(name) != here.get(name)
    }


def _config(recording: Recording, places: Places) -> Config:
    """The recorded settings with the files of this machine, and with none that is written."""
    if "namelist" not in recording.header:
        raise DataError(
            f"recording {recording.path} is damaged: it has no namelist; copy it again, or record"
            " the run again"
        )
    config = engine.parse(recording.header["namelist"], recording.path, with_files=False)
    model, grid, device = config.model, config.grid, config.device
    model = dataclasses.replace(model, checkpoint=places.checkpoint or model.checkpoint)
    grid = dataclasses.replace(grid, sea_grid_file=places.sea_grid or grid.sea_grid_file)
    device = dataclasses.replace(device, platform=places.platform or device.platform)
    files = engine.engine_of(config).files(dataclasses.replace(config, model=model))
    if places.checkpoint and _CHECKPOINT not in files and places.checkpoint != DEMO:
        raise DataError(
            f"recording {recording.path}: its engine '{model.engine}' has no checkpoint; leave"
            " --checkpoint out"
        )
    needed = {
        "--checkpoint": files.get(_CHECKPOINT, ""),
        "--sea-grid": grid.sea_grid_file,
        "--restart": places.restart,
    }
    for option, file in needed.items():
        if file and not os.access(file, os.R_OK):
            raise DataError(
                f"recording {recording.path} needs {file}, which is not here or cannot be read"
                f" (from the folder {Path.cwd()}); copy it and give its place with {option}"
            )
    return dataclasses.replace(
        config,
        model=model,
        grid=grid,
        device=device,
        history=run_groups.History(),
        limits=run_groups.Limits(),
        recording=run_groups.Recording(),
    )
