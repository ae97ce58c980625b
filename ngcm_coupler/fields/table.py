"""The field table: every field that crosses between the host and the atmosphere.

One row per field is the only place where its name, unit, sign, averaging, valid range,
provenance and aliases are written down. The bridge, the caps, the output files, the command
``ngcm-coupler fields`` and the documentation all read it. A field that nothing supplies in a run is
not offered in it: the plugin never offers a zero in its place.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Literal

from ngcm_coupler.errors import FieldError, near_names

Direction = Literal["import", "export"]
"""``import``: the host puts it. ``export``: the host gets it."""

Averaging = Literal["instantaneous", "interval_mean"]
"""States are instantaneous at the end of the interval, fluxes are means over the interval."""

Provenance = Literal["host", "model", "bulk", "radiation", "budget"]
"""Who supplies the values: the host, the published model's own state, the bulk formulae over the
tiles, the radiation scheme, or the water budget of the model's learned column physics."""

Surface = Literal["", "sea", "ice_free_sea", "sea_ice", "land"]
"""CF area type that the value is a mean over; empty: the whole cell."""

Need = Literal["sea_ice", "land", "radiation", "water", "skin"]
"""What a field depends on: the host's ice, the host's land, a radiation scheme, a model whose water
budget is known, a skin of the sea of the plugin's own."""


_RANGE_SLACK = 1.0e-5
"""How far an import may leave its valid range, relative to the range."""


@dataclasses.dataclass(frozen=True)
class Field:
    """One row of the field table.

    Attributes:
      name: name on the exchange, unique; a CF standard name, with a qualifier where the standard
        name alone would be ambiguous.
      standard_name: CF standard name; empty where CF has none.
      units: UDUNITS string.
      direction: who gives and who receives.
      averaging: instantaneous or mean over the coupling interval.
      valid_min: smallest physical value, in ``units``; an import below it is refused.
      valid_max: largest physical value, in ``units``.
      provenance: who supplies the values.
      surface: CF area type of the value.
      positive: for fluxes, ``down`` (into the surface) or ``up``; empty for states.
      oasis: alias in OASIS namcouple and restart files, at most 8 characters.
      nuopc: CMEPS short name, empty where CMEPS has none.
      needs: what must be there for an export to be offered.
      description: one line for the reader of an output file.
    """

    name: str
    standard_name: str
    units: str
    direction: Direction
    averaging: Averaging
    valid_min: float
    valid_max: float
    provenance: Provenance
    surface: Surface
    positive: Literal["", "down", "up"]
    oasis: str
    nuopc: str
    needs: tuple[Need, ...]
    description: str

    @property
    def accepted_range(self) -> tuple[float, float]:
        """The valid range, widened by the round-off of a remapping; what is positive stays so."""
        slack = _RANGE_SLACK * (self.valid_max - self.valid_min)
        below = min(slack, 0.5 * self.valid_min) if self.valid_min > 0.0 else slack
        return self.valid_min - below, self.valid_max + slack


TILES: tuple[Surface, ...] = ("ice_free_sea", "sea_ice", "land")
"""The surfaces that a cell is made of."""

_TILE_LETTER = {"ice_free_sea": "O", "sea_ice": "I", "land": "L", "sea": "S", "": ""}
_TILE_NEEDS: dict[Surface, tuple[Need, ...]] = {
    "ice_free_sea": (),
    "sea_ice": ("sea_ice",),
    "land": ("land",),
    "sea": ("sea_ice",),
    "": ("sea_ice", "land"),
}
_TILE_WORDS = {
    "ice_free_sea": "open water",
    "sea_ice": "sea ice",
    "land": "land",
    "sea": "the sea, open water and ice together",
    "": "the whole cell",
}
_CMEPS_PREFIX = {"ice_free_sea": "Faox", "sea_ice": "Faii", "land": "Fall", "": "Faxa"}

BANDS = tuple(
    f"{beam}_{band}" for band in ("visible", "near_infrared") for beam in ("direct", "diffuse")
)
"""The short-wave bands, in the order in which all arrays of bands have them along their first axis.
The visible ends at 0.7 micrometres and includes the ultraviolet."""

_BAND_ALIAS = dict(zip(BANDS, ("VDR", "VDF", "NDR", "NDF"), strict=True))
_CMEPS_BAND = dict(zip(BANDS, ("vdr", "vdf", "ndr", "ndf"), strict=True))
_CMEPS_ALBEDO = dict(zip(BANDS, ("avsdr", "avsdf", "anidr", "anidf"), strict=True))


