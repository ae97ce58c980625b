"""Grid files: every format gives back the grid that was written; bad files say what to do."""

import dataclasses
import gzip
import pathlib

import netCDF4
import numpy as np
import pytest
from grid_writers import (
    GRID,
    NLAT,
    NLON,
    N,
    put,
    write_cf,
    write_esmf,
    write_oasis,
    write_scrip,
    write_ugrid,
)

from ngcm_coupler.errors import ArgumentError, DataError
from ngcm_coupler.regrid.grid_files import read_surface_grid

EXAMPLES = pathlib.Path("/usr/share/doc/liboasis3-doc/examples/test_interpolation/data_oasis3")


def assert_same(grid, expected=GRID, shape=(NLON, NLAT)):
    assert grid.shape == shape
    for key in ("longitude", "latitude", "corner_longitude", "corner_latitude", "area"):
        got = getattr(grid, key)
        got = got[:, :4] if key.startswith("corner") else got
        # Files in radians or on the unit sphere round the last digit.
        np.testing.assert_allclose(got, getattr(expected, key), rtol=1e-13, atol=1e-12)
    np.testing.assert_array_equal(grid.sea, expected.sea)


def test_oasis_files_give_the_grid_back(tmp_path):
    grid = read_surface_grid(write_oasis(tmp_path))
    assert grid.name == "ocea"
    assert_same(grid)


def test_oasis_files_need_no_areas_but_a_mask(tmp_path):
    path = write_oasis(tmp_path)
    (tmp_path / "areas.nc").unlink()
    assert read_surface_grid(path, "ocea").area is None
    (tmp_path / "masks.nc").unlink()
    with pytest.raises(DataError, match="no mask of 'ocea'.*'ocea.msk' in .*masks.nc"):
        read_surface_grid(path, "ocea")


@pytest.mark.parametrize(
    "units",
    ["degree", "degrees", "deg", "degrees_north", "degree_N", "degreesE", "Degrees East",
     "degrees_true", "arc_degree", "radian", "radians", "rad", "degrees_lat", "degrees (north)"],
)  # fmt: skip
def test_angles_may_be_spelt_in_many_ways(tmp_path, units):
    path = write_scrip(tmp_path, "radians" if units.startswith("rad") else "degrees")
    with netCDF4.Dataset(path, "a") as file:
        file["grid_center_lat"].units = units
    assert_same(read_surface_grid(path, "ocea"))


@pytest.mark.parametrize(
    "units",
    ["degrees-south", "degrees_west", "degrees*60", "degree_C", "degrees/s", "rad/s", "radiance",
     "degrees2", "mrad"],
)  # fmt: skip
def test_what_is_no_angle_is_refused(tmp_path, units):
    path = write_scrip(tmp_path, "degrees")
    with netCDF4.Dataset(path, "a") as file:
        file["grid_center_lat"].units = units
    with pytest.raises(DataError, match="expected degrees or radians, to the east or the north"):
        read_surface_grid(path)


@pytest.mark.parametrize("units", ["radians", "degrees"])
def test_scrip_file_gives_the_grid_back(tmp_path, units):
    assert_same(read_surface_grid(write_scrip(tmp_path, units), "ocea"))


@pytest.mark.parametrize("corners_first", [False, True])
def test_scrip_file_may_have_its_cells_along_two_dimensions(tmp_path, corners_first):
    cells = ("grid_ysize", "grid_xsize")
    path = write_scrip(tmp_path, cells=cells, corners_first=corners_first)
    assert_same(read_surface_grid(path, "ocea"))


@pytest.mark.parametrize(("start", "ragged"), [(1, False), (0, False), (1, True)])
def test_esmf_mesh_gives_the_grid_back(tmp_path, start, ragged):
    assert_same(read_surface_grid(write_esmf(tmp_path, start, ragged)))


@pytest.mark.parametrize("transposed", [False, True])
def test_ugrid_file_gives_the_grid_back(tmp_path, transposed):
    grid = read_surface_grid(write_ugrid(tmp_path, transposed))
    assert grid.corner_longitude.shape == (N, 5), "the last corner is repeated"
    assert_same(grid, shape=(N,))


