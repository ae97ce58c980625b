"""Every error has a status and a message that can cross into the host."""

import pytest

from ngcm_coupler import cli, errors
from ngcm_coupler.abi import describe
from ngcm_coupler.cli.tables import number_table, text_table


def test_every_error_class_has_a_status_of_its_own():
    classes = [
        cls
        for cls in vars(errors).values()
        if isinstance(cls, type) and issubclass(cls, errors.NgcmError)
    ]
    assert len({cls.status for cls in classes}) == len(classes)


def test_a_text_that_is_too_long_ends_with_a_word():
    assert errors.shown("one two three", 8) == errors.shown("one two three", 7) == "one two..."
    assert errors.shown("one two three", 13) == "one two three"
    assert errors.shown("a " + "b" * 20, 10) == "a bbbbbbbb..."


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("airtemperature", ["air_temperature"]),
        ("Air_Temperature", ["air_temperature"]),
        ("temp", ["air_temperature", "sea_surface_temperature"]),
        ("flux heat", ["heat_flux", "heat_flux_land", "heat_flux_ocean"]),
        ("sst", ["sea_surface_temperature"]),
        ("s", []),
        ("", []),
        ("velocity", []),
    ],
)
def test_a_wrong_name_may_be_misspelt_or_short_for_others(name, near):
    fluxes = ["heat_flux_seaice", "heat_flux_ocean", "heat_flux_land", "heat_flux"]
    names = [*fluxes, "air_temperature", "sea_surface_temperature"]
    assert errors.near_names(name, names) == near


HOSTILE = "h\x1b[31m\u202e\x07\udcff\r.nc"
"""A name that colours a terminal, turns text, rings, is no UTF-8 and hides what stood before."""

ESCAPED = r"h\x1b[31m\u202e\x07\udcff\r.nc"


def test_nothing_in_a_name_or_text_of_others_reaches_a_terminal_as_more_than_text(
    monkeypatch, capsys
):
    error = errors.DataError(f"{HOSTILE} cannot be read\nsecond line, of 5 \N{DEGREE SIGN}C")
    escaped = f"{ESCAPED} cannot be read\nsecond line, of 5 \N{DEGREE SIGN}C"
    assert str(error) == describe(error)[1] == escaped

    def fail(_):
        raise error

    monkeypatch.setattr("ngcm_coupler.cli.fields._run", fail)
    assert cli.main(["fields"]) == 1
    assert capsys.readouterr().err == f"{escaped}\n"
    for table in text_table, number_table:
        assert table(["field", "n"], [[f"{HOSTILE}\n", "1"]]).splitlines()[1:] == [
            f"{ESCAPED}\\n  1"
        ]


@pytest.mark.parametrize("words", ["check {}/a.nml", "run {}/a.nml", "grids {}/a.nml"])
def test_commands_in_a_folder_that_has_gone_say_so(words, tmp_path, monkeypatch, capsys):
    (tmp_path / "a.nml").write_text(
        "&ngcm_model engine = 'analytic' / &ngcm_history file = 'h.nc' /"
    )
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert cli.main(words.format(tmp_path).split()) == 1
    said = capsys.readouterr().err
    assert said.startswith("the current folder has been removed, and paths ")
    assert "fault of" not in said


@pytest.mark.parametrize("words", ["segment a.nml --write {}", "report {}", "checkpoint info {}"])
def test_names_that_no_file_can_have_are_no_fault_of_the_package(
    words, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.nml").write_text(
        "&ngcm_model engine = 'analytic' / &ngcm_restart folder = 'r', read_file = 'r' /"
        " &ngcm_run start_date = '2000-01-01', stop_date = '2000-01-03' /"
    )
    assert cli.main(words.format("x" * 300).split()) == 1
    said = capsys.readouterr().err
    assert "File name too long" in said and "fault of" not in said
