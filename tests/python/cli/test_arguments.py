"""Arguments of commands: what is no path, no number or no file that lasts is refused by name."""

from __future__ import annotations

import contextlib
import os

import pytest

from ngcm_coupler import cli
from ngcm_coupler.cli.arguments import fraction, processes, whole

NAMELIST = (
    "&ngcm_model engine = 'analytic' / &ngcm_restart folder = 'r', read_file = 'r' /"
    " &ngcm_run start_date = '2000-01-01', stop_date = '2000-01-03' /"
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The folder that commands are run in, with a namelist."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run.nml").write_text(NAMELIST)
    return tmp_path


@pytest.fixture
def pipe():
    """What a shell's `<(...)` is: a pipe with a namelist in it, whose writer has ended."""
    out, into = os.pipe()
    os.write(into, NAMELIST.encode())
    os.close(into)
    yield f"/dev/fd/{out}"
    os.close(out)


@pytest.mark.parametrize(
    "words", ["run {}", "batch {} --system plain", "segment {}", "doctor {} --measure"]
)
def test_a_namelist_that_is_read_more_than_once_is_no_pipe(words, folder, pipe, capsys):
    assert cli.main(words.format(pipe).split()) == 1
    assert "the namelist is a pipe, and is read more than once; write it" in capsys.readouterr().err
    assert [each.name for each in folder.iterdir()] == ["run.nml"]


def test_check_reads_what_comes_out_of_a_pipe_of_a_shell(folder, pipe, capsys):
    assert cli.main(["check", pipe]) == 0
    assert ": ok\n" in capsys.readouterr().out


@pytest.mark.parametrize("words", ["check {}", "run {}", "grids {}", "segment {}", "doctor {}"])
def test_nobody_waits_for_a_pipe_that_stands_where_a_namelist_should(words, folder, capsys):
    os.mkfifo(folder / "f.nml")
    assert cli.main(words.format("f.nml").split()) == 1
    out, err = capsys.readouterr()
    assert " is a pipe" in out + err


@pytest.mark.parametrize(
    "words",
    [
        ["check", ""],
        ["run", ""],
        ["weights", ""],
        ["batch", "", "--system", "plain"],
        ["segment", "run.nml", "--write", ""],
        ["replay", ""],
        ["score", "", "--reference", "a.nc"],
        ["score", "a.nc", "--reference", ""],
        ["checkpoint", "info", ""],
        ["checkpoint", "convert", "demo", ""],
        ["report", ""],
        ["report", ".", "--output", ""],
        ["run", "run.nml", "--output", ""],
        ["grids", "run.nml", "--output", ""],
    ],
    ids=" ".join,
)
def test_nothing_is_no_path(words, folder, capsys):
    with pytest.raises(SystemExit):
        cli.main(words)
    assert "got '', expected the path of a file or folder; name one" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["run", "run.nml", "-n", "0"],
        ["batch", "run.nml", "--system", "plain", "-n", "1e23"],
        ["batch", "run.nml", "--system", "plain", "--nodes", "1" * 5000],
        ["batch", "run.nml", "--system", "plain", "--hours", "9" * 20],
        ["batch", "run.nml", "--system", "plain", "--hours", "-1"],
        ["batch", "run.nml", "--system", "plain", "-n", "\N{FULLWIDTH DIGIT TWO}"],
        ["segment", "run.nml", "--wall-clock", "-1"],
        ["report", ".", "--drift", "\N{ARABIC-INDIC DIGIT TWO}"],
        ["bench", "regrid", "--repeats", "0"],
    ],
)
def test_a_number_out_of_range_or_in_other_digits_is_refused(words, folder, capsys):
    with pytest.raises(SystemExit):
        cli.main(words)
    said = capsys.readouterr().err
    assert f"got {words[-1][:80]!a}" in said and "expected a whole number from " in said


def test_numbers_are_taken_at_both_ends_of_their_range_and_with_blanks_around_them():
    assert [whole(-3, 9)(text) for text in ("-3", " 9\n", "+4")] == [-3, 9, 4]
    assert processes("1000000") == 1_000_000
    assert fraction("1") == 1.0 and fraction("0.75") == 0.75


@pytest.mark.parametrize("text", ["0", "2", "nan", "half", "\N{FULLWIDTH DIGIT ONE}"])
def test_what_is_no_fraction_is_refused(text, folder, capsys):
    with pytest.raises(SystemExit):
        cli.main(["batch", "run.nml", "--system", "plain", "--gpu-memory", text])
    assert "is no fraction; give more than 0" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        "{}",
        "check run.nml {}",
        "check --format {}",
        "check {}",
        "report {}",
        "replay {}",
        "checkpoint info {}",
        "score {} --reference {}",
        "segment run.nml --stop-date {}",
    ],
)
@pytest.mark.parametrize("name", ["x" * 100_000, "first\nsecond: fine"], ids=["long", "two lines"])
def test_no_name_fills_or_splits_a_message(words, name, folder, capsys):
    with contextlib.suppress(SystemExit):  # wrong usage
        assert cli.main([word.format(name) for word in words.split()]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(max(lines, key=len)) < 3000
    assert not any(line.startswith("second") for line in lines)
