"""Namcouples as others have written them: of all releases, and damaged ones."""

from __future__ import annotations

import pathlib
import random

import pytest
from couplers.oasis.mutations import mutated

from ngcm_coupler.couplers.oasis import namcouple
from ngcm_coupler.couplers.oasis.namcouple import Entry, Namcouple, Operation
from ngcm_coupler.errors import ConfigError

EXAMPLES = pathlib.Path("/usr/share/doc/liboasis3-doc/examples")

HEAD = "$NFIELDS\n9\n$END\n$RUNTIME\n7200\n$END\n"


@pytest.fixture
def read(tmp_path):
    """Reads a text, or bytes."""

    def read_text(text: str | bytes) -> Namcouple:
        path = tmp_path / namcouple.NAME
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return namcouple.read(path)

    return read_text


def coupling(head="A B 1 3600 1 r.nc EXPORTED", grids="aaaa bbbb", rest="P 0 P 0\nMAPPING\nm.nc\n"):
    return f"{head}\n{grids}\n{rest}"


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
    for found in (one, tutorial):
        assert not found.flaws
        assert not any(entry.flaws or entry.unread for entry in found.entries)


def test_a_namcouple_of_release_4_is_understood(read):
    found = read(
        "$NFIELDS\n5\n$END\n$NBMODEL\n2 ngcm oceanx\n$END\n$RUNTIME\n 7200\n$END\n\n$NLOGPRT\n"
        "1 0\n$END\n$STRINGS\n"
        "# several fields at once, several operations, no sizes\n"
        "A:B C:D 1 ONCE 2 rst.nc EXPORTED\nngcm torc LAG=+1800 SEQ=+1\nP 0 P 2\n"
        "LOCTRANS BLASOLD\nAVERAGE\n2.0 1\nCONSTANT 3.0\n"
        "IN IN 1 3600 0 in.nc INPUT\n"
        "OUT OUT 1 3600 0 out.nc OUTPUT\ntorc torc\n"
        "$END\n"
    )
    assert not found.flaws
    assert len(found.entries) == 3  # $NFIELDS may be more
    both, given, kept = found.entries
    assert (both.sources, both.targets) == (("A", "B"), ("C", "D"))
    assert (both.period, both.lag, both.source_shape) == (7200, 1800, None)
    assert [one.name for one in both.operations] == ["LOCTRANS", "BLASOLD"]
    assert both.weight_file == ""
    assert (given.status, given.coupled, kept.restart_file) == ("INPUT", False, "out.nc")


def test_a_namcouple_of_release_6_is_understood(read):
    """With YAC's stack of methods, and fields of several other kinds behind it."""
    found = read(
        "$NFIELDS\n4\n$RUNTIME\n7200\n$NLOGPRT\n 10 1 1\n$NNOREST\n T\n$NUNITNO\n 301 399\n"
        "$NMAPDEC\n decomp_wghtfile\n$NMATXRD\n ceg\n$NWGTOPT\n ignore_bad_index\n$STRINGS\n"
        "rain_a:snow_a rain_o:snow_o 3 7200 2 rstas.nc EXPOUT\n40320 1 126858 1 A096 feom LAG=0\n"
        "P 0 P 0\nLOCTRANS YAC\nINSTANT\nLL GC 2 YAC_CONSERV_FRACNNEI 4\nCONSERV FIRST FRACAREA\n"
        "NNN AVG 1\n"
        "heat_a heat_o 3 3600 3 rstas.nc EXPORTED\nA096 feom SEQ=2 LAG=+3600\nP 0 P 0\n"
        "CHECKIN MAPPING CONSERV\n INT=1\nrmp.nc dst opt\nGLBPOS lsum16\n"
        "a_river_with_a_long_name o_river 1 3600 0 rst.nc EXPORTED\nrivers feom\nP 0 P 0\n"
        "sst_o sst_o 1 3600 1 sst.nc OUTPUT\nfeom feom\nLOCTRANS\nT_MAX\n"
        "$END\n"
    )
    assert found.components == ()
    assert not found.flaws
    assert [entry.flaws + entry.unread for entry in found.entries] == [()] * 4
    rain, heat, river, kept = found.entries
    stack = (("CONSERV", "FIRST", "FRACAREA"), ("NNN", "AVG", "1"))
    assert rain.operations[1] == Operation(
        "YAC", ("LL", "GC", "2", "YAC_CONSERV_FRACNNEI", "4"), stack
    )
    assert rain.makes_weights
    assert rain.source_shape == (40320, 1)
    assert (heat.lag, heat.weight_file, heat.makes_weights) == (3600, "rmp.nc", False)
    assert heat.operations[2].words == ("GLBPOS", "lsum16")
    assert (river.sources, river.source_grid) == (("a_river_with_a_long_name",), "rivers")
    assert kept.operations == (Operation("LOCTRANS", ("T_MAX",)),)


