"""The fast dynamical core in whole models: the demo, and published sizes with random weights."""

import copy
import dataclasses

import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray
from dinosaur import coordinate_systems
from jax.extend.core import jaxprs_in_params
from jax.interpreters import partial_eval
from neuralgcm.legacy import correctors, gin_utils

from ngcm_coupler.air import SurfaceState
from ngcm_coupler.cli.bench.step import differences
from ngcm_coupler.engine.atmosphere import initial_condition
from ngcm_coupler.engine.neuralgcm.checkpoint import read_checkpoint
from ngcm_coupler.engine.neuralgcm.dycore.corrector import explicit_terms
from ngcm_coupler.engine.neuralgcm.model import NeuralGCM
from ngcm_coupler.engine.neuralgcm.published import STRUCTURES, structure
from ngcm_coupler.engine.neuralgcm.random_weights import with_random_weights

CORES = ("upstream", "fast")


@pytest.fixture(scope="module")
def engines():
    return {core: NeuralGCM(read_checkpoint("demo"), "demo", dycore=core) for core in CORES}


@pytest.fixture(scope="module")
def initial(engines):
    return initial_condition(engines["upstream"], None, 0)


def step_of(engine, surface):
    return jax.jit(lambda state: engine.step(engine.parameters, state, surface))


def equation_of(engine):
    """The equation that upstream's own corrector of a model is built with."""
    seen = []

    def record(call, args, kwargs, context):
        building = context.method_name == "__init__"
        if isinstance(context.module, correctors.DycoreWithPhysicsCorrector) and building:
            call(*args, **kwargs | {"checkpoint_explicit_terms": False})
            seen.append(context.module.dycore_equation)
        else:
            return call(*args, **kwargs)

    def build():
        with hk.intercept_methods(record):
            engine._model._structure.model_cls()

    with gin_utils.specific_config(engine._model.gin_config):
        hk.transform(build).apply(engine.parameters, None)
    return seen[-1]


@pytest.mark.slow
def test_explicit_terms_of_the_demo_are_upstreams(engines, initial):
    equation = equation_of(engines["upstream"])
    to_core = coordinate_systems.get_spectral_interpolate_fn(
        engines["upstream"]._model.model_coords, equation.coords
    )
    state = to_core(initial.state.state)
    terms = explicit_terms(equation, tuple(sorted(state.tracers)))

    @jax.jit
    def fast(state):
        x = terms(terms.layout.pack(state, terms.horizontal))
        return terms.layout.unpack(x, terms.horizontal, state)

    twin = copy.copy(equation)
    twin.coords = dataclasses.replace(
        equation.coords, horizontal=dataclasses.replace(equation.coords.horizontal)
    )
    twin.orography = np.asarray(equation.orography, np.float64)
    with jax.enable_x64(True):
        double = jax.tree.map(lambda x: jnp.asarray(np.asarray(x), jnp.float64), state)
        truth = jax.tree.map(np.asarray, jax.jit(twin.explicit_terms)(double))
    ours, theirs = fast(state), jax.jit(equation.explicit_terms)(state)
    rounding = differences(theirs, truth)
    for name, difference in differences(ours, truth).items():
        # Upstream's own is 3e-6 for vorticity.
        assert difference < 1e-6 and difference < 1.5 * rounding[name], name
    for name, difference in differences(ours, theirs).items():
        assert difference < 1e-6 + rounding[name], name


@pytest.mark.slow
@pytest.mark.parametrize("hours", [2, pytest.param(24, marks=pytest.mark.long)])
def test_hours_of_the_demo_are_upstreams_to_rounding(engines, initial, hours):
    steps = {core: step_of(engine, initial.surface) for core, engine in engines.items()}
    states = dict.fromkeys(CORES, initial.state)
    for _ in range(hours):
        states = {core: steps[core](state) for core, state in states.items()}
    ours, theirs = states["fast"], states["upstream"]
    assert max(differences(ours.state, theirs.state).values()) < 5e-6
    assert ours.state.sim_time == theirs.state.sim_time
    np.testing.assert_allclose(
        ours.diagnostics["P_minus_E_rate"],
        theirs.diagnostics["P_minus_E_rate"],
        atol=1e-4 * jnp.abs(theirs.diagnostics["P_minus_E_rate"]).max(),
    )
    assert steps["fast"]._cache_size() == 1


@pytest.mark.long
def test_gradients_of_a_step_of_the_demo_are_upstreams(engines, initial):
    """With respect to the state before it and to all that the model has learned."""
    generator = np.random.default_rng(0)
    weights = {
        name: (generator.standard_normal(x.shape) / jnp.abs(x).max()).astype(np.float32)
        for name, x in vars(initial.state.state).items()
        if name in ("vorticity", "divergence", "temperature_variation", "log_surface_pressure")
    }

    def gradient(engine):
        def scalar(prognostic, parameters):
            state = dataclasses.replace(initial.state, state=prognostic)
            after = engine.step(parameters, state, initial.surface).state
            return sum((weight * getattr(after, name)).sum() for name, weight in weights.items())

        prognostic = initial.state.state
        return jax.jit(jax.grad(scalar, argnums=(0, 1)))(prognostic, engine.parameters)

    ours, theirs = (gradient(engines[core]) for core in ("fast", "upstream"))
    assert max(differences(ours[0], theirs[0]).values()) < 1e-4
    for one, other in zip(*(jax.tree.leaves(both[1]) for both in (ours, theirs)), strict=True):
        assert jnp.abs(one - other).max() <= 1e-4 * jnp.abs(other).max()


