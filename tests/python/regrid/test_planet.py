"""A sea that does not lie where the planet has one is told, warned of or refused."""

import dataclasses

import netCDF4
import numpy as np
import pytest

from ngcm_coupler.config import parse
from ngcm_coupler.constants import EARTH_RADIUS
from ngcm_coupler.engine import engine_of
from ngcm_coupler.errors import DataError
from ngcm_coupler.grid import GaussianGrid, RegularGrid
from ngcm_coupler.regrid import ExchangeGrid, SurfaceGrid
from ngcm_coupler.regrid.grid_files import read_surface_grid
from ngcm_coupler.regrid.planet import judge

ATMOSPHERE = GaussianGrid(64, 32)
AQUAPLANET = np.zeros(ATMOSPHERE.size)


def continents(longitude, latitude):
    """True for the land of a planet that no turn and no mirror brings back onto itself."""
    return (
        (latitude < -70.0)
        | ((np.abs(longitude % 360.0 - 60.0) < 45.0) & (latitude > -35.0) & (latitude < 70.0))
        | ((np.abs(longitude % 360.0 - 270.0) < 35.0) & (np.abs(latitude) < 60.0))
    )


def ocean(nlat=36, sea=None, moved=0.0):
    """A regular ocean grid over that planet, or with another mask or other longitudes."""
    grid = RegularGrid(2 * nlat, nlat)
    if sea is None:
        sea = ~continents(grid.longitude, grid.latitude)
    return SurfaceGrid(
        "ocean", (grid.nlon, grid.nlat), grid.longitude + moved, grid.latitude,
        grid.corner_longitude + moved, grid.corner_latitude, sea.reshape(-1),
    )  # fmt: skip


RIGHT = ocean()
PLANE = RIGHT.sea.reshape(36, 72)
# The atmosphere's own land comes of finer cells than the ocean's.
LAND = 1.0 - ExchangeGrid.build(ATMOSPHERE, ocean(180)).sea_area_fraction


def verdict(grid, kind="real", land=LAND, atmosphere=ATMOSPHERE):
    return judge(ExchangeGrid.build(atmosphere, grid), land, kind)


def in_radians(grid):
    names = ("longitude", "latitude", "corner_longitude", "corner_latitude")
    return dataclasses.replace(grid, **{name: np.deg2rad(getattr(grid, name)) for name in names})


def only_row(row):
    return np.arange(36)[:, None] == np.full(72, row)


def in_another_order(grid):
    """Six faces of the grid, as a cube has, whose cells come in another order than the mask."""
    faces = grid.sea.reshape(36, 6, 12)
    return dataclasses.replace(grid, sea=faces[:, [2, 0, 1, 5, 3, 4]].reshape(-1))


def box(west, east, south, north):
    """The part of the ocean between meridians and parallels, with its land."""
    grid = ocean(72)
    chosen = (grid.longitude > west) & (grid.longitude < east)
    chosen &= (grid.latitude > south) & (grid.latitude < north)
    parts = {
        field.name: getattr(grid, field.name)[chosen]
        for field in dataclasses.fields(grid)
        if field.name not in ("name", "shape", "area")
    }
    return dataclasses.replace(grid, shape=(int(chosen.sum()),), **parts)


def test_a_grid_that_fits_is_told_of_without_a_warning():
    found = verdict(RIGHT)
    # Two boxes and a cap are 38.8 % of the sphere; cells of 5 degrees round that down, those of 1
    # degree hardly.
    assert found.text.startswith("sea grid 'ocean': 63.5 % of the sphere is sea, 61.7 % by the")
    assert "by the atmosphere's own land; their fractions of sea differ" in found.text
    assert found.text.endswith("by more than a half over 0.0 % of the sphere")
    assert found.warnings == ()


