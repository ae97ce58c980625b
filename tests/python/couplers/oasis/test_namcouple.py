"""The namcouple as text, and reading those of others."""

from __future__ import annotations

import dataclasses
import pathlib

import pytest

from ngcm_coupler.couplers.oasis import namcouple
from ngcm_coupler.couplers.oasis.namcouple import Entry, Namcouple, Operation
from ngcm_coupler.errors import ConfigError

EXAMPLES = pathlib.Path("/usr/share/doc/liboasis3-doc/examples")

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
            (Operation("CHECKIN", ("INT=1",)), Operation("MAPPING", ("rmp_b.nc", "src", "bfb"))),
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


@pytest.mark.oasis
@pytest.mark.skipif(not EXAMPLES.exists(), reason="liboasis3-doc is not installed")
def test_the_packaged_examples_are_understood():
    folder = EXAMPLES / "test_interpolation" / "data_oasis3"
    one = namcouple.read(folder / "namcouple")
    assert one.components == ("model1", "model2")  # the unit numbers behind are no programs
    assert one.runtime == 21600
    (entry,) = one.entries
    assert (entry.source_shape, entry.target_shape) == ((182, 149), (96, 72))
    assert entry.weight_file == "myfile_torc_to_lmdz_CONSERV_FRACNNEI.nc"
    tutorial = namcouple.read(EXAMPLES / "tutorial" / "data_oasis3" / "namcouple_TP")
    assert [entry.status for entry in tutorial.entries] == ["EXPOUT", "OUTPUT", "EXPOUT"]
    assert [entry.lag for entry in tutorial.entries] == [3600, 0, 1800]
    assert tutorial.entries[2].operations[0].name == "SCRIPR"


def test_a_namcouple_of_release_4_is_understood(tmp_path):
    path = tmp_path / "namcouple"
    path.write_text(
        "$NFIELDS\n5\n$END\n$NBMODEL\n2 ngcm oceanx\n$END\n$RUNTIME\n 7200\n$END\n\n$NLOGPRT\n"
        "1 0\n$END\n$STRINGS\n"
        "# several fields at once, several operations, no sizes\n"
        "A:B C:D 1 ONCE 2 rst.nc EXPORTED\nngcm torc LAG=+1800 SEQ=+1\nP 0 P 2\n"
        "LOCTRANS BLASOLD\nAVERAGE\n2.0 1\nCONSTANT 3.0\n"
        "IN IN 1 3600 0 in.nc INPUT\n"
        "OUT OUT 1 3600 0 out.nc OUTPUT\ntorc torc\n"
        "$END\n"
    )
    found = namcouple.read(path)
    assert len(found.entries) == 3  # $NFIELDS may be more
    both, given, kept = found.entries
    assert (both.sources, both.targets) == (("A", "B"), ("C", "D"))
    assert (both.period, both.lag, both.source_shape) == (7200, 1800, None)
    assert [one.name for one in both.operations] == ["LOCTRANS", "BLASOLD"]
    assert both.weight_file == ""
    assert (given.status, given.coupled, kept.restart_file) == ("INPUT", False, "out.nc")


def test_a_missing_file_and_a_wrong_line_are_named(tmp_path):
    with pytest.raises(ConfigError, match="`ngcm-coupler namcouple` writes one"):
        namcouple.read(tmp_path / "namcouple")
    path = tmp_path / "namcouple"
    text = namcouple.text(OURS)
    path.write_text(text.replace("NG_SST 1 3600", "NG_SST 1 hourly"))
    number = 1 + next(i for i, line in enumerate(path.read_text().splitlines()) if "hourly" in line)
    with pytest.raises(ConfigError, match=f"namcouple:{number}: cannot be understood"):
        namcouple.read(path)
    path.write_text(text.replace("$RUNTIME", "$RUNTIM"))
    with pytest.raises(ConfigError, match=r"there is no \$RUNTIME"):
        namcouple.read(path)


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
