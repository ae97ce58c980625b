"""The published bulk algorithms over the open sea, by name."""

from __future__ import annotations

from functools import partial

import jax.numpy as jnp

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
