"""The files that a run writes as it goes, by the keys that name them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from ngcm_coupler.clock import Clock
from ngcm_coupler.config import (
    DATE,
    MEMBER,
    PERIOD,
    PERIOD_NAMES,
    Config,
    Where,
    foreign_conflicts,
    run_files,
    where,
)
from ngcm_coupler.errors import OutputError, shown, told
from ngcm_coupler.fields.arguments import file_text
from ngcm_coupler.files import Claims
from ngcm_coupler.files.foreign import RESTART_TITLE, require_no_foreign

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
        if not name or DATE in name or PERIOD in name:
            continue
        first = config.ensemble.first_member
        names = (of_member(name, first + place) for place in range(config.ensemble.members))
        if found := next((each for each in names if Path(each).exists()), ""):
            yield (
                key,
                f"{key} = '{found}' exists, and this run continues another: its records would be"
                f" lost; put {DATE} in the name, for the date at which a segment begins",
            )


def of_member(name: str, number: int) -> str:
    """The name of a member's own file."""
    return name.replace(MEMBER, f"{number:03d}")


def of_periods(name: str, period: str) -> Iterator[Path]:
    """The files that are there of a name with a period in it.

    Args:
      name: of the history.
      period: that each of its files holds, a key of `PERIOD_NAMES`.

    Raises:
      OutputError: their folder cannot be looked through.
    """
    file = Path(name)
    if PERIOD not in file.name:
        return
    form = re.escape(file.name).replace(re.escape(PERIOD), PERIOD_NAMES[period][0])
    try:
        there = list(file.parent.iterdir())
    except OSError as error:
        raise OutputError(
            f"{HISTORY_FILE} = '{name}': its folder cannot be looked through ({told(error)})"
        ) from error
    yield from (each for each in there if re.fullmatch(form, each.name))


def dated(name: str, clock: Clock) -> str:
    """The name of a file, with the date of the segment where it asks for that."""
    return name.replace(DATE, clock.iso8601().replace(":", ""))


def claim_early(claims: Claims, config: Config, namelist: str = "") -> None:
    """On the first rank: claims what is known to be written before the model is built.

    What the run reads is kept from whatever is written later, by whichever name. The name of a file
    may depend on the date and on the member, which `Records.claim` takes, and on the month or year,
    which the history takes as it comes to each.

    Args:
      claims: of the component.
      config: the settings.
      namelist: the file with them.

    Raises:
      OutputError: another run writes it, this one reads it or has it by another name, or no run
        has written what stands there.
    """
    if namelist:
        claims.keep(namelist, "the namelist itself")
    files = list(run_files(config))
    for file in files:
        if not file.written:
            claims.keep(file.name, file.what, whole=file.may_be_replaced)
    for file in files:
        if file.written and (file.inside or file.is_literal):
            what = f"{file.what} = '{file.name}'" if file.key else file.what
            claims.take(file.name, what, whole=file.written == "whole")
    for conflict in foreign_conflicts(config):
        raise OutputError(conflict.message)


def restart_file(claims: Claims, path: str | os.PathLike[str], *, at_root: bool) -> str:
    """The restart file that a host asks for, which is none other of the run's; '' for none.

    Args:
      claims: of the component.
      path: as the host gives it.
      at_root: whether this rank is the one that writes it, and looks at what stands there.

    Raises:
      ArgumentError: it is no path of a file.
      OutputError: the run reads it, or has it open, or no run has written what stands there.
    """
    file = file_text("write_restart", path, optional=True)
    if file:
        what = f"write_restart('{shown(file, 400)}')"
        claims.require_other(file, what, whole=True)
        if at_root:
            require_no_foreign(file, f"{what}: this", RESTART_TITLE)
    return file
