"""Restart files: everything needed to continue a run bit for bit, in one netCDF file."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from ngcm_coupler.errors import OutputError, RestartError
from ngcm_coupler.netcdf import import_netcdf4

FORMAT_VERSION = 1


def write_restart(path: str, header: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    """Writes a restart file, whole or not at all.

    The file is written under a temporary name beside its final one, brought to the disk, and
    renamed; a file of that name stays as it was until then.

    Args:
      path: file to write.
      header: what identifies the run, of types that JSON knows.
      arrays: name -> array.

    Raises:
      OutputError: the file cannot be written.
    """
    final = Path(path)
    temporary = final.with_name(f".{final.name}.{os.getpid()}.tmp")
    try:
        with import_netcdf4().Dataset(temporary, "w", format="NETCDF4") as file:
            file.setncatts(
                {
                    "title": "ngcm_coupler restart",
                    "format_version": FORMAT_VERSION,
                    "header": json.dumps(header),
                    "sha256": _digest(header, arrays),
                }
            )
            for name, array in arrays.items():
                dims = []
                for size in array.shape:
                    dims.append(f"size_{size}")
                    if dims[-1] not in file.dimensions:
                        file.createDimension(dims[-1], size)
                file.createVariable(name, array.dtype, dims)[...] = array
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(final)
    except (OSError, RuntimeError) as error:
        raise OutputError(
            f"restart file {final} cannot be written ({error}); check folder, permission and free"
            " space"
        ) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def read_restart(path: str) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Reads a restart file and checks that it is whole.

    Returns:
      The header and the arrays, as `write_restart` had them.

    Raises:
      RestartError: the file is missing, not a restart file, of another version, or damaged.
    """
    try:
        with import_netcdf4().Dataset(path, "r") as file:
            file.set_auto_mask(False)
            attributes = {name: file.getncattr(name) for name in file.ncattrs()}
            if attributes.get("title") != "ngcm_coupler restart":
                raise RestartError(f"{path} is not a restart file of ngcm_coupler")
            if attributes["format_version"] != FORMAT_VERSION:
                raise RestartError(
                    f"restart file {path} has format version {attributes['format_version']}; this"
                    f" ngcm_coupler reads version {FORMAT_VERSION}"
                )
            arrays = {name: np.asarray(variable[...]) for name, variable in file.variables.items()}
    except (OSError, RuntimeError) as error:
        raise RestartError(f"restart file {path} cannot be read: {error}") from error
    header = json.loads(attributes["header"])
    if _digest(header, arrays) != attributes["sha256"]:
        raise RestartError(
            f"restart file {path} is damaged: its contents do not match its checksum; use an"
            " earlier one"
        )
    return header, arrays


def _digest(header: dict[str, Any], arrays: dict[str, np.ndarray]) -> str:
    """SHA-256 of header and arrays, independent of how the file lays them out."""
    digest = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
