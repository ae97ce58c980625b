"""Fluxes of a host put into the air, as differences from what the air is taken to feel already.

A published model has learned the exchange with the surface and cannot be told another. What the
host's flux has more than the bulk flux over the same surface is added to the lowest layers; the
model may respond to it and absorb part.
"""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from ngcm_coupler.air import Increments
from ngcm_coupler.constants import GRAVITY, SPECIFIC_HEAT_DRY_AIR
from ngcm_coupler.errors import ConfigError

_TOP = 0.85
"""Sigma above which nothing is added: about the top of a boundary layer of 1.4 km."""

# The lowest layer changes by no more than this: three times or more what a difference of 100 W m-2
# or 0.2 N m-2 does. More points to a fault of the exchange, which should not reach the model whole.
# The fluxes that this allows are for a surface pressure of 1000 hPa.
_LARGEST_WARMING = 2.0 / 3600.0  # [K s-1], about 430 W m-2
_LARGEST_MOISTENING = 1e-3 / 3600.0  # [s-1], about 530 W m-2 of latent heat
_LARGEST_ACCELERATION = 3.0 / 3600.0  # [m s-2], about 0.64 N m-2


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class FluxDifference:
    """Fluxes of the host less bulk fluxes over the same surface, means over the cell, (n,) each.

    Attributes:
      sensible_heat_flux: [W m-2], positive into the surface.
      evaporation: [kg m-2 s-1], positive upward.
      eastward_stress: [N m-2], into the surface.
      northward_stress: [N m-2], into the surface.
    """

    sensible_heat_flux: Array
    evaporation: Array
    eastward_stress: Array
    northward_stress: Array


def imposed_increments(
    difference: FluxDifference,
    pressure_thickness: Array,
    sigma_centres: np.ndarray,
    seconds: float,
) -> tuple[Increments, FluxDifference]:
    """Spreads flux differences over the lowest layers of the air.

    The increment is largest at the surface and falls linearly in sigma to nothing at 0.85. Its
    integral over the column is the flux times the time step.

    Args:
      difference: what to add to the fluxes that the air feels.
      pressure_thickness: of the layers [Pa], shape (levels, n).
      sigma_centres: pressure over surface pressure at the centres of the layers [1], top first,
        shape (levels,).
      seconds: length of the step [s].

    Returns:
      The increments, and the part of the difference that was cut because increments are limited:
      to 2 K, 1 g kg-1 and 3 m s-1 per hour at the surface, stress without change of direction.

    Raises:
      ConfigError: the model has no level in the layer that takes the fluxes up.
    """
    shape = np.maximum((np.asarray(sigma_centres) - _TOP) / (1.0 - _TOP), 0.0)
    if not shape.any():
        raise ConfigError(
            f"imposed fluxes: the lowest level of the model is at sigma {max(sigma_centres):.3f}; "
            f"fluxes can be imposed only on a model with a level below {_TOP}"
        )
    profile = jnp.asarray(shape, pressure_thickness.dtype)[:, None]
    mass = (profile * pressure_thickness).sum(axis=0) / GRAVITY  # [kg m-2]
    per_flux = seconds * profile / mass  # weight of the layer over its mass, times the step

    heat = _limited(difference.sensible_heat_flux, SPECIFIC_HEAT_DRY_AIR * mass * _LARGEST_WARMING)
    water = _limited(difference.evaporation, mass * _LARGEST_MOISTENING)
    eastward, northward = difference.eastward_stress, difference.northward_stress
    # Squares are floored, so that no stress at all can be differentiated.
    stress = jnp.sqrt(jnp.maximum(eastward**2 + northward**2, 1e-20))
    kept = jnp.minimum(mass * _LARGEST_ACCELERATION / stress, 1.0)
    increments = Increments(
        air_temperature=-per_flux * heat / SPECIFIC_HEAT_DRY_AIR,
        specific_humidity=per_flux * water,
        wind=(-per_flux * kept * eastward, -per_flux * kept * northward),
    )
    cut = FluxDifference(
        sensible_heat_flux=difference.sensible_heat_flux - heat,
        evaporation=difference.evaporation - water,
        eastward_stress=(1.0 - kept) * eastward,
        northward_stress=(1.0 - kept) * northward,
    )
    return increments, cut


def _limited(flux: Array, largest: Array) -> Array:
    return jnp.clip(flux, -largest, largest)
