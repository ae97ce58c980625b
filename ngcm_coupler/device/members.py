"""Members of the atmosphere on the device: states, parameters and the compiled interval.

Between two exchanges nothing here crosses to the host. What does cross is one array of imports
per interval and member in, and one array of exports out.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ngcm_coupler.clock import Clock
from ngcm_coupler.config import Config, multiple_of_step_fault
from ngcm_coupler.config.run_groups import CONTROL
from ngcm_coupler.device import compilation
from ngcm_coupler.device.compilation import (
    Compiler,
    Store,
    computation,
    refuse_strangers,
    use_jax_cache,
)
from ngcm_coupler.device.devices import device
from ngcm_coupler.device.ensemble import batched, member_key, over_members, perturbed
from ngcm_coupler.device.leaves import named_leaves, to_host, to_leaf
from ngcm_coupler.device.placement import ANY_PARTS, STATE, WHOLE, OnMesh
from ngcm_coupler.engine import engine_of
from ngcm_coupler.engine.atmosphere import AtmosphereState, Parameters
from ngcm_coupler.engine.build import build_atmosphere
from ngcm_coupler.errors import ConfigError, RestartError
from ngcm_coupler.interval import CoupledState, Interval
from ngcm_coupler.interval.water_closure import WaterOfGlobe

_log = logging.getLogger(__name__)


class Members:
    """Members of an atmosphere with their states on a device.

    `begin` or `restore` gives them their first state. On a CPU the members are stepped in turn by
    one compiled function, so that a member has the same bits in whatever company it is computed;
    on a GPU all of a rank are one batch, unless `&ngcm_ensemble` says otherwise.

    Attributes:
      atmosphere: the engine.
      fields: the exported fields, in the order of the rows of `exports`.
      device: where it lives.
      numbers: of the members.
      has_advanced: whether an interval has been started; the first one compiles it.
    """

    def __init__(
        self, config: Config, numbers: Sequence[int] = (CONTROL,), mesh: Any = None
    ) -> None:
        """Builds the engine and puts its parameters on the device.

        Args:
          config: the settings.
          numbers: of the members to hold.
          mesh: devices of several ranks that share one member; None for this rank's own.

        Raises:
          ConfigError: no such device, the coupling interval does not fit the model step, or the
            model does not decode the levels that &ngcm_history asks for, or nothing can be kept
            in the cache_folder of &ngcm_device.
          CheckpointError: the checkpoint cannot be used.
        """
        self.numbers = tuple(numbers)
        self.device = device(config.device)
        _warn_of_binding(self.device)
        store = _store(config, self.device)
        with self._settings():
            self.atmosphere = build_atmosphere(config, mesh)
        interval_seconds = config.coupling.interval_seconds
        fault = multiple_of_step_fault(interval_seconds, self.atmosphere.step_seconds)
        if fault:
            raise ConfigError(fault)
        with self._settings():
            # What compiled functions see of the settings is what their executables are kept under.
            seen = config.of_computation()
            self._interval = Interval(self.atmosphere, seen)
            facts = computation(seen, self.atmosphere, self.device) if store else {}
            facts["files"] = engine_of(config).closed_over(config) if store else ""
            self._placement: Compiler | OnMesh = Compiler(self.device, store, facts)
            if mesh is not None:
                self._placement = OnMesh(mesh, self._template())
        self.fields = self._interval.exports
        self._config = config
        self._calendar = config.run.calendar
        self._parameters = self._placement.put(self.atmosphere.parameters)
        self.has_advanced = False
        self._traced = 0
        each = config.ensemble.coupling == "each"
        self._batched = len(self.numbers) > 1 and batched(config.ensemble, self.device.platform)
        batch = functools.partial(over_members, imports_axis=0 if each else None)

        def compiled(
            label: str,
            function: Callable[..., Any],
            gives: Any = WHOLE,
            donate: tuple[int, ...] = (),
            over: Callable[..., Callable[..., Any]] = batch,
            sees: str = "",
        ) -> Callable[..., Any]:
            if self._batched:
                function, label = over(function), f"{label} of members"
            return self._placement.function(label, function, gives, donate, sees)

        offered, history = self.atmosphere.levels, config.history
        self._levels = offered.chosen(history.level_fields, history.pressure_levels_hpa)
        self._decoded: list[dict[str, jax.Array]] = []
        self._advance = compiled("the coupling interval", self._trace, (STATE, WHOLE), (1,))
        self._decode = compiled("the decoder", self._pressure_levels, sees=str(self._levels))
        self._diagnose = compiled("the first diagnosis", self._interval.diagnose)
        self._dry_air_pressure = compiled(
            "the mass of dry air",
            lambda _, atmosphere: self.atmosphere.dry_air_pressure(atmosphere),
            over=functools.partial(jax.vmap, in_axes=(None, 0)),
        )

    def begin(self, start: str | None) -> tuple[Clock, np.ndarray]:
        """Starts from the initial data.

        Args:
          start: date of the initial state, ISO 8601; None for the date of the initial data.

        Returns:
          The clock at the date of the state, and the imports that stand for a host's until it has
          put its own, float32, shape (members, len(imports), n).

        Raises:
          DataError: the initial data cannot be used.
        """
        with self._settings():
            states, imports = [], []
            compiled = self._placement.function
            encode = compiled("the encoder", self.atmosphere.encode, ANY_PARTS)
            perturb = compiled("the perturbation", self._perturbed, ANY_PARTS)
            first_imports = compiled("the first imports", self._interval.initial_imports)
            begin = compiled("the first state", self._begun, STATE)
            data = self.atmosphere.initial_data(start)
            clock = Clock(data.time, self._calendar)
            date = np.int32(clock.day), np.int32(clock.second)
            kelvin = self._config.ensemble.perturbation_kelvin
            for number in self.numbers:
                key = self._placement.put(member_key(self._config.model.random_seed, number))
                state = encode(self._parameters, data.fields, key)
                if number != CONTROL and kelvin:
                    state = perturb(self._parameters, state, key, np.float32(kelvin))
                imports.append(np.asarray(first_imports(self._parameters, state, data.surface)))
                states.append(begin(self._parameters, state, *date))
            self._hold_states(states)
        return clock, np.stack(imports)

    def diagnose(self) -> None:
        """Makes the exported states of this moment the exports; fluxes are not a number."""
        with self._settings():
            self._exports = [
                self._diagnose(self._parameters, state, imports)
                for state, imports in zip(self._states, self._imports, strict=True)
            ]

    def send(self, imports: np.ndarray) -> None:
        """Copies imported fields to the device.

        Args:
          imports: float32, shape (members, len(imports), n), or (1, ...) for all members.
        """
        # On a CPU a device array may share the memory it is put from: no one may change it.
        self._held = imports.copy()
        count = len(self._states)
        if self._batched:
            batches = [self._held if len(self._held) > 1 else self._held[0]]
        else:
            batches = list(self._held) if len(self._held) == count else [self._held[0]] * count
        self._imports = [self._placement.put(batch) for batch in batches]

    def advance(self) -> None:
        """Starts one interval and returns while the device works."""
        with self._settings():
            results = [
                self._advance(self._parameters, state, imports)
                for state, imports in zip(self._states, self._imports, strict=True)
            ]
        self._states = [state for state, _ in results]
        self._exports = [exports for _, exports in results]
        for exports in self._exports:
            exports.copy_to_host_async()  # as soon as they are there, while the host does its own
        self.has_advanced = True

    def decode(self) -> None:
        """Starts the decoder behind the interval that the device is at, and returns."""
        with self._settings():
            self._decoded = [
                self._decode(self._parameters, state, imports)
                for state, imports in zip(self._states, self._imports, strict=True)
            ]

    def levels(self) -> dict[str, np.ndarray]:
        """Waits for what `decode` has started, and hands it out once.

        Returns:
          Name in files of each field on levels that &ngcm_history asks for -> shape (members,
          levels, n); empty where nothing has been started.
        """
        decoded, self._decoded = self._decoded, []
        names = [field.name for field in self._levels.fields] if decoded else []
        return {name: self._by_member([rows[name] for rows in decoded]) for name in names}

    def imports(self) -> np.ndarray:
        """The imported fields as the device has them, as given to `send`."""
        return self._held

    def wait(self) -> bool:
        """Waits for the device; whether it had finished before."""
        ready = all(exports.is_ready() for exports in self._exports)
        jax.block_until_ready(self._exports)
        return ready

    def exports(self) -> np.ndarray:
        """Waits for the device; the exported fields, shape (members, len(fields), n)."""
        return self._by_member(self._exports)

    def dry_air_pressure(self) -> np.ndarray:
        """Pressure of dry air at the surface, mean over the globe [Pa]: its mass; (members,)."""
        with self._settings():
            pressures = [
                self._dry_air_pressure(self._parameters, state.atmosphere) for state in self._states
            ]
        return self._by_member(pressures)

    def water(self) -> list[WaterOfGlobe]:
        """Waits for the device; the water of the globe of each member."""
        if self._batched:
            budget = jax.device_get(self._states[0].water)
            return [WaterOfGlobe.of(budget, place) for place in range(len(self.numbers))]
        return [WaterOfGlobe.of(jax.device_get(state.water)) for state in self._states]

    @property
    def is_batched(self) -> bool:
        """Whether the members are one batch, and not stepped in turn."""
        return self._batched

    def compiled_text(self) -> str:
        """The interval as the compiler has left it, once it has been advanced on one device."""
        return self._advance.text()

    def traced_intervals(self) -> int:
        """How many times the interval has been traced: once, or never if it has been loaded."""
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

    def _begun(
        self, parameters: Parameters, state: AtmosphereState, day: jax.Array, second: jax.Array
    ) -> CoupledState:
        return self._interval.begin(parameters, state, day, second)

    def _perturbed(
        self, _: Parameters, state: AtmosphereState, key: jax.Array, kelvin: jax.Array
    ) -> AtmosphereState:
        return perturbed(self.atmosphere, state, key, kelvin)

    def _pressure_levels(
        self, parameters: Parameters, state: CoupledState, imports: jax.Array
    ) -> dict[str, jax.Array]:
        """The chosen part of what the decoder gives, so that no more leaves the device."""
        rows = self._interval.pressure_levels(parameters, state, imports)
        places = self._levels.places(self.atmosphere.levels)
        return {field.name: rows[field.name][places] for field in self._levels.fields}

    def leaves(self) -> dict[str, np.ndarray]:
        """The states as named arrays, shape (members, ...), random keys as their bits."""
        by_batch = [dict(named_leaves(state)) for state in self._states]
        fetch = self._placement.fetch
        return {
            name: self._by_member([to_host(fetch(leaves[name])) for leaves in by_batch])
            for name in by_batch[0]
        }

    def restore(self, leaves: dict[str, np.ndarray]) -> None:
        """Starts from what `leaves` has given.

        Raises:
          RestartError: an array is missing, left over, or of another shape or type.
        """
        with self._settings():
            template = self._template()
            named = named_leaves(template)
            if odd := sorted({name for name, _ in named} ^ set(leaves)):
                raise RestartError(
                    f"the restart state differs from the model's in: {', '.join(odd)}"
                )
            structure = jax.tree.structure(template)
            self._hold_states(
                [
                    jax.tree.unflatten(
                        structure,
                        [to_leaf(name, leaves[name][place], leaf) for name, leaf in named],
                    )
                    for place in range(len(self.numbers))
                ]
            )

    def _hold_states(self, states: list[CoupledState]) -> None:
        """Takes a state of each member, in one batch or one by one."""
        if self._batched:
            states = [jax.tree.map(lambda *leaves: jnp.stack(leaves), *states)]
        self._states = [self._placement.put_state(state) for state in states]

    def _template(self) -> CoupledState:
        """The structure of a state, without computing one."""

        def find() -> CoupledState:
            template = self.atmosphere.state_template()
            return jax.eval_shape(self._interval.begin, self.atmosphere.parameters, template, 0, 0)

        return self._placement.structure("structure of the state", find)

    def _by_member(self, batches: Sequence[jax.Array | np.ndarray]) -> np.ndarray:
        """Arrays of the batches as one on the host, with a leading axis of members."""
        if self._batched:
            return np.asarray(batches[0])
        if len(batches) == 1:
            return np.asarray(batches[0])[np.newaxis]
        return np.stack([np.asarray(batch) for batch in batches])


def _store(config: Config, device: Any) -> Store | None:
    """Where executables are kept; None to keep none. JAX's own cache is set up beside them.

    Raises:
      ConfigError: the folder that the namelist names cannot be used.
    """
    refuse_strangers()
    kept = config.device.keep_compiled
    if kept == "nothing":
        return None
    place = compilation.folder(config.device.cache_folder)
    store = Store(place)
    if problem := store.problem():
        _log.warning(
            "compiled code is not kept for the next run, nor that of earlier ones used: %s; name a"
            " folder that only you can write to as cache_folder of &ngcm_device",
            problem,
        )
        return None
    use_jax_cache(place, device)
    _log.debug("compiled code is kept in %s", place)
    return store if kept == "executables" else None


def _warn_of_binding(device: Any) -> None:
    """Says so when a launcher has bound the rank that computes to a single core."""
    cores = len(os.sched_getaffinity(0))
    if device.platform == "cpu" and cores == 1 and (os.cpu_count() or 1) > 1:
        _log.warning(
            "the atmosphere's rank is bound to 1 of %d cores, and JAX will use no more; run mpirun"
            " with --bind-to none or --map-by slot:PE=N",
            os.cpu_count(),
        )
