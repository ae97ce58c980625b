"""What is wrong between a namelist, its namcouple and the files in the folder of a run.

OASIS stops on most of this too, but one fault at a time, in a debug file of one of its ranks, after
the models have been built; some of it, such as a coupling period that no date meets, it lets pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ngcm_coupler.config import INTERVAL, Config, where
from ngcm_coupler.config.keys import did_you_mean
from ngcm_coupler.couplers.oasis import namcouple as namcouples
from ngcm_coupler.couplers.oasis.coupling import (
    Pair,
    land_imports,
    ocean_grid_name,
    pairs,
    run_seconds,
)
from ngcm_coupler.couplers.oasis.files import GRIDS, MASKS
from ngcm_coupler.couplers.oasis.namcouple import Entry, Namcouple
from ngcm_coupler.errors import ConfigError, DataError
from ngcm_coupler.grid import Grid
from ngcm_coupler.netcdf import open_dataset
from ngcm_coupler.regrid.weights import read_weights, row_sums

_ROW_SUM_TOLERANCE = 1.0e-6
"""How far the sum of the weights into a point may be from 1."""

_COMPONENT = where(lambda at: at.oasis.component)
_OCEAN_COMPONENT = where(lambda at: at.oasis.ocean_component)
_OCEAN_STEP = where(lambda at: at.oasis.ocean_step_seconds)
_COUPLING = where(lambda at: at.oasis.coupling)
_EXPORTS = where(lambda at: at.oasis.exports)
_PARTNER_NAMES = where(lambda at: at.oasis.partner_names)
_IMPORTS = where(lambda at: at.coupling.imports)
_RUN_HOURS = where(lambda at: at.driver.run_hours)

_NAMCOUPLE = "run `ngcm-coupler namcouple`"
_RESTARTS = "run `ngcm-coupler namcouple --restarts`"
_WEIGHTS = "run `ngcm-coupler weights`"
_GRIDS = "run `ngcm-coupler grids`"


def require_folder(config: Config, grid: Grid, folder: Path) -> None:
    """Refuses a folder that a run cannot start from. See `check_folder`.

    Raises:
      ConfigError: carries every fault.
    """
    if faults := check_folder(config, grid, folder):
        raise ConfigError(faults)


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
    try:
        return list(dict.fromkeys(_Check(config, grid, folder, namcouple, expected).faults()))
    except (OSError, RuntimeError) as error:
        return [f"{folder / GRIDS} or {MASKS} there cannot be read ({error}); {_GRIDS}"]


class _Check:
    """One look at a folder; files are opened once."""

    def __init__(
        self,
        config: Config,
        grid: Grid,
        folder: Path,
        namcouple: Namcouple,
        expected: tuple[Pair, ...],
    ) -> None:
        self._config, self._folder, self._namcouple = config, folder, namcouple
        self._expected = expected
        self._atmosphere = (grid.nlon, grid.nlat)
        self._exports = {pair.source: pair for pair in expected if pair.field.direction == "export"}
        self._imports = {pair.target: pair for pair in expected if pair.field.direction == "import"}
        self._of_land = {row.oasis: row for row in land_imports(config)}

    def faults(self) -> Iterator[str]:
        yield from self._program()
        for entry in self._namcouple.entries:
            yield from self._strangers(entry)
            if self._ours(entry):
                yield from self._names(entry)
        yield from self._couplings()
        yield from self._missing()
        yield from self._restarts()
        yield from self._weights()

    def _ours(self, entry: Entry) -> list[Pair]:
        """The pairs that a coupling is to carry; what goes to others than the ocean is not ours."""
        if not entry.coupled:
            return []
        sent = []
        if entry.target_grid == ocean_grid_name(self._config):
            sent = [self._exports[name] for name in entry.sources if name in self._exports]
        return sent + [self._imports[name] for name in entry.targets if name in self._imports]

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
                    f"{namcouples.NAME}: the {what} {name} has {len(name)} characters; OASIS of"
                    f" 2012 cuts it off after {limit}; shorten it"
                )

    def _program(self) -> Iterator[str]:
        runtime = run_seconds(self._config)
        for key in (_COMPONENT, _OCEAN_COMPONENT):
            name = key.value(self._config)
            if name not in self._namcouple.components:
                listed = ", ".join(self._namcouple.components)
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
                        f"{namcouples.NAME}: {name} on the atmosphere's grid is neither sent nor"
                        f" taken by this configuration{hint}; correct it, or list the field in"
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
            for pair in self._ours(entry):
                yield from self._sizes(entry, pair)
                for fault in self._coupling(entry, pair):
                    found.setdefault(fault, []).append(entry)
        for fault, entries in found.items():
            first, others = entries[0], len(entries) - 1
            more = f" and {others} other coupling{'s' if others > 1 else ''}" if others else ""
            yield f"{namcouples.NAME}: {first.sources[0]} -> {first.targets[0]}{more}: {fault}"

    def _coupling(self, entry: Entry, pair: Pair) -> Iterator[str]:
        partner, theirs = (
            (pair.target, entry.targets)
            if pair.field.direction == "export"
            else (pair.source, entry.sources)
        )
        if partner not in theirs:
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
                yield f"the {end} grid is {grid}, expected {expected}; {_NAMCOUPLE}"
        if not entry.weight_file and not any(one.name == "SCRIPR" for one in entry.operations):
            yield f"neither MAPPING nor SCRIPR takes it to the other grid; {_NAMCOUPLE}"

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
            known = self._shape(grid) if grid == expected else None
            if shape is not None and known is not None and shape != known:
                yield (
                    f"{namcouples.NAME}: the grid {grid} has {shape[0]} x {shape[1]} points, but"
                    f" {known[0]} x {known[1]} in this configuration; {_NAMCOUPLE}"
                )

    def _shape(self, grid: str) -> tuple[int, int] | None:
        """Lengths of a grid's dimensions, or None where no file here has it."""
        if grid == self._config.oasis.grid:
            return self._atmosphere
        if grid != ocean_grid_name(self._config) or not (self._folder / GRIDS).exists():
            return None
        with open_dataset(self._folder / GRIDS) as file:
            if f"{grid}.lon" not in file.variables:
                return None
            nlat, nlon = file[f"{grid}.lon"].shape
        return nlon, nlat

    def _restarts(self) -> Iterator[str]:
        """Every restart file once."""
        files: dict[str, dict[str, tuple[int, int] | None]] = {}
        for entry in self._namcouple.entries:
            if entry.lag > 0 and self._ours(entry):
                shape = self._shape(entry.source_grid) or entry.source_shape
                files.setdefault(entry.restart_file, {}).update(dict.fromkeys(entry.sources, shape))
        for name, fields in files.items():
            path = self._folder / name
            if not path.exists():
                yield (
                    f"{namcouples.NAME}: there is no restart file {path}, from which OASIS reads at"
                    f" the start what has a LAG; {_RESTARTS}, or put there what the run before has"
                    " written"
                )
                continue
            try:
                yield from _restart_faults(path, fields)
            except (OSError, RuntimeError) as error:
                yield f"restart file {path}: cannot be read ({error}); {_RESTARTS}"

    def _weights(self) -> Iterator[str]:
        """Every weight file once."""
        entries = {
            entry.weight_file: (entry, ours[0])
            for entry in self._namcouple.entries
            if entry.weight_file and (ours := self._ours(entry))
        }
        for name, (entry, pair) in entries.items():
            path = self._folder / name
            if not path.exists():
                yield f"{namcouples.NAME}: there is no weight file {path}; {_WEIGHTS}"
                continue
            try:
                weights = read_weights(path)
            except DataError as error:
                yield f"{error}; {_WEIGHTS}"
                continue
            sizes = (weights.source_size, weights.target_size)
            shapes = (
                self._shape(entry.source_grid) or entry.source_shape,
                self._shape(entry.target_grid) or entry.target_shape,
            )
            wrong = [
                f"{end} grid has {size} points, expected {shape[0]} x {shape[1]}"
                for end, size, shape in zip(("source", "target"), sizes, shapes, strict=True)
                if shape and size != shape[0] * shape[1]
            ]
            yield from (f"weight file {path}: its {fault}; {_WEIGHTS}" for fault in wrong)
            if not wrong:
                yield from self._rows(path, row_sums(weights), entry.target_grid, pair)

    def _rows(self, path: Path, sums: np.ndarray, grid: str, pair: Pair) -> Iterator[str]:
        sea = self._sea(grid)
        empty = np.flatnonzero(sea & (sums == 0.0)) if sea is not None else np.empty(0)
        if empty.size:
            yield (
                f"weight file {path}: point {empty[0] + 1} of {grid} is sea and gets nothing"
                f" ({empty.size} such points), which arrives as zero; {_WEIGHTS}"
            )
        if pair.remapping.norm == "modelarea":
            return
        misfit = np.where(sums == 0.0, 0.0, np.abs(sums - 1.0))
        if misfit.max() > _ROW_SUM_TOLERANCE:
            point = int(np.argmax(misfit))
            yield (
                f"weight file {path}: the weights into point {point + 1} of {grid} add up to"
                f" {sums[point]:.9g}, expected 1; {_WEIGHTS}"
            )

    def _sea(self, grid: str) -> np.ndarray | None:
        """True for the points that count, or None where no file here says."""
        path = self._folder / MASKS
        if not path.exists():
            return None
        with open_dataset(path) as file:
            name = f"{grid}.msk"
            return file[name][...].reshape(-1) == 0 if name in file.variables else None


def _restart_faults(path: Path, fields: dict[str, tuple[int, int] | None]) -> Iterator[str]:
    """What a restart file lacks of the fields, and which have not the shape given with them."""
    wrong: dict[str, list[str]] = {}
    with open_dataset(path) as file:
        missing = [name for name in fields if name not in file.variables]
        for name, shape in fields.items():
            if shape and name not in missing and file[name].shape != shape[::-1]:
                got = " x ".join(map(str, file[name].shape[::-1]))
                sizes = f"{got} points, expected {shape[0]} x {shape[1]}"
                wrong.setdefault(sizes, []).append(name)
    if missing:
        yield f"restart file {path}: it lacks {', '.join(missing)}; {_RESTARTS}"
    for sizes, names in wrong.items():
        yield f"restart file {path}: it has {', '.join(names)} with {sizes}; {_RESTARTS}"


def _near(name: str, known: set[str]) -> str:
    """``; did you mean X?`` for the nearest of the known names, or nothing."""
    spelt = {candidate.lower(): candidate for candidate in known}
    return did_you_mean(name, spelt, lambda found: spelt[found])
