"""Functions made into executables, loaded from where an earlier run has kept them if it has."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import pickle
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import serialize_executable

from ngcm_coupler.device.compilation.identity import fingerprint
from ngcm_coupler.device.compilation.jax_cache import bypassed
from ngcm_coupler.device.compilation.store import Store
from ngcm_coupler.engine.atmosphere import is_random_key
from ngcm_coupler.errors import shown

_log = logging.getLogger(__name__)

_TOLERANCE = 1e-5
"""Relative, between what an executable gave when it was made and what it gives when loaded: a
wrong one is far off, and a GPU need not add in the same order twice."""

_WORTH_A_LINE_SECONDS = 1.0


class Compiler:
    """Makes functions into executables for one device, and takes arrays there and back.

    The first argument of every function is the parameters, which are the same in all calls.

    Attributes:
      compiled: how many executables have been made.
      loaded: how many have been loaded instead.
    """

    def __init__(self, device: Any, store: Store | None, facts: Mapping[str, str]) -> None:
        """Prepares for a run.

        Args:
          device: to compile for.
          store: where executables are kept; None to keep none.
          facts: what they depend on, `identity.computation`.
        """
        self._device, self._store, self._facts = device, store, dict(facts)
        self.compiled = self.loaded = 0

    def put(self, values: Any) -> Any:
        """Copies a pytree of arrays to the device."""
        return jax.device_put(values, self._device)

    put_state = put

    def fetch(self, values: Any) -> Any:
        """The arrays, all of which the host can read where they are."""
        return values

    def function(
        self,
        label: str,
        function: Callable[..., Any],
        gives: Any = None,
        donate: tuple[int, ...] = (),
        sees: str = "",
    ) -> CompiledFunction:
        """The function, compiled or loaded at its first call.

        Args:
          label: what it is, for messages; no two functions of a run share one.
          function: pure; its first argument is the parameters.
          gives: see `placement.OnMesh`; here all is whole.
          donate: places of arguments whose memory the results may take.
          sees: what it depends on that other functions of the run do not.
        """
        return CompiledFunction(self, label, jax.jit(function, donate_argnums=donate), sees)

    def structure(self, label: str, make: Callable[[], Any]) -> Any:
        """A pytree of `jax.ShapeDtypeStruct` that takes long to find, found once and kept.

        Args:
          label: what it is.
          make: finds it.
        """
        name = self._name(label)
        if self._store and (contents := self._store.read(name)):
            with contextlib.suppress(Exception):
                return pickle.loads(contents)
        found = make()
        if self._store:
            self._store.write(name, pickle.dumps(found))
        return found

    def executable(
        self, label: str, function: Any, arguments: tuple[Any, ...], sees: str = ""
    ) -> Any:
        """What runs the function, as `function` has taken it, on arguments of such shapes."""
        if self._store is None:
            return self._make(label, function, arguments)
        name = self._name(label, str(_shapes(arguments)), sees)
        if contents := self._store.read(name):
            try:
                executable = self._load(label, contents, arguments[0])
            except Exception as error:  # whatever it is costs a compilation and nothing else
                _log.warning(
                    "%s of an earlier run is not used: %s",
                    label,
                    shown(f"{type(error).__name__}: {error}"),
                )
                self._store.remove(name)
            else:
                self.loaded += 1
                return executable
        sample = _to_host(arguments[1:])
        with bypassed():
            executable = self._make(label, function, arguments)
        try:
            contents = self._contents(executable, arguments[0], sample)
            self._load(label, contents, arguments[0])
        except Exception as error:
            _log.warning(
                "%s is not kept for the next run: %s",
                label,
                shown(f"{type(error).__name__}: {error}"),
            )
        else:
            self._store.write(name, contents)
        return executable

    def _make(self, label: str, function: Any, arguments: tuple[Any, ...]) -> Any:
        start = time.perf_counter()
        with progress(f"compiling {label}"):
            executable = function.lower(*arguments).compile()
        seconds = time.perf_counter() - start
        level = logging.INFO if seconds >= _WORTH_A_LINE_SECONDS else logging.DEBUG
        _log.log(level, "compiled %s in %.1f s", label, seconds)
        self.compiled += 1
        return executable

    def _contents(self, made: Any, parameters: Any, sample: Any) -> bytes:
        """What to keep of an executable: itself, and what it makes of a sample."""
        outcome = self._outcome(made, parameters, sample)
        return pickle.dumps(_Kept(*serialize_executable.serialize(made), sample, outcome))

    def _load(self, label: str, contents: bytes, parameters: Any) -> Any:
        """The executable of what has been kept.

        Raises:
          ValueError: it does not do what it did when it was made.
          Exception: whatever JAX and pickle find wrong with it.
        """
        start = time.perf_counter()
        kept: _Kept = pickle.loads(contents)
        executable = serialize_executable.deserialize_and_load(
            kept.executable,
            kept.arguments,
            kept.results,
            backend=self._device.client,
            execution_devices=[self._device],
        )
        outcome = self._outcome(executable, parameters, kept.sample)
        if not np.allclose(outcome, kept.outcome, rtol=_TOLERANCE, atol=0.0, equal_nan=True):
            raise ValueError("it does not do what it did when it was made")
        _log.debug("%s: loaded and tried in %.2f s", label, time.perf_counter() - start)
        return executable

    def _outcome(self, executable: Any, parameters: Any, sample: Any) -> np.ndarray:
        """What an executable makes of a sample, in a few numbers an array."""
        return _figures(executable(parameters, *jax.device_put(_to_device(sample), self._device)))

    def _name(self, label: str, shapes: str = "", sees: str = "") -> str:
        facts = self._facts | {"function": label, "arguments": shapes, "sees": sees}
        return f"{label.replace(' ', '_')}-{fingerprint(facts)}"


class CompiledFunction:
    """A function whose first call makes or loads its executable.

    Later calls cannot compile anything: arguments of other shapes are an error.
    """

    def __init__(self, compiler: Compiler, label: str, function: Any, sees: str) -> None:
        self._compiler, self._label, self._function = compiler, label, function
        self._sees = sees
        self._executable: Any = None

    def text(self) -> str:
        """The compiled program, which says of each operation where in the function it is from."""
        return self._executable.as_text()

    def __call__(self, *arguments: Any) -> Any:
        """Starts it and returns."""
        if self._executable is None:
            self._executable = self._compiler.executable(
                self._label, self._function, arguments, self._sees
            )
        return self._executable(*arguments)


@dataclasses.dataclass(frozen=True)
class _Kept:
    """What a file holds.

    Attributes:
      executable: as JAX serializes it.
      arguments: structure of the arguments.
      results: structure of the results.
      sample: arguments but the first, on the host.
      outcome: what it made of them.
    """

    executable: bytes
    arguments: Any
    results: Any
    sample: Any
    outcome: np.ndarray


@dataclasses.dataclass(frozen=True)
class _Key:
    """A random key on the host: its bits."""

    bits: np.ndarray


@contextlib.contextmanager
def progress(doing: str, seconds: float = 10.0) -> Iterator[None]:
    """Says that something still goes on, for whoever watches the log.

    Args:
      doing: what.
      seconds: between two lines.
    """
    over = threading.Event()
    start = time.perf_counter()

    def speak() -> None:
        while not over.wait(seconds):
            _log.info("still %s, for %.0f s", doing, time.perf_counter() - start)

    speaker = threading.Thread(target=speak, daemon=True, name="ngcm progress")
    speaker.start()
    try:
        yield
    finally:
        over.set()
        speaker.join()


def _shapes(arguments: tuple[Any, ...]) -> Any:
    """Structure, shapes and types of arguments, and which of them have a type of their own."""
    leaves, structure = jax.tree.flatten(arguments)
    return structure, [jax.typeof(leaf).str_short() for leaf in leaves]


def _to_host(arguments: Any) -> Any:
    def fetch(leaf: Any) -> Any:
        if is_random_key(leaf):
            return _Key(np.array(jax.random.key_data(leaf)))
        return np.array(leaf)

    return jax.tree.map(fetch, arguments)


def _to_device(sample: Any) -> Any:
    def put(leaf: Any) -> Any:
        return jax.random.wrap_key_data(jnp.asarray(leaf.bits)) if isinstance(leaf, _Key) else leaf

    return jax.tree.map(put, sample, is_leaf=lambda leaf: isinstance(leaf, _Key))


def _figures(results: Any) -> np.ndarray:
    """Mean and largest absolute value of each array, and how many values are finite."""
    rows = []
    for leaf in jax.tree.leaves(results):
        bits = jax.random.key_data(leaf) if is_random_key(leaf) else leaf
        values = np.abs(np.asarray(bits, np.float64))
        finite = values[np.isfinite(values)]
        mean, most = (finite.mean(), finite.max()) if finite.size else (0.0, 0.0)
        rows.append([mean, most, finite.size])
    return np.array(rows)