def test_ugrid_faces_without_centres_get_their_middles(tmp_path):
    grid = read_surface_grid(write_ugrid(tmp_path, centres=False))
    # The mean of the corners in degrees is off the centroid by the square of a cell's width of
    # 8 degrees, 0.02 of its width.
    np.testing.assert_allclose(grid.latitude, GRID.latitude, atol=0.05)
    np.testing.assert_allclose(grid.longitude, GRID.longitude % 360.0, atol=0.05)


@pytest.mark.parametrize("name", ["", "tmask", "sst"])
@pytest.mark.parametrize("mask", ["sea_binary_mask", "land_binary_mask"])
def test_cf_curvilinear_file_gives_the_grid_back(tmp_path, name, mask):
    assert_same(read_surface_grid(write_cf(tmp_path, mask), name))


@pytest.mark.parametrize("dimensions", [("lat", "lon"), ("lon", "lat")])
def test_cf_regular_file_spreads_its_bounds_over_the_cells(tmp_path, dimensions):
    longitude, latitude = np.arange(4) * 90.0, np.array([60.0, 0.0, -60.0])
    mask = np.ones((3, 4), "i1")
    mask[0, 1] = 0
    with netCDF4.Dataset(tmp_path / "regular.nc", "w") as dataset:
        for name, axis, centre, half in (
            ("lon", "longitude", longitude, 45.0),
            ("lat", "latitude", latitude, -30.0),
        ):
            dataset.createDimension(name, centre.size)
            units = "degrees_east" if name == "lon" else "degrees_north"
            put(
                dataset,
                name,
                (name,),
                centre,
                units=units,
                bounds=f"{name}_bnds",
                standard_name=axis,
            )
            if "two" not in dataset.dimensions:
                dataset.createDimension("two", 2)
            bounds = centre[:, None] + half * np.array([-1.0, 1.0])
            put(dataset, f"{name}_bnds", (name, "two"), bounds)
        values = mask if dimensions == ("lat", "lon") else mask.T
        put(dataset, "mask", dimensions, values, standard_name="sea_binary_mask")
    grid = read_surface_grid(tmp_path / "regular.nc")
    assert grid.shape == ((4, 3) if dimensions == ("lat", "lon") else (3, 4))
    cell = int(np.flatnonzero(~grid.sea)[0])
    assert (grid.longitude[cell], grid.latitude[cell]) == (90.0, 60.0)
    assert sorted(zip(grid.corner_longitude[cell], grid.corner_latitude[cell], strict=True)) == [
        (45.0, 30.0), (45.0, 90.0), (135.0, 30.0), (135.0, 90.0),
    ]  # fmt: skip
    np.testing.assert_allclose(grid.polygon_area.sum(), 4.0 * np.pi, rtol=1e-12)


def test_packed_coordinates_are_unpacked_and_land_may_lack_them(tmp_path):
    path = write_cf(tmp_path)
    with netCDF4.Dataset(path, "a") as dataset:
        for name, axis in (("nav_lon", "longitude"), ("nav_lat", "latitude")):
            dataset.renameVariable(name, f"old_{name}")
            packed = dataset.createVariable(name, "i4", ("j", "i"), fill_value=-1)
            packed.setncatts(
                {
                    "scale_factor": 1e-6,
                    "add_offset": 100.0,
                    "standard_name": axis,
                    "units": dataset[f"old_{name}"].units,
                    "bounds": f"{name}_corners",
                }
            )
            values = np.ma.array(getattr(GRID, axis).reshape(NLAT, NLON))
            packed[:] = np.ma.masked_where(~GRID.sea.reshape(NLAT, NLON), values)
            dataset[f"old_{name}"].setncatts({"standard_name": "", "units": ""})
    grid = read_surface_grid(path)
    np.testing.assert_allclose(grid.longitude[GRID.sea], GRID.longitude[GRID.sea], atol=1e-6)
    np.testing.assert_array_equal(grid.longitude[~GRID.sea], 0.0)


