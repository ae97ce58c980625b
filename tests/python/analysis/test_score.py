"""``ngcm-coupler score``: against what is known in closed form, and what is refused."""

from __future__ import annotations

import csv
import io
import json
import math

import numpy as np
import pytest

from ngcm_coupler.analysis.score.scores import fair_crps, scores
from ngcm_coupler.cli import main
from ngcm_coupler.clock import Clock
from ngcm_coupler.fields import EXPORTS
from ngcm_coupler.files.netcdf import import_netcdf4
from ngcm_coupler.grid import GaussianGrid
from ngcm_coupler.output.history import History

GRID = GaussianGrid(16, 8)
LAND = np.where(np.arange(GRID.size) % 16 < 4, 1.0, 0.0)
FIELD = next(row for row in EXPORTS if row.name == "air_temperature")
FLUX = next(row for row in EXPORTS if row.name.endswith("latent_heat_flux_over_ice_free_sea"))


def normal(*shape):
    return np.random.default_rng(20).standard_normal(shape)


@pytest.mark.parametrize("count", [2, 5, 20])
@pytest.mark.parametrize(
    ("observed", "expected"),
    [
        (0.0, (math.sqrt(2.0) - 1.0) / math.sqrt(math.pi)),  # at its centre, 0.2337
        (None, 1.0 / math.sqrt(math.pi)),  # where it is true, 0.5642
    ],
)
def test_fair_crps_of_a_normal_distribution_does_not_depend_on_the_members(
    count, observed, expected
):
    numbers = normal(count + 1, 100_000)
    reference = numbers[-1] if observed is None else np.full(100_000, observed)
    values = fair_crps(numbers[:-1], reference)
    # Five standard errors of the mean of so many cases.
    assert values.mean() == pytest.approx(expected, abs=5.0 * values.std() / math.sqrt(100_000))
    assert 5.0 * values.std() / math.sqrt(100_000) < 0.02


def test_fair_crps_is_the_double_sum_of_its_definition():
    members, reference = normal(6, 40)[:5] ** 3, normal(6, 40)[5]
    pairs = np.abs(members[:, None] - members[None]).sum(axis=(0, 1))
    expected = np.abs(members - reference).mean(axis=0) - pairs / (2 * 5 * 4)
    np.testing.assert_allclose(fair_crps(members, reference), expected, rtol=1e-12)


def test_members_from_the_distribution_of_the_reference_have_a_ratio_of_one():
    numbers = normal(6, 60_000)
    found = scores(numbers[:5], numbers[5], np.ones(60_000))
    # The ratio of two variances from 60 000 cases has a standard error of some 0.4 %; without the
    # factor 6/5 it would be 0.913.
    assert found.spread_skill == pytest.approx(1.0, abs=0.015)
    assert found.spread == pytest.approx(1.0, abs=0.01)
    assert found.rmse == pytest.approx(math.sqrt(1.2), rel=0.015)


def test_identical_members_have_no_spread_and_the_crps_of_one():
    same, one = (
        scores(np.full((count, 2), 3.0), np.array([1.0, 4.0]), np.array([3.0, 1.0]))
        for count in (4, 1)
    )
    assert (same.spread, same.spread_skill) == (0.0, 0.0)
    assert math.isnan(one.spread) and math.isnan(one.spread_skill)
    for each in (same, one):
        # Errors 2 and -1 on areas of 3 and 1.
        assert (each.bias, each.crps) == (1.25, 1.75)
        assert each.rmse == math.sqrt(3.25)


def test_points_without_a_value_are_left_out_and_counted():
    members = np.array([[1.0, np.nan, 5.0, 7.0], [3.0, 4.0, 5.0, 7.0]])
    reference = np.array([1.0, 2.0, np.nan, 7.0])
    found = scores(members, reference, np.array([1.0, 2.0, 4.0, 0.0]))
    assert found.coverage == 1.0 / 7.0
    assert found.bias == 1.0
    nowhere = scores(members, np.full(4, np.nan), np.ones(4))
    assert nowhere.coverage == 0.0 and math.isnan(nowhere.crps)