def test_keywords_of_long_ago_are_passed_over(read):
    """They need no end, and stand in any order."""
    found = read(
        " $SEQMODE\n 2\n $CHANNEL\n MPI1 BSEND\n 1 1 a\n $JOBNAME\n TR3\n $INIDATE\n 19910101\n"
        " $MODINFO\n NOT\n $CALTYPE\n 30\n $STRINGS\n aout bin 1 50 3 rsta.nc EXPORTED\n"
        " axxx bxxx LAG=+0 SEQ=+1\n R 0 R 0\n CHECKIN NOINTERP CHECKOUT\n INT=0\n INT=0\n"
        " bin aout 1 50 2 rsta.nc IGNORED\n axxx bxxx\n LOCTRANS BLASNEW\n INSTANT\n 1.0 2\n"
        " CONSTANT 1.0\n CONSTANT 2.0\n $END\n $NBMODEL\n 2 A B 99 99\n $RUNTIME\n 150\n"
        " $NFIELDS\n 2\n"
    )
    assert (found.components, found.runtime, found.flaws) == (("A", "B"), 150, ())
    first, second = found.entries
    assert [one.name for one in first.operations] == ["CHECKIN", "NOINTERP", "CHECKOUT"]
    assert second.coupled
    assert second.operations[1].more == (("CONSTANT", "1.0"), ("CONSTANT", "2.0"))
    assert not any(entry.flaws or entry.unread for entry in found.entries)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_comments_and_empty_lines_stand_anywhere(read, end):
    text = (
        "# head\n\n$NFIELDS\n# how many\n\n 1\n\n$RUNTIME\n #\n 7200\n$STRINGS\n\n# one\n"
        "A B 1 3600 1 r.nc EXPORTED\n#\naaaa bbbb\n\n   # blanks before\nP 0 P 0\n#\nMAPPING\n#\n"
        "m.nc\n#\n$END"
    )
    (entry,) = read(text.replace("\n", end)).entries
    assert entry == Entry(
        ("A",), ("B",), 3600, "r.nc", source_grid="aaaa", target_grid="bbbb",
        operations=(Operation("MAPPING", ("m.nc",)),),
    )  # fmt: skip


