"""A weightless atmosphere for tests, for learning the plugin and for debugging a host.

The lowest level of an aquaplanet: prescribed trade winds and westerlies with a wave of wavenumber
four that travels east, and air that relaxes towards the sea surface below it. Turbulent fluxes
over it have realistic signs and sizes, and a step costs microseconds.
"""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

from ngcm_coupler.air import Columns, Increments, LowestLevel, SurfaceState, SurfaceWater
from ngcm_coupler.config.run_groups import ANALYTIC_START_DATE
from ngcm_coupler.constants import (
    GAS_CONSTANT_DRY_AIR,
    GRAVITY,
    VIRTUAL_TEMPERATURE_FACTOR,
    ZERO_CELSIUS,
)
from ngcm_coupler.engine.atmosphere import InitialData
from ngcm_coupler.fields.levels import Levels
from ngcm_coupler.grid import GaussianGrid, Grid

_LOWEST_SIGMA = 0.984
"""Pressure of the lowest level over surface pressure, that of the published 32-level models."""

_AIR_SEA_TEMPERATURE_DIFFERENCE = -2.5
"""Air at the lowest level minus sea that the air relaxes to [K]: 1 K of air-sea difference, typical
of the open ocean, and 1.3 K of adiabatic cooling up to the level."""

_RELATIVE_HUMIDITY = 0.8
"""Relative humidity that the air relaxes to [1]."""

_RELAXATION_SECONDS = 43200.0
"""Time scale of that relaxation [s]."""

_LEVELS = 8
"""Levels of the columns, equally spaced in pressure but for the lowest."""

_LAPSE_EXPONENT = 0.19
"""Temperature goes with this power of pressure: 6.5 K/km."""

_HUMIDITY_EXPONENT = 3.0
"""Specific humidity goes with this power of pressure. Source: Smith (1966), typical value."""

_COLDEST = 210.0
"""Temperature of the stratosphere [K]."""

_WAVE_NUMBER = 4
_WAVE_PERIOD_SECONDS = 8.0 * 86400.0
_WAVE_WIND = 6.0
"""Amplitude of the travelling wave in the meridional wind [m s-1]."""


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class AnalyticState:
    """State of the analytic atmosphere.

    Attributes:
      steps: steps since the start, int32, shape ().
      air_temperature: at the lowest level [K], shape (n,).
      specific_humidity: at the lowest level [1], shape (n,).
      net_downward_water: what the last step took out of the column [kg m-2 s-1], shape (n,).
    """

    steps: jax.Array
    air_temperature: jax.Array
    specific_humidity: jax.Array
    net_downward_water: jax.Array


