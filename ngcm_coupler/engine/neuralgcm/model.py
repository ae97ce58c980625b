"""Published NeuralGCM models as an `Atmosphere`, run by the authors' own package.

A step is `PressureLevelModel.advance` with nothing put in between. Its numbers are upstream's,
to the last digits with upstream's own dynamical core and to rounding with the fast one.
This file turns the vector of surface points into the forcing that upstream expects, and the
spectral, nondimensional state into the lowest level in SI units.
"""

from __future__ import annotations

import dataclasses
import functools
import logging

import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np
from dinosaur import (
    coordinate_systems,
    scales,
    sigma_coordinates,
    spherical_harmonic,
    typing,
    xarray_utils,
)
from neuralgcm.legacy import api, correctors, gin_utils, orographies

from ngcm_coupler.air import Columns, Increments, LowestLevel, SurfaceState, SurfaceWater
from ngcm_coupler.clock.calendars import REAL
from ngcm_coupler.constants import GAS_CONSTANT_DRY_AIR, GRAVITY, VIRTUAL_TEMPERATURE_FACTOR
from ngcm_coupler.engine.atmosphere import AtmosphereState, InitialData, Parameters
from ngcm_coupler.engine.neuralgcm.checkpoint import Checkpoint
from ngcm_coupler.engine.neuralgcm.diagnosed_water import (
    diagnoses_water,
    exchanged_water,
    predicts_precipitation,
    substeps,
    with_water_diagnostics,
)
from ngcm_coupler.engine.neuralgcm.dycore.configuration import with_fast_dycore
from ngcm_coupler.engine.neuralgcm.dycore.coverage import FAST, chosen_core
from ngcm_coupler.engine.neuralgcm.era5 import read_initial_data
from ngcm_coupler.engine.neuralgcm.initial_state import clock_at
from ngcm_coupler.engine.neuralgcm.mesh import on_mesh, without_padding
from ngcm_coupler.engine.neuralgcm.model_time import ModelTime
from ngcm_coupler.engine.neuralgcm.parts import STEP, in_parts, only
from ngcm_coupler.errors import CheckpointError, reason
from ngcm_coupler.fields.levels import Levels
from ngcm_coupler.grid import GaussianGrid, Grid

_log = logging.getLogger(__name__)

_OROGRAPHIES = (
    orographies.ClippedOrography,
    orographies.FilteredCustomOrography,
    orographies.LearnedOrography,
)

_STEPS = (correctors.DycoreWithPhysicsCorrector,)
"""What filters each step of a state."""

_TYPICAL_PRESSURE = 98000.0
"""Near the global mean of surface pressure [Pa]."""


