"""Grid and weight files that netCDF reads and that hold nonsense: taken whole, or refused in words.

Every variable of every kind of file is spoilt in every way, one at a time; of these files a light
test takes some.
"""

import copy
import dataclasses
import os

import netCDF4
import numpy as np
import pytest
from grid_writers import write_cf, write_esmf, write_oasis, write_scrip, write_ugrid

from ngcm_coupler.errors import DataError
from ngcm_coupler.grid import GaussianGrid
from ngcm_coupler.regrid import ExchangeGrid, Regridder
from ngcm_coupler.regrid.grid_files import read_surface_grid
from ngcm_coupler.regrid.tripolar import tripolar_grid
from ngcm_coupler.regrid.variables import Variables
from ngcm_coupler.regrid.weights import write_weights

LONGEST = 1200
"""Characters that a message may have."""


@dataclasses.dataclass
class Variable:
    dimensions: tuple
    values: np.ndarray
    attributes: dict


def contents(path):
    """Dimensions, variables and attributes of a file, as they lie there."""
    with netCDF4.Dataset(path) as file:
        file.set_auto_maskandscale(False)
        return (
            {name: dimension.size for name, dimension in file.dimensions.items()},
            {
                name: Variable(
                    variable.dimensions,
                    np.asarray(variable[...]),
                    {key: variable.getncattr(key) for key in variable.ncattrs()},
                )
                for name, variable in file.variables.items()
            },
            {key: file.getncattr(key) for key in file.ncattrs()},
        )


def write(path, dimensions, variables, attributes, group=None):
    """Writes them; a dimension of length None is unlimited."""
    with netCDF4.Dataset(path, "w") as file:
        file.set_auto_maskandscale(False)
        file.setncatts(attributes)
        for name, size in dimensions.items():
            file.createDimension(name, size)
        for name, variable in variables.items():
            values = variable.values
            kind = str if values.dtype.kind in "OU" else values.dtype
            attributes = dict(variable.attributes)
            fill = attributes.pop("_FillValue", None)
            place = file.createGroup("inner") if name == group else file
            written = place.createVariable(name, kind, variable.dimensions, fill_value=fill)
            written.set_auto_maskandscale(False)
            written.setncatts(attributes)
            if values.size:
                written[...] = values


def kind(new):
    def change(variable):
        with np.errstate(invalid="ignore", over="ignore"):
            variable.values = variable.values.astype(new)
        variable.attributes.pop("_FillValue", None)

    return change


def text(variable):
    variable.values = np.full(variable.values.shape, "one", object)
    variable.attributes.pop("_FillValue", None)


def single(variable):
    variable.dimensions, variable.values = (), variable.values.reshape(-1)[:1].sum()
    variable.values = np.asarray(variable.values)


def reversed_dimensions(variable):
    variable.dimensions, variable.values = variable.dimensions[::-1], variable.values.T


def first(number):
    """Puts a number into one place, if the type has it."""

    def change(variable):
        flat = variable.values.reshape(-1)
        with np.errstate(invalid="ignore", over="ignore"):
            flat[:1] = np.array(number).astype(variable.values.dtype)

    return change


def everywhere(number):
    def change(variable):
        with np.errstate(invalid="ignore", over="ignore"):
            variable.values[...] = np.array(number).astype(variable.values.dtype)

    return change


def attribute(key, value):
    return lambda variable: variable.attributes.update({key: value})


CHANGES = {
    "characters": kind("S1"),
    "bytes": kind("i1"),
    "whole": kind("i4"),
    "real": kind("f4"),
    "text": text,
    "single": single,
    "reversed": reversed_dimensions,
    "nan": first(np.nan),
    "infinite": first(-np.inf),
    "large": first(1e30),
    "huge index": first(2**31 - 2),
    "negative": first(-7),
    "half": first(0.5),
    "all nan": everywhere(np.nan),
    "all large": everywhere(1e30),
    "all 0": everywhere(0),
    "all 1": everywhere(1),
    "no units": lambda variable: variable.attributes.clear(),
    "wrong units": attribute("units", "degC"),
    "units without end": attribute("units", "x" * 9000),
    "units in numbers": attribute("units", np.array([1.0, 2.0])),
    "scaled by text": attribute("scale_factor", "ten"),
    "scaled by a list": attribute("scale_factor", np.array([1.0, 2.0, 3.0])),
    "starts at text": attribute("start_index", "one"),
    "all missing": attribute("valid_range", np.array([2.0, 1.0])),
}


def of_variables(dimensions, variables, attributes):
    """Files with one variable spoilt, missing, in a group, or along other dimensions."""
    for name in variables:
        for label, change in CHANGES.items():
            spoilt = dict(variables) | {name: copy.deepcopy(variables[name])}
            change(spoilt[name])
            yield f"{name}: {label}", (dimensions, spoilt, attributes)
        others = {key: variable for key, variable in variables.items() if key != name}
        yield f"{name}: absent", (dimensions, others, attributes)
        yield f"{name}: in a group", (dimensions, variables, attributes, name)