@pytest.mark.parametrize(
    ("grid", "hint"),
    [
        (ocean(sea=~PLANE), "; with land and sea exchanged it would be 0.0 %"),
        (ocean(sea=PLANE[::-1]), "; with north and south exchanged it would be 0.0 %"),
        (ocean(sea=~PLANE[::-1]), "; with land and sea exchanged and with north and south exch"),
        (ocean(moved=180.0), "; moved by 180 degrees to the east it would be 0.0 %"),
        (ocean(moved=30.0), "; moved by 28 degrees to the west it would be"),
        (in_radians(RIGHT), "; its coordinates look like radians that are called degrees"),
        (in_another_order(RIGHT), ""),
        (ocean(sea=only_row(18)), ""),
    ],
    ids=["mask", "north", "both", "turned", "moved", "radians", "faces", "row"],
)
def test_a_grid_that_is_read_wrongly_is_refused_with_what_would_fit(grid, hint):
    message = (
        rf"grid 'ocean': its fraction of sea and .* over (\d\d\.\d) % of the sphere, expected at"
        rf" most 3 % \(.* % of the sphere is sea, 61\.. % by the atmosphere\){hint}.*: correct"
        r".* say by &ngcm_grid sea_grid_kind that the grid is 'regional' or 'idealised'"
    )
    with pytest.raises(DataError, match=message):
        verdict(grid)


def test_between_3_and_10_percent_there_is_a_warning():
    found = verdict(ocean(moved=5.0))
    (warning,) = found.warnings
    assert "differ by more than a half over" in warning
    assert "moved by 6 degrees to the west" in warning
    part = float(warning.partition("over ")[2].partition(" %")[0])
    assert 3.0 < part < 10.0


def narrowed(factor):
    """Cells that do not meet their neighbours."""
    corners = {
        f"corner_{name}": centre[:, None]
        + factor * (getattr(RIGHT, f"corner_{name}") - centre[:, None])
        for name, centre in (("longitude", RIGHT.longitude), ("latitude", RIGHT.latitude))
    }
    return dataclasses.replace(RIGHT, **corners)


def test_cells_that_leave_gaps_between_them_are_found_by_how_much_sea_there_is():
    (warning,) = verdict(narrowed(0.94)).warnings
    assert (
        "56.1 % of the sphere is sea, expected the 61.7 % of the atmosphere within 3 %" in warning
    )
    with pytest.raises(
        DataError, match=r"40\.\d % of the sphere .*: see whether the corners of its"
    ):
        verdict(narrowed(0.8))


def test_a_coarse_ocean_under_a_fine_atmosphere_fits():
    fine = GaussianGrid(256, 128)
    land = continents(fine.longitude, fine.latitude).astype(float)
    assert verdict(RIGHT, land=land, atmosphere=fine).warnings == ()
    with pytest.raises(DataError, match="moved by"):
        verdict(ocean(moved=30.0), land=land, atmosphere=fine)


def test_a_regional_grid_is_judged_where_it_lies():
    # Half of it is the continent round 60 degrees east.
    region = box(60.0, 150.0, -50.0, 50.0)
    with pytest.raises(DataError, match=r"of the sphere, expected at most 3 % .*'regional'"):
        verdict(region)
    found = verdict(region, "regional")
    assert found.warnings == ()
    assert "over 0.0 % of where the grid lies" in found.text
    with pytest.raises(DataError, match="of where the grid lies"):
        verdict(dataclasses.replace(region, sea=~region.sea), "regional")


def test_land_of_a_regional_grid_may_have_any_corners():
    region = box(60.0, 150.0, -50.0, 50.0)
    dry = ~region.sea
    corners = region.corner_longitude.copy(), region.corner_latitude.copy()
    for values, odd in zip(corners, ([60.0, 90.0, 60.0, 90.0], [0.0, 0.0, 9.0, 9.0]), strict=True):
        values[np.flatnonzero(dry)[::2]] = 0.0
        values[np.flatnonzero(dry)[1]] = odd  # sides that cross
    grid = dataclasses.replace(region, corner_longitude=corners[0], corner_latitude=corners[1])
    assert verdict(grid, "regional").warnings == ()


def test_an_idealised_grid_is_held_against_nothing():
    found = verdict(ocean(sea=~PLANE), "idealised")
    assert found.warnings == ()
    assert "it is idealised, and held against no planet" in found.text


@pytest.mark.parametrize("land", [AQUAPLANET, None], ids=["aquaplanet", "unknown"])
def test_an_atmosphere_without_land_refuses_nothing_and_suspects_little_sea(land):
    assert verdict(RIGHT, land=land).warnings == ()
    for wrong in (ocean(sea=~PLANE), ocean(sea=only_row(18)), in_radians(RIGHT)):
        (warning,) = verdict(wrong, land=land).warnings
        assert "expected more than 50 %, and the atmosphere tells of no land" in warning
        assert verdict(wrong, "regional", land).warnings == ()
    assert "look like radians" in warning


