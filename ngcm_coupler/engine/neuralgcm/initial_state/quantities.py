"""What an initial state holds: names in files, units, and values that can be."""

from __future__ import annotations

import dataclasses

from ngcm_coupler.fields.units import unit_of


@dataclasses.dataclass(frozen=True)
class Quantity:
    """A variable of the model's input.

    Attributes:
      name: the model's, which ARCO and WeatherBench write too.
      short: names that the Climate Data Store and cfgrib write.
      standard_names: of CF.
      unit: that the values must be in.
      lowest: no value on Earth is below.
      highest: none is above.
      on_levels: whether it is of the air; else it is of the sea, and missing over land.
      hint: what else the values may be, where they are none of these.
    """

    name: str
    short: tuple[str, ...]
    standard_names: tuple[str, ...]
    unit: str
    lowest: float
    highest: float
    on_levels: bool = True
    hint: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """All names of it, the model's first."""
        return (self.name, *self.short)

    def unit_fault(self, units: str) -> str:
        """Why a unit is not that of the values; '' where it is, or says nothing."""
        found, wanted = unit_of(units), unit_of(self.unit)
        if found is None or wanted is None or found.means(wanted):
            return ""
        return f"is in {units!r}, expected {self.unit}; convert it{self.hint}"


_CELSIUS = ": 273.15 K is 0 degrees Celsius"
_OF_SEA = f"{_CELSIUS}, and over land the sea has none"
_HEIGHT = ": geopotential is height times 9.80665 m s-2"
_GRAMS = ": 1 g/kg is 0.001"

# Ranges are those of the atmosphere up to 1 hPa at any resolution, widened: what lies outside is of
# another unit or another quantity. Packed files and spectral transforms leave water below zero.
QUANTITIES = {
    each.name: each
    for each in (
        Quantity(
            "geopotential", ("z",), ("geopotential",), "m2 s-2", -1.5e4, 6.5e5, hint=_HEIGHT
        ),
        Quantity(
            "specific_humidity", ("q",), ("specific_humidity",), "kg kg-1", -1e-3, 0.06,
            hint=_GRAMS,
        ),
        Quantity("temperature", ("t", "ta"), ("air_temperature",), "K", 120.0, 350.0,
                 hint=_CELSIUS),
        Quantity("u_component_of_wind", ("u", "ua"), ("eastward_wind",), "m s-1", -300.0, 300.0),
        Quantity("v_component_of_wind", ("v", "va"), ("northward_wind",), "m s-1", -300.0, 300.0),
        Quantity(
            "specific_cloud_ice_water_content", ("ciwc",),
            ("specific_cloud_ice_water_content", "mass_fraction_of_cloud_ice_in_air"),
            "kg kg-1", -1e-4, 0.01, hint=_GRAMS,
        ),
        Quantity(
            "specific_cloud_liquid_water_content", ("clwc",),
            ("specific_cloud_liquid_water_content",
             "mass_fraction_of_cloud_liquid_water_in_air"),
            "kg kg-1", -1e-4, 0.01, hint=_GRAMS,
        ),
        Quantity(
            "sea_surface_temperature", ("sst", "tos"),
            ("sea_surface_temperature",), "K", 180.0, 340.0, on_levels=False, hint=_OF_SEA,
        ),
        Quantity(
            "sea_ice_cover", ("siconc", "ci", "sic"), ("sea_ice_area_fraction",), "1", -0.01, 1.01,
            on_levels=False, hint=": 100 % is 1",
        ),
    )
}  # fmt: skip
"""Name -> what it is, of all variables that published models read."""


OTHER_QUANTITIES = {
    **{said: each.name for each in QUANTITIES.values() for said in each.standard_names},
    **{said: each.name for each in QUANTITIES.values() for said in each.short},
    "geopotential_height": "the height of a level",
    "gh": "the height of a level",
    "relative_humidity": "relative humidity",
    "r": "relative humidity",
    "humidity_mixing_ratio": "the mixing ratio",
    "dew_point_temperature": "the dew point",
    "air_potential_temperature": "potential temperature",
    "lagrangian_tendency_of_air_pressure": "the vertical wind",
    "w": "the vertical wind",
}
"""What a variable may say of itself -> what it then is."""


def quantity(name: str) -> Quantity:
    """What is known of a variable; of one that only a later model reads, nothing but its name."""
    unbounded = -float("inf"), float("inf")
    return QUANTITIES.get(name) or Quantity(name, (), (), "", *unbounded)