class AnalyticAtmosphere:
    """An `Atmosphere` without weights."""

    dynamical_core = ""

    def __init__(self, nlat: int, step_seconds: int) -> None:
        """Sets up the grid.

        Args:
          nlat: rows of the Gaussian grid; it has twice as many columns.
          step_seconds: length of a step [s].
        """
        self.name = f"analytic-{2 * nlat}x{nlat}"
        self.grid: Grid = GaussianGrid(2 * nlat, nlat)
        self.land_area_fraction = np.zeros(self.grid.size)
        self._interfaces = np.append(np.linspace(0.0, 2.0 * _LOWEST_SIGMA - 1.0, _LEVELS), 1.0)
        self.nominal_levels = 0.5 * (self._interfaces[1:] + self._interfaces[:-1])
        self.step_seconds = step_seconds
        self.budgets_water = True
        self.predicts_precipitation = False
        self.levels = Levels()
        self.parameters: dict[str, np.ndarray] = {}
        self._latitude = np.deg2rad(self.grid.latitude).astype(np.float32)
        self._longitude = np.deg2rad(self.grid.longitude).astype(np.float32)

    def initial_data(self, start: str | None) -> InitialData:
        """A sea that is warm at the equator and frozen at the poles. See `Atmosphere`."""
        celsius = np.maximum(27.0 * (1.0 - 1.6 * np.sin(self._latitude) ** 2), -1.8)
        ice = np.clip((np.abs(np.rad2deg(self._latitude)) - 62.0) / 15.0, 0.0, 1.0)
        surface = SurfaceState(
            jnp.asarray(celsius + ZERO_CELSIUS, jnp.float32), jnp.asarray(ice, jnp.float32)
        )
        return InitialData(start or ANALYTIC_START_DATE, surface.sea_surface_temperature, surface)

    def encode(
        self, parameters: dict[str, np.ndarray], fields: jax.Array, key: jax.Array
    ) -> AnalyticState:
        """Air in balance with that sea; nothing is random here. See `Atmosphere`."""
        temperature, humidity = self._equilibrium(fields)
        dry = jnp.zeros_like(humidity)
        return AnalyticState(jnp.zeros((), jnp.int32), temperature, humidity, dry)

    def state_template(self) -> AnalyticState:
        """See `Atmosphere`."""
        data = self.initial_data(None)
        return jax.eval_shape(self.encode, self.parameters, data.fields, jax.random.key(0))

    def with_date(self, state: AnalyticState, day: jax.Array, second: jax.Array) -> AnalyticState:
        """This atmosphere has no sun."""
        return state

    def step(
        self, parameters: dict[str, np.ndarray], state: AnalyticState, surface: SurfaceState
    ) -> AnalyticState:
        """Relaxes the air towards the sea below it."""
        temperature, humidity = self._equilibrium(surface.sea_surface_temperature)
        weight = self.step_seconds / _RELAXATION_SECONDS
        after = AnalyticState(
            state.steps + 1,
            state.air_temperature + weight * (temperature - state.air_temperature),
            state.specific_humidity + weight * (humidity - state.specific_humidity),
            state.net_downward_water,
        )
        before = self.columns(parameters, state).water_content()
        lost = before - self.columns(parameters, after).water_content()
        return dataclasses.replace(after, net_downward_water=lost / self.step_seconds)

    def dry_air_pressure(self, state: AnalyticState) -> jax.Array:
        """The mass of this atmosphere is prescribed, and never changes."""
        return jnp.full((), 98000.0, jnp.float32)

    def with_mass_scaled(self, state: AnalyticState, logarithm: jax.Array) -> AnalyticState:
        """Nothing to scale: the mass is prescribed."""
        return state

    def with_increments(self, state: AnalyticState, increments: Increments) -> AnalyticState:
        """Changes temperature and humidity of the lowest level; winds are prescribed."""
        temperature, humidity = state.air_temperature, state.specific_humidity
        if increments.air_temperature is not None:
            temperature = temperature + increments.air_temperature[-1]
        if increments.specific_humidity is not None:
            humidity = humidity + increments.specific_humidity[-1]
        return dataclasses.replace(state, air_temperature=temperature, specific_humidity=humidity)

    def lowest_level(self, parameters: dict[str, np.ndarray], state: AnalyticState) -> LowestLevel:
        """Prescribed winds and pressure over the relaxed air."""
        cosine = np.cos(self._latitude)
        # Easterly trades at the equator, westerlies at 45 degrees, calm at the poles.
        zonal = cosine * (12.0 * np.sin(2.0 * self._latitude) ** 2 - 6.0 * cosine**4)
        wave = jnp.cos(self._phase(state)) * cosine
        surface_pressure = self._surface_pressure(state)
        virtual_temperature = state.air_temperature * (
            1.0 + VIRTUAL_TEMPERATURE_FACTOR * state.specific_humidity
        )
        scale_height = GAS_CONSTANT_DRY_AIR * virtual_temperature / GRAVITY
        return LowestLevel(
            height=-np.log(_LOWEST_SIGMA) * scale_height,
            eastward_wind=jnp.asarray(zonal, jnp.float32) + 0.5 * _WAVE_WIND * wave,
            northward_wind=_WAVE_WIND * wave,
            air_temperature=state.air_temperature,
            specific_humidity=state.specific_humidity,
            air_pressure=_LOWEST_SIGMA * surface_pressure,
            surface_air_pressure=surface_pressure,
            surface_altitude=jnp.zeros_like(state.air_temperature),
        )

    def columns(self, parameters: dict[str, np.ndarray], state: AnalyticState) -> Columns:
        """Cloudless air of a constant lapse rate over the relaxed lowest level."""
        interfaces = jnp.asarray(self._interfaces[:, None], jnp.float32)
        sigma = jnp.asarray(self.nominal_levels[:, None], jnp.float32)
        pressure = self._surface_pressure(state)
        ratio = sigma / _LOWEST_SIGMA
        temperature = state.air_temperature * ratio**_LAPSE_EXPONENT
        cloudless = jnp.zeros_like(temperature)
        return Columns(
            air_temperature=jnp.maximum(temperature, _COLDEST),
            specific_humidity=state.specific_humidity * ratio**_HUMIDITY_EXPONENT,
            cloud_ice=cloudless,
            cloud_liquid=cloudless,
            air_pressure=sigma * pressure,
            interface_pressure=interfaces * pressure,
        )

    def surface_water(self, state: AnalyticState) -> SurfaceWater:
        """The air's own change of water, as it has no other exchange. See `Atmosphere`."""
        return SurfaceWater(state.net_downward_water, None)

    def pressure_levels(
        self, parameters: dict[str, np.ndarray], state: AnalyticState, surface: SurfaceState
    ) -> dict[str, jax.Array]:
        """This atmosphere has no decoder."""
        return {}

    def _phase(self, state: AnalyticState) -> jax.Array:
        """Phase of the travelling wave [rad], shape (n,)."""
        seconds = state.steps.astype(jnp.float32) * self.step_seconds
        turn = 2.0 * jnp.pi / _WAVE_PERIOD_SECONDS
        return jnp.asarray(_WAVE_NUMBER * self._longitude) - turn * seconds

    def _surface_pressure(self, state: AnalyticState) -> jax.Array:
        """Prescribed pressure at the surface [Pa], shape (n,)."""
        cosine, sine = np.cos(self._latitude), np.sin(self._latitude)
        low_at_the_poles = jnp.asarray(101325.0 - 1200.0 * sine**4, jnp.float32)
        return low_at_the_poles + jnp.sin(self._phase(state)) * (300.0 * cosine**2)

    def _equilibrium(self, sea_surface_temperature: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Temperature [K] and specific humidity [1] that the air relaxes to."""
        temperature = sea_surface_temperature + _AIR_SEA_TEMPERATURE_DIFFERENCE
        # Saturation vapour pressure over water, Bolton (1980), eq. 10 [Pa].
        celsius = temperature - ZERO_CELSIUS
        saturation = 611.2 * jnp.exp(17.67 * celsius / (celsius + 243.5))
        return temperature, _RELATIVE_HUMIDITY * 0.622 * saturation / 1.0e5
