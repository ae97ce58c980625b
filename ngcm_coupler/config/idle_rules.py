"""The rule that what a namelist sets has an effect; where it has none, there is a warning."""

from __future__ import annotations

from collections.abc import Iterator

from ngcm_coupler.config.document import Conflict
from ngcm_coupler.config.namelist import text_of
from ngcm_coupler.config.names import KEYS, Where, where
from ngcm_coupler.config.run_files import forms
from ngcm_coupler.config.run_groups import CONTROL
from ngcm_coupler.config.settings import DATE, MEMBER, Config
from ngcm_coupler.errors import shown

_IMPORTS = where(lambda at: at.coupling.imports)
_MEMBERS = where(lambda at: at.ensemble.members)
_FIRST_MEMBER = where(lambda at: at.ensemble.first_member)
_PERTURBATION = where(lambda at: at.ensemble.perturbation_kelvin)
_SLABS = (
    ("slab_ice", "sea_ice", "imports of sea ice"),
    ("bucket_land", "land", "imports of land"),
)
"""Groups of the driver's slabs, the tile whose imports each gives, and what these are called."""


def idle_conflicts(config: Config) -> Iterator[Conflict]:
    """What a key is about is there, or the key is without effect."""
    for key, declared in KEYS.items():
        value, needed = key.value(config), Where(key.group, declared.needs)
        if not declared.needs or value == declared.default:
            continue
        other = needed.value(config)
        if other in declared.under if declared.under else other:
            continue
        reason = f"{needed} is not given; give it, or take this out"
        if declared.under:
            remedy = f"{declared.needs} = {' or '.join(map(text_of, declared.under))}"
            reason = f"{needed} = {text_of(other)} does not read it; take it out, or give {remedy}"
        message = f"{key} = {shown(text_of(value), 400)} is without effect: {reason}"
        yield Conflict(message, (key, needed), of_item=True, refuses=False)
    yield from _of_slabs(config)
    yield from _of_members(config)
    yield from _of_names(config)


def _of_slabs(config: Config) -> Iterator[Conflict]:
    """What is set of a slab is of one that gives imports."""
    for group, tile, remedy in _SLABS:
        if tile in config.available:
            continue
        for key, declared in KEYS.items():
            if key.group == group and (value := key.value(config)) != declared.default:
                message = (
                    f"{key} = {shown(text_of(value), 400)} is without effect: {_IMPORTS} names no"
                    f" {remedy}; add {remedy}, or take this out"
                )
                yield Conflict(message, (key, _IMPORTS), refuses=False)


def _of_members(config: Config) -> Iterator[Conflict]:
    """What perturbs members finds one that is perturbed."""
    ensemble = config.ensemble
    if ensemble.perturbation_kelvin and ensemble.members == 1 and ensemble.first_member == CONTROL:
        yield Conflict(
            f"{_PERTURBATION} = {ensemble.perturbation_kelvin} is without effect: member {CONTROL},"
            f" the control, is not perturbed; give {_MEMBERS} or {_FIRST_MEMBER}, or take this out",
            (_PERTURBATION, _MEMBERS, _FIRST_MEMBER),
            refuses=False,
        )


def _of_names(config: Config) -> Iterator[Conflict]:
    """Placeholders in the names of files stand for something."""
    for key, declared in KEYS.items():
        name = key.value(config) if declared.path in ("out", "state", "folder") else ""
        # A period where there is none is an error of its own.
        for placeholder in {DATE, MEMBER} - forms(config, key).keys():
            if placeholder in name:
                yield Conflict(
                    f"{key} = {shown(text_of(name), 400)}: {placeholder} stands for nothing in this"
                    " name, and stays as it is",
                    (key,),
                    refuses=False,
                )