GEOCENTRIC_AXES = {
    "x": "line from the centre of the Earth to the Greenwich meridian on the equator",
    "y": "line from the centre of the Earth to 90 degrees east on the equator",
    "z": "axis of the Earth, northwards",
}
"""Directions that are the same everywhere: the components along them can be interpolated one by
one, also across a pole, which eastward and northward components cannot."""


def over(name: str, surface: Surface) -> str:
    """The name of that quantity over that surface; of the whole cell it is the bare name."""
    return f"{name}_over_{surface}" if surface else name


def _import(
    name: str,
    units: str,
    valid_range: tuple[float, float],
    surface: Surface,
    oasis: str,
    nuopc: str,
    description: str,
    *,
    standard_name: str | None = None,
) -> Field:
    """A state of the host's surface, held constant over the interval."""
    return Field(
        name, name if standard_name is None else standard_name, units, "import", "instantaneous",
        *valid_range, "host", surface, "", oasis, nuopc, (), description,
    )  # fmt: skip


def _albedo(band: str, surface: Surface) -> Field:
    """The host's albedo of ice or land in one band."""
    source = {"sea_ice": "Si", "land": "Sl"}[surface]
    return _import(
        over(f"surface_albedo_{band}", surface), "1", (0.0, 1.0), surface,
        f"NG_A{_TILE_LETTER[surface]}{_BAND_ALIAS[band]}", f"{source}_{_CMEPS_ALBEDO[band]}",
        f"Albedo of {_TILE_WORDS[surface]} for {band.replace('_', ' ')} light",
        standard_name="surface_albedo",
    )  # fmt: skip


def _imposed(
    name: str,
    units: str,
    valid_range: tuple[float, float],
    positive: Literal["down", "up"],
    oasis: str,
    nuopc: str,
    description: str,
) -> Field:
    """A flux of the whole cell that the host has computed itself."""
    return Field(
        f"imposed_{name}", name, units, "import", "interval_mean", *valid_range, "host", "",
        positive, oasis, nuopc, (), description,
    )  # fmt: skip


def _state(
    name: str,
    units: str,
    valid_range: tuple[float, float],
    oasis: str,
    nuopc: str,
    description: str,
) -> Field:
    """A state of the model, of the whole cell, instantaneous at the interval's end."""
    return Field(
        name, name, units, "export", "instantaneous", *valid_range, "model", "", "", oasis, nuopc,
        (), description,
    )  # fmt: skip


def _near_surface(
    quantity: str,
    height: str,
    units: str,
    valid_range: tuple[float, float],
    oasis: str,
    nuopc: str,
    description: str,
) -> tuple[Field, ...]:
    """A diagnosed state near the surface: of the whole cell, and over open water."""
    surfaces: tuple[Surface, ...] = ("", "ice_free_sea")
    return tuple(
        Field(
            over(f"{quantity}_at_{height}", surface), quantity, units, "export", "instantaneous",
            *valid_range, "bulk", surface, "", oasis + _TILE_LETTER[surface],
            "" if surface else nuopc, _TILE_NEEDS[surface],
            f"{description} {height[:-1]} m above {_TILE_WORDS[surface]}",
        )
        for surface in surfaces
    )  # fmt: skip


def _tile_fluxes(
    name: str,
    units: str,
    valid_range: tuple[float, float],
    positive: Literal["down", "up"],
    oasis: str,
    cmeps: str,
    description: str,
    *,
    provenance: Provenance = "bulk",
    needs: tuple[Need, ...] = (),
    surfaces: tuple[Surface, ...] = ("", *TILES, "sea"),
    standard_name: str | None = None,
) -> tuple[Field, ...]:
    """A flux of the whole cell, and per area of each of its surfaces."""
    return tuple(
        Field(
            over(name, surface), name if standard_name is None else standard_name, units, "export",
            "interval_mean", *valid_range, provenance,
            surface, positive, oasis + _TILE_LETTER[surface],
            f"{_CMEPS_PREFIX[surface]}_{cmeps}" if surface in _CMEPS_PREFIX and cmeps else "",
            needs + _TILE_NEEDS[surface], f"{description} {_TILE_WORDS[surface]}",
        )
        for surface in surfaces
    )  # fmt: skip


