"""Records: what is in them, when they are due, and what CF says of them."""

from __future__ import annotations

import numpy as np
import pytest

from ngcm_coupler.cli import main
from ngcm_coupler.clock import Clock
from ngcm_coupler.config.run_groups import History as Settings
from ngcm_coupler.fields import field
from ngcm_coupler.fields.levels import LEVEL_FIELDS, Levels
from ngcm_coupler.files.netcdf import import_netcdf4, open_dataset
from ngcm_coupler.output.history import needs_levels

HOUR, DAY = 3600, 86400
FLUX, STATE = "surface_downwelling_longwave_flux_in_air", "air_temperature"
SST, ICE = "sea_surface_temperature", "sea_ice_area_fraction"
OVER = "surface_downward_sensible_heat_flux_over_{}"


def points(values):
    """(time, lat, lon) -> (time, n)."""
    return values.reshape(len(values), -1)


def stacked(written, name):
    return np.stack([values[name] for values in written.given]).astype(np.float64)


def test_coordinates_have_the_attributes_and_bounds_of_cf(make, read, planet):
    make().write(2).history.close()
    values, attributes = read()
    expected = {
        "time": ("time", "seconds since 2000-01-01 00:00:00", "T"),
        "lat": ("latitude", "degrees_north", "Y"),
        "lon": ("longitude", "degrees_east", "X"),
    }
    for name, (standard_name, units, axis) in expected.items():
        own = attributes[name]
        assert (own["standard_name"], own["units"], own["axis"]) == (standard_name, units, axis)
        bounds = values[own["bounds"]]
        middle = values[name]
        assert bounds.shape == (middle.size, 2)
        assert (bounds[:, 0] <= middle).all() and (middle <= bounds[:, 1]).all()
        np.testing.assert_allclose(bounds[1:, 0], bounds[:-1, 1])
    assert attributes["time"]["calendar"] == "proleptic_gregorian"
    np.testing.assert_allclose(values["lon_bounds"][[0, -1], [0, 1]], [-11.25, 348.75])
    np.testing.assert_allclose(values["cell_area"].reshape(-1), planet.grid.area)


def test_only_the_chosen_fields_are_written(make, read):
    make(settings={"fields": (STATE, FLUX)}).write().history.close()
    values, _ = read()
    assert {STATE, FLUX} < set(values) and SST not in values


def test_instant_records_are_those_of_their_dates(make, read):
    written = make(settings={"interval_hours": 6}).write(13)
    written.history.close()
    values, attributes = read()
    assert values["time"].tolist() == [6 * HOUR, 12 * HOUR]
    # A flux is a mean over the coupling interval that ends there, and over no more.
    assert values["time_bounds"].tolist() == [[5 * HOUR, 6 * HOUR], [11 * HOUR, 12 * HOUR]]
    for name in (STATE, FLUX, SST):
        np.testing.assert_array_equal(points(values[name]), stacked(written, name)[[5, 11]])
    assert attributes[STATE]["cell_methods"] == "time: point"
    assert attributes[FLUX]["cell_methods"] == "time: mean"


def test_a_mean_is_that_of_all_intervals_since_the_record_before(make, read):
    written = make(settings={"interval_hours": 3, "record": "mean"}).write(7)
    written.history.close()
    values, attributes = read()
    assert values["time_bounds"].tolist() == [[0, 3 * HOUR], [3 * HOUR, 6 * HOUR]]
    assert values["time"].tolist() == [1.5 * HOUR, 4.5 * HOUR]
    for name in (STATE, FLUX, SST):
        expected = stacked(written, name)[:6].reshape(2, 3, -1).mean(axis=1)
        np.testing.assert_array_equal(points(values[name]), expected.astype(np.float32))
    assert attributes[FLUX]["cell_methods"] == "time: mean"
    assert attributes[STATE]["cell_methods"] == (
        "time: mean (interval: 3600 s comment: ends of coupling intervals)"
    )
    assert attributes[SST]["cell_methods"] == (
        "time: mean (held constant over each coupling interval) area: mean where sea"
    )


