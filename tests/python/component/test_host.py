"""The component as a host in Python meets it: names, arrays of any kind, errors, and its end."""

import inspect
import os
import pathlib

import numpy as np
import pytest
import xarray

from ngcm_coupler import abi
from ngcm_coupler.component import Component
from ngcm_coupler.errors import (
    ArgumentError,
    ConfigError,
    DivergedError,
    FieldError,
    NgcmError,
    OutputError,
    ShapeError,
    StateError,
)

NAMELIST = "&ngcm_model engine = 'analytic', analytic_latitudes = 8 /\n"
SST, ICE = "sea_surface_temperature", "sea_ice_area_fraction"


@pytest.fixture
def namelist(tmp_path):
    path = tmp_path / "run.nml"
    path.write_text(NAMELIST)
    return path


@pytest.fixture(scope="module")
def component(tmp_path_factory):
    """One for all tests that leave nothing behind."""
    path = tmp_path_factory.mktemp("host") / "run.nml"
    path.write_text(NAMELIST)
    with Component.create(path) as made:
        yield made


@pytest.fixture
def fresh(namelist):
    with Component.create(namelist) as made:
        yield made


def advance(component):
    for name in (SST, ICE):
        component.put(name, component.get(name))
    component.advance()


def test_a_path_is_a_path_in_any_form(namelist):
    for form in (namelist, str(namelist), bytes(namelist)):
        with Component.create(form) as component:
            assert component.grid.size == 128


def test_fields_go_by_name_or_by_number(fresh):
    number = fresh.field_id(SST)
    sst = fresh.get(SST) + 0.25
    fresh.put(number, sst)
    assert (fresh.get(np.int64(number)) == fresh.get(SST)).all()
    assert (fresh.get(SST) == sst.astype(np.float32)).all()


def test_a_get_gives_a_new_vector_of_double_precision_or_fills_the_hosts_own(fresh):
    air = fresh.get("air_temperature")
    assert air.shape == (128,) and air.dtype == np.float64 and air.flags.owndata
    assert fresh.get("air_temperature") is not air
    for dtype in (np.float32, np.float64):
        for out in (np.empty(128, dtype), np.empty((8, 16), dtype), np.empty((16, 8), dtype).T,
                    np.empty((8, 32), dtype)[:, ::2]):  # fmt: skip
            assert fresh.get("air_temperature", out) is out
            assert (out.reshape(-1) == air).all()


def test_an_advance_is_by_the_coupling_interval(fresh):
    advance(fresh)
    assert fresh.clock.elapsed_seconds == fresh.interval_seconds
    advance(fresh)
    fresh.advance(np.int32(fresh.interval_seconds))
    assert fresh.clock.elapsed_seconds == 3 * fresh.interval_seconds


SHAPED = 290.0 + np.arange(128.0).reshape(8, 16) / 8.0

ARRAYS = {
    "vector": SHAPED.reshape(-1),
    "rows": SHAPED,
    "float32": SHAPED.astype(np.float32),
    "big-endian": SHAPED.astype(">f8"),
    "half": SHAPED.astype(np.float16),
    "fortran order": np.asfortranarray(SHAPED),
    "strided": np.repeat(SHAPED, 2, axis=1)[:, ::2],
    "read-only": np.broadcast_to(SHAPED, (8, 16)),
    "list": SHAPED.tolist(),
    "tuple": tuple(SHAPED.reshape(-1).tolist()),
    "xarray": xarray.DataArray(SHAPED, dims=("latitude", "longitude")),
    "memoryview": memoryview(SHAPED.reshape(-1)),
    "masked nowhere": np.ma.masked_array(SHAPED, mask=False),
}  # fmt: skip


@pytest.mark.parametrize("values", ARRAYS.values(), ids=ARRAYS)
def test_anything_with_the_right_numbers_is_taken(component, values):
    component.put(SST, values)
    expected = np.float16(SHAPED) if getattr(values, "dtype", None) == np.float16 else SHAPED
    assert (component.get(SST).reshape(8, 16) == expected.astype(np.float32)).all()


