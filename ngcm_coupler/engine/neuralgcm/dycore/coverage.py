"""Which models the fast dynamical core has the equations of, told from their gin text alone."""

from __future__ import annotations

from typing import Any, Final

from ngcm_coupler.engine.neuralgcm.checkpoint.bindings import GinBindings, Reference

FAST: Final = "fast"

_STEP = "StochasticPhysicsParameterizationStep"
_ELSEWHERE = "CustomCoordsCorrector"
"""Upstream's corrector that only changes to another grid, and hands over to another one."""
_REPLACED = "DycoreWithPhysicsCorrector"

_EQUATIONS = (
    "MoistPrimitiveEquations",
    "MoistPrimitiveEquationsWithCloudMoisture",
    "MoistPrimitiveEquationsWithCloudMoisutre",  # upstream's own name for old checkpoints
)
_ADVECTION = "centered_vertical_advection"
_INTEGRATOR = "imex_rk_sil3"
_FILTERS = ("NoFilter", "ClipFilter", "ExponentialFilter")
"""Filters that multiply every harmonic by a number that depends on degree and level alone."""
_DEEPEST: Final = 8
"""Filters of filters."""


class NotCovered(Exception):
    """Why a model needs upstream's dynamical core."""


def replaced_core(gin: GinBindings) -> tuple[str, Reference]:
    """Where a model names its dynamical core, and as what, if the fast one can take its place.

    Raises:
      NotCovered: the model has other equations, another integrator, or the like.
    """
    place = f"{_STEP}.corrector_module"
    corrector = _reference(gin.value(place), place)
    if corrector.name == _ELSEWHERE:
        place = f"{corrector.selector}.corrector_module"
        corrector = _reference(_bound(gin, "corrector_module", corrector), place)
    if corrector.name != _REPLACED:
        raise NotCovered(f"its corrector is {corrector.name}")
    _require_covered(gin, corrector)
    return place, corrector


def chosen_core(gin: GinBindings, dycore: str, *, split: bool = False) -> str:
    """Which dynamical core steps a model, in words: ``fast``, or upstream's and why.

    Args:
      gin: the model's structure.
      dycore: what the user asks for, ``fast`` or ``upstream``.
      split: whether several devices share the model.
    """
    if dycore != FAST:
        return "upstream's, as asked for"
    if split:
        return "upstream's, which alone can be split over devices"
    try:
        replaced_core(gin)
    except NotCovered as reason:
        return f"upstream's, not the fast one: {reason}"
    return FAST


def _require_covered(gin: GinBindings, corrector: Reference) -> None:
    """Raises NotCovered where the equations, the integrator or the filter are others."""
    key = "dycore_equation_module"
    equation = _reference(_bound(gin, key, corrector), f"{corrector.selector}.{key}")
    if equation.name not in _EQUATIONS:
        raise NotCovered(f"its equations are {equation.name}")
    for key, standard in (("include_vertical_advection", True), ("vertical_advection", _ADVECTION)):
        value = _bound(gin, key, equation)
        value = value.name if isinstance(value, Reference) else value
        if value not in (None, standard):
            raise NotCovered(f"{equation.name} has {key} = {value}")
    integrator = _bound(gin, "time_integrator", corrector)
    if integrator not in (None, Reference(_INTEGRATOR)):
        raise NotCovered(f"its integrator is {_reference(integrator, 'its integrator').name}")
    filtered = _bound(gin, "filter_module", corrector)
    if filtered is not None:
        _require_filter(gin, filtered, depth=0)


def _require_filter(gin: GinBindings, found: Any, depth: int) -> None:
    """Raises NotCovered for a filter that is more than factors; looks into composed ones."""
    name = _reference(found, "its filter").name
    if name == "SequentialStepFilter" and depth < _DEEPEST:
        for part in _bound(gin, "filter_modules", found) or ():
            _require_filter(gin, gin.resolved(part), depth + 1)
    elif name == "LayeredStepFilter" and depth < _DEEPEST:
        _require_filter(gin, _bound(gin, "filter_module", found), depth + 1)
    elif name not in _FILTERS:
        raise NotCovered(f"its filter is {name}")


def _bound(gin: GinBindings, parameter: str, of: Reference) -> Any:
    """What a parameter of a class or function is bound to, macros followed; None for nothing."""
    return gin.value(f"{of.name}.{parameter}", of.scope)


def _reference(value: object, what: str) -> Reference:
    if not isinstance(value, Reference):
        raise NotCovered(f"its configuration does not name {what}")
    return value
