"""What a namcouple points to in the folder of a run: grids, restart files and weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from ngcm_coupler.config import Config
from ngcm_coupler.couplers.oasis.coupling import Pair, ocean_grid_name
from ngcm_coupler.couplers.oasis.entries import NAME, Entry
from ngcm_coupler.couplers.oasis.files import GRIDS, MASKS
from ngcm_coupler.couplers.oasis.reader import named
from ngcm_coupler.errors import DataError
from ngcm_coupler.files.netcdf import open_dataset
from ngcm_coupler.grid import Grid
from ngcm_coupler.regrid.weights import read_weights, row_sums

_ROW_SUM_TOLERANCE = 1.0e-6
"""How far the sum of the weights into a point may be from 1."""

_RESTARTS = "run `ngcm-coupler namcouple --restarts`"
_WEIGHTS = "run `ngcm-coupler weights`"
_GRIDS = "run `ngcm-coupler grids`"


class OasisFiles:
    """The files of one run, and what is wrong with them."""

    def __init__(self, config: Config, grid: Grid, folder: Path) -> None:
        """Opens nothing yet.

        Args:
          config: the namelist.
          grid: the atmosphere's.
          folder: where the run starts.
        """
        self._folder = folder
        self._shapes = {config.oasis.grid: (grid.nlon, grid.nlat)}
        self._ocean = ocean_grid_name(config)

    def shape(self, grid: str) -> tuple[int, int] | None:
        """Lengths of a grid's dimensions, or None where no file here has it.

        Raises:
          DataError: the file has it in a form that OASIS does not know.
        """
        path = self._folder / GRIDS
        if grid in self._shapes:
            return self._shapes[grid]
        if grid != self._ocean or not path.is_file():
            return None
        with open_dataset(path) as file:
            if f"{grid}.lon" not in file.variables:
                return None
            lengths = file[f"{grid}.lon"].shape
        if len(lengths) != 2:
            raise DataError(
                f"{path}: {grid}.lon has {len(lengths)} dimensions, expected 2; {_GRIDS}"
            )
        self._shapes[grid] = lengths[1], lengths[0]
        return self._shapes[grid]

    def restarts(self, entries: Sequence[Entry]) -> Iterator[str]:
        """What is wrong with the restart files that couplings read at the start, each file once."""
        files: dict[str, dict[str, tuple[int, int] | None]] = {}
        for entry in entries:
            if entry.lag > 0:
                shape = self.shape(entry.source_grid) or entry.source_shape
                files.setdefault(entry.restart_file, {}).update(dict.fromkeys(entry.sources, shape))
        for name, fields in files.items():
            path, said = self._folder / name, self._folder / named(name)
            if not _is_there(path):
                yield (
                    f"{NAME}: there is no restart file {said}, from which OASIS reads at"
                    f" the start what has a LAG; {_RESTARTS}, or put there what the run before has"
                    " written"
                )
                continue
            try:
                yield from _restart_faults(path, fields)
            except (OSError, RuntimeError) as error:
                yield f"restart file {said}: cannot be read ({error}); {_RESTARTS}"

    def weights(self, ours: Sequence[tuple[Entry, Pair]]) -> Iterator[str]:
        """What is wrong with the weights of couplings, each file once."""
        files = {entry.weight_file: (entry, pair) for entry, pair in ours if entry.weight_file}
        for name, (entry, pair) in files.items():
            path, said = self._folder / name, self._folder / named(name)
            if not _is_there(path):
                if not entry.makes_weights:
                    yield f"{NAME}: there is no weight file {said}; {_WEIGHTS}"
                continue
            try:
                weights = read_weights(path)
            except DataError as error:
                yield f"{error}; {_WEIGHTS}"
                continue
            sizes = (weights.source_size, weights.target_size)
            shapes = (
                self.shape(entry.source_grid) or entry.source_shape,
                self.shape(entry.target_grid) or entry.target_shape,
            )
            wrong = [
                f"{end} grid has {size} points, expected {shape[0]} x {shape[1]}"
                for end, size, shape in zip(("source", "target"), sizes, shapes, strict=True)
                if shape and size != shape[0] * shape[1]
            ]
            yield from (f"weight file {said}: its {fault}; {_WEIGHTS}" for fault in wrong)
            if not wrong:
                yield from self._rows(said, row_sums(weights), entry.target_grid, pair)

    def _rows(self, said: Path, sums: np.ndarray, grid: str, pair: Pair) -> Iterator[str]:
        sea = self._sea(grid)
        if sea is not None and sea.size != sums.size:
            yield (
                f"{self._folder / MASKS}: {named(grid)}.msk has {sea.size} points, expected"
                f" {sums.size}; {_GRIDS}"
            )
            sea = None
        empty = np.flatnonzero(sea & (sums == 0.0)) if sea is not None else np.empty(0)
        if empty.size:
            yield (
                f"weight file {said}: point {empty[0] + 1} of {named(grid)} is sea and gets nothing"
                f" ({empty.size} such points), which arrives as zero; {_WEIGHTS}"
            )
        if pair.remapping.norm == "modelarea":
            return
        misfit = np.where(sums == 0.0, 0.0, np.abs(sums - 1.0))
        if not misfit.max(initial=0.0) <= _ROW_SUM_TOLERANCE:
            point = int(np.argmax(misfit))
            yield (
                f"weight file {said}: the weights into point {point + 1} of {named(grid)} add up to"
                f" {sums[point]:.9g}, expected 1; {_WEIGHTS}"
            )

    def _sea(self, grid: str) -> np.ndarray | None:
        """True for the points that count, or None where no file here says."""
        path = self._folder / MASKS
        if not path.is_file():
            return None
        with open_dataset(path) as file:
            name = f"{grid}.msk"
            return file[name][...].reshape(-1) == 0 if name in file.variables else None


def _is_there(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that no file can have
        return False


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
        yield f"restart file {path}: it lacks {', '.join(map(named, missing))}; {_RESTARTS}"
    for sizes, names in wrong.items():
        yield f"restart file {path}: it has {', '.join(names)} with {sizes}; {_RESTARTS}"
