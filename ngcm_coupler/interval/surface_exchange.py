"""The exchange between the air and every surface of a cell in one model step, as exported fields.

This joins the lowest level and the columns of the engine with the formulae of `surface`: three
tiles, radiation, precipitation, and the sums that hosts ask for.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ngcm_coupler.air import Columns, Increments, LowestLevel, SurfaceWater
from ngcm_coupler.config import Config
from ngcm_coupler.constants import (
    GAS_CONSTANT_DRY_AIR,
    KAPPA,
    REFERENCE_PRESSURE,
    VIRTUAL_TEMPERATURE_FACTOR,
)
from ngcm_coupler.fields import BANDS, GEOCENTRIC_AXES, TILES, Surface, over
from ngcm_coupler.grid import Grid
from ngcm_coupler.interval.column_budget import ColumnBudget, Rows
from ngcm_coupler.interval.host_surface import HostSurface, Ice, Land, SurfaceReader
from ngcm_coupler.surface import derived
from ngcm_coupler.surface.geocentric import geocentric_components
from ngcm_coupler.surface.ice import ice_fluxes
from ngcm_coupler.surface.imposed import FluxDifference, imposed_increments
from ngcm_coupler.surface.land import land_fluxes, recycled_evaporation
from ngcm_coupler.surface.pressure import air_pressure_at_mean_sea_level
from ngcm_coupler.surface.radiation.albedo import open_water_albedo
from ngcm_coupler.surface.radiation.insolation import Step, sunlight
from ngcm_coupler.surface.radiation.radiation import Radiation, initial_state, radiate
from ngcm_coupler.surface.turbulence.bulk import bulk_fluxes
from ngcm_coupler.surface.turbulence.similarity import BulkFluxes
from ngcm_coupler.surface.turbulence.skin import warm_layer_step

_TURBULENT = {
    "surface_downward_eastward_stress": "eastward_stress",
    "surface_downward_northward_stress": "northward_stress",
    "surface_downward_sensible_heat_flux": "sensible_heat_flux",
    "surface_downward_latent_heat_flux": "latent_heat_flux",
    "water_evapotranspiration_flux": "evaporation",
}
_NEAR_SURFACE = {
    "eastward_wind_at_10m": "eastward_wind_10m",
    "northward_wind_at_10m": "northward_wind_10m",
    "air_temperature_at_2m": "air_temperature_2m",
    "specific_humidity_at_2m": "specific_humidity_2m",
}
_EMISSIVITY = {
    "ice_free_sea": derived.SEA_EMISSIVITY,
    "sea_ice": derived.ICE_EMISSIVITY,
    "land": derived.LAND_EMISSIVITY,
}


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class ExchangeState:
    """What the exchange of a step hands on to the next.

    Attributes:
      water_debt: precipitation that columns owe [kg m-2], shape (n,).
      warming: what the warm layer of the sea exceeds the host's temperature by [K], shape (n,).
      radiation: what the radiation scheme keeps between its calculations.
    """

    water_debt: jax.Array
    warming: jax.Array
    radiation: Any


@dataclasses.dataclass(frozen=True)
class SurfaceExchange:
    """The surface exchange of one atmosphere.

    Attributes:
      config: the settings.
      grid: the atmosphere's grid.
      land_area_fraction: [1], shape (n,).
      nominal_levels: of the `Atmosphere`, shape (levels,).
      reader: of the host's surface.
    """

    config: Config
    grid: Grid
    land_area_fraction: np.ndarray
    nominal_levels: np.ndarray
    reader: SurfaceReader

    @functools.cached_property
    def _budget(self) -> ColumnBudget:
        """The water of the columns."""
        return ColumnBudget(self.grid, self.config.surface.precipitation_smoothing)

    def begin(self) -> ExchangeState:
        """The state of a run that begins."""
        nothing = jnp.zeros(self.grid.size, jnp.float32)
        return ExchangeState(
            nothing,
            nothing,
            initial_state(self.config.radiation, (self.grid.nlat, self.grid.nlon)),
        )

    def states(self, air: LowestLevel, columns: Columns, surface: HostSurface) -> Rows:
        """The exported states of a moment at which no radiation is known.

        Args:
          air: next to the surface.
          columns: the air above.
          surface: the surface below.
        """
        cell = self._cell(air, surface)
        return self._states(cell, columns, self._turbulence(cell, {}))

    def fluxes(
        self,
        state: ExchangeState,
        air: LowestLevel,
        columns: Columns,
        exchanged: SurfaceWater | None,
        surface: HostSurface,
        step: Step,
    ) -> tuple[ExchangeState, Rows, Increments | None]:
        """Everything the host may ask for at the end of a step.

        Args:
          state: what the step before has handed on.
          air: next to the surface at the end of the step.
          columns: the air above.
          exchanged: water that the atmosphere has moved in the step, None if it does not tell.
          surface: the surface below.
          step: the span of the step.

        Returns:
          What to hand on; the exported fields, of which fluxes of the sun are means over the
          step; and what fluxes that the host has imposed add to the air, None if it has not.
        """
        cell = self._cell(air, surface)
        skin: dict[str, Any] = {}
        sky = sun = None
        if self.config.radiation.scheme != "host":
            radiation, sky, sun = self._sky(state.radiation, cell, columns, step)
            state = dataclasses.replace(state, radiation=radiation)
            if self.config.surface.sea_skin != "none":
                skin = {
                    "downwelling_longwave_flux": sky.longwave_down,
                    "net_shortwave_flux": sun["ice_free_sea"],
                    "warm_layer_warming": state.warming,
                }
        fluxes = self._turbulence(cell, skin)
        rows = self._states(cell, columns, fluxes)
        for name, attribute in _TURBULENT.items():
            rows |= cell.tiles(name, {t: getattr(fluxes[t], attribute) for t in TILES})
        rows |= self._geocentric_stress(rows)
        if sky is not None and sun is not None:
            rows |= _from_above(sky) | _heat(cell, sky, sun, fluxes)
            if self.config.surface.sea_skin == "cool_and_warm":
                state = self._warmed(state, cell, rows, fluxes["ice_free_sea"], step)
        increments, unabsorbed = None, 0.0  # what imposed evaporation has more than the air takes
        if surface.imposed:
            increments, cut = imposed_increments(
                _difference(surface.imposed, rows),
                jnp.diff(columns.interface_pressure, axis=0),
                self.nominal_levels,
                float(step.seconds),
            )
            unabsorbed = cut.evaporation
        if exchanged is not None:
            debt, water_rows = self._budget.step(
                state.water_debt,
                exchanged,
                rows["water_evapotranspiration_flux"] + unabsorbed,
                self._unsupported_evaporation(cell, rows),
                rows,
                cell.air.surface_air_pressure,
                float(step.seconds),
            )
            state = dataclasses.replace(state, water_debt=debt)
            rows |= water_rows
        return state, rows, increments

    def _cell(self, level: LowestLevel, surface: HostSurface) -> _Cell:
        """What is known of a cell before anything is exchanged."""
        at_surface = level.brought_to_surface()
        land = jnp.asarray(self.land_area_fraction, jnp.float32)
        ice, sea = surface.sea_ice_area_fraction, 1.0 - land
        return _Cell(
            level,
            jnp.maximum(level.specific_humidity, 0.0),
            level.air_temperature * (REFERENCE_PRESSURE / level.air_pressure) ** KAPPA,
            surface,
            self.reader.ice(surface, at_surface),
            self.reader.land(surface, level),
            {"ice_free_sea": sea * (1.0 - ice), "sea_ice": sea * ice, "land": land},
        )

    def _turbulence(self, cell: _Cell, skin: Mapping[str, Any]) -> dict[str, BulkFluxes]:
        """The turbulent fluxes of each tile; the sea with what its skin follows from, if any."""
        air, surface = cell.air, cell.surface
        wind = {"eastward_wind": air.eastward_wind, "northward_wind": air.northward_wind}
        drifting = {
            "eastward_wind": air.eastward_wind - surface.eastward_current,
            "northward_wind": air.northward_wind - surface.northward_current,
        }
        return {
            "ice_free_sea": bulk_fluxes(
                self.config.surface.bulk_scheme,
                drag_limit=self.config.surface.drag_limit,
                sea_surface_temperature=surface.sea_surface_temperature,
                **drifting,
                **cell.profile,
                **skin,
            ),
            "sea_ice": ice_fluxes(surface_temperature=cell.ice.temperature, **wind, **cell.profile),
            "land": land_fluxes(
                surface_temperature=cell.land.temperature,
                roughness_length=cell.land.roughness_length,
                moisture_availability=cell.land.moisture_availability,
                **wind,
                **cell.profile,
            ),
        }

    def _geocentric_stress(self, rows: Rows) -> Rows:
        """The stress on the sea by components that can be interpolated one by one."""
        surfaces: tuple[Surface, ...] = ("ice_free_sea", "sea_ice", "sea")
        stress: Rows = {}
        for surface in surfaces:
            components = geocentric_components(
                rows[over("surface_downward_eastward_stress", surface)],
                rows[over("surface_downward_northward_stress", surface)],
                *map(jnp.asarray, self.grid.position),
            )
            for axis, component in zip(GEOCENTRIC_AXES, components, strict=True):
                stress[over(f"surface_downward_geocentric_{axis}_stress", surface)] = component
        return stress

    def _states(self, cell: _Cell, columns: Columns, fluxes: Mapping[str, BulkFluxes]) -> Rows:
        """The lowest level, and what similarity says of the air below it."""
        level = cell.air
        virtual = level.air_temperature * (1.0 + VIRTUAL_TEMPERATURE_FACTOR * cell.humidity)
        rows = {
            "height": level.height,
            "eastward_wind": level.eastward_wind,
            "northward_wind": level.northward_wind,
            "air_temperature": level.air_temperature,
            "air_potential_temperature": cell.potential_temperature,
            "specific_humidity": cell.humidity,
            "air_pressure": level.air_pressure,
            "air_density": level.air_pressure / (GAS_CONSTANT_DRY_AIR * virtual),
            "air_pressure_at_mean_sea_level": air_pressure_at_mean_sea_level(
                level.surface_air_pressure,
                level.surface_altitude,
                columns.air_temperature[-1],  # the model's own, as its surface is
                columns.air_pressure[-1],
            ),
            "surface_air_pressure": level.surface_air_pressure,
            "surface_altitude": level.surface_altitude,
            "atmosphere_mass_content_of_water": columns.water_content(),
            "sea_surface_skin_temperature": fluxes["ice_free_sea"].surface_temperature,
        }
        moving = {
            "eastward_wind_at_10m": cell.surface.eastward_current,
            "northward_wind_at_10m": cell.surface.northward_current,
        }
        for name, attribute in _NEAR_SURFACE.items():
            tiles = {tile: getattr(fluxes[tile], attribute) for tile in TILES}
            tiles["ice_free_sea"] = tiles["ice_free_sea"] + moving.get(name, 0.0)
            rows |= cell.tiles(name, tiles)
        return rows

    def _sky(
        self, state: Any, cell: _Cell, columns: Columns, step: Step
    ) -> tuple[Any, Radiation, dict[str, jax.Array]]:
        """What shines on the cell, and the sunlight that each tile absorbs."""
        longitude, latitude = map(jnp.asarray, self.grid.position)
        calendar = self.config.run.calendar
        light = sunlight(*step, latitude, longitude, calendar)
        albedo = {
            "ice_free_sea": open_water_albedo(light.sunlit_cosine),
            "sea_ice": cell.ice.albedo,
            "land": cell.land.albedo,
        }
        temperature = {
            "ice_free_sea": cell.surface.sea_surface_temperature,
            "sea_ice": cell.ice.temperature,
            "land": cell.land.temperature,
        }
        with jax.named_scope("radiation"):
            state, sky = radiate(
                self.config.radiation,
                state,
                columns,
                step,
                shape=(self.grid.nlat, self.grid.nlon),
                calendar=calendar,
                latitude=latitude,
                longitude=longitude,
                surface_albedo=cell.mean(albedo),
                surface_temperature=cell.mean(temperature),
                ice_free_sea=cell.weights["ice_free_sea"],
            )
        absorbed = {
            tile: derived.absorbed_shortwave(sky.shortwave_down, albedo[tile]) for tile in TILES
        }
        return state, sky, absorbed

    def _unsupported_evaporation(self, cell: _Cell, rows: Rows) -> jax.Array:
        """What land evaporates beyond what its air bears out, over the whole cell."""
        land = rows[over("water_evapotranspiration_flux", "land")]
        recycled = recycled_evaporation(
            land, cell.land.moisture_availability, cell.land.relative_humidity
        )
        return cell.weights["land"] * (land - recycled)

    def _warmed(
        self, state: ExchangeState, cell: _Cell, rows: Rows, flux: BulkFluxes, step: Step
    ) -> ExchangeState:
        """The state with the warm layer of the sea a step later."""
        warming = warm_layer_step(
            state.warming,
            sea_surface_temperature=cell.surface.sea_surface_temperature,
            net_shortwave_flux=rows[over("surface_net_downward_shortwave_flux", "ice_free_sea")],
            nonsolar_flux=rows[over("surface_downward_nonsolar_heat_flux", "ice_free_sea")],
            friction_velocity=flux.friction_velocity,
            seconds=float(step.seconds),
        )
        return dataclasses.replace(state, warming=warming)


class _Cell(NamedTuple):
    """The air next to the surface, and what it lies on."""

    air: LowestLevel
    humidity: jax.Array
    """Specific humidity without the model's negative values [1]."""
    potential_temperature: jax.Array
    """Referred to 1000 hPa [K]."""
    surface: HostSurface
    ice: Ice
    land: Land
    weights: dict[str, jax.Array]
    """Part of the cell that each tile covers [1], shape (n,) each."""

    @property
    def profile(self) -> dict[str, Any]:
        """What bulk formulae ask for beside wind and surface."""
        return {
            "air_temperature": self.air.air_temperature,
            "specific_humidity": self.humidity,
            "surface_air_pressure": self.air.surface_air_pressure,
            "wind_height": self.air.height,
            "temperature_height": self.air.height,
            "potential_temperature": self.potential_temperature,
        }

    def mean(self, tiles: Mapping[str, jax.Array]) -> jax.Array:
        """Mean over the cell of a quantity over its tiles."""
        first, *others = (self.weights[tile] * tiles[tile] for tile in TILES)
        return sum(others, first)

    def tiles(self, name: str, tiles: Mapping[str, jax.Array]) -> Rows:
        """A quantity over each tile, over the sea and over the whole cell."""
        rows: Rows = {over(name, tile): tiles[tile] for tile in TILES}
        rows[over(name, "sea")] = derived.sea_mean(
            tiles["ice_free_sea"], tiles["sea_ice"], self.surface.sea_ice_area_fraction
        )
        rows[name] = self.mean(tiles)
        return rows


