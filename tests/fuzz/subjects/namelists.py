"""Namelists, which `ngcm_coupler.config` reads as gfortran does, or refuses."""

from __future__ import annotations

import random
import re
import shutil
from pathlib import Path

from config import fortran_reader, namelist_mutator, test_against_fortran

from fuzz.mutators import text
from fuzz.subject import Implausible, Subject, digest
from ngcm_coupler.config import GROUPS, KEYS, Config, parse
from ngcm_coupler.config.namelist import read


def make(folder: Path) -> list[Path]:
    """Those of the comparison with Fortran, and one with every key that may be left out.

    Where there is a gfortran, the program that reads them lies beside them.
    """
    for number, content in enumerate(test_against_fortran.seeds()):
        (folder / f"{number}.nml").write_bytes(content)
    (folder / "defaults.nml").write_text(Config().resolved_text())
    if shutil.which("gfortran"):
        fortran_reader.build(folder)
    return sorted(folder.glob("*.nml"))


def spoilt(random: random.Random, file: Path) -> bytes:
    """Returns a namelist spoilt as Fortran's users spoil it, or as any text."""
    if random.random() < 0.5:
        return namelist_mutator.mutated(random, file.read_bytes())
    return _as_text(random, file)


def use(file: Path) -> str:
    """What is read must be what Fortran reads, and what the text of what is read gives."""
    config = parse(read(str(file)), "run.nml", with_files=False)
    for again in (config.resolved_text(), config.changed_text()):
        if parse(again, "again.nml", with_files=False) != config:
            raise Implausible("what was read is not what its own text gives")
    program = file.with_name("reader")
    if program.exists():
        (readings,) = fortran_reader.read(program, [file])
        found = test_against_fortran.differences(config, readings, file.read_bytes())
        if found:
            raise Implausible(f"Fortran reads otherwise: {found[0].partition(':')[0]}")
    return digest([config])


_WORDS = sorted({word for key in KEYS for word in re.findall(r"\w+", str(key))} | {*GROUPS})
_as_text = text.mutator(_WORDS)

SUBJECT = Subject("namelists", make, spoilt, use, batch=1000)
