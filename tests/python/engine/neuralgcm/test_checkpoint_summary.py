"""What a checkpoint says about itself, read from its gin text without building the model."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from ngcm_coupler.engine.neuralgcm.checkpoint import read_checkpoint, summary
from ngcm_coupler.errors import CheckpointError

# In the manner of upstream's published configurations: macros, scopes, joined lines.
DETERMINISTIC = """
# Macros:
# ==============================================================================
DYCORE_GRID = @GridWithWavenumbers()
N_SIGMA_LAYERS = 37

# Parameters for CoordinateSystem:
# ==============================================================================
CoordinateSystem.horizontal = @GridTL255()
CoordinateSystem.vertical = @SigmaCoordinatesEquidistant()
custom_corrds/CoordinateSystem.horizontal = %DYCORE_GRID
get_model_specs.custom_coords = @CoordinateSystem()
get_model_specs.model_time_step = '30 minutes'
get_model_specs.reference_datetime_str = None
SigmaCoordinatesEquidistant.layers = %N_SIGMA_LAYERS
StochasticPhysicsParameterizationStep.randomness_module = @ZerosRandomField
WhirlModel.model_cls = @StochasticModularStepModel
xarray_to_weatherbench_data.tracers_to_include = \\
    ('specific_humidity',
     'specific_cloud_liquid_water_content')
"""

STOCHASTIC = (
    DETERMINISTIC
    + """
RANDOMNESS = @DictOfGaussianRandomFieldModules
ENCODE_RANDOMNESS_MODULE = %RANDOMNESS
StochasticPhysicsParameterizationStep.randomness_module = \\
    %ENCODE_RANDOMNESS_MODULE
DimensionalLearnedPrimitiveToWeatherbenchDecoder.randomness_module = @NoRandomField
"""
)


@pytest.fixture(scope="module")
def demo():
    return read_checkpoint("demo")


@pytest.fixture
def summary_of(demo):
    """Returns a function that summarises the demo's arrays under another gin text."""
    return lambda text: summary(dataclasses.replace(demo, model_config_str=text))


def test_summary_of_the_demo_agrees_with_the_model_that_upstream_builds(demo):
    from neuralgcm.legacy import api

    model = api.PressureLevelModel.from_checkpoint(demo.as_dict())
    facts = summary(demo)
    assert np.timedelta64(facts.step_seconds, "s") == model.timestep
    assert (facts.nlon, facts.nlat) == model.data_coords.horizontal.nodal_shape
    assert facts.sigma_layers == model.model_coords.vertical.layers
    np.testing.assert_array_equal(facts.pressure_levels, model.data_coords.vertical.centers)
    assert set(facts.input_variables) == set(model.input_variables)
    assert set(facts.forcing_variables) == set(model.forcing_variables)
    assert model.datetime64_to_sim_time(np.array(facts.reference_datetime, "datetime64")) == 0.0
    assert facts.grid == "TL63"
    assert facts.stochastic
    assert facts.learned_orography
    assert not facts.predicts_precipitation
    assert facts.parameters == 191174
    assert facts.parameter_bytes == 4 * 191174


def test_deterministic_configuration_is_recognised(summary_of):
    facts = summary_of(DETERMINISTIC)
    assert not facts.stochastic
    assert (facts.grid, facts.sigma_layers, facts.step_seconds) == ("TL255", 37, 1800)
    assert "specific_cloud_liquid_water_content" in facts.input_variables
    assert "specific_cloud_ice_water_content" not in facts.input_variables


def test_randomness_behind_a_macro_of_a_macro_is_recognised(summary_of):
    assert summary_of(STOCHASTIC).stochastic