def write_history(path, values, hours=2):
    """A history file as a run writes it, of a temperature and of a flux over the sea."""
    start = Clock("2000-01-01")
    names = {row.name: "a model" for row in (FIELD, FLUX)}
    fields, source = (FIELD, FLUX), {"source": "a model"}
    file = History(str(path), GRID, LAND, fields, start, source, names, interval_seconds=3600)
    for hour in range(1, hours + 1):
        rows = np.full(GRID.size, values * hour, np.float32)
        file.write(start.advanced(3600 * hour), 3600, {FIELD.name: rows, FLUX.name: -rows})
    file.close()
    return str(path)


@pytest.fixture
def files(tmp_path):
    """Two members and a reference."""
    return [write_history(tmp_path / f"{value}.nc", value) for value in (283, 279, 280)]


def run(capsys, files, *options):
    *members, reference = files
    code = main(["score", *members, "--reference", reference, *options])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def rows(capsys, files, *options):
    code, out, err = run(capsys, files, "--format", "json", *options)
    assert code == 0, err
    return json.loads(out)["scores"]


def test_history_files_are_scored_by_field_and_lead_time(files, capsys):
    found = rows(capsys, files)
    assert [(row["field"], row["lead_hours"]) for row in found] == [
        (name, hours) for name in (FIELD.name, FLUX.name) for hours in (1.0, 2.0)
    ]
    first, second, flux, _ = found
    assert first["date"] == "2000-01-01T01:00:00" and first["units"] == "K"
    assert first["members"] == 2
    # Errors 3 and -1: the mean is off by 1, the variance 8, the CRPS 2 - 4 / 2.
    assert (first["bias"], first["rmse"], first["crps"]) == (1.0, 1.0, 0.0)
    assert first["spread"] == pytest.approx(math.sqrt(8.0))
    assert first["spread_skill"] == pytest.approx(math.sqrt(12.0))
    assert second["bias"] == 2.0
    # A quarter of every row is land.
    assert first["coverage"] == 1.0 and flux["coverage"] == pytest.approx(0.75)


def test_text_csv_and_json_say_the_same(files, capsys):
    found = rows(capsys, [files[0], files[2]])
    _, text, _ = run(capsys, [files[0], files[2]])
    _, lines, _ = run(capsys, [files[0], files[2]], "--format", "csv")
    table = list(csv.DictReader(io.StringIO(lines)))
    assert [row["bias"] for row in table] == [str(row["bias"]) for row in found]
    assert table[0]["spread"] == "" and found[0]["spread"] is None
    header, first = text.splitlines()[2:4]
    assert header.split() == list(table[0])
    assert first.split() == [
        FIELD.name, "K", "1", "2000-01-01T01:00:00", "1", "1", "3", "3", "-", "-", "3"
    ]  # fmt: skip
    assert text.startswith(f"area: cell_area of {files[0]}\npoints without a value")


def write_file(path, values, lat=(-45.0, 45.0), lon=(0.0, 90.0, 180.0, 270.0), **attributes):
    """A plain file of one time and of any members, on as few points as will do."""
    with import_netcdf4().Dataset(path, "w") as file:
        for name, size in (("time", 1), ("latitude", len(lat)), ("longitude", len(lon))):
            file.createDimension(name, size)
            file.createVariable(name, "f4", (name,))
        file["time"].units = "hours since 1990-01-01"
        file["time"].calendar = attributes.pop("calendar", "standard")
        file["time"][:], file["latitude"][:], file["longitude"][:] = 6.0, lat, lon
        dims = ("time", "latitude", "longitude")
        if np.ndim(values) > 2:
            file.createDimension("member", len(values))
            dims = ("time", "member", "latitude", "longitude")
        file.createVariable("t", "f8", dims)[0] = values
        file["t"].setncatts(attributes)
    return str(path)


