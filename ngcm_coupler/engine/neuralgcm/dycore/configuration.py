"""How the fast dynamical core is put into the configuration of a published model."""

from __future__ import annotations

from collections.abc import Iterator

from ngcm_coupler.engine.neuralgcm.checkpoint.bindings import (
    GinBindings,
    Reference,
    printed,
)
from ngcm_coupler.engine.neuralgcm.checkpoint.gin import parse_gin
from ngcm_coupler.engine.neuralgcm.dycore.corrector import fast_dycore
from ngcm_coupler.engine.neuralgcm.dycore.coverage import replaced_core
from ngcm_coupler.engine.neuralgcm.dycore.harmonics import (
    FoldedRealHarmonics,
    FoldedSphericalHarmonics,
)
from ngcm_coupler.engine.neuralgcm.dycore.soft_clip import fast_soft_clip

_HARMONICS = {
    "FastSphericalHarmonics": FoldedSphericalHarmonics,
    "RealSphericalHarmonicsWithZeroImag": FoldedSphericalHarmonics,
    "RealSphericalHarmonics": FoldedRealHarmonics,
}
_DEFAULT_HARMONICS = FoldedRealHarmonics
"""For `RealSphericalHarmonics`, which upstream's grids have where the configuration names none."""
_DATA_GRID = "coordinate_system_from_dataset"
_SOFT_CLIP = "SoftClip"


def with_fast_dycore(model_config_str: str) -> str:
    """The configuration with the fast dynamical core in the place of upstream's.

    What of the learned physics has a faster form goes with it, since its bits change anyway.

    Args:
      model_config_str: the model's structure, as gin text.

    Raises:
      NotCovered: the model has other equations, another integrator, or the like.
    """
    gin = parse_gin(model_config_str, "the configuration")
    place, replaced = replaced_core(gin)
    bindings = [
        f"{place} = @{fast_dycore.__name__}",
        f"{fast_dycore.__name__}.corrector_module = @{replaced.selector}",
        *_transforms(gin),
        *_soft_clips(gin),
    ]
    return "\n".join([model_config_str, *bindings, ""])


def _transforms(gin: GinBindings) -> Iterator[str]:
    """Bindings that put the folded transforms in the place of upstream's, named or by default."""
    grids = {found.name for found in gin.references() if found.name.startswith("Grid")}
    named = [name for name in gin.names() if name.endswith(".spherical_harmonics_impl")]
    defaults = [f"{grid}.spherical_harmonics_impl" for grid in sorted({*grids, _DATA_GRID})]
    for key in dict.fromkeys([*named, *defaults]):
        scope, _, binding = key.rpartition("/")
        found = gin.value(binding, scope)
        if found is None:
            yield f"{key} = @{_DEFAULT_HARMONICS.__name__}"
        elif isinstance(found, Reference) and found.name in _HARMONICS:
            yield f"{key} = @{_HARMONICS[found.name].__name__}"


def _soft_clips(gin: GinBindings) -> Iterator[str]:
    """Bindings that put the fast form of `SoftClip` wherever transforms are put together."""

    def fast(found: Reference) -> Reference:
        return Reference(fast_soft_clip.__name__, found.scope)

    for name in gin.names():
        scope, _, binding = name.rpartition("/")
        if binding == "SequentialTransform.transform_modules":
            found = [gin.resolved(part) for part in gin.value(binding, scope) or ()]
            modules = [part for part in found if isinstance(part, Reference)]
            if any(module.name == _SOFT_CLIP for module in modules):
                ours = (fast(part) if part.name == _SOFT_CLIP else part for part in modules)
                yield f"{name} = {printed(tuple(ours))}"
        elif binding in (f"{_SOFT_CLIP}.max_value", f"{_SOFT_CLIP}.hinge_softness"):
            key = f"{fast(Reference('', scope)).selector}.{binding.partition('.')[2]}"
            yield f"{key} = {printed(gin.value(binding, scope))}"
