"""Namcouples of OASIS3-MCT, as releases from 2012 on have them."""

from __future__ import annotations

from pathlib import Path

from fuzz.mutators import text
from fuzz.subject import Implausible, Subject, digest
from ngcm_coupler.couplers.oasis import namcouple
from ngcm_coupler.couplers.oasis.namcouple import Entry, Namcouple, Operation

_OURS = Namcouple(
    ("ngcm", "ocean"),
    21600,
    (
        Entry(
            ("O_SSTSST",), ("SSTSST",), 3600, "ocean.nc", "EXPORTED", (182, 149), (64, 32),
            "torc", "ngcm", 1800, (Operation("MAPPING", ("rmp.nc", "src")),), "warm",
        ),
        Entry(("A", "B"), ("C", "D"), 3600, "atm.nc", source_grid="ngcm", target_grid="torc"),
    ),
)  # fmt: skip

_RELEASE_4 = """\
# of a newer release
$NLOGPRT
 10 1
$END
$NNOREST
 T
$END
$RUNTIME
 86400
$END
$NFIELDS
 3
$END
$STRINGS
f1 f2 1 3600 2 rst.nc EXPOUT
10 20 30 40 aaaa bbbb LAG=+3600 SEQ=1
R 0 R 2
LOCTRANS SCRIPR
AVERAGE
BILINEAR LR SCALAR LATLON 1
f3 f4 1 ONCE 1 rst.nc EXPORTED
aaaa bbbb
P 2 P 0
BLASOLD
1.0 1
CONSTANT 273.15
f5 f6 1 3600 0 file.nc INPUT
$END
$NBMODEL
 2 one two 99 99
$END
"""


def make(folder: Path) -> list[Path]:
    (folder / "ours").write_text(namcouple.text(_OURS, "Two programs."))
    (folder / "release_4").write_text(_RELEASE_4)
    return [folder / "ours", folder / "release_4"]


def use(file: Path) -> str:
    found = namcouple.read(file)
    if any(not entry.sources or not entry.targets for entry in found.entries):
        raise Implausible("a coupling of nothing")
    return digest([found])


_WORDS = ("$END", "$STRINGS", "$NFIELDS", "$NBMODEL", "EXPORTED", "OUTPUT", "INPUT", "IGNORED")
_WORDS += ("LAG=+1", "LAG=", "SEQ=2", "ONCE", "MAPPING", "LOCTRANS", "BLASNEW", "CONSERV", ":")

SUBJECT = Subject("namcouples", make, text.mutator(_WORDS), use, batch=1000)
