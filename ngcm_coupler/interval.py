"""One coupling interval as a pure function, the same under Fortran and under a gradient.

``advance(parameters, state, imports)`` takes the surface that the host sent, steps the atmosphere,
computes the surface exchange in every step, and returns the new state with everything the host may
ask for. Nothing in it leaves the device.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np

from ngcm_coupler.constants import (
    GAS_CONSTANT_DRY_AIR,
    KAPPA,
    REFERENCE_PRESSURE,
    VIRTUAL_TEMPERATURE_FACTOR,
)
from ngcm_coupler.engine.base import Atmosphere, AtmosphereState, Parameters, SurfaceState
from ngcm_coupler.fields import EXPORTS, field
from ngcm_coupler.surface.bulk import bulk_fluxes
from ngcm_coupler.surface.fixers import dry_mass_correction
from ngcm_coupler.surface.pressure import air_pressure_at_mean_sea_level

_MEAN_ROWS = np.array([row.averaging == "interval_mean" for row in EXPORTS])


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class CoupledState:
    """What an interval hands on to the next.

    Attributes:
      atmosphere: the state of the atmosphere.
      dry_air_pressure: global mean pressure of dry air at the surface when the run began [Pa].
    """

    atmosphere: AtmosphereState
    dry_air_pressure: jax.Array


@dataclasses.dataclass(frozen=True)
class Interval:
    """The coupling interval of one atmosphere.

    Attributes:
      atmosphere: the atmosphere.
      imports: names of the imported fields, in the order of the rows of the import array.
      steps: model steps in an interval.
      bulk_scheme: turbulent flux scheme over open water.
      fix_dry_mass: whether to keep the mass of dry air.
    """

    atmosphere: Atmosphere
    imports: tuple[str, ...]
    steps: int
    bulk_scheme: str
    fix_dry_mass: bool

    def begin(self, state: AtmosphereState) -> CoupledState:
        """The state of a run that begins with this one of the atmosphere."""
        return CoupledState(state, self.atmosphere.dry_air_pressure(state))

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
          `fields.EXPORTS`, shape (len(EXPORTS), n): states at the end of the interval, fluxes as
          means over the ends of its steps.
        """
        surface = self._surface(imports)

        def step(carry, _):  # noqa: ANN001, ANN202
            state, _, total = carry
            state = self._step(parameters, state, surface)
            exports = self._diagnose(parameters, state.atmosphere, surface)
            return (state, exports, total + exports), None

        nothing = jnp.zeros((len(EXPORTS), self.atmosphere.grid.size), jnp.float32)
        carry = (state, nothing, nothing)
        if self.steps == 1:
            # On a CPU, XLA runs the same step a third slower inside a loop, even of one pass.
            carry, _ = step(carry, None)
        else:
            carry, _ = jax.lax.scan(step, carry, length=self.steps)
        state, exports, total = carry
        return state, jnp.where(_MEAN_ROWS[:, None], total / self.steps, exports)

    def diagnose(
        self, parameters: Parameters, state: CoupledState, imports: jax.Array
    ) -> jax.Array:
        """The exported fields of one moment, fluxes included, shape (len(EXPORTS), n)."""
        return self._diagnose(parameters, state.atmosphere, self._surface(imports))

    def _step(
        self, parameters: Parameters, state: CoupledState, surface: Mapping[str, jax.Array]
    ) -> CoupledState:
        """One step of the atmosphere, and what is corrected after it."""
        atmosphere = self.atmosphere.step(parameters, state.atmosphere, _surface_state(surface))
        if self.fix_dry_mass:
            correction = dry_mass_correction(
                self.atmosphere.dry_air_pressure(atmosphere), state.dry_air_pressure
            )
            atmosphere = self.atmosphere.with_log_pressure_added(atmosphere, correction)
        return dataclasses.replace(state, atmosphere=atmosphere)

    def _surface(self, imports: jax.Array) -> dict[str, jax.Array]:
        """Names the rows of the import array, and spreads the sea to where the host has none.

        Published models look at the sea surface wherever their own mask has a trace of water, on
        most of the land. There the host's values are taken if all of them are possible ones, as
        those of prepared ERA5 data are, and otherwise those of the nearest point with sea.
        """
        sea = self.atmosphere.land_area_fraction < 1.0
        limits = np.array([field(name).accepted_range for name in self.imports], np.float32)
        possible = ((imports >= limits[:, :1]) & (imports <= limits[:, 1:])).all(axis=0)
        spread = imports[:, self.atmosphere.grid.nearest_of(sea)]
        surface = dict(zip(self.imports, jnp.where(sea | possible, imports, spread), strict=True))
        surface["sea_ice_area_fraction"] = surface["sea_ice_area_fraction"].clip(0.0, 1.0)
        return surface

    def _diagnose(
        self, parameters: Parameters, state: AtmosphereState, surface: Mapping[str, jax.Array]
    ) -> jax.Array:
        """Lowest level, sea-level pressure and bulk exchange with open water, as rows."""
        air = self.atmosphere.lowest_level(parameters, state)
        current = (
            surface.get("sea_water_x_velocity", 0.0),
            surface.get("sea_water_y_velocity", 0.0),
        )
        humidity = jnp.maximum(air.specific_humidity, 0.0)
        potential = air.air_temperature * (REFERENCE_PRESSURE / air.air_pressure) ** KAPPA
        virtual = air.air_temperature * (1.0 + VIRTUAL_TEMPERATURE_FACTOR * humidity)
        flux = bulk_fluxes(
            self.bulk_scheme,
            eastward_wind=air.eastward_wind - current[0],
            northward_wind=air.northward_wind - current[1],
            air_temperature=air.air_temperature,
            specific_humidity=humidity,
            surface_air_pressure=air.surface_air_pressure,
            sea_surface_temperature=surface["sea_surface_temperature"],
            wind_height=air.height,
            temperature_height=air.height,
            potential_temperature=potential,
        )
        rows = {
            "height": air.height,
            "eastward_wind": air.eastward_wind,
            "northward_wind": air.northward_wind,
            "air_temperature": air.air_temperature,
            "air_potential_temperature": potential,
            "specific_humidity": humidity,
            "air_pressure": air.air_pressure,
            "air_density": air.air_pressure / (GAS_CONSTANT_DRY_AIR * virtual),
            "air_pressure_at_mean_sea_level": air_pressure_at_mean_sea_level(
                air.surface_air_pressure,
                air.surface_altitude,
                air.air_temperature,
                air.air_pressure,
            ),
            "surface_air_pressure": air.surface_air_pressure,
            "surface_altitude": air.surface_altitude,
            "eastward_wind_at_10m": flux.eastward_wind_10m + current[0],
            "northward_wind_at_10m": flux.northward_wind_10m + current[1],
            "air_temperature_at_2m": flux.air_temperature_2m,
            "specific_humidity_at_2m": flux.specific_humidity_2m,
            "surface_downward_eastward_stress": flux.eastward_stress,
            "surface_downward_northward_stress": flux.northward_stress,
            "surface_downward_sensible_heat_flux": flux.sensible_heat_flux,
            "surface_downward_latent_heat_flux": flux.latent_heat_flux,
            "water_evapotranspiration_flux": flux.evaporation,
        }
        return jnp.stack([rows[row.name].astype(jnp.float32) for row in EXPORTS])


def _surface_state(surface: Mapping[str, jax.Array]) -> SurfaceState:
    """The part of the surface that the atmosphere itself sees."""
    return SurfaceState(surface["sea_surface_temperature"], surface["sea_ice_area_fraction"])
