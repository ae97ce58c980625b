"""The published bulk algorithms over the open sea, by name."""

from __future__ import annotations

import dataclasses
import math
from functools import partial

import jax.numpy as jnp
from jax import Array

from ngcm_coupler.constants import VON_KARMAN
from ngcm_coupler.surface.turbulence import coare, ecmwf, ncar
from ngcm_coupler.surface.turbulence.similarity import BulkScheme

SCHEMES: dict[str, BulkScheme] = {
    "coare3p6": BulkScheme(
        log_roughness=coare.log_roughness_3p6,
        psi_momentum=coare.psi_momentum_3p6,
        psi_heat=coare.psi_heat,
        gustiness=partial(coare.gustiness, beta=coare.BETA_3P6),
        iterations=8,
    ),
    "coare3p0": BulkScheme(
        log_roughness=coare.log_roughness_3p0,
        psi_momentum=coare.psi_momentum_3p0,
        psi_heat=coare.psi_heat,
        gustiness=partial(coare.gustiness, beta=coare.BETA_3P0),
        iterations=8,
    ),
    "ecmwf": BulkScheme(
        log_roughness=ecmwf.log_roughness,
        psi_momentum=ecmwf.psi_momentum,
        psi_heat=ecmwf.psi_heat,
        gustiness=ecmwf.gustiness,
        iterations=5,
    ),
    "ncar": BulkScheme(
        log_roughness=ncar.log_roughness,
        psi_momentum=ncar.psi_momentum,
        psi_heat=ncar.psi_heat,
        gustiness=jnp.zeros_like,
        iterations=10,
        least_wind=ncar.LEAST_WIND,
        unstable_log_heat_roughness=ncar.UNSTABLE_LOG_HEAT_ROUGHNESS,
    ),
}
"""The bulk algorithms by the names that a namelist uses."""

STRONG_WIND = 10.0
"""Slower winds [m s-1] have a limited drag as it is: some schemes let it grow in calm air too."""


def with_drag_limit(scheme: BulkScheme, drag_limit: float) -> BulkScheme:
    """A scheme whose sea takes no more drag however strong the wind.

    In hurricanes drag grows no more from some 33 m s-1 on, as foam and spray cover the waves:
    Powell et al. (2003) find at most 2.5e-3 in profiles from dropsondes, and less in stronger
    wind; Donelan et al. (2004) find 2.5e-3 in a tank, and no change up to 53 m s-1. Roughness
    lengths of heat and moisture stay those of the scheme.

    Args:
      scheme: the scheme as published.
      drag_limit: largest neutral drag coefficient at 10 m in winds above `STRONG_WIND` [1]; above
        that of the scheme at this wind, so that fluxes are continuous.

    Sources: Powell, Vickery and Reinhold (2003), Nature 422, 279-283; Donelan et al. (2004),
    Geophys. Res. Lett. 31, L18306.
    """
    largest = math.log(10.0) - VON_KARMAN / math.sqrt(drag_limit)

    def log_roughness(
        friction_velocity: Array, neutral_wind: Array, viscosity: Array
    ) -> tuple[Array, Array, Array]:
        momentum, heat, moisture = scheme.log_roughness(friction_velocity, neutral_wind, viscosity)
        limited = jnp.where(neutral_wind > STRONG_WIND, jnp.minimum(momentum, largest), momentum)
        return limited, heat, moisture

    return dataclasses.replace(scheme, log_roughness=log_roughness)
