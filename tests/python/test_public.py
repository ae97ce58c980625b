"""The names for everyone: light to import, known to type checkers, careful with what they get."""

import ast
import dataclasses
import importlib
import importlib.metadata
import importlib.util
import pathlib
import subprocess
import sys

import numpy as np
import pytest

import ngcm_coupler
from ngcm_coupler import ExchangeGrid, GaussianGrid, Regridder, SurfaceGrid
from ngcm_coupler.errors import ArgumentError, NgcmError, ShapeError, ValueRangeError
from ngcm_coupler.files.netcdf import import_netcdf4
from ngcm_coupler.regrid.weights import GridPoints, Weights

INSTALLED = pathlib.Path(importlib.util.find_spec("ngcm_coupler").origin)


def in_python(program, cwd):
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_the_package_alone_loads_nothing(tmp_path):
    loaded = in_python("import ngcm_coupler, sys; print(*sys.modules)", tmp_path)
    assert not {"numpy", "jax", "scipy", "netCDF4", "mpi4py"} & {*loaded}
    assert [name for name in loaded if name.startswith("ngcm_coupler")] == ["ngcm_coupler"]


def test_a_star_gives_the_names_and_no_jax(tmp_path):
    program = "from ngcm_coupler import *; import sys; print('jax' in sys.modules, *dir())"
    jax, *names = in_python(program, tmp_path)
    assert {name for name in names if not name.startswith("__")} == {*ngcm_coupler.__all__, "sys"}
    assert jax == "False"


def test_every_name_is_there_and_no_other():
    assert {*ngcm_coupler.__all__} <= {*dir(ngcm_coupler)}
    for name in ngcm_coupler.__all__:
        assert getattr(ngcm_coupler, name).__doc__
    with pytest.raises(AttributeError, match="no attribute 'Componet'"):
        ngcm_coupler.Componet  # noqa: B018


def test_type_checkers_are_told_of_the_same_objects():
    tree = ast.parse(INSTALLED.read_text())
    checked = next(node for node in tree.body if isinstance(node, ast.If))
    told = {
        alias.asname or alias.name: getattr(importlib.import_module(line.module), alias.name)
        for line in checked.body
        for alias in line.names
    }
    assert told.keys() == {*ngcm_coupler.__all__}
    for name, thing in told.items():
        assert getattr(ngcm_coupler, name) is thing


def test_the_installed_package_says_that_it_is_typed():
    files = [str(file) for file in importlib.metadata.files("ngcm_coupler")]
    assert "ngcm_coupler/py.typed" in files and INSTALLED.with_name("py.typed").exists()


HOST = """
import numpy as np
from ngcm_coupler import Component, NgcmError, load_config

with Component.create("run.nml") as atmosphere:
    reveal_type(atmosphere)
    reveal_type(atmosphere.get("air_temperature"))
    atmosphere.put("sea_surface_temperature", [1.0, 2.0])
    atmosphere.advance()
    reveal_type(atmosphere.grid.nlat)
    reveal_type(atmosphere.fields[0].units)
    reveal_type(load_config("run.nml").coupling.interval_seconds)
Component.create(3)
atmosphere.advance("now")
atmosphere.put("sea_surface_temperature")
"""


