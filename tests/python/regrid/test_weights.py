"""Weight files: written, read back, used by cdo; weights that lose or invent are refused."""

import dataclasses
import gzip
import pathlib
import shutil
import subprocess

import netCDF4
import numpy as np
import pytest

from ngcm_coupler.errors import DataError, OutputError
from ngcm_coupler.regrid import End, Regridder
from ngcm_coupler.regrid.weights import (
    GridPoints,
    Weights,
    check_weights,
    column_sums,
    read_weights,
    row_sums,
    write_weights,
)

EXAMPLES = pathlib.Path("/usr/share/doc/liboasis3-doc/examples/test_interpolation/data_oasis3")
ARRAYS = ("source_index", "target_index", "weight", "source_area", "target_area")


def lonlat(name, nlon, nlat, sea=None):
    """Points of a regular grid, and the areas of its cells [steradian]."""
    longitude, latitude = np.meshgrid(
        360.0 * np.arange(nlon) / nlon, -90.0 + 180.0 * (np.arange(nlat) + 0.5) / nlat
    )
    edges = np.sin(np.linspace(-np.pi / 2.0, np.pi / 2.0, nlat + 1))
    area = np.repeat(np.diff(edges) * 2.0 * np.pi / nlon, nlon)
    points = GridPoints(name, (nlon, nlat), longitude.reshape(-1), latitude.reshape(-1), sea)
    return points, area


def halving():
    """Conservative weights from 8 x 4 to 4 x 2 cells, each of which covers four."""
    source, source_area = lonlat("fine", 8, 4, np.ones(32, bool))
    target, target_area = lonlat("coarse", 4, 2, np.ones(8, bool))
    index = np.arange(32)
    into = index // 16 * 4 + index % 8 // 2
    return Weights(
        source_size=32,
        target_size=8,
        source_index=index,
        target_index=into,
        weight=source_area / target_area[into],
        source_area=source_area,
        target_area=target_area,
        source_fraction=np.ones(32),
        target_fraction=np.ones(8),
        source=source,
        target=target,
        method="conservative",
        normalization="fracarea",
        title="halving",
    )


WEIGHTS = halving()
FIELD = np.random.default_rng(5).normal(size=32)


def with_link(link, **values):
    """The weights with one link changed."""
    arrays = {}
    for key, value in values.items():
        arrays[key] = getattr(WEIGHTS, key).copy()
        arrays[key][link] = value
    return dataclasses.replace(WEIGHTS, **arrays)


@pytest.mark.parametrize("layout", ["oasis", "esmf"])
def test_weights_come_back_as_they_were_written(tmp_path, layout):
    write_weights(WEIGHTS, tmp_path / "rmp.nc", layout)
    back = read_weights(tmp_path / "rmp.nc", source_size=32, target_size=8)
    ordered = WEIGHTS.summed()
    for key in (*ARRAYS, "source_fraction", "target_fraction"):
        np.testing.assert_array_equal(getattr(back, key), getattr(ordered, key), err_msg=key)
    for end in ("source", "target"):
        points, expected = getattr(back, end), getattr(WEIGHTS, end)
        assert (points.name, points.shape) == (expected.name, expected.shape)
        # SCRIP's format has radians.
        np.testing.assert_allclose(points.longitude, expected.longitude, rtol=1e-15)
        np.testing.assert_allclose(points.latitude, expected.latitude, rtol=1e-15)
        np.testing.assert_array_equal(points.sea, expected.sea)
    assert (back.method, back.normalization) == ("conservative", "fracarea")
    check_weights(back)


@pytest.mark.parametrize("layout", ["oasis", "esmf"])
def test_weights_without_points_and_areas_can_be_written(tmp_path, layout):
    bare = Weights(3, 2, np.array([0, 2]), np.array([1, 0]), np.array([1.0, 0.5]))
    write_weights(bare, tmp_path / "rmp.nc", layout)
    back = read_weights(tmp_path / "rmp.nc")
    assert back.source is None and (back.source_size, back.target_size) == (3, 2)
    np.testing.assert_array_equal(back.matrix.toarray(), [[0.0, 0.0, 0.5], [1.0, 0.0, 0.0]])


