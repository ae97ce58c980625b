"""The pickle-free form of a checkpoint: a NumPy .npz archive of arrays and one JSON header.

The header holds the nested contents as JSON, with the arrays replaced by the names of their
entries. JSON has neither tuples nor arrays, so these, and dicts, are objects with one tag:

    {"dict": {...}}    {"tuple": [...]}    {"array": "array_0007"}

Python writes floats with as many digits as reading them back exactly takes, so the round trip
changes nothing.
"""

from __future__ import annotations

import io
import json
import math
import re
import zipfile
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from ngcm_coupler.engine.neuralgcm.checkpoint.pickled import LARGEST_INTEGER, MAX_DEPTH
from ngcm_coupler.errors import CheckpointError, quoted, reason

MAGIC: Final = b"PK\x03\x04"
"""First bytes of the archive; a pickle begins otherwise."""

_FORMAT: Final = "ngcm_coupler checkpoint 1"


def pack(contents: Mapping[str, Any], sha256: str) -> bytes:
    """Returns the archive of a checkpoint.

    Args:
      contents: nested dicts, lists, tuples, arrays, numbers, text and None.
      sha256: digest of the published file, which stays the model's identity.
    """
    arrays: dict[str, np.ndarray] = {}
    header = {"format": _FORMAT, "sha256": sha256, "contents": _encoded(contents, arrays)}
    arrays["header"] = np.frombuffer(json.dumps(header).encode(), np.uint8)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, array, allow_pickle=False)
    return stream.getvalue()


def unpack(data: bytes, name: str) -> tuple[object, str]:
    """Returns the contents and the digest that `pack` was given; the arrays are read-only.

    Args:
      data: the whole file.
      name: the file's name, for messages.

    Raises:
      CheckpointError: the archive is damaged, or not one that `pack` wrote.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            # `pack` stores entries as they are; compressed ones could outgrow memory.
            if sum(entry.file_size for entry in archive.infolist()) > len(data):
                raise ValueError("the entries are larger than the file")
            arrays = {
                entry.filename.removesuffix(".npy"): _array(archive.read(entry))
                for entry in archive.infolist()
            }
        header = json.loads(arrays.pop("header").tobytes())
        if header["format"] != _FORMAT:
            raise ValueError(f"the format is {quoted(header['format'])}, not {_FORMAT!r}")
        sha256 = header["sha256"]
        if not (isinstance(sha256, str) and re.fullmatch("[0-9a-f]{64}", sha256)):
            raise ValueError(f"the digest is {quoted(sha256)}")
        return _decoded(header["contents"], arrays, depth=0), sha256
    except Exception as error:  # A damaged archive may fail in any step; each means the same.
        raise CheckpointError(
            f"{name}: damaged archive of {len(data)} bytes ({reason(error)}); "
            "expected a file made by `ngcm-coupler checkpoint convert`; convert it again"
        ) from error


def _array(entry: bytes) -> np.ndarray:
    """The array of an .npy file, read-only. Its header is held against the bytes that follow.

    `numpy.load` would first take as much memory as the header asks for.
    """
    stream = io.BytesIO(entry)
    version = np.lib.format.read_magic(stream)
    read_header = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }[version]
    shape, fortran_order, dtype = read_header(stream)
    if dtype.kind not in "biuf":
        raise ValueError(f"an array of {quoted(str(dtype))}, which is not numeric")
    begin = stream.tell()
    if math.prod(shape) * dtype.itemsize != len(entry) - begin:
        raise ValueError("an array whose shape does not fit its bytes")
    order = "F" if fortran_order else "C"
    return np.ndarray(shape, dtype, buffer=entry, offset=begin, order=order)


def _encoded(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    if isinstance(value, Mapping):
        return {"dict": {key: _encoded(item, arrays) for key, item in value.items()}}
    if isinstance(value, tuple):
        return {"tuple": [_encoded(item, arrays) for item in value]}
    if isinstance(value, list):
        return [_encoded(item, arrays) for item in value]
    if isinstance(value, np.ndarray):
        entry = f"array_{len(arrays):04d}"
        arrays[entry] = value
        return {"array": entry}
    return value


def _decoded(value: Any, arrays: dict[str, np.ndarray], depth: int) -> Any:
    """Returns what `_encoded` took; every array is used once, and leaves `arrays`."""
    if depth > MAX_DEPTH:
        raise ValueError(f"contents nested more than {MAX_DEPTH} deep")
    match value:
        case {"dict": dict(items)}:
            return {key: _decoded(item, arrays, depth + 1) for key, item in items.items()}
        case {"tuple": list(items)}:
            return tuple(_decoded(item, arrays, depth + 1) for item in items)
        case {"array": str(entry)}:
            return arrays.pop(entry)
        case list():
            return [_decoded(item, arrays, depth + 1) for item in value]
        case dict():
            raise ValueError(f"the header has the unknown tag {quoted(next(iter(value), None))}")
        case int() if abs(value) >= LARGEST_INTEGER:
            raise ValueError("an integer of too many digits")
        case _:
            return value