def _from_above(sky: Radiation) -> Rows:
    """What comes from above and goes to space, whatever the surface."""
    name = "surface_downwelling_shortwave_flux_in_air"
    rows = {f"{name}_{band}": flux for band, flux in zip(BANDS, sky.shortwave_down, strict=True)}
    rows[name] = sky.shortwave_down.sum(axis=0)
    rows["surface_downwelling_longwave_flux_in_air"] = sky.longwave_down
    rows["toa_incoming_shortwave_flux"] = sky.incoming_shortwave
    rows["toa_outgoing_shortwave_flux"] = sky.reflected_shortwave
    rows["toa_outgoing_longwave_flux"] = sky.outgoing_longwave
    return rows


def _heat(
    cell: _Cell,
    sky: Radiation,
    shortwave: Mapping[str, jax.Array],
    fluxes: Mapping[str, BulkFluxes],
) -> Rows:
    """What the tiles take of radiation, and the sums of it with turbulent heat."""
    longwave = {
        tile: derived.net_longwave(
            sky.longwave_down, fluxes[tile].surface_temperature, _EMISSIVITY[tile]
        )
        for tile in TILES
    }
    non_solar = {
        tile: derived.non_solar_flux(
            longwave[tile], fluxes[tile].sensible_heat_flux, fluxes[tile].latent_heat_flux
        )
        for tile in TILES
    }
    ice = fluxes["sea_ice"]
    derivative = ice.heat_flux_derivative + derived.net_longwave_derivative(
        ice.surface_temperature, derived.ICE_EMISSIVITY
    )
    return {
        **cell.tiles("surface_net_downward_shortwave_flux", shortwave),
        **cell.tiles("surface_net_downward_longwave_flux", longwave),
        **cell.tiles("surface_downward_nonsolar_heat_flux", non_solar),
        over("surface_downward_nonsolar_heat_flux_derivative", "sea_ice"): derivative,
    }


def _difference(imposed: Mapping[str, jax.Array], rows: Rows) -> FluxDifference:
    """The host's fluxes less the bulk fluxes of the cell; zero where the host imposes none."""

    def more(name: str) -> jax.Array:
        return imposed[name] - rows[name] if name in imposed else jnp.zeros_like(rows[name])

    return FluxDifference(
        more("surface_downward_sensible_heat_flux"),
        more("water_evapotranspiration_flux"),
        more("surface_downward_eastward_stress"),
        more("surface_downward_northward_stress"),
    )
