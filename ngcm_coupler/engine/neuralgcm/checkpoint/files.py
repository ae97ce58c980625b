"""Checkpoint files: the published pickles, and the pickle-free form that they convert to."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path

from ngcm_coupler.engine.neuralgcm.checkpoint.contents import Checkpoint, checkpoint_from_contents
from ngcm_coupler.engine.neuralgcm.checkpoint.pickled import read_pickle
from ngcm_coupler.engine.neuralgcm.checkpoint.portable import MAGIC, pack, unpack
from ngcm_coupler.errors import LONGEST_PATH, CheckpointError, OutputError, shown, told
from ngcm_coupler.fields.arguments import path_text
from ngcm_coupler.files import replaced, require_file

DEMO = "demo"
"""The name that stands for the small checkpoint inside the `neuralgcm` package."""


def demo_checkpoint_path() -> Path:
    """Returns the path of the demo checkpoint, without the cost of importing `neuralgcm`.

    Raises:
      CheckpointError: `neuralgcm` is not installed.
    """
    spec = importlib.util.find_spec("neuralgcm")
    if spec is None or not spec.submodule_search_locations:
        raise CheckpointError(
            "checkpoint 'demo': it comes inside the Python package neuralgcm, which this "
            "environment lacks; install it with `pip install neuralgcm`, or name a file"
        )
    return Path(spec.submodule_search_locations[0]) / "data" / "tl63_stochastic_mini.pkl"


def read_checkpoint(path: str | Path) -> Checkpoint:
    """Reads and checks a checkpoint, published or converted. Nothing in the file is run.

    Args:
      path: the file, or 'demo' for the checkpoint inside the `neuralgcm` package.

    Raises:
      ArgumentError: `path` is no path.
      CheckpointError: the file is missing, unreadable, damaged, unsafe or incomplete.
    """
    text = path_text("checkpoint", path)
    file = demo_checkpoint_path() if text == DEMO else Path(text)
    name = shown(file, LONGEST_PATH)
    try:
        require_file(file)
        data = file.read_bytes()
    except OSError as error:
        raise CheckpointError(
            f"{name}: cannot be read ({told(error)}); expected a NeuralGCM checkpoint; "
            "give the path of a file, or 'demo' for the one inside the neuralgcm package"
        ) from error
    if data.startswith(MAGIC):
        contents, sha256 = unpack(data, name)
    elif data.startswith(b"\x80"):  # PROTO, the first opcode of every pickle since protocol 2.
        contents, sha256 = read_pickle(data, name), hashlib.sha256(data).hexdigest()
    else:
        raise CheckpointError(
            f"{name}: is no checkpoint: got a file of {len(data)} bytes that begins with "
            f"{data[:16]!r}; expected a pickle, or a file made by `ngcm-coupler checkpoint "
            "convert`; download the checkpoint again"
        )
    return checkpoint_from_contents(contents, file, sha256)


def write_checkpoint(checkpoint: Checkpoint, path: str | Path) -> None:
    """Writes a checkpoint in the pickle-free form. `path` is complete or untouched, never half.

    Args:
      checkpoint: what to write.
      path: the file; one that exists is replaced.

    Raises:
      ArgumentError: `path` is no path.
      OutputError: the file cannot be written.
    """
    file = Path(path_text("checkpoint", path))
    try:
        with replaced(file) as partial:
            partial.write_bytes(pack(checkpoint.as_dict(), checkpoint.sha256))
    except OSError as error:
        raise OutputError(
            f"{shown(file, LONGEST_PATH)}: cannot be written ({told(error)}); "
            "choose a file in an existing folder with free space"
        ) from error
