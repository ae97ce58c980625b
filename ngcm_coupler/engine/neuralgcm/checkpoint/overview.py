"""What a checkpoint is, read from its text in a moment: no model is built."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import numpy as np

from ngcm_coupler.engine.neuralgcm.checkpoint.bindings import GinBindings
from ngcm_coupler.engine.neuralgcm.checkpoint.contents import Checkpoint

# The facts below are fixed in upstream's code, not in the checkpoint: `PressureLevelModel` in
# neuralgcm/legacy/api.py for the variables, model_builder.py for the reference time.
_INPUT_VARIABLES: Final = (
    "geopotential",
    "specific_humidity",
    "temperature",
    "u_component_of_wind",
    "v_component_of_wind",
)
_CLOUD_VARIABLES: Final = (
    "specific_cloud_ice_water_content",
    "specific_cloud_liquid_water_content",
)
_FORCING_VARIABLES: Final = ("sea_ice_cover", "sea_surface_temperature")
_DEFAULT_REFERENCE_DATETIME: Final = "1979-01-01T00"
_NOT_RANDOM: Final = {"NoRandomField", "ZerosRandomField"}

_SECONDS: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
_UNIT_SYMBOLS: Final = {"s": "second", "min": "minute", "h": "hour", "hr": "hour", "d": "day"}


@dataclass(frozen=True)
class CheckpointSummary:
    """The facts that a user chooses a checkpoint by.

    Attributes:
      model: upstream's class of the model.
      grid: name of the model's horizontal grid, such as TL63.
      nlon: longitudes of the data grid, on which states go in and out.
      nlat: latitudes of the data grid.
      sigma_layers: layers of the model.
      pressure_levels: levels of the data [hPa].
      step_seconds: the model's time step [s].
      input_variables: what an initial state must hold.
      forcing_variables: what the surface must supply.
      stochastic: whether the result depends on a random key.
      predicts_precipitation: whether precipitation is among the model's own outputs.
      predicts_evaporation: whether evaporation is.
      learned_orography: whether the model corrects the orography of its dataset.
      reference_datetime: the model's time zero, ISO 8601, UTC.
      parameters: number of learned numbers.
      parameter_bytes: their size [bytes].
      sha256: hexadecimal digest of the published file.
    """

    model: str
    grid: str
    nlon: int
    nlat: int
    sigma_layers: int
    pressure_levels: tuple[float, ...]
    step_seconds: int
    input_variables: tuple[str, ...]
    forcing_variables: tuple[str, ...]
    stochastic: bool
    predicts_precipitation: bool
    predicts_evaporation: bool
    learned_orography: bool
    reference_datetime: str
    parameters: int
    parameter_bytes: int
    sha256: str


def summary(checkpoint: Checkpoint) -> CheckpointSummary:
    """Says what model a checkpoint holds.

    Raises:
      CheckpointError: its gin text does not describe a model on a spectral grid and sigma layers.
    """
    config = checkpoint.model_config_str
    gin = checkpoint.gin
    coordinates = gin.reference("get_model_specs.custom_coords")
    arrays = [array for leaves in checkpoint.params.values() for array in leaves.values()]
    diagnostics = gin.referenced("diagnostics_module") | gin.referenced("diagnostic_modules")
    # It predicts one of the two and obtains the other from the column's water budget.
    has_water_fluxes = "PrecipitationDiagnosticsConstrained" in diagnostics
    return CheckpointSummary(
        model=gin.reference("WhirlModel.model_cls").name,
        grid=_grid_name(gin, coordinates.scope),
        nlon=checkpoint.coordinate("longitude").size,
        nlat=checkpoint.coordinate("latitude").size,
        sigma_layers=_sigma_layers(gin, coordinates.scope),
        pressure_levels=tuple(checkpoint.coordinate("level").tolist()),
        step_seconds=_step_seconds(gin),
        # Upstream, too, looks for the names of the cloud variables anywhere in the text.
        input_variables=_INPUT_VARIABLES + tuple(v for v in _CLOUD_VARIABLES if v in config),
        forcing_variables=_FORCING_VARIABLES,
        stochastic=bool(gin.referenced("randomness_module") - _NOT_RANDOM),
        predicts_precipitation=has_water_fluxes,
        predicts_evaporation=has_water_fluxes,
        # Upstream's `LearnedOrography` names its parameter so, and nothing else does.
        learned_orography=any("orography" in leaves for leaves in checkpoint.params.values()),
        reference_datetime=_reference_datetime(gin),
        parameters=sum(array.size for array in arrays),
        parameter_bytes=sum(array.nbytes for array in arrays),
        sha256=checkpoint.sha256,
    )


def _grid_name(gin: GinBindings, scope: str) -> str:
    grid = gin.reference("CoordinateSystem.horizontal", scope)
    if grid.name == "GridWithWavenumbers":
        wavenumbers = gin.value("GridWithWavenumbers.longitude_wavenumbers", grid.scope)
        if type(wavenumbers) is not int:
            name = "GridWithWavenumbers.longitude_wavenumbers"
            raise gin.fault(name, wavenumbers, "the number of wavenumbers")
        return f"{wavenumbers} wavenumbers"
    return grid.name.removeprefix("Grid")


def _sigma_layers(gin: GinBindings, scope: str) -> int:
    vertical = gin.reference("CoordinateSystem.vertical", scope)
    layers = gin.value(f"{vertical.name}.layers", vertical.scope)
    boundaries = gin.value(f"{vertical.name}.boundaries", vertical.scope)
    if isinstance(boundaries, list | tuple):
        return len(boundaries) - 1
    if type(layers) is not int or layers < 1:
        raise gin.fault(f"{vertical.name}.layers", layers, "the number of sigma layers")
    return layers


def _step_seconds(gin: GinBindings) -> int:
    binding = "get_model_specs.model_time_step"
    text = gin.value(binding)
    match = re.fullmatch(r"\s*(\d{1,20}(?:\.\d*)?)\s*([a-z]+)\s*", str(text), re.ASCII)
    if match:
        number, unit = match.groups()
        seconds = float(number) * _SECONDS.get(_UNIT_SYMBOLS.get(unit, unit.removesuffix("s")), 0)
        if seconds > 0 and seconds.is_integer():
            return int(seconds)
    raise gin.fault(binding, text, "whole seconds in a form such as '1 hour' or '30 minutes'")


def _reference_datetime(gin: GinBindings) -> str:
    binding = "get_model_specs.reference_datetime_str"
    text = gin.value(binding) or _DEFAULT_REFERENCE_DATETIME
    try:
        np.datetime64(text)
    except (TypeError, ValueError) as error:
        raise gin.fault(binding, text, "a date such as '1979-01-01T00'") from error
    return text
