"""The fields at the host's points of this rank, and their way to and from the members."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ngcm_coupler.component.imports import Imports
from ngcm_coupler.errors import FieldError, represented
from ngcm_coupler.fields import Field, nearest_names
from ngcm_coupler.fields.arguments import is_whole_number
from ngcm_coupler.parallel import Owners, Points, Ranks

if TYPE_CHECKING:
    from ngcm_coupler.component.bystander import Bystander
    from ngcm_coupler.component.owner import Owner
    from ngcm_coupler.component.start import RunFacts


class HostFields:
    """The fields of a component at this rank's points.

    Attributes:
      fields: imports and exports; the number of a field is its place here, from 1.
      imports: what the host has put.
      exports: of the last interval, float32, shape (exports, points of this rank).
      points: of this rank; they lead to the members, or to the first rank for all of them.
      at_root: the same points, which lead to the first rank.
    """

    def __init__(
        self,
        imports: Imports,
        exports: Sequence[Field],
        facts: RunFacts,
        ranks: Ranks,
        owners: Owners,
    ) -> None:
        """All points are the first rank's until `deal`. Collective.

        Args:
          imports: the imports, which have no points yet.
          exports: the exported fields.
          facts: of the run.
          ranks: of the component.
          owners: those that hold members.
        """
        self.fields = (*imports.fields, *exports)
        self.imports = imports
        self.exports = np.empty((len(exports), 0), np.float32)
        self._grid, self._land = facts.grid, facts.land_area_fraction
        on_root = [range(facts.instances), *[range(0)] * (ranks.size - 1)]
        self.at_root = self.points = Points(ranks, facts.grid.size, on_root)
        if facts.instances > 1:  # each for a member, whose values go straight to its owner
            self.points = Points(ranks, facts.grid.size, owners.held)

    def field(self, number: int) -> Field:
        """See `Component.field`."""
        if not is_whole_number(number) or not 1 <= number <= len(self.fields):
            raise FieldError(
                f"field id {represented(number)} is not valid; ids run from 1 to {len(self.fields)}"
            )
        return self.fields[number - 1]

    def number(self, name: str) -> int:
        """See `Component.field_id`."""
        if not isinstance(name, str):
            raise FieldError(f"field name {represented(name)} is not valid; give a str")
        names = [row.name for row in self.fields]
        if name in names:
            return names.index(name) + 1
        raise FieldError(
            f"field {name!r} is neither taken nor offered by this component"
            f"{nearest_names(name, names)}; imports are"
            " chosen in &ngcm_coupling, and `ngcm-coupler fields` lists all fields"
        )

    def values(self, number: int) -> np.ndarray:
        """The field of that number as it is now, one value per point of this rank."""
        count = len(self.imports.fields)
        return (
            self.imports.values[number - 1] if number <= count else self.exports[number - 1 - count]
        )

    def deal(self, global_index: np.ndarray) -> None:
        """Declares the points of this rank. Collective; see `Points.deal`."""
        self.at_root.deal(global_index)
        if self.points is not self.at_root:
            self.points.deal(global_index)

    def distribute(self, owner: Owner | Bystander) -> None:
        """Hands each rank its points of what the devices hold, after they have changed."""
        values = self.points.scatter(owner.host_imports(), len(self.imports.fields))
        self.imports.hold(values, self.points.on_grid, self._grid, self._land)
        self.distribute_exports(owner)

    def distribute_exports(self, owner: Owner | Bystander) -> None:
        """Hands each rank the exports of its points: the members' own, or their mean."""
        self.exports = self.points.scatter(owner.host_exports(), len(self.exports))