def test_a_dimension_of_members_is_an_ensemble(tmp_path, capsys):
    values = np.stack([np.full((2, 4), value) for value in (3.0, 4.0, 8.0)])
    members = write_file(tmp_path / "m.nc", values, calendar="noleap")
    reference = write_file(tmp_path / "r.nc", np.full((2, 4), 5.0))
    (row,) = rows(capsys, [members, reference])
    assert (row["members"], row["bias"], row["spread"]) == (3, 0.0, pytest.approx(math.sqrt(7.0)))
    assert row["spread_skill"] is None  # without any error there is no ratio
    assert row["crps"] == pytest.approx(2.0 - 10.0 / 6.0)
    code, _, err = run(capsys, [reference, members])
    assert code == 1 and "the reference is a single state" in err


def test_the_order_of_rows_and_columns_does_not_matter(tmp_path, capsys):
    values = np.arange(8.0).reshape(2, 4)
    member = write_file(tmp_path / "m.nc", values)
    turned = np.roll(values[::-1], 2, axis=1) + 1.0
    reference = write_file(tmp_path / "r.nc", turned, (45.0, -45.0), (-180.0, -90.0, 0.0, 90.0))
    (row,) = rows(capsys, [member, reference])
    assert (row["bias"], row["rmse"]) == (-1.0, 1.0)


def test_areas_are_those_of_latitudes_where_no_file_has_them(tmp_path, capsys):
    lat = (0.0, 60.0)
    member = write_file(tmp_path / "m.nc", np.zeros((2, 4)), lat)
    reference = write_file(tmp_path / "r.nc", np.repeat([[-3.0], [0.0]], 4, 1), lat)
    _, out, _ = run(capsys, [member, reference], "--format", "json")
    assert json.loads(out)["area"] == "cos(latitude)"
    assert json.loads(out)["scores"][0]["bias"] == pytest.approx(2.0)


def test_the_sea_alone_is_scored_when_it_is_asked_for(files, capsys, tmp_path):
    with import_netcdf4().Dataset(files[2], "a") as reference:
        ground = LAND.reshape(8, 16) > 0.0
        reference[FIELD.name][0] = np.where(ground, 100.0, reference[FIELD.name][0])
    everywhere = rows(capsys, files, "--fields", FIELD.name)[0]
    sea = rows(capsys, files, "--fields", FIELD.name, "--where", "sea")[0]
    land = rows(capsys, files, "--fields", FIELD.name, "--where", "land")[0]
    assert (sea["bias"], land["bias"]) == (1.0, pytest.approx(181.0))
    assert everywhere["bias"] == pytest.approx(46.0)
    plain = [write_file(tmp_path / f"{name}.nc", np.zeros((2, 4))) for name in "mr"]
    code, _, err = run(capsys, plain, "--where", "sea")
    assert code == 1 and "needs the variable land_area_fraction" in err


def test_times_that_the_reference_lacks_are_counted(files, capsys, tmp_path):
    short = write_history(tmp_path / "short.nc", 280, hours=1)
    code, out, _ = run(capsys, [*files[:2], short])
    assert code == 0
    assert "times that the reference lacks, left out: 1" in out
    assert "2000-01-01T02:00:00" not in out
    code, _, err = run(capsys, [files[0], short, files[2]])
    assert code == 1 and "has other times" in err


