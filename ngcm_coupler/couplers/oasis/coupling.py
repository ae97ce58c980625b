"""The field pairs of a configuration: what goes where, when, and through which weights.

Everything about the coupling through OASIS follows from here: the weight files, the namcouple, its
check, the restart files and the budgets of what was exchanged. So they cannot disagree.
"""

from __future__ import annotations

import dataclasses
import re
from typing import Literal

from ngcm_coupler.config import INTERVAL, Config, where
from ngcm_coupler.couplers.oasis.entries import (
    GRID_LIMIT,
    RUNTIME_LIMIT,
    Entry,
    Namcouple,
    Operation,
)
from ngcm_coupler.errors import ConfigError, shown
from ngcm_coupler.fields import Field, field

_EXPORTS = where(lambda at: at.oasis.exports)
_PARTNER_NAMES = where(lambda at: at.oasis.partner_names)
_OCEAN_STEP = where(lambda at: at.oasis.ocean_step_seconds)
_SEA_GRID_NAME = where(lambda at: at.grid.sea_grid_name)
_RUN_HOURS = where(lambda at: at.driver.run_hours)

DEFAULT_OCEAN_GRID = "ocea"
"""Prefix of an ocean grid whose file gives it none."""

ATMOSPHERE_RESTART = "rsta.nc"
OCEAN_RESTART = "rsto.nc"
"""What each side sent last; OASIS cuts names of restart files off after eight characters."""

_SHORT = {
    "conservative": "conserv",
    "conservative_second_order": "conserv2",
    "bilinear": "bilinear",
}


@dataclasses.dataclass(frozen=True)
class Remapping:
    """The way between the grids that fields of one kind take; it has one weight file.

    Attributes:
      source: prefix of the grid that fields come from.
      target: prefix of the grid that they go to.
      direction: as `exchange.exchange_grid.ExchangeGrid.regridder` has it.
      method: likewise.
      norm: likewise.
      fill: likewise.
    """

    source: str
    target: str
    direction: Literal["to_surface", "to_atmosphere"]
    method: Literal["conservative", "conservative_second_order", "bilinear"]
    norm: Literal["fracarea", "modelarea"] = "fracarea"
    fill: Literal["none", "nearest"] = "none"

    @property
    def file(self) -> str:
        """Name of the weight file."""
        suffix = "_modelarea" if self.norm == "modelarea" else ""
        return f"rmp_{self.source}_to_{self.target}_{_SHORT[self.method]}{suffix}.nc"


@dataclasses.dataclass(frozen=True)
class Pair:
    """A field of one component and the field of the other that it becomes.

    Attributes:
      field: the row of the field table.
      source: OASIS name where it is sent.
      target: OASIS name where it is received.
      remapping: its way between the grids.
      period: coupling period [s].
      lag: OASIS' LAG [s]: the date of sending plus it is the date of receiving.
      restart_file: holds what was sent last in the run before, where there is a lag.
      ice_weighted: whether it is sent multiplied by the fraction of ice.
    """

    field: Field
    source: str
    target: str
    remapping: Remapping
    period: int
    lag: int
    restart_file: str
    ice_weighted: bool = False


def ocean_grid_name(config: Config) -> str:
    """The prefix of the ocean's grid in OASIS' files."""
    return config.grid.sea_grid_name or DEFAULT_OCEAN_GRID


def run_seconds(config: Config) -> int:
    """Length of the run, OASIS' $RUNTIME [s]."""
    return 3600 * config.driver.run_hours


def pairs(config: Config) -> tuple[Pair, ...]:
    """Everything that is exchanged with the ocean: the atmosphere's exports, then its imports.

    Imports of land are not among them: they come from a land model, if at all. Imports of one
    source follow each other, without which OASIS of 2012 aborts where they are lagged.

    Raises:
      ConfigError: the settings describe no coupling through OASIS; carries every fault.
    """
    if faults := _faults(config):
        raise ConfigError(faults)
    exports = tuple(_export(config, field(name)) for name in config.oasis.exports)
    rows = [field(name) for name in config.coupling.imports]
    imports = [_import(config, row) for row in rows if row.surface != "land"]
    sources = [pair.source for pair in imports]
    return exports + tuple(sorted(imports, key=lambda pair: sources.index(pair.source)))


def require_two_prefixes(config: Config) -> None:
    """Makes sure that OASIS' files can tell the ocean's grid from the atmosphere's.

    Raises:
      ConfigError: the ocean's prefix is none, or the atmosphere's.
    """
    if faults := _prefix_faults(config):
        raise ConfigError(faults)


def land_imports(config: Config) -> tuple[Field, ...]:
    """The imports that a land model must give."""
    imports = (field(name) for name in config.coupling.imports)
    return tuple(row for row in imports if row.surface == "land")


def remappings(config: Config) -> tuple[Remapping, ...]:
    """The ways between the grids that the pairs take, each once.

    Raises:
      ConfigError: see `pairs`.
    """
    return tuple(dict.fromkeys(pair.remapping for pair in pairs(config)))


