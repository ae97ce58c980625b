"""How a run starts: the atmosphere on its owners, and what every rank knows of it from then on."""

from __future__ import annotations

import dataclasses
import logging
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ngcm_coupler.clock import Clock
from ngcm_coupler.component.bystander import Bystander
from ngcm_coupler.component.imports import NEVER
from ngcm_coupler.config import Config, stop_conflicts
from ngcm_coupler.device import devices
from ngcm_coupler.errors import ConfigError
from ngcm_coupler.fields import Field
from ngcm_coupler.files.netcdf import import_netcdf4
from ngcm_coupler.grid import Grid, RectilinearGrid
from ngcm_coupler.output.log.timing import Stopwatch
from ngcm_coupler.output.restart.host_state import HostState
from ngcm_coupler.parallel import Owners, Ranks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ngcm_coupler.component.owner import Owner

_log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class RunFacts:
    """What every rank knows of a run.

    Attributes:
      grid: the atmosphere's.
      land_area_fraction: [1], shape (grid.size,).
      clock: at the begin of the run or segment.
      instances: how many copies of the grid the host's points are.
      budgets_water: whether the atmosphere offers the fields of its own water budget.
      continues: whether it goes on from a restart.
      host: the exchange with the host; its arrays on the owners only.
    """

    grid: Grid
    land_area_fraction: np.ndarray
    clock: Clock
    instances: int
    budgets_water: bool
    continues: bool
    host: HostState


def start(
    config: Config,
    imports: Sequence[Field],
    ranks: Ranks,
    owners: Owners,
    source: Callable[[], Path | None],
    stopwatch: Stopwatch,
) -> tuple[Owner | Bystander, RunFacts]:
    """Builds the atmosphere and gives its members their first states. Collective.

    Args:
      config: the settings.
      imports: the imported fields.
      ranks: of the component.
      owners: those among them that hold members.
      source: finds the restart file to go on from; None for the initial state.
      stopwatch: of this rank.

    Returns:
      What this rank holds, and what is known of the run.
    """
    made: list[tuple[Owner, RunFacts]] = []  # on an owner
    fresh: list[np.ndarray] = []  # imports of a run that begins
    restart: list[str] = []  # the file of one that continues

    def build() -> None:
        if not owners.is_owner:
            return
        # JAX is for the owners alone: hundreds of ranks of a host need not load it.
        devices.prepare(config.device, owners.place_on_node, owners.on_node)
        from ngcm_coupler.component.owner import Owner

        import_netcdf4()
        given = config.run.start_date
        begin = Clock(given, config.run.calendar).start if given else None
        owner = Owner(config, imports, ranks, owners, stopwatch)
        if file := source():
            restart.append(str(file))
            contents = owner.continue_from(str(file), begin)
            clock, host = contents.clock, contents.host
        else:
            clock, values = owner.members.begin(begin)
            fresh.append(values)
            host = HostState(np.full(len(imports), NEVER, np.int64), has_means=False)
        for conflict in stop_conflicts(config, clock.start):
            raise ConfigError(conflict.message)
        atmosphere = owner.members.atmosphere
        facts = RunFacts(
            atmosphere.grid,
            atmosphere.land_area_fraction,
            clock,
            config.instances,
            atmosphere.budgets_water,
            bool(restart),
            host,
        )
        made.append((owner, facts))

    def begin_members() -> None:
        for owner, _ in made:
            if fresh:
                owner.begin(fresh[0])
            _log.debug("configuration\n%s", config.resolved_text())

    def begin_journal() -> None:
        for owner, facts in made:
            owner.begin_journal(facts.clock, "".join(restart))

    # Before the model is built: that may take minutes.
    for doubt in config.doubts if ranks.is_root else ():
        _log.warning("%s", doubt)
    ranks.collective(build)
    ranks.collective(begin_members)
    ranks.collective(begin_journal)
    holder, facts = made[0] if made else (Bystander(), None)
    return holder, _broadcast_facts(config, len(imports), ranks, facts)


def _broadcast_facts(
    config: Config, imports: int, ranks: Ranks, known: RunFacts | None
) -> RunFacts:
    """Gives the ranks without an atmosphere what is known of it. Collective.

    Args:
      config: the settings.
      imports: their number.
      ranks: of the component.
      known: on the owners; None elsewhere.
    """
    numbers = np.zeros(7 + imports, np.int64)
    if ranks.is_root and known is not None:
        grid, clock = known.grid, known.clock
        numbers[:7] = (
            grid.nlon, grid.nlat, clock.start_seconds, clock.elapsed_seconds,
            known.budgets_water, known.continues, known.host.has_means,
        )  # fmt: skip
        numbers[7:] = known.host.put_at
    ranks.broadcast(numbers)
    nlon, nlat, begin, elapsed, *flags = numbers[:7].tolist()
    # Not the kind of the grid, which may be of an engine's own: where its rows are says all.
    rows = np.empty(2 * nlat + 1)
    if ranks.is_root and known is not None:
        rows[:] = *known.grid.latitudes, *known.grid.sine_bounds
    ranks.broadcast(rows)
    if known is None:
        grid = RectilinearGrid(nlon, tuple(rows[:nlat].tolist()), tuple(rows[nlat:].tolist()))
        known = RunFacts(
            grid,
            np.empty(grid.size),
            Clock.from_seconds(begin, config.run.calendar, elapsed),
            config.instances,
            bool(flags[0]),
            bool(flags[1]),
            HostState(numbers[7:].copy(), bool(flags[2])),
        )
    ranks.broadcast(known.land_area_fraction)
    return known