def test_whole_numbers_are_taken(component):
    for dtype in (np.int16, np.uint8, int):
        component.put(ICE, np.ones((8, 16), dtype))
        assert (component.get(ICE) == 1.0).all()


class Treacherous:
    """Says that it is an array, and is none."""

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("no values here")


class Lazy:
    """Makes a masked array when it is asked for its values, as a variable of an open file does."""

    def __array__(self, dtype=None, copy=None):
        return np.ma.masked_array(SHAPED, mask=SHAPED > 300.0)


BAD_ARRAYS = {
    "none": None,
    "text": "290.0",
    "texts": ["290.0"] * 128,
    "complex": SHAPED + 1.0j,
    "logical": np.ones(128, bool),
    "objects": SHAPED.astype(object),
    "dates": np.zeros(128, "datetime64[s]"),
    "ragged": [[1.0], [1.0, 2.0]],
    "mapping": {"values": SHAPED},
    "treacherous": Treacherous(),
    "masked": np.ma.masked_array(SHAPED, mask=SHAPED > 300.0),
    "masked rows": list(np.ma.masked_array(SHAPED, mask=SHAPED > 300.0)),
    "masked rows of rows": [list(np.ma.masked_array(SHAPED, mask=SHAPED > 300.0))],
    "masked when it is read": Lazy(),
}


@pytest.mark.parametrize("values", BAD_ARRAYS.values(), ids=BAD_ARRAYS)
def test_what_is_no_array_of_numbers_is_refused_and_counts_as_not_put(component, values):
    component.put(SST, SHAPED)
    component.put(ICE, np.zeros(128))
    with pytest.raises(ArgumentError, match="^sea_surface_temperature: "):
        component.put(SST, values)
    with pytest.raises(ArgumentError):
        component.save("mine", values)
    with pytest.raises(StateError, match="its last put was refused"):
        component.advance()


def test_a_mask_is_refused_with_the_remedy(component):
    masked = np.ma.masked_array(SHAPED, mask=SHAPED > 305.0)
    with pytest.raises(ArgumentError, match=r"7 of 128 points are masked.*x\.filled\(value\)"):
        component.put(SST, masked)
    component.put(SST, masked.filled(290.0))


class Unshowable:
    """Raises on being asked what it is."""

    def __repr__(self):
        raise RuntimeError("no words")


def test_what_cannot_be_shown_is_told_by_its_type(component):
    odd = Unshowable()
    for call in (
        lambda: component.field(odd),
        lambda: component.field_id(odd),
        lambda: component.get(odd),
        lambda: component.put(odd, SHAPED),
        lambda: component.advance(odd),
        lambda: component.save(odd, SHAPED),
        lambda: component.load(odd),
        lambda: component.on_timeout(odd),
    ):
        with pytest.raises(NgcmError, match="of type Unshowable"):
            call()


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((), "shape ().*expected 128 values"),
        ((3,), "got 3 values, expected 128"),
        ((8, 15), "got 120 values, expected 128"),
        ((16, 8), r"got shape \(16, 8\), expected \(8, 16\) .*give the transpose, x\.T"),
        ((4, 32), r"got shape \(4, 32\), expected \(8, 16\)"),
        ((2, 4, 16), r"shape \(2, 4, 16\).*rank 1 or 2"),
    ],
)
def test_arrays_of_another_shape_are_refused(component, shape, message):
    for call in (component.put, component.get, component.save, component.load):
        with pytest.raises(ShapeError, match=message):
            call(SST, np.full(shape, 290.0))


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_transposed_array_is_refused_however_it_lies_in_memory(component, order):
    with pytest.raises(ShapeError, match="give the transpose"):
        component.put(SST, np.asarray(SHAPED.T, order=order))


