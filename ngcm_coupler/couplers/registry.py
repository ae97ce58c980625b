"""Which coupler a run goes through."""

from __future__ import annotations

from ngcm_coupler.config import Config
from ngcm_coupler.couplers.description import CoupledRun
from ngcm_coupler.couplers.oasis.description import ThroughOasis

_COUPLERS: dict[str, CoupledRun] = {"oasis": ThroughOasis()}
"""By the attribute of `Config` with their settings."""


def coupled_run(config: Config) -> CoupledRun | None:
    """The run through the coupler that a namelist has settings of; None without a coupler."""
    return _COUPLERS.get(config.coupled_by)