def test_what_cannot_be_compared_is_refused(files, capsys, tmp_path):
    def refusal(members, reference, *options):
        code, _, err = run(capsys, [*members, str(reference)], *options)
        assert code == 1
        return err

    def plain(name, **given):
        return write_file(tmp_path / name, np.zeros((2, 4)), **given)

    one = plain("one.nc", units="K")
    error = refusal([one], plain("coarse.nc", lat=(-40.0, 40.0)))
    assert "another grid" in error and "cdo remapcon" in error
    assert "the units 'K'" in refusal([one], plain("celsius.nc", units="degC"))
    other = plain("mean.nc", cell_methods="area: mean time: mean")
    assert "cell_methods 'point'" in refusal([plain("p.nc", cell_methods="time: point")], other)
    assert "no variable u" in refusal([one], other, "--fields", "t=u")
    assert "no field in common" in refusal([files[0]], write_renamed(files[2]))
    assert "cannot be read" in refusal([one], tmp_path / "absent.nc")
    infinite = write_file(tmp_path / "infinite.nc", np.full((2, 4), np.inf))
    assert "infinite values at 1990-01-01T06:00:00" in refusal([one], infinite)


def write_renamed(path):
    with import_netcdf4().Dataset(path, "a") as file:
        for row in (FIELD, FLUX):
            file.renameVariable(row.name, f"other_{row.name}")
    return path


def test_a_field_may_have_another_name_in_the_reference(files, capsys):
    write_renamed(files[2])
    found = rows(capsys, files, "--fields", f"{FIELD.name}=other_{FIELD.name}")
    assert [row["field"] for row in found] == [FIELD.name] * 2


def write_times(path, values, units, kind="f8", calendar="standard", value=0.0):
    """A plain file of many times."""
    with import_netcdf4().Dataset(path, "w") as file:
        for name, points in (("lat", (-45.0, 45.0)), ("lon", (0.0, 90.0, 180.0, 270.0))):
            file.createDimension(name, len(points))
            file.createVariable(name, "f8", (name,))[:] = points
        file.createDimension("time", None)
        file.createVariable("time", kind, ("time",))[:] = np.array(values, kind)
        file["time"].units, file["time"].calendar = units, calendar
        file.createVariable("t2m", "f4", ("time", "lat", "lon"))[:] = np.full(
            (len(values), 2, 4), 280.0 + value
        )
        file["t2m"].units = "K"
    return str(path)


HOURS = np.arange(1, 25)


@pytest.mark.parametrize(
    ("values", "units", "kind"),
    [
        (730119 + HOURS / 24, "days since 0001-01-01 00:00:00", "f8"),
        (HOURS / 24, "days since 2000-01-01", "f4"),
        (10957 + HOURS / 24, "days since 1970-01-01", "f4"),
        (HOURS[::-1] * 3600 + 0.3, "seconds since 2000-01-01", "f8"),
        (20000101 + HOURS / 24, "day as %Y%m%d.%f", "f8"),
    ],
)
def test_no_time_is_lost_to_its_form_in_the_reference(values, units, kind, tmp_path, capsys):
    seconds = "seconds since 2000-01-01 00:00:00"
    member = write_times(tmp_path / "m.nc", HOURS * 3600, seconds, "i8", value=1.0)
    calendar = "proleptic_gregorian" if "0001" in units else "standard"
    if units.startswith("day as"):
        values = np.where(HOURS == 24, 20000102.0, values)
    reference = write_times(tmp_path / "r.nc", values, units, kind, calendar)
    found = rows(capsys, [member, reference])
    assert [row["lead_hours"] for row in found] == list(range(24))
    assert [row["date"][11:13] for row in found[:3]] == ["01", "02", "03"]
    assert {row["bias"] for row in found} == {1.0}


def test_members_of_the_same_times_may_have_them_in_another_order_and_form(tmp_path, capsys):
    seconds = "seconds since 2000-01-01"
    files = [
        write_times(tmp_path / "a.nc", [3600, 7200], seconds, "i4"),
        write_times(tmp_path / "b.nc", [2 / 24, 1 / 24], "days since 2000-01-01"),
        write_times(tmp_path / "r.nc", [1, 2], "hours since 2000-01-01", "i4"),
    ]
    with import_netcdf4().Dataset(files[1], "a") as file:
        file["t2m"][0] = 284.0  # of the second hour
    first, second = rows(capsys, files)
    assert (first["bias"], second["bias"]) == (0.0, 2.0)


