"""The variables of a history, and what CF says of them."""

from __future__ import annotations

import dataclasses
from typing import Literal

from ngcm_coupler.fields import Field, Surface
from ngcm_coupler.fields.levels import LevelField

Record = Literal["instant", "mean", "monthly_mean"]
"""What a record holds: see the key `record` of ``&ngcm_history``."""

ICE = "sea_ice_area_fraction"
"""The import by which the sea is shared between open water and ice."""

_VARYING: tuple[Surface, ...] = ("sea_ice", "ice_free_sea")
"""Surfaces whose area changes as the run goes."""


@dataclasses.dataclass(frozen=True)
class Variable:
    """A variable over time.

    Attributes:
      name: in the file.
      standard_name: CF standard name; empty where CF has none.
      units: UDUNITS string.
      description: one line.
      kind: ``mean`` over a coupling interval, ``state`` at its end, ``held`` constant over it.
      surface: CF area type that it is a mean over; empty: the whole cell.
      masked: whether cells without that surface have no value.
      positive: ``down`` or ``up`` for fluxes, else empty.
      provenance: where its values come from.
      on_levels: whether it has a value on each pressure level.
    """

    name: str
    standard_name: str
    units: str
    description: str
    kind: Literal["mean", "state", "held"]
    surface: Surface
    masked: bool
    positive: str
    provenance: str
    on_levels: bool = False

    @classmethod
    def of_field(cls, row: Field, provenance: str) -> Variable:
        """The variable of an exchanged field."""
        kind = "held" if row.direction == "import" else "state"
        return cls(
            row.name,
            row.standard_name,
            row.units,
            row.description,
            # A flux of the host's own is constant over the interval, and so its mean.
            "mean" if row.averaging == "interval_mean" else kind,
            row.surface,
            bool(row.surface) and row.direction == "export",
            row.positive,
            provenance,
        )

    @classmethod
    def of_levels(cls, row: LevelField, model: str) -> Variable:
        """The variable of a field on pressure levels; `model` is the name of the atmosphere."""
        origin = f"model: {model}, by its decoder, which extrapolates below the surface"
        return cls(
            row.name, row.standard_name, row.units, f"{row.description} on pressure levels",
            "state", "", False, "", origin, on_levels=True,
        )  # fmt: skip

    @property
    def varies_with(self) -> Surface:
        """The surface by whose area a mean over time weighs; empty where that is constant."""
        return self.surface if self.surface in _VARYING else ""

    def attributes(self, record: Record, interval_seconds: int) -> dict[str, str]:
        """CF attributes, with the sign and where the values come from.

        Args:
          record: what a record holds.
          interval_seconds: the coupling interval [s].
        """
        attributes = {
            **({"standard_name": self.standard_name} if self.standard_name else {}),
            "long_name": self.description,
            "units": self.units,
            "cell_methods": self._cell_methods(record, interval_seconds),
            "cell_measures": "area: cell_area",
            "provenance": self.provenance,
        }
        if self.positive:
            attributes["positive_direction"] = self.positive
        return attributes

    def _cell_methods(self, record: Record, interval_seconds: int) -> str:
        """How a value came about (CF 1.11, sec. 7.3)."""
        area = f" area: mean where {self.surface}" if self.surface else ""
        if record == "instant":
            return ("time: mean" if self.kind == "mean" else "time: point") + area
        ways = {
            "mean": "",
            "held": "(held constant over each coupling interval)",
            "state": f"(interval: {interval_seconds} s comment: ends of coupling intervals)",
        }
        # Of a surface that comes and goes, each interval counts for the area that there was.
        means = f"area: time: mean where {self.surface}" if self.varies_with else "time: mean"
        return " ".join(filter(None, (means, ways[self.kind]))) + ("" if self.varies_with else area)
