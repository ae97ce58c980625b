"""The header of a classic file is looked at before the library makes room for what it announces."""

import netCDF4
import numpy as np
import pytest

from ngcm_coupler.files.netcdf import open_dataset

FORMS = ("NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET", "NETCDF3_64BIT_DATA", "NETCDF4")


def write(path, form):
    with netCDF4.Dataset(path, "w", format=form) as file:
        file.setncatts({"title": "odd", "three": np.arange(3, dtype="i2"), "none": ""})
        for name, size in (("time", None), ("cell", 5), ("corner", 4)):
            file.createDimension(name, size)
        for kind in ("i1", "i2", "i4", "f4", "f8", "S1"):
            variable = file.createVariable(kind, kind, ("time", "cell"))
            variable.units = "m" * len(kind)
            variable[0] = np.ones(5, kind)
        file.createVariable("scalar", "f8", ())[...] = 7.0
    return path


@pytest.mark.parametrize("form", FORMS)
def test_a_sound_file_of_every_format_is_opened(tmp_path, form):
    with open_dataset(write(tmp_path / "file.nc", form)) as file:
        assert file.data_model == form and float(file["scalar"][...]) == 7.0


def test_a_file_without_anything_in_it_is_opened(tmp_path):
    netCDF4.Dataset(tmp_path / "file.nc", "w", format="NETCDF3_CLASSIC").close()
    with open_dataset(tmp_path / "file.nc") as file:
        assert not file.variables


@pytest.mark.parametrize("form", FORMS[:3])
def test_a_header_that_announces_more_than_there_is_is_refused(tmp_path, form):
    """Its largest numbers are set in the place of each four bytes; of these some are counts."""
    path = write(tmp_path / "file.nc", form)
    whole = path.read_bytes()
    end = whole.index(b"scalar")
    refused = 0
    for place in range(4, end, 4):
        path.write_bytes(whole[:place] + b"\x2f" * 4 + whole[place + 4 :])
        try:
            with open_dataset(path):
                pass
        except (OSError, RuntimeError, UnicodeError) as error:
            refused += "more than the file has room for" in str(error)
    # Three lists, and name and length of each of their sixteen members.
    assert refused > 40


def test_a_header_that_is_cut_off_is_refused(tmp_path):
    path = write(tmp_path / "file.nc", "NETCDF3_CLASSIC")
    path.write_bytes(path.read_bytes()[:100])
    with (
        pytest.raises(OSError, match="its header announces more than the file has room for"),
        open_dataset(path),
    ):
        pass
