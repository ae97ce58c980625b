"""Fields of the air on levels of constant pressure, as the decoders of published models give them.

One row per field is the only place where its names and unit are written down.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from ngcm_coupler.errors import ConfigError, listing


@dataclasses.dataclass(frozen=True)
class LevelField:
    """A field on levels.

    Attributes:
      decoder: the decoder's name for it, that of ERA5, which a namelist gives.
      standard_name: CF standard name.
      units: UDUNITS string.
      description: one line for the reader of an output file.
    """

    decoder: str
    standard_name: str
    units: str
    description: str

    @property
    def name(self) -> str:
        """Its name in files, where the standard name alone is that of the lowest model level."""
        return f"{self.standard_name}_on_pressure_levels"


LEVEL_FIELDS = (
    LevelField("geopotential", "geopotential", "m2 s-2", "Geopotential"),
    LevelField("temperature", "air_temperature", "K", "Air temperature"),
    LevelField("u_component_of_wind", "eastward_wind", "m s-1", "Eastward wind"),
    LevelField("v_component_of_wind", "northward_wind", "m s-1", "Northward wind"),
    LevelField("specific_humidity", "specific_humidity", "1", "Specific humidity"),
    LevelField(
        "specific_cloud_ice_water_content",
        "mass_fraction_of_cloud_ice_in_air",
        "1",
        "Mass fraction of cloud ice in air",
    ),
    LevelField(
        "specific_cloud_liquid_water_content",
        "mass_fraction_of_cloud_liquid_water_in_air",
        "1",
        "Mass fraction of cloud liquid water in air",
    ),
)
"""All that decoders of published models give; older models lack the last two."""

AIR = {
    name: f"{name}_on_pressure_levels"
    for name in ("air_temperature", "specific_humidity", "eastward_wind", "northward_wind")
}
"""What air is -> the field that has it on levels."""


@dataclasses.dataclass(frozen=True)
class Levels:
    """Fields and levels: what a decoder offers, or what is chosen of it. Empty without a decoder.

    Attributes:
      fields: the fields.
      pressures_hpa: the levels [hPa], top first.
    """

    fields: tuple[LevelField, ...] = ()
    pressures_hpa: tuple[float, ...] = ()

    @classmethod
    def offered(cls, decoder_names: Sequence[str], pressures_hpa: Sequence[float]) -> Levels:
        """What a decoder offers that gives those of its own variables on those levels."""
        fields = tuple(row for row in LEVEL_FIELDS if row.decoder in decoder_names)
        return cls(fields, tuple(float(each) for each in pressures_hpa))

    def chosen(self, names: Sequence[str], pressures_hpa: Sequence[float]) -> Levels:
        """The part of what is offered that a namelist asks for, in the order of the offer.

        Args:
          names: the decoder's names of fields; none for no levels at all.
          pressures_hpa: levels [hPa]; none for all that are offered.

        Raises:
          ConfigError: something is not offered; carries every fault.
        """
        if faults := self.faults(names, pressures_hpa):
            raise ConfigError(faults)
        if not names:
            return Levels()
        return Levels(
            tuple(row for row in self.fields if row.decoder in names),
            tuple(
                each for each in self.pressures_hpa if each in pressures_hpa or not pressures_hpa
            ),
        )

    def faults(self, names: Sequence[str], pressures_hpa: Sequence[float]) -> list[str]:
        """Says what of a choice is not offered, and lists what is. See `chosen`."""
        found = [self.fields_fault(names), self.pressures_fault(pressures_hpa)] if names else []
        return [fault for fault in found if fault]

    def fields_fault(self, names: Sequence[str]) -> str | None:
        """Says which of these fields are not offered, or nothing. See `chosen`."""
        if names and not self.fields:
            return (
                "&ngcm_history level_fields: the atmosphere has no decoder for levels of constant"
                " pressure; leave level_fields empty, or use engine = 'neuralgcm' in &ngcm_model"
            )
        offered = [row.decoder for row in self.fields]
        unknown = [name for name in names if name not in offered]
        if not unknown:
            return None
        return (
            f"&ngcm_history level_fields names {listing(unknown)}, which the model does not"
            f" decode; it offers {', '.join(offered)}"
        )

    def pressures_fault(self, pressures_hpa: Sequence[float]) -> str | None:
        """Says which of these levels are not offered where any are, or nothing. See `chosen`."""
        unknown = [f"{each:g}" for each in pressures_hpa if each not in self.pressures_hpa]
        if not (unknown and self.fields):
            return None
        levels = ", ".join(f"{each:g}" for each in self.pressures_hpa)
        return (
            f"&ngcm_history pressure_levels_hpa names {listing(unknown)}, which the model does"
            f" not decode; it offers {levels}"
        )

    @property
    def hold_air(self) -> bool:
        """Whether temperature, humidity and wind are there, so that air can be found between."""
        names = {row.name for row in self.fields}
        return names.issuperset(AIR.values()) and len(self.pressures_hpa) > 1

    def lowest_level_fault(self, lowest_level: str) -> str | None:
        """Why ``lowest_level`` of &ngcm_surface cannot be had of what is offered, or None."""
        if lowest_level != "decoded" or self.hold_air:
            return None
        return (
            "&ngcm_surface lowest_level = 'decoded' needs a decoder for temperature, humidity and"
            " wind on levels of constant pressure, and the atmosphere has none; use 'raw', or"
            " engine = 'neuralgcm' in &ngcm_model"
        )

    def lowest_level_in_use(self, lowest_level: str) -> str:
        """What ``lowest_level`` of &ngcm_surface comes to: all is raw where there is no decoder."""
        return lowest_level if self.hold_air else "raw"

    def places(self, of: Levels) -> np.ndarray:
        """Where the levels stand among those of another set, for picking them."""
        return np.array([of.pressures_hpa.index(each) for each in self.pressures_hpa], np.int32)