class NeuralGCM:
    """A published model. See `Atmosphere` for the interface."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        initial_state: str,
        calendar: str = REAL,
        mesh: jax.sharding.Mesh | None = None,
        dycore: str = FAST,
    ) -> None:
        """Builds the model of a checkpoint.

        Args:
          checkpoint: the file's contents.
          initial_state: path of a dataset in ERA5 layout, or ``demo``.
          calendar: of the run, one of `calendars.CALENDARS`.
          mesh: the devices that share the model, of a `mesh.Split`; None for one device.
          dycore: ``fast`` where it has the model's equations, or ``upstream``.

        Raises:
          CheckpointError: upstream cannot build the model, its grid is not Gaussian, or it cannot
            be split over such a mesh.
        """
        self._substeps = substeps(checkpoint.gin)
        config = with_water_diagnostics(checkpoint.gin.text(), self._substeps)
        self.dynamical_core = chosen_core(checkpoint.gin, dycore, split=mesh is not None)
        if self.dynamical_core == FAST:
            config = with_fast_dycore(config)
        elif dycore == FAST:
            _log.warning("the dynamical core is %s", self.dynamical_core)
        if mesh is not None:
            config = without_padding(config)
        try:
            self._model = api.PressureLevelModel.from_checkpoint(
                checkpoint.as_dict() | {"model_config_str": config}
            )
        except Exception as error:
            raise CheckpointError(
                f"checkpoint {checkpoint.path}: neuralgcm cannot build the model: {reason(error)}"
            ) from error
        if mesh is not None:
            self._model = on_mesh(self._model, mesh)
        self._structure = in_parts(self._model._structure)
        vertical = self._model.model_coords.vertical
        if not isinstance(vertical, sigma_coordinates.SigmaCoordinates):
            raise CheckpointError(
                f"checkpoint {checkpoint.path}: the model's levels are"
                f" {type(vertical).__name__}; expected sigma levels, as published models have"
            )
        self._sigma = vertical
        self.nominal_levels = np.asarray(vertical.centers, np.float64)
        self._initial_state = initial_state
        self._units: dict[str, float] = {}
        self.name = f"neuralgcm-{checkpoint.sha256[:16]}"
        self.grid: Grid = _gaussian_grid(self._model, checkpoint)
        self.parameters: Parameters = self._model.params
        self.budgets_water = diagnoses_water(config)
        self.predicts_precipitation = predicts_precipitation(config)
        self.levels = Levels.offered(
            self._model.input_variables, self._model.data_coords.vertical.centers.tolist()
        )
        self.step_seconds = round(self._model.timestep / np.timedelta64(1, "s"))
        self._calendar = calendar
        self._time = ModelTime(
            calendar,
            np.datetime64(self._specs.aux_features[xarray_utils.REFERENCE_DATETIME_KEY]),
            self._unit("second"),
        )
        mask = xarray_utils.nodal_land_sea_mask_from_ds(
            self._specs.aux_features[xarray_utils.XARRAY_DS_KEY]
        )
        land = self._to_points(np.asarray(mask, np.float64)).clip(0.0, 1.0)
        self.land_area_fraction = self.grid.land_and_inland_water(land)

    def initial_data(self, start: str | None) -> InitialData:
        """One date of the initial dataset. See `Atmosphere`."""
        model = self._model
        date, dataset, sea = read_initial_data(
            self._initial_state,
            start,
            model.input_variables + model.forcing_variables,
            model.data_coords,
        )
        clock = clock_at(self._initial_state, date, self._calendar)
        # Upstream knows the real calendar only; of another, only the sun needs the date.
        time = np.datetime64(86400 * clock.day + clock.second, "s")
        inputs, forcings = model.data_from_xarray(dataset.assign_coords(time=time))
        # Upstream computes the date in double precision; the device holds single.
        sim_time = np.asarray(inputs["sim_time"], np.float32)
        sim_time = np.asarray(self._time.of(sim_time, clock.day, clock.second))
        inputs["sim_time"] = forcings["sim_time"] = sim_time
        surface = SurfaceState(
            self._to_points(sea["sea_surface_temperature"].values),
            self._to_points(sea["sea_ice_cover"].values),
        )
        return InitialData(clock.start, (inputs, forcings), surface)

    def encode(
        self,
        parameters: Parameters,
        fields: tuple[dict[str, jax.Array], dict[str, jax.Array]],
        key: jax.Array,
    ) -> AtmosphereState:
        """What upstream's encoder makes of its inputs and forcings. See `Atmosphere`."""
        return self._with_parameters(parameters).encode(*fields, key)

    def state_template(self) -> AtmosphereState:
        """See `Atmosphere`."""
        model = self._model
        levels, nodal = model.data_coords.vertical.layers, model.data_coords.horizontal.nodal_shape

        def data(names: list[str], layers: int) -> dict[str, jax.ShapeDtypeStruct]:
            shape = jax.ShapeDtypeStruct((layers, *nodal), jnp.float32)
            time = jax.ShapeDtypeStruct((), jnp.float32)
            return dict.fromkeys(names, shape) | {"sim_time": time}

        fields = data(model.input_variables, levels), data(model.forcing_variables, 1)
        return jax.eval_shape(self.encode, self.parameters, fields, jax.random.key(0))

    def with_date(
        self, state: AtmosphereState, day: jax.Array, second: jax.Array
    ) -> AtmosphereState:
        """The state with the time that has the sun of a date. See `Atmosphere`."""
        prognostic = _prognostic(state)
        time = self._time.of(prognostic.sim_time, day, second)
        return _with_prognostic(state, prognostic.replace(sim_time=time))

    def step(
        self, parameters: Parameters, state: AtmosphereState, surface: SurfaceState
    ) -> AtmosphereState:
        """One step of upstream's model. See `Atmosphere`.

        The forcing carries the date of the state itself: how old an imported value may be is
        the component's decision, and the model's own answer to a stale one would be NaN.
        """
        if self.budgets_water:
            # Upstream adds some of the diagnostics up over time; only the step's own are wanted.
            none = jax.tree.map(jnp.zeros_like, state.diagnostics)
            state = dataclasses.replace(state, diagnostics=none)
        return self._with_parameters(parameters).advance(state, self._forcing(state, surface))

    def _forcing(self, state: AtmosphereState, surface: SurfaceState) -> dict[str, jax.Array]:
        """What upstream's model sees of the surface."""
        return {
            "sea_surface_temperature": self._to_nodal(surface.sea_surface_temperature)[None],
            "sea_ice_cover": self._to_nodal(surface.sea_ice_area_fraction)[None],
            "sim_time": _prognostic(state).sim_time,
        }

    def dry_air_pressure(self, state: AtmosphereState) -> jax.Array:
        """Surface pressure less the weight of vapour and cloud. See `Atmosphere`."""
        prognostic = _prognostic(state)
        thickness = jnp.asarray(self._sigma.layer_thickness, jnp.float32)
        # The transform is linear: summed over the column first, one level has to be transformed.
        tracers = jnp.stack(list(prognostic.tracers.values()))
        nodal = self._model.model_coords.horizontal.to_nodal(
            {
                "log_pressure": prognostic.log_surface_pressure[0],
                "water": jnp.einsum("k,tkml->ml", thickness, tracers),
            }
        )
        dry = 1.0 - nodal["water"] * self._unit("dimensionless")
        pressure = self._to_points(jnp.exp(nodal["log_pressure"]) * dry) * self._unit("pascal")
        weight = (self.grid.area / self.grid.area.sum()).astype(np.float32)
        # A sum of departures keeps the digits that a sum of 1e5 Pa each would lose.
        return _TYPICAL_PRESSURE + (weight * (pressure - _TYPICAL_PRESSURE)).sum()

    def with_mass_scaled(self, state: AtmosphereState, logarithm: jax.Array) -> AtmosphereState:
        """Adds it to the logarithm of surface pressure. See `Atmosphere`."""
        horizontal = self._model.model_coords.horizontal
        uniform = horizontal.to_modal(np.ones((1, *horizontal.nodal_shape), np.float32))
        prognostic = _prognostic(state)
        return _with_prognostic(
            state,
            prognostic.replace(
                log_surface_pressure=prognostic.log_surface_pressure + logarithm * uniform
            ),
        )

    def with_increments(self, state: AtmosphereState, increments: Increments) -> AtmosphereState:
        """Adds the increments' spherical harmonics. See `Atmosphere`."""
        horizontal = self._model.model_coords.horizontal

        def nodal(columns: jax.Array, unit: str) -> jax.Array:
            levels = columns.reshape(-1, self.grid.nlat, self.grid.nlon).transpose(0, 2, 1)
            return levels / self._unit(unit)

        prognostic = _prognostic(state)
        if increments.wind is not None:
            vorticity, divergence = spherical_harmonic.uv_nodal_to_vor_div_modal(
                horizontal, *(nodal(component, "meter / second") for component in increments.wind)
            )
            prognostic = prognostic.replace(
                vorticity=prognostic.vorticity + vorticity,
                divergence=prognostic.divergence + divergence,
            )
        if increments.air_temperature is not None:
            warming = horizontal.to_modal(nodal(increments.air_temperature, "kelvin"))
            prognostic = prognostic.replace(
                temperature_variation=prognostic.temperature_variation + warming
            )
        if increments.specific_humidity is not None:
            name = "specific_humidity"
            moistening = horizontal.to_modal(nodal(increments.specific_humidity, "dimensionless"))
            tracers = prognostic.tracers
            prognostic = prognostic.replace(tracers=tracers | {name: tracers[name] + moistening})
        return _with_prognostic(state, prognostic)

    def lowest_level(self, parameters: Parameters, state: AtmosphereState) -> LowestLevel:
        """Transforms the lowest layer to grid points and SI units. See `Atmosphere`."""
        prognostic = _prognostic(state)
        horizontal = self._model.model_coords.horizontal
        eastward, northward = spherical_harmonic.vor_div_to_uv_nodal(
            horizontal, prognostic.vorticity[-1:], prognostic.divergence[-1:], clip=False
        )
        nodal = horizontal.to_nodal(
            {
                "temperature": prognostic.temperature_variation[-1:],
                "humidity": prognostic.tracers["specific_humidity"][-1:],
                "log_pressure": prognostic.log_surface_pressure,
                "orography": self._orography(parameters)[None],
            }
        )
        reference = self._specs.aux_features[xarray_utils.REF_TEMP_KEY][-1]
        sigma = float(self._sigma.centers[-1])
        temperature = (nodal["temperature"] + reference) * self._unit("kelvin")
        pressure = jnp.exp(nodal["log_pressure"]) * self._unit("pascal")
        humidity = nodal["humidity"] * self._unit("dimensionless")
        # The dynamical core's own hydrostatic sum over the lowest half layer.
        virtual = temperature * (1.0 + VIRTUAL_TEMPERATURE_FACTOR * humidity)
        height = -np.log(sigma) * GAS_CONSTANT_DRY_AIR / GRAVITY * virtual
        speed = self._unit("meter / second")
        return LowestLevel(
            height=self._to_points(height[0]),
            eastward_wind=self._to_points(eastward[0]) * speed,
            northward_wind=self._to_points(northward[0]) * speed,
            air_temperature=self._to_points(temperature[0]),
            specific_humidity=self._to_points(humidity[0]),
            air_pressure=self._to_points(pressure[0]) * sigma,
            surface_air_pressure=self._to_points(pressure[0]),
            surface_altitude=self._to_points(nodal["orography"][0]) * self._unit("meter"),
        )

    def columns(self, parameters: Parameters, state: AtmosphereState) -> Columns:
        """Transforms temperature, water and pressure of all levels. See `Atmosphere`."""
        prognostic = _prognostic(state)
        nodal = self._model.model_coords.horizontal.to_nodal(
            {
                "temperature": prognostic.temperature_variation,
                "log_pressure": prognostic.log_surface_pressure,
                **prognostic.tracers,
            }
        )
        reference = self._specs.aux_features[xarray_utils.REF_TEMP_KEY][:, None]
        surface = self._to_points(jnp.exp(nodal["log_pressure"])[0]) * self._unit("pascal")
        mass_fraction = self._unit("dimensionless")

        def water(tracer: str) -> jax.Array:
            # A model without that species has none of it.
            values = nodal.get(tracer, jnp.zeros_like(nodal["temperature"]))
            return _to_columns(values) * mass_fraction

        return Columns(
            air_temperature=(_to_columns(nodal["temperature"]) + reference) * self._unit("kelvin"),
            specific_humidity=water("specific_humidity"),
            cloud_ice=water("specific_cloud_ice_water_content"),
            cloud_liquid=water("specific_cloud_liquid_water_content"),
            air_pressure=self._sigma.centers[:, None].astype(np.float32) * surface,
            interface_pressure=self._sigma.boundaries[:, None].astype(np.float32) * surface,
        )

    def prognostic_fields(self, state: AtmosphereState) -> dict[str, jax.Array]:
        """The fields of a state on the grid, (level, longitude, latitude), in the model's units."""
        prognostic = _prognostic(state)
        return self._model.model_coords.horizontal.to_nodal(
            {
                "vorticity": prognostic.vorticity,
                "divergence": prognostic.divergence,
                "temperature_variation": prognostic.temperature_variation,
                "log_surface_pressure": prognostic.log_surface_pressure,
                **prognostic.tracers,
            }
        )

    def surface_water(self, state: AtmosphereState) -> SurfaceWater:
        """What upstream's own diagnostics say of the step. See `Atmosphere`."""
        counted = self._substeps * self._specs.dt
        water = exchanged_water(state.diagnostics, counted, self._water_density)
        rate = self._unit("kilogram / meter**2 / second")
        return SurfaceWater(
            net_downward=self._to_points(water.net_downward) * rate,
            precipitation=None
            if water.precipitation is None
            else self._to_points(water.precipitation) * rate,
        )

    def pressure_levels(
        self, parameters: Parameters, state: AtmosphereState, surface: SurfaceState
    ) -> dict[str, jax.Array]:
        """What upstream's own decoder gives, in SI units as it gives them. See `Atmosphere`."""
        model = self._with_parameters(parameters)
        decoded = model.decode(state, self._forcing(state, surface))
        return {row.name: _to_columns(decoded[row.decoder]) for row in self.levels.fields}

    @functools.cached_property
    def _water_density(self) -> float:
        """Density of liquid water in upstream's diagnostics, nondimensional."""
        return float(self._specs.physics_specs.nondimensionalize(scales.WATER_DENSITY))

    @property
    def _specs(self):  # noqa: ANN202 - upstream's ModelSpecs
        return self._structure.specs

    def _with_parameters(self, parameters: Parameters) -> api.PressureLevelModel:
        """The same model with other learned parameters, which may be tracers."""
        return api.PressureLevelModel(self._structure, parameters, self._model.gin_config)

    def _unit(self, unit: str) -> float:
        """Size of the model's nondimensional one in that unit."""
        if unit not in self._units:
            self._units[unit] = float(self._model.from_nondim_units(1.0, unit))
        return self._units[unit]

    def _to_nodal(self, points: jax.Array) -> jax.Array:
        """(n,) -> upstream's (longitude, latitude)."""
        return points.reshape(self.grid.nlat, self.grid.nlon).T

    @staticmethod
    def _to_points(nodal):  # noqa: ANN001, ANN205 - numpy in, numpy out; jax in, jax out
        """Upstream's (longitude, latitude) -> (n,)."""
        return nodal.T.reshape(-1)

    def _orography(self, parameters: Parameters) -> jax.Array:
        """The surface that pressure has adjusted to, modal and nondimensional.

        It is the dynamical core's own, learned in most checkpoints, through the filter of a step:
        what it holds of the shortest waves is taken out of every state, so that pressure never
        answers to it. It has no name of its own in the model's interface, so it is seen where the
        dynamical core asks for it while the step is put together.
        """
        structure = self._structure
        seen: list[tuple[coordinate_systems.CoordinateSystem, jax.Array]] = []
        filters = []

        def record(call, args, kwargs, context):  # noqa: ANN001, ANN202 - haiku's signature
            result = call(*args, **kwargs)
            module = context.module
            if isinstance(module, _OROGRAPHIES):
                seen.append((module.coords, result))  # a learned one after its base
            if isinstance(module, _STEPS) and context.method_name == "__init__":
                filters.append(module.filter_fn)
            return result

        def build() -> jax.Array:
            structure.model_cls()
            if not seen:
                return jnp.zeros(structure.coords.horizontal.modal_shape)
            coords, orography = seen[-1]
            for step_filter in filters:
                orography = step_filter(orography, orography)
            to_model = coordinate_systems.get_spectral_interpolate_fn(coords, structure.coords)
            return to_model(orography[None])[0]

        with (
            only(STEP),
            hk.intercept_methods(record),
            gin_utils.specific_config(self._model.gin_config),
        ):
            return hk.transform(build).apply(parameters, None)


