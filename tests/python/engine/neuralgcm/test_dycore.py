"""The fast dynamical core against upstream's: terms, steps, gradients, batches, coverage."""

import copy
import dataclasses
import logging

import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from dinosaur import (
    coordinate_systems,
    primitive_equations,
    scales,
    sigma_coordinates,
    spherical_harmonic,
)
from neuralgcm.legacy import correctors, filters, transforms

from ngcm_coupler.cli.bench.step import differences
from ngcm_coupler.engine.neuralgcm.checkpoint import read_checkpoint
from ngcm_coupler.engine.neuralgcm.dycore.configuration import with_fast_dycore
from ngcm_coupler.engine.neuralgcm.dycore.corrector import FastDycore, explicit_terms
from ngcm_coupler.engine.neuralgcm.dycore.coverage import NotCovered, chosen_core
from ngcm_coupler.engine.neuralgcm.dycore.harmonics import (
    FoldedRealHarmonics,
    FoldedSphericalHarmonics,
)
from ngcm_coupler.engine.neuralgcm.dycore.soft_clip import soft_clip
from ngcm_coupler.engine.neuralgcm.model import NeuralGCM
from ngcm_coupler.errors import RestartError
from ngcm_coupler.output.restart.continuation import require_same_settings

pytestmark = pytest.mark.slow

WATER = (
    "specific_cloud_ice_water_content",
    "specific_cloud_liquid_water_content",
    "specific_humidity",
)
SPECS = primitive_equations.PrimitiveEquationsSpecs.from_si()
UNEVEN = np.array([0.0, 0.05, 0.15, 0.3, 0.5, 0.75, 0.9, 1.0])


def grid(wavenumbers, longitudes, latitudes, harmonics=spherical_harmonic.FastSphericalHarmonics):
    return spherical_harmonic.Grid(
        longitude_wavenumbers=wavenumbers,
        total_wavenumbers=wavenumbers + 1,
        longitude_nodes=longitudes,
        latitude_nodes=latitudes,
        radius=1.0,
        spherical_harmonics_impl=harmonics,
    )


GRIDS = {
    "quadratic, with an equator": grid(21, 66, 33),
    "linear, without": grid(22, 44, 22),
    "odd number of longitudes": grid(21, 65, 33),
    "upstream's other order of harmonics": grid(
        21, 64, 32, spherical_harmonic.RealSphericalHarmonics
    ),
}


def equation_on(horizontal, levels=None, reference=None, clouds=True, orography=None):
    vertical = (
        sigma_coordinates.SigmaCoordinates.equidistant(8)
        if levels is None
        else sigma_coordinates.SigmaCoordinates(levels)
    )
    kind = "MoistPrimitiveEquations" + ("WithCloudMoisture" if clouds else "")
    if reference is None:
        reference = np.full(vertical.layers, SPECS.nondimensionalize(288.0 * scales.units.kelvin))
    if orography is None:
        orography = modal(horizontal, 1, 5e-4, seed=9)[0]
    return getattr(primitive_equations, kind)(
        reference_temperature=reference,
        orography=orography,
        coords=coordinate_systems.CoordinateSystem(horizontal, vertical),
        physics_specs=SPECS,
    )


def modal(horizontal, layers, size, seed):
    """Random harmonics of a red spectrum; nothing in the top degree, as in all states."""
    values = np.random.default_rng(seed).standard_normal((layers, *horizontal.modal_shape))
    degree = np.arange(horizontal.modal_shape[1])
    spectrum = size / (1.0 + degree) ** 2.5 * (degree < horizontal.total_wavenumbers - 1)
    return (values * spectrum * horizontal.mask).astype(np.float32)


def weather(equation, seed=0):
    """A state with winds, contrasts of temperature and humidity as large as the real ones."""
    horizontal, layers = equation.coords.horizontal, equation.coords.vertical.layers
    mean = np.zeros(horizontal.modal_shape, np.float32)
    mean[0, 0] = np.sqrt(4.0 * np.pi)
    kelvin = SPECS.nondimensionalize(1.0 * scales.units.kelvin)
    names = WATER if equation.cloud_keys else ("specific_humidity",)
    state = primitive_equations.State(
        vorticity=modal(horizontal, layers, 0.3, seed + 1),
        divergence=modal(horizontal, layers, 0.05, seed + 2),
        temperature_variation=modal(horizontal, layers, 20.0 * kelvin, seed + 3),
        log_surface_pressure=modal(horizontal, 1, 0.05, seed + 4) + 2.5 * mean,
        tracers={
            name: modal(horizontal, layers, 0.01, seed + 5 + place)
            + (0.003 * mean if name == "specific_humidity" else 0.0)
            for place, name in enumerate(names)
        },
        sim_time=np.float32(3.0),
    )
    return jax.tree.map(jnp.asarray, state)


