"""The field table: every field that crosses between the host and the atmosphere.

One row per field is the only place where its name, unit, sign, averaging, valid range,
provenance and aliases are written down. The bridge, the caps, the output files, the command
``ngcm-coupler fields`` and the documentation all read it. A field that nothing supplies has no
row: the plugin never offers a zero in its place.
"""

from __future__ import annotations

import dataclasses
import difflib
from typing import Literal

from ngcm_coupler.errors import FieldError

Direction = Literal["import", "export"]
"""``import``: the host puts it. ``export``: the host gets it."""

Averaging = Literal["instantaneous", "interval_mean"]
"""States are instantaneous at the end of the interval, fluxes are means over the interval."""

Provenance = Literal["host", "model", "bulk"]
"""Who supplies the values: the host, the published model's own state, the bulk formulae."""

Surface = Literal["", "sea", "ice_free_sea"]
"""CF area type that the value is a mean over; empty: the whole cell."""


_RANGE_SLACK = 1.0e-5
"""How far an import may leave its valid range, relative to the range."""


@dataclasses.dataclass(frozen=True)
class Field:
    """One row of the field table.

    Attributes:
      name: name on the exchange, unique; a CF standard name, with a qualifier where the standard
        name alone would be ambiguous.
      standard_name: CF standard name.
      units: UDUNITS string.
      direction: who gives and who receives.
      averaging: instantaneous or mean over the coupling interval.
      valid_min: smallest physical value, in ``units``; an import below it is refused.
      valid_max: largest physical value, in ``units``.
      provenance: who supplies the values.
      surface: CF area type of the value.
      positive: for fluxes, ``down`` (into the surface) or ``up``; empty for states.
      oasis: alias in OASIS namcouple and restart files, at most 8 characters.
      nuopc: CMEPS short name.
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
    description: str

    @property
    def accepted_range(self) -> tuple[float, float]:
        """The valid range, widened by the round-off of a remapping."""
        slack = _RANGE_SLACK * (self.valid_max - self.valid_min)
        return self.valid_min - slack, self.valid_max + slack


def _state(
    name: str,
    units: str,
    valid_range: tuple[float, float],
    oasis: str,
    nuopc: str,
    description: str,
    *,
    standard_name: str = "",
    provenance: Provenance = "model",
    surface: Surface = "",
) -> Field:
    """An exported state, of the whole cell by default, instantaneous at the interval's end."""
    return Field(
        name, standard_name or name, units, "export", "instantaneous", *valid_range, provenance,
        surface, "", oasis, nuopc, description,
    )  # fmt: skip


def _sea_flux(
    name: str,
    units: str,
    valid_range: tuple[float, float],
    positive: Literal["down", "up"],
    oasis: str,
    nuopc: str,
    description: str,
) -> Field:
    """An exported flux per area of open water, mean over the interval, from the bulk formulae."""
    return Field(
        name, name, units, "export", "interval_mean", *valid_range, "bulk", "ice_free_sea",
        positive, oasis, nuopc, description,
    )  # fmt: skip


def _sea_import(
    name: str,
    units: str,
    valid_range: tuple[float, float],
    oasis: str,
    nuopc: str,
    description: str,
) -> Field:
    """An imported state of the sea surface, held constant over the interval."""
    return Field(
        name, name, units, "import", "instantaneous", *valid_range, "host", "sea", "", oasis,
        nuopc, description,
    )  # fmt: skip


# fmt: off
FIELDS: tuple[Field, ...] = (
    _sea_import("sea_surface_temperature", "K", (260.0, 320.0), "NG_SST", "So_t",
                "Temperature of the sea surface; under ice the freezing point"),
    _sea_import("sea_ice_area_fraction", "1", (0.0, 1.0), "NG_ICEF", "Si_ifrac",
                "Fraction of the sea that ice covers"),
    _sea_import("sea_water_x_velocity", "m s-1", (-10.0, 10.0), "NG_UOCE", "So_u",
                "Eastward surface current"),
    _sea_import("sea_water_y_velocity", "m s-1", (-10.0, 10.0), "NG_VOCE", "So_v",
                "Northward surface current"),
    _state("height", "m", (1.0, 500.0), "NG_ZBOT", "Sa_z",
           "Height of the lowest model level above the surface"),
    _state("eastward_wind", "m s-1", (-150.0, 150.0), "NG_UBOT", "Sa_u",
           "Eastward wind at the lowest model level"),
    _state("northward_wind", "m s-1", (-150.0, 150.0), "NG_VBOT", "Sa_v",
           "Northward wind at the lowest model level"),
    _state("air_temperature", "K", (150.0, 350.0), "NG_TBOT", "Sa_tbot",
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
    _state("eastward_wind_at_10m", "m s-1", (-150.0, 150.0), "NG_U10", "Sa_u10m",
           "Eastward wind 10 m above open water",
           standard_name="eastward_wind", provenance="bulk",
           surface="ice_free_sea"),
    _state("northward_wind_at_10m", "m s-1", (-150.0, 150.0), "NG_V10", "Sa_v10m",
           "Northward wind 10 m above open water",
           standard_name="northward_wind", provenance="bulk",
           surface="ice_free_sea"),
    _state("air_temperature_at_2m", "K", (150.0, 350.0), "NG_T2", "Sa_t2m",
           "Air temperature 2 m above open water",
           standard_name="air_temperature", provenance="bulk",
           surface="ice_free_sea"),
    _state("specific_humidity_at_2m", "1", (0.0, 0.1), "NG_Q2", "Sa_q2m",
           "Specific humidity 2 m above open water",
           standard_name="specific_humidity", provenance="bulk",
           surface="ice_free_sea"),
    _sea_flux("surface_downward_eastward_stress", "N m-2", (-50.0, 50.0), "down",
              "NG_TAUX", "Faxa_taux", "Eastward wind stress on open water"),
    _sea_flux("surface_downward_northward_stress", "N m-2", (-50.0, 50.0), "down",
              "NG_TAUY", "Faxa_tauy", "Northward wind stress on open water"),
    _sea_flux("surface_downward_sensible_heat_flux", "W m-2", (-5.0e3, 5.0e3), "down",
              "NG_SEN", "Faxa_sen", "Sensible heat flux into open water"),
    _sea_flux("surface_downward_latent_heat_flux", "W m-2", (-5.0e3, 5.0e3), "down",
              "NG_LAT", "Faxa_lat", "Latent heat flux into open water"),
    _sea_flux("water_evapotranspiration_flux", "kg m-2 s-1", (-2.0e-3, 2.0e-3), "up",
              "NG_EVAP", "Faxa_evap", "Evaporation from open water"),
)
# fmt: on

IMPORTS: tuple[Field, ...] = tuple(f for f in FIELDS if f.direction == "import")
EXPORTS: tuple[Field, ...] = tuple(f for f in FIELDS if f.direction == "export")


def field(name: str) -> Field:
    """Returns the row of that name.

    Raises:
      FieldError: there is no such field; the message names the nearest one.
    """
    for row in FIELDS:
        if row.name == name:
            return row
    near = difflib.get_close_matches(name, [row.name for row in FIELDS], n=1)
    hint = f"; the nearest name is {near[0]!r}" if near else ""
    raise FieldError(f"unknown field {name!r}{hint}; `ngcm-coupler fields` lists them all")
