"""Water between air and surface from upstream's diagnostics, whichever a checkpoint has."""

import dataclasses

import numpy as np
import pytest

from ngcm_coupler.engine.neuralgcm.checkpoint import read_checkpoint
from ngcm_coupler.engine.neuralgcm.diagnosed_water import (
    diagnoses_water,
    exchanged_water,
    predicts_precipitation,
    substeps,
    with_water_diagnostics,
)

STEP, DENSITY = 0.5, 40.0
RAIN, EVAPORATION = np.array([3.0, 0.0]), np.array([1.0, 2.0])
MODULE = "StochasticPhysicsParameterizationStep.diagnostics_module"


def test_demo_checkpoint_asks_for_none_and_is_given_the_plain_one():
    config = read_checkpoint("demo").model_config_str
    assert not diagnoses_water(config)
    added = with_water_diagnostics(config)
    assert diagnoses_water(added) and not predicts_precipitation(added)
    assert added.startswith(config), "nothing else of the model is touched"
    assert with_water_diagnostics(added) == added


@pytest.mark.parametrize("line", ["= @PrecipitationDiagnosticsConstrained", "= \\\n    @{}"])
def test_diagnostics_of_the_checkpoint_stay_as_they_are(line):
    config = f"{MODULE} {line.format('PrecipitationDiagnosticsConstrained')}\n"
    assert with_water_diagnostics(config) == config
    assert diagnoses_water(config) and predicts_precipitation(config)


def test_diagnostics_that_say_nothing_of_water_are_left_and_none_are_replaced():
    other = f"{MODULE} = @SurfacePressureDiagnostics\n"
    assert with_water_diagnostics(other) == other and not diagnoses_water(other)
    assert diagnoses_water(with_water_diagnostics(f"{MODULE} = @NoDiagnostics\n"))


def test_model_of_another_step_has_no_water_budget():
    config = "EquationStep.time_integrator = @imex_rk_sil3\n"
    assert with_water_diagnostics(config) == config and not diagnoses_water(config)


@pytest.mark.parametrize(
    "diagnostics",
    [
        {"precipitation_rate": RAIN / DENSITY, "evaporation": -EVAPORATION},
        {"total_precipitation": RAIN * STEP / DENSITY, "evaporation": -EVAPORATION},
        {"precipitation_cumulative_mean": RAIN * STEP / DENSITY, "evaporation": -EVAPORATION},
        {
            "total_precipitation": RAIN * STEP / DENSITY,
            "evaporation_cumulative": -EVAPORATION * STEP / DENSITY,
        },
    ],
)
def test_predicted_precipitation_is_taken_in_every_form_that_upstream_has(diagnostics):
    water = exchanged_water(diagnostics, STEP, DENSITY)
    np.testing.assert_allclose(water.precipitation, RAIN)
    np.testing.assert_allclose(water.net_downward, RAIN - EVAPORATION)


def test_plain_diagnostic_predicts_nothing():
    water = exchanged_water({"P_minus_E_rate": RAIN - EVAPORATION}, STEP, DENSITY)
    np.testing.assert_array_equal(water.net_downward, RAIN - EVAPORATION)
    assert water.precipitation is None


def test_sum_over_substeps_is_taken_for_the_mean_of_the_step():
    """Of several substeps a rate would be the last one's; upstream adds each times a whole step."""
    demo = read_checkpoint("demo")
    assert substeps(demo.gin) == 1
    assert "method = 'rate'" in with_water_diagnostics(demo.model_config_str)
    several = dataclasses.replace(demo, model_config_str=demo.model_config_str + "NUM_SUBSTEPS = 2")
    assert substeps(several.gin) == 2
    assert "method = 'cumulative'" in with_water_diagnostics(demo.model_config_str, 2)
    rates = RAIN - EVAPORATION, 3.0 * (RAIN - EVAPORATION)
    added = {"P_minus_E_cumulative": sum(STEP * rate for rate in rates)}
    water = exchanged_water(added, 2 * STEP, DENSITY)
    np.testing.assert_allclose(water.net_downward, 2.0 * (RAIN - EVAPORATION))
