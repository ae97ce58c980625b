"""What a user may choose of a measurement."""

from __future__ import annotations

import dataclasses

from ngcm_coupler.config.model_groups import DEMO

FULL_SIZE_MODEL = "2.8-degrees"
"""Stands for the structure of the published model of that name, with random weights."""


@dataclasses.dataclass(frozen=True)
class Options:
    """Choices of ``ngcm-coupler bench``.

    Attributes:
      model: checkpoint whose step is measured, ``demo`` or `FULL_SIZE_MODEL`.
      repeats: of each measurement; None for what the subject needs.
      days: of the run with radiation.
      profile: folder of a trace; None for none.
      coarsening: of the spectra, as the key of &ngcm_radiation.
    """

    model: str = DEMO
    repeats: int | None = None
    days: int = 5
    profile: str | None = None
    coarsening: int = 0

    def with_model(self, model: str) -> Options:
        """The same with another model."""
        return dataclasses.replace(self, model=model)