def test_what_is_not_known_is_kept_beside_its_coupling(read):
    found = read(
        HEAD + "$STRINGS\n"
        "A B 1 3600 2 r.nc EXPORTED\naaaa bbbb\nP 0 P 0\nLOCTRANS TWIRL\nINSTANT\n3 turns\n"
        "of the left foot\nthen the right\n"
        "C D 1 3600 1 r.nc STATISTICS\naaaa bbbb\nLOCTRANS\nINSTANT\n"
        "E F 1 3600 0 r.nc INPOUT\naaaa bbbb\n" + coupling() + "$END\n"
    )
    twirl, statistics, both_ways, plain = found.entries
    assert twirl.unknown == ("TWIRL",)
    assert twirl.operations[1].words == ("3", "turns")
    assert [line.number for line in twirl.unread] == [14, 15]
    assert (statistics.status, statistics.coupled) == ("STATISTICS", False)
    assert (both_ways.status, both_ways.coupled) == ("INPOUT", False)
    assert plain == read(HEAD + "$STRINGS\n" + coupling()).entries[0]


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        pytest.param(coupling(head="A\tB 1 3600 1 r.nc EXPORTED"), ":9: has a tab", id="tab"),
        pytest.param(
            coupling(rest="P 0 P 0\nMAPPING\nm.nc\t\n"), ":13: has a tab", id="tab behind"
        ),
        pytest.param(
            coupling(head="A B 1 3600 1 r.nc exported"),
            ":9: OASIS knows 'exported' in capitals only",
            id="small status",
        ),
        pytest.param(
            coupling(head="A B 1 once 1 r.nc EXPORTED"), "knows 'once' in", id="small period"
        ),
        pytest.param(coupling(rest="P 0 P 0\nMapping\nm.nc\n"), "'Mapping'", id="small operation"),
        pytest.param(coupling(grids="aaaa bbbb lag=+60"), "'lag' in capitals", id="small lag"),
        pytest.param(coupling(rest="p 0 p 0\nMAPPING\nm.nc\n"), "'p' in capitals", id="overlaps"),
        pytest.param(
            coupling(grids="aaaa bbbb LAG = 60"), "expected LAG=seconds", id="blanks in the lag"
        ),
        pytest.param(coupling(grids="aaaa bbbb LAG=1h"), "got 'LAG=1h'", id="lag in hours"),
        pytest.param(coupling(grids="aaaa"), "expected the sizes of both grids", id="one grid"),
        pytest.param(coupling(grids="9 9 9 aaaa bbbb"), "expected the sizes", id="three sizes"),
        pytest.param(
            coupling(head="A:B C 1 3600 1 r.nc EXPORTED"),
            ":9: 2 fields are sent, and 1 received",
            id="two fields for one",
        ),
        pytest.param(
            coupling(head="A B 1 3600 1 in.nc out.nc EXPORTED"),
            "as the seventh word only, behind one file",
            id="two restart files",
        ),
        pytest.param(
            coupling(head="A B 1 3600 -3 r.nc EXPORTED"), "operations is -3", id="minus three"
        ),
        pytest.param(
            coupling(head="A B 1 3600 2 r.nc EXPORTED"),
            ":12: 2 operations were announced, but there are 1",
            id="fewer operations",
        ),
        pytest.param(coupling(rest="P 0 P 0\nMAPPING\n"), "lacks the line of 'MAPPING'", id="cut"),
        pytest.param(coupling(rest="MAPPING\nm.nc\n"), "lacks its line of overlaps", id="overlap"),
        pytest.param(
            coupling(rest="P 0 P 0\nBLASNEW\n1.0\n"),
            "number of further lines of BLASNEW",
            id="blas",
        ),
        pytest.param(
            coupling(rest="P 0 P 0\nYAC\nLL GC 2 X 4\nNNN AVG 1\n"),
            "lacks 1 of 2 further lines of YAC",
            id="stack",
        ),
        pytest.param(coupling(grids="a" * 10_000 + " b"), ":10: has 10002 characters", id="long"),
    ],
)
def test_what_oasis_stops_at_is_kept_with_its_line(read, text, flaw):
    found = read(HEAD + "$STRINGS\n#\n" + text + coupling("C D 1 60 1 r.nc EXPORTED") + "$END\n")
    spoilt, sound = found.entries
    assert any(flaw in each for each in spoilt.flaws), spoilt.flaws
    assert (sound.sources, sound.flaws) == (("C",), ())
    assert not found.flaws


