"""Histories and budgets of a run, as `report` and `score` read them."""

from __future__ import annotations

import types
from pathlib import Path

import numpy as np

from fuzz.mutators import netcdf
from fuzz.subject import Subject, digest
from ngcm_coupler.analysis.report.drift import drift
from ngcm_coupler.analysis.report.folder import find
from ngcm_coupler.analysis.score.read import File, compare
from ngcm_coupler.analysis.score.table import score
from ngcm_coupler.clock import Clock
from ngcm_coupler.config.run_groups import History as Settings
from ngcm_coupler.errors import NgcmError
from ngcm_coupler.fields import EXPORTS, field
from ngcm_coupler.grid import GaussianGrid
from ngcm_coupler.output.budget.entries import entries
from ngcm_coupler.output.budget.output import BudgetFile
from ngcm_coupler.output.history import History

DAY = 86400
DAYS = 4
IMPORTS = tuple(map(field, ("sea_surface_temperature", "sea_ice_area_fraction")))
KEPT = (*IMPORTS, field("air_temperature_at_2m"), field("precipitation_flux"))
MODEL = {"source": "a model"}


def make(folder: Path) -> list[Path]:
    """A history, and a budget whose ledger has random numbers."""
    run = folder / "run"
    run.mkdir()
    grid, clock = GaussianGrid(16, 8), Clock("2000-01-01")
    land = np.linspace(0.0, 1.0, grid.size)
    origin = {row.name: "a test" for row in (*KEPT, *EXPORTS)}
    history = History(
        str(run / "history.nc"), grid, land, KEPT, clock, MODEL, origin,
        interval_seconds=DAY, settings=Settings(fields=tuple(row.name for row in KEPT)),
    )  # fmt: skip
    ledger = types.SimpleNamespace(
        entries=entries(IMPORTS, EXPORTS), interval_seconds=DAY, clock=clock, last={}
    )
    budget = BudgetFile(str(run / "budget.nc"), ledger, clock, MODEL, origin)  # type: ignore[arg-type]
    random = np.random.default_rng(0)
    for _ in range(DAYS):
        clock = ledger.clock = clock.advanced(DAY)
        ledger.last = {entry.name: float(random.random()) for entry in ledger.entries}
        values = {row.name: random.random(grid.size, np.float32) for row in KEPT}
        history.write(clock, DAY, values)
        budget.write()
    history.close()
    budget.close()
    whole = folder / "history.nc"
    whole.write_bytes((run / "history.nc").read_bytes())
    return [run / "history.nc", run / "budget.nc"]


def use(file: Path) -> str:
    """What both commands find; either may refuse, and the other is then asked all the same."""
    found: list[object] = []
    refusal: NgcmError | None = None
    for read in (_reported, _scored):
        try:
            found.append(read(file))
        except NgcmError as error:
            refusal = error
    if refusal is not None:
        raise refusal
    return digest(found)


def _reported(file: Path) -> object:
    files = find(file.parent)
    return [each.attributes for each in (*files.history, *files.budget)], drift(file.parent, 1)


def _scored(file: Path) -> object:
    if file.name != "history.nc":
        return None
    comparison = compare([File.open(str(file))], File.open(str(file.parents[1] / file.name)), {})
    return score(comparison).json()


SUBJECT = Subject("histories", make, netcdf.spoilt, use)
