"""Compiled code of an earlier run is used where it is the same code, and nowhere else."""

from __future__ import annotations

import dataclasses
import logging
import os
import pickle
import subprocess
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ngcm_coupler.component import Component
from ngcm_coupler.config import parse
from ngcm_coupler.device.compilation import Compiler, Store, computation, folder, identity
from ngcm_coupler.device.compilation.compiler import progress
from ngcm_coupler.engine import load
from ngcm_coupler.engine.analytic import AnalyticAtmosphere
from ngcm_coupler.errors import ConfigError

DEVICE = jax.devices("cpu")[0]
FACTS = {"model": "one"}
NAMELIST = (
    "&ngcm_model engine = 'analytic', analytic_latitudes = 8 /"
    "&ngcm_coupling interval_seconds = 3600 / &ngcm_radiation scheme = 'host' /"
)


def squared(parameters, x):
    return {"sum": parameters + x**2, "count": jnp.sum(x > 0)}


def never(parameters, x):
    raise AssertionError("traced again")


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "kept")


def compiler(store, facts=FACTS):
    return Compiler(DEVICE, store, facts)


def files(store):
    return sorted(store.place.glob("*.executable"))


def keep(store, function=squared, label="square"):
    """Makes the executable and keeps it; returns what it gives."""
    return compiler(store).function(label, function)(np.float32(1.0), jnp.arange(5.0))


@pytest.mark.bits
def test_the_next_run_loads_without_tracing_and_gives_the_same_bits(store):
    made = keep(store)
    second = compiler(store)
    loaded = second.function("square", never)(np.float32(1.0), jnp.arange(5.0))
    assert (second.loaded, second.compiled) == (1, 0)
    assert jax.tree.map(lambda x: np.asarray(x).tobytes(), made) == jax.tree.map(
        lambda x: np.asarray(x).tobytes(), loaded
    )


@pytest.mark.parametrize(
    ("label", "facts", "argument"),
    [
        ("square", {"model": "two"}, jnp.arange(5.0)),
        ("another", FACTS, jnp.arange(5.0)),
        ("square", FACTS, jnp.arange(6.0)),
        ("square", FACTS, jnp.arange(5)),
    ],
)
def test_what_differs_in_anything_is_compiled(store, label, facts, argument):
    keep(store)
    other = compiler(store, facts)
    other.function(label, squared)(np.float32(1.0), argument)
    assert (other.loaded, other.compiled) == (0, 1)
    assert len(files(store)) == 2


def test_arguments_of_another_shape_are_an_error_and_compile_nothing(store):
    function = compiler(store).function("square", squared)
    function(np.float32(1.0), jnp.arange(5.0))
    with pytest.raises(TypeError):
        function(np.float32(1.0), jnp.arange(6.0))


@pytest.mark.bits
def test_random_keys_and_donated_states_come_through(store):
    def draw(_, state, key):
        return state + jax.random.normal(key, state.shape), jax.random.split(key)[0]

    def run(compiler_):
        function = compiler_.function("draw", draw, donate=(1,))
        state, key = jnp.zeros(1000), jax.random.key(1)
        given = state
        for _ in range(3):
            state, key = function(None, state, key)
        return np.asarray(state), given.is_deleted()

    (made, gone), (loaded, gone_again) = run(compiler(store)), run(compiler(store))
    assert made.tobytes() == loaded.tobytes()
    assert gone and gone_again


