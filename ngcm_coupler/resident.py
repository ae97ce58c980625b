"""The atmosphere that lives on the device: state, parameters and the compiled interval.

Between two exchanges nothing here crosses to the host. What does cross is one array of imports
per interval in, and one array of exports out.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import os
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ngcm_coupler.clock import Clock
from ngcm_coupler.config import Config, multiple_of_step_fault
from ngcm_coupler.engine.analytic import AnalyticAtmosphere
from ngcm_coupler.engine.base import Atmosphere, Parameters
from ngcm_coupler.errors import ConfigError, RestartError
from ngcm_coupler.exchange.exchange_grid import ExchangeGrid
from ngcm_coupler.exchange.grid_files import read_surface_grid
from ngcm_coupler.interval import CoupledState, Interval

_log = logging.getLogger(__name__)


def build_atmosphere(config: Config) -> Atmosphere:
    """Builds the atmosphere that ``&ngcm_model`` names, over the sea that ``&ngcm_grid`` names.

    Raises:
      CheckpointError: the checkpoint cannot be used.
      DataError: the file of the sea's grid cannot be used.
    """
    atmosphere = _build_engine(config)
    settings = config.grid
    if settings.sea_grid_file:
        sea = read_surface_grid(settings.sea_grid_file, settings.sea_grid_name)
        exchange = ExchangeGrid.build(atmosphere.grid, sea)
        atmosphere.land_area_fraction = 1.0 - exchange.sea_area_fraction
    return atmosphere


def _build_engine(config: Config) -> Atmosphere:
    model = config.model
    if model.engine == "analytic":
        return AnalyticAtmosphere(model.analytic_latitudes, model.analytic_step_seconds)
    # neuralgcm takes seconds to import, which no other engine should have to wait for.
    from ngcm_coupler.engine.checkpoint import read_checkpoint
    from ngcm_coupler.engine.neuralgcm import NeuralGCM

    return NeuralGCM(
        read_checkpoint(model.checkpoint), model.initial_state, config.run.calendar, model.dycore
    )


class ResidentAtmosphere:
    """An atmosphere with its state on a device. `begin` or `restore` gives it its first state.

    Attributes:
      atmosphere: the engine.
      fields: the exported fields, in the order of the rows of `exports`.
      device: where it lives.
    """

    def __init__(self, config: Config) -> None:
        """Builds the engine and puts its parameters on the device.

        Raises:
          ConfigError: no such device, or the coupling interval does not fit the model step.
          CheckpointError: the checkpoint cannot be used.
        """
        self.device = _device(config.device.platform)
        _warn_of_binding(self.device)
        with self._settings():
            self.atmosphere = build_atmosphere(config)
        interval_seconds = config.coupling.interval_seconds
        fault = multiple_of_step_fault(interval_seconds, self.atmosphere.step_seconds)
        if fault:
            raise ConfigError(fault)
        with self._settings():
            self._interval = Interval(self.atmosphere, config)
        self.fields = self._interval.exports
        self._seed = config.model.random_seed
        self._calendar = config.run.calendar
        self._parameters = jax.device_put(self.atmosphere.parameters, self.device)
        self._traced = 0
        self._advance = jax.jit(self._trace)
        self._dry_air_pressure = jax.jit(self.atmosphere.dry_air_pressure)

    def begin(self, start: str | None) -> Clock:
        """Starts from the initial data.

        Args:
          start: date of the initial state, ISO 8601; None for the date of the initial data.

        Returns:
          The clock at the date of the state.

        Raises:
          DataError: the initial data cannot be used.
        """
        with self._settings():
            initial = self.atmosphere.initial_condition(start, self._seed)
            imports = jax.jit(lambda: self._interval.initial_imports(self._parameters, initial))()
            clock = Clock(initial.time, self._calendar)
            state = jax.jit(self._interval.begin)(initial.state, clock.day, clock.second)
            self._state = jax.device_put(state, self.device)
            self._hold(np.asarray(imports))
            self._exports = jax.jit(self._interval.diagnose)(
                self._parameters, self._state, self._imports
            )
        return clock

    def send(self, imports: np.ndarray) -> None:
        """Copies imported fields to the device.

        Args:
          imports: float32, shape (len(imports), n).
        """
        self._hold(imports)

    def _hold(self, imports: np.ndarray) -> None:
        """Puts imports on the device, and keeps them here, so that no one need fetch them back."""
        # On a CPU a device array may share the memory it is put from: no one may change it.
        self._held = imports.copy()
        self._imports = jax.device_put(self._held, self.device)

    def advance(self) -> None:
        """Starts one interval and returns while the device works."""
        if not self.compiled_intervals():
            _log.info("compiling the coupling interval, once for the whole run")
        with self._settings():
            self._state, self._exports = self._advance(self._parameters, self._state, self._imports)

    def imports(self) -> np.ndarray:
        """The imported fields as the device has them, shape (len(imports), n)."""
        return self._held

    def exports(self) -> np.ndarray:
        """Waits for the device and returns the exported fields, shape (len(fields), n)."""
        return np.asarray(self._exports)

    def dry_air_pressure(self) -> float:
        """Pressure of dry air at the surface, mean over the globe [Pa]: its mass."""
        with self._settings():
            return float(self._dry_air_pressure(self._state.atmosphere))

    def compiled_intervals(self) -> int:
        """How many times the interval has been compiled; more than once is a fault."""
        return self._traced

    @contextlib.contextmanager
    def _settings(self) -> Iterator[None]:
        """JAX as the models need it, whatever the host's environment has set."""
        with jax.default_device(self.device), jax.enable_x64(False):
            yield

    def _trace(
        self, parameters: Parameters, state: CoupledState, imports: jax.Array
    ) -> tuple[CoupledState, jax.Array]:
        """The interval; Python runs through it only while JAX compiles it."""
        self._traced += 1
        return self._interval.advance(parameters, state, imports)

    def leaves(self) -> dict[str, np.ndarray]:
        """The state as named arrays, random keys as their bits, for a restart file."""
        return {name: _to_host(leaf) for name, leaf in _named_leaves(self._state)}

    def restore(self, leaves: dict[str, np.ndarray], imports: np.ndarray) -> None:
        """Starts from what `leaves` and `imports` have given.

        Raises:
          RestartError: an array is missing, left over, or of another shape or type.
        """
        with self._settings():
            template = jax.eval_shape(self._interval.begin, self.atmosphere.state_template(), 0, 0)
        named = _named_leaves(template)
        if odd := sorted({name for name, _ in named} ^ set(leaves)):
            raise RestartError(f"the restart state differs from the model's in: {', '.join(odd)}")
        values = [_to_leaf(name, leaves[name], leaf) for name, leaf in named]
        state = jax.tree.unflatten(jax.tree.structure(template), values)
        self._state = jax.device_put(state, self.device)
        self._hold(imports)


