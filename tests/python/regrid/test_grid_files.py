"""Grid files: every format gives back the grid that was written; bad files say what to do."""

import dataclasses
import gzip
import pathlib

import netCDF4
import numpy as np
import pytest

from ngcm_coupler.constants import EARTH_RADIUS
from ngcm_coupler.errors import DataError
from ngcm_coupler.regrid.grid_files import read_surface_grid
from ngcm_coupler.regrid.surface_grid import SurfaceGrid

EXAMPLES = pathlib.Path("/usr/share/doc/liboasis3-doc/examples/test_interpolation/data_oasis3")
NLON, NLAT = 5, 4
N = NLON * NLAT


def curvilinear():
    """A sheared patch across Greenwich, two cells of it land, with areas of its own."""
    i, j = np.meshgrid(np.arange(NLON + 1.0), np.arange(NLAT + 1.0))
    longitude, latitude = 340.0 + 8.0 * i + j, -10.0 + 6.0 * j + 0.5 * i

    def corners(vertex):
        return np.stack(
            [vertex[:-1, :-1], vertex[:-1, 1:], vertex[1:, 1:], vertex[1:, :-1]], axis=-1
        ).reshape(N, 4)

    corner_longitude, corner_latitude = corners(longitude), corners(latitude)
    sea = np.ones(N, bool)
    sea[[3, 11]] = False
    grid = SurfaceGrid(
        "ocea",
        (NLON, NLAT),
        corner_longitude.mean(axis=1),
        corner_latitude.mean(axis=1),
        corner_longitude,
        corner_latitude,
        sea,
    )
    return dataclasses.replace(grid, area=1.01 * EARTH_RADIUS**2 * grid.polygon_area)


GRID = curvilinear()
VERTICES = np.stack([np.arange(N)[:, None] * 4 + corner for corner in range(4)], axis=1)[..., 0]
"""Nodes of the cells when each cell has nodes of its own."""


def put(dataset, name, dimensions, values, **attributes):
    fill = attributes.pop("fill", None)
    values = np.asarray(values)
    variable = dataset.createVariable(name, values.dtype, dimensions, fill_value=fill)
    variable.setncatts(attributes)
    variable[...] = values
    return variable


def write_oasis(folder, grid=GRID):
    for file, parts in {
        "grids": {"lon": grid.longitude, "lat": grid.latitude},
        "masks": {"msk": (~grid.sea).astype("i4")},
        "areas": {"srf": grid.area},
    }.items():
        with netCDF4.Dataset(folder / f"{file}.nc", "w") as dataset:
            dataset.createDimension("x", NLON)
            dataset.createDimension("y", NLAT)
            dataset.createDimension("crn", 4)
            for part, values in parts.items():
                put(dataset, f"ocea.{part}", ("y", "x"), values.reshape(NLAT, NLON))
            if file == "grids":
                for part, values in (("clo", grid.corner_longitude), ("cla", grid.corner_latitude)):
                    values = values.T.reshape(4, NLAT, NLON)
                    put(dataset, f"ocea.{part}", ("crn", "y", "x"), values)
    return folder / "grids.nc"


def write_scrip(folder, units="radians"):
    angle = np.deg2rad if units == "radians" else np.asarray
    with netCDF4.Dataset(folder / "scrip.nc", "w") as dataset:
        for name, size in {"grid_size": N, "grid_corners": 4, "grid_rank": 2}.items():
            dataset.createDimension(name, size)
        put(dataset, "grid_dims", ("grid_rank",), np.array(GRID.shape, "i4"))
        for axis, centre, corner in (
            ("lon", GRID.longitude, GRID.corner_longitude),
            ("lat", GRID.latitude, GRID.corner_latitude),
        ):
            put(dataset, f"grid_center_{axis}", ("grid_size",), angle(centre), units=units)
            dimensions = ("grid_size", "grid_corners")
            put(dataset, f"grid_corner_{axis}", dimensions, angle(corner), units=units)
        put(dataset, "grid_imask", ("grid_size",), GRID.sea.astype("i4"), units="unitless")
        area = GRID.area / EARTH_RADIUS**2
        put(dataset, "grid_area", ("grid_size",), area, units="square radians")
    return folder / "scrip.nc"


