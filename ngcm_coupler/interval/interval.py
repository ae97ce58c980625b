"""One coupling interval as a pure function, the same under Fortran and under a gradient.

``advance(parameters, state, imports)`` takes the surface that the host sent, steps the atmosphere,
computes the surface exchange in every step, and returns the new state with everything the host may
ask for. Nothing in it leaves the device.
"""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

from ngcm_coupler.air import Increments, SurfaceState
from ngcm_coupler.clock.calendars import SECONDS_PER_DAY
from ngcm_coupler.config import Config
from ngcm_coupler.engine.atmosphere import Atmosphere, AtmosphereState, Parameters
from ngcm_coupler.fields import Field, Need, offered
from ngcm_coupler.interval.host_surface import HostSurface, SurfaceReader
from ngcm_coupler.interval.lowest_air import Correction, LowestAir
from ngcm_coupler.interval.surface_exchange import ExchangeState, Rows, SurfaceExchange
from ngcm_coupler.interval.water_closure import COLUMN_WATER, WaterBudget, WaterClosure
from ngcm_coupler.surface.fixers import borrow_humidity, dry_mass_correction
from ngcm_coupler.surface.radiation import radiation
from ngcm_coupler.surface.radiation.insolation import Step


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class CoupledState:
    """What an interval hands on to the next.

    Attributes:
      atmosphere: the state of the atmosphere.
      dry_air_pressure: global mean pressure of dry air at the surface when the run began [Pa].
      day: date of the state, days since 1970-01-01 in the calendar of the run, int32.
      second: second of that day, int32.
      air: what the air next to the surface is corrected by.
      exchange: state of the surface exchange.
      water: the water of the globe, which is closed at the end of every interval.
    """

    atmosphere: AtmosphereState
    dry_air_pressure: jax.Array
    day: jax.Array
    second: jax.Array
    air: Correction
    exchange: ExchangeState
    water: WaterBudget