def _warn_of_binding(device: Any) -> None:
    """Says so when a launcher has bound the rank that computes to a single core."""
    cores = len(os.sched_getaffinity(0))
    if device.platform == "cpu" and cores == 1 and (os.cpu_count() or 1) > 1:
        _log.warning(
            "the atmosphere's rank is bound to 1 of %d cores, and JAX will use no more; run mpirun"
            " with --bind-to none or --map-by slot:PE=N",
            os.cpu_count(),
        )


def _device(platform: str) -> Any:
    """The device that ``&ngcm_device`` asks for."""
    try:
        return jax.devices(None if platform == "auto" else platform)[0]
    except RuntimeError as error:
        raise ConfigError(
            f"&ngcm_device platform = '{platform}': JAX finds no such device ({error}); use 'auto'"
            " or 'cpu', or install JAX with support for it"
        ) from error


def _named_leaves(state: Any) -> list[tuple[str, Any]]:
    """The arrays of a state with their place in it, ``state.vorticity`` say, in tree order.

    Upstream's states are registered without names, so JAX only numbers their fields; the
    dataclass knows what they are called.
    """
    named = []
    for path, leaf in jax.tree_util.tree_flatten_with_path(state)[0]:
        node, names = state, ["state"]
        for key in path:
            if isinstance(key, jax.tree_util.FlattenedIndexKey):
                names.append(dataclasses.fields(node)[key.key].name)
                node = getattr(node, names[-1])
            else:
                names.append(jax.tree_util.keystr((key,), simple=True))
                node = node[key.key] if hasattr(key, "key") else getattr(node, names[-1])
        named.append((".".join(names), leaf))
    return named


def _to_host(leaf: jax.Array) -> np.ndarray:
    """An array on the host; a random key as its bits, truth as a byte, which netCDF knows."""
    if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        return np.asarray(jax.random.key_data(leaf))
    values = np.asarray(leaf)
    return values.astype(np.uint8) if values.dtype == bool else values


def _to_leaf(name: str, value: np.ndarray, leaf: jax.ShapeDtypeStruct) -> Any:
    """The inverse of `_to_host`, checked against the leaf of the template."""
    is_key = jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
    expected = jax.eval_shape(jax.random.key_data, leaf) if is_key else leaf
    dtype = np.uint8 if expected.dtype == bool else expected.dtype
    if value.shape != expected.shape or value.dtype != dtype:
        raise RestartError(
            f"restart array {name} has shape {value.shape} and type {value.dtype}; the model needs"
            f" {expected.shape} and {dtype}"
        )
    if is_key:
        return jax.random.wrap_key_data(jnp.asarray(value))
    return value.astype(expected.dtype)
