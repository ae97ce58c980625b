"""Splitting of namelist text, and the meaning of its items."""

from __future__ import annotations

import math
from typing import Any

import f90nml
import pytest

from ngcm_coupler.config import Config, parse
from ngcm_coupler.config.namelist import LONGEST_FILE, Fault, read, scan, text_of, value_of
from ngcm_coupler.errors import ConfigError


def faults(text):
    return [fault for group in scan(text) for fault in group.faults]


def items(text):
    (group,) = scan(text)
    return {assignment.key: assignment.items for assignment in group.assignments}


def by_f90nml(item):
    """Reads one item with an independent reader."""
    groups: Any = f90nml.reads(f"&g a = {item} /")
    return groups["g"]["a"]


def test_groups_and_keys_carry_their_lines():
    text = "! header\n&first\n a = 1\n b = 2 /\n\n&second c = 3\n/\n"
    first, second = scan(text)
    assert (first.name, first.line) == ("first", 2)
    assert [(a.key, a.line) for a in first.assignments] == [("a", 3), ("b", 4)]
    assert (second.name, second.line) == ("second", 6)
    assert [(a.key, a.line) for a in second.assignments] == [("c", 6)]


def test_names_are_lower_case_and_values_are_not():
    (group,) = scan("&Group KEY = 'Value' /")
    assert group.name == "group"
    assert (group.assignments[0].key, group.assignments[0].items) == ("key", ["'Value'"])


def test_comments_and_strings_hide_what_they_hold():
    text = "&g\n a = '! & / b = 2' ! c = 3 '\n d = \"it's\"\n/\n"
    assert items(text) == {"a": ["'! & / b = 2'"], "d": ['"it\'s"']}
    assert faults(text) == []


def test_a_value_may_go_on_over_lines_and_comments():
    assert items("&g a = 'x', ! first\n\n 'y'\n 'z',\n b = 1 /") == {
        "a": ["'x'", "'y'", "'z'"],
        "b": ["1"],
    }


def test_a_null_value_is_kept_as_an_empty_item():
    assert items("&g a = 1,,2 b = , c = /") == {"a": ["1", "", "2"], "b": [""], "c": []}


def test_text_between_groups_is_comment():
    text = "R&D notes, don't parse\n&g a = 1 / trailing text\n more ! &h b = 2 /\n"
    assert items(text) == {"a": ["1"]}
    assert faults(text) == []


@pytest.mark.parametrize("ending", ["/", "&end", "$end", "&END"])
def test_every_ending_that_fortran_compilers_take_ends_a_group(ending):
    text = f"$g a = 1 {ending}\n&h b = 2 /"
    assert [group.name for group in scan(text)] == ["g", "h"]
    assert faults(text) == []


def test_windows_line_ends_do_not_shift_lines():
    (group,) = scan("&g\r\n a = 'x'\r\n/\r\n")
    assert (group.assignments[0].line, group.assignments[0].items) == (2, ["'x'"])


def test_a_group_that_the_file_does_not_end_is_a_fault():
    assert faults("\n&g\n a = 1\n") == [
        Fault(2, "&g is not ended by a / before the end of the file")
    ]


def test_a_group_that_the_next_one_cuts_off_is_a_fault_and_both_are_read():
    text = "&g\n a = 1\n&h\n b = 2\n/\n"
    assert [group.name for group in scan(text)] == ["g", "h"]
    assert faults(text) == [Fault(1, "&g is not ended by a / before &h on line 3")]


def test_a_key_set_twice_is_a_fault_that_names_both_lines():
    assert faults("&g\n a = 1\n A = 2\n/") == [
        Fault(3, "&g a is set twice, first on line 2; keep one")
    ]


def test_a_quote_left_open_is_a_fault_of_its_line_alone():
    text = "&g\n a = 'x\n b = 2\n/\n"
    assert faults(text) == [Fault(2, "&g: no quote closes 'x on its line")]
    assert items(text) == {"b": ["2"]}


def test_a_key_after_the_end_of_its_group_is_a_fault():
    (fault,) = faults("&g\n a = out/demo.nc\n b = 2\n/\n")
    assert fault == Fault(3, "b stands outside of any group: a / before it has ended &g")


def test_a_value_without_a_key_is_a_fault():
    assert faults("&g\n 12\n/") == [Fault(2, "&g: 12 belongs to no key; write key = value")]


@pytest.mark.parametrize("text", ["&g ,\n, a = 1 /", "&g\n,, a = 1 /", "&g , ! c\n,,,\n a = 1 /"])
def test_commas_before_the_first_key_are_a_fault_but_for_one(text):
    found = {fault.message for fault in faults(text)}
    assert found == {"&g: more than one comma stands before the first key; take them out"}
    assert not faults(text.replace(",", " "))
    assert items("&g , a = 1 /") == {"a": ["1"]}


def test_an_assignment_before_any_group_is_comment():
    assert scan("a = 1\n") == []


