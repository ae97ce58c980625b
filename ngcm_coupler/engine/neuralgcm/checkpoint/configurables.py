"""The parts of upstream's that the gin text of a checkpoint may name.

Gin can name whatever any module has registered, and calls it with what the text binds. A model is
made of few of these: nothing else may be bound or referred to, here or in what is handed to gin.
All of them compute; those that could open a file are told by a parameter, see `names_a_file`.
"""

from __future__ import annotations

from typing import Final

# Of the demo inside the package, and of the four models in upstream's reference_code/paper_configs.
_PUBLISHED: Final = """
    BatchGaussianRandomFieldModule ColumnTower CombinedFeatures CoordinateSystem
    CustomCoordsCorrector DataExponentialFilter DataNoFilter DictOfGaussianRandomFieldModules
    DimensionalLearnedPrimitiveToWeatherbenchDecoder
    DimensionalLearnedWeatherbenchToPrimitiveEncoder
    DimensionalLearnedWeatherbenchToPrimitiveWithMemoryEncoder
    DivCurlNeuralParameterization DycoreWithPhysicsCorrector DynamicDataForcing
    EmbeddingSurfaceFeatures EmbeddingVolumeFeatures EncoderCombinedTransform
    EncoderFilterTransform EpdTower ExponentialFilter FilteredCustomOrography FloatDataFeatures
    ForcingFeatures GET_ATMOSPHERIC_SCALE GridTL127 GridTL255 GridTL63 GridWithWavenumbers
    IdentityTransform InputClipTransform InverseLevelScale InverseShiftAndNormalize
    LatitudeFeatures LearnedOrography LearnedPositionalFeatures LevelScale
    MemoryVelocityAndValues MlpUniform ModalToNodalEmbedding
    MoistPrimitiveEquationsWithCloudMoisture NoRandomField NodalLandSeaIceEmbedding NodalMapping
    NodalVolumeMapping NullFeatures PerVariableDataFilter PressureFeatures RadiationFeatures
    RandomnessFeatures RealSphericalHarmonicsWithZeroImag SequentialStepFilter
    SequentialTransform ShiftAndNormalize SigmaCoordinatesEquidistant SoftClip
    StochasticModularStepModel StochasticPhysicsParameterizationStep
    TakeSurfaceAdjacentSigmaLevel ToModalDiffOperators TruncateSigmaLevels
    VelocityAndPrognostics VerticalConvTower WhirlModel ZerosRandomField
    coordinate_system_from_dataset data_to_xarray_with_renaming gelu get_model_specs
    get_physics_specs imex_rk_sil3 primitive_eq_specs_constructor primitive_eq_to_xarray
    trajectory_from_step xarray_to_data_with_renaming xarray_to_dynamic_covariate_data
    xarray_to_state_and_dynamic_covariate_data xarray_to_weatherbench_data
"""

# What upstream shows how to add to a published model: docs/checkpoint_modifications.
_ADDED: Final = """
    CombinedDiagnostics NoDiagnostics NodalModelDiagnosticsDecoder PrecipitableWaterDiagnostics
    PrecipitationDiagnosticsConstrained PrecipitationMinusEvaporationDiagnostics
    SurfacePressureDiagnostics FixGlobalMeanFilter IncrementSSTForcingTransform
"""

# What can stand in the place of a part above: other grids, equations, integrators and the like.
_ALTERNATIVES: Final = """
    ClipFilter ClipTransform ClippedOrography EmptyTransform EncoderIdentityTransform
    FastSphericalHarmonics GaussianRandomField GaussianRandomFieldModule GridT106 GridT119 GridT170
    GridT21 GridT213 GridT31 GridT42 GridT85 GridTL159 GridTL179 GridTL31 GridTL95 HardClip
    LayeredStepFilter LearnedPrimitiveToWeatherbenchDecoder LearnedWeatherbenchToPrimitiveEncoder
    MemoryPressureFeatures MoistPrimitiveEquations MoistPrimitiveEquationsWithCloudMoisutre
    NoFilter NoForcing NodalSurfaceModelEmbedding OrographyFeatures PersistenceDataForcing
    PredictorEulerCorrector PrimitiveEquations PrimitiveEquationsWithTime RealSphericalHarmonics
    SigmaCoordinates SumOfGaussianRandomFields SumOfGaussianRandomFieldsModule
    backward_forward_euler centered_vertical_advection crank_nicolson_rk2 crank_nicolson_rk3
    crank_nicolson_rk4 relu silu upwind_vertical_advection
"""

CONFIGURABLES: Final = frozenset((_PUBLISHED + _ADDED + _ALTERNATIVES).split())
"""Names, without the module path that gin allows before them."""


def names_a_file(parameter: str) -> bool:
    """Whether a parameter names a file of data. Published models have theirs in the checkpoint."""
    return parameter.endswith("_path")