def namcouple(config: Config, atmosphere: tuple[int, int], ocean: tuple[int, int]) -> Namcouple:
    """The namcouple of a configuration.

    Args:
      config: the namelist.
      atmosphere: lengths of the dimensions of the atmosphere's grid, the fastest first.
      ocean: those of the ocean's.

    Raises:
      ConfigError: see `pairs`.
    """
    shapes = {config.oasis.grid: atmosphere, ocean_grid_name(config): ocean}
    return Namcouple(
        (config.oasis.component, config.oasis.ocean_component),
        run_seconds(config),
        tuple(_entry(pair, shapes) for pair in pairs(config)),
    )


def _entry(pair: Pair, shapes: dict[str, tuple[int, int]]) -> Entry:
    remapping = pair.remapping
    weighted = ", times the fraction of ice" if pair.ice_weighted else ""
    # On the ocean's processes: there are more of them, and the smaller field crosses.
    place = "dst" if pair.field.direction == "export" else "src"
    return Entry(
        (pair.source,),
        (pair.target,),
        pair.period,
        pair.restart_file,
        source_shape=shapes[remapping.source],
        target_shape=shapes[remapping.target],
        source_grid=remapping.source,
        target_grid=remapping.target,
        lag=pair.lag,
        operations=(Operation("MAPPING", (remapping.file, place, "bfb")),),
        comment=f"{pair.field.name} [{pair.field.units}]{weighted}",
    )


def _export(config: Config, row: Field) -> Pair:
    oasis, interval = config.oasis, config.coupling.interval_seconds
    if row.averaging == "interval_mean":
        method = oasis.flux_method
        norm = "modelarea" if config.grid.sea_area == "model" else "fracarea"
    else:
        method, norm = oasis.state_method, "fracarea"
    remapping = Remapping(
        oasis.grid,
        ocean_grid_name(config),
        "to_surface",
        method,  # pyright: ignore[reportArgumentType] - the key allows these
        norm,
        # Land gets values too: ocean models on staggered grids average across the coast.
        "nearest" if norm == "fracarea" else "none",
    )
    lag = interval if oasis.coupling == "concurrent" else 0
    partner = _partner_name(config, row)
    return Pair(row, row.oasis, partner, remapping, interval, lag, ATMOSPHERE_RESTART)


def _import(config: Config, row: Field) -> Pair:
    oasis, interval = config.oasis, config.coupling.interval_seconds
    remapping = Remapping(ocean_grid_name(config), oasis.grid, "to_atmosphere", "conservative")
    partner = _partner_name(config, row)
    return Pair(
        row,
        partner,
        row.oasis,
        remapping,
        interval,
        oasis.ocean_step_seconds or interval,
        OCEAN_RESTART,
        ice_weighted=oasis.ice_weighted and row.surface == "sea_ice",
    )


def _partner_name(config: Config, row: Field) -> str:
    """The ocean's own name of a field: as `groups.Oasis.partner_names` says of those not listed."""
    listed = (pair.partition("=") for pair in config.oasis.partner_names)
    names = {name.strip(): partner.strip() for name, _, partner in listed}
    # OASIS takes one name on both sides for one model that sends to itself.
    return names.get(row.name, row.oasis.replace("NG_", "OC_", 1))


def _prefix_faults(config: Config) -> list[str]:
    prefix = ocean_grid_name(config)
    fits = re.fullmatch(rf"(?![#$])[!-~]{{1,{GRID_LIMIT}}}", prefix)
    if fits and prefix != config.oasis.grid:
        return []
    return [
        f"{_SEA_GRID_NAME} = '{shown(prefix)}' cannot be the ocean's prefix in"
        f" OASIS' files, which has at most {GRID_LIMIT} characters and is not the atmosphere's"
        f" '{config.oasis.grid}'; rename the grid in its file"
    ]


def _faults(config: Config) -> list[str]:
    faults = []
    if not config.oasis.exports:
        faults.append(f"{_EXPORTS} is empty: the ocean would get nothing; name the fields it needs")
    faults += _prefix_faults(config)
    taken: dict[str, str] = {}
    for name in config.oasis.exports:
        target = _partner_name(config, field(name))
        if target in taken:
            faults.append(
                f"{_PARTNER_NAMES} gives {taken[target]} and {name} the"
                f" same name {target}; the ocean receives a field from one source only"
            )
        taken.setdefault(target, name)
    step, interval = config.oasis.ocean_step_seconds, config.coupling.interval_seconds
    if step and interval % step:
        fit = max(divisor for divisor in range(1, step) if interval % divisor == 0)
        faults.append(
            f"{_OCEAN_STEP} = {step} does not divide {INTERVAL} ="
            f" {interval}, so that OASIS would never send; use {fit}"
        )
    if run_seconds(config) % interval:
        faults.append(
            f"{_RUN_HOURS} = {config.driver.run_hours} is not a whole"
            f" number of coupling intervals of {interval} s"
        )
    if run_seconds(config) > RUNTIME_LIMIT:
        faults.append(
            f"{_RUN_HOURS} = {config.driver.run_hours} makes a $RUNTIME of"
            f" {run_seconds(config)} s, of which OASIS reads eight digits; run"
            f" {RUNTIME_LIMIT // 3600} hours at most, and go on from the restart files"
        )
    return faults