def of_dimensions(dimensions, variables, attributes):
    """Files with one dimension empty, unlimited, shorter or longer."""
    for name, size in dimensions.items():
        for new in (0, None, size - 1, size + 1):
            spoilt = {}
            for key, variable in variables.items():
                spoilt[key] = part = copy.deepcopy(variable)
                for axis, dimension in enumerate(variable.dimensions):
                    if dimension == name and new is not None:
                        places = np.arange(new).clip(0, max(0, size - 1))
                        part.values = np.take(part.values, places, axis=axis)
            yield f"{name}: {size} -> {new}", (dimensions | {name: new}, spoilt, attributes)


def verdicts(path, read, step):
    """What becomes of every spoilt file, or of some: '' if it is taken, or the message."""
    whole = contents(path)
    for label, spoilt in [*of_variables(*whole), *of_dimensions(*whole)][::step]:
        path.unlink()
        try:
            write(path, *spoilt)
        except Exception:
            continue  # netCDF writes no such file, so that nobody has one
        try:
            read(path)
            yield label, ""
        except DataError as error:
            yield label, str(error)


def judge(path, read, step):
    found = dict(verdicts(path, read, step))
    assert all(len(message) < LONGEST for message in found.values())
    unforeseen = {label: message for label, message in found.items() if "unexpected" in message}
    assert unforeseen == {}
    # Much of what is spoilt is not asked for, or is as good as before.
    assert len(found) > 5
    assert 0.1 < sum(map(bool, found.values())) / len(found) < 1.0


STEPS = pytest.mark.parametrize(
    "step", [23, pytest.param(1, marks=pytest.mark.slow)], ids=["some", "all"]
)


@STEPS
@pytest.mark.parametrize(
    "writer",
    [write_oasis, write_scrip, write_esmf, write_ugrid, write_cf],
    ids=lambda writer: writer.__name__.removeprefix("write_"),
)
@pytest.mark.filterwarnings("ignore")  # numpy and netCDF4 warn of what is in these files
def test_a_spoilt_grid_is_taken_or_refused_in_words(tmp_path, writer, step):
    def read(path):
        grid = read_surface_grid(path)
        grid.check()

    judge(writer(tmp_path), read, step)


@STEPS
@pytest.mark.parametrize("form", ["oasis", "esmf"])
@pytest.mark.filterwarnings("ignore")
def test_spoilt_weights_are_taken_or_refused_in_words(tmp_path, form, step):
    exchange = ExchangeGrid.build(GaussianGrid(8, 4), tripolar_grid(12, 9))
    made = exchange.regridder("to_surface", "conservative")
    write_weights(made.weights, tmp_path / "rmp.nc", form)
    judge(tmp_path / "rmp.nc", Regridder.from_file, step)


READERS = pytest.mark.parametrize("read", [read_surface_grid, Regridder.from_file])


@READERS
def test_what_is_no_netcdf_file_is_refused(tmp_path, read):
    (tmp_path / "text.nc").write_text("grid_center_lat, grid_center_lon\n" * 9)
    (tmp_path / "empty.nc").touch()
    (tmp_path / "cut.nc").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(9))
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name in ("text.nc", "empty.nc", "cut.nc", "folder", "pipe", "none.nc", "x" * 300):
        with pytest.raises(DataError, match="expected a netCDF file; correct the path"):
            read(tmp_path / name)


@READERS
def test_variables_in_groups_are_missed_by_the_names_of_the_groups(tmp_path, read):
    with netCDF4.Dataset(tmp_path / "groups.nc", "w") as file:
        file.createGroup("ocean").createDimension("x", 1)
    with pytest.raises(DataError, match="got the variables none outside its groups ocean"):
        read(tmp_path / "groups.nc")


def test_a_variable_larger_than_its_file_is_not_read(tmp_path):
    path = write_scrip(tmp_path)
    with netCDF4.Dataset(path, "a") as file:
        file.renameVariable("grid_area", "area")
        file.createDimension("many", 2**40)
        file.createVariable("grid_area", "f8", ("many",), chunksizes=(1000,)).units = "m2"
    with pytest.raises(DataError, match="'grid_area' has 1099511627776 values in a file of"):
        read_surface_grid(path)


def test_a_mesh_whose_one_cell_has_nearly_all_nodes_is_refused_before_it_takes_memory(tmp_path):
    path = write_esmf(tmp_path, ragged=True)
    with netCDF4.Dataset(path, "a") as file:
        for name, size in (("elementCount", 50_000), ("connectionCount", 200_000)):
            file.renameDimension(name, f"old_{name}")
            file.createDimension(name, size)
        for name, kind, dimension in (
            ("numElementConn", "i4", "elementCount"), ("elementConn", "i4", "connectionCount"),
        ):  # fmt: skip
            file.renameVariable(name, f"old_{name}")
            file.createVariable(name, kind, (dimension,))[:] = 3
        file["numElementConn"][0] = 50_003
    with pytest.raises(DataError, match="tells of 50000 cells of up to 50003 nodes"):
        read_surface_grid(path)


@pytest.mark.filterwarnings("ignore")
def test_whatever_else_a_file_raises_is_an_error_to_report(tmp_path, monkeypatch):
    def fail(self, *_):
        raise KeyError("a fault of the package\n" * 40)

    monkeypatch.setattr(Variables, "values", fail)
    path = write_scrip(tmp_path)
    with pytest.raises(DataError, match="unexpected KeyError: .*please report") as caught:
        read_surface_grid(path)
    assert str(caught.value).count("\n") == 0 and len(str(caught.value)) < LONGEST