def test_a_mean_over_ice_or_open_water_weighs_by_the_area_that_there_was(make, read, planet):
    written = make(settings={"interval_hours": 4, "record": "mean"}).write(4)
    written.history.close()
    values, attributes = read()
    ice = np.where(planet.land < 1.0, stacked(written, ICE), 0.0)
    for surface, part in (("sea_ice", ice), ("ice_free_sea", 1.0 - ice)):
        name = OVER.format(surface)
        assert attributes[name]["cell_methods"] == f"area: time: mean where {surface}"
        area = (1.0 - planet.land) * part
        with np.errstate(invalid="ignore"):
            expected = (stacked(written, name) * area).sum(axis=0) / area.sum(axis=0)
        # Where there never was any of it there is no mean: NaN on both sides.
        np.testing.assert_allclose(values[name][0].reshape(-1), expected, rtol=1e-6, atol=1e-6)
    assert np.isnan(values[OVER.format("sea_ice")]).any()
    # What a surface has received is its mean times the mean of its area: nothing is lost.
    received = (stacked(written, OVER.format("sea_ice")) * ice).mean(axis=0)
    found = np.nan_to_num(values[OVER.format("sea_ice")][0]) * values[ICE][0]
    sea = planet.land < 1.0
    np.testing.assert_allclose(found.reshape(-1)[sea], received[sea], atol=1e-6)


def test_what_a_host_leaves_where_there_is_no_ice_spoils_no_mean(make, read):
    written = make(settings={"interval_hours": 2, "record": "mean"})
    name = OVER.format("sea_ice")
    ice = written.write().given[0][ICE]
    broken = np.where(ice > 0.0, 5.0, np.nan).astype(np.float32)
    written.write(**{name: broken, ICE: ice})
    written.history.close()
    mean = read()[0][name][0].reshape(-1)
    reached = (ice > 0.0) & (np.arange(ice.size) % 16 >= 4)
    np.testing.assert_allclose(
        mean[reached], 0.5 * (5.0 + written.given[0][name][reached]), rtol=1e-6
    )


def test_a_branch_with_another_interval_weighs_by_time(make, read):
    """An hour of one and two hours of three: the mean is that over time, not over numbers."""
    written = make(settings={"interval_hours": 3, "record": "mean"})
    one, three = (np.full(written.history._no_sea.size, v, np.float32) for v in (1.0, 3.0))
    written.write(**{STATE: one})
    written.seconds = 2 * HOUR
    written.write(**{STATE: three})
    written.history.close()
    np.testing.assert_allclose(read()[0][STATE], (1.0 + 2 * 3.0) / 3, rtol=1e-6)


@pytest.mark.parametrize(
    ("calendar", "days"),
    [("proleptic_gregorian", [31, 29, 31]), ("noleap", [31, 28, 31]), ("360_day", [30, 30, 30])],
)
def test_monthly_means_are_those_of_the_calendars_months(make, read, calendar, days):
    start = Clock("2000-01-01", calendar)
    settings = {"record": "monthly_mean", "fields": (STATE,)}
    written = make(start=start, seconds=DAY, settings=settings).write(sum(days))
    written.history.close()
    values, attributes = read()
    ends = np.cumsum(days)
    assert values["time_bounds"].tolist() == [
        [(end - length) * DAY, end * DAY] for end, length in zip(ends, days, strict=True)
    ]
    expected = [part.mean(axis=0) for part in np.split(stacked(written, STATE), ends[:-1])]
    np.testing.assert_allclose(points(values[STATE]), expected, atol=1e-6)
    time = attributes["time"]
    dates = import_netcdf4().num2date(values["time"], time["units"], time["calendar"])
    assert [date.isoformat()[:7] for date in dates] == ["2000-01", "2000-02", "2000-03"]


