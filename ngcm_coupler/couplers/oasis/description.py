"""A run through OASIS3-MCT, for those who know no coupler by name."""

from __future__ import annotations

from pathlib import Path

from ngcm_coupler.config import Config, where
from ngcm_coupler.couplers.description import CoupledRun
from ngcm_coupler.couplers.oasis.entries import NAME
from ngcm_coupler.errors import ConfigError, reading


class ThroughOasis(CoupledRun):
    """The atmosphere and an ocean, each a component of OASIS3-MCT."""

    programs = ("ngcm_oasis_atm", "ngcm_oasis_ocean")
    installing = (
        "OASIS3-MCT was not found; install it (Debian and Ubuntu: package liboasis3-dev) or set"
        " OASIS_ROOT"
    )
    key = where(lambda at: at.oasis.exports)
    keys = (key, where(lambda at: at.oasis.partner_names))

    def is_prepared(self, folder: Path) -> bool:
        """Whether there is a namcouple."""
        return (folder / NAME).exists()

    def folder_faults(self, config: Config, folder: Path) -> list[str]:
        """Of the namcouple, and of what it points to."""
        # Weights are read with scipy, which is slow to import.
        from ngcm_coupler.couplers.oasis import check, grids

        grid = grids.atmosphere_grid(config)
        try:
            with reading(f"{NAME} or a file that it names", ConfigError):
                return check.check_folder(config, grid, folder)
        except ConfigError as error:
            return list(error.faults)

    def title(self, config: Config, folder: Path) -> str:
        """How many fields go to the ocean, and when."""
        return f"{len(config.oasis.exports)} exports, {config.oasis.coupling}; " + (
            "the namcouple here and its files fit"
            if self.is_prepared(folder)
            else "no namcouple here yet"
        )

    def outcome(self, config: Config, folder: Path) -> tuple[str, list[str], list[list[str]]]:
        """How well the fluxes that were received are those that were sent."""
        from ngcm_coupler.couplers.oasis import closure

        rows = closure.closures(config, folder)
        closure.write(rows, folder)
        told = "Sums over the sea of what was sent and received, means of all intervals"
        return told, *closure.table(rows)