class Interval:
    """The coupling interval of one atmosphere.

    Attributes:
      exports: the exported fields, in the order of the rows of the export array.
      steps: model steps in an interval.
    """

    def __init__(self, atmosphere: Atmosphere, config: Config) -> None:
        """Sets up the exchange.

        Args:
          atmosphere: the atmosphere.
          config: the settings; the coupling interval is a multiple of the model step.

        Raises:
          ConfigError: the radiation scheme cannot run on this grid or in steps of this length, or
            the lowest level is to be decoded by an atmosphere that has no decoder.
        """
        shape = (atmosphere.grid.nlat, atmosphere.grid.nlon)
        radiation.check(config.radiation, shape, atmosphere.step_seconds)
        water: set[Need] = {"water"} if atmosphere.budgets_water else set()
        self.exports: tuple[Field, ...] = offered(config.available | water)
        self.steps = config.coupling.interval_seconds // atmosphere.step_seconds
        self._is_mean = np.array([row.averaging == "interval_mean" for row in self.exports])
        self._atmosphere = atmosphere
        self._model = config.model
        self._air = LowestAir(config.surface.lowest_level, atmosphere)
        self._reader = SurfaceReader(
            config.coupling.imports, atmosphere.grid, atmosphere.land_area_fraction
        )
        self._exchange = SurfaceExchange(
            config, atmosphere.grid, atmosphere.nominal_levels, self._reader
        )
        self._closure = WaterClosure(
            atmosphere.grid,
            atmosphere.land_area_fraction,
            config.coupling.imports,
            self.exports,
            config.coupling.interval_seconds,
        )

    def begin(
        self,
        parameters: Parameters,
        state: AtmosphereState,
        day: jax.Array | int,
        second: jax.Array | int,
    ) -> CoupledState:
        """The state of a run that begins with this one of the atmosphere.

        Args:
          parameters: learned parameters of the atmosphere.
          state: the atmosphere.
          day: its date in days since 1970-01-01 in the calendar of the run.
          second: second of that day.
        """
        return CoupledState(
            state,
            self._atmosphere.dry_air_pressure(state),
            jnp.asarray(day, jnp.int32),
            jnp.asarray(second, jnp.int32),
            self._air.begin(),
            self._exchange.begin(),
            self._closure.begin(self._atmosphere.columns(parameters, state).water_content()),
        )

    def initial_imports(
        self, parameters: Parameters, state: AtmosphereState, surface: SurfaceState
    ) -> jax.Array:
        """What the host has put before it has put anything, shape (len(imports), n).

        The sea is that of the initial data; ice and land are those that stand in where a host has
        none. Of currents and of fluxes of its own only the host knows: they are zero, and like all
        imports to be put before the first interval.
        """
        air = self._atmosphere.lowest_level(parameters, state)
        return self._reader.initial(surface, air)

    def advance(
        self, parameters: Parameters, state: CoupledState, imports: jax.Array
    ) -> tuple[CoupledState, jax.Array]:
        """Advances the atmosphere by one coupling interval.

        Args:
          parameters: learned parameters of the atmosphere.
          state: the state at the start of the interval.
          imports: imported fields in SI units, shape (len(imports), n), constant over the
            interval; at points without sea, values out of range are replaced.

        Returns:
          The state at the end of the interval, and the exported fields in the order of
          ``exports``, shape (len(exports), n): states at the end of the interval; fluxes as means,
          those of the sun over its steps, others over the ends of its steps; rain and snow with
          the factor that closes the water budget of the globe.
        """
        surface = self._reader.read(imports)

        def step(carry, _):  # noqa: ANN001, ANN202
            state, _, total = carry
            state, exports = self._step(parameters, state, surface)
            return (state, exports, total + exports), None

        nothing = jnp.zeros((len(self.exports), self._atmosphere.grid.size), jnp.float32)
        carry = (state, nothing, nothing)
        if self.steps == 1:
            # On a CPU, XLA runs the same step a third slower inside a loop, even of one pass.
            carry, _ = step(carry, None)
        else:
            carry, _ = jax.lax.scan(step, carry, length=self.steps)
        state, exports, total = carry
        exports = jnp.where(self._is_mean[:, None], total / self.steps, exports)
        with jax.named_scope("water closure"):
            water, exports = self._closure.close(
                state.water, imports, surface.sea_ice_area_fraction, exports
            )
        return dataclasses.replace(state, water=water), exports

    def diagnose(
        self, parameters: Parameters, state: CoupledState, imports: jax.Array
    ) -> jax.Array:
        """The exported states of one moment, shape (len(exports), n); fluxes are not a number."""
        surface = self._reader.read(imports)
        air = self._air.at(
            state.air,
            self._atmosphere.lowest_level(parameters, state.atmosphere),
            lambda: self.pressure_levels(parameters, state, imports),
        )
        columns = self._atmosphere.columns(parameters, state.atmosphere)
        rows = self._exchange.states(air, columns, surface)
        rows[COLUMN_WATER] = self._closure.positive(rows[COLUMN_WATER])
        unknown = jnp.full(self._atmosphere.grid.size, jnp.nan)
        return self._stacked({row.name: unknown for row in self.exports} | rows)

    def pressure_levels(
        self, parameters: Parameters, state: CoupledState, imports: jax.Array
    ) -> dict[str, jax.Array]:
        """The air of one moment on levels of constant pressure. See `Atmosphere`."""
        date = state.day, state.second
        return self._decoded(parameters, state.atmosphere, *date, self._reader.read(imports))

    def _decoded(
        self,
        parameters: Parameters,
        atmosphere: AtmosphereState,
        day: jax.Array,
        second: jax.Array,
        surface: HostSurface,
    ) -> dict[str, jax.Array]:
        """The air of a state at its date on levels of constant pressure."""
        model = self._atmosphere
        dated = model.with_date(atmosphere, day, second)
        return model.pressure_levels(parameters, dated, surface.as_seen_by_atmosphere())

    def _step(
        self, parameters: Parameters, state: CoupledState, surface: HostSurface
    ) -> tuple[CoupledState, jax.Array]:
        """One step of the atmosphere, what is corrected after it, and what it exchanges."""
        model = self._atmosphere
        atmosphere = model.with_date(state.atmosphere, state.day, state.second)
        atmosphere = model.step(parameters, atmosphere, surface.as_seen_by_atmosphere())
        if self._model.fix_negative_humidity:
            columns = model.columns(parameters, atmosphere)
            thickness = jnp.diff(columns.interface_pressure, axis=0)
            filled = borrow_humidity(columns.specific_humidity, thickness)
            change = Increments(specific_humidity=filled - columns.specific_humidity)
            atmosphere = model.with_increments(atmosphere, change)
        if self._model.fix_dry_mass:
            correction = dry_mass_correction(
                model.dry_air_pressure(atmosphere), state.dry_air_pressure
            )
            atmosphere = model.with_mass_scaled(atmosphere, correction)
        span = Step(state.day, state.second, model.step_seconds)
        second = state.second + model.step_seconds
        day, second = state.day + second // SECONDS_PER_DAY, second % SECONDS_PER_DAY
        with jax.named_scope("lowest level"):
            correction, air = self._air.advanced(
                state.air,
                model.lowest_level(parameters, atmosphere),
                lambda: self._decoded(parameters, atmosphere, day, second, surface),
                second,
            )
        with jax.named_scope("surface exchange"):
            exchange, rows, increments = self._exchange.fluxes(
                state.exchange,
                air,
                model.columns(parameters, atmosphere),
                model.surface_water(atmosphere) if model.budgets_water else None,
                surface,
                span,
            )
        if increments is not None:
            atmosphere = model.with_increments(atmosphere, increments)
            rows[COLUMN_WATER] = model.columns(parameters, atmosphere).water_content()
        return CoupledState(
            atmosphere,
            state.dry_air_pressure,
            day,
            second,
            correction,
            exchange,
            state.water,
        ), self._stacked(rows)

    def _stacked(self, rows: Rows) -> jax.Array:
        """The rows that are exported, in their order."""
        return jnp.stack([rows[row.name].astype(jnp.float32) for row in self.exports])
