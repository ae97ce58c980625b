"""A run cut in two leaves the history of the whole one; what would lose records is refused."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from ngcm_coupler.clock import Clock
from ngcm_coupler.component import Component
from ngcm_coupler.errors import OutputError, RestartError
from ngcm_coupler.files.netcdf import import_netcdf4, open_dataset
from ngcm_coupler.output.history import Continued
from ngcm_coupler.output.restart.files import read_restart

HOUR, DAY = 3600, 86400
STATE = "air_temperature"
MONTHLY = {"file_period": "month", "interval_hours": 24, "fields": (STATE,)}
NAMELIST = """
&ngcm_run start_date = '{start}' /
&ngcm_model engine = 'analytic', analytic_latitudes = 8, analytic_step_seconds = 1800 /
&ngcm_coupling interval_seconds = 3600 /
&ngcm_radiation scheme = 'grey' /
&ngcm_history file = '{file}', {settings} /
"""


@pytest.fixture
def create(tmp_path):
    """Creates components that are closed at the end of the test."""
    created = []

    def make(file, settings, restart="", start="2000-01-31T20:00:00"):
        namelist = tmp_path / f"run{len(created)}.nml"
        text = NAMELIST.format(start=start, file=tmp_path / file, settings=settings)
        if restart:
            text += f"&ngcm_restart read_file = '{tmp_path / 'restart.nc'}', {restart} /\n"
        namelist.write_text(text)
        created.append(Component.create(str(namelist)))
        return created[-1]

    yield make
    for component in created:
        component.close()


def advance(component, intervals):
    """A sea that warms and ice that comes and goes, by the clock alone."""
    values = np.empty(component.grid.size)
    for _ in range(intervals):
        hour = component.clock.elapsed_seconds // HOUR
        for name, change in (("sea_surface_temperature", 0.1), ("sea_ice_area_fraction", 0.0)):
            number = component.field_id(name)
            component.get(number, values)
            values += change
            if name == "sea_ice_area_fraction":
                values[:] = 0.25 * (hour % 3)
            component.put(number, values)
        component.advance(component.interval_seconds)
    component.wait()


def records(folder, pattern):
    """All records of all files by their end: name -> bytes."""
    found = {}
    for path in sorted(folder.glob(pattern)):
        with open_dataset(path) as file:
            file.set_auto_maskandscale(False)
            names = [name for name, each in file.variables.items() if "time" in each.dimensions]
            for place, (_, end) in enumerate(file["time_bounds"][:].tolist()):
                assert end not in found
                found[end] = {name: file[name][place].tobytes() for name in names}
    return found


@pytest.mark.bits
@pytest.mark.parametrize(
    ("record", "name"),
    [
        pytest.param(
            "record = 'mean', interval_hours = 3 / &ngcm_ensemble members = 3,"
            " perturbation_kelvin = 0.1",
            "{}_{{date}}.nc",
            marks=pytest.mark.slow,
        ),
        ("record = 'mean', interval_hours = 3", "{}_{{date}}.nc"),
        pytest.param(
            "record = 'mean', interval_hours = 3, file_period = 'month'",
            "{}_{{period}}.nc",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "interval_hours = 3, file_period = 'year'", "{}_{{period}}.nc", marks=pytest.mark.slow
        ),
        pytest.param(
            "record = 'monthly_mean', file_period = 'year'",
            "{}_{{period}}.nc",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_run_cut_in_two_leaves_the_records_of_the_whole_one(create, tmp_path, record, name):
    """Across a cut in the midst of a record, and across the end of a month, bit for bit."""
    whole = create(name.format("whole"), record)
    advance(whole, 10)
    whole.close()
    first = create(name.format("cut"), record)
    advance(first, 2)
    first.write_restart(str(tmp_path / "restart.nc"))
    first.close()
    second = create(name.format("cut"), record, "branch = .false.")
    advance(second, 8)
    second.close()
    expected = records(tmp_path, "whole*.nc")
    assert expected and records(tmp_path, "cut*.nc") == expected
    if "ensemble" in record:
        (file,) = tmp_path.glob("whole*.nc")
        with open_dataset(file) as history:
            assert history["realization"][:].tolist() == [0, 1, 2]
            assert (history[STATE][:].std(axis=1) > 0.0).all(), "members are not alike"
    if "period" in name:
        files = [sorted(path.name.removeprefix(each) for path in tmp_path.glob(f"{each}*.nc"))
                 for each in ("whole", "cut")]  # fmt: skip
        assert files[0] == files[1]


def test_the_sums_of_a_mean_are_in_the_restart_as_arrays(create, tmp_path):
    component = create("h.nc", "record = 'mean', interval_hours = 3, fields = 'air_temperature'")
    advance(component, 2)
    component.write_restart(str(tmp_path / "restart.nc"))
    header, arrays = read_restart(str(tmp_path / "restart.nc"))
    assert header["history"]["seconds"] == 2 * HOUR and header["history"]["records"] == 0
    sums = arrays["history.sum.air_temperature"]
    assert sums.dtype == np.float64 and 200.0 < (sums / (2 * HOUR)).mean() < 320.0


def cut(make, name="h_{period}.nc", days=10, further=0, **options):
    """A history of a month's first days, as a restart knows it; the run may have got further."""
    written = make(name, seconds=DAY, settings=MONTHLY, **options).write(days)
    state = written.history.state()
    clock = written.clock
    written.write(further)
    written.history.close()
    return state, clock