def _cell_flux(
    name: str,
    units: str,
    valid_range: tuple[float, float],
    positive: Literal["down", "up"],
    provenance: Provenance,
    needs: tuple[Need, ...],
    oasis: str,
    nuopc: str,
    description: str,
    *,
    standard_name: str = "",
) -> Field:
    """A flux that is the same over every surface of a cell."""
    return Field(
        name, standard_name or name, units, "export", "interval_mean", *valid_range, provenance,
        "", positive, oasis, nuopc, needs, description,
    )  # fmt: skip


_WIND = (-150.0, 150.0)
_TEMPERATURE = (150.0, 350.0)
_HEAT = (-5.0e3, 5.0e3)
_SUN = (0.0, 2.0e3)
_WATER = (0.0, 0.2)
_VAPOUR = (-2.0e-3, 2.0e-3)

# fmt: off
FIELDS: tuple[Field, ...] = (
    _import("sea_surface_temperature", "K", (260.0, 320.0), "sea", "NG_SST", "So_t",
            "Temperature of the sea surface; under ice the freezing point"),
    _import("sea_ice_area_fraction", "1", (0.0, 1.0), "sea", "NG_ICEF", "Si_ifrac",
            "Fraction of the sea that ice covers"),
    _import("sea_water_x_velocity", "m s-1", (-10.0, 10.0), "sea", "NG_UOCE", "So_u",
            "Eastward surface current"),
    _import("sea_water_y_velocity", "m s-1", (-10.0, 10.0), "sea", "NG_VOCE", "So_v",
            "Northward surface current"),
    *(_import(f"sea_water_geocentric_{axis}_velocity", "m s-1", (-10.0, 10.0), "sea",
              f"NG_OC{axis.upper()}", "", f"Surface current along the {line}", standard_name="")
      for axis, line in GEOCENTRIC_AXES.items()),
    _import("sea_ice_surface_temperature", "K", (180.0, 275.0), "sea_ice", "NG_TICE", "Si_t",
            "Temperature of the surface of ice, or of the snow on it"),
    *(_albedo(band, "sea_ice") for band in BANDS),
    _import("land_surface_skin_temperature", "K", (170.0, 350.0), "land", "NG_TLND", "Sl_t",
            "Temperature of the surface of land, snow and plants together",
            standard_name="surface_temperature"),
    _import("surface_roughness_length_for_momentum_over_land", "m", (1.0e-5, 10.0), "land",
            "NG_Z0L", "Sl_z0m", "Roughness length of land",
            standard_name="surface_roughness_length_for_momentum_in_air"),
    _import("moisture_availability_over_land", "1", (0.0, 1.0), "land", "NG_WETL", "",
            "Evaporation of land over that of a wet surface as warm", standard_name=""),
    *(_albedo(band, "land") for band in BANDS),
    _imposed("surface_downward_eastward_stress", "N m-2", (-50.0, 50.0), "down", "NG_HTAUX",
             "Faxx_taux", "Eastward stress that the host has computed"),
    _imposed("surface_downward_northward_stress", "N m-2", (-50.0, 50.0), "down", "NG_HTAUY",
             "Faxx_tauy", "Northward stress that the host has computed"),
    _imposed("surface_downward_sensible_heat_flux", "W m-2", _HEAT, "down", "NG_HSEN",
             "Faxx_sen", "Sensible heat flux that the host has computed"),
    _imposed("water_evapotranspiration_flux", "kg m-2 s-1", _VAPOUR, "up", "NG_HEVAP",
             "Faxx_evap", "Evaporation that the host has computed"),
    _state("height", "m", (1.0, 500.0), "NG_ZBOT", "Sa_z",
           "Height of the lowest model level above the surface"),
    _state("eastward_wind", "m s-1", _WIND, "NG_UBOT", "Sa_u",
           "Eastward wind at the lowest model level"),
    _state("northward_wind", "m s-1", _WIND, "NG_VBOT", "Sa_v",
           "Northward wind at the lowest model level"),
    _state("air_temperature", "K", _TEMPERATURE, "NG_TBOT", "Sa_tbot",
           "Air temperature at the lowest model level"),
    _state("air_potential_temperature", "K", (150.0, 400.0), "NG_PTBOT", "Sa_ptem",
           "Potential temperature at the lowest model level, referred to 1000 hPa"),
    _state("specific_humidity", "1", (0.0, 0.1), "NG_QBOT", "Sa_shum",
           "Specific humidity at the lowest model level, negative model values clipped to zero"),
    _state("air_pressure", "Pa", (3.0e4, 1.2e5), "NG_PBOT", "Sa_pbot",
           "Air pressure at the lowest model level"),
    _state("air_density", "kg m-3", (0.3, 2.0), "NG_RBOT", "Sa_dens",
           "Density of moist air at the lowest model level"),
    _state("air_pressure_at_mean_sea_level", "Pa", (8.0e4, 1.2e5), "NG_PSL", "Sa_pslv",
           "Surface pressure reduced to mean sea level with the model's own orography"),
    _state("surface_air_pressure", "Pa", (3.0e4, 1.2e5), "NG_PS", "Sa_ps",
           "Air pressure at the model's surface"),
    _state("surface_altitude", "m", (-1.0e3, 9.0e3), "NG_TOPO", "Sa_topo",
           "The model's own orography, which may differ from zero over the sea"),
    _state("atmosphere_mass_content_of_water", "kg m-2", (0.0, 200.0), "NG_WATR", "",
           "Vapour, cloud liquid water and cloud ice in the column: zero where the"
           " model has less, paid for by all other columns"),
    *_near_surface("eastward_wind", "10m", "m s-1", _WIND, "NG_U10", "Sa_u10m",
                   "Eastward wind"),
    *_near_surface("northward_wind", "10m", "m s-1", _WIND, "NG_V10", "Sa_v10m",
                   "Northward wind"),
    *_near_surface("air_temperature", "2m", "K", _TEMPERATURE, "NG_T2", "Sa_t2m",
                   "Air temperature"),
    *_near_surface("specific_humidity", "2m", "1", (0.0, 0.1), "NG_Q2", "Sa_q2m",
                   "Specific humidity"),
    Field("sea_surface_skin_temperature", "sea_surface_skin_temperature", "K", "export",
          "instantaneous", 255.0, 325.0, "bulk", "ice_free_sea", "", "NG_SKIN", "So_tskin",
          ("skin",), "Temperature of the skin of open water, with cool skin and warm layer"),
    *_tile_fluxes("surface_downward_eastward_stress", "N m-2", (-50.0, 50.0), "down", "NG_TAUX",
                  "taux", "Eastward wind stress on"),
    *_tile_fluxes("surface_downward_northward_stress", "N m-2", (-50.0, 50.0), "down", "NG_TAUY",
                  "tauy", "Northward wind stress on"),
    *(row for axis, line in GEOCENTRIC_AXES.items() for row in _tile_fluxes(
        f"surface_downward_geocentric_{axis}_stress", "N m-2", (-50.0, 50.0), "down",
        f"NG_TG{axis.upper()}", "", f"Wind stress along the {line}, on",
        surfaces=("ice_free_sea", "sea_ice", "sea"), standard_name="")),
    *_tile_fluxes("surface_downward_sensible_heat_flux", "W m-2", _HEAT, "down", "NG_SEN",
                  "sen", "Sensible heat flux into"),
    *_tile_fluxes("surface_downward_latent_heat_flux", "W m-2", _HEAT, "down", "NG_LAT",
                  "lat", "Latent heat flux into"),
    *_tile_fluxes("water_evapotranspiration_flux", "kg m-2 s-1", _VAPOUR, "up", "NG_EVAP",
                  "evap", "Evaporation and sublimation from"),
    _cell_flux("surface_downwelling_shortwave_flux_in_air", "W m-2", _SUN, "down", "radiation",
               ("radiation",), "NG_SWDN", "Faxa_swdn", "Sunlight that reaches the surface"),
    *(_cell_flux(f"surface_downwelling_shortwave_flux_in_air_{band}", "W m-2", _SUN, "down",
                 "radiation", ("radiation",), f"NG_SW{_BAND_ALIAS[band]}",
                 f"Faxa_sw{_CMEPS_BAND[band]}",
                 f"Sunlight that reaches the surface, {band.replace('_', ' ')}",
                 standard_name="surface_downwelling_shortwave_flux_in_air") for band in BANDS),
    _cell_flux("surface_downwelling_longwave_flux_in_air", "W m-2", (0.0, 1.0e3), "down",
               "radiation", ("radiation",), "NG_LWDN", "Faxa_lwdn",
               "Heat radiation of the sky"),
    *_tile_fluxes("surface_net_downward_shortwave_flux", "W m-2", _SUN, "down", "NG_SWN", "swnet",
                  "Sunlight absorbed by", provenance="radiation", needs=("radiation",)),
    *_tile_fluxes("surface_net_downward_longwave_flux", "W m-2", (-1.0e3, 1.0e3), "down",
                  "NG_LWN", "lwnet", "Net heat radiation into", provenance="radiation",
                  needs=("radiation",)),
    *_tile_fluxes("surface_downward_nonsolar_heat_flux", "W m-2", _HEAT, "down", "NG_QNS",
                  "", "Net heat radiation, sensible and latent heat flux into",
                  provenance="radiation", needs=("radiation",)),
    Field("surface_downward_nonsolar_heat_flux_derivative_over_sea_ice", "", "W m-2 K-1",
          "export", "interval_mean", -5.0e3, 0.0, "radiation", "sea_ice", "down", "NG_DQNSI", "",
          ("radiation", "sea_ice"),
          "How the non-solar heat flux into ice changes with the temperature of its surface"),
    _cell_flux("toa_incoming_shortwave_flux", "W m-2", _SUN, "down", "radiation",
               ("radiation",), "NG_SWIT", "", "Sunlight that reaches the planet"),
    _cell_flux("toa_outgoing_shortwave_flux", "W m-2", _SUN, "up", "radiation",
               ("radiation",), "NG_SWOT", "", "Sunlight that the planet reflects"),
    _cell_flux("toa_outgoing_longwave_flux", "W m-2", (0.0, 1.0e3), "up", "radiation",
               ("radiation",), "NG_LWOT", "", "Heat radiation that leaves the planet"),
    Field("column_budget_evaporation_flux", "", "kg m-2 s-1", "export", "interval_mean", *_VAPOUR,
          "budget", "", "up", "NG_CBE", "", ("water",),
          "Evaporation of the cell that precipitation follows from: of stand-in surfaces too"),
    Field("column_budget_precipitation_flux", "", "kg m-2 s-1", "export", "interval_mean", -0.2,
          0.2, "budget", "", "down", "NG_CBP", "", ("water",),
          "Precipitation before smoothing, debt and closure: the model's column physics plus"
          " evaporation"),
    Field("precipitation_debt", "", "kg m-2", "export", "instantaneous", 0.0, 1.0e3, "budget", "",
          "", "NG_DEBT", "", ("water",), "Precipitation that the column owes"),
    _cell_flux("precipitation_flux", "kg m-2 s-1", _WATER, "down", "budget", ("water",),
               "NG_PREC", "Faxa_prec", "Rain and snow"),
    _cell_flux("rainfall_flux", "kg m-2 s-1", _WATER, "down", "budget", ("water",),
               "NG_RAIN", "Faxa_rain", "Rain"),
    _cell_flux("snowfall_flux", "kg m-2 s-1", _WATER, "down", "budget", ("water",),
               "NG_SNOW", "Faxa_snow", "Snow"),
)
# fmt: on

IMPORTS: tuple[Field, ...] = tuple(f for f in FIELDS if f.direction == "import")
EXPORTS: tuple[Field, ...] = tuple(f for f in FIELDS if f.direction == "export")


def offered(available: frozenset[Need]) -> tuple[Field, ...]:
    """The exports whose needs are met: a field that nothing supplies is not offered."""
    return tuple(row for row in EXPORTS if available.issuperset(row.needs))


def field(name: str) -> Field:
    """Returns the row of that name.

    Raises:
      FieldError: there is no such field; the message names the nearest one.
    """
    for row in FIELDS:
        if row.name == name:
            return row
    raise FieldError(
        f"unknown field {name!r}{nearest_names(name, (row.name for row in FIELDS))};"
        " `ngcm-coupler fields` lists them all"
    )


def nearest_names(name: str, names: Iterable[str]) -> str:
    """What a message about a wrong name of a field says of those like it; '' where there is none.

    Args:
      name: the wrong one.
      names: those that it may stand for.
    """
    near = near_names(name, names)
    if not near:
        return ""
    return f"; the nearest name{' is' if len(near) == 1 else 's are'} {', '.join(map(repr, near))}"