def test_calendars_that_differ_are_told(tmp_path, capsys):
    days = "days since 2001-01-01"
    member = write_times(tmp_path / "m.nc", [58, 59], days, "i4", "noleap")
    reference = write_times(tmp_path / "r.nc", [58, 59], days, "i4")
    code, _, err = run(capsys, [member, reference])
    assert code == 0
    assert "counts time in the calendar noleap and" in err and "as they are written" in err
    other = write_times(tmp_path / "o.nc", [57, 58], days, "i4", "360_day")
    code, out, err = run(capsys, [other, reference])
    assert "calendar 360_day" in err
    assert "left out: 1" in out and "2001-02-29" not in out  # there is none
    code, _, err = run(capsys, [reference, reference])
    assert (code, err) == (0, "")


def test_times_that_are_none_and_times_too_coarse_are_refused(tmp_path, capsys):
    member = write_times(tmp_path / "m.nc", [1, 2], "minutes since 2000-01-01", "i4")
    for values, units, kind, message in (
        ([1, 2], "minutes", "i4", "r.nc: the times in time have the units 'minutes'"),
        ([np.nan, 1], "days since 2000-01-01", "f8", "missing or not finite"),
        ([1, 1], "minutes since 2000-01-01", "i4", "2000-01-01T00:01:00 more than once"),
        ([10957, 10957 + 2 / 1440], "days since 1970-01-01", "f4", "of 85 s tells"),
    ):
        code, _, err = run(capsys, [member, write_times(tmp_path / "r.nc", values, units, kind)])
        assert code == 1 and message in err


def test_units_may_be_spelt_in_two_ways(tmp_path, capsys):
    values = np.zeros((2, 4))
    files = [
        write_file(tmp_path / f"{name}.nc", values, units=units)
        for name, units in (("m", "m s-1"), ("r", "m s**-1"))
    ]
    assert rows(capsys, files)[0]["units"] == "m s-1"


def test_units_that_some_files_lack_are_told(tmp_path, capsys):
    files = [write_times(tmp_path / f"{name}.nc", [1], "hours since 2000-01-01") for name in "abr"]
    for path in files[:2]:
        with import_netcdf4().Dataset(path, "a") as file:
            file["t2m"].delncattr("units")
    code, out, err = run(capsys, files)
    assert code == 0 and "t2m" in out
    assert f"t2m has no units in {files[0]}, and 1 more of the files, and 'K' in others" in err
    assert run(capsys, files[:2])[2] == ""  # nobody knows better


@pytest.mark.parametrize("of_all", [True, False])
def test_nothing_to_score_is_an_error_and_a_field_without_values_is_none(of_all, tmp_path, capsys):
    files = [write_times(tmp_path / f"{name}.nc", [1], "hours since 2000-01-01") for name in "ar"]
    with import_netcdf4().Dataset(files[0], "a") as file:
        file["t2m"][:] = np.nan
    if not of_all:
        for path in files:
            with import_netcdf4().Dataset(path, "a") as file:
                file.createVariable("t", "f4", ("time", "lat", "lon"))[:] = 280.0
    code, out, err = run(capsys, files)
    assert code == int(of_all)
    if of_all:
        assert "t2m: no point of everywhere has a value in" in err and out == ""
    else:
        assert "t2m" in out and err == ""


def write_in_kind(path, kind, values, fill=None, **attributes):
    """As `write_file`, with the variable in another type; masked values are written nowhere."""
    write_file(path, np.zeros((2, 4)))
    with import_netcdf4().Dataset(path, "a") as file:
        file.renameVariable("t", "other")
        variable = file.createVariable(
            "s", kind, ("time", "latitude", "longitude"), fill_value=fill
        )
        variable.setncatts(attributes)
        variable.set_auto_maskandscale(False)
        if values is not None:
            variable[0] = values
    return str(path)


