"""Whether the values of a state can be those of the Earth's atmosphere and sea."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from ngcm_coupler.constants import GAS_CONSTANT_DRY_AIR
from ngcm_coupler.engine.neuralgcm.initial_state.quantities import Quantity, quantity
from ngcm_coupler.fields.units import behind

_HYDROSTATIC = 0.75, 1.35
"""Thickness of a layer over that of air of its temperature: moist air, levels that stand far apart
and temperatures that bend between them are within."""

_LEAST_SEA = 0.3
"""Part of the globe where the sea has a value; of the Earth 0.66 is sea without ice shelves."""

_SEA_MEAN = 255.0, 320.0
"""Of the sea's temperature; over land files may have others [K]."""

_LEAST_HUMIDITY = 1.0e-5
"""Mean over the globe below `_HUMID`; it is 1e-2 today, and was 1e-4 on a frozen Earth [1]."""

_HUMID = 700.0  # hPa
_MERIDIONAL = 3.0  # m s-1
_WINDS = "u_component_of_wind", "v_component_of_wind"


def faults(
    fields: Mapping[str, np.ndarray],
    called: Mapping[str, str],
    pressures: np.ndarray,
    latitudes: np.ndarray,
) -> Iterator[str]:
    """What cannot be, one line a variable.

    Args:
      fields: name -> values, NaN where missing, shape ([levels,] longitudes, latitudes).
      called: name -> what the file calls it.
      pressures: of the levels [hPa].
      latitudes: of the rows [degrees north].
    """
    weight = np.cos(np.deg2rad(latitudes)) + 1e-6  # rows at the poles count too
    weight = weight / weight.sum()
    sound = True
    for name, values in fields.items():
        for fault in _of_values(quantity(name), values, weight):
            sound = False
            meant = "" if called[name] == name else f" ({name})"
            yield f"variable {called[name]!r}{meant} {fault}"
    if sound:  # else one fault would be told as two
        yield from _between_variables(fields, pressures, weight)


def _of_values(known: Quantity, values: np.ndarray, weight: np.ndarray) -> Iterator[str]:
    """What is wrong with one variable alone."""
    finite = np.isfinite(values)
    odd = int(values.size - finite.sum())
    if (known.on_levels and odd) or odd > np.isnan(values).sum():
        yield f"holds {odd} of {values.size} values that are not finite or missing"
        return
    if not finite.any():
        yield "holds no value"
        return
    covered = float((finite.mean(axis=-2) * weight).sum())
    if not known.on_levels and covered < _LEAST_SEA:
        yield (
            f"has values on {100 * covered:.0f} % of the globe, expected them on all of its sea;"
            " write what it is there, as 0 where there is no ice"
        )
    lowest, highest = float(np.nanmin(values)), float(np.nanmax(values))
    if not (known.lowest <= lowest and highest <= known.highest):
        yield (
            f"holds {lowest:.6g} to {highest:.6g}, expected values within {known.lowest:g} to"
            f" {known.highest:g}{behind(known.unit)}; convert it{known.hint}"
        )
    elif lowest == highest == 0.0 and (known.name in _WINDS or known.name == "specific_humidity"):
        yield "is 0 everywhere, as where nothing was written; write its values"
    elif known.name == "sea_surface_temperature":
        mean = float(np.nanmean(values))
        if not _SEA_MEAN[0] < mean < _SEA_MEAN[1]:
            yield f"is {mean:.6g} K in the mean, which no sea is; convert it{known.hint}"


def _between_variables(
    fields: Mapping[str, np.ndarray], pressures: np.ndarray, weight: np.ndarray
) -> Iterator[str]:
    """What variables that are each possible cannot be together."""
    mean = {
        name: (values.mean(axis=-2) * weight).sum(axis=-1)
        for name, values in fields.items()
        if values.ndim == 3
    }
    order = np.argsort(-pressures)
    if {"geopotential", "temperature"} <= mean.keys() and pressures.size > 1:
        logarithm = np.log(pressures[order])
        temperature, geopotential = mean["temperature"][order], mean["geopotential"][order]
        layer = 0.5 * (temperature[1:] + temperature[:-1]) * -np.diff(logarithm)
        ratio = np.diff(geopotential) / (GAS_CONSTANT_DRY_AIR * layer)
        if not ((ratio > _HYDROSTATIC[0]) & (ratio < _HYDROSTATIC[1])).all():
            worst = int(np.abs(np.log(np.maximum(ratio, 1e-9))).argmax())
            low, high = pressures[order][worst : worst + 2]
            yield (
                f"variables 'geopotential' and 'temperature' do not go together: from {low:g} to"
                f" {high:g} hPa the geopotential grows by {ratio[worst]:.3g} times what air of that"
                " temperature makes of it; correct units [m2 s-2, K] or the order of levels"
            )
    if "specific_humidity" in mean and (low := pressures >= _HUMID).any():
        humidity = float(mean["specific_humidity"][low].mean())
        if humidity < _LEAST_HUMIDITY:
            yield (
                f"variable 'specific_humidity' is {humidity:.2g} in the mean below {_HUMID:g} hPa,"
                " drier than any air of the Earth; correct its units [kg kg-1] or the order of"
                " levels"
            )
    if set(_WINDS) <= fields.keys():
        eastward, northward = (
            float(np.sqrt((fields[name].mean(axis=-2) ** 2 * weight).sum(axis=-1).mean()))
            for name in _WINDS
        )
        if northward > max(_MERIDIONAL, 2.0 * eastward):
            yield (
                f"variable {_WINDS[1]!r} is {northward:.3g} m/s along circles of latitude, and"
                f" {_WINDS[0]!r} {eastward:.3g}: as if their names were exchanged; correct them"
            )
