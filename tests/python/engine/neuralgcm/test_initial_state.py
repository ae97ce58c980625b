"""States in other forms give the same state; what is none is refused by file and variable."""

import numpy as np
import pytest
from state_files import DATE, LEVELS, NAMES, REFUSED, TAKEN, sound, write

from ngcm_coupler.engine.neuralgcm.initial_state import check_state, clock_at, read_state
from ngcm_coupler.engine.neuralgcm.initial_state import reading as module
from ngcm_coupler.errors import DataError


def read(path, start=DATE):
    return read_state(path, start, NAMES, LEVELS)


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """The sound state as it is read."""
    return read(write(sound(), tmp_path_factory.mktemp("states") / "plain.nc"))


def test_a_sound_state_is_read_as_it_is_written(plain):
    assert plain.date == DATE and plain.spacing == "equiangular"
    written = sound()["temperature"].values[0]
    np.testing.assert_array_equal(plain.fields["temperature"], written.transpose(0, 2, 1))
    sea = plain.fields["sea_surface_temperature"]
    assert sea.shape == (16, 8) and np.isnan(sea).sum() == 20


@pytest.mark.parametrize("form", TAKEN)
def test_another_form_gives_the_same_state(form, plain, tmp_path):
    file = write(TAKEN[form](sound()), tmp_path / "other.nc")
    found = read(file)
    assert check_state(file, DATE, NAMES, LEVELS) == found.date == DATE
    np.testing.assert_allclose(found.longitudes, plain.longitudes, atol=1e-9)
    np.testing.assert_array_equal(found.latitudes, plain.latitudes)
    for name in NAMES:
        wanted = plain.fields[name]
        # Packing keeps 60000 steps of the range of a variable.
        off = (np.nanmax(wanted) - np.nanmin(wanted)) / 60000.0 if form == "packed" else 0.0
        if form == "ice that overshoots" and name == "sea_ice_cover":
            off = 3e-4
            assert np.nanmin(found.fields[name]) == 0.0 and np.nanmax(found.fields[name]) == 1.0
        np.testing.assert_allclose(found.fields[name], wanted, rtol=0.0, atol=off, err_msg=name)


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_state_is_refused_by_check_and_run_alike(kind, tmp_path):
    change, expected = REFUSED[kind]
    file = write(change(sound()), tmp_path / "odd.nc")
    with pytest.raises(DataError, match=expected) as refused:
        read(file)
    message = str(refused.value)
    assert message.startswith(f"initial state {file}: ") and len(message) < 1500
    assert "unexpected" not in message
    with pytest.raises(DataError) as checked:
        check_state(file, DATE, NAMES, LEVELS)
    assert str(checked.value).split(" holds ")[0] == message.split(" holds ")[0]


def test_every_odd_variable_is_named_at_once(tmp_path):
    state = sound()
    for name in ("temperature", "sea_surface_temperature"):
        state[name].values -= 273.15
    with pytest.raises(DataError, match=r"variable 'temperature' .*; variable 'sea_surface_temp"):
        read(write(state, tmp_path / "odd.nc"))


def test_the_only_date_is_taken_and_of_several_one_is_to_be_chosen(tmp_path):
    assert read(write(sound(), tmp_path / "one.nc"), None).date == DATE
    several = TAKEN["several dates in no order"](sound())
    with pytest.raises(DataError, match=r"holds 3 dates, 2000-01-01T06.*to 2000-01-03.*start_date"):
        read(write(several, tmp_path / "three.nc"), None)


def test_gaussian_rows_and_rows_at_the_poles_are_known(tmp_path):
    for spacing, rows in (
        ("equiangular_with_poles", np.linspace(-90.0, 90.0, 8)),
        ("gauss", np.rad2deg(np.arcsin(np.polynomial.legendre.leggauss(8)[0]))),
    ):
        state = sound()
        state["latitude"].values = rows.astype(np.float32)
        assert read(write(state, tmp_path / f"{spacing}.nc")).spacing == spacing


def test_a_date_that_the_calendar_of_the_run_lacks_is_refused():
    assert clock_at("x.nc", "2000-02-29T00:00:00", "proleptic_gregorian").day == 11016
    with pytest.raises(DataError, match=r"x\.nc: its date .* none of the calendar noleap"):
        clock_at("x.nc", "2000-02-29T00:00:00", "noleap")


def test_a_large_state_is_judged_by_some_of_its_levels(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_QUICK", 16)
    monkeypatch.setattr(module, "_LOOKED_AT", 2)
    state = sound()
    file = write(state, tmp_path / "large.nc")
    assert check_state(file, DATE, NAMES, LEVELS) == DATE
    state["temperature"].values[:, 1] = np.nan  # a level between
    file = write(state, tmp_path / "odd.nc")
    assert check_state(file, DATE, NAMES, LEVELS) == DATE
    with pytest.raises(DataError, match="128 of 512 values"):
        read(file)


@pytest.mark.parametrize("contents", [b"", b"text", b"CDF\x01", b"\x89HDF\r\n\x1a\n" + bytes(64)])
def test_a_file_that_is_no_netcdf_is_refused(contents, tmp_path):
    file = tmp_path / "x.nc"
    file.write_bytes(contents)
    with pytest.raises(DataError, match=r"x\.nc: not a readable netCDF file|x\.nc: lacks"):
        read(str(file))


def test_what_nobody_foresaw_is_an_error_that_asks_for_a_report(tmp_path, monkeypatch):
    def broken(*_):
        raise TypeError("line\n" * 40)

    monkeypatch.setattr(module.judgement, "faults", broken)
    file = write(sound(), tmp_path / "plain.nc")
    with pytest.raises(DataError, match=r"plain\.nc cannot be read: unexpected TypeError") as error:
        read(file)
    assert "please report" in str(error.value) and "\n" not in str(error.value)