@pytest.mark.parametrize("damage", ["cut", "flipped", "emptied"])
def test_a_damaged_file_is_replaced(store, damage, caplog):
    keep(store)
    (path,) = files(store)
    contents = bytearray(path.read_bytes())
    if damage == "flipped":
        contents[len(contents) // 2] ^= 1
    path.write_bytes(contents[: {"cut": -100, "flipped": None, "emptied": 0}[damage]])
    again = compiler(store)
    again.function("square", squared)(np.float32(1.0), jnp.arange(5.0))
    assert again.compiled == 1 and "damaged" in caplog.text
    third = compiler(store)
    third.function("square", never)(np.float32(1.0), jnp.arange(5.0))
    assert third.loaded == 1


def test_an_executable_that_does_something_else_is_found_out(store, caplog):
    keep(store)
    keep(store, lambda parameters, x: {"sum": parameters - x, "count": jnp.sum(x > 0)}, "other")
    other, square = files(store)
    kept, right = (pickle.loads(store.read(path.stem)) for path in (other, square))
    # The code of the one with what the other gave.
    wrong = dataclasses.replace(right, executable=kept.executable)
    store.write(square.stem, pickle.dumps(wrong))
    again = compiler(store)
    result = again.function("square", squared)(np.float32(1.0), jnp.arange(5.0))
    assert again.compiled == 1 and "does not do what it did when it was made" in caplog.text
    np.testing.assert_array_equal(result["sum"], 1.0 + np.arange(5.0) ** 2)


def test_what_cannot_be_understood_is_compiled(store, caplog):
    keep(store)
    (path,) = files(store)
    store.write(path.stem, b"of another version")
    again = compiler(store)
    again.function("square", squared)(np.float32(1.0), jnp.arange(5.0))
    assert again.compiled == 1 and "of an earlier run is not used" in caplog.text


@pytest.mark.slow
def test_code_from_the_cache_of_jax_is_compiled_afresh_to_be_kept(tmp_path):
    """JAX cannot serialize again what it has loaded: the result fails when it runs."""
    program = (
        "import sys, jax, jax.numpy as jnp, numpy as np, pathlib\n"
        "from ngcm_coupler.device.compilation import Compiler, Store\n"
        "def f(p, x):\n"
        "    for _ in range(20): x = p @ jnp.sin(x) / 7.0\n"
        "    return x\n"
        "p, x = np.eye(50, dtype='f'), jnp.ones((50, 50))\n"
        "if sys.argv[1] == 'fill':\n"
        "    sys.exit(jax.jit(f)(p, x).is_deleted())\n"
        "compiler = Compiler(jax.devices()[0], Store(pathlib.Path(sys.argv[1])), {})\n"
        "compiler.function('f', f)(p, x)\n"
        "print(compiler.compiled, compiler.loaded)\n"
    )
    environment = os.environ | {
        "JAX_COMPILATION_CACHE_DIR": str(tmp_path / "jax"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }

    def run(place):
        command = [sys.executable, "-c", program, place]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    run("fill")
    assert list((tmp_path / "jax").iterdir()), "JAX's cache is in use"
    assert run(str(tmp_path / "kept")) == ["1", "0"]
    assert run(str(tmp_path / "kept")) == ["0", "1"]


@pytest.mark.slow
def test_many_ranks_may_start_at_once(tmp_path):
    program = (
        "import sys, numpy as np, pathlib\n"
        "from ngcm_coupler.device.compilation import Store\n"
        "store, whole = Store(pathlib.Path(sys.argv[1])), bytes(3_000_000)\n"
        "for _ in range(40):\n"
        "    assert store.write('same', whole)\n"
        "    assert store.read('same') == whole\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    ranks = [subprocess.Popen(command) for _ in range(4)]
    assert [rank.wait() for rank in ranks] == [0] * 4
    assert [path.name for path in tmp_path.iterdir()] == ["same.executable"]


def test_the_place_is_the_users_cache_or_as_the_namelist_says(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert folder("") == tmp_path / "ngcm_coupler"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert folder("") == tmp_path / ".cache" / "ngcm_coupler"
    with monkeypatch.context() as nameless:
        nameless.delenv("HOME")
        nameless.setattr("pwd.getpwuid", lambda _: {}[_])
        assert folder("").name == f"ngcm_coupler-{os.geteuid()}"
    assert folder(str(tmp_path / "mine")) == tmp_path / "mine"
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"cache_folder = .*file/kept': .*file is not a folder"):
        folder(str(tmp_path / "file" / "kept"))


@pytest.mark.slow
def test_a_run_goes_on_where_nothing_can_be_kept(tmp_path, monkeypatch, caplog):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    component = create(tmp_path, "")
    component.close()
    assert "compiled code is not kept for the next run" in caplog.text


def test_long_compilations_are_heard_of(caplog):
    caplog.set_level(logging.INFO)
    with progress("compiling the model", seconds=0.02):
        time.sleep(0.2)
    assert "still compiling the model, for 0 s" in caplog.text


# Which settings count.


def facts(namelist):
    return computation(parse(namelist).of_computation(), AnalyticAtmosphere(8, 3600), DEVICE)


def test_where_and_how_long_a_run_goes_changes_no_compiled_code():
    other = (
        "&ngcm_run start_date = '2001-01-01', stop_date = '2002-01-01' /"
        "&ngcm_log level = 'error' / &ngcm_history file = 'here.nc' /"
        "&ngcm_restart folder = 'here' / &ngcm_limits wall_clock_seconds = 3600 /"
        "&ngcm_driver run_hours = 3 /"
        "&ngcm_ensemble members = 3, coupling = 'each', perturbation_kelvin = 0.5 /"
    )
    assert facts(NAMELIST) == facts(NAMELIST + other)


@pytest.mark.parametrize(
    "other",
    [
        "&ngcm_run calendar = 'noleap' /",
        "&ngcm_surface bulk_scheme = 'ncar' /",
    ],
)
def test_what_the_model_sees_makes_other_code(other):
    assert facts(NAMELIST) != facts(NAMELIST + other)


def test_variables_of_no_effect_make_no_other_code(monkeypatch):
    before = facts(NAMELIST)
    for name in "JAX_PLATFORMS", "JAX_COMPILATION_CACHE_DIR", "XLA_PYTHON_CLIENT_MEM_FRACTION":
        monkeypatch.setenv(name, "0.5")
    assert facts(NAMELIST) == before
    monkeypatch.setenv("XLA_FLAGS", "--xla_cpu_enable_fast_math=true")
    assert facts(NAMELIST) != before


def test_levels_of_the_history_make_another_decoder_and_nothing_else(store):
    def names(levels):
        here = compiler(store)
        for label, sees in ("the decoder", levels), ("the coupling interval", ""):
            here.function(label, squared, sees=sees)(np.float32(1.0), jnp.arange(5.0))
        return here.compiled, here.loaded

    assert names("500 hPa") == (2, 0)
    assert names("850 hPa") == (1, 1)
    assert names("500 hPa") == (0, 2)


def test_what_compiled_functions_see_is_a_configuration_that_says_all_of_it():
    config = parse(NAMELIST).of_computation()
    assert config.of_computation() == config


def test_a_changed_line_in_a_package_makes_other_code(tmp_path, monkeypatch):
    package = tmp_path / "traced_package"
    package.mkdir()
    (package / "__init__.py").write_text("x = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    digest = identity._source.__wrapped__
    before = digest("traced_package")
    (package / "__init__.py").write_text("x = 2\n")
    assert digest("traced_package") != before
    assert digest("no_such_package") == "not installed"


# A whole component.


def create(tmp_path, extra):
    namelist = tmp_path / "run.nml"
    namelist.write_text(NAMELIST + extra)
    return Component.create(str(namelist))


def hours(component, count):
    """Puts what is there and advances; the exports of the last interval, as bits."""
    values = np.empty(component.grid.size)
    for _ in range(count):
        for number in range(1, len(load_imports(component)) + 1):
            component.get(number, values)
            component.put(number, values)
        component.advance(3600)
    component.wait()
    return component._owner.exports.tobytes()


def load_imports(component):
    return [field for field in component.fields if field.direction == "import"]


@pytest.mark.bits
@pytest.mark.slow
@pytest.mark.parametrize("members", [1, 3])
def test_a_second_run_and_a_restarted_one_trace_nothing(tmp_path, members):
    extra = (
        f"&ngcm_device cache_folder = '{tmp_path}/kept' /"
        f"&ngcm_ensemble members = {members}, perturbation_kelvin = 0.1 /"
    )
    first = create(tmp_path, extra)
    bits = hours(first, 2)
    first.write_restart(str(tmp_path / "restart.nc"))
    further = hours(first, 2)
    assert first._owner.members.traced_intervals() == 1
    first.close()

    second = create(tmp_path, extra)
    assert hours(second, 2) == bits
    assert second._owner.members.traced_intervals() == 0
    second.close()

    third = create(tmp_path, extra + f"&ngcm_restart read_file = '{tmp_path}/restart.nc' /")
    assert hours(third, 2) == further
    assert third._owner.members.traced_intervals() == 0
    third.close()


@pytest.mark.slow
def test_nothing_is_kept_where_the_namelist_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    component = create(tmp_path, "&ngcm_device keep_compiled = 'nothing' /")
    hours(component, 1)
    component.close()
    assert not (tmp_path / "cache").exists()


@pytest.mark.slow
def test_a_state_that_is_fetched_stays_as_it_was(tmp_path):
    """The next interval takes over the memory of the state, of which the host may hold a view."""
    component = create(tmp_path, "")
    hours(component, 1)
    fetched = component._owner.members.leaves()
    copies = {name: array.copy() for name, array in fetched.items()}
    hours(component, 3)
    for name, array in fetched.items():
        np.testing.assert_array_equal(array, copies[name])
    component.close()


def test_the_namelist_has_the_keys(tmp_path):
    namelist = tmp_path / "run.nml"
    namelist.write_text("&ngcm_device keep_compiled = 'everything' /")
    with pytest.raises(ConfigError, match="keep_compiled"):
        load(str(namelist))
