"""What the rest of the plugin knows of an atmosphere.

An atmosphere is a set of pure functions on an opaque state. Whatever is nondimensional, spectral
or ordered otherwise stays behind this interface: what comes out is in SI units on the vector of
grid points (see ``grid.py``).
"""

from __future__ import annotations

import dataclasses
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import numpy as np

from ngcm_coupler.air import Columns, Increments, LowestLevel, SurfaceState, SurfaceWater
from ngcm_coupler.fields.levels import Levels
from ngcm_coupler.grid import Grid

AtmosphereState = Any
"""The prognostic state of an atmosphere: a pytree of arrays, opaque outside its engine."""

Parameters = Any
"""The learned parameters of an atmosphere: a pytree of float32 arrays."""


@dataclasses.dataclass(frozen=True)
class InitialData:
    """Where a run begins, as it is read.

    Attributes:
      time: date of the data in the calendar of the run, ISO 8601, resolution of seconds.
      fields: what `Atmosphere.encode` makes a state of: a pytree of arrays, opaque otherwise.
      surface: the surface at that date, which holds until the host sends another.
    """

    time: str
    fields: Any
    surface: SurfaceState


@dataclasses.dataclass(frozen=True)
class InitialCondition:
    """Where a run begins.

    Attributes:
      time: date of the state, as in `InitialData`.
      state: the atmosphere at that date.
      surface: the surface at that date.
    """

    time: str
    state: AtmosphereState
    surface: SurfaceState


class Atmosphere(Protocol):
    """An atmosphere that can be coupled.

    Attributes:
      name: identifies the model in logs and restart files; two atmospheres of the same name can
        continue each other's states.
      grid: the grid of all fields that enter or leave.
      land_area_fraction: [1], float64, shape (grid.size,); inland water, which no ocean model
        knows, counts as land.
      nominal_levels: pressure of the levels over that at the surface, in a column at sea level [1],
        top first, shape (levels,); what is spread over the lowest layers is spread by it.
      step_seconds: length of a model step.
      parameters: learned parameters as numpy arrays; an empty dict where nothing is learned.
      predicts_precipitation: whether `surface_water` tells a precipitation of the model's own.
      budgets_water: whether `surface_water` can tell what a step has done.
      levels: what `pressure_levels` gives; empty for a model without a decoder.
      dynamical_core: what the files of a run say of it; '' where there is no choice, and where an
        engine from outside does not tell it.
    """

    name: str
    grid: Grid
    land_area_fraction: np.ndarray
    nominal_levels: np.ndarray
    step_seconds: int
    parameters: Parameters
    budgets_water: bool
    predicts_precipitation: bool
    levels: Levels
    dynamical_core: str

    def initial_data(self, start: str | None) -> InitialData:
        """Reads the initial data.

        Args:
          start: date wanted, ISO 8601; None takes the date of the initial data.

        Raises:
          DataError: the initial data lack that date, a variable or a level.
        """
        ...

    def encode(self, parameters: Parameters, fields: Any, key: jax.Array) -> AtmosphereState:
        """The state of initial data. Pure.

        Args:
          parameters: learned parameters.
          fields: of `InitialData`.
          key: random key of the member.
        """
        ...

    def state_template(self) -> AtmosphereState:
        """The structure of a state as `jax.ShapeDtypeStruct` leaves, without computing one."""
        ...

    def with_date(
        self, state: AtmosphereState, day: jax.Array, second: jax.Array
    ) -> AtmosphereState:
        """The state with the sun of a date, as far as the model has one of its own.

        Args:
          state: the state at that date.
          day: days since 1970-01-01 in the calendar of the run, int32, shape ().
          second: second of that day, int32, shape ().
        """
        ...

    def step(
        self, parameters: Parameters, state: AtmosphereState, surface: SurfaceState
    ) -> AtmosphereState:
        """Advances the state by ``step_seconds``. Pure and differentiable."""
        ...

    def dry_air_pressure(self, state: AtmosphereState) -> jax.Array:
        """Pressure of dry air at the surface, mean over the globe [Pa], shape (): its mass."""
        ...

    def with_mass_scaled(self, state: AtmosphereState, logarithm: jax.Array) -> AtmosphereState:
        """Multiplies the mass of the air everywhere by one factor, exp(``logarithm``).

        An atmosphere that prescribes its mass returns the state.

        Args:
          state: the state.
          logarithm: of the factor [1], shape (); it is so near to 1 that single precision would
            lose the factor itself.
        """
        ...

    def with_increments(self, state: AtmosphereState, increments: Increments) -> AtmosphereState:
        """Adds increments, as far as the model resolves them."""
        ...

    def lowest_level(self, parameters: Parameters, state: AtmosphereState) -> LowestLevel:
        """Diagnoses the air next to the surface. Pure and differentiable."""
        ...

    def columns(self, parameters: Parameters, state: AtmosphereState) -> Columns:
        """The air from top to surface. Pure and differentiable."""
        ...

    def surface_water(self, state: AtmosphereState) -> SurfaceWater:
        """Water exchanged in the step that led to a state. Pure and differentiable.

        Only where ``budgets_water`` says so.
        """
        ...

    def pressure_levels(
        self, parameters: Parameters, state: AtmosphereState, surface: SurfaceState
    ) -> dict[str, jax.Array]:
        """Decodes the air to levels of constant pressure. Pure.

        Returns:
          Name in files of each field of ``levels`` -> values in its unit, shape (levels, n), in
          the order of its pressures; empty without a decoder.
        """
        ...


def is_random_key(leaf: Any) -> bool:
    """Whether a leaf of a state, or of its template, is a random key and not numbers."""
    return hasattr(leaf, "dtype") and jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def initial_condition(
    atmosphere: Atmosphere, start: str | None, key: jax.Array
) -> InitialCondition:
    """Reads the initial data and makes a state of them, which compiles the encoder.

    Raises:
      DataError: as `Atmosphere.initial_data` says.
    """
    data = atmosphere.initial_data(start)
    state = jax.jit(atmosphere.encode)(atmosphere.parameters, data.fields, key)
    return InitialCondition(data.time, state, data.surface)