def test_oasis_finds_what_its_mapping_reads(tmp_path):
    # What oasis_coupler_sMatReaddnc of OASIS3-MCT asks for by name, in a file of netCDF 3.
    write_weights(WEIGHTS, tmp_path / "rmp.nc", "oasis")
    with netCDF4.Dataset(tmp_path / "rmp.nc") as file:
        assert file.data_model == "NETCDF3_64BIT_OFFSET"
        sizes = {name: dimension.size for name, dimension in file.dimensions.items()}
        wanted = {"num_links": 32, "src_grid_size": 32, "dst_grid_size": 8, "num_wgts": 1}
        assert sizes.items() >= wanted.items()
        assert file["remap_matrix"].shape == (32, 1)
        for name in ("src_address", "dst_address"):
            assert file[name].dtype == np.int32 and file[name].shape == (32,)
            assert file[name][:].min() == 1
        np.testing.assert_array_equal(file["src_grid_dims"][:], [8, 4])


@pytest.mark.skipif(shutil.which("cdo") is None, reason="needs cdo")
@pytest.mark.parametrize(
    ("method", "normalization"),
    [
        ("conservative", "fracarea"),
        ("conservative_second_order", "destarea"),
        ("conservative", "modelarea"),
        ("bilinear", "none"),
        ("nearest", "none"),
    ],
)
def test_cdo_applies_our_weights(tmp_path, method, normalization):
    weights = dataclasses.replace(WEIGHTS, method=method, normalization=normalization)
    write_weights(weights, tmp_path / "rmp.nc", "oasis")
    with netCDF4.Dataset(tmp_path / "in.nc", "w") as file:
        for name, size, units in (("lat", 4, "degrees_north"), ("lon", 8, "degrees_east")):
            file.createDimension(name, size)
            file.createVariable(name, "f8", (name,)).units = units
        file["lon"][:] = WEIGHTS.source.longitude[:8]
        file["lat"][:] = WEIGHTS.source.latitude[::8]
        file.createVariable("field", "f8", ("lat", "lon"))[:] = FIELD.reshape(4, 8)
    (tmp_path / "target.txt").write_text(
        "gridtype = lonlat\nxsize = 4\nysize = 2\nxfirst = 0\nxinc = 90\nyfirst = -45\nyinc = 90\n"
    )
    done = subprocess.run(
        ["cdo", "-s", "remap,target.txt,rmp.nc", "in.nc", "out.nc"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with netCDF4.Dataset(tmp_path / "out.nc") as file:
        np.testing.assert_allclose(
            file["field"][:].reshape(-1), WEIGHTS.matrix @ FIELD, rtol=1e-14, atol=1e-15
        )


@pytest.mark.skipif(shutil.which("cdo") is None, reason="needs cdo")
def test_weights_of_cdo_are_read(tmp_path):
    subprocess.run(
        ["cdo", "-s", "-f", "nc", "gencon,r12x6", "-random,r24x12", "cdo.nc"],
        cwd=tmp_path,
        check=True,
    )
    weights = read_weights(tmp_path / "cdo.nc")
    assert weights.method == "conservative" and weights.source.shape == (24, 12)
    # The areas that cdo wrote conserve to the rounding of its clipping.
    check_weights(
        weights,
        source_area=weights.source_area,
        target_area=weights.target_area,
        bounds=(0.0, 1.0),
        tolerance=1e-12,
    )


def write_yac(path, sizes=True, fixed="FALSE", location="CELL", fields=1):
    """A file as YAC 3 writes it."""
    with netCDF4.Dataset(path, "w", format="NETCDF3_64BIT_OFFSET") as file:
        file.setncatts({"version": "yac weight file 1.0", "contains_links": "TRUE"})
        file.setncatts({"src_grid_name": "a", "dst_grid_name": "b", "contains_fixed_dst": fixed})
        dimensions = {"num_links": 3, "num_wgts": 1, "num_src_fields": fields}
        dimensions |= {"max_loc_str_len": 10, "num_fixed_dst": 4}
        if sizes:
            dimensions |= {"src_grid_size": 3, "dst_grid_size": 2}
        for name, size in dimensions.items():
            file.createDimension(name, size)
        file.createVariable("src_address", "i4", ("num_links",))[:] = [1, 2, 3]
        file.createVariable("dst_address", "i4", ("num_links",))[:] = [1, 1, 2]
        matrix = file.createVariable("remap_matrix", "f8", ("num_links", "num_wgts"))
        matrix[:] = [[0.25], [0.75], [1.0]]
        text = np.array(list(location.ljust(10, "\0")), "S1")
        file.createVariable("src_locations", "S1", ("num_src_fields", "max_loc_str_len"))[:] = text
        file.createVariable("dst_location", "S1", ("max_loc_str_len",))[:] = text
    return path


def test_weights_of_yac_are_read(tmp_path):
    weights = read_weights(write_yac(tmp_path / "yac.nc"))
    np.testing.assert_array_equal(weights.matrix.toarray(), [[0.25, 0.75, 0.0], [0.0, 0.0, 1.0]])
    # YAC leaves the sizes out unless it was told them.
    write_yac(tmp_path / "sizeless.nc", sizes=False)
    with pytest.raises(DataError, match="no dimension src_grid_size.*num_global_src_points"):
        read_weights(tmp_path / "sizeless.nc")
    weights = read_weights(tmp_path / "sizeless.nc", source_size=3, target_size=2)
    assert weights.matrix.shape == (2, 3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fixed": "TRUE"}, "4 target points get a fixed value"),
        ({"location": "CORNER"}, "src_locations is CORNER, expected CELL"),
        ({"fields": 2}, "weights of 2 source fields, expected one"),
    ],
)
def test_what_no_matrix_can_hold_is_refused_in_files_of_yac(tmp_path, change, message):
    with pytest.raises(DataError, match=message):
        read_weights(write_yac(tmp_path / "yac.nc", **change))


@pytest.mark.parametrize(
    ("map_method", "order", "accepted"),
    [
        ("Conservative remapping", None, True),
        ("Conservative remapping", 2, False),
        ("Bicubic remapping", None, False),
    ],
)
def test_further_weights_of_a_link_count_only_where_they_multiply_gradients_one_leaves_out(
    tmp_path, map_method, order, accepted
):
    write_weights(WEIGHTS, tmp_path / "rmp.nc", "oasis")
    with netCDF4.Dataset(tmp_path / "rmp.nc", "a") as file:
        file.renameVariable("remap_matrix", "first")
        file.createDimension("num_wgts3", 3)
        more = file.createVariable("remap_matrix", "f8", ("num_links", "num_wgts3"))
        more[:] = np.column_stack([file["first"][:, 0], np.ones(32), np.ones(32)])
        file.setncattr("map_method", map_method)
        file.setncattr("method", "")
        if order:
            file.setncattr("remap_order", np.int32(order))
    if accepted:
        back = read_weights(tmp_path / "rmp.nc")
        np.testing.assert_array_equal(back.matrix.toarray(), WEIGHTS.matrix.toarray())
    else:
        with pytest.raises(DataError, match=f"3 weights a link .map_method '{map_method}'"):
            read_weights(tmp_path / "rmp.nc")


def test_links_between_the_same_points_are_summed():
    twice = Weights(2, 1, np.array([1, 1, 0]), np.zeros(3, int), np.array([0.25, 0.5, 0.25]))
    once = twice.summed()
    np.testing.assert_array_equal(once.source_index, [0, 1])
    np.testing.assert_array_equal(once.weight, [0.25, 0.75])


def test_sums_are_those_of_the_matrix():
    matrix = WEIGHTS.matrix.toarray()
    np.testing.assert_allclose(row_sums(WEIGHTS), matrix.sum(axis=1), rtol=1e-15)
    np.testing.assert_allclose(column_sums(WEIGHTS), matrix.sum(axis=0), rtol=1e-15)
    np.testing.assert_allclose(
        column_sums(WEIGHTS, WEIGHTS.target_area), WEIGHTS.source_area, rtol=1e-15
    )


def test_good_weights_pass_every_check():
    check_weights(
        WEIGHTS,
        source_sea=np.ones(32, bool),
        target_sea=np.ones(8, bool),
        source_area=WEIGHTS.source_area,
        target_area=WEIGHTS.target_area,
        bounds=(0.0, 1.0),
        tolerance=1e-15,
    )


CONSERVING = {"source_area": WEIGHTS.source_area, "target_area": WEIGHTS.target_area}
WRONG_POINTS = dataclasses.replace(WEIGHTS.source, shape=(8, 5))


@pytest.mark.parametrize(
    ("weights", "asked", "message"),
    [
        (with_link(9, source_index=32), {}, "link 10 has source address 33 .*expected 1 to 32"),
        (with_link(9, target_index=-1), {}, "link 10 has target address 0 .*count from 0"),
        (
            with_link(9, weight=np.nan),
            {},
            "link 10, from source point 10 .longitude 45.00, latitude -22.50. to target point 1"
            " .longitude 0.00, latitude -45.00., has weight nan",
        ),
        (
            with_link([9, 20], weight=[0.5, 0.4]),
            {},
            "into target point 1 .longitude 0.00, latitude -45.00. add up to 1.146.*2 points",
        ),
        (WEIGHTS, {"row_sum": 0.9}, "add up to 1 .8 points .*expected 0.9"),
        (
            dataclasses.replace(WEIGHTS, target_index=np.where(WEIGHTS.target_index == 2, 1, 0)),
            {"target_sea": np.arange(8) > 1},
            "into target point 3 .* add up to 0 .*expected 1",
        ),
        (
            with_link(9, weight=-0.2),
            {"bounds": (0.0, 1.0)},
            "takes -0.2 of source point 10 .*expected a weight from 0 to 1",
        ),
        (
            WEIGHTS,
            {"source_sea": np.arange(32) != 12},
            "takes 0.35.* of masked source point 13 .*1 such links",
        ),
        (
            with_link([8, 9], weight=WEIGHTS.weight[[8, 9]] + np.array([0.1, -0.1])),
            CONSERVING,
            "times what source point (9|10) .*2 points are off .*expected its area 0.55",
        ),
        (dataclasses.replace(WEIGHTS, weight=np.ones(3)), {}, "expected one source, one target"),
        (dataclasses.replace(WEIGHTS, source_area=np.ones(3)), {}, "source_area has 3 points"),
        (dataclasses.replace(WEIGHTS, source=WRONG_POINTS), {}, "shape has 40 points, expected th"),
    ],
)
def test_bad_weights_are_refused_by_their_worst_point(weights, asked, message):
    with pytest.raises(DataError, match=f"halving: .*{message}"):
        check_weights(weights, **asked)


def test_a_file_for_another_grid_or_of_another_kind_is_refused(tmp_path):
    write_weights(WEIGHTS, tmp_path / "rmp.nc", "oasis")
    with pytest.raises(DataError, match="dst_grid_size is 8, expected the 9 points of the target"):
        read_weights(tmp_path / "rmp.nc", target_size=9)
    with pytest.raises(DataError, match="missing.nc cannot be read"):
        read_weights(tmp_path / "missing.nc")
    with netCDF4.Dataset(tmp_path / "other.nc", "w") as file:
        file.createDimension("x", 1)
        file.createVariable("sst", "f8", ("x",))
    with pytest.raises(DataError, match="got the variables sst, expected a weight file of ESMF"):
        read_weights(tmp_path / "other.nc")
    with netCDF4.Dataset(tmp_path / "rmp.nc", "a") as file:
        file["src_address"][4] = 33
    with pytest.raises(DataError, match="rmp.nc: link 5 has source address 33"):
        read_weights(tmp_path / "rmp.nc")


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    write_weights(WEIGHTS, tmp_path / "rmp.nc", "oasis")
    before = (tmp_path / "rmp.nc").read_bytes()
    with pytest.raises(DataError, match="has weight inf"):
        write_weights(with_link(9, weight=np.inf), tmp_path / "rmp.nc", "oasis")

    def full(descriptor):
        raise OSError("no space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OutputError, match="rmp.nc cannot be written .no space left.*check folder"):
        write_weights(with_link(9, weight=0.0), tmp_path / "rmp.nc", "oasis")
    assert (tmp_path / "rmp.nc").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["rmp.nc"]
    with pytest.raises(OutputError, match="rmp.nc cannot be written .*check folder"):
        write_weights(WEIGHTS, tmp_path / "nowhere" / "rmp.nc", "oasis")


@pytest.mark.oasis
@pytest.mark.skipif(not EXAMPLES.is_dir(), reason="needs the package liboasis3-doc")
def test_weights_made_by_oasis_are_read_and_found_wanting(tmp_path):
    # SCRIP's CONSERV from ORCA2 to a regular grid: row sums are 1, but 448 of the areas that it
    # found for the target are negative, so that nothing is conserved with them.
    packed = EXAMPLES / "myfile_torc_to_lmdz_CONSERV_FRACNNEI.nc.gz"
    (tmp_path / "rmp.nc").write_bytes(gzip.decompress(packed.read_bytes()))
    weights = read_weights(tmp_path / "rmp.nc")
    assert (weights.source.name, weights.source.shape) == ("torc", (182, 149))
    assert (weights.source_size, weights.target_size) == (27118, 6912)
    check_weights(weights, bounds=(0.0, 1.0))
    assert np.sum(weights.target_area < 0.0) == 448
    with pytest.raises(DataError, match="times what source point .*latitude 8[0-9]"):
        check_weights(weights, source_area=weights.source_area, target_area=weights.target_area)


def write_esmf(path, method="Bilinear", weights=WEIGHTS, **attributes):
    """A file as ESMF_RegridWeightGen writes it: two methods may have one map_method."""
    write_weights(weights, path, "esmf")
    conservative = method.endswith("Conservative")
    with netCDF4.Dataset(path, "a") as file:
        for key in ("method", "norm"):
            file.delncattr(key)
        file.map_method = f"{'Conservative' if conservative else 'Bilinear'} remapping"
        file.ESMF_regrid_method = method
        file.normalization = "destarea"
        file.setncatts(attributes)
    return path


@pytest.mark.parametrize(
    ("said", "method"),
    [
        ("First-order Conservative", "conservative"),
        ("Second-order Conservative", "conservative_second_order"),
        ("Bilinear", "bilinear"),
        ("Higher-order Patch", "patch"),
        ("Nearest source to destination", "nearest"),
        ("Nearest destination to source", "nearest_destination_to_source"),
        ("", "bilinear"),
    ],
)
def test_esmf_tells_its_methods_apart_by_an_attribute_of_its_own(tmp_path, said, method):
    assert read_weights(write_esmf(tmp_path / "esmf.nc", said)).method == method


def test_weights_of_patches_may_be_negative(tmp_path):
    link = np.arange(4)
    patch = Weights(
        4, 2, np.array([0, 1, 2, 3]), link // 2, np.array([1.2, -0.2, -0.1, 1.1]),
        normalization="fracarea",
    )  # fmt: skip
    path = write_esmf(tmp_path / "patch.nc", "Higher-order Patch", patch, normalization="fracarea")
    regridder = Regridder.from_file(path)
    np.testing.assert_allclose(regridder.apply([1.0, 2.0, 3.0, 4.0]), [0.8, 4.1])
    with netCDF4.Dataset(path, "a") as file:
        file.ESMF_regrid_method = "Bilinear"
    with pytest.raises(DataError, match="takes -0.2 of source point 2, expected a weight from 0"):
        Regridder.from_file(path)


def test_the_nearest_target_of_each_source_adds_up(tmp_path):
    towards = Weights(4, 2, np.arange(4), np.array([0, 0, 0, 1]), np.ones(4))
    path = write_esmf(tmp_path / "dtos.nc", "Nearest destination to source", towards)
    np.testing.assert_allclose(Regridder.from_file(path).apply(np.ones(4)), [3.0, 1.0])


def second_order(tmp_path, part, **changes):
    """Second-order weights of ESMF where only a part of each source cell is covered."""
    weights = dataclasses.replace(
        WEIGHTS, source_fraction=np.full(32, part), method="conservative_second_order"
    )
    slope = np.zeros(32)
    slope[:2] = 0.1, -0.1  # both into the first target cell
    weights = dataclasses.replace(weights, weight=weights.weight + slope)
    return write_esmf(tmp_path / "second.nc", "Second-order Conservative", weights, **changes)


def test_second_order_of_esmf_is_held_to_its_areas_where_cells_are_covered_whole(tmp_path):
    regridder = Regridder.from_file(second_order(tmp_path, 0.9))
    assert regridder.method == "conservative_second_order"
    with pytest.raises(DataError, match="the target takes .* times what source point 1"):
        Regridder.from_file(second_order(tmp_path, 1.0))


def test_a_file_of_links_alone_asks_for_its_grids_and_blames_nobody(tmp_path):
    write_weights(WEIGHTS, tmp_path / "whole.nc", "esmf")
    with (
        netCDF4.Dataset(tmp_path / "whole.nc") as whole,
        netCDF4.Dataset(tmp_path / "links.nc", "w") as links,
    ):
        links.createDimension("n_s", 32)
        for name in ("row", "col", "S"):
            links.createVariable(name, whole[name].dtype, ("n_s",))[:] = whole[name][:]
    with pytest.raises(DataError, match="no dimension n_a.*say to `Regridder.from_file` by source"):
        Regridder.from_file(tmp_path / "links.nc")
    ends = End(32), End(8)
    regridder = Regridder.from_file(tmp_path / "links.nc", *ends)
    np.testing.assert_allclose(regridder.apply(FIELD), WEIGHTS.matrix @ FIELD)


def test_what_fills_a_mask_is_no_point_that_takes_part(tmp_path):
    write_weights(WEIGHTS, tmp_path / "rmp.nc", "oasis")
    with netCDF4.Dataset(tmp_path / "rmp.nc", "a") as file:
        file["dst_grid_imask"].set_auto_mask(False)
        file["dst_grid_imask"][3] = netCDF4.default_fillvals["i4"]
    sea = read_weights(tmp_path / "rmp.nc").target.sea
    np.testing.assert_array_equal(np.flatnonzero(~sea), [3])
