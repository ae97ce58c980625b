"""Structures of the four published models of 2024, as what they have otherwise than the demo's.

No checkpoint of theirs is needed: with random weights (`random_weights`) such a structure is built,
takes as long and needs as much memory as the published model of that name.

Source: D. Kochkov et al., Neural general circulation models for weather and climate, Nature 632
(2024); the settings are those in reference_code/paper_configs of the repository neuralgcm. What
numbers the features are divided by, which differ from model to model, stays the demo's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ngcm_coupler.engine.neuralgcm.checkpoint import Checkpoint
from ngcm_coupler.engine.neuralgcm.checkpoint.bindings import printed

_FULL_SIZE: Final = (
    "LATENT_SIZE = 384",
    "LAYER_SIZE = 384",
    "NUM_BLOCKS = 5",
    "CNN_CHANNELS = (64, 64, 64, 64)",
    "N_CNN_FEATURES = 32",
    "POSITIONAL_LATENT_SIZE = 8",
    "N_INNER_DYCORE_STEPS = 5",
    "decoder_model/VelocityAndPrognostics.fields_to_include = \\",
    "  ['divergence', 'vorticity', 'u', 'v', 'temperature_variation', 'specific_humidity']",
)

_DETERMINISTIC: Final = (
    *_FULL_SIZE,
    "ADVANCE_RANDOMNESS_MODULE = @ZerosRandomField",
    "ENCODE_RANDOMNESS_MODULE = @ZerosRandomField",
    "ZerosRandomField.prefer_nodal = True",
    "advance/CombinedFeatures.feature_modules = \\",
    "  (@EmbeddingSurfaceFeatures, @EmbeddingVolumeFeatures, @PressureFeatures,",
    "   @RadiationFeatures, @LatitudeFeatures, @advance/VelocityAndPrognostics,",
    "   @MemoryVelocityAndValues, @with_grads/FloatDataFeatures,",
    "   @without_grads/FloatDataFeatures, @LearnedPositionalFeatures)",
    "advance/MemoryVelocityAndValues.fields_to_include = None",
    "decoder_model/CombinedFeatures.feature_modules = \\",
    "  (@RadiationFeatures, @LatitudeFeatures, @decoder_model/VelocityAndPrognostics,",
    "   @with_grads/FloatDataFeatures, @without_grads/FloatDataFeatures,",
    "   @LearnedPositionalFeatures)",
    "EncoderCombinedTransform.transforms = (@InputClipTransform, @EncoderFilterTransform)",
)
"""Without random fields, and with features of the state a step ago."""

_FINE: Final = (
    "NUM_SUBSTEPS = 2",
    "coordinate_system_from_dataset.spherical_harmonics_impl = @RealSphericalHarmonicsWithZeroImag",
)

_FINE_DETERMINISTIC: Final = (
    *_DETERMINISTIC,
    *_FINE,
    "POSITIONAL_LATENT_SIZE = 32",
    "stability/ExponentialFilter.order = 6",
    "LearnedOrography.correction_scale = 2e-06",
    "DimensionalLearnedPrimitiveToWeatherbenchDecoder.orography_module = @LearnedOrography",
    "advance/NodalLandSeaIceEmbedding.land_embedding = None",
    "advance/NodalLandSeaIceEmbedding.sea_ice_embedding = None",
    "decoder_model/VelocityAndPrognostics.fields_to_include = None",
    "EncoderFilterTransform.filter_modules = (@PerVariableDataFilter,)",
    "PerVariableDataFilter.per_variable_filters = {",
    "  'divergence': @wind/DataExponentialFilter, 'vorticity': @wind/DataExponentialFilter,",
    "  'log_surface_pressure': @lsp/DataExponentialFilter, 'sim_time': @DataNoFilter,",
    "  'temperature_variation': @warmth/DataExponentialFilter,",
    "  'tracers': {'specific_cloud_ice_water_content': @wind/DataExponentialFilter,",
    "              'specific_cloud_liquid_water_content': @wind/DataExponentialFilter,",
    "              'specific_humidity': @wind/DataExponentialFilter}}",
    *(
        f"{scope}/DataExponentialFilter.{parameter} = {value}"
        for scope, values in {
            "wind": (14.0, 0.62, 2),
            "lsp": (8, 0.82, 1),
            "warmth": (13.0, 0.45, 3),
        }.items()
        for parameter, value in zip(("attenuation", "cutoff", "order"), values, strict=True)
    ),
)

_STRUCTURES: Final = {
    "2.8-degrees": (
        *_DETERMINISTIC,
        "EncoderFilterTransform.filter_modules = (@encoder/DataExponentialFilter,)",
        "encoder/DataExponentialFilter.attenuation = 5",
        "encoder/DataExponentialFilter.order = 15",
        "coordinate_system_from_dataset.spherical_harmonics_impl = None",
        "GridTL63.spherical_harmonics_impl = @RealSphericalHarmonics",
        "smaller/GridWithWavenumbers.spherical_harmonics_impl = @RealSphericalHarmonics",
    ),
    "1.4-degrees": (
        *_FINE_DETERMINISTIC,
        "STABILITY_TAU = '8 minutes'",
    ),
    "0.7-degrees": (
        *_FINE_DETERMINISTIC,
        "N_INNER_DYCORE_STEPS = 8",
        "GLOBAL_OUT_SCALE = 0.01",
    ),
    "1.4-degrees-stochastic": (
        *_FULL_SIZE,
        *_FINE,
        "ADVANCE_RANDOMNESS_MODULE = @DictOfGaussianRandomFieldModules",
        "ENCODE_RANDOMNESS_MODULE = @DictOfGaussianRandomFieldModules",
    ),
}
STRUCTURES: Final = tuple(_STRUCTURES)
"""Names of the models, after the distance of their points."""

_GRIDS: Final = {"2.8": ("TL63", 63), "1.4": ("TL127", 126), "0.7": ("TL255", 254)}
"""Grid of the physics, and wavenumbers of the dynamical core, whose grid has fewer of them."""

_ENCODER: Final = "DimensionalLearnedWeatherbenchToPrimitiveEncoder"
_MEMORY_ENCODER: Final = "DimensionalLearnedWeatherbenchToPrimitiveWithMemoryEncoder"
_MEMORY: Final = {
    "divergence": (0.05232, 0.0),
    "log_surface_pressure": (0.1123, 1.716),
    "specific_cloud_ice_water_content": (7.845e-06, 0.0),
    "specific_cloud_liquid_water_content": (1.648e-05, 0.0),
    "specific_humidity": (0.003298, 0.003298),
    "temperature_variation": (14.73, -4.946),
    "u": (0.01472, 0.007),
    "v": (0.01001, 0.0),
    "vorticity": (0.2168, -0.002),
}
"""Scale and shift of what was a step ago, in the model of 2.8 degrees."""


def structure(name: str, demo: Checkpoint) -> list[str]:
    """Lines of gin text that make one of the published models of the demo's text.

    Args:
      name: one of `STRUCTURES`.
      demo: the demo checkpoint.
    """
    grid, wavenumbers = _GRIDS[name[:3]]
    lines = [
        f"CoordinateSystem.horizontal = @Grid{grid}()",
        f"Grid{grid}.spherical_harmonics_impl = @RealSphericalHarmonicsWithZeroImag",
        f"smaller/GridWithWavenumbers.longitude_wavenumbers = {wavenumbers}",
        *_STRUCTURES[name],
    ]
    special = _random_fields(demo) if name.endswith("stochastic") else _memory(demo)
    return [*lines, *special]


def _memory(demo: Checkpoint) -> Iterator[str]:
    """An encoder that also makes the state before, and the scales of its features."""
    yield f"StochasticModularStepModel.encoder_module = @{_MEMORY_ENCODER}"
    for name in demo.gin.names():
        encoder, _, parameter = name.partition(".")
        if encoder == _ENCODER and parameter != "randomness_module":
            yield f"{_MEMORY_ENCODER}.{parameter} = {printed(demo.gin.value(name))}"
    yield f"{_MEMORY_ENCODER}.modal_to_nodal_model_features_module = @NullFeatures"
    yield f"{_MEMORY_ENCODER}.orography_module = @LearnedOrography"
    for place, parameter in enumerate(("scales", "shifts")):
        known = demo.gin.value(f"ShiftAndNormalize.{parameter}", "advance")
        new = {f"memory_{field}": values[place] for field, values in _MEMORY.items()}
        yield f"advance/ShiftAndNormalize.{parameter} = {printed(known | new)}"


def _random_fields(demo: Checkpoint) -> Iterator[str]:
    """The demo's random fields, each of which has a name here."""
    one, each = "BatchGaussianRandomFieldModule", "DictOfGaussianRandomFieldModules"
    count = len(demo.gin.value(f"{one}.variances"))
    known = demo.gin.value("ShiftAndNormalize.scales", "advance")
    names = tuple(name for name in known if name.startswith("GRF_"))
    yield f"{each}.field_names = {printed(names[:count])}"
    for name in demo.gin.names():
        module, _, parameter = name.partition(".")
        if module == one:
            yield f"{each}.{parameter} = {printed(demo.gin.value(name))}"
