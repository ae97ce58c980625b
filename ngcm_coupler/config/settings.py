"""The configuration as one immutable object: a group of the namelist is an attribute of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

from ngcm_coupler.config import coupler_groups, model_groups, program_groups, run_groups
from ngcm_coupler.config import keys as schema
from ngcm_coupler.config.coupler_groups import COUPLERS, Coupler
from ngcm_coupler.config.namelist import text_of
from ngcm_coupler.fields import Need

SURFACES = frozenset({"slab_ocean", "slab_ice", "bucket_land", "oasis_ocean"})
"""Groups of the surfaces, whose names do not begin with ``ngcm_``."""

PROGRAMS = SURFACES | {"ngcm_driver"}
"""Groups of the project's own programs."""


@dataclasses.dataclass(frozen=True)
class Config:
    """A whole configuration, immutable and hashable; every value has been checked."""

    run: run_groups.Run = dataclasses.field(default_factory=run_groups.Run)
    model: model_groups.Model = dataclasses.field(default_factory=model_groups.Model)
    coupling: model_groups.Coupling = dataclasses.field(default_factory=model_groups.Coupling)
    surface: model_groups.Surface = dataclasses.field(default_factory=model_groups.Surface)
    radiation: model_groups.Radiation = dataclasses.field(default_factory=model_groups.Radiation)
    grid: model_groups.Grid = dataclasses.field(default_factory=model_groups.Grid)
    oasis: coupler_groups.Oasis = dataclasses.field(default_factory=coupler_groups.Oasis)
    ensemble: run_groups.Ensemble = dataclasses.field(default_factory=run_groups.Ensemble)
    device: run_groups.Device = dataclasses.field(default_factory=run_groups.Device)
    history: run_groups.History = dataclasses.field(default_factory=run_groups.History)
    restart: run_groups.Restart = dataclasses.field(default_factory=run_groups.Restart)
    recording: run_groups.Recording = dataclasses.field(default_factory=run_groups.Recording)
    limits: run_groups.Limits = dataclasses.field(default_factory=run_groups.Limits)
    log: run_groups.Log = dataclasses.field(default_factory=run_groups.Log)
    driver: program_groups.Driver = dataclasses.field(default_factory=program_groups.Driver)
    slab_ocean: program_groups.SlabOcean = dataclasses.field(
        default_factory=program_groups.SlabOcean
    )
    slab_ice: program_groups.SlabIce = dataclasses.field(default_factory=program_groups.SlabIce)
    bucket_land: program_groups.BucketLand = dataclasses.field(
        default_factory=program_groups.BucketLand
    )
    oasis_ocean: program_groups.OasisOcean = dataclasses.field(
        default_factory=program_groups.OasisOcean
    )
    named: frozenset[str] = dataclasses.field(default=PROGRAMS, compare=False)
    """Groups of the project's own programs that the namelist has: their rules hold for it."""
    doubts: tuple[str, ...] = dataclasses.field(default=(), compare=False)
    """What looks wrong in the namelist and is taken all the same; a run warns of it."""

    @property
    def available(self) -> frozenset[Need]:
        """What the settings offer to the fields that need something (`fields.Field.needs`).

        Whether the water budget is known depends on the model and is not in it.
        """
        imports, scheme = self.coupling.imports, self.radiation.scheme
        met: dict[Need, bool] = {
            "sea_ice": "sea_ice_surface_temperature" in imports,
            "land": "land_surface_skin_temperature" in imports,
            "radiation": scheme != "host",
            "skin": self.surface.sea_skin != "none",
        }
        return frozenset(need for need, is_met in met.items() if is_met)

    @property
    def instances(self) -> int:
        """How many copies of the grid the points of a field are: one for each host."""
        return self.ensemble.members if self.ensemble.coupling == "each" else 1

    @property
    def coupled_by(self) -> str:
        """The attribute with the settings of the coupler that a run goes through; '' for none."""
        return next((name for name in COUPLERS if getattr(self, name).couples), "")

    @property
    def coupler(self) -> Coupler | None:
        """The coupler that a run goes through; None where the host calls the library itself."""
        return COUPLERS.get(self.coupled_by)

    def of_member(self, number: int) -> Config:
        """The configuration of a single member's run."""
        ensemble = dataclasses.replace(self.ensemble, members=1, first_member=number)
        return dataclasses.replace(self, ensemble=ensemble)

    def of_computation(self) -> Config:
        """The settings that compiled functions see; the others have their defaults.

        Two runs that agree in these can use the same compiled code. Which they are stands with
        the declaration of each key.
        """
        groups = {}
        for attribute in ATTRIBUTES.values():
            group = getattr(self, attribute)
            declared = schema.keys(type(group)).items()
            seen = {name: getattr(group, name) for name, key in declared if key.traced}
            groups[attribute] = type(group)(**seen)
        return Config(**groups)

    def resolved_text(self) -> str:
        """Returns the namelist with every default filled in; `parse` gives this object back.

        Groups of the project's programs that it has not and does not need stay away: a host of
        another's has no use for them, and need not fit their defaults.
        """
        return "".join(self._groups(lambda key, value: True))

    def changed_text(self) -> str:
        """Returns the keys that have not their default; `parse` gives this object back."""
        return "".join(self._groups(lambda key, value: value != key.default))

    def _groups(self, chosen: Callable[[schema.Key, schema.Setting], bool]) -> Iterator[str]:
        """The namelist groups with those keys that are chosen by declaration and value."""
        for name, attribute in ATTRIBUTES.items():
            group = getattr(self, attribute)
            if name in PROGRAMS - self.named and group == type(group)():
                continue
            lines = [
                f"  {name_of_key} = {text_of(value)}\n"
                for name_of_key, key in schema.keys(type(group)).items()
                if chosen(key, value := getattr(group, name_of_key))
            ]
            if lines:
                yield f"&{name}\n{''.join(lines)}/\n"


MEMBER = "{member}"
"""In the name of a file that each member has of its own, the number of the member."""

ATTRIBUTES: dict[str, str] = {
    ("" if field.name in SURFACES else "ngcm_") + field.name: field.name
    for field in dataclasses.fields(Config)
    if field.name not in {"named", "doubts"}
}
"""Namelist group -> attribute of `Config`."""

GROUPS: dict[str, type] = {
    name: type(getattr(Config(), attribute)) for name, attribute in ATTRIBUTES.items()
}
"""Namelist group -> its dataclass, in the order of the reference."""


DATE = "{date}"
"""In the name of a file, the model date at which the run begins that writes it."""

PERIOD = "{period}"
"""In the name of a history file, the month or year of the calendar that it holds."""