@pytest.mark.parametrize(
    ("kind", "spoilt", "attributes"),
    [
        ("f4", import_netcdf4().default_fillvals["f4"], {}),
        ("f8", import_netcdf4().default_fillvals["f8"], {}),
        ("i2", import_netcdf4().default_fillvals["i2"], {}),
        ("f4", -999.0, {"valid_min": np.float32(0.0)}),
        ("f4", 1.0e20, {"valid_range": np.float32([0.0, 400.0])}),
        ("f4", 1.0e20, {"missing_value": np.float32(1.0e20)}),
    ],
)
def test_what_stands_for_no_value_is_not_scored(kind, spoilt, attributes, tmp_path, capsys):
    values = np.full((2, 4), 281.0)
    values[0, 1] = spoilt
    member = write_in_kind(tmp_path / "m.nc", kind, values, **attributes)
    reference = write_in_kind(tmp_path / "r.nc", "f4", np.full((2, 4), 280.0))
    for files in ([member, reference], [reference, member]):
        (row,) = rows(capsys, files, "--fields", "s")
        assert (row["rmse"], row["coverage"]) == (1.0, pytest.approx(7.0 / 8.0))


def test_values_that_no_field_has_are_told(tmp_path, capsys):
    files = [write_history(tmp_path / f"{value}.nc", value, hours=1) for value in (283, 279, 280)]
    with import_netcdf4().Dataset(files[0], "a") as file:
        file[FIELD.name][0, 2, 3:5] = -999.0
    code, _, err = run(capsys, files)
    assert code == 0
    assert f"{files[0]}: {FIELD.name} is -999 at 2000-01-01T01:00:00 (2 values are outside" in err
    spoilt = np.full((2, 4), 280.0)
    spoilt[0, 0] = 1.0e20
    plain = [write_file(tmp_path / "m.nc", np.zeros((2, 4))), write_file(tmp_path / "r.nc", spoilt)]
    code, _, err = run(capsys, plain)
    assert code == 0
    assert f"{plain[1]}: t is 1e+20 at 1990-01-01T06:00:00 (1 values are beyond 1e19)" in err


def test_areas_that_are_no_numbers_are_left_out_or_refused(files, capsys):
    first = files[0]
    with import_netcdf4().Dataset(first, "a") as file:
        file["cell_area"][:4] = import_netcdf4().default_fillvals["f8"]
    (row, *_) = rows(capsys, files)
    assert (row["bias"], row["coverage"]) == (1.0, 1.0)
    with import_netcdf4().Dataset(first, "a") as file:
        file["cell_area"][0] = 1.0e20
    code, _, err = run(capsys, files)
    assert code == 1 and f"{first}: cell_area is 1e+20 somewhere" in err


def test_a_member_that_is_given_twice_is_told(files, capsys):
    first, second, reference = files
    code, _, err = run(capsys, [first, second, first, reference])
    assert code == 0 and f"{first} and {first} have the same values everywhere" in err
    assert err.count("the same") == 1


def test_members_of_one_file_that_are_the_same_are_told(tmp_path, capsys):
    values = np.stack([np.full((2, 4), value) for value in (3.0, 4.0, 3.0)])
    members = write_file(tmp_path / "m.nc", values)
    reference = write_file(tmp_path / "r.nc", np.full((2, 4), 5.0))
    _, _, err = run(capsys, [members, reference])
    assert f"member 1 of {members} and member 3 of {members} have the same values" in err


def test_a_file_that_cannot_be_opened_may_be_that_of_a_run(files, tmp_path, capsys):
    broken = tmp_path / "broken.nc"
    broken.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    code, _, err = run(capsys, [str(broken), files[2]])
    assert code == 1 and f"{broken} cannot be read" in err
    assert "if its run still writes it, wait for its end or set HDF5_USE_FILE_LOCKING=FALSE" in err