@pytest.mark.long
def test_batch_of_the_demo_is_its_members(engines, initial):
    engine = engines["fast"]
    step = step_of(engine, initial.surface)
    members = [initial_condition(engine, None, seed).state for seed in (0, 1)]
    batch = jax.jit(jax.vmap(step))(jax.tree.map(lambda *x: jnp.stack(x), *members))
    for number, member in enumerate(members):
        ours = jax.tree.map(lambda leaf, number=number: leaf[number], batch.state)
        assert max(differences(ours, step(member).state).values()) < 2e-6


def refined(checkpoint, factor, bindings):
    """The demo model on a grid of so many times as many points, every field repeated."""
    ds = xarray.Dataset.from_dict(checkpoint.aux_ds_dict)
    count = {name: factor * ds.sizes[name] for name in ("longitude", "latitude")}
    nodes = np.polynomial.legendre.leggauss(count["latitude"])[0]
    fine = ds.isel(
        {name: np.repeat(np.arange(ds.sizes[name]), factor) for name in count}
    ).assign_coords(
        longitude=np.arange(count["longitude"]) * 360.0 / count["longitude"],
        latitude=np.rad2deg(np.arcsin(nodes)),
    )
    wider = dataclasses.replace(checkpoint, aux_ds_dict=fine.to_dict())
    return with_random_weights(wider, bindings, seed=0)


@pytest.mark.long
@pytest.mark.parametrize(("name", "factor"), [("2.8-degrees", 1), ("1.4-degrees", 2)])
def test_model_of_full_size_steps_as_upstream(name, factor):
    """That of 1.4 degrees takes 3.3 GB, and two minutes a step on two cores."""
    demo = read_checkpoint("demo")
    checkpoint = refined(demo, factor, structure(name, demo))
    states = {}
    for core in CORES:
        engine = NeuralGCM(checkpoint, "demo", dycore=core)
        initial = initial_condition(engine, None, 0)
        state = states.get("initial", initial.state)
        states["initial"] = state
        states[core] = step_of(engine, initial.surface)(state)
    found = differences(states["fast"].state, states["upstream"].state)
    # What random weights make of the initial state has hardly any divergence, so that rounding is
    # more of the largest harmonic: 9e-6 at 2.8 degrees after this step, 4e-6 after the next.
    assert found.pop("divergence") < 2e-5
    assert max(found.values()) < 5e-6


def assert_steps(engine):
    """A step gives a state like the one before it; nothing is compiled."""
    template = engine.state_template()
    surface = jax.ShapeDtypeStruct((engine.grid.size,), jnp.float32)
    after = jax.eval_shape(
        lambda state, sea, ice: engine.step(engine.parameters, state, SurfaceState(sea, ice)),
        template,
        surface,
        surface,
    )
    assert jax.tree.structure(after) == jax.tree.structure(template)
    for one, other in zip(*map(jax.tree.leaves, (after, template)), strict=True):
        assert (one.shape, one.dtype) == (other.shape, other.dtype)


@pytest.mark.slow
def test_model_of_several_substeps_steps():
    """Those of 1.4 and 0.7 degrees have two, and what they tell of water is added up over them."""
    demo = read_checkpoint("demo")
    text = demo.model_config_str + "NUM_SUBSTEPS = 2\n"
    assert_steps(NeuralGCM(dataclasses.replace(demo, model_config_str=text), "demo"))


@pytest.mark.long
@pytest.mark.parametrize("name", STRUCTURES)
def test_published_structures_are_traced_with_the_fast_core(name):
    """Executing the finer ones takes more memory and time than a test has."""
    demo, factor = read_checkpoint("demo"), {"2.8": 1, "1.4": 2, "0.7": 4}[name[:3]]
    engine = NeuralGCM(refined(demo, factor, structure(name, demo)), "demo")
    assert engine.dynamical_core == "fast"
    assert "corrector_module = @fast_dycore" in engine._model.gin_config
    assert engine.grid.nlat == 64 * factor
    assert_steps(engine)


def operations(function, *arguments):
    """What a function computes for its results, in turn: primitives and what they give."""

    def of(jaxpr):
        for equation in jaxpr.eqns:
            yield equation.primitive.name, [variable.aval for variable in equation.outvars]
            for inner in jaxprs_in_params(equation.params):
                yield from of(inner)

    traced = jax.make_jaxpr(function)(*arguments).jaxpr
    return list(of(partial_eval.dce_jaxpr(traced, [True] * len(traced.outvars))[0]))


@pytest.mark.long
@pytest.mark.parametrize(("name", "factor"), [("2.8-degrees", 1), ("1.4-degrees-stochastic", 2)])
def test_published_structures_compute_in_parts_what_they_compute_as_a_whole(name, factor):
    demo = read_checkpoint("demo")
    engine = NeuralGCM(refined(demo, factor, structure(name, demo)), "demo")
    whole = copy.copy(engine)
    whole._structure = engine._model._structure
    points = jax.ShapeDtypeStruct((engine.grid.size,), jnp.float32)
    initial, key = engine.initial_data(None), jax.random.key(0)
    state, surface = engine.state_template(), SurfaceState(points, points)
    for method, arguments in (("encode", (initial.fields, key)), ("step", (state, surface))):
        ours, theirs = (
            operations(getattr(each, method), each.parameters, *arguments)
            for each in (engine, whole)
        )
        assert len(ours) > 1000 and ours == theirs, method
