"""The surface below the air as the host has put it, and what stands in where it has put nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from ngcm_coupler.air import LowestLevel, SurfaceState
from ngcm_coupler.fields import BANDS, GEOCENTRIC_AXES, Surface, field, over
from ngcm_coupler.grid import Grid
from ngcm_coupler.interval.tiles import Ice, Land, Sea, Tiles
from ngcm_coupler.surface.geocentric import horizontal_components
from ngcm_coupler.surface.land import availability_below, relative_humidity_at_land

FREEZING_POINT = 271.35
"""Of sea water of 33 g/kg [K]. Source: UNESCO (1983), eos-80."""

ICE_ALBEDO = 0.65
"""Albedo of ice in all bands where the host gives none [1]: cold, partly snow-covered. Source: the
range of 0.5 to 0.85 of Perovich et al. (2002)."""

LAND_ALBEDO = 0.2
"""Albedo of land in all bands where the host gives none [1]. Source: the land mean of 0.2 to 0.25
with snow, Wild et al. (2015)."""

LAND_ROUGHNESS = 0.1
"""Roughness length of land where the host gives none [m]: grass and shrubs, Wieringa (1992)."""


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class HostSurface:
    """What lies below the air during an interval; valid everywhere.

    Attributes:
      sea_surface_temperature: [K], shape (n,).
      sea_ice_area_fraction: part of the sea that ice covers [1], shape (n,).
      eastward_current: [m s-1], shape (n,), zero where the host gives none.
      northward_current: likewise.
      tile_imports: the host's ice and land by name, shape (n,) each, as put.
      imposed: fluxes that the host has computed by their names as exports, shape (n,) each.
    """

    sea_surface_temperature: jax.Array
    sea_ice_area_fraction: jax.Array
    eastward_current: jax.Array
    northward_current: jax.Array
    tile_imports: dict[str, jax.Array]
    imposed: dict[str, jax.Array]

    def as_seen_by_atmosphere(self) -> SurfaceState:
        """The part of the surface that the atmosphere itself sees."""
        return SurfaceState(self.sea_surface_temperature, self.sea_ice_area_fraction)


class SurfaceReader:
    """Makes a `HostSurface` of the rows that a host has put."""

    def __init__(self, names: Sequence[str], grid: Grid, land_area_fraction: np.ndarray) -> None:
        """Prepares the masks.

        Args:
          names: imported fields, in the order of the rows.
          grid: the atmosphere's grid.
          land_area_fraction: [1], shape (n,).
        """
        self._names = tuple(names)
        self._with_sea = land_area_fraction < 1.0
        self._with_land = land_area_fraction > 0.0
        self._land_area_fraction = land_area_fraction
        self._of_sea = [i for i, name in enumerate(names) if field(name).surface == "sea"]
        self._limits = np.array([field(names[i]).accepted_range for i in self._of_sea], np.float32)
        self._nearest_sea = grid.nearest_of(self._with_sea)
        self._position = grid.position

    def read(self, imports: jax.Array) -> HostSurface:
        """Names the rows of the import array, and spreads the sea to where the host has none.

        Published models look at the sea surface wherever their own mask has a trace of water, on
        most of the land. There the host's values are taken if all of them are possible ones, as
        those of prepared ERA5 data are, and otherwise those of the nearest point with sea.

        Args:
          imports: shape (len(names), n).
        """
        sea_rows = imports[np.array(self._of_sea)]
        low, high = self._limits[:, :1], self._limits[:, 1:]
        possible = ((sea_rows >= low) & (sea_rows <= high)).all(axis=0)
        spread = sea_rows[:, self._nearest_sea]
        sea_names = [self._names[i] for i in self._of_sea]
        rows = jnp.where(self._with_sea | possible, sea_rows, spread)
        sea = dict(zip(sea_names, rows, strict=True))
        others = {
            name: row for name, row in zip(self._names, imports, strict=True) if name not in sea
        }
        return HostSurface(
            sea["sea_surface_temperature"],
            sea["sea_ice_area_fraction"].clip(0.0, 1.0),
            *self._current(sea),
            {name: row for name, row in others.items() if field(name).surface},
            {
                field(name).standard_name: row
                for name, row in others.items()
                if not field(name).surface
            },
        )

    def _current(self, sea: dict[str, jax.Array]) -> tuple[jax.Array, jax.Array]:
        """The eastward and northward current [m s-1], shape (n,) each."""
        geocentric = [f"sea_water_geocentric_{axis}_velocity" for axis in GEOCENTRIC_AXES]
        if geocentric[0] in sea:
            x, y, z = (sea[name] for name in geocentric)
            return horizontal_components(x, y, z, *map(jnp.asarray, self._position))
        still = jnp.zeros_like(sea["sea_surface_temperature"])
        return sea.get("sea_water_x_velocity", still), sea.get("sea_water_y_velocity", still)

    def initial(self, sea: SurfaceState, air: LowestLevel) -> jax.Array:
        """Rows for a host that has not put any, shape (len(names), n).

        Args:
          sea: the sea of the initial data.
          air: the lowest level of the initial state.
        """
        still = jnp.zeros_like(sea.sea_surface_temperature)
        nothing = HostSurface(
            sea.sea_surface_temperature, sea.sea_ice_area_fraction, still, still, {}, {}
        )
        tiles = self.tiles(nothing, air)
        ice, land = tiles.ice, tiles.land
        rows = {
            "sea_surface_temperature": sea.sea_surface_temperature,
            "sea_ice_area_fraction": sea.sea_ice_area_fraction,
            "sea_ice_surface_temperature": ice.temperature,
            "land_surface_skin_temperature": land.temperature,
            "surface_roughness_length_for_momentum_over_land": land.roughness_length,
            "moisture_availability_over_land": land.moisture_availability,
        }
        rows |= dict(zip(_albedos("sea_ice"), ice.albedo, strict=True))
        rows |= dict(zip(_albedos("land"), land.albedo, strict=True))
        return jnp.stack([rows.get(name, still).astype(jnp.float32) for name in self._names])

    def tiles(self, surface: HostSurface, air: LowestLevel) -> Tiles:
        """What cells consist of: the host's, and what stands in for ice and land that it lacks.

        Args:
          surface: the surface.
          air: the lowest level.
        """
        at_surface = air.brought_to_surface()
        land = jnp.asarray(self._land_area_fraction, jnp.float32)
        ice, sea = surface.sea_ice_area_fraction, 1.0 - land
        return Tiles(
            Sea(
                surface.sea_surface_temperature,
                surface.eastward_current,
                surface.northward_current,
            ),
            self._ice(surface.tile_imports, at_surface),
            self._land(surface.tile_imports, at_surface, air),
            ice,
            {"ice_free_sea": sea * (1.0 - ice), "sea_ice": sea * ice, "land": land},
        )

    def _ice(self, given: dict[str, jax.Array], at_surface: jax.Array) -> Ice:
        """The host's ice; where it has none, ice as warm as the air, but no warmer than freezing.

        Args:
          given: the host's ice and land by name.
          at_surface: temperature of the air, brought down to the surface [K], shape (n,).
        """
        return Ice(
            temperature=self._taken(
                given.get("sea_ice_surface_temperature"),
                self._with_sea,
                jnp.minimum(at_surface, FREEZING_POINT),
            ),
            albedo=self._albedo(given, "sea_ice", self._with_sea, ICE_ALBEDO),
        )

    def _land(self, given: dict[str, jax.Array], at_surface: jax.Array, air: LowestLevel) -> Land:
        """The host's land; where it has none, land as warm and as dry as the air.

        Args:
          given: the host's ice and land by name.
          at_surface: temperature of the air, brought down to the surface [K], shape (n,).
          air: the lowest level.
        """
        humidity = relative_humidity_at_land(
            at_surface, air.specific_humidity, air.surface_air_pressure
        )

        def taken(name: str, stand_in: jax.Array) -> jax.Array:
            return self._taken(given.get(name), self._with_land, stand_in)

        return Land(
            temperature=taken("land_surface_skin_temperature", at_surface),
            albedo=self._albedo(given, "land", self._with_land, LAND_ALBEDO),
            roughness_length=taken(
                "surface_roughness_length_for_momentum_over_land",
                jnp.full_like(at_surface, LAND_ROUGHNESS),
            ),
            moisture_availability=taken(
                "moisture_availability_over_land", availability_below(humidity)
            ),
            relative_humidity=humidity,
        )

    def _albedo(
        self, given: dict[str, jax.Array], tile: Surface, mask: np.ndarray, stand_in: float
    ) -> jax.Array:
        """Albedo in the four bands, shape (4, n)."""
        constant = jnp.full(mask.size, stand_in, jnp.float32)
        names = _albedos(tile)
        return jnp.stack([self._taken(given.get(name), mask, constant) for name in names])

    @staticmethod
    def _taken(given: jax.Array | None, mask: np.ndarray, stand_in: jax.Array) -> jax.Array:
        return stand_in if given is None else jnp.where(mask, given, stand_in)


def _albedos(tile: Surface) -> list[str]:
    """Names of a tile's albedos, in the order of the bands."""
    return [over(f"surface_albedo_{band}", tile) for band in BANDS]