def test_files_of_either_convention_of_longitude_are_the_same_grid(tmp_path):
    west = (GRID.longitude + 180.0) % 360.0 - 180.0
    moved = dataclasses.replace(GRID, longitude=west)
    grid = read_surface_grid(write_oasis(tmp_path, moved))
    assert grid.longitude.min() < 0.0
    assert grid.first_of_duplicates.all()


@pytest.mark.parametrize(
    ("write", "change", "message"),
    [
        (
            write_oasis,
            {"name": "ocae"},
            "no grid prefix 'ocae', expected one of ocea .did you mean",
        ),
        (
            write_scrip,
            {"units": ("grid_center_lat", "bogus")},
            "units of 'grid_center_lat' are 'bo",
        ),
        (write_scrip, {"units": ("grid_area", "acres")}, "units of 'grid_area' are 'acres'.* m2, "),
        (write_scrip, {"rename": ("grid_imask", "mask")}, "no variable 'grid_imask', expected one"),
        (write_scrip, {"rename": ("grid_imask", "grid_mask")}, "did you mean 'grid_mask'"),
        (write_scrip, {"value": ("grid_imask", 7, 2)}, "'grid_imask' is 2 in cell 8, expected a"),
        (write_scrip, {"value": ("grid_dims", 1, 5)}, "longitude has shape .20,., expected .25,."),
        (write_scrip, {"value": ("grid_center_lat", 7, 2.0)}, "cell 3, 2 .*latitude 114.59"),
        (write_scrip, {"value": ("grid_imask", ..., 0)}, "none of the 20 cells is sea"),
        (write_esmf, {"value": ("elementConn", (7, 2), 900)}, "cell 8 has node 900, expected at m"),
        (write_esmf, {"value": ("elementConn", (7, 2), -8)}, "cell 8 has a gap among its nodes"),
        (write_esmf, {"value": ("numElementConn", 7, 2)}, "cell 8 has 2 nodes, expected at least"),
        (write_esmf, {"value": ("numElementConn", 7, 9)}, "at most 9 of a cell, that numElementC"),
        (write_ugrid, {"value": ("nodes", (7, 3), 7)}, "cell 8.* corners"),
        (write_ugrid, {"attribute": ("mesh", "node_coordinates", "x z")}, "0 variables of latit"),
        (write_cf, {"attribute": ("nav_lat", "bounds", "")}, "'nav_lat' has no attribute bounds"),
        (write_cf, {"attribute": ("tmask", "standard_name", "x")}, "got no mask, expected a vari"),
        (write_cf, {"attribute": ("tmask", "coordinates", "nav_lat")}, "0 variables of longitud"),
        (write_cf, {"name": "tmaks"}, "no mask 'tmaks', expected one of tmask .did you mean"),
        (write_cf, {"value": ("nav_lon", (1, 2), 1e36)}, "cell 3, 2 .*a centre lies"),
    ],
)
def test_bad_file_says_what_is_wrong(tmp_path, write, change, message):
    path = write(tmp_path)
    with netCDF4.Dataset(path, "a") as dataset:
        if "units" in change:
            name, units = change["units"]
            dataset[name].units = units
        if "attribute" in change:
            name, key, text = change["attribute"]
            dataset[name].setncattr(key, text)
        if "rename" in change:
            dataset.renameVariable(*change["rename"])
        if "value" in change:
            name, index, value = change["value"]
            dataset[name][index] = value
    with pytest.raises(DataError, match=message):
        read_surface_grid(path, change.get("name", ""))