@pytest.mark.parametrize(
    ("item", "value"),
    [
        ("12", 12),
        ("+7", 7),
        ("-5", -5),
        ("1.", 1.0),
        (".5", 0.5),
        ("-2.5e-3", -2.5e-3),
        ("1D0", 1.0),
        ("1e3", 1000.0),
        (".true.", True),
        (".FALSE.", False),
        ("T", True),
        ("f", False),
        ("'it''s'", "it's"),
        ('"say ""x"""', 'say "x"'),
        ("'padded  '", "padded"),
        ("''", ""),
    ],
)
def test_an_item_has_the_value_and_type_that_fortran_gives_it(item, value):
    assert value_of(item) == value
    assert type(value_of(item)) is type(value)
    # Blanks at the end of a string have no meaning in Fortran, but f90nml keeps them.
    other = by_f90nml(item)
    assert (other.rstrip() if isinstance(other, str) else other) == value


@pytest.mark.parametrize(
    "item", ["word", "1-2", "1_4", "0x10", "12:30", "3*1", "(1,2)", ".maybe.", "1e", "true", ""]
)
def test_an_item_that_is_no_value_here_has_none(item):
    assert value_of(item) is None


@pytest.mark.parametrize("item", ["nan", "Inf", "-infinity", "1e999"])
def test_numbers_that_are_not_finite_are_read_so_that_they_can_be_refused(item):
    value = value_of(item)
    assert isinstance(value, float)
    assert not math.isfinite(value)


@pytest.mark.parametrize("value", [3, -1.5e-30, 0.1, True, False, "", "it's", 'a "b" !/&', "é"])
def test_text_of_a_value_reads_back_unchanged(value):
    (read_back,) = items(f"&g a = {text_of(value)} /")["a"]
    assert value_of(read_back) == value
    assert by_f90nml(text_of(value)) == value


def test_a_missing_file_is_named():
    with pytest.raises(ConfigError, match=r"missing\.nml: cannot read the namelist: No such file"):
        read("missing.nml")


def test_a_folder_is_no_namelist(tmp_path):
    with pytest.raises(ConfigError, match="cannot read the namelist: Is a directory"):
        read(str(tmp_path))


def test_latin_1_comments_and_a_byte_order_mark_do_no_harm(tmp_path):
    file = tmp_path / "old.nml"
    file.write_bytes(b"\xef\xbb\xbf&g ! d\xe9but\n a = 1 /\n")
    assert items(read(str(file))) == {"a": ["1"]}


DRIVER = "&ngcm_driver run_hours = 48 /\n"


def document_faults(text):
    with pytest.raises(ConfigError) as caught:
        parse(text, "f.nml", with_files=False)
    return caught.value.faults


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("&my_host remark = '&ngcm_driver run_hours=3 /' /\n" + DRIVER,
         "f.nml:1: Fortran finds &ngcm_driver here, within other text or a string"),
        ("&my_host remark = 'wait!' / " + DRIVER,
         "f.nml:1: Fortran does not find &ngcm_driver here: a ! before it makes a comment"),
        ("see&ngcm_driver run_hours = 3 /\n" + DRIVER, "f.nml:1: Fortran finds &ngcm_driver here"),
        ("\f" + DRIVER, "f.nml:1: Fortran finds &ngcm_driver here"),
        ("&! &ngcm_driver run_hours = 3 /\n" + DRIVER, "f.nml:1: Fortran finds &ngcm_driver here"),
        ("&buc\N{KELVIN SIGN}et_land /\n&a b = '&bucket_land' /\n&bucket_land soil_layer_m = 99 /",
         "f.nml:3: &bucket_land soil_layer_m = 99 is too large"),
        ("! x\r" + DRIVER, "f.nml:1: a carriage return stands in a comment, which it does not end"),
        ("&ngcm_driver\n! 3:\r\r run_hours = 48 /\n", "f.nml:2: a carriage return stands in a"),
        ("&ngcm_history file = 'a\rb' /", "holds the control character U+000D"),
        ("&ngcm_driver run_hours = \N{ARABIC-INDIC DIGIT THREE} /",
         "&ngcm_driver: \N{ARABIC-INDIC DIGIT THREE} holds U+0663 (ARABIC-INDIC DIGIT THREE)"),
        ("&ngcm_driver run_hours = \N{FULLWIDTH DIGIT THREE} /",
         "f.nml:1: &ngcm_driver: \N{FULLWIDTH DIGIT THREE} holds U+FF13 (FULLWIDTH DIGIT THREE)"),
        ("&ngcm_log level =\xa0'info' /", "&ngcm_log: \\xa0 holds U+00A0 (NO-BREAK SPACE)"),
        ("&bucket_land bucket_depth_mm=2 visible_albedo = .1 so\N{LATIN SMALL LETTER LONG S} = 1 /",
         "f.nml:1: &bucket_land: so\N{LATIN SMALL LETTER LONG S} holds U+017F"),
        ("&ngcm_history file = 'a\x07b' /", "'a\\x07b' holds the control character U+0007; take"),
        ("&ngcm_history file = 'a\0b' /", "holds the control character U+0000"),
        ("&ngcm_history file = 'a\x85b' /", "holds the control character U+0085"),
        ("&ngcm_driver run_hours = 4'8' /", "no blank or comma stands before '8'"),
        ("&ngcm_driver run_hours = 48&end", "no blank or comma stands before &end"),
        ("&ngcm_history fields = 'rainfall_flux''snowfall_flux' /", "which is no field"),
        ("&ngcm_driver run_hours = 1*2*3 /", "holds 2*3, which cannot be read"),
        ("&ngcm_driver run_hours = 3* /", "has an empty place where an integer"),
        ("&ngcm_driver run_hours = 99999999*1 /", "holds 99999999*1, which cannot be read"),
        ("&ngcm_driver run_hours(1) = 3 /", "has no key run_hours(1); give the whole list"),
        ("just some prose\n", "f.nml:1: holds no group of a namelist, such as &ngcm_model"),
    ],
)  # fmt: skip
def test_what_fortran_would_read_otherwise_is_a_fault(text, fault):
    assert any(fault in found for found in document_faults(text)), document_faults(text)


