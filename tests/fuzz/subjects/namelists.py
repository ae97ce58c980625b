"""Namelists, which `ngcm_coupler.config` reads."""

from __future__ import annotations

import re
from pathlib import Path

from fuzz.mutators import text
from fuzz.subject import Implausible, Subject, digest
from ngcm_coupler.config import GROUPS, KEYS, Config, parse
from ngcm_coupler.config.namelist import read

EXAMPLES = Path(__file__).resolve().parents[3] / "namelists"


def make(folder: Path) -> list[Path]:
    """The project's own, one with every key, and one of a host that shares the file."""
    for example in EXAMPLES.glob("*.nml"):
        (folder / example.name).write_bytes(example.read_bytes())
    (folder / "defaults.nml").write_text(Config().resolved_text())
    shared = "&nam_host cn_exp = 'it''s & so /', rn_dt = 2*1.5d3, ln_a = T,, .f. /\n"
    (folder / "shared.nml").write_text(f"Notes.\n{shared}&ngcm_model engine='analytic' / more\n")
    return sorted(folder.glob("*.nml"))


def use(file: Path) -> str:
    """What is read must be the same once it has been written out and read again."""
    config = parse(read(str(file)), "run.nml", with_files=False)
    for again in (config.resolved_text(), config.changed_text()):
        if parse(again, "again.nml", with_files=False) != config:
            raise Implausible("what was read is not what its own text gives")
    return digest([config])


_WORDS = sorted({word for key in KEYS for word in re.findall(r"\w+", str(key))} | {*GROUPS})

SUBJECT = Subject("namelists", make, text.mutator(_WORDS), use, batch=1000)