@pytest.mark.parametrize("calendar", ["proleptic_gregorian", "noleap", "360_day"])
@pytest.mark.parametrize(
    ("period", "names"), [("month", ["1999-12", "2000-01", "2000-02"]), ("year", ["1999", "2000"])]
)
def test_files_are_those_of_the_calendars_months_and_years(
    make, read, tmp_path, calendar, period, names
):
    """A record that ends with a month is in the file of that month."""
    start = Clock("1999-12-29", calendar)
    settings = {"file_period": period, "interval_hours": 24, "fields": (STATE,)}
    written = make("h_{period}.nc", start, 12 * HOUR, settings).write(2 * 40)
    written.history.close()
    assert sorted(file.name for file in tmp_path.iterdir()) == [f"h_{name}.nc" for name in names]
    values = []
    for name in names:
        found, attributes = read(f"h_{name}.nc")
        begins = found["time_bounds"][:, 0]
        time = attributes["time"]
        dates = import_netcdf4().num2date(begins, time["units"], time["calendar"])
        assert {date.isoformat()[: len(name)] for date in dates} == {name}
        values.append(points(found[STATE]))
    np.testing.assert_array_equal(np.concatenate(values), stacked(written, STATE)[1::2])


def test_no_empty_file_is_left_where_a_month_ends_before_the_first_record(make, tmp_path):
    settings = {"file_period": "month", "interval_hours": 6}
    make("h_{period}.nc", Clock("2000-01-31T22:00:00"), settings=settings).write(6)
    # Beside it stands the lock of the file that is open.
    assert [file.name for file in tmp_path.glob("h_*")] == ["h_2000-02.nc"]


LEVELS = Levels(LEVEL_FIELDS[:2], (250.0, 500.0, 850.0))


def on_levels(planet, count, number=0.0):
    rows = np.arange(count * planet.grid.size, dtype=np.float32).reshape(count, -1)
    return {row.name: rows + place + number for place, row in enumerate(LEVELS.fields)}


def test_fields_on_levels_have_a_pressure_in_pascal_that_is_positive_down(make, read, planet):
    written = make(settings={"interval_hours": 2, "fields": (STATE,)}, levels=LEVELS)
    written.write().write(**on_levels(planet, 3)).history.close()
    values, attributes = read()
    assert values["plev"].tolist() == [25000.0, 50000.0, 85000.0]
    assert attributes["plev"] == {
        "standard_name": "air_pressure", "long_name": "pressure", "units": "Pa",
        "positive": "down", "axis": "Z",
    }  # fmt: skip
    temperature = "air_temperature_on_pressure_levels"
    assert attributes[temperature]["standard_name"] == "air_temperature"
    assert attributes[temperature]["units"] == "K"
    assert attributes["geopotential_on_pressure_levels"]["units"] == "m2 s-2"
    for name, rows in on_levels(planet, 3).items():
        assert values[name].shape == (1, 3, planet.grid.nlat, planet.grid.nlon)
        np.testing.assert_array_equal(values[name].reshape(3, -1), rows)


def test_the_decoder_is_needed_for_records_and_for_means_in_every_interval():
    keys = {"file": "h.nc", "level_fields": ("temperature",), "interval_hours": 2}
    clocks = [Clock("2000-01-01").advanced(hour * HOUR) for hour in (1, 2, 3, 4)]

    def needed(**changes):
        return [needs_levels(Settings(**keys | changes), clock, HOUR) for clock in clocks]

    assert needed() == [False, True, False, True]
    assert needed(record="mean") == [True] * 4
    assert needed(level_fields=()) == needed(file="") == [False] * 4


def test_means_on_levels_are_those_of_every_interval(make, read, planet):
    settings = {"interval_hours": 2, "record": "mean", "fields": (STATE,)}
    written = make(settings=settings, levels=LEVELS)
    for number in (1.0, 4.0):
        written.write(**on_levels(planet, 3, number))
    written.history.close()
    values, attributes = read()
    for name, rows in on_levels(planet, 3, 2.5).items():
        np.testing.assert_allclose(values[name].reshape(3, -1), rows)
        assert attributes[name]["cell_methods"].startswith("time: mean (interval: 3600 s comment")