@pytest.mark.parametrize(
    "bindings",
    [
        "StochasticPhysicsParameterizationStep.diagnostics_module = "
        "@PrecipitationDiagnosticsConstrained",
        "StochasticPhysicsParameterizationStep.diagnostics_module = @CombinedDiagnostics\n"
        "CombinedDiagnostics.diagnostic_modules = \\\n"
        "    (@SurfacePressureDiagnostics,\n     @advance/PrecipitationDiagnosticsConstrained)",
    ],
    ids=["single", "combined"],
)
def test_model_with_precipitation_of_its_own_is_recognised(summary_of, bindings):
    facts = summary_of(f"{STOCHASTIC}\n{bindings}\n")
    assert facts.predicts_precipitation
    assert facts.predicts_evaporation


def test_precipitation_minus_evaporation_alone_is_not_precipitation(summary_of):
    facts = summary_of(
        f"{STOCHASTIC}\nStochasticPhysicsParameterizationStep.diagnostics_module = "
        "@PrecipitationMinusEvaporationDiagnostics\n"
    )
    assert not facts.predicts_precipitation


def test_custom_grid_layers_and_reference_time_are_found_in_their_scope(summary_of):
    facts = summary_of(
        DETERMINISTIC
        + """
get_model_specs.custom_coords = @own/CoordinateSystem()
get_model_specs.reference_datetime_str = '2000-01-01'
own/CoordinateSystem.horizontal = @coarse/GridWithWavenumbers()
own/CoordinateSystem.vertical = @SigmaCoordinates()
coarse/GridWithWavenumbers.longitude_wavenumbers = 31
SigmaCoordinates.boundaries = [0.0, 0.25,
    0.5, 1.0]
"""
    )
    assert facts.grid == "31 wavenumbers"
    assert facts.sigma_layers == 3
    assert facts.reference_datetime == "2000-01-01"


@pytest.mark.parametrize(
    ("text", "seconds"),
    {
        "1 hour": 3600,
        "2 hours": 7200,
        "0.5 hour": 1800,
        "20 minutes": 1200,
        "90 min": 5400,
        "1 minute": 60,
        "900 seconds": 900,
        "45 s": 45,
        "1 day": 86400,
    }.items(),
)
def test_time_step_is_read_in_every_unit(summary_of, text, seconds):
    config = f"{DETERMINISTIC}\nget_model_specs.model_time_step = {text!r}\n"
    assert summary_of(config).step_seconds == seconds


@pytest.mark.parametrize(
    "value", ["'1 fortnight'", "'0 hours'", "'0.1 s'", "0.25", "None", f"'{'9' * 400} s'"]
)
def test_time_step_that_is_no_whole_number_of_seconds_is_refused(summary_of, value):
    config = f"{DETERMINISTIC}\nget_model_specs.model_time_step = {value}\n"
    with pytest.raises(CheckpointError, match=r"get_model_specs\.model_time_step = .* '1 hour'"):
        summary_of(config)


def test_model_on_pressure_levels_is_refused(summary_of):
    with pytest.raises(CheckpointError, match=r"custom_coords = None; expected a reference"):
        summary_of(f"{DETERMINISTIC}\nget_model_specs.custom_coords = None\n")


@pytest.mark.parametrize(
    ("binding", "message"),
    [
        ("get_model_specs.reference_datetime_str = '\\x1b[2J'", "expected a date such as"),
        ("get_model_specs.reference_datetime_str = 3.5", "expected a date such as"),
        ("SigmaCoordinatesEquidistant.layers = True", "expected the number of sigma layers"),
        ("SigmaCoordinatesEquidistant.layers = -1", "expected the number of sigma layers"),
        (
            "CoordinateSystem.horizontal = @GridWithWavenumbers()\n"
            f"GridWithWavenumbers.longitude_wavenumbers = '{'x' * 9000}'",
            "expected the number of wavenumbers",
        ),
    ],
)
def test_facts_that_are_none_are_refused_in_a_short_line(summary_of, binding, message):
    with pytest.raises(CheckpointError, match=message) as raised:
        summary_of(f"{DETERMINISTIC}\n{binding}\n")
    assert str(raised.value).isprintable() and len(str(raised.value)) < 500
