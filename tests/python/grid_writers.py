"""Writers of one small grid in every kind of file that grids come in."""

import dataclasses

import netCDF4
import numpy as np

from ngcm_coupler.constants import EARTH_RADIUS
from ngcm_coupler.regrid.surface_grid import SurfaceGrid

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


def write_scrip(folder, units="radians", cells=("grid_size",), corners_first=False, grid=GRID):
    angle = np.deg2rad if units == "radians" else np.asarray
    shape = (grid.size,) if len(cells) == 1 else grid.shape[::-1]
    with netCDF4.Dataset(folder / "scrip.nc", "w") as dataset:
        for name, size in {"grid_size": grid.size, "grid_corners": 4, "grid_rank": 2}.items():
            dataset.createDimension(name, size)
        if len(cells) == 2:
            for name, size in zip(cells, shape, strict=True):
                dataset.createDimension(name, size)
        put(dataset, "grid_dims", ("grid_rank",), np.array(grid.shape, "i4"))
        for axis, centre, corner in (
            ("lon", grid.longitude, grid.corner_longitude),
            ("lat", grid.latitude, grid.corner_latitude),
        ):
            put(dataset, f"grid_center_{axis}", cells, angle(centre).reshape(shape), units=units)
            corner = angle(corner).reshape(*shape, 4)
            dimensions = (*cells, "grid_corners")
            if corners_first:
                corner, dimensions = np.moveaxis(corner, -1, 0), ("grid_corners", *cells)
            put(dataset, f"grid_corner_{axis}", dimensions, corner, units=units)
        sea = grid.sea.astype("i4").reshape(shape)
        put(dataset, "grid_imask", cells, sea, units="unitless")
        if grid.area is not None:
            area = grid.area.reshape(shape) / EARTH_RADIUS**2
            put(dataset, "grid_area", cells, area, units="square radians")
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
