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
import zipfile
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from ngcm_coupler.errors import CheckpointError

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
        # `pack` stores entries as they are; compressed or overlapping ones could outgrow memory.
        entries = zipfile.ZipFile(io.BytesIO(data)).infolist()
        if sum(entry.file_size for entry in entries) > len(data):
            raise ValueError("the entries are larger than the file")
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            arrays = {key: archive[key] for key in archive.files}
        header = json.loads(arrays.pop("header").tobytes())
        if header["format"] != _FORMAT:
            raise ValueError(f"the format is {header['format']!r}, not {_FORMAT!r}")
        for array in arrays.values():
            array.setflags(write=False)
        return _decoded(header["contents"], arrays), str(header["sha256"])
    except Exception as error:  # A damaged archive may fail in any step; each means the same.
        raise CheckpointError(
            f"{name}: damaged archive of {len(data)} bytes ({type(error).__name__}: {error}); "
            "expected a file made by `ngcm-coupler checkpoint convert`; convert it again"
        ) from error


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


def _decoded(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    """Returns what `_encoded` took; every array is used once, and leaves `arrays`."""
    match value:
        case {"dict": dict(items)}:
            return {key: _decoded(item, arrays) for key, item in items.items()}
        case {"tuple": list(items)}:
            return tuple(_decoded(item, arrays) for item in items)
        case {"array": str(entry)}:
            return arrays.pop(entry)
        case list():
            return [_decoded(item, arrays) for item in value]
        case dict():
            raise ValueError(f"the header has the unknown tag {next(iter(value), None)!r}")
        case _:
            return value
