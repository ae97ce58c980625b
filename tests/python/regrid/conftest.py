"""Grids that the tests of the exchange share."""

import gzip
import pathlib

import numpy as np
import pytest

from ngcm_coupler.files.netcdf import import_netcdf4
from ngcm_coupler.regrid.surface_grid import SurfaceGrid

OASIS = pathlib.Path("/usr/share/doc/liboasis3-doc/examples/test_interpolation/data_oasis3")


@pytest.fixture(scope="session")
def oasis_grid():
    """A function that reads a grid of OASIS' examples by its prefix."""
    if not OASIS.is_dir():
        pytest.skip("needs the example grids of the package liboasis3-doc")
    netcdf = import_netcdf4()
    files = {
        kind: netcdf.Dataset(kind, memory=gzip.decompress((OASIS / f"{kind}.nc.gz").read_bytes()))
        for kind in ("grids", "masks", "areas")
    }

    def read(prefix):
        def values(kind, suffix):
            return np.asarray(files[kind][f"{prefix}.{suffix}"][:], np.float64)

        longitude = values("grids", "lon")
        return SurfaceGrid(
            name=prefix,
            shape=longitude.shape[::-1],
            longitude=longitude.reshape(-1),
            latitude=values("grids", "lat").reshape(-1),
            corner_longitude=values("grids", "clo").reshape(-1, longitude.size).T,
            corner_latitude=values("grids", "cla").reshape(-1, longitude.size).T,
            sea=values("masks", "msk").reshape(-1) == 0,
            area=values("areas", "srf").reshape(-1),
        )

    return read


@pytest.fixture(scope="session")
def torc(oasis_grid):
    """ORCA2, 182 x 149."""
    return oasis_grid("torc")


@pytest.fixture(scope="session")
def cubed_sphere():
    """A function that makes a cube on the sphere, all of it sea, of equal angles."""

    def make(edge):
        line = np.tan(np.linspace(-np.pi / 4.0, np.pi / 4.0, edge + 1))
        a, b = np.meshgrid(line, line)
        one = np.ones_like(a)
        faces = [(one, a, b), (-a, one, b), (-one, -a, b), (a, -one, b), (-b, a, one), (b, a, -one)]
        corners = []
        for face in faces:
            x = np.stack(face, axis=-1)
            cells = np.stack([x[:-1, :-1], x[:-1, 1:], x[1:, 1:], x[1:, :-1]], axis=2)
            corners.append(cells.reshape(-1, 4, 3))
        corner = np.concatenate(corners)
        corner_longitude, corner_latitude = _degrees(corner)
        longitude, latitude = _degrees(corner.mean(axis=1))
        return SurfaceGrid(
            name="cube",
            shape=(edge, 6 * edge),
            longitude=longitude,
            latitude=latitude,
            corner_longitude=corner_longitude,
            corner_latitude=corner_latitude,
            sea=np.ones(6 * edge**2, bool),
        )

    return make


def _degrees(position):
    x, y, z = np.moveaxis(position, -1, 0)
    return np.rad2deg(np.arctan2(y, x)), np.rad2deg(np.arctan2(z, np.hypot(x, y)))
