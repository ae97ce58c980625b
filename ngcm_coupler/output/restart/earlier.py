"""What restart files of earlier versions hold in another place, or do not know of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ngcm_coupler.errors import RestartError

_WATER = "state.water."
_AIR = "state.air."
_DEBT = "state.exchange.water_debt"
_SPECTRA = "state.exchange.radiation."
_TOP_OF_THE_AIR = {"toa_outgoing_shortwave_flux", "toa_outgoing_longwave_flux"}


def with_water_budget(
    states: dict[str, np.ndarray], budgets: Sequence[Mapping[str, Any]]
) -> dict[str, np.ndarray]:
    """The states with the water of the globe, which up to version 0.1 only the ledgers had.

    Args:
      states: name -> array of the state of each member, shape (members, ...).
      budgets: what the file has of the ledger of each member.

    Raises:
      RestartError: a ledger does not have it either.
    """
    if any(name.startswith(_WATER) for name in states) or any(
        "remainder" not in b for b in budgets
    ):
        return states
    water: dict[str, list[np.float32]] = {}
    for budget in budgets:
        for name in ("column_water", "remainder"):
            try:
                value = float.fromhex(budget[name])
            except (LookupError, TypeError, ValueError) as error:
                raise RestartError(
                    f"the ledger of the restart file has no number {name} ({error})"
                ) from error
            high = np.float32(value)
            water.setdefault(f"{_WATER}{name}.high", []).append(high)
            water.setdefault(f"{_WATER}{name}.low", []).append(np.float32(value - float(high)))
        water.setdefault(f"{_WATER}computed", []).append(np.float32(0.0))
        # Told of the last interval, and used by none.
        water.setdefault(f"{_WATER}factor", []).append(np.float32(1.0))
    return states | {name: np.array(values) for name, values in water.items()}


def with_correction_of_air(states: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The states with no correction of the lowest level yet, which up to version 0.1 none had.

    Args:
      states: name -> array of the state of each member, shape (members, ...).
    """
    if any(name.startswith(_AIR) for name in states) or _DEBT not in states:
        return states
    nothing = np.zeros_like(states[_DEBT])
    return states | {
        f"{_AIR}air_temperature": nothing,
        f"{_AIR}specific_humidity": nothing,
        f"{_AIR}wind_factor": nothing + np.float32(1.0),
        f"{_AIR}begun": np.zeros(nothing.shape[:1], np.uint8),
    }


def with_spectra_afresh(states: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The states with spectra that the first step computes, where those kept are of another kind.

    Up to version 0.1 they had of the top of the air all that leaves it, and no excess over the
    cheap scheme.

    Args:
      states: name -> array of the state of each member, shape (members, ...).
    """
    renamed = {
        f"{_SPECTRA}{name}": f"{_SPECTRA}{name}_excess"
        for name in ("reflectivity", "outgoing_longwave")
    }
    if not renamed.keys() <= states.keys():
        return states
    kept = {renamed.get(name, name): array for name, array in states.items()}
    afresh = {
        name: np.zeros_like(array) for name, array in kept.items() if name.startswith(_SPECTRA)
    }
    return kept | afresh


def with_top_of_the_air(
    header: dict[str, Any], arrays: dict[str, np.ndarray], exports: Sequence[str]
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """A file with what leaves the planet among its exports, which `grey` has since version 0.2.

    What it was in the last interval is not known, and not a number; the next computes it.

    Args:
      header: of the file.
      arrays: of the file.
      exports: names of the exported fields of this run.
    """
    known = [name for name in exports if name not in _TOP_OF_THE_AIR]
    held = arrays["exports"]
    is_before = header["identity"].get("exports") == known != list(exports)
    if not is_before or held.ndim != 3 or held.shape[1] != len(known):
        return header, arrays
    whole = np.full((held.shape[0], len(exports), held.shape[2]), np.nan, held.dtype)
    whole[:, [exports.index(name) for name in known]] = held
    identity = header["identity"] | {"exports": list(exports)}
    return header | {"identity": identity}, arrays | {"exports": whole}
