"""The exchange between the air and every surface of a cell in one model step, as exported fields.

This joins the lowest level and the columns of the engine with the formulae of `surface`: three
tiles, radiation, precipitation, and the sums that hosts ask for.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ngcm_coupler.air import Columns, Increments, LowestLevel, SurfaceWater
from ngcm_coupler.config import Config
from ngcm_coupler.constants import GAS_CONSTANT_DRY_AIR, VIRTUAL_TEMPERATURE_FACTOR
from ngcm_coupler.fields import BANDS, GEOCENTRIC_AXES, TILES, Surface, over
from ngcm_coupler.grid import Grid
from ngcm_coupler.interval.column_budget import ColumnBudget, Rows
from ngcm_coupler.interval.host_surface import HostSurface, SurfaceReader
from ngcm_coupler.interval.tiles import Sea, Tiles
from ngcm_coupler.surface import derived
from ngcm_coupler.surface.geocentric import geocentric_components
from ngcm_coupler.surface.ice import ice_ground
from ngcm_coupler.surface.imposed import FluxDifference, imposed_increments
from ngcm_coupler.surface.land import land_ground, recycled_evaporation
from ngcm_coupler.surface.pressure import air_pressure_at_mean_sea_level
from ngcm_coupler.surface.radiation.insolation import Step, sunlight
from ngcm_coupler.surface.radiation.radiation import Radiation, initial_state, radiate
from ngcm_coupler.surface.turbulence.bulk import bulk_fluxes
from ngcm_coupler.surface.turbulence.near_surface_air import NearSurfaceAir
from ngcm_coupler.surface.turbulence.similarity import BulkFluxes
from ngcm_coupler.surface.turbulence.skin import SeaSkin, warm_layer_step
from ngcm_coupler.surface.turbulence.solid import solid_fluxes

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
      nominal_levels: of the `Atmosphere`, shape (levels,).
      reader: of the host's surface.
    """

    config: Config
    grid: Grid
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
        near, tiles = self._air_and_tiles(air, surface)
        return self._states(air, near, columns, tiles, self._turbulence(near, tiles))

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
        near, tiles = self._air_and_tiles(air, surface)
        skin = sky = sun = None
        if self.config.radiation.scheme != "host":
            radiation, sky, sun = self._sky(state.radiation, tiles, columns, step)
            state = dataclasses.replace(state, radiation=radiation)
            if self.config.surface.sea_skin != "none":
                skin = SeaSkin(sky.longwave_down, sun["ice_free_sea"], state.warming)
        fluxes = self._turbulence(near, tiles, skin)
        rows = self._states(air, near, columns, tiles, fluxes)
        for name, attribute in _TURBULENT.items():
            rows |= tiles.rows(name, {t: getattr(fluxes[t], attribute) for t in TILES})
        rows |= self._geocentric_stress(rows)
        if sky is not None and sun is not None:
            rows |= _from_above(sky) | _heat(tiles, sky, sun, fluxes)
            if self.config.surface.sea_skin == "cool_and_warm":
                state = self._warmed(state, tiles.sea, rows, fluxes["ice_free_sea"], step)
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
                _unsupported_evaporation(tiles, rows),
                rows,
                air.surface_air_pressure,
                float(step.seconds),
            )
            state = dataclasses.replace(state, water_debt=debt)
            rows |= water_rows
        return state, rows, increments

    def _air_and_tiles(
        self, level: LowestLevel, surface: HostSurface
    ) -> tuple[NearSurfaceAir, Tiles]:
        """The air and what it lies on, before anything is exchanged."""
        return NearSurfaceAir.of(level), self.reader.tiles(surface, level)

    def _turbulence(
        self, air: NearSurfaceAir, tiles: Tiles, skin: SeaSkin | None = None
    ) -> dict[str, BulkFluxes]:
        """The turbulent fluxes of each tile; the sea with what its skin follows from, if any."""
        sea, land = tiles.sea, tiles.land
        over_sea = air._replace(
            eastward_wind=air.eastward_wind - sea.eastward_current,
            northward_wind=air.northward_wind - sea.northward_current,
        )
        open_water = bulk_fluxes(
            self.config.surface.bulk_scheme,
            over_sea,
            sea.temperature,
            skin=skin,
            drag_limit=self.config.surface.drag_limit,
        )
        over_ice, over_land = solid_fluxes(
            ice_ground(air, tiles.ice.temperature),
            land_ground(
                air,
                land.temperature,
                roughness_length=land.roughness_length,
                moisture_availability=land.moisture_availability,
            ),
        )
        return {"ice_free_sea": open_water, "sea_ice": over_ice, "land": over_land}

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

    def _states(
        self,
        level: LowestLevel,
        near: NearSurfaceAir,
        columns: Columns,
        tiles: Tiles,
        fluxes: Mapping[str, BulkFluxes],
    ) -> Rows:
        """The lowest level, and what similarity says of the air below it."""
        humidity = near.specific_humidity
        virtual = level.air_temperature * (1.0 + VIRTUAL_TEMPERATURE_FACTOR * humidity)
        rows = {
            "height": level.height,
            "eastward_wind": level.eastward_wind,
            "northward_wind": level.northward_wind,
            "air_temperature": level.air_temperature,
            "air_potential_temperature": near.potential_temperature,
            "specific_humidity": humidity,
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
            "eastward_wind_at_10m": tiles.sea.eastward_current,
            "northward_wind_at_10m": tiles.sea.northward_current,
        }
        for name, attribute in _NEAR_SURFACE.items():
            values = {tile: getattr(fluxes[tile], attribute) for tile in TILES}
            values["ice_free_sea"] = values["ice_free_sea"] + moving.get(name, 0.0)
            rows |= tiles.rows(name, values)
        return rows

    def _sky(
        self, state: Any, tiles: Tiles, columns: Columns, step: Step
    ) -> tuple[Any, Radiation, dict[str, jax.Array]]:
        """What shines on the cell, and the sunlight that each tile absorbs."""
        longitude, latitude = map(jnp.asarray, self.grid.position)
        calendar = self.config.run.calendar
        light = sunlight(*step, latitude, longitude, calendar)
        albedo = tiles.albedos(light.sunlit_cosine)
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
                surface_albedo=tiles.mean(albedo),
                surface_temperature=tiles.mean(tiles.temperatures()),
                ice_free_sea=tiles.parts["ice_free_sea"],
            )
        absorbed = {
            tile: derived.absorbed_shortwave(sky.shortwave_down, albedo[tile]) for tile in TILES
        }
        return state, sky, absorbed

    def _warmed(
        self, state: ExchangeState, sea: Sea, rows: Rows, flux: BulkFluxes, step: Step
    ) -> ExchangeState:
        """The state with the warm layer of the sea a step later."""
        warming = warm_layer_step(
            state.warming,
            sea_surface_temperature=sea.temperature,
            net_shortwave_flux=rows[over("surface_net_downward_shortwave_flux", "ice_free_sea")],
            nonsolar_flux=rows[over("surface_downward_nonsolar_heat_flux", "ice_free_sea")],
            friction_velocity=flux.friction_velocity,
            seconds=float(step.seconds),
        )
        return dataclasses.replace(state, warming=warming)


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
    tiles: Tiles,
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
        **tiles.rows("surface_net_downward_shortwave_flux", shortwave),
        **tiles.rows("surface_net_downward_longwave_flux", longwave),
        **tiles.rows("surface_downward_nonsolar_heat_flux", non_solar),
        over("surface_downward_nonsolar_heat_flux_derivative", "sea_ice"): derivative,
    }


def _unsupported_evaporation(tiles: Tiles, rows: Rows) -> jax.Array:
    """What land evaporates beyond what its air bears out, over the whole cell."""
    land = rows[over("water_evapotranspiration_flux", "land")]
    recycled = recycled_evaporation(
        land, tiles.land.moisture_availability, tiles.land.relative_humidity
    )
    return tiles.parts["land"] * (land - recycled)


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