def go_on(make, state, clock, name="h_{period}.nc", **options):
    options = {"settings": MONTHLY, "existing": "continue", **options}
    return make(name, clock, DAY, continued=state, **options)


def test_a_run_that_continues_in_the_middle_of_a_month_goes_on_with_its_file(make, tmp_path):
    make("whole_{period}.nc", seconds=DAY, settings=MONTHLY).write(40).history.close()
    go_on(make, *cut(make)).write(30).history.close()
    assert records(tmp_path, "h_*.nc") == records(tmp_path, "whole_*.nc")
    with open_dataset(tmp_path / "h_2000-01.nc") as file:
        assert file["time"].size == 31


def test_histories_whose_names_differ_and_whose_files_meet_keep_out_of_each_other(make, tmp_path):
    yearly = MONTHLY | {"file_period": "year"}
    other = make("h_{period}-02.nc", seconds=DAY, settings=yearly).write(3)
    one = make("h_{period}.nc", seconds=DAY, settings=MONTHLY).write(31)
    one.history.state()
    whose = r"file = '.*h_2000-0{}.nc' is being written by this very process \(ngcm_coupler on"
    with pytest.raises(OutputError, match=whose.format(1)):
        make("h_{period}-01.nc", seconds=DAY, settings=yearly)
    with pytest.raises(OutputError, match=whose.format(2)):
        one.write(2).history.state()
    other.write(2).history.close()
    for file, count in {"h_2000-01.nc": 31, "h_2000-02.nc": 5}.items():
        with open_dataset(tmp_path / file) as opened:
            assert opened["time"].size == count
    assert not list(tmp_path.glob(".*.lock"))


@pytest.mark.parametrize("further", [1, 25])
def test_records_behind_the_restart_are_written_anew(make, tmp_path, further):
    """A run that failed after the restart, in that month or the next, has left records."""
    make("whole_{period}.nc", seconds=DAY, settings=MONTHLY).write(40).history.close()
    state, clock = cut(make, further=further)
    continued = go_on(make, state, clock)
    with open_dataset(tmp_path / "h_2000-01.nc") as file:
        assert file["time"].size == 10
    continued.write(30).history.close()
    assert records(tmp_path, "h_*.nc") == records(tmp_path, "whole_*.nc")


def test_a_file_with_fewer_records_than_the_restart_says_is_refused(make, tmp_path):
    state, clock = cut(make)
    (tmp_path / "h_2000-01.nc").unlink()
    with pytest.raises(OutputError, match=r"written after 10 records of it, and it is not there"):
        go_on(make, state, clock)
    make("h_{period}.nc", seconds=DAY, settings=MONTHLY).write(7).history.close()
    with pytest.raises(OutputError, match=r"after 10 records of it, and it has 7; put it back"):
        go_on(make, state, clock)