@pytest.mark.slow
def test_a_type_checker_sees_the_names_from_outside(tmp_path):
    checker = pathlib.Path(sys.executable).with_name("basedpyright")
    if not checker.exists():
        pytest.skip("basedpyright is not installed")
    (tmp_path / "host.py").write_text(HOST)
    (tmp_path / "pyrightconfig.json").write_text('{"typeCheckingMode": "standard"}')
    done = subprocess.run(
        [checker, "--pythonpath", sys.executable, "host.py"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    revealed = [line.split('is "')[1].rstrip('"') for line in done.stdout.splitlines()
                if "Type of" in line]  # fmt: skip
    assert revealed[0] == "Component" and revealed[1].startswith("ndarray["), done.stdout
    assert revealed[2:] == ["int", "str", "int"]
    wrong = sorted(
        {int(line.split(":")[1]) for line in done.stdout.splitlines() if " error: " in line}
    )
    first = HOST.splitlines().index("Component.create(3)") + 1
    assert wrong == [first, first + 1, first + 2], done.stdout


@pytest.fixture(scope="module")
def exchange():
    """Of the sea of the whole sphere, in boxes of 30 degrees, with a coarse atmosphere."""
    west, south = np.meshgrid(np.arange(0.0, 360.0, 30.0), np.arange(-90.0, 90.0, 30.0))
    west, south = west.reshape(-1), south.reshape(-1)
    surface = SurfaceGrid(
        "boxes", (12, 6), west + 15.0, south + 15.0,
        west[:, None] + [0.0, 30.0, 30.0, 0.0], south[:, None] + [0.0, 0.0, 30.0, 30.0],
        np.ones(72, bool),
    )  # fmt: skip
    return ExchangeGrid.build(GaussianGrid(16, 8), surface)


def test_a_regridder_takes_any_array_of_numbers(exchange):
    down = exchange.regridder("to_surface", "conservative")
    ones = np.ones(128)
    expected = down.apply(ones)
    np.testing.assert_allclose(expected, 1.0, rtol=1e-12)
    for values in (ones.tolist(), ones.astype(int), np.ma.masked_array(ones, mask=False)):
        assert (down.apply(values) == expected).all()
    east, north = down.apply_vector(ones.tolist(), [0] * 128)
    assert east.shape == north.shape == (72,)


@pytest.mark.parametrize(
    "wrong", [None, "x", ["x"] * 128, np.ones(128, complex), np.ma.masked_array(np.ones(128), True)]
)
def test_what_is_no_array_of_numbers_is_not_regridded(exchange, wrong):
    down = exchange.regridder("to_surface", "conservative")
    for call in (
        lambda: down.apply(wrong),
        lambda: down.apply_vector(wrong, np.ones(128)),
        lambda: down.apply_vector(np.ones(128), wrong),
    ):
        with pytest.raises(ArgumentError, match="real numbers|masked"):
            call()
    with pytest.raises(ArgumentError, match="out is a list"):
        down.apply(np.ones(128), out=[0.0] * 72)


def test_arguments_of_the_wrong_kind_are_errors_of_the_project(exchange, tmp_path):
    down = exchange.regridder("to_surface", "conservative")
    for call in (
        lambda: GaussianGrid("64", 32),
        lambda: GaussianGrid(64, 0),
        lambda: GaussianGrid(64.0, 32),
        lambda: ExchangeGrid.build("grids.nc", exchange.surface),
        lambda: ExchangeGrid.build(exchange.atmosphere, None),
        lambda: exchange.regridder("down", "conservative"),
        lambda: exchange.regridder("to_surface", None),
        lambda: exchange.regridder(np.array([1, 2]), "conservative"),
        lambda: Regridder.from_file(tmp_path / "w.nc", source=1),
        lambda: ngcm_coupler.write_weights(down.weights, tmp_path / "w.nc", np.array([1, 2])),
        lambda: ngcm_coupler.read_checkpoint(np.array([1, 2])),
        lambda: down.check(tolerance=None),
        lambda: down.check(tolerance="x"),
        lambda: down.check(tolerance=float("nan")),
        lambda: down.apply_in_jax(None),
        lambda: down.apply_in_jax(np.ma.masked_all(128)),
        lambda: down.apply_in_jax(np.zeros(128, "datetime64[s]")),
        lambda: exchange.atmosphere.land_and_inland_water(None),
        lambda: exchange.atmosphere.nearest_of(None),
        lambda: exchange.atmosphere.nearest_of(np.zeros(128, bool)),
        lambda: exchange.atmosphere.place(1.5),
        lambda: exchange.atmosphere.place(128),
        lambda: exchange.surface.place(72),
        lambda: dataclasses.replace(exchange.surface, longitude=None),
        lambda: dataclasses.replace(exchange.surface, corner_latitude=None),
        lambda: Regridder.from_file(None),
        lambda: ngcm_coupler.read_surface_grid(None),
        lambda: ngcm_coupler.write_weights(down, tmp_path / "w.nc"),
        lambda: ngcm_coupler.write_weights(down.weights, 3),
        lambda: ngcm_coupler.write_weights(down.weights, tmp_path / "w.nc", "scrap"),
        lambda: ngcm_coupler.read_checkpoint(3),
        lambda: ngcm_coupler.load_config(None),
        lambda: ngcm_coupler.Component.create(None),
    ):
        with pytest.raises(ArgumentError):
            call()
    for call in (
        lambda: Regridder.from_file(tmp_path / "none.nc"),
        lambda: ngcm_coupler.read_surface_grid(tmp_path / "none.nc"),
        lambda: ngcm_coupler.write_weights(down.weights, tmp_path / "none" / "w.nc"),
        lambda: ngcm_coupler.read_checkpoint(tmp_path / "none.pkl"),
        lambda: ngcm_coupler.load_config(tmp_path / "none.nml"),
        lambda: dataclasses.replace(exchange.surface, shape=(7, 6)).polygon_area,
        lambda: dataclasses.replace(exchange.surface, sea=[True]).first_of_duplicates,
        lambda: dataclasses.replace(exchange.surface, corner_longitude=[0.0]).polygon_area,
        lambda: exchange.atmosphere.land_and_inland_water(np.zeros(3)),
        lambda: exchange.atmosphere.nearest_of(np.ones((8, 16), bool)),
    ):
        with pytest.raises(NgcmError):
            call()


class Unshowable:
    """Raises on being asked what it is."""

    def __repr__(self):
        raise RuntimeError("no words")


def test_what_cannot_be_shown_is_told_by_its_type(exchange):
    for call in (
        lambda: GaussianGrid(Unshowable(), 4),
        lambda: exchange.atmosphere.place(Unshowable()),
        lambda: dataclasses.replace(exchange.surface, shape=Unshowable()),
        lambda: exchange.regridder(Unshowable(), "conservative"),
        lambda: Regridder.from_file(Unshowable()),
    ):
        with pytest.raises(ArgumentError, match="of type Unshowable"):
            call()


@pytest.mark.parametrize("norm", ["destaera", "bogus", "", 5, True, b"fracarea"])
def test_weights_are_per_nothing_unknown(exchange, norm, tmp_path):
    down = exchange.regridder("to_surface", "conservative")
    ngcm_coupler.write_weights(down.weights, tmp_path / "w.nc")
    wanted = "expected one of fracarea, destarea, modelarea"
    hint = "did you mean destarea" if norm == "destaera" else "choose one"
    with pytest.raises(ArgumentError, match=f"norm is .*{wanted}; {hint}"):
        Regridder.from_file(tmp_path / "w.nc", norm=norm)
    foreign = dataclasses.replace(down.weights, normalization="none")
    ngcm_coupler.write_weights(foreign, tmp_path / "w.nc")
    said = Regridder.from_file(tmp_path / "w.nc").norm
    assert Regridder.from_file(tmp_path / "w.nc", norm=said).norm == said == "none"


def test_angles_are_held_to_what_fields_are(exchange):
    down = exchange.regridder("to_surface", "conservative")
    ones = np.ones(128)
    expected = down.apply_vector(ones, ones, source_angle=np.full(128, 30.0))
    for angle in (30.0, 390, [30.0] * 128):
        np.testing.assert_allclose(down.apply_vector(ones, ones, source_angle=angle), expected)
    for wrong, error, message in (
        (np.ma.masked_all(128), ArgumentError, "source_angle: got a masked array"),
        ("x", ArgumentError, "source_angle"),
        (np.zeros(128, "datetime64[s]"), ArgumentError, "source_angle"),
        ([1.0, 2.0], ShapeError, r"shape \(2,\), expected \(128,\)"),
        (np.zeros((1, 128)), ShapeError, r"shape \(1, 128\)"),
        (np.full(128, 9e36), ValueRangeError, "128 of 128 angles .* the first is 9e.36 at point 1"),
        (np.full(128, np.nan), ValueRangeError, "not finite"),
    ):
        with pytest.raises(error, match=message):
            down.apply_vector(ones, ones, source_angle=wrong)
    with pytest.raises(ValueRangeError, match="target_angle: 72 of 72"):
        down.apply_vector(ones, ones, target_angle=np.full(72, -2000.0))


def test_points_without_weight_may_have_any_angle(exchange):
    land = dataclasses.replace(exchange.surface, sea=np.arange(72) >= 12)
    up = ExchangeGrid.build(exchange.atmosphere, land).regridder("to_atmosphere", "conservative")
    angle = np.where(land.sea, 20.0, np.nan)
    east, north = up.apply_vector(np.ones(72), np.ones(72), source_angle=angle)
    assert np.isfinite(east).all() and np.isfinite(north).all()


def test_fields_in_jax_may_be_of_numpy(exchange):
    down = exchange.regridder("to_surface", "conservative")
    for values in (np.ones(128), np.ones(128, int), [1] * 128, np.ones(128, np.float16)):
        np.testing.assert_allclose(down.apply_in_jax(values), 1.0, rtol=2e-3)


def test_no_weights_are_made_of_what_lies_under_a_mask():
    whole = {"source_index": [0, 1], "target_index": [0, 0], "weight": [0.5, 0.5]}
    assert Weights(2, 1, **whole).matrix.toarray().tolist() == [[0.5, 0.5]]
    for name in (*whole, "source_area", "source_fraction"):
        masked = np.ma.array(whole.get(name, [1.0, 1.0]), mask=[False, True])
        with pytest.raises(ArgumentError, match=f"weights: {name}: got a masked array in which 1"):
            Weights(2, 1, **(whole | {name: masked}))
    for name in ("longitude", "latitude", "sea"):
        points = {"longitude": [0.0, 9.0], "latitude": [0.0, 9.0], "sea": [True, False]}
        points[name] = np.ma.array(points[name], mask=[False, True])
        with pytest.raises(ArgumentError, match=f"points of 'o': {name}: got a masked array"):
            GridPoints("o", (2,), **points)


def test_a_variable_of_an_open_file_has_the_mask_that_its_values_have(exchange, tmp_path):
    down = exchange.regridder("to_surface", "conservative")
    with import_netcdf4().Dataset(tmp_path / "sst.nc", "w") as file:
        file.createDimension("x", 128)
        whole = file.createVariable("whole", "f8", ("x",))
        whole[:] = 280.0
        holed = file.createVariable("holed", "f8", ("x",), fill_value=-999.0)
        holed[:] = np.ma.masked_equal(np.arange(128.0), 3.0)
        np.testing.assert_allclose(down.apply(whole), 280.0, rtol=1e-12)
        np.testing.assert_allclose(down.apply([whole, whole]), 280.0, rtol=1e-12)
        for values in (holed, holed[:], [whole, holed], [[whole, holed]]):
            with pytest.raises(ArgumentError, match="got a masked array in which 1 of"):
                down.apply(values)
        with pytest.raises(ArgumentError, match="points of 'o': longitude: got a masked array"):
            GridPoints("o", (128,), holed, whole)


def test_a_mask_of_zeros_and_ones_is_a_mask_and_other_numbers_are_none():
    grid = GaussianGrid(8, 4)
    corners = grid.corner_longitude.reshape(32, 4), grid.corner_latitude.reshape(32, 4)
    sea = np.arange(32) % 2
    masked = [
        SurfaceGrid("s", (8, 4), grid.longitude, grid.latitude, *corners, mask)
        for mask in (sea, sea == 1)
    ]
    up = [
        ExchangeGrid.build(GaussianGrid(16, 8), each).regridder("to_atmosphere", "conservative")
        for each in masked
    ]
    np.testing.assert_array_equal(*(each.apply(np.ones(32)) for each in up))
    with pytest.raises(ArgumentError, match="give an array of bool"):
        SurfaceGrid("s", (8, 4), grid.longitude, grid.latitude, *corners, sea * 2)
    under = np.ma.array(np.ones(32, bool), mask=~(sea == 1))
    with pytest.raises(ArgumentError, match="grid 's': sea: got a masked array in which 16 of 32"):
        SurfaceGrid("s", (8, 4), grid.longitude, grid.latitude, *corners, under)
    for length in (True, -3, 2.5):
        with pytest.raises(ArgumentError, match="GaussianGrid: nlon is"):
            GaussianGrid(length, 4)
    assert GaussianGrid(np.int16(512), np.int16(256)).size == 512 * 256
