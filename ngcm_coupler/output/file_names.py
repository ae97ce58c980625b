"""The files that a run writes as it goes, by the keys that name them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ngcm_coupler.clock import Clock
from ngcm_coupler.config import DATE, KEYS, MEMBER, PERIOD, Config, Where, where
from ngcm_coupler.config.settings import SURFACES
from ngcm_coupler.files import Claims

HISTORY_FILE = where(lambda at: at.history.file)
BUDGET_FILE = where(lambda at: at.history.budget_file)
RECORDING_FILE = where(lambda at: at.recording.file)


def outputs(config: Config) -> dict[Where, str]:
    """Key -> file as the namelist has it, '' for none."""
    return {key: key.value(config) for key in (HISTORY_FILE, BUDGET_FILE, RECORDING_FILE)}


def lost_faults(config: Config) -> Iterator[tuple[Where, str]]:
    """Keys of files that a run which continues another would replace, each with what to do.

    A name with a date is taken only by a run from that same date, which has failed; one with a
    period by a run that is continued.
    """
    for key, name in outputs(config).items():
        if name and DATE not in name and PERIOD not in name and Path(name).exists():
            yield (
                key,
                f"{key} = '{name}' exists, and this run continues another: its records would be"
                f" lost; put {DATE} in the name, for the date at which a segment begins",
            )


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
    for key, declared in KEYS.items():
        if key.group in SURFACES and not config.coupler:
            continue  # the program that reads it, the ocean of a coupled run, is not there
        name = key.value(config) if declared.path in ("out", "state", "folder") else ""
        if name and DATE not in name and MEMBER not in name:
            claims.take(name, f"{key} = '{name}'", whole=declared.path != "out")
    if coupler := config.coupler:
        for name in getattr(config, config.coupled_by).files:
            claims.take(name, f"{name} of the run through {coupler.name}")