def test_a_damaged_file_is_said_to_be_there_and_stays(make, tmp_path):
    """One of the month that the run is in, and one that a run which got further has left."""
    state, clock = cut(make, further=25)
    for name in ("h_2000-02.nc", "h_2000-01.nc"):
        sound = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(sound[: len(sound) // 2])
        words = rf"{name}'.* exists and cannot be read \(.*\); it is damaged, .*put a sound copy"
        with pytest.raises(OutputError, match=words):
            go_on(make, state, clock).write(30).history.close()
        assert (tmp_path / name).read_bytes() == sound[: len(sound) // 2]
        (tmp_path / name).write_bytes(sound)


def test_a_file_of_another_history_is_refused_and_stays(make, tmp_path):
    state, clock = cut(make)
    content = (tmp_path / "h_2000-01.nc").read_bytes()
    others = {
        "only one of them has sea_ice_area_fraction": {"settings": {**MONTHLY, "fields": ()}},
        "the cell_methods of its air_temperature": {"settings": {**MONTHLY, "record": "mean"}},
        "only one of them has realization": {"members": (0, 1)},
        "its sampled_every_seconds is 86400": {"settings": {**MONTHLY, "interval_hours": 48}},
    }
    for words, options in others.items():
        with pytest.raises(OutputError, match=rf"cannot be continued: {words}.*move it away"):
            go_on(make, state, clock, **options)
    with pytest.raises(OutputError, match="its time has"):
        go_on(make, None, Clock("2000-01-05").advanced(6 * DAY))
    (tmp_path / "h_2000-01.nc").write_text("no netCDF")
    with pytest.raises(OutputError, match="h_2000-01.nc': "):
        go_on(make, None, clock)
    (tmp_path / "h_2000-01.nc").write_bytes(content)
    go_on(make, state, clock)


def test_a_file_that_does_not_tell_what_was_left_out_is_continued(make, tmp_path):
    """So it is with files of versions that did not write that attribute."""
    state, clock = cut(make)
    with import_netcdf4().Dataset(tmp_path / "h_2000-01.nc", "a") as file:
        file.delncattr("fields_left_out")
    go_on(make, state, clock).write(1).history.close()


def test_a_gap_in_a_file_is_refused(make):
    _, clock = cut(make)
    with pytest.raises(OutputError, match=r"end 2000-01-11T00:00:00, and the next begins"):
        go_on(make, None, clock.advanced(2 * DAY))


@pytest.mark.slow
def test_a_branch_replaces_no_file(create, tmp_path):
    first = create("h_{period}.nc", "file_period = 'month'")
    advance(first, 2)
    first.write_restart(str(tmp_path / "restart.nc"))
    first.close()
    shutil.copy(tmp_path / "h_2000-01.nc", tmp_path / "kept.nc")
    with pytest.raises(OutputError, match="exists, and a branch would replace it"):
        create("h_{period}.nc", "file_period = 'month'", "branch = .true.")
    assert (tmp_path / "h_2000-01.nc").read_bytes() == (tmp_path / "kept.nc").read_bytes()
    branch = create("b_{period}.nc", "file_period = 'month'", "branch = .true.")
    advance(branch, 1)
    branch.close()
    assert list(records(tmp_path, "b_*.nc")) == [3 * HOUR]


def test_a_run_does_not_go_on_with_a_file_that_another_experiment_has_replaced(create, tmp_path):
    first = create("h_{period}.nc", "file_period = 'month'")
    advance(first, 2)
    first.write_restart(str(tmp_path / "restart.nc"))
    first.close()
    other = create("h_{period}.nc", "file_period = 'month' / &ngcm_surface drag_limit = 2.5e-3")
    advance(other, 2)
    other.close()
    before = (tmp_path / "h_2000-01.nc").read_bytes()
    with pytest.raises(
        OutputError, match="its &ngcm_surface drag_limit is 0.0025, this run's is 0.0; move"
    ):
        create("h_{period}.nc", "file_period = 'month'", "branch = .false.")
    assert (tmp_path / "h_2000-01.nc").read_bytes() == before


def test_a_mean_in_progress_is_continued_by_the_same_settings_only(make):
    settings = {"record": "mean", "interval_hours": 4}
    written = make("one.nc", settings=settings).write(2)
    state = written.history.state()
    assert isinstance(state, Continued)
    with pytest.raises(RestartError, match=r"middle of a mean that began 2000-01-01T00"):
        make("two.nc", written.clock, settings={**settings, "interval_hours": 2}, continued=state)
    # At the end of a record nothing is lost.
    state = written.write(2).history.state()
    other = {**settings, "interval_hours": 2}
    make("two.nc", written.clock, settings=other, continued=state).write(2)


@pytest.mark.slow
def test_a_run_without_history_may_be_continued_by_one_with(create, tmp_path):
    first = create("h_{period}.nc", "file_period = 'month'")
    first.close()
    (tmp_path / "h_2000-01.nc").unlink()
    namelist = tmp_path / "none.nml"
    text = NAMELIST.format(start="2000-01-01", file="", settings="record = 'instant'")
    namelist.write_text(text)
    component = Component.create(str(namelist))
    advance(component, 2)
    component.write_restart(str(tmp_path / "restart.nc"))
    component.close()
    means = "record = 'mean', interval_hours = 3, file_period = 'month'"
    second = create("h_{period}.nc", means, "branch = .false.", start="2000-01-01")
    advance(second, 1)
    second.close()
    # Its bounds say that the first record is of the hour that there was.
    with open_dataset(tmp_path / "h_2000-01.nc") as file:
        assert file["time_bounds"][:].tolist() == [[2 * HOUR, 3 * HOUR]]
