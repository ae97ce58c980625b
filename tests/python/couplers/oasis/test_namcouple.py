"""The namcouple as text."""

from __future__ import annotations

import dataclasses

import pytest

from ngcm_coupler.couplers.oasis import namcouple
from ngcm_coupler.couplers.oasis.namcouple import Entry, Namcouple, Operation
from ngcm_coupler.errors import ConfigError

OURS = Namcouple(
    ("ngcm", "oceanx"),
    86400,
    (
        Entry(
            ("NG_QNSS",), ("O_QnsMix",), 3600, "rsta.nc", "EXPORTED", (128, 64), (182, 149),
            "ngcm", "torc", 0, (Operation("MAPPING", ("rmp_a.nc", "src", "bfb")),), "Heat",
        ),
        Entry(
            ("O_SSTSST",), ("NG_SST",), 3600, "rsto.nc", "EXPOUT", (182, 149), (128, 64),
            "torc", "ngcm", 900,
            (
                Operation("BLASOLD", ("2.0", "1"), (("CONSTANT", "3.0"),)),
                Operation("MAPPING", ("rmp_b.nc", "src", "bfb")),
            ),
        ),
    ),
)  # fmt: skip


def test_what_is_written_is_read_again(tmp_path):
    path = tmp_path / namcouple.NAME
    path.write_text(namcouple.text(OURS, "Two programs.\nNo more."))
    assert namcouple.read(path) == OURS


def test_the_text_is_what_oasis_of_2012_takes():
    text = namcouple.text(OURS, "Two programs.")
    lines = text.splitlines()
    assert text.endswith("\n")
    assert "" not in lines
    # It reads 80 characters of a line, and a keyword from the first nine.
    assert max(len(line) for line in lines if not line.startswith("#")) <= 80
    keywords = [line for line in lines if "$" in line and not line.startswith("#")]
    assert keywords == [
        line
        for name in ("NFIELDS", "NBMODEL", "RUNTIME", "NLOGPRT", "STRINGS")
        for line in (f" ${name}", " $END")
    ]
    assert "O_SSTSST NG_SST 1 3600 2 rsto.nc EXPOUT" in lines
    assert "182 149 128 64 torc ngcm LAG=+900" in lines
    assert "128 64 182 149 ngcm torc" in lines


@pytest.mark.parametrize("text", ["a b", "a\nb", "", "été", "#a", "$END", "a\tb", "a\0"])
@pytest.mark.parametrize("place", ["component", "source", "target_grid", "file", "restart_file"])
def test_a_word_that_oasis_would_not_take_for_one_is_refused(place, text):
    entry = OURS.entries[0]
    match place:
        case "component":
            wrong = dataclasses.replace(OURS, components=(text, "oceanx"))
        case "source":
            wrong = dataclasses.replace(
                OURS, entries=(dataclasses.replace(entry, sources=(text,)),)
            )
        case "file":
            operation = Operation("MAPPING", (text, "src", "bfb"))
            changed = dataclasses.replace(entry, operations=(operation,))
            wrong = dataclasses.replace(OURS, entries=(changed,))
        case _:
            wrong = dataclasses.replace(
                OURS, entries=(dataclasses.replace(entry, **{place: text}),)
            )
    with pytest.raises(ConfigError, match="cannot stand in a namcouple, whose words are of ASCII"):
        namcouple.text(wrong)


def test_a_name_in_a_comment_stays_in_it(tmp_path):
    path = tmp_path / namcouple.NAME
    path.write_text(
        namcouple.text(OURS, "Written from\x0b été\n $END of it.nml."), encoding="ascii"
    )
    assert namcouple.read(path) == OURS
