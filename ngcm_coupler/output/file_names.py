"""The files that a run writes as it goes, by the keys that name them."""

from __future__ import annotations

from ngcm_coupler.clock import Clock
from ngcm_coupler.config import DATE, KEYS, MEMBER, Config
from ngcm_coupler.config.settings import SURFACES
from ngcm_coupler.files import Claims

HISTORY_FILE = "&ngcm_history file"
BUDGET_FILE = "&ngcm_history budget_file"
RECORDING_FILE = "&ngcm_recording file"


def outputs(config: Config) -> dict[str, str]:
    """Key -> file as the namelist has it, '' for none."""
    return {
        HISTORY_FILE: config.history.file,
        BUDGET_FILE: config.history.budget_file,
        RECORDING_FILE: config.recording.file,
    }


def of_member(name: str, number: int) -> str:
    """The name of a member's own file."""
    return name.replace(MEMBER, f"{number:03d}")


def dated(name: str, clock: Clock) -> str:
    """The name of a file, with the date of the segment where it asks for that."""
    return name.replace(DATE, clock.iso8601().replace(":", ""))


def claim_early(claims: Claims, config: Config) -> None:
    """On the first rank: claims what is known to be written before the model is built.

    The name of a file may depend on the date and on the member, which `Records.claim` takes, and
    on the month or year, which the history takes as it comes to each.

    Raises:
      OutputError: another run writes it.
    """
    for where, declared in KEYS.items():
        if where.group in SURFACES and not config.coupler:
            continue  # the program that reads it, the ocean of a coupled run, is not there
        name = where.value(config) if declared.path in ("out", "state", "folder") else ""
        if name and DATE not in name and MEMBER not in name:
            claims.take(name, f"{where} = '{name}'", whole=declared.path != "out")
    if coupler := config.coupler:
        for name in getattr(config, config.coupled_by).files:
            claims.take(name, f"{name} of the run through {coupler.name}")
