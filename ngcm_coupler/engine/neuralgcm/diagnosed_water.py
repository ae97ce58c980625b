"""Water that a published model moves between air and surface, as upstream's diagnostics tell it.

Most checkpoints do not ask for these diagnostics. They read the tendencies of the learned column
physics and change nothing, so that they can be added to the configuration of any model that takes
learned tendencies; checkpoints that predict precipitation or evaporation bring their own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

import jax

from ngcm_coupler.engine.neuralgcm.checkpoint.bindings import GinBindings

_STEP = "StochasticPhysicsParameterizationStep"
"""Upstream's step module that knows the tendencies; all published models have it."""

_PLAIN = "PrecipitationMinusEvaporationDiagnostics"
_PREDICTING = "PrecipitationDiagnosticsConstrained"

_NET = "P_minus_E_rate"
_NET_SUM = "P_minus_E_cumulative"
_DEPTHS = ("total_precipitation", "precipitation_cumulative_mean")


def substeps(gin: GinBindings) -> int:
    """Number of times that learned physics and dynamical core are called in a step of a model.

    Raises:
      CheckpointError: the structure has no number there.
    """
    count = gin.value(f"{_STEP}.num_substeps")
    if count is None:
        return 1
    if type(count) is not int or count < 1:
        raise gin.fault(f"{_STEP}.num_substeps", count, "the number of substeps")
    return count


def with_water_diagnostics(model_config_str: str, count: int = 1) -> str:
    """Adds upstream's diagnostic of precipitation minus evaporation, unless there is another.

    Args:
      model_config_str: the model's structure, as gin text.
      count: of its substeps; of several a rate would only be that of the last.
    """
    if f"{_STEP}." not in model_config_str or _module(model_config_str) is not None:
        return model_config_str
    method = "rate" if count == 1 else "cumulative"
    added = f"{_STEP}.diagnostics_module = @{_PLAIN}\n{_PLAIN}.method = {method!r}\n"
    return f"{model_config_str}\n{added}"


def diagnoses_water(model_config_str: str) -> bool:
    """Whether the states of such a model carry what `exchanged_water` needs."""
    return _module(model_config_str) in (_PLAIN, _PREDICTING)


def predicts_precipitation(model_config_str: str) -> bool:
    """Whether the model predicts precipitation, or evaporation, from which it follows."""
    return _module(model_config_str) == _PREDICTING


def _module(model_config_str: str) -> str | None:
    """Name of the diagnostics of the step, None where there are none; the last binding counts."""
    named = re.findall(rf"{_STEP}\.diagnostics_module\s*=[\s\\]*@(\w+)", model_config_str)
    return named[-1] if named and named[-1] != "NoDiagnostics" else None


class ExchangedWater(NamedTuple):
    """Means over a step, nondimensional as the model's state.

    Attributes:
      net_downward: precipitation less evaporation [mass per area and time].
      precipitation: the model's own prediction, or None.
    """

    net_downward: jax.Array
    precipitation: jax.Array | None


def exchanged_water(
    diagnostics: Mapping[str, jax.Array], step: float, water_density: float
) -> ExchangedWater:
    """Reads what a step has left in the diagnostics of a state.

    Args:
      diagnostics: of the state after a step that began with zeros, so that what upstream adds up
        over time is that of the one step.
      step: length of time in what is added up. Upstream counts the whole step in each substep.
      water_density: of liquid water, both nondimensional.
    """
    if _NET in diagnostics:
        return ExchangedWater(diagnostics[_NET], None)
    if _NET_SUM in diagnostics:
        return ExchangedWater(diagnostics[_NET_SUM] / step, None)
    if "precipitation_rate" in diagnostics:
        precipitation = diagnostics["precipitation_rate"] * water_density
    else:
        depth = next(diagnostics[name] for name in _DEPTHS if name in diagnostics)
        precipitation = depth * (water_density / step)
    # Upstream's evaporation is negative where water evaporates.
    if "evaporation" in diagnostics:
        evaporation = -diagnostics["evaporation"]
    else:
        evaporation = -diagnostics["evaporation_cumulative"] * (water_density / step)
    return ExchangedWater(precipitation - evaporation, precipitation)
