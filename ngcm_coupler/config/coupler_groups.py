"""The namelist groups of couplers, and what the rules of a namelist know of each coupler.

Written like the groups of the model in `ngcm_coupler.config.model_groups`.
"""

from __future__ import annotations

import dataclasses
import re
from typing import Any

from ngcm_coupler import fields
from ngcm_coupler.config.keys import (
    host_key,
    joined_problem,
    neutral_key,
    twice_problem,
    unknown_problem,
)
from ngcm_coupler.errors import quoted


def _short(limit: int) -> dict[str, Any]:
    """The declaration of a name that OASIS cuts off after so many characters."""

    def problem(name: str) -> str | None:
        fits = re.fullmatch(rf"[A-Za-z]\w{{0,{limit - 1}}}", name, re.ASCII)
        return None if fits else f"is no name of 1 to {limit} letters, digits and _"

    return {"note": f"1 to {limit} letters, digits and _", "check": problem}


def _exports_problem(names: tuple[str, ...]) -> str | None:
    known = [field.name for field in fields.EXPORTS]
    return joined_problem(unknown_problem(names, known, "export"), twice_problem(names))


def _partner_names_problem(pairs: tuple[str, ...]) -> str | None:
    known = [field.name for field in fields.FIELDS]
    return joined_problem(*(_partner_name_problem(pair, known) for pair in pairs))


def _partner_name_problem(pair: str, known: list[str]) -> str | None:
    name, _, partner = (part.strip() for part in pair.partition("="))
    if name not in known:
        return unknown_problem([name], known, "field")
    if not re.fullmatch(r"\w{1,8}", partner, re.ASCII):
        return f"gives {name} the name {quoted(partner)}; OASIS takes 1 to 8 characters"
    if partner in (field.oasis for field in fields.FIELDS):
        return f"gives {name} the name {partner}, which is the plugin's own; rename it"
    return None


@dataclasses.dataclass(frozen=True)
class Coupler:
    """What has to be known of a coupler that a run goes through, whichever it is.

    What a run needs of it in its folder and beside it is in `ngcm_coupler.couplers`.

    Attributes:
      name: as its users write it.
      partner: whom the atmosphere waits for between two calls, in words.
      stops_early: whether a run can stop before its end and be continued.
      hosts: whether each member of an ensemble can have a host of its own.
    """

    name: str
    partner: str
    stops_early: bool = False
    hosts: bool = False


@dataclasses.dataclass(frozen=True)
class Oasis:
    """The coupling through OASIS3-MCT; read by the cap and by the commands that prepare it."""

    component: str = neutral_key("ngcm", "Name of the atmosphere in the namcouple.", **_short(6))
    grid: str = neutral_key(
        "ngcm", "Prefix of the atmosphere's grid in the OASIS grid files.", **_short(4)
    )
    ocean_component: str = neutral_key("ocean", "Name of the ocean in the namcouple.", **_short(6))
    ocean_step_seconds: int = host_key(
        0,
        "Time step after which the ocean calls OASIS, its LAG; 0 for the coupling interval.",
        unit="s",
        minimum=0,
        maximum=864000,
    )
    coupling: str = host_key(
        "sequential",
        "Order of the two: 'sequential', the ocean follows with the fluxes of its own interval; "
        "'concurrent', both run at once, each with what the other gave an interval ago.",
        choices=("sequential", "concurrent"),
    )
    exports: tuple[str, ...] = host_key(
        (),
        "Fields that the ocean gets; what it gives are the imports in &ngcm_coupling.",
        note="'' or exports as `ngcm-coupler fields` lists them, none twice",
        check=_exports_problem,
        compared="the exports that the atmosphere offers, one by one",
    )
    partner_names: tuple[str, ...] = neutral_key(
        (),
        "The ocean's own names of fields, as 'field = NAME'; a field that is not listed has the "
        "plugin's name there, with OC_ for NG_.",
        note="'' or 'field = NAME', the name of 1 to 8 characters",
        check=_partner_names_problem,
    )
    flux_method: str = host_key(
        "conservative",
        "Remapping of fluxes to the ocean.",
        choices=("conservative", "conservative_second_order"),
    )
    state_method: str = host_key(
        "bilinear",
        "Remapping of states to the ocean.",
        choices=("bilinear", "conservative"),
    )
    ice_weighted: bool = host_key(
        True,
        "Whether the ocean gives what is of its ice (temperature, albedo) multiplied by the "
        "fraction of ice, so that means over cells are right at the edge of the ice.",
    )

    @property
    def couples(self) -> bool:
        """Whether a run goes through it."""
        return bool(self.exports)

    @property
    def files(self) -> tuple[str, ...]:
        """What both programs write in the folder of the run, by names of their own."""
        return (f"{self.component}_fluxes.csv", f"{self.ocean_component}_fluxes.csv")

    @property
    def read_files(self) -> tuple[str, ...]:
        """What OASIS reads in the folder of the run, beside what the namcouple names."""
        return ("namcouple", "grids.nc", "masks.nc", "areas.nc")


COUPLERS: dict[str, Coupler] = {
    # Its components stop together, and only at the end does it leave restart files of its own.
    "oasis": Coupler("OASIS", "the ocean"),
}
"""Attribute of `Config` with the settings of a coupler -> the coupler."""