def write_esmf(folder, start=1, ragged=False):
    with netCDF4.Dataset(folder / "mesh.nc", "w") as dataset:
        for name, size in {
            "nodeCount": 4 * N,
            "elementCount": N,
            "maxNodePElement": 6,
            "connectionCount": 4 * N,
            "coordDim": 2,
            "origGridRank": 2,
        }.items():
            dataset.createDimension(name, size)
        nodes = np.stack([GRID.corner_longitude, GRID.corner_latitude], -1).reshape(-1, 2)
        put(dataset, "nodeCoords", ("nodeCount", "coordDim"), nodes, units="degrees")
        if ragged:
            listed, dimensions = VERTICES.reshape(-1), ("connectionCount",)
        else:
            listed = np.pad(VERTICES, ((0, 0), (0, 2)), constant_values=-1 - start)
            dimensions = ("elementCount", "maxNodePElement")
        listed = (listed + start).astype("i4")
        put(dataset, "elementConn", dimensions, listed, start_index=np.int32(start), fill=-1)
        put(dataset, "numElementConn", ("elementCount",), np.full(N, 4, "i1"))
        centre = np.stack([GRID.longitude, GRID.latitude], -1)
        put(dataset, "centerCoords", ("elementCount", "coordDim"), centre, units="degrees")
        put(dataset, "elementMask", ("elementCount",), GRID.sea.astype("i4"))
        put(dataset, "elementArea", ("elementCount",), GRID.area / EARTH_RADIUS**2)
        put(dataset, "origGridDims", ("origGridRank",), np.array(GRID.shape, "i4"))
    return folder / "mesh.nc"


def write_ugrid(folder, transposed=False, centres=True):
    with netCDF4.Dataset(folder / "ugrid.nc", "w") as dataset:
        for name, size in {"node": 4 * N, "face": N, "most": 5}.items():
            dataset.createDimension(name, size)
        mesh = put(dataset, "mesh", (), np.int32(0), cf_role="mesh_topology")
        mesh.setncatts(
            {
                "topology_dimension": 2,
                "node_coordinates": "x y",
                "face_node_connectivity": "nodes",
                "face_dimension": "face",
            }
        )
        units = {"longitude": "degrees_east", "latitude": "degrees_north"}
        put(
            dataset,
            "x",
            ("node",),
            GRID.corner_longitude.reshape(-1),
            standard_name="longitude",
            units=units["longitude"],
        )
        put(
            dataset,
            "y",
            ("node",),
            GRID.corner_latitude.reshape(-1),
            standard_name="latitude",
            units=units["latitude"],
        )
        if centres:
            mesh.face_coordinates = "fx fy"
            for name, axis in (("fx", "longitude"), ("fy", "latitude")):
                put(
                    dataset,
                    name,
                    ("face",),
                    getattr(GRID, axis),
                    standard_name=axis,
                    units=units[axis],
                )
        nodes = np.pad(VERTICES + 1, ((0, 0), (0, 1)), constant_values=-999).astype("i4")
        put(
            dataset,
            "nodes",
            ("most", "face") if transposed else ("face", "most"),
            nodes.T if transposed else nodes,
            start_index=np.int32(1),
            fill=-999,
        )
        on_faces = {"mesh": "mesh", "location": "face"}
        put(
            dataset,
            "wet",
            ("face",),
            (~GRID.sea).astype("i1"),
            standard_name="land_binary_mask",
            **on_faces,
        )
        put(
            dataset,
            "size",
            ("face",),
            GRID.area * 1e-6,
            standard_name="cell_area",
            units="km2",
            **on_faces,
        )
    return folder / "ugrid.nc"


def write_cf(folder, standard_name="sea_binary_mask"):
    with netCDF4.Dataset(folder / "cf.nc", "w") as dataset:
        for name, size in {"time": 1, "j": NLAT, "i": NLON, "vertex": 4}.items():
            dataset.createDimension(name, size)
        for name, axis, units in (
            ("nav_lon", "longitude", "degrees_east"),
            ("nav_lat", "latitude", "degrees_north"),
        ):
            values = getattr(GRID, axis).reshape(NLAT, NLON)
            put(
                dataset,
                name,
                ("j", "i"),
                values,
                standard_name=axis,
                units=units,
                bounds=f"{name}_corners",
            )
            corner = getattr(GRID, f"corner_{axis}").reshape(NLAT, NLON, 4)
            put(dataset, f"{name}_corners", ("j", "i", "vertex"), corner)
        mask = GRID.sea if standard_name == "sea_binary_mask" else ~GRID.sea
        put(
            dataset,
            "tmask",
            ("time", "j", "i"),
            mask.astype("i1").reshape(1, NLAT, NLON),
            standard_name=standard_name,
            coordinates="nav_lat nav_lon",
            cell_measures="area: areacello",
        )
        put(dataset, "sst", ("j", "i"), np.zeros((NLAT, NLON)), coordinates="nav_lon nav_lat")
        put(dataset, "areacello", ("j", "i"), GRID.area.reshape(NLAT, NLON), units="m2")
    return folder / "cf.nc"


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


@pytest.mark.parametrize("units", ["radians", "degrees"])
def test_scrip_file_gives_the_grid_back(tmp_path, units):
    assert_same(read_surface_grid(write_scrip(tmp_path, units), "ocea"))


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
