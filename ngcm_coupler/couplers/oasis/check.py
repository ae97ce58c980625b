"""What is wrong between a namelist, its namcouple and the files in the folder of a run.

OASIS stops on most of this too, but one fault at a time, in a debug file of one of its ranks, after
the models have been built; some of it, such as a coupling period that no date meets, it lets pass.
What is not understood and no business of ours, or what only a run can tell, is a remark in the log.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

from ngcm_coupler.config import INTERVAL, Config, overwritten, where
from ngcm_coupler.config.keys import did_you_mean
from ngcm_coupler.couplers.oasis import namcouple as namcouples
from ngcm_coupler.couplers.oasis.coupling import (
    Pair,
    land_imports,
    ocean_grid_name,
    pairs,
    run_seconds,
)
from ngcm_coupler.couplers.oasis.entries import OBSOLETE, REMAPPING, Entry, Namcouple
from ngcm_coupler.couplers.oasis.files import GRIDS, MASKS
from ngcm_coupler.couplers.oasis.reader import named
from ngcm_coupler.couplers.oasis.run_files import OasisFiles
from ngcm_coupler.errors import ConfigError, DataError, quoted
from ngcm_coupler.grid import Grid

_log = logging.getLogger(__name__)

_COMPONENT = where(lambda at: at.oasis.component)
_OCEAN_COMPONENT = where(lambda at: at.oasis.ocean_component)
_OCEAN_STEP = where(lambda at: at.oasis.ocean_step_seconds)
_COUPLING = where(lambda at: at.oasis.coupling)
_EXPORTS = where(lambda at: at.oasis.exports)
_PARTNER_NAMES = where(lambda at: at.oasis.partner_names)
_IMPORTS = where(lambda at: at.coupling.imports)
_RUN_HOURS = where(lambda at: at.driver.run_hours)

_NAMCOUPLE = "run `ngcm-coupler namcouple`"
_GRIDS = "run `ngcm-coupler grids`"


def check_folder(config: Config, grid: Grid, folder: Path) -> list[str]:
    """Returns everything that is wrong with the namcouple and with what it points to.

    Args:
      config: the namelist.
      grid: the atmosphere's.
      folder: where the run starts.
    """
    try:
        expected = pairs(config)
        namcouple = namcouples.read(folder / namcouples.NAME)
    except ConfigError as error:
        return error.faults
    check = _Check(config, grid, folder, namcouple, expected)
    for remark in dict.fromkeys(check.remarks()):
        _log.warning("%s", remark)
    names = {
        each for entry in namcouple.entries for each in (entry.restart_file, entry.weight_file)
    }
    read = {
        f"{named(each)}, which the {namcouples.NAME} names,": str(folder / each)
        for each in names
        if each
    }
    found = sorted(conflict.message for conflict in overwritten(config, read))
    try:
        for fault in check.faults():
            found.append(fault)  # one by one: what comes before an error is kept
    except (OSError, RuntimeError) as error:
        found.append(f"{folder / GRIDS} or {MASKS} there cannot be read ({error}); {_GRIDS}")
    except DataError as error:
        found.append(str(error))
    return list(dict.fromkeys(found))


class _Check:
    """One look at a folder."""

    def __init__(
        self,
        config: Config,
        grid: Grid,
        folder: Path,
        namcouple: Namcouple,
        expected: tuple[Pair, ...],
    ) -> None:
        self._config, self._namcouple = config, namcouple
        self._files = OasisFiles(config, grid, folder)
        self._exports = {pair.source: pair for pair in expected if pair.field.direction == "export"}
        self._imports = {pair.target: pair for pair in expected if pair.field.direction == "import"}
        self._of_land = {row.oasis: row for row in land_imports(config)}

    def faults(self) -> Iterator[str]:
        yield from self._namcouple.flaws
        yield from self._program()
        for entry in self._namcouple.entries:
            yield from self._strangers(entry)
            if self._ours(entry):
                yield from self._names(entry)
            if self._concerns(entry):
                yield from (f"{flaw}; {_NAMCOUPLE}, or correct it" for flaw in entry.flaws)
                yield from self._out_of_place(entry)
        yield from self._couplings()
        yield from self._missing()
        ours = [
            (entry, found[0][0])
            for entry in self._namcouple.entries
            if (found := self._ours(entry))
        ]
        yield from self._files.restarts([entry for entry, _ in ours])
        yield from self._files.weights(ours)

    def remarks(self) -> Iterator[str]:
        """What does not hinder a run here, but cannot be judged."""
        found: dict[str, list[Entry]] = {}
        for entry in self._namcouple.entries:
            if not self._concerns(entry):
                yield from (
                    f"{flaw}; left to OASIS, as this is none of ours" for flaw in entry.flaws
                )
                if entry.unknown or entry.unread:
                    text = (
                        "it has what is not understood here; left to OASIS, as it is none of ours"
                    )
                    found.setdefault(text, []).append(entry)
            elif entry.unknown:
                names = ", ".join(map(named, entry.unknown))
                text = (
                    f"{names} is not known here; what it makes of the field, and whether that is"
                    " conserved, cannot be judged"
                )
                found.setdefault(text, []).append(entry)
            elif entry.makes_weights:
                text = (
                    "OASIS makes its weights when the run starts; whether they conserve, and reach"
                    " all of the sea, cannot be judged"
                )
                found.setdefault(text, []).append(entry)
        yield from _with_couplings(found)

    def _ours(self, entry: Entry) -> list[tuple[Pair, str]]:
        """The pairs that a coupling is to carry, and the partner's names at their places.

        What goes to others than the ocean is not ours.
        """
        if not entry.coupled:
            return []
        to_ocean = entry.target_grid == ocean_grid_name(self._config)
        found = []
        for source, target in zip(entry.sources, entry.targets, strict=False):
            if to_ocean and source in self._exports:
                found.append((self._exports[source], target))
            if target in self._imports:
                found.append((self._imports[target], source))
        return found

    def _concerns(self, entry: Entry) -> bool:
        """Whether it is ours, or would be if its line of grids could be read."""
        exported = not entry.target_grid and any(name in self._exports for name in entry.sources)
        of_land = any(name in self._of_land for name in entry.targets)
        return bool(self._ours(entry)) or exported or of_land

    def _out_of_place(self, entry: Entry) -> Iterator[str]:
        """Lines behind a coupling that is understood as a whole."""
        if entry.unread and not entry.unknown:
            line = entry.unread[0]
            yield (
                f"{namcouples.NAME}:{line.number}: cannot be understood: behind {_arrow(entry)}"
                " expected the names, number, period, operations, file and status of the next"
                f" coupling, or $END; got {quoted(' '.join(line.words))}"
            )

    def _names(self, entry: Entry) -> Iterator[str]:
        """Names that OASIS of 2012 would cut off; what is not ours may know its release better."""
        limits: list[tuple[str, str, int]] = [
            *(("field", name, namcouples.FIELD_LIMIT) for name in entry.sources + entry.targets),
            ("grid", entry.source_grid, namcouples.GRID_LIMIT),
            ("grid", entry.target_grid, namcouples.GRID_LIMIT),
            ("restart file", entry.restart_file, namcouples.RESTART_LIMIT),
        ]
        for what, name, limit in limits:
            if len(name) > limit:
                yield (
                    f"{namcouples.NAME}: the {what} {named(name)} has {len(name)} characters; OASIS"
                    f" of 2012 cuts it off after {limit}; shorten it"
                )

    def _program(self) -> Iterator[str]:
        runtime = run_seconds(self._config)
        components = self._namcouple.components
        for key in (_COMPONENT, _OCEAN_COMPONENT):
            name = key.value(self._config)
            if components and name not in components:
                listed = ", ".join(map(named, components[:9]))
                yield (
                    f"{namcouples.NAME}: $NBMODEL lists {listed}, without {name}, which"
                    f" {key} names; {_NAMCOUPLE}"
                )
        if self._namcouple.runtime != runtime:
            yield (
                f"{namcouples.NAME}: $RUNTIME is {self._namcouple.runtime} s, but"
                f" {_RUN_HOURS} = {self._config.driver.run_hours} makes"
                f" {runtime} s; {_NAMCOUPLE}"
            )

    def _strangers(self, entry: Entry) -> Iterator[str]:
        """Fields on the atmosphere's grid that it neither sends nor takes."""
        ours = self._config.oasis.grid
        known = {*self._exports} if entry.source_grid == ours else set()
        if entry.target_grid == ours:
            known |= {*self._imports, *self._of_land}
        for grid, names in (
            (entry.source_grid, entry.sources),
            (entry.target_grid, entry.targets),
        ):
            for name in names:
                if grid == ours and name not in known:
                    hint = _near(name, known)
                    yield (
                        f"{namcouples.NAME}: {named(name)} on the atmosphere's grid is neither sent"
                        f" nor taken by this configuration{hint}; correct it, or list the field in"
                        f" {_EXPORTS} or {_IMPORTS}"
                    )

    def _missing(self) -> Iterator[str]:
        coupled = [entry for entry in self._namcouple.entries if entry.coupled]
        arriving = [name for entry in coupled for name in entry.targets]
        rows = {name: pair.field for name, pair in self._imports.items()} | self._of_land
        for name, row in rows.items():
            if (count := arriving.count(name)) != 1:
                times = f"by {count} couplings" if count else "by no coupling"
                yield (
                    f"{namcouples.NAME}: {name} ({row.name}), which"
                    f" {_IMPORTS} names, is delivered {times}, expected"
                    f" one; {_NAMCOUPLE}"
                )
        leaving = {name for entry in coupled for name in entry.sources if self._ours(entry)}
        for name, pair in self._exports.items():
            if name not in leaving:
                yield (
                    f"{namcouples.NAME}: {name} ({pair.field.name}) does not go to the ocean, but"
                    f" {_EXPORTS} lists it; {_NAMCOUPLE}, or take it out"
                )

    def _couplings(self) -> Iterator[str]:
        """Each fault once, with how many couplings have it."""
        found: dict[str, list[Entry]] = {}
        for entry in self._namcouple.entries:
            for pair, partner in self._ours(entry):
                yield from self._sizes(entry, pair)
                for fault in self._coupling(entry, pair, partner):
                    found.setdefault(fault, []).append(entry)
        yield from _with_couplings(found)

    def _coupling(self, entry: Entry, pair: Pair, theirs: str) -> Iterator[str]:
        partner = pair.target if pair.field.direction == "export" else pair.source
        if partner != theirs:
            yield (
                f"the ocean's name of {pair.field.name} is {partner} by"
                f" {_PARTNER_NAMES}; {_NAMCOUPLE}, or correct the namelist"
            )
        if entry.period != pair.period:
            yield (
                f"the period is {entry.period} s, but {INTERVAL}"
                f" = {pair.period}; {_NAMCOUPLE}, or correct the namelist"
            )
        yield from self._lag(entry, pair)
        for end, grid, expected in (
            ("source", entry.source_grid, pair.remapping.source),
            ("target", entry.target_grid, pair.remapping.target),
        ):
            if grid != expected:
                yield f"the {end} grid is {named(grid)}, expected {expected}; {_NAMCOUPLE}"
        names = [one.name for one in entry.operations]
        for name in OBSOLETE:
            if name in names:
                yield f"{name} is of earlier couplers, and OASIS3-MCT stops at it; {_NAMCOUPLE}"
        if not entry.unknown and not any(name in REMAPPING for name in names):
            yield f"neither MAPPING nor SCRIPR nor YAC takes it to the other grid; {_NAMCOUPLE}"

    def _lag(self, entry: Entry, pair: Pair) -> Iterator[str]:
        if entry.lag == pair.lag:
            return
        oasis = self._config.oasis
        if pair.field.direction == "export":
            reason = f"{_COUPLING} = '{oasis.coupling}' needs {pair.lag}"
        else:
            reason = f"{_OCEAN_STEP} = {oasis.ocean_step_seconds} needs {pair.lag}"
        yield f"LAG is {entry.lag} s, but {reason}; {_NAMCOUPLE}, or correct the namelist"

    def _sizes(self, entry: Entry, pair: Pair) -> Iterator[str]:
        for grid, shape, expected in (
            (entry.source_grid, entry.source_shape, pair.remapping.source),
            (entry.target_grid, entry.target_shape, pair.remapping.target),
        ):
            known = self._files.shape(grid) if grid == expected else None
            if shape is not None and known is not None and shape != known:
                yield (
                    f"{namcouples.NAME}: the grid {grid} has {shape[0]} x {shape[1]} points, but"
                    f" {known[0]} x {known[1]} in this configuration; {_NAMCOUPLE}"
                )


def _arrow(entry: Entry) -> str:
    return f"{named(entry.sources[0])} -> {named(entry.targets[0])}"


def _with_couplings(found: dict[str, list[Entry]]) -> Iterator[str]:
    """Each text once, with the first coupling that it is said of and the number of the others."""
    for text, entries in found.items():
        others = len(entries) - 1
        more = f" and {others} other coupling{'s' if others > 1 else ''}" if others else ""
        yield f"{namcouples.NAME}: {_arrow(entries[0])}{more}: {text}"


def _near(name: str, known: set[str]) -> str:
    """``; did you mean X?`` for the nearest of the known names, or nothing."""
    spelt = {candidate.lower(): candidate for candidate in known}
    return did_you_mean(name, spelt, lambda found: spelt[found])
