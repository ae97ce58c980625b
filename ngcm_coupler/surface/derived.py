"""Sums of fluxes that a sea model with ice takes, as NEMO defines them.

Which quantity of NEMO's coupled interface (module sbccpl, NEMO 4.2) is which:

| NEMO | here |
| --- | --- |
| `O_QsrOce`, `O_QsrIce` | `absorbed_shortwave` of open water, of ice |
| `O_QnsOce`, `O_QnsIce` | `non_solar_flux` of open water, of ice |
| `O_QsrMix`, `O_QnsMix` | `sea_mean` of the two |
| `O_dQnsdT` | `net_longwave_derivative` and the turbulent derivative of ice, added |
| `OTotEvap` | `sea_mean` of evaporation and sublimation |
| `OIceEvap` | sublimation as the ice tile has it, per area of ice |
| `OTotRain`, `OTotSnow` | rain and snow of the cell: NEMO lets them fall on water and ice alike |
| `O_OTaux1`, `O_ITaux1` | stresses of the two tiles |

Heat fluxes are positive into the surface and per area of their tile. NEMO itself takes away the
heat that melts snow on open water and adds that which rain, snow and evaporated water carry: none
of it is in a flux here.
"""

from __future__ import annotations

from jax import Array

STEFAN_BOLTZMANN = 5.670374419e-8
"""[W m-2 K-4]. Source: CODATA 2018."""

SEA_EMISSIVITY = 0.98
"""Long-wave emissivity of sea water [1]. Source: NEMO 4.2 and AeroBulk; COARE has 0.97, which
loses 0.6 W m-2 less where the net flux is 60 W m-2."""

ICE_EMISSIVITY = 0.996
"""Long-wave emissivity of ice and snow [1]. Source: NEMO 4.2 and AeroBulk."""

LAND_EMISSIVITY = 0.96
"""Long-wave emissivity of land [1]. Source: Community Land Model 5, bare ground."""


def absorbed_shortwave(downwelling: Array, albedo: Array) -> Array:
    """Solar flux that stays in the surface: NEMO's `qsr`.

    Args:
      downwelling: in each band [W m-2], shape (bands, n).
      albedo: in each band [1], shape (bands, n).

    Returns:
      Flux into the surface [W m-2], shape (n,).
    """
    return ((1.0 - albedo) * downwelling).sum(axis=0)


def net_longwave(downwelling: Array, surface_temperature: Array, emissivity: float) -> Array:
    """Long-wave flux that stays in the surface, which reflects what it does not absorb.

    Args:
      downwelling: [W m-2], shape (n,).
      surface_temperature: of the skin [K], shape (n,).
      emissivity: [1].

    Returns:
      Flux into the surface [W m-2], shape (n,).
    """
    return emissivity * (downwelling - STEFAN_BOLTZMANN * surface_temperature**4)


def non_solar_flux(longwave: Array, sensible_heat_flux: Array, latent_heat_flux: Array) -> Array:
    """Heat flux into the surface without the sun's: NEMO's `qns` before what water carries.

    Args:
      longwave: net long-wave flux [W m-2], positive into the surface, shape (n,).
      sensible_heat_flux: [W m-2], likewise.
      latent_heat_flux: of evaporation, over ice of sublimation [W m-2], likewise.

    Returns:
      Flux into the surface [W m-2], shape (n,). The heat that melts falling snow is not in it.
    """
    return longwave + sensible_heat_flux + latent_heat_flux


def net_longwave_derivative(surface_temperature: Array, emissivity: float) -> Array:
    """How `net_longwave` changes when the surface warms: the radiative part of NEMO's `dqns_ice`.

    Args:
      surface_temperature: of the skin [K], shape (n,).
      emissivity: [1].

    Returns:
      Derivative of the flux into the surface [W m-2 K-1], negative, shape (n,).
    """
    return -4.0 * emissivity * STEFAN_BOLTZMANN * surface_temperature**3


def sea_mean(open_water: Array, ice: Array, ice_area_fraction: Array) -> Array:
    """Mean of a flux over the sea, from its tiles.

    Args:
      open_water: flux per area of open water, shape (n,).
      ice: flux per area of ice, in the same unit, shape (n,).
      ice_area_fraction: part of the sea that ice covers [1], shape (n,).

    Returns:
      Flux per area of sea, shape (n,).
    """
    return (1.0 - ice_area_fraction) * open_water + ice_area_fraction * ice