def test_what_is_no_grid_file_is_refused(tmp_path):
    with pytest.raises(DataError, match="missing.nc cannot be read .*correct the path"):
        read_surface_grid(tmp_path / "missing.nc")
    (tmp_path / "text.nc").write_text("no netCDF")
    with pytest.raises(DataError, match="cannot be read .*expected a netCDF file"):
        read_surface_grid(tmp_path / "text.nc")
    with netCDF4.Dataset(tmp_path / "other.nc", "w") as dataset:
        dataset.createDimension("x", 1)
        put(dataset, "sst", ("x",), np.zeros(1))
    with pytest.raises(DataError, match="got the variables sst, expected a grid file of OASIS"):
        read_surface_grid(tmp_path / "other.nc")


@pytest.fixture(scope="module")
def orca2(tmp_path_factory):
    """NEMO's ORCA2 grid from the examples of OASIS."""
    if not (EXAMPLES / "grids.nc.gz").is_file():
        pytest.skip("the examples of OASIS3-MCT are not installed")
    folder = tmp_path_factory.mktemp("orca2")
    for file in ("grids", "masks", "areas"):
        content = gzip.decompress((EXAMPLES / f"{file}.nc.gz").read_bytes())
        (folder / f"{file}.nc").write_bytes(content)
    return read_surface_grid(folder / "grids.nc", "torc")


@pytest.mark.oasis
def test_orca2_has_its_sea_and_its_copies(orca2):
    assert orca2.shape == (182, 149)
    assert orca2.sea.sum() == 16501
    # Two columns at the ends of the rows and the last row, and half of the row before it, which
    # the fold lays on its other half; all of them are masked, so that the sea counts once.
    copies = ~orca2.first_of_duplicates.reshape(149, 182)
    assert copies.sum() == 2 * 149 + 182 + 91 - 4
    assert not np.any(copies.reshape(-1) & orca2.sea)


@pytest.mark.oasis
def test_orca2_has_the_areas_of_its_polygons_but_at_gibraltar(orca2):
    # The model's areas are those of a sphere of 6371 km; at Gibraltar three cells are larger than
    # within their corners.
    sea = np.flatnonzero(orca2.sea)
    ratio = orca2.area[sea] / (orca2.polygon_area[sea] * 6.371e6**2)
    odd = sea[np.abs(ratio - 1.0) > 5e-4]
    np.testing.assert_allclose(orca2.longitude[odd] - 360.0, [-8.2, -6.7, -5.5], atol=0.1)
    np.testing.assert_allclose(orca2.latitude[odd], 36.6, atol=0.3)
    np.testing.assert_allclose(ratio.max(), 1.066, atol=0.001)


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"scale_factor": 0.0}, "is 1, which is sea, in no cell, as its attributes scale_factor"),
        ({"valid_range": np.array([0, 0], "i4")}, "in no cell, as its attributes valid_range"),
        ({"valid_min": np.int32(7)}, "has no value at all, as its attributes valid_min"),
        ({"scale_factor": np.nan}, "has no value at all, as its attributes scale_factor"),
        ({"add_offset": 0.5}, "expected a mask of 0 and 1"),
    ],
)
def test_attributes_that_leave_no_sea_are_named(tmp_path, attributes, message):
    path = write_scrip(tmp_path)
    with netCDF4.Dataset(path, "a") as dataset:
        dataset["grid_imask"].setncatts(attributes)
    with pytest.raises(DataError, match=rf"'grid_imask' .*{message}") as caught:
        read_surface_grid(path)
    assert f"its attributes {next(iter(attributes))} have it" in str(caught.value)


def test_a_mask_that_is_packed_as_a_constant_is_one(tmp_path):
    path = write_scrip(tmp_path)
    with netCDF4.Dataset(path, "a") as dataset:
        dataset["grid_imask"].setncatts({"scale_factor": 0.0, "add_offset": 1.0})
    assert read_surface_grid(path).sea.all()


def test_the_name_of_a_grid_is_text_and_that_of_its_file_splits_no_message(tmp_path):
    path = write_scrip(tmp_path)
    with pytest.raises(ArgumentError, match="name of a grid: got 5, expected text"):
        read_surface_grid(path, 5)
    with pytest.raises(DataError) as caught:
        read_surface_grid(tmp_path / "one\ntwo.nc")
    assert len(str(caught.value).splitlines()) == 1
