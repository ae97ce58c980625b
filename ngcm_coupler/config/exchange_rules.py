"""The rules of what is exchanged with whom: surfaces, radiation and the coupler's fields."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator

from ngcm_coupler.config.document import Conflict
from ngcm_coupler.config.names import where
from ngcm_coupler.config.settings import Config
from ngcm_coupler.fields import IMPORTS, Need, field

_IMPORTS = where(lambda at: at.coupling.imports)
_SKIN = where(lambda at: at.surface.sea_skin)
_RADIATION = where(lambda at: at.radiation.scheme)
_EXPORTS = where(lambda at: at.oasis.exports)
_PARTNER_NAMES = where(lambda at: at.oasis.partner_names)
_REMEDIES: dict[Need, str] = {
    "sea_ice": f"all imports of sea ice in {_IMPORTS}",
    "land": f"all imports of land in {_IMPORTS}",
    "radiation": f"{_RADIATION} = 'grey' or 'rrtmgp'",
    "skin": f"{_SKIN} = 'cool' or 'cool_and_warm'",
}


def surface_conflicts(config: Config) -> Iterator[Conflict]:
    """A tile has all its imports or none; albedos have a use only where there is radiation."""
    imports, by_host = config.coupling.imports, config.radiation.scheme == "host"
    for tile, noun in (("sea_ice", "sea ice"), ("land", "land")):
        own = [row.name for row in IMPORTS if row.surface == tile]
        albedos = [name for name in own if "albedo" in name]
        given = [name for name in own if name in imports]
        idle = [name for name in albedos if name in imports] if by_host else []
        lacking = [name for name in own if name not in given and not (by_host and name in albedos)]
        if idle:
            yield Conflict(
                f"{_IMPORTS} names {', '.join(idle)}, which {_RADIATION} = 'host' leaves unused;"
                " take them out",
                (_IMPORTS, _RADIATION),
            )
        elif given and lacking:
            yield Conflict(
                f"{_IMPORTS} names {given[0]} without {', '.join(lacking)};"
                f" give all imports of {noun} or none",
                (_IMPORTS, _RADIATION),
            )
    if config.radiation.scheme == "rrtmgp" and not importlib.util.find_spec("rrtmgp"):
        yield Conflict(
            f"{_RADIATION} = 'rrtmgp' needs the package jax-rrtmgp;"
            " pip install jax-rrtmgp, or use 'grey'",
            (_RADIATION,),
        )
    if by_host and config.surface.sea_skin != "none":
        yield Conflict(
            f"{_SKIN} = '{config.surface.sea_skin}' needs radiation, which {_RADIATION} = 'host'"
            " does not offer; use 'none' or 'grey'",
            (_SKIN, _RADIATION),
        )


def oasis_conflicts(config: Config) -> Iterator[Conflict]:
    """What goes through OASIS is what the settings offer, each under a name of its own."""
    oasis = config.oasis
    for name in oasis.exports:
        if fault := unexchanged_fault(config, name):
            keys = (_EXPORTS, _IMPORTS, _RADIATION)
            yield Conflict(f"{_EXPORTS} names {name}, which {fault}", keys, of_item=True)
    exchanged = {*oasis.exports, *config.coupling.imports}
    for pair in oasis.partner_names:
        name = pair.partition("=")[0].strip()
        if name not in exchanged:
            yield Conflict(
                f"{_PARTNER_NAMES} names {name}, which is not exchanged;"
                f" add it to exports, or to {_IMPORTS}, or take it out here",
                (_PARTNER_NAMES, _EXPORTS, _IMPORTS),
                of_item=True,
            )


def unexchanged_fault(config: Config, name: str) -> str | None:
    """Why a field of the table is not exchanged under these settings, with a remedy, or None."""
    row = field(name)
    if row.direction == "import":
        if name in config.coupling.imports:
            return None
        given = ", ".join(config.coupling.imports)
        return f"the host does not give; it gives {given}: add it to {_IMPORTS}, or take it out"
    # Only the model can tell whether it knows its water.
    lacking: list[Need] = [need for need in row.needs if need not in {"water", *config.available}]
    if not lacking:
        return None
    wanted = " and ".join(f"{need} ({_REMEDIES[need]})" for need in lacking)
    return f"is not offered: it needs {wanted}"