def fast_terms(equation, rows=None):
    terms = explicit_terms(equation, WATER if equation.cloud_keys else WATER[-1:], rows)

    def evaluate(state):
        x = terms(terms.layout.pack(state, terms.horizontal))
        return terms.layout.unpack(x, terms.horizontal, state)

    return evaluate


def in_double_precision(equation, state):
    """Upstream's terms without its rounding; a new grid, which has no tables in single yet."""
    twin = copy.copy(equation)
    twin.coords = dataclasses.replace(
        equation.coords, horizontal=dataclasses.replace(equation.coords.horizontal)
    )
    twin.orography = np.asarray(equation.orography, np.float64)
    with jax.enable_x64(True):
        state = jax.tree.map(lambda x: jnp.asarray(np.asarray(x), jnp.float64), state)
        return jax.tree.map(np.asarray, jax.jit(twin.explicit_terms)(state))


CASES = {
    **{name: {"horizontal": horizontal} for name, horizontal in GRIDS.items()},
    "uneven levels, reference of many temperatures, no clouds": {
        "horizontal": GRIDS["linear, without"],
        "levels": UNEVEN,
        "reference": np.linspace(0.9, 1.1, 7)
        * SPECS.nondimensionalize(250.0 * scales.units.kelvin),
        "clouds": False,
    },
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_explicit_terms_are_upstreams_for_every_variable(case):
    equation = equation_on(**case)
    state = weather(equation)
    ours = jax.jit(fast_terms(equation))(state)
    theirs = jax.jit(equation.explicit_terms)(state)
    truth = in_double_precision(equation, state)
    rounding = differences(theirs, truth)
    # Of the distance from upstream's own evaluation, its rounding is no part of ours.
    for name, difference in differences(ours, theirs).items():
        assert difference < 3e-6 + rounding[name], name
    for name, difference in differences(ours, truth).items():
        assert difference < 3e-6, name


@pytest.mark.parametrize("rows", [2, 10, 1000])
def test_blocks_of_latitudes_change_nothing_but_rounding(rows):
    equation = equation_on(GRIDS["quadratic, with an equator"])
    state = weather(equation)
    whole = jax.jit(fast_terms(equation, 33))(state)
    assert (
        max(differences(jax.jit(fast_terms(equation, rows))(state), whole).values()) < 5e-6
    )  # both round


def corrector_of(equation, kind, clip=False):
    """Upstream's corrector with this equation, or the fast one in its place, as a pure function."""
    coords = equation.coords

    def layered(*args):
        tau = np.linspace(60.0, 240.0, coords.vertical.layers)
        return filters.LayeredStepFilter(
            *args, filter_module=filters.ExponentialFilter, tau_vals=tau, tau_units="minutes"
        )

    def filter_module(*args):
        parts = [layered, filters.ClipFilter] if clip else [layered]
        return filters.SequentialStepFilter(*args, filter_modules=parts)

    def advance(state, tendencies):
        upstream = correctors.DycoreWithPhysicsCorrector(
            coords,
            0.5,
            SPECS,
            {},
            dycore_equation_module=lambda *_: equation,
            dycore_substeps=3,
            filter_module=filter_module,
            checkpoint_explicit_terms=False,
        )
        return (upstream if kind == "upstream" else FastDycore(upstream))(state, tendencies)

    return lambda *args: hk.without_apply_rng(hk.transform(advance)).apply({}, *args)


def physics(state):
    """Tendencies as learned physics gives them: none for some fields."""
    return jax.tree.map(lambda x: 1e-3 * x, state).replace(log_surface_pressure=None, sim_time=None)


def test_steps_are_upstreams_for_a_day():
    equation = equation_on(GRIDS["quadratic, with an equator"])
    state = weather(equation)
    steps = {
        kind: jax.jit(corrector_of(equation, kind, clip=True)) for kind in ("upstream", "fast")
    }
    states = dict.fromkeys(steps, state)
    for number in range(24):
        states = {kind: step(states[kind], physics(states[kind])) for kind, step in steps.items()}
        assert states["fast"].sim_time == states["upstream"].sim_time
        bound = 3e-6 if number == 0 else 5e-6
        worst = differences(states["fast"], states["upstream"])
        assert max(worst.values()) < bound, (number, worst)
    assert jax.tree.structure(states["fast"]) == jax.tree.structure(states["upstream"])
    assert steps["fast"]._cache_size() == 1


def test_gradients_are_upstreams():
    horizontal = GRIDS["quadratic, with an equator"]
    state = weather(equation_on(horizontal))
    tendencies = physics(state)
    weights = jax.tree.map(
        lambda x: jnp.asarray(np.random.default_rng(1).standard_normal(x.shape) / np.abs(x).max()),
        state.replace(sim_time=None),
    )

    def gradient(kind):
        def scalar(state, tendencies, orography):
            equation = equation_on(horizontal, orography=orography)
            after = corrector_of(equation, kind)(state, tendencies).replace(sim_time=None)
            products = jax.tree.map(lambda w, x: (w * x).sum(), weights, after)
            return sum(jax.tree.leaves(products))

        orography = modal(horizontal, 1, 5e-4, seed=9)[0]
        compiled = jax.jit(jax.grad(scalar, argnums=(0, 1, 2)))
        return compiled(state, tendencies, orography)

    ours, theirs = gradient("fast"), gradient("upstream")
    assert max(differences(ours[0], theirs[0]).values()) < 1e-4
    for one, other in zip(*map(jax.tree.leaves, (ours, theirs)), strict=True):
        assert jnp.abs(one - other).max() <= 1e-4 * jnp.abs(other).max()
    assert jnp.abs(theirs[2]).max() > 0.0


def test_batch_is_its_members_one_by_one():
    equation = equation_on(GRIDS["linear, without"])
    step = corrector_of(equation, "fast")
    members = [weather(equation, seed) for seed in (0, 100)]
    batch = jax.tree.map(lambda *leaves: jnp.stack(leaves), *members)
    together = jax.jit(jax.vmap(lambda state: step(state, physics(state))))(batch)
    alone = jax.jit(lambda state: step(state, physics(state)))
    for number, member in enumerate(members):
        ours = jax.tree.map(lambda leaf, number=number: leaf[number], together)
        assert max(differences(ours, alone(member)).values()) < 3e-6


@pytest.mark.parametrize("shape", [(21, 64, 32), (21, 66, 33), (10, 31, 16), (32, 64, 32)])
@pytest.mark.parametrize(
    ("folded", "base"),
    [
        (FoldedSphericalHarmonics, spherical_harmonic.FastSphericalHarmonics),
        (FoldedRealHarmonics, spherical_harmonic.RealSphericalHarmonics),
    ],
)
def test_folded_harmonics_are_upstreams(shape, folded, base):
    wavenumbers, longitudes, latitudes = shape
    sizes = {
        "longitude_wavenumbers": wavenumbers,
        "total_wavenumbers": wavenumbers + 1,
        "longitude_nodes": longitudes,
        "latitude_nodes": latitudes,
    }
    ours, theirs = folded(**sizes), base(**sizes)
    generator = np.random.default_rng(0)
    coefficients = (generator.standard_normal((2, 3, *theirs.modal_shape)) * theirs.mask).astype(
        "f"
    )
    expected = theirs.inverse_transform(coefficients)
    np.testing.assert_allclose(
        ours.inverse_transform(coefficients), expected, atol=2e-6 * np.abs(expected).max()
    )
    values = generator.standard_normal(theirs.nodal_shape).astype("f")
    expected = theirs.transform(values)
    np.testing.assert_allclose(ours.transform(values), expected, atol=2e-6 * np.abs(expected).max())


@pytest.mark.parametrize(("limit", "softness"), [(16.0, 1.0), (8.0, 0.5), (3.0, 2.0)])
def test_soft_clip_is_upstreams(limit, softness):
    def upstream(x):
        module = hk.transform(
            lambda x: transforms.SoftClip(None, 1.0, None, {}, limit, softness)(x)
        )
        return module.apply({}, None, x)

    x = jnp.append(jnp.linspace(-60.0, 60.0, 10001), jnp.array([-1e30, 1e30, jnp.inf]))
    ours = soft_clip(x, limit, softness)
    np.testing.assert_allclose(ours, upstream(x), atol=6e-7 * limit)
    slope = jax.vmap(jax.grad(lambda x: soft_clip(x, limit, softness)))(x[:-1])
    np.testing.assert_allclose(slope, jax.vmap(jax.grad(upstream))(x[:-1]), atol=2e-6)
    assert jnp.isnan(soft_clip(jnp.nan, limit, softness))


EXCLUDED = {
    "DycoreWithPhysicsCorrector.dycore_equation_module = @PrimitiveEquations": (
        "its equations are PrimitiveEquations"
    ),
    "MoistPrimitiveEquationsWithCloudMoisture.include_vertical_advection = False": (
        "MoistPrimitiveEquationsWithCloudMoisture has include_vertical_advection = False"
    ),
    "DYCORE_INTEGRATOR = @crank_nicolson_rk2": "its integrator is crank_nicolson_rk2",
    "dycore/SequentialStepFilter.filter_modules = (@FixGlobalMeanFilter,)": (
        "its filter is FixGlobalMeanFilter"
    ),
    "CORRECTOR_MODULE = @PredictorEulerCorrector": "its corrector is PredictorEulerCorrector",
}


@pytest.mark.parametrize(("binding", "reason"), EXCLUDED.items(), ids=EXCLUDED.values())
def test_other_models_keep_upstreams_core_and_a_warning_says_why(binding, reason, caplog):
    demo = read_checkpoint("demo")
    text = f"{demo.model_config_str}\n{binding}\n"
    with pytest.raises(NotCovered, match=reason):
        with_fast_dycore(text)
    with caplog.at_level(logging.WARNING, logger="ngcm_coupler"):
        engine = NeuralGCM(dataclasses.replace(demo, model_config_str=text), "demo")
    assert "fast" not in engine._model.gin_config.split(binding)[1]
    (line,) = [line for line in caplog.messages if "dynamical core" in line]
    assert line == f"the dynamical core is upstream's, not the fast one: {reason}"
    assert engine.dynamical_core == f"upstream's, not the fast one: {reason}"


HARMONICS = ".spherical_harmonics_impl = @RealSphericalHarmonicsWithZeroImag\n"
DATA_GRID = "coordinate_system_from_dataset.spherical_harmonics_impl"


def without_named_harmonics(checkpoint):
    """The demo as the published model of 2.8 degrees has its grids: with upstream's default."""
    text = checkpoint.gin.text()
    lines = [line for line in text.splitlines() if not f"{line}\n".endswith(HARMONICS)]
    assert len(lines) == len(text.splitlines()) - 3
    lines.append(f"{DATA_GRID} = None")
    return dataclasses.replace(checkpoint, model_config_str="\n".join([*lines, ""]))


def test_grids_whose_harmonics_have_no_name_are_covered_too(caplog):
    checkpoint = without_named_harmonics(read_checkpoint("demo"))
    added = with_fast_dycore(checkpoint.gin.text()).removeprefix(checkpoint.gin.text()).split("\n")
    for key in (
        DATA_GRID,
        *(f"Grid{g}.spherical_harmonics_impl" for g in ("TL63", "WithWavenumbers")),
    ):
        assert f"{key} = @FoldedRealHarmonics" in added
    with caplog.at_level(logging.WARNING, logger="ngcm_coupler"):
        engine = NeuralGCM(checkpoint, "demo")
    assert engine.dynamical_core == "fast" and not caplog.messages
    horizontal = engine._model.model_coords.horizontal
    assert issubclass(horizontal.spherical_harmonics_impl, FoldedRealHarmonics)
    assert horizontal.modal_shape == (127, 65), "as upstream's, so that restart files stay"
    assert engine._model.data_coords.horizontal == horizontal


def test_words_for_the_core_begin_as_it_was_asked_for():
    gin = read_checkpoint("demo").gin
    assert chosen_core(gin, "fast") == "fast"
    assert chosen_core(gin, "upstream").startswith("upstream")
    assert "alone can be split" in chosen_core(gin, "fast", split=True)


def test_model_of_one_grid_is_covered_too():
    demo = read_checkpoint("demo").model_config_str
    text = f"{demo}\nCORRECTOR_MODULE = @DycoreWithPhysicsCorrector\n"
    added = with_fast_dycore(text).removeprefix(text).split("\n")
    assert "StochasticPhysicsParameterizationStep.corrector_module = @fast_dycore" in added
    assert "fast_dycore.corrector_module = @DycoreWithPhysicsCorrector" in added


def test_continued_run_keeps_its_core():
    there, here = (f"&ngcm_model dycore = '{core}' /" for core in ("upstream", "fast"))
    with pytest.raises(RestartError, match="dycore is 'upstream', this run's is 'fast'"):
        require_same_settings("restart.nc", there, here, branch=False)


def test_upstreams_core_leaves_the_configuration_alone(caplog):
    with caplog.at_level(logging.INFO, logger="ngcm_coupler"):
        engine = NeuralGCM(read_checkpoint("demo"), "demo", dycore="upstream")
    assert engine.dynamical_core == "upstream's, as asked for"
    assert "fast_dycore" not in engine._model.gin_config
    assert not caplog.messages