@pytest.mark.parametrize("record", ["instant", "mean"])
def test_an_ensemble_has_a_dimension_of_numbered_members(make, read, planet, tmp_path, record):
    settings = {"interval_hours": 2, "record": record}
    written = make(settings=settings, members=(1, 2, 7), levels=LEVELS)
    rows = {
        name: np.stack([each, each + 1, each + 2]) for name, each in on_levels(planet, 3).items()
    }
    written.write(2, **rows).history.close()
    values, attributes = read()
    assert values["realization"].tolist() == [1, 2, 7]
    assert attributes["realization"]["standard_name"] == "realization"
    pair = stacked(written, STATE)
    expected = pair.mean(axis=0).astype(np.float32) if record == "mean" else pair[1]
    np.testing.assert_array_equal(values[STATE][0].reshape(3, -1), expected)
    for name, row in rows.items():
        np.testing.assert_array_equal(values[name][0].reshape(3, 3, -1), row)
    with open_dataset(tmp_path / "h.nc") as file:
        dims = ("time", "realization", "plev", "lat", "lon")
        assert file[LEVELS.fields[0].name].dimensions == dims
        assert file[STATE].dimensions == ("time", "realization", "lat", "lon")


def test_the_score_reads_the_members_of_a_history(make, planet, tmp_path, capsys):
    settings = {"fields": (STATE,)}
    ensemble = make("ensemble.nc", settings=settings, members=(0, 1, 2)).write(2)
    reference = make("reference.nc", settings=settings).write(2)
    for each in (ensemble, reference):
        each.history.close()
    files = [str(tmp_path / name) for name in ("ensemble.nc", "reference.nc")]
    assert main(["score", files[0], "--reference", files[1], "--format", "csv"]) == 0
    header, *rows = (line.split(",") for line in capsys.readouterr().out.splitlines())
    assert [row[header.index("members")] for row in rows] == ["3", "3"]
    area = planet.grid.area
    error = stacked(ensemble, STATE).mean(axis=1) - stacked(reference, STATE)
    expected = (error * area).sum(axis=1) / area.sum()
    found = [float(row[header.index("bias")]) for row in rows]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("level", [0, 1, 9])
def test_compression_is_as_asked_for_and_changes_no_value(make, read, tmp_path, level):
    written = make(settings={"compression_level": level, "fields": (STATE,)}).write()
    written.history.close()
    with open_dataset(tmp_path / "h.nc") as file:
        filters = file[STATE].filters()
        assert (filters["zlib"], filters["complevel"]) == (level > 0, level)
        assert file[STATE].chunking() == [1, 8, 16]
    np.testing.assert_array_equal(points(read()[0][STATE]), stacked(written, STATE))


def test_arrays_may_be_used_again_after_a_write(make, read):
    """The owner of a buffer fills it anew while the record waits for the disk."""
    written = make(settings={"fields": (STATE, SST)})
    buffer = np.zeros(written.history._no_sea.size, np.float32)
    for number in range(3):
        buffer[:] = number
        written.write(**{STATE: buffer, SST: buffer})
        buffer[:] = -1.0
    written.history.close()
    for name in (STATE, SST):
        assert points(read()[0][name])[:, 0].tolist() == [0.0, 1.0, 2.0]


def test_exports_over_a_surface_are_masked_where_a_cell_has_none(make, read, planet):
    make().write().history.close()
    values, _ = read()
    for surface, there in (("land", planet.land > 0.0), ("ice_free_sea", planet.land < 1.0)):
        found = np.isfinite(values[OVER.format(surface)].reshape(-1))
        np.testing.assert_array_equal(found, there)
    assert np.isfinite(values[SST]).all(), "what the host has put is there, over land too"


def test_every_field_of_the_table_has_cell_methods_that_name_its_surface():
    from ngcm_coupler.fields import FIELDS
    from ngcm_coupler.output.history.variables import Variable

    for row in FIELDS:
        variable = Variable.of_field(row, "")
        for record in ("instant", "mean", "monthly_mean"):
            words = variable.attributes(record, HOUR)["cell_methods"]
            assert (f"mean where {row.surface}" in words) == bool(row.surface)
            point = record == "instant" and row.averaging == "instantaneous"
            assert ("time: point" in words) == point
    assert field("imposed_surface_downward_sensible_heat_flux").averaging == "interval_mean"