@pytest.mark.parametrize(
    ("old", "new", "flaw"),
    [
        ("$NFIELDS\n9\n$END\n", "", "there is no $NFIELDS"),
        ("$NFIELDS\n9", "$NFIELDS", "there is no $NFIELDS, or nothing under it"),
        ("$NFIELDS\n9", "$NFIELDS\n1", "$NFIELDS is 1, but there are 2"),
        ("$RUNTIME", "$runtime", "namcouple:4: OASIS knows '$runtime' in capitals only"),
        ("7200", "\t7200", "namcouple:5: has a tab"),
        ("m.nc\n$END", "", "the file ends within a coupling"),
    ],
)
def test_what_oasis_stops_at_outside_of_couplings_is_kept_too(read, old, new, flaw):
    text = HEAD + "$STRINGS\n" + coupling() + coupling("C D 1 60 1 r.nc EXPORTED") + "$END\n"
    assert not read(text).flaws
    assert old in text
    assert flaw in "\n".join(read(text.replace(old, new)).flaws)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD, r"there is no \$STRINGS"),
        (HEAD.replace("$RUNTIME", "$RUNTIM") + "$STRINGS\n", r"there is no \$RUNTIME"),
        (HEAD.replace("7200", "$END") + "$STRINGS\n", r"nothing under it"),
        (HEAD.replace("7200", "9" * 400) + "$STRINGS\n", r":5: .* nine digits, got '9{80}'\.\.\."),
        (HEAD.replace("7200", "\u096d\u0968") + "$STRINGS\n", r"got '\\u096d"),
        (HEAD.replace("9", "nine") + "$STRINGS\n", r":2: .*expected a whole number"),
        (HEAD + "$STRINGS\nA B 1 hourly 1 r.nc EXPORTED\n", r":8: .*a coupling begins with"),
        ("", "there is no"),
        (b"\x89HDF\r\n\x1a\n" + bytes(range(256)) * 100, "there is no"),
        ("#" * 10_000_001, "more than 10000000 bytes"),
    ],
)  # fmt: skip
def test_what_is_no_namcouple_is_refused_with_the_line(read, text, message):
    with pytest.raises(ConfigError, match=message) as raised:
        read(text)
    assert len(str(raised.value)) < 600


def test_what_is_no_file_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="`ngcm-coupler namcouple` writes one"):
        namcouple.read(tmp_path / "namcouple")
    with pytest.raises(ConfigError, match="it is a folder"):
        namcouple.read(tmp_path)
    with pytest.raises(ConfigError, match="it is a device"):
        namcouple.read(pathlib.Path("/dev/zero"))


def test_a_namcouple_that_is_cut_anywhere_is_read_or_refused(read):
    text = HEAD + "$STRINGS\n" + coupling() + coupling("C D 1 60 1 r.nc EXPORTED") + "$END\n"
    whole = read(text).entries
    for length in range(len(text)):
        try:
            found = read(text[:length])
        except ConfigError:
            continue
        sound = [entry for entry in found.entries if not entry.flaws]
        cut = text[:length].rpartition("\n")[2] != ""
        assert all(entry in whole for entry in sound[: len(sound) - cut])


@pytest.mark.parametrize("seed", range(4))
def test_damaged_namcouples_are_read_or_refused_by_an_error_of_ours(read, seed):
    text = namcouple.text(
        Namcouple(
            ("ngcm", "ocean"),
            7200,
            (
                Entry(("A", "B"), ("C", "D"), 3600, "r.nc", "EXPORTED", (3, 2), (4, 5), "a", "b", 9,
                      (Operation("LOCTRANS", ("AVERAGE",)),
                       Operation("YAC", ("LL", "GC", "1", "X", "4"), (("NNN", "AVG", "1"),)))),
                Entry(("E",), ("F",), 3600, "r.nc", source_grid="b", target_grid="a",
                      operations=(Operation("MAPPING", ("m.nc",)),)),
            ),
        )
    )  # fmt: skip
    numbers = random.Random(seed)
    for _ in range(250):
        try:
            entries = read(mutated(numbers, text)).entries
        except ConfigError as error:
            entries, told = (), error.faults
        else:
            told = [flaw for entry in entries for flaw in entry.flaws]
        assert all(len(each) < 1000 and each.isprintable() for each in told), told
        assert all(entry.sources and entry.targets for entry in entries)
