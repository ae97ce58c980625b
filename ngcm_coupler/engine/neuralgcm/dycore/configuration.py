"""How the fast dynamical core is put into the configuration of a published model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import gin
from gin.config import ConfigurableReference
from neuralgcm.legacy import gin_utils

from ngcm_coupler.engine.neuralgcm.dycore.corrector import fast_dycore
from ngcm_coupler.engine.neuralgcm.dycore.harmonics import FoldedSphericalHarmonics
from ngcm_coupler.engine.neuralgcm.dycore.soft_clip import fast_soft_clip

_STEP = "StochasticPhysicsParameterizationStep"
_ELSEWHERE = "CustomCoordsCorrector"
"""Upstream's corrector that only changes to another grid, and hands over to another one."""
_REPLACED = "DycoreWithPhysicsCorrector"

_EQUATIONS = (
    "MoistPrimitiveEquations",
    "MoistPrimitiveEquationsWithCloudMoisture",
    "MoistPrimitiveEquationsWithCloudMoisutre",  # upstream's own name for old checkpoints
)
_INTEGRATOR = "imex_rk_sil3"
_FILTERS = ("NoFilter", "ClipFilter", "ExponentialFilter")
"""Filters that multiply every harmonic by a number that depends on degree and level alone."""


_HARMONICS = ("FastSphericalHarmonics", "RealSphericalHarmonicsWithZeroImag")
_SOFT_CLIP = "SoftClip"


class NotCovered(Exception):
    """Why a model needs upstream's dynamical core."""


def with_fast_dycore(model_config_str: str) -> str:
    """The configuration with the fast dynamical core in the place of upstream's.

    What of the learned physics has a faster form goes with it, since its bits change anyway.

    Args:
      model_config_str: the model's structure, as gin text.

    Raises:
      NotCovered: the model has other equations, another integrator, or the like.
    """
    with gin_utils.specific_config(model_config_str):
        place, replaced = _find()
        _require_covered(replaced)
        bindings = [
            f"{place} = @{fast_dycore.__name__}",
            f"{fast_dycore.__name__}.corrector_module = @{replaced}",
            *_transforms(model_config_str),
            *_soft_clips(model_config_str),
        ]
    return "\n".join([model_config_str, *bindings, ""])


def _transforms(model_config_str: str) -> Iterator[str]:
    """Bindings that put the folded transform wherever upstream's fast one is named."""
    for key in re.findall(r"^(\S*\.spherical_harmonics_impl)\s*=", model_config_str, re.M):
        if _named(key) in _HARMONICS:
            yield f"{key} = @{FoldedSphericalHarmonics.__name__}"


def _soft_clips(model_config_str: str) -> Iterator[str]:
    """Bindings that put the fast form of `SoftClip` wherever transforms are put together."""
    pattern = r"^(\S*SequentialTransform\.transform_modules)\s*="
    for key in re.findall(pattern, model_config_str, re.M):
        names = [_name(part) for part in _bound(key, ())]
        if any(_kind(name) == _SOFT_CLIP for name in names):
            ours = [
                f"{name.removesuffix(_SOFT_CLIP)}{fast_soft_clip.__name__}"
                if _kind(name) == _SOFT_CLIP
                else name
                for name in names
            ]
            yield f"{key} = ({' '.join(f'@{name},' for name in ours)})"
    pattern = rf"^(\S*/)?{_SOFT_CLIP}\.(max_value|hinge_softness)\s*="
    for scope, parameter in re.findall(pattern, model_config_str, re.M):
        value = _bound(f"{scope}{_SOFT_CLIP}.{parameter}", None)
        yield f"{scope}{fast_soft_clip.__name__}.{parameter} = {value!r}"


def _find() -> tuple[str, str]:
    """Where the dynamical core is named in the current configuration, and as what."""
    place = f"{_STEP}.corrector_module"
    while True:
        corrector = _named(place)
        kind = _kind(corrector)
        if kind == _REPLACED:
            return place, corrector
        if kind != _ELSEWHERE:
            raise NotCovered(f"its corrector is {kind}")
        place = f"{corrector}.corrector_module"


def _require_covered(corrector: str) -> None:
    """Raises NotCovered where the equations, the integrator or the filter are others."""
    equation = _named(f"{corrector}.dycore_equation_module")
    if equation not in _EQUATIONS:
        raise NotCovered(f"its equations are {equation}")
    for key, standard in (
        ("include_vertical_advection", True),
        ("vertical_advection", "centered_vertical_advection"),
    ):
        value = _bound(f"{equation}.{key}", standard)
        if _name(value) != str(standard):
            raise NotCovered(f"{equation} has {key} = {_name(value)}")
    integrator = _name(_bound(f"{corrector}.time_integrator", _INTEGRATOR))
    if integrator != _INTEGRATOR:
        raise NotCovered(f"its integrator is {integrator}")
    _require_filter(_name(_bound(f"{corrector}.filter_module", _FILTERS[0])))


def _require_filter(name: str) -> None:
    """Raises NotCovered for a filter that is more than factors; looks into composed ones."""
    kind = _kind(name)
    if kind == "SequentialStepFilter":
        for part in _bound(f"{name}.filter_modules", ()):
            _require_filter(_name(part))
    elif kind == "LayeredStepFilter":
        _require_filter(_named(f"{name}.filter_module"))
    elif kind not in _FILTERS:
        raise NotCovered(f"its filter is {kind}")


def _named(key: str) -> str:
    """The name that a key is bound to."""
    value = _bound(key, None)
    if value is None:
        raise NotCovered(f"its configuration does not say {key}")
    return _name(value)


def _bound(key: str, default: Any) -> Any:
    """What a key of the current configuration is bound to, macros followed."""
    try:
        value = gin.query_parameter(key)
    except ValueError:
        return default
    while isinstance(value, ConfigurableReference) and value.selector == "gin.macro":
        value = gin.query_parameter(f"%{value.scoped_selector.rsplit('/', 1)[0]}")
    return value


def _name(value: Any) -> str:
    """Name of a referenced configurable with its scope, or the value as text."""
    if isinstance(value, ConfigurableReference):
        return value.scoped_selector
    return str(value)


def _kind(name: str) -> str:
    """The name without its scope."""
    return name.rsplit("/", 1)[-1]
