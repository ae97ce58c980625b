"""Where the values of every exported field come from in a run, in words."""

from __future__ import annotations

import dataclasses

from ngcm_coupler.config import Config
from ngcm_coupler.fields import Field, Surface
from ngcm_coupler.fields.levels import Levels


@dataclasses.dataclass(frozen=True)
class Sources:
    """What a run computes its exports with.

    Attributes:
      model: name of the atmosphere.
      bulk_scheme: bulk formulae over open water, with the limit of their drag.
      sea_skin: skin of open water, ``none`` for that of the host.
      radiation_scheme: where radiation comes from.
      predicts_precipitation: whether the model has a precipitation of its own.
      precipitation_smoothing: total wavenumber of its smoothing, 0 for none.
      lowest_level: ``raw``, ``corrected`` or ``decoded``, as it is in use.
    """

    model: str
    bulk_scheme: str
    sea_skin: str
    radiation_scheme: str
    predicts_precipitation: bool
    precipitation_smoothing: float
    lowest_level: str

    @classmethod
    def of(
        cls, config: Config, model: str, *, predicts_precipitation: bool, levels: Levels
    ) -> Sources:
        """The sources of a configured run of a model whose decoder has those levels."""
        return cls(
            model,
            config.surface.bulk_scheme + _drag_words(config.surface.drag_limit),
            config.surface.sea_skin,
            config.radiation.scheme,
            predicts_precipitation,
            config.surface.precipitation_smoothing,
            levels.lowest_level_in_use(config.surface.lowest_level),
        )

    def text(self, row: Field) -> str:
        """Where the values of a field come from, one line."""
        match row.provenance:
            case "host":
                return "host"
            case "model":
                words = _LEVEL_WORDS[self.lowest_level] if row.name in _LOWEST_LEVEL else ""
                return f"model: {self.model}{words}{_MODEL_WORDS.get(row.name, '')}"
            case "bulk":
                return f"bulk: {self._bulk(row.surface)}"
            case "radiation":
                return f"radiation: {self._radiation(row)}"
            case "budget":
                return f"budget: {self._water(row.name)}"

    def _bulk(self, surface: Surface) -> str:
        water = self.bulk_scheme + _SKIN_WORDS[self.sea_skin]
        return {
            "ice_free_sea": water,
            "sea_ice": _ICE,
            "land": _LAND,
            "sea": f"mean over open water ({water}) and sea ice ({_ICE})",
            "": f"mean over open water ({water}), sea ice ({_ICE}) and land ({_LAND})",
        }[surface]

    def _radiation(self, row: Field) -> str:
        scheme = self.radiation_scheme
        if "_nonsolar_" in row.name:
            return f"{scheme}, and turbulent fluxes by bulk: {self._bulk(row.surface)}"
        if "_net_" in row.name:
            absorbed = "albedo" if "shortwave" in row.name else "temperature"
            return f"{scheme}, with the {absorbed} of {_WHOSE[row.surface]}"
        return scheme

    def _water(self, name: str) -> str:
        if self.predicts_precipitation:
            origin = "precipitation that the model predicts"
        else:
            origin = (
                "learned column water tendency plus evaporation of the tiles,"
                f"{_smoothing_words(self.precipitation_smoothing)} negative amounts carried as debt"
            )
        match name:
            case "column_budget_evaporation_flux":
                return "bulk formulae over the tiles; over those without a host, of stand-ins"
            case "column_budget_precipitation_flux" if not self.predicts_precipitation:
                return "learned column water tendency plus evaporation of the tiles"
            case "column_budget_precipitation_flux" | "precipitation_debt":
                return origin
            case "precipitation_flux":
                return f"{origin}, closed globally"
            case _:
                return f"{origin}, closed globally; rain and snow by wet-bulb temperature"


def _drag_words(limit: float) -> str:
    return f" (drag at most {limit:g})" if limit else ""


def _smoothing_words(wavenumber: float) -> str:
    if wavenumber == 0.0:
        return ""
    return f" smoothed by a Gaussian of total wavenumber {wavenumber:g} and shared by neighbours,"


_MODEL_WORDS = {
    "air_pressure_at_mean_sea_level": ", surface pressure reduced over the model's orography",
    "atmosphere_mass_content_of_water": ", negative columns at zero and paid by the others",
    "specific_humidity": ", negative values clipped",
}
_LOWEST_LEVEL = frozenset(
    (
        "height",
        "eastward_wind",
        "northward_wind",
        "air_temperature",
        "air_potential_temperature",
        "specific_humidity",
        "air_density",
    )
)
_LEVEL_WORDS = {
    "raw": "",
    "corrected": ", corrected by its decoder at 0 and 12 UTC",
    "decoded": ", as its decoder has it",
}
_SKIN_WORDS = {
    "none": "",
    "cool": " with cool skin",
    "cool_and_warm": " with cool skin and warm layer",
}
_ICE = "constant neutral coefficients"
_LAND = "roughness length and moisture availability"
_WHOSE: dict[Surface, str] = {
    "ice_free_sea": "open water",
    "sea_ice": "sea ice",
    "land": "land",
    "sea": "open water and sea ice",
    "": "all tiles",
}
