"""Namelists of the demo model as a host has it, with sea, ice and land."""

from __future__ import annotations

from ngcm_coupler.fields import IMPORTS

_TILES = [row.name for row in IMPORTS if row.surface and "water_" not in row.name]
_DARK = [name for name in _TILES if "albedo" not in name]


def namelist(radiation: str = "grey", skin: str = "none", more: str = "") -> str:
    """An hour of the demo model an interval.

    Args:
      radiation: scheme of &ngcm_radiation; with the host's, albedos are its own affair.
      skin: sea_skin of &ngcm_surface.
      more: further groups.
    """
    names = ", ".join(f"'{name}'" for name in (_DARK if radiation == "host" else _TILES))
    return (
        f"&ngcm_coupling interval_seconds = 3600, imports = {names} /\n"
        f"&ngcm_radiation scheme = '{radiation}' /\n"
        f"&ngcm_surface sea_skin = '{skin}' /\n{more}"
    )