def _to_columns(nodal: jax.Array) -> jax.Array:
    """Upstream's (level, longitude, latitude) -> (level, n).

    Hemisphere by hemisphere: XLA writes what is put together to memory, once. What is only turned
    it would collect anew, from across the result of the transform, for everything computed of it.
    """
    halves = jnp.array_split(nodal, 2, axis=-1)
    turned = jnp.concatenate([half.transpose(0, 2, 1) for half in halves], axis=1)
    return turned.reshape(nodal.shape[0], -1)


def _prognostic(state: AtmosphereState):  # noqa: ANN202 - upstream's State
    """The prognostic fields of a state; stochastic models wrap them in a `ModelState`."""
    return state.state if isinstance(state, typing.ModelState) else state


def _with_prognostic(state: AtmosphereState, prognostic) -> AtmosphereState:  # noqa: ANN001
    """The state with other prognostic fields."""
    if isinstance(state, typing.ModelState):
        return dataclasses.replace(state, state=prognostic)
    return prognostic


def _gaussian_grid(model: api.PressureLevelModel, checkpoint: Checkpoint) -> GaussianGrid:
    """The model's grid, checked against ours point by point."""
    horizontal = model.model_coords.horizontal
    grid = GaussianGrid(*horizontal.nodal_shape)
    same = horizontal.nodal_shape == model.data_coords.horizontal.nodal_shape
    same = same and np.allclose(np.rad2deg(horizontal.longitudes), grid.longitudes)
    if not (same and np.allclose(np.rad2deg(horizontal.latitudes), grid.latitudes)):
        raise CheckpointError(
            f"checkpoint {checkpoint.path}: the model and its input are not on one Gaussian grid"
            f" that starts at Greenwich (model {horizontal}); only such models can be coupled"
        )
    return grid
