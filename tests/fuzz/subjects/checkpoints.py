"""Checkpoints, which are pickles that nobody unpickles, or converted."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np

from fuzz.mutators import checkpoint
from fuzz.subject import Implausible, Subject, digest
from ngcm_coupler.engine.neuralgcm.checkpoint import (
    demo_checkpoint_path,
    read_checkpoint,
    summary,
    write_checkpoint,
)


def make(folder: Path) -> list[Path]:
    """A small model in every form that is read, and the published one."""
    demo = folder / "demo.pkl"
    demo.write_bytes(demo_checkpoint_path().read_bytes())
    contents = _small(read_checkpoint(demo).model_config_str)
    files = [folder / f"protocol_{protocol}.pkl" for protocol in (3, 4, 5)]
    for file, protocol in zip(files, (3, 4, 5), strict=True):
        file.write_bytes(pickle.dumps(contents, protocol))
    converted = folder / "converted.npz"
    write_checkpoint(read_checkpoint(files[1]), converted)
    files += [converted, demo]
    _WHOLE.update(digest(_leaves(read_checkpoint(file).as_dict())) for file in files)
    return files


_WHOLE: set[str] = set()
"""What is read of the valid files."""


def use(file: Path) -> str:
    """What is read must be what Python's own unpickler, in its slow form, makes of the file.

    It also refuses what does not touch the contents, such as a wrong length of a frame.
    """
    found = read_checkpoint(file)
    read = digest(_leaves(found.as_dict()))
    if file.read_bytes().startswith(b"\x80"):
        unpickled = _unpickled(file)
        if unpickled is None:
            if read not in _WHOLE:
                raise Implausible("what unpickling refuses was taken, with other contents")
        elif digest(_leaves({key: unpickled[key] for key in found.as_dict()})) != read:
            raise Implausible("what was read is not what unpickling gives")
    return digest([read, summary(found).grid])


def _unpickled(file: Path) -> Any:
    """The contents of a pickle, or None where Python refuses it."""
    try:
        with file.open("rb") as stream:
            return _Unpickler(stream).load()
    except Implausible:
        raise
    except Exception:
        return None


class _Unpickler(pickle._Unpickler):
    """Unpickles arrays and what Python has without a name; written in Python, it runs no C."""

    def find_class(self, module: str, name: str) -> Any:
        if module == "jax._src.array":
            return lambda function, arguments, state, _: _built(function(*arguments), state)
        if module.partition(".")[0] != "numpy":
            raise Implausible(f"a file was taken that names {module}.{name}")
        return super().find_class(module, name)


def _built(array: np.ndarray, state: Any) -> np.ndarray:
    array.__setstate__(state)
    return array


def _leaves(value: Any) -> list[object]:
    """Everything below a value, in its order, with numpy's numbers as arrays."""
    match value:
        case dict():
            return ["dict", *(leaf for key in value for leaf in (key, *_leaves(value[key])))]
        case list() | tuple():
            return [type(value).__name__, *(leaf for each in value for leaf in _leaves(each))]
        case np.generic() | np.ndarray():
            # numpy unpickles into the byte order of the machine.
            return [np.asarray(value, value.dtype.newbyteorder("="))]
        case _:
            return [value]


def _small(gin: str) -> dict[str, Any]:
    longitude, latitude = np.arange(4) * 90.0, np.array([-45.0, 45.0])
    field = {"dims": ("longitude", "latitude"), "attrs": {"units": "1"}}
    field["data"] = [[0.1 * column, 1.0 / 3.0] for column in range(4)]
    coords = {"longitude": longitude.tolist(), "latitude": latitude.tolist(), "level": [500, 1000]}
    return {
        "model_config_str": gin,
        "params": {
            "tower/~/linear_0": {
                "w": np.arange(6, dtype=np.float32).reshape(2, 3),
                "b": np.array([0.5, -0.0], ">f8"),
            },
            "scale": {"s": np.asfortranarray(np.arange(6.0).reshape(3, 2))},
        },
        "aux_ds_dict": {
            "coords": {
                name: {"dims": (name,), "attrs": {}, "data": data} for name, data in coords.items()
            },
            "attrs": {"experiment": 64299848, "note": None, "done": True, "scale": np.float32(2)},
            "dims": {name: len(data) for name, data in coords.items()},
            "data_vars": {"land_sea_mask": field, "geopotential_at_surface": dict(field)},
        },
    }


SUBJECT = Subject("checkpoints", make, checkpoint.spoilt, use)
