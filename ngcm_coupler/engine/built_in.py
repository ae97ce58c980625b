"""The engines of this project, as they describe themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ngcm_coupler.clock import Clock
from ngcm_coupler.config import Config, Conflict, Where, continues, stop_conflicts, where
from ngcm_coupler.config.model_groups import DEMO
from ngcm_coupler.config.namelist import text_of
from ngcm_coupler.config.run_groups import ANALYTIC_START_DATE
from ngcm_coupler.engine.description import Engine, Facts
from ngcm_coupler.errors import ArgumentError, CheckpointError, DataError
from ngcm_coupler.fields.levels import Levels

if TYPE_CHECKING:
    from ngcm_coupler.engine.atmosphere import Atmosphere

_CHECKPOINT = where(lambda at: at.model.checkpoint)
_INITIAL_STATE = where(lambda at: at.model.initial_state)
_START_DATE = where(lambda at: at.run.start_date)
_CALENDAR = where(lambda at: at.run.calendar)
_DYCORE = where(lambda at: at.model.dycore)
_LATITUDES = where(lambda at: at.model.analytic_latitudes)
_STEP = where(lambda at: at.model.analytic_step_seconds)


class Analytic(Engine):
    """The weightless atmosphere, see `analytic`."""

    start_date = ANALYTIC_START_DATE
    keys = (_STEP,)
    unread = (_CHECKPOINT, _INITIAL_STATE, _DYCORE)

    def facts(self, config: Config) -> Facts:
        """All of it is in the namelist."""
        from ngcm_coupler.grid import GaussianGrid

        grid = GaussianGrid(2 * config.model.analytic_latitudes, config.model.analytic_latitudes)
        land = np.zeros(grid.size)
        return Facts(grid, config.model.analytic_step_seconds, land_area_fraction=land)

    def build(self, config: Config, mesh: Any) -> Atmosphere:
        """See `Engine`."""
        from ngcm_coupler.engine.analytic import AnalyticAtmosphere

        return AnalyticAtmosphere(
            config.model.analytic_latitudes, config.model.analytic_step_seconds
        )

    def memory_gib(self, config: Config) -> float:
        """As `ngcm-coupler doctor --measure` prints, rounded up."""
        return 0.7


class Published(Engine):
    """A published NeuralGCM model, see `neuralgcm`."""

    facts_are_in_files = True
    can_be_split = True
    keys = (_CHECKPOINT,)
    unread = (_LATITUDES, _STEP)
    packages = ("neuralgcm", "dinosaur", "haiku")

    def facts(self, config: Config) -> Facts:
        """From the text of the checkpoint."""
        from ngcm_coupler.engine.neuralgcm import checkpoint
        from ngcm_coupler.grid import GaussianGrid

        contents = checkpoint.read_checkpoint(config.model.checkpoint)
        found = checkpoint.summary(contents)
        grid = GaussianGrid(found.nlon, found.nlat)
        levels = Levels.offered(found.input_variables, found.pressure_levels)
        mask = contents.land_sea_mask.reshape(-1)
        land = grid.land_and_inland_water(mask) if mask.size == grid.size else None
        return Facts(grid, found.step_seconds, levels, land)

    def build(self, config: Config, mesh: Any) -> Atmosphere:
        """See `Engine`."""
        # neuralgcm takes seconds to import, which no other engine should have to wait for.
        from ngcm_coupler.engine.neuralgcm.checkpoint import read_checkpoint
        from ngcm_coupler.engine.neuralgcm.model import NeuralGCM

        model = config.model
        checkpoint = read_checkpoint(model.checkpoint)
        return NeuralGCM(checkpoint, model.initial_state, config.run.calendar, mesh, model.dycore)

    def files(self, config: Config) -> Mapping[Where, str]:
        """The demo's are in a package, and a restart takes the place of the initial state."""
        model = config.model
        files = {_CHECKPOINT: model.checkpoint}
        if not continues(config.restart):
            files[_INITIAL_STATE] = model.initial_state
        return {key: name for key, name in files.items() if name != DEMO}

    def contents(self, config: Config) -> Iterator[Conflict]:
        """The initial state has what the checkpoint reads, at the date of the run."""
        from ngcm_coupler.engine.neuralgcm import checkpoint
        from ngcm_coupler.engine.neuralgcm.initial_state import check_state, clock_at

        if continues(config.restart):
            return
        run, model = config.run, config.model
        blamed = (_INITIAL_STATE, *((_START_DATE, _CALENDAR) if run.start_date else ()))
        try:
            found = checkpoint.summary(checkpoint.read_checkpoint(model.checkpoint))
            start = Clock(run.start_date, run.calendar).start if run.start_date else None
            variables = (*found.input_variables, *found.forcing_variables)
            date = check_state(model.initial_state, start, variables, found.pressure_levels)
            clock_at(model.initial_state, date, run.calendar)
        except (CheckpointError, ArgumentError):
            return  # the rules of those keys say so
        except DataError as error:
            yield Conflict(f"{_INITIAL_STATE}: {error}", blamed)
            return
        if not run.start_date:
            yield from stop_conflicts(config, date)

    def closed_over(self, config: Config) -> str:
        """Nothing: weights and initial data are arguments, and the name has their checksum."""
        return ""

    def checkpoint(self, config: Config) -> str:
        """See `Engine`."""
        return config.model.checkpoint

    def dynamical_core(self, config: Config) -> str:
        """From the text of the checkpoint, as the model is built."""
        from ngcm_coupler.engine.neuralgcm import checkpoint
        from ngcm_coupler.engine.neuralgcm.dycore.coverage import chosen_core

        found = checkpoint.read_checkpoint(config.model.checkpoint)
        return chosen_core(found.gin, config.model.dycore, split=config.device.level_parts > 1)

    def memory_gib(self, config: Config) -> float | None:
        """As `ngcm-coupler doctor --measure` prints, rounded up, on CPUs."""
        return 2.0 if config.model.checkpoint == DEMO else None

    def title(self, config: Config) -> str:
        """Which checkpoint, without reading it."""
        return f"{config.model.engine}, checkpoint {text_of(config.model.checkpoint)}"

    def start(self, config: Config) -> str:
        """See `Engine`."""
        return f"time of the initial state {text_of(config.model.initial_state)}"