@pytest.mark.parametrize(
    ("content", "got"),
    [
        (DRIVER.encode("utf-16"), "null bytes, as UTF-16 does"),
        (b"\x7fELF\0\0", "null bytes"),
        (b"! " + b"x" * LONGEST_FILE, "over 16777216 bytes"),
    ],
)
def test_a_file_that_is_no_text_is_no_namelist(tmp_path, content, got):
    file = tmp_path / "binary"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=f"is no namelist: it holds {got}"):
        read(str(file))


@pytest.mark.parametrize("text", ["", "\n \t\r\n", "! all as it is\n  ! by default"])
def test_a_file_without_groups_leaves_the_defaults_and_says_so(text):
    config = parse(text, "empty.nml")
    assert config == Config()
    assert config.doubts == ("empty.nml holds no group: every key has its default",)


@pytest.mark.parametrize(
    "text",
    [
        "&ngcm_driver run_hours = " + "9" * 5000 + " /",
        "&slab_ocean mixed_layer_depth_m = " + "9" * 400 + " /",
        "&slab_ocean mixed_layer_depth_m = 1" + "0" * 100_000 + " /",
        "&ngcm_driver " + "k" * 100_000 + " = 1 /",
        "&ngcm_" + "g" * 100_000 + " /",
        "&ngcm_history file = '" + "f" * 100_000 + "' /",
        "&ngcm_history file = " + "'" * 100_001 + " /",
        "&ngcm_history\n" + " file = 'x\n" * 20_000 + "/",
        "&ngcm_history\n" + "".join(f" k{n} = 'x\n" for n in range(20_000)) + "/",
        "&ngcm_driver " + "run_hours = 1\n" * 20_000 + " run_hours = 2 /",
        "&ngcm_driver " + "".join(f"k{n} = 1\n" for n in range(5_000)) + "/",
        "&a / " * 20_000 + "&ngcm_driver run_hours = 0 /",
        "&" * 200_000 + " &ngcm_driver run_hours = 0 /",
        "(" * 100_000 + "&ngcm_driver a" + "(b)" * 30_000 + " = 1 /",
        "&ngcm_run start_date = '99999999999-01-01' /",
        "&ngcm_run start_date = '" + "9" * 4000 + "-01-01' /",
        "&ngcm_run start_date = '\N{FULLWIDTH DIGIT TWO}000-01-01' /",
    ],
    ids=lambda text: text[:30].replace("\n", " "),
)
def test_faults_of_large_texts_are_few_lines_of_bounded_length(text):
    for fault in document_faults(text):
        assert len(fault) < 1500
        assert all(letter.isprintable() for letter in fault)


@pytest.mark.parametrize("name", ["x" * 300 + ".nc", "y" * 300 + "/x.nc", "/".join("z" * 4000)])
@pytest.mark.parametrize(
    "key",
    [
        "ngcm_history file",
        "ngcm_restart folder",
        "ngcm_restart read_file",
        "ngcm_grid sea_grid_file",
    ],
)
def test_a_name_that_no_file_can_have_is_a_fault(key, name):
    group, _, key = key.partition(" ")
    with pytest.raises(ConfigError) as caught:
        parse(f"&{group} {key} = '{name}' /")
    assert all(
        "cannot be the name of a file: File name too long" in f or "is longer" in f
        for f in caught.value.faults
    )


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("&ngcm_run start_date = '10000-01-01' /", "year 10000 is out of range 1 to 9999"),
        ("&ngcm_run stop_date = '10000-01-01' /", "year 10000 is out of range 1 to 9999"),
        (
            "&ngcm_run start_date = '9999-12-31' / &ngcm_driver run_hours = 24 /",
            "run_hours = 24 from &ngcm_run start_date = '9999-12-31' ends after the year 9999",
        ),
    ],
)
def test_no_run_reaches_a_year_that_names_of_files_cannot_have(text, fault):
    (found,) = document_faults(text)
    assert fault in found


def test_a_run_may_end_in_the_last_year_that_names_of_files_can_have():
    begun = "&ngcm_run start_date = '9999-12-31' {} / &ngcm_driver run_hours = {} /"
    assert parse(begun.format("", 23)).driver.run_hours == 23
    assert parse(begun.format("stop_date = '9999-12-31T12:00:00'", 48)).driver.run_hours == 48