@pytest.mark.parametrize(
    ("factor", "warned"),
    [(1.0, False), (0.96, False), (1.1, True), (0.9, True), ("a strait", False), ("a sea", True)],
)
def test_areas_that_are_not_those_of_the_corners_are_warned_of(factor, warned):
    share = np.ones(RIGHT.size)
    if isinstance(factor, str):
        wet = np.flatnonzero(RIGHT.sea)
        share[wet[500 : 501 if factor == "a strait" else 540]] = 1.5
    else:
        share *= factor
    grid = dataclasses.replace(RIGHT, area=share * RIGHT.polygon_area * EARTH_RADIUS**2)
    warnings = verdict(grid).warnings
    assert len(warnings) == warned
    if warned:
        assert "the model's own area is" in warnings[0]
        assert "differ by more than 5 %" in warnings[0]


@pytest.mark.parametrize("kind", ["i1", "u1", "i2", "i4", "i8", "f4", "f8"])
@pytest.mark.parametrize("own", [False, True], ids=["silent", "another fill value"])
def test_what_netcdf_fills_a_mask_with_is_not_sea(tmp_path, kind, own):
    fill = netCDF4.default_fillvals[kind]
    with netCDF4.Dataset(tmp_path / "scrip.nc", "w") as file:
        for name, size in (("grid_size", 8), ("grid_corners", 4), ("grid_rank", 1)):
            file.createDimension(name, size)
        file.createVariable("grid_dims", "i4", ("grid_rank",))[:] = 8
        west = np.arange(0.0, 80.0, 10.0)
        for axis, start, corner in (
            ("lon", west, [0.0, 10.0, 10.0, 0.0]), ("lat", 0.0 * west, [0.0, 0.0, 10.0, 10.0])
        ):  # fmt: skip
            centre = file.createVariable(f"grid_center_{axis}", "f8", ("grid_size",))
            corners = file.createVariable(
                f"grid_corner_{axis}", "f8", ("grid_size", "grid_corners")
            )
            centre.units = corners.units = "degrees"
            centre[:], corners[:] = start + 5.0, start[:, None] + np.array(corner)
        mask = file.createVariable(
            "grid_imask", kind, ("grid_size",), fill_value=3 if own else None
        )
        mask.set_auto_mask(False)
        mask[:] = np.array([1, 0, fill, fill, 1, fill, 0, 1], kind)
    sea = read_surface_grid(tmp_path / "scrip.nc").sea
    np.testing.assert_array_equal(np.flatnonzero(sea), [0, 4, 7])


@pytest.mark.oasis
def test_orca2_fits_the_demo_model_and_what_is_made_of_it_does_not(torc):
    facts = engine_of(parse("")).facts(parse(""))
    land = facts.land_area_fraction
    assert land is not None and facts.grid == GaussianGrid(128, 64)
    # Land and lakes cover 29 % of the Earth.
    assert facts.grid.area @ land / facts.grid.area.sum() == pytest.approx(0.29, abs=0.01)
    exchange = ExchangeGrid.build(facts.grid, torc)
    found = judge(exchange, land)
    assert found.warnings == () and "by more than a half over 0.3 % of the sphere" in found.text
    moved = dataclasses.replace(
        torc, longitude=torc.longitude + 10.0, corner_longitude=torc.corner_longitude + 10.0
    )
    mirrored = dataclasses.replace(
        torc, latitude=-torc.latitude, corner_latitude=-torc.corner_latitude
    )
    for wrong, hint in ((moved, "degrees to the west"), (mirrored, "north and south exchanged")):
        with pytest.raises(DataError, match=hint):
            judge(ExchangeGrid.build(facts.grid, wrong), land)


@pytest.mark.oasis
def test_an_atmosphere_grid_of_another_model_is_warned_of(oasis_grid):
    # Its mask has every cell with a trace of water, as an atmosphere's, not an ocean's.
    facts = engine_of(parse("")).facts(parse(""))
    found = judge(ExchangeGrid.build(facts.grid, oasis_grid("lmdz")), facts.land_area_fraction)
    assert len(found.warnings) == 2
