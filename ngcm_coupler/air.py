"""What an atmosphere and its surface tell each other: the air, the water, and what to add to them.

All in SI units on the vector of grid points (see ``grid.py``).
"""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp

from ngcm_coupler.constants import GRAVITY, KAPPA


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class SurfaceState:
    """The surface that an atmosphere sees, valid at every point, land included.

    Attributes:
      sea_surface_temperature: [K], shape (n,).
      sea_ice_area_fraction: [1], 0 to 1, shape (n,).
    """

    sea_surface_temperature: jax.Array
    sea_ice_area_fraction: jax.Array


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class LowestLevel:
    """The air next to the surface, instantaneous, each of shape (n,).

    Attributes:
      height: height of the lowest level above the model's surface [m].
      eastward_wind: [m s-1].
      northward_wind: [m s-1].
      air_temperature: [K].
      specific_humidity: [1]; as the model has it, slightly negative values included.
      air_pressure: pressure at the lowest level [Pa].
      surface_air_pressure: pressure at the model's surface [Pa].
      surface_altitude: height of the model's surface above the geoid [m].
    """

    height: jax.Array
    eastward_wind: jax.Array
    northward_wind: jax.Array
    air_temperature: jax.Array
    specific_humidity: jax.Array
    air_pressure: jax.Array
    surface_air_pressure: jax.Array
    surface_altitude: jax.Array

    def brought_to_surface(self) -> jax.Array:
        """Temperature of the air when compressed to the surface's pressure [K], shape (n,)."""
        return self.air_temperature * (self.surface_air_pressure / self.air_pressure) ** KAPPA


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Columns:
    """The whole air, instantaneous, top level first.

    Attributes:
      air_temperature: [K], shape (levels, n).
      specific_humidity: [1], shape (levels, n); slightly negative in places, as cloud water.
      cloud_ice: mass fraction of cloud ice in air [1], shape (levels, n).
      cloud_liquid: mass fraction of cloud liquid water in air [1], shape (levels, n).
      air_pressure: at the centres of the levels [Pa], shape (levels, n).
      interface_pressure: between the levels, and at top and surface [Pa], shape (levels + 1, n).
    """

    air_temperature: jax.Array
    specific_humidity: jax.Array
    cloud_ice: jax.Array
    cloud_liquid: jax.Array
    air_pressure: jax.Array
    interface_pressure: jax.Array

    def water_content(self) -> jax.Array:
        """Vapour and cloud in the column [kg m-2], shape (n,)."""
        water = self.specific_humidity + self.cloud_ice + self.cloud_liquid
        return (water * jnp.diff(self.interface_pressure, axis=0)).sum(axis=0) / GRAVITY


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Increments:
    """What to add to the air, top level first, shape (levels, n) each; None leaves it as it is.

    Attributes:
      air_temperature: [K].
      specific_humidity: [1]; what it makes negative is for `surface.fixers.borrow_humidity`.
      wind: eastward and northward [m s-1].
    """

    air_temperature: jax.Array | None = None
    specific_humidity: jax.Array | None = None
    wind: tuple[jax.Array, jax.Array] | None = None


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class SurfaceWater:
    """Water that a step has moved between the air and the surface, means over the step.

    Attributes:
      net_downward: precipitation less evaporation, as the model's column physics has taken it out
        of the air [kg m-2 s-1], shape (n,).
      precipitation: the model's own, where it predicts one [kg m-2 s-1], shape (n,); else None.
    """

    net_downward: jax.Array
    precipitation: jax.Array | None
