"""Spoils checkpoints: as bytes, opcode by opcode, and by what they hold."""

from __future__ import annotations

import copy
import io
import pickle
import pickletools
import random
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from fuzz.mutators import blind, text
from ngcm_coupler.engine.neuralgcm.checkpoint import read_checkpoint
from ngcm_coupler.engine.neuralgcm.checkpoint.portable import pack

GIN = (
    *("import os\n", "import os.path as path\n", "from os import path\n", "include 'other.gin'\n"),
    *("@", "%", "@os.system", "@x/y.z()", "%A", "A = %A\n", "gin.REQUIRED", "macro = @macro()\n"),
    *("[" * 500, "(" * 500, "'" * 3, '"""', "\\\n", "{'a': 1}", "lambda: 0", "1if 1else", "None"),
)
"""What gin's own language has that a checkpoint should not, or should not have so much of."""

_ODD: tuple[Any, ...] = (
    *(None, True, 0, -1, 2**63, 10**400, 1.5, float("nan"), float("inf"), "", "x" * 5000, b"x"),
    *("\x1b[2J", "\udcff", [], {}, (), [[]], {"dims": ()}, ["longitude"], np.zeros(0)),
    *(np.float32(1.0), np.zeros(3, "i8"), np.full(2, np.nan), np.array("x"), np.zeros((2, 0, 3))),
)


def spoilt(random: random.Random, file: Path) -> bytes:
    """Returns the bytes of a checkpoint after changes of one kind."""
    data = file.read_bytes()
    match random.randrange(4):
        case 0 if not data.startswith(b"PK"):
            return _opcodes(random, data)
        case 1 | 2:
            return _contents(random, file)
        case _:
            return blind.spoilt(random, file)


def _opcodes(random: random.Random, data: bytes) -> bytes:
    starts = [position for _, _, position in pickletools.genops(data)]
    pieces = [data[a:b] for a, b in zip(starts, [*starts[1:], len(data)], strict=True)]
    for _ in range(random.choice((1, 1, 2, 3))):
        place, other = random.randrange(len(pieces)), random.randrange(len(pieces))
        match random.randrange(4):
            case 0:
                del pieces[place]
            case 1:
                pieces.insert(place, pieces[other])
            case 2:
                pieces[place], pieces[other] = pieces[other], pieces[place]
            case _:
                pieces[place] = bytes([random.randrange(256)]) + pieces[place][1:]
        pieces = pieces or [b"."]
    return b"".join(pieces)


def _contents(random: random.Random, file: Path) -> bytes:
    """Changes what a valid file holds, and writes it in any of the forms that are read."""
    if file.suffix == ".npz" and random.random() < 0.5:
        return _archive(random, file.read_bytes())
    contents = copy.deepcopy(read_checkpoint(file).as_dict())
    for _ in range(random.choice((1, 1, 2))):
        if random.random() < 0.4:
            gin = contents.get("model_config_str")
            if isinstance(gin, str):
                contents["model_config_str"] = text.spoilt_text(random, gin, (*text.ODD, *GIN))
            continue
        places = list(_places(contents))
        if not places:
            break
        holder, key = random.choice(places)
        match random.randrange(3):
            case 0:
                del holder[key]
            case 1:
                holder[key] = random.choice(_ODD)
            case _ if isinstance(holder, dict):
                holder[text.spoilt_text(random, str(key))] = holder.pop(key)
    try:
        if random.random() < 0.3:
            return pack(contents, "0" * 64)
        return pickle.dumps(contents, random.choice((3, 4, 5)))
    except Exception:  # neither form can hold such contents
        return pickle.dumps({}, 4)


def _archive(random: random.Random, data: bytes) -> bytes:
    """Spoils one entry of a converted checkpoint, the archive around it being whole."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    name = random.choice([*entries, "header.npy"])
    if name == "header.npy" and random.random() < 0.7:
        header = bytes(np.load(io.BytesIO(entries[name]))).decode()
        changed = text.spoilt_text(random, header).encode(errors="replace")
        stream = io.BytesIO()
        np.save(stream, np.frombuffer(changed, np.uint8))
        entries[name] = stream.getvalue()
    else:
        entry = bytearray(entries[name])
        for _ in range(random.choice((1, 4))):
            entry[random.randrange(min(len(entry), 128))] = random.randrange(256)
        entries[name] = bytes(entry)
    stream = io.BytesIO()
    kind = random.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    with zipfile.ZipFile(stream, "w", kind) as out:
        for key, entry in entries.items():
            out.writestr(key, entry)
    return stream.getvalue()


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every holder and key below a value that can be changed."""
    if isinstance(value, dict):
        items: Any = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))[:20]
    else:
        return
    for key, item in items:
        yield value, key
        yield from _places(item)
