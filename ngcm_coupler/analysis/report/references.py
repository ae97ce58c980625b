"""Published global budgets to hold a run against, in the ledger's units and signs."""

from __future__ import annotations

import dataclasses

from ngcm_coupler.fields import Surface

SURFACES: dict[Surface, str] = {
    "": "globe",
    "ice_free_sea": "open water",
    "sea_ice": "sea ice",
    "land": "land",
}
"""Surface -> what a reader calls it."""


@dataclasses.dataclass(frozen=True)
class Reference:
    """An observed mean.

    Attributes:
      globe: over the globe; None where it is not given.
      ocean: over the ocean, ice included.
      land: over land.
      source: key of `SOURCES`.
    """

    globe: float | None
    ocean: float | None
    land: float | None
    source: str

    def over(self, surface: Surface) -> float | None:
        """The mean over a surface; over any part of the sea that of all of it."""
        return {"": self.globe, "land": self.land}.get(surface, self.ocean)


SOURCES = {
    "Wild": (
        "Wild et al. (2015), Climate Dynamics 44, 3393-3429: annual means, beginning of the 21st"
        " century, over the globe, oceans and land; net heat into oceans and land is their sum"
    ),
    "Rodell": (
        "Rodell et al. (2015), Journal of Climate 28, 8289-8318: annual means, 2000 to 2010, over"
        " the globe, from 520,000 km3 a year; over oceans (361 million km2) rain of 403,500 and"
        " evaporation of 449,500, over land (149) of 116,500 and 70,600"
    ),
    "GPCP": (
        "Adler et al. (2018), Atmosphere 9, 138: GPCP version 2.3, means of 2009 to 2013 over the"
        " globe, oceans and land"
    ),
    "Trenberth": (
        "Trenberth and Smith (2005), Journal of Climate 18, 864-875: mean of 1979 to 2001 over the"
        " globe; water without cloud"
    ),
}

_MILLIMETRE_PER_DAY = 1.0 / 86400.0

REFERENCES = {
    "surface_downwelling_shortwave_flux_in_air": Reference(185.0, 185.0, 184.0, "Wild"),
    "surface_downwelling_longwave_flux_in_air": Reference(342.0, 356.0, 306.0, "Wild"),
    "surface_net_downward_shortwave_flux": Reference(160.0, 170.0, 136.0, "Wild"),
    "surface_net_downward_longwave_flux": Reference(-56.0, -53.0, -66.0, "Wild"),
    "surface_downward_sensible_heat_flux": Reference(-21.0, -16.0, -32.0, "Wild"),
    "surface_downward_latent_heat_flux": Reference(-82.0, -100.0, -38.0, "Wild"),
    "surface_net_downward_heat_flux": Reference(0.6, 1.0, 0.0, "Wild"),
    "toa_incoming_shortwave_flux": Reference(340.0, None, None, "Wild"),
    "toa_outgoing_shortwave_flux": Reference(100.0, None, None, "Wild"),
    "toa_outgoing_longwave_flux": Reference(239.0, None, None, "Wild"),
    "toa_net_downward_flux": Reference(0.6, None, None, "Wild"),
    "water_evapotranspiration_flux": Reference(
        2.79 * _MILLIMETRE_PER_DAY, 3.41 * _MILLIMETRE_PER_DAY, 1.30 * _MILLIMETRE_PER_DAY, "Rodell"
    ),
    "evaporation_total": Reference(2.79 * _MILLIMETRE_PER_DAY, None, None, "Rodell"),
    "precipitation_flux": Reference(
        2.79 * _MILLIMETRE_PER_DAY, 3.06 * _MILLIMETRE_PER_DAY, 2.14 * _MILLIMETRE_PER_DAY, "Rodell"
    ),
    "atmosphere_mass_content_of_water": Reference(24.9, None, None, "Trenberth"),
    "dry_air_pressure": Reference(98305.0, None, None, "Trenberth"),
}
"""Name of a budget entry -> what is observed."""
