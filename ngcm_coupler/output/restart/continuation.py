"""What a run must share with the run that it continues.

The atmosphere (its name holds the checksum of the checkpoint), grid, land, calendar, imports and
exports must be the same always. So must every key of the namelist that changes results, unless
the run is declared a branch; which these are stands with the declaration of each key. Keys on which
results do not depend may differ, as may software and device, which then are named in the log
because the last bits may not be the same.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ngcm_coupler.errors import RestartError
from ngcm_coupler.output.comparison import begun_from, bound_keys, differing

TO_BRANCH = "for a new experiment from its state set branch = .true. in &ngcm_restart"
"""Remedy for a run that has a namelist."""

_log = logging.getLogger(__name__)


def checksum(values: np.ndarray) -> str:
    """SHA-256 of the bytes of an array."""
    return hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()


def require_continues(
    path: str,
    header: Mapping[str, Any],
    run: Mapping[str, Any],
    start: str | None,
    branch: bool,
) -> None:
    """Refuses the restart file of another run; says in the log what else is not as it was.

    Args:
      path: the file, for messages.
      header: of the file.
      run: what `contents.description` says of this run.
      start: date at which the run has begun, as the namelist has it; None if it says nothing.
      branch: whether this run is a new experiment.

    Raises:
      RestartError: the message says how the runs differ.
    """
    require_same_run(path, header["identity"], run["identity"])
    require_same_settings(path, header["configuration"], run["configuration"], branch)
    if start not in (None, header["start"]):
        raise RestartError(
            f"restart file {path} continues a run that began at {header['start']}; start_date ="
            f" '{start}' in &ngcm_run is another run"
        )
    if others := environment_differences(header["environment"], run["environment"]):
        _log.warning(
            "restart file %s was written elsewhere, and the last bits may differ: %s",
            path,
            "; ".join(others),
        )


def require_same_run(path: str, there: Mapping[str, Any], here: Mapping[str, Any]) -> None:
    """Compares what two runs must share whatever the namelist says.

    Args:
      path: the restart file, for the message.
      there: name -> text, number or list of texts, as the restart file has it.
      here: the same of this run.

    Raises:
      RestartError: there are differences; the message names every one.
    """
    found = []
    for name, own in here.items():
        other = there.get(name)
        if other == own:
            continue
        if isinstance(own, list) and isinstance(other, list) and set(own) != set(other):
            found.append(f"its {name} {_list_difference(other, own)}")
        else:
            found.append(f"its {name} is {other}, this run's is {own}")
    if found:
        raise RestartError(f"restart file {path} belongs to another run: {'; '.join(found)}")


def require_same_settings(path: str, there: str, here: str, branch: bool) -> None:
    """Compares the keys that change results.

    A key that only one of the two has, because the other is of another version, counts as equal,
    and stands in the log.

    Args:
      path: the restart file, for the message.
      there: the resolved namelist of the run that wrote it.
      here: that of this run.
      branch: whether this run is a new experiment, and differences are meant.

    Raises:
      RestartError: there are differences; the message names every one.
    """
    other, own = bound_keys(there), bound_keys(here)
    found = [
        f"its {name} is {other[name]}, this run's is {own[name]}" for name in differing(other, own)
    ]
    if found and not branch:
        raise RestartError(
            f"restart file {path} belongs to another run: {'; '.join(found)}; {TO_BRANCH}"
        )
    if found:
        _log.warning("a branch of the run of restart file %s: %s", path, "; ".join(found))
    if new := [f"{name} = {own[name]}" for name in own.keys() - other.keys()]:
        _log.warning(
            "restart file %s is of a version without some keys, and this run has %s",
            path,
            ", ".join(sorted(new)),
        )


def is_of_experiment(there: Mapping[str, Any], here: Mapping[str, Any]) -> bool:
    """Whether the headers of two restarts are of one run, or of segments of one chain.

    By the names of its files too, where it has begun from other ones.
    """
    same = all(there.get(key) == here.get(key) for key in ("start", "identity"))
    other, own = (each.get("configuration", "") for each in (there, here))
    return (
        same
        and not differing(bound_keys(other), bound_keys(own))
        and begun_from(other) == begun_from(own)
    )


def environment_differences(there: Mapping[str, str], here: Mapping[str, str]) -> list[str]:
    """What of software, device and settings is not as it was."""
    return [
        f"{name} was {there.get(name)}, is {here.get(name)}"
        for name in sorted({*there, *here})
        if there.get(name) != here.get(name)
    ]


def _list_difference(there: Sequence[str], here: Sequence[str]) -> str:
    parts = []
    for verb, names in (("has", set(there) - set(here)), ("lacks", set(here) - set(there))):
        if names:
            parts.append(f"{verb} {', '.join(sorted(names))}")
    return f"list {' and '.join(parts)}"
