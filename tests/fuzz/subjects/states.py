"""Initial states in the layout of ERA5."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import state_files

from fuzz.mutators import netcdf
from fuzz.subject import Implausible, Subject, digest
from ngcm_coupler.engine.neuralgcm.initial_state import check_state, read_state


def make(folder: Path) -> list[Path]:
    """The state of the tests, as it is and packed into short numbers."""
    names = [state_files.write(state_files.sound(), folder / "sound.nc")]
    packed = state_files.sound()
    air = packed["temperature"]
    air.values = np.round((air.values - 250.0) / 0.01).astype(np.int16)
    air.attributes |= {"scale_factor": 0.01, "add_offset": 250.0, "_FillValue": np.int16(-32767)}
    names.append(state_files.write(packed, folder / "packed.nc"))
    return [Path(name) for name in names]


def use(file: Path) -> str:
    """Air must have a value everywhere, and what `check` says of a state must hold of the run."""
    what = (str(file), None, state_files.NAMES, sorted(state_files.LEVELS))
    date, state = check_state(*what), read_state(*what)
    if date != state.date:
        raise Implausible("another date for the check than for the run")
    shape = (state.longitudes.size, state.latitudes.size)
    for name in state_files.NAMES:
        values = state.fields[name]
        if values.shape[-2:] != shape:
            raise Implausible("a field of another shape than its axes")
        if name in state_files.AIR and not np.isfinite(values).all():
            raise Implausible("air without a value")
    fields = (state.fields[name] for name in state_files.NAMES)
    return digest([date, state.longitudes, state.latitudes, *fields])


SUBJECT = Subject("states", make, netcdf.spoilt, use)