def test_a_host_with_an_order_of_its_own_folds_its_points_as_it_likes(namelist):
    """Rows from north to south, cut at another meridian and held as (longitude, latitude)."""
    own = np.arange(128).reshape(8, 16)[::-1, ::-1].T
    with Component.create(namelist) as component:
        component.set_partition((own + 1).tolist())
        component.put(SST, SHAPED[::-1, ::-1].T)
        assert (component.get(SST, np.empty((16, 8))).T[::-1, ::-1] == SHAPED).all()
        component.wait()
        assert (component.get(SST) == SHAPED[::-1, ::-1].T.reshape(-1)).all()


BAD_OUTS = {
    "list": [0.0] * 128,
    "whole numbers": np.zeros(128, int),
    "read-only": np.broadcast_to(0.0, (128,)),
    "xarray": xarray.DataArray(np.zeros(128)),
    "masked": np.ma.zeros(128),
}


@pytest.mark.parametrize("out", BAD_OUTS.values(), ids=BAD_OUTS)
def test_what_cannot_be_written_into_is_refused(component, out):
    for call in (component.get, component.load):
        with pytest.raises(ArgumentError, match="leave it out to get a new one"):
            call(SST, out)


@pytest.mark.parametrize("name", [None, 3.0, b"sea_surface_temperature", [SST], "", "sst", 0, 99])
def test_what_names_no_field_is_refused(component, name):
    for call in (lambda: component.put(name, SHAPED), lambda: component.get(name)):
        with pytest.raises(FieldError):
            call()


@pytest.mark.parametrize("seconds", ["3600", 3600.0, 1800, True, [3600], np.array([0, 3600])])
def test_an_advance_by_anything_else_is_refused(fresh, seconds):
    with pytest.raises(ArgumentError, match="the coupling interval is 3600"):
        fresh.advance(seconds)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((None,), ArgumentError),
        ((3,), ArgumentError),
        (("",), ArgumentError),
        (("no\0such",), ArgumentError),
        ((pathlib.Path("nowhere.nml"),), ConfigError),
    ],
)
def test_what_is_no_namelist_is_refused(arguments, error):
    with pytest.raises(error):
        Component.create(*arguments)


@pytest.mark.parametrize("comm", ["world", 1.0, True, object(), 2**40])
def test_what_is_no_communicator_is_refused(namelist, comm):
    with pytest.raises(NgcmError) as caught:
        Component.create(namelist, comm)
    assert "comm" in str(caught.value)


def test_other_arguments_of_the_wrong_kind_are_refused(fresh):
    for call in (
        lambda: fresh.set_partition("all"),
        lambda: fresh.set_partition(np.arange(1.0, 129.0)),
        lambda: fresh.save(3, SHAPED),
        lambda: fresh.load(None),
        lambda: fresh.on_timeout("now"),
        lambda: fresh.write_restart(3),
    ):
        with pytest.raises(ArgumentError):
            call()


def test_what_a_host_saves_comes_back(fresh, namelist, tmp_path):
    advance(fresh)
    fresh.save("heat", SHAPED)
    fresh.save("counts", list(range(128)))
    fresh.write_restart(tmp_path / "restart.nc")
    namelist.write_text(NAMELIST + f"&ngcm_restart read_file = '{tmp_path}/restart.nc' /")
    with Component.create(namelist) as continued:
        assert (continued.load("heat").reshape(8, 16) == SHAPED).all()
        out = np.empty((8, 16), np.float32)
        assert continued.load("counts", out) is out and out[7, 15] == 127.0


ARGUMENTS = {
    "field": (1,),
    "field_id": (SST,),
    "set_partition": (range(1, 129),),
    "put": (SST, SHAPED),
    "get": (SST,),
    "save": (SST, SHAPED),
    "load": (SST,),
    "on_timeout": (print,),
}


def test_a_closed_component_refuses_every_call_and_may_be_closed_again(namelist):
    component = Component.create(namelist)
    component.close()
    component.close()
    methods = {
        name
        for name, _ in inspect.getmembers(Component, inspect.isfunction)
        if not name.startswith("_") and name != "close"
    } | {"__enter__"}
    assert methods > ARGUMENTS.keys()
    for name in methods:
        with pytest.raises(StateError, match="has been closed"):
            getattr(component, name)(*ARGUMENTS.get(name, ()))
    assert component.closed and component.interval_seconds == 3600 and component.grid.nlat == 8


