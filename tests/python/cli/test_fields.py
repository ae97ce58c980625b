"""The command ``ngcm-coupler fields``."""

from __future__ import annotations

import csv
import dataclasses
import subprocess
import sys

import pytest
from project import ROOT

from ngcm_coupler.cli import main
from ngcm_coupler.fields import FIELDS


def printed(capsys, form):
    assert main(["fields", "--format", form]) == 0
    return capsys.readouterr().out.splitlines()


def test_the_text_table_has_a_line_per_field_in_aligned_columns(capsys):
    lines = printed(capsys, "text")
    header, *rows = lines
    assert [row.split()[0] for row in rows] == [field.name for field in FIELDS]
    for title in header.split()[1:]:
        start = header.index(f" {title}") + 1
        assert all(row[start - 2 : start] == "  " != row[start : start + 2] for row in rows)


def test_the_text_table_is_the_default(capsys):
    assert main(["fields"]) == 0
    assert capsys.readouterr().out.splitlines() == printed(capsys, "text")


def test_csv_has_every_column_of_every_field(capsys):
    rows = list(csv.DictReader(printed(capsys, "csv")))
    assert len(rows) == len(FIELDS)
    for row, field in zip(rows, FIELDS, strict=True):
        expected = dataclasses.asdict(field)
        assert row.keys() == expected.keys()
        for column, value in expected.items():
            if isinstance(value, tuple):
                value = " ".join(value)
            # Ranges are printed short but exact.
            assert (float(row[column]) if isinstance(value, float) else row[column]) == value


def test_markdown_has_every_field_in_a_table(capsys):
    header, rule, *rows = printed(capsys, "markdown")
    assert {line.count("|") for line in (header, rule, *rows)} == {header.count("|")}
    assert [row.split("|")[1].strip() for row in rows] == [field.name for field in FIELDS]


def test_an_unknown_format_is_wrong_usage(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["fields", "--format", "yaml"])
    assert stop.value.code == 2
    assert "invalid choice: 'yaml'" in capsys.readouterr().err


def test_a_reader_that_stops_early_brings_no_traceback():
    code = "import sys; from ngcm_coupler.cli import main; sys.exit(main(['fields']))"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


def test_the_table_in_the_documentation_is_up_to_date(capsys):
    lines = printed(capsys, "markdown")
    page = (ROOT / "docs" / "fields.md").read_text()
    remedy = "its table is what `ngcm-coupler fields --format markdown` prints"
    assert "\n".join(lines) in page, remedy
