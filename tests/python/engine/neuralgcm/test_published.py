"""The structures of published models: what they are made of, and that the fast core takes them."""

from __future__ import annotations

import dataclasses

import pytest

from ngcm_coupler.engine.neuralgcm.checkpoint import read_checkpoint, summary
from ngcm_coupler.engine.neuralgcm.checkpoint.bindings import Reference
from ngcm_coupler.engine.neuralgcm.dycore.coverage import chosen_core
from ngcm_coupler.engine.neuralgcm.published import STRUCTURES, structure


@pytest.fixture(scope="module")
def models():
    demo = read_checkpoint("demo")

    def model(name):
        lines = [demo.model_config_str, *structure(name, demo), ""]
        return dataclasses.replace(demo, model_config_str="\n".join(lines))

    return {name: model(name) for name in STRUCTURES}


@pytest.mark.parametrize(
    ("name", "grid", "wavenumbers", "inner_steps"),
    [
        ("2.8-degrees", "TL63", 63, (1, 5)),
        ("1.4-degrees", "TL127", 126, (2, 5)),
        ("0.7-degrees", "TL255", 254, (2, 8)),
        ("1.4-degrees-stochastic", "TL127", 126, (2, 5)),
    ],
)
def test_grids_and_steps_are_the_published_ones(models, name, grid, wavenumbers, inner_steps):
    gin, facts = models[name].gin, summary(models[name])
    assert (facts.grid, facts.sigma_layers, facts.step_seconds) == (grid, 32, 3600)
    assert facts.stochastic == name.endswith("stochastic")
    assert gin.value("GridWithWavenumbers.longitude_wavenumbers", "smaller") == wavenumbers
    step, core = "StochasticPhysicsParameterizationStep", "DycoreWithPhysicsCorrector"
    found = gin.value(f"{step}.num_substeps"), gin.value(f"{core}.dycore_substeps")
    assert found == inner_steps


@pytest.mark.parametrize("name", STRUCTURES)
def test_networks_are_of_full_size_and_deterministic_ones_remember(models, name):
    gin = models[name].gin
    assert (gin.value("EpdTower.latent_size"), gin.value("EpdTower.num_process_blocks")) == (384, 5)
    features = gin.value("CombinedFeatures.feature_modules", "advance")
    remembers = not name.endswith("stochastic")
    assert (Reference("MemoryVelocityAndValues") in features) == remembers
    assert ("memory_u" in gin.value("ShiftAndNormalize.scales", "advance")) == remembers


@pytest.mark.parametrize("name", STRUCTURES)
def test_fast_core_takes_every_published_structure(models, name):
    assert chosen_core(models[name].gin, "fast") == "fast"
