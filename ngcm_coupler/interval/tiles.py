"""The tiles of a cell, open sea, ice and land: what each is like, and the means over them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import jax

from ngcm_coupler.fields import TILES, over
from ngcm_coupler.interval.column_budget import Rows
from ngcm_coupler.surface import derived
from ngcm_coupler.surface.radiation.albedo import open_water_albedo


class Sea(NamedTuple):
    """Open water, each of shape (n,)."""

    temperature: jax.Array
    """As the host has it [K]."""
    eastward_current: jax.Array
    """[m s-1]."""
    northward_current: jax.Array
    """[m s-1]."""


class Ice(NamedTuple):
    """Sea ice, or the snow on it."""

    temperature: jax.Array
    """Of the surface [K], shape (n,)."""
    albedo: jax.Array
    """[1], shape (4, n)."""


class Land(NamedTuple):
    """Land, each of shape (n,) but for the albedo."""

    temperature: jax.Array
    """Of the skin [K]."""
    albedo: jax.Array
    """[1], shape (4, n)."""
    roughness_length: jax.Array
    """Of momentum [m]."""
    moisture_availability: jax.Array
    """[1]."""
    relative_humidity: jax.Array
    """Of the air at the ground [1]."""


class Tiles(NamedTuple):
    """What a cell consists of."""

    sea: Sea
    ice: Ice
    land: Land
    ice_area_fraction: jax.Array
    """Part of the sea that ice covers [1], shape (n,)."""
    parts: dict[str, jax.Array]
    """Part of the cell that each tile covers [1], shape (n,) each."""

    def temperatures(self) -> dict[str, jax.Array]:
        """Temperature of each tile [K], shape (n,)."""
        return {
            "ice_free_sea": self.sea.temperature,
            "sea_ice": self.ice.temperature,
            "land": self.land.temperature,
        }

    def albedos(self, sunlit_cosine: jax.Array) -> dict[str, jax.Array]:
        """Albedo of each tile [1], shape (4, n).

        Args:
          sunlit_cosine: cosine of the zenith angle while the sun is up [1], shape (n,).
        """
        return {
            "ice_free_sea": open_water_albedo(sunlit_cosine),
            "sea_ice": self.ice.albedo,
            "land": self.land.albedo,
        }

    def mean(self, values: Mapping[str, jax.Array]) -> jax.Array:
        """Mean over the cell of a quantity over its tiles."""
        first, *others = (self.parts[tile] * values[tile] for tile in TILES)
        return sum(others, first)

    def rows(self, name: str, values: Mapping[str, jax.Array]) -> Rows:
        """A quantity over each tile, over the sea and over the whole cell."""
        rows: Rows = {over(name, tile): values[tile] for tile in TILES}
        rows[over(name, "sea")] = derived.sea_mean(
            values["ice_free_sea"], values["sea_ice"], self.ice_area_fraction
        )
        rows[name] = self.mean(values)
        return rows