def fails_to_close(component, monkeypatch):
    def fail():
        raise DivergedError("no numbers")

    monkeypatch.setattr(component._owner, "close_files", fail)


def test_a_block_closes_at_its_end_and_when_it_fails(namelist):
    with Component.create(namelist) as component:
        advance(component)
    assert component.closed
    with pytest.raises(KeyError, match="mine"), Component.create(namelist) as component:
        raise KeyError("mine")
    assert component.closed


def test_a_failure_to_close_is_told_and_hides_none_of_the_block(namelist, monkeypatch):
    with pytest.raises(DivergedError), Component.create(namelist) as component:
        fails_to_close(component, monkeypatch)
    assert component.closed
    component = Component.create(namelist)
    fails_to_close(component, monkeypatch)
    with pytest.raises(KeyError) as caught, component:
        raise KeyError("mine")
    assert caught.value.__notes__ == ["closing the component failed too: no numbers"]
    assert component.closed


def test_libngcm_is_given_what_it_asks_for_without_a_copy(namelist):
    """What the bridge calls: views of the host's memory by number, which nobody keeps."""
    handle = abi.create(str(namelist), None)
    number = abi.field_id(handle, SST)
    host = np.empty(128, np.float32)
    abi.get(handle, number, host)
    layout = abi._component(handle)._imports.layout
    assert layout.vector(SST, host).base is host or layout.vector(SST, host) is host
    abi.put(handle, number, host)
    abi.destroy(handle)


@pytest.mark.parametrize(
    "name",
    [
        *("a/b", "ocean/temperature", "/", "", " ", " blank", "blank ", "tab\t", "nul\0", "line\n"),
        *("e\u0301", "\u212b", "x" * 201, "x" * 300, "\u6d77" * 84, "\U0001f30a" * 63, "\udce9"),
        *("no\u200bwidth", 5, None, b"bytes"),
    ],
)
def test_a_name_that_a_restart_could_not_keep_is_refused_when_it_is_saved(component, name):
    with pytest.raises(ArgumentError, match="as the name of an array of the host, expected"):
        component.save(name, np.zeros(component.grid.size))


ODD_NAMES = (
    *(".", "..", "...", "a b", "size_128", "imports", "temp\u00e9rature", "x" * 200),
    "\u6d77" * 83,
)


def test_every_name_that_is_saved_is_read_back(fresh, namelist, tmp_path):
    for number, name in enumerate(ODD_NAMES):
        fresh.save(name, SHAPED + number)
    fresh.write_restart(tmp_path / "restart.nc")
    namelist.write_text(NAMELIST + f"&ngcm_restart read_file = '{tmp_path}/restart.nc' /")
    with Component.create(namelist) as continued:
        for number, name in enumerate(ODD_NAMES):
            assert (continued.load(name).reshape(8, 16) == SHAPED + number).all(), name


@pytest.mark.parametrize(
    "path", [".", "..", "/", "folder/", pathlib.Path(), "\udcff.nc", b"\xff/r.nc", "a\0b", 3]
)
def test_what_can_be_no_file_of_a_restart_is_an_argument_error(component, path):
    with pytest.raises(ArgumentError, match="^write_restart: got "):
        component.write_restart(path)


@pytest.mark.parametrize("path", ["nowhere/r.nc", "x" * 300, "/dev/null", "/dev/stdout"])
def test_a_restart_is_not_written_where_no_file_can_be(fresh, path):
    kind = pathlib.Path("/dev/null").stat().st_mode
    with pytest.raises(OutputError, match="cannot be written"):
        fresh.write_restart(path)
    assert pathlib.Path("/dev/null").stat().st_mode == kind
    assert pathlib.Path("/dev/stdout").is_symlink()


def test_a_pipe_is_no_restart_and_stays(fresh, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OutputError, match="it is a pipe; name a file"):
        fresh.write_restart(tmp_path / "pipe")
    assert (tmp_path / "pipe").is_fifo()
