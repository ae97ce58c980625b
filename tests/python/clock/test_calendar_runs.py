"""Runs in every calendar: a century of coupling intervals, leap days, and restarts across them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ngcm_coupler.clock import Clock
from ngcm_coupler.component import Component
from ngcm_coupler.config import parse
from ngcm_coupler.engine.analytic import AnalyticAtmosphere
from ngcm_coupler.engine.atmosphere import initial_condition
from ngcm_coupler.errors import RestartError
from ngcm_coupler.files.netcdf import import_netcdf4
from ngcm_coupler.interval import Interval
from ngcm_coupler.surface.radiation.insolation import sunlight

DAY = 86400
NAMELIST = """
&ngcm_run calendar = '{calendar}', start_date = '{start}' /
&ngcm_model engine = 'analytic', analytic_latitudes = 8, analytic_step_seconds = 21600 /
&ngcm_coupling interval_seconds = 86400 /
&ngcm_radiation scheme = 'grey' /
"""


@pytest.mark.long
@pytest.mark.parametrize(
    ("calendar", "days"), [("proleptic_gregorian", 36524), ("noleap", 36500), ("360_day", 36000)]
)
def test_a_century_of_intervals_ends_on_the_date_and_in_the_season_it_began(calendar, days):
    """Every interval of 1890 to 1990: 1900 has no leap day in the real calendar."""
    text = NAMELIST.format(calendar=calendar, start="1890-01-01")
    config = parse(text.replace("step_seconds = 21600", "step_seconds = 86400"))
    engine = AnalyticAtmosphere(8, DAY)
    interval, initial = (
        Interval(engine, config),
        initial_condition(engine, config.run.start_date, jax.random.key(0)),
    )
    clock = Clock(initial.time, calendar)
    imports = interval.initial_imports({}, initial.state, initial.surface)
    row = [field.name for field in interval.exports].index("toa_incoming_shortwave_flux")

    @jax.jit
    def century(state):
        def day(state, _):
            state, exports = interval.advance({}, state, imports)
            return state, exports[row].reshape(8, 16).mean(axis=1)

        return jax.lax.scan(day, state, length=days)

    state, sunlight = century(interval.begin({}, initial.state, clock.day, clock.second))
    after = clock.advanced(days * DAY)
    assert after.iso8601() == "1990-01-01T00:00:00"
    assert (int(state.day), int(state.second)) == (after.day, after.second)
    year = days // 100
    first, last = np.asarray(sunlight[:year]), np.asarray(sunlight[-year:])
    # The years of an idealised calendar differ by the slow change of the orbit alone: 0.2 % of the
    # sunlight, as the perihelion moves by 1.7 degrees. A real date lies up to a day beside that of
    # a century before, in which the sunlight of a latitude changes by 1.5 % of its largest.
    tolerance = 0.015 if calendar == "proleptic_gregorian" else 0.003
    np.testing.assert_allclose(first, last, atol=tolerance * first.max())
    assert np.ptp(first[:, 0]) > 0.9 * first[:, 0].max(), "the pole has its day and its night"


@pytest.mark.parametrize(
    ("calendar", "days"), [("proleptic_gregorian", 36524), ("noleap", 36500), ("360_day", 36000)]
)
def test_hourly_sunlight_of_a_century_later_is_that_of_the_first_year(calendar, days):
    """By the clock alone: the hours of the years 1900 and 2000, over the same points."""
    latitude, longitude = np.radians(
        [[-80.0, -23.0, 0.0, 45.0, 70.0], [0.0, 90.0, 180.0, 270.0, 5]]
    )
    clock = Clock("1900-01-01", calendar)
    later = clock.advanced(days * DAY)
    assert later.iso8601() == "2000-01-01T00:00:00"

    @jax.jit
    def year(first):
        def hour(number):
            day, second = first + number // 24, number % 24 * 3600
            return sunlight(day, second, 3600, latitude, longitude, calendar).mean_cosine

        return jax.lax.map(hour, jnp.arange(8640), batch_size=720)

    difference = np.abs(np.asarray(year(later.day) - year(clock.day))).max()
    # The obliquity, the perihelion and with them the equation of time change slowly: by 0.03 and
    # 0.06 degrees of declination and hour. Real dates lie up to a day, 0.4 degrees, beside.
    assert difference < np.radians(0.5 if calendar == "proleptic_gregorian" else 0.1)


@pytest.fixture
def run(tmp_path):
    """Runs components that are closed at the end of the test."""
    created = []

    def create(calendar, start, extra=""):
        namelist = tmp_path / f"run{len(created)}.nml"
        namelist.write_text(NAMELIST.format(calendar=calendar, start=start) + extra)
        created.append(Component.create(str(namelist)))
        return created[-1]

    yield create
    for component in created:
        component.close()


def advanced(component, days):
    """The dates at the ends of as many days, with the surface that the run began with."""
    dates = []
    values = np.empty(component.grid.size)
    for _ in range(days):
        for number, field in enumerate(component.fields, 1):
            if field.direction == "import":
                component.get(number, values)
                component.put(number, values)
        component.advance(DAY)
        dates.append(component.clock.iso8601()[:10])
    component.wait()
    return dates


CROSSINGS = [
    ("noleap", "2000-02-27", ["2000-02-28", "2000-03-01", "2000-03-02"]),
    pytest.param(
        "360_day", "2000-02-28", ["2000-02-29", "2000-02-30", "2000-03-01"], marks=pytest.mark.long
    ),
    pytest.param(
        "proleptic_gregorian",
        "1900-02-27",
        ["1900-02-28", "1900-03-01", "1900-03-02"],
        marks=pytest.mark.long,
    ),
]


@pytest.mark.slow
@pytest.mark.bits
@pytest.mark.parametrize(("calendar", "start", "dates"), CROSSINGS)
def test_a_restart_across_the_end_of_february_changes_no_bit(run, tmp_path, calendar, start, dates):
    whole = run(calendar, start)
    first = run(calendar, start)
    assert advanced(whole, 3) == dates
    assert advanced(first, 1) == dates[:1]
    first.write_restart(str(tmp_path / "restart.nc"))
    second = run(calendar, "", f"&ngcm_restart read_file = '{tmp_path}/restart.nc' /")
    assert second.clock == first.clock
    assert advanced(second, 2) == dates[1:]
    ours, theirs = np.empty(whole.grid.size), np.empty(whole.grid.size)
    for number, field in enumerate(whole.fields, 1):
        whole.get(number, ours)
        second.get(number, theirs)
        np.testing.assert_array_equal(ours, theirs, err_msg=field.name)


@pytest.mark.slow
def test_a_restart_of_another_calendar_is_refused(run, tmp_path):
    run("noleap", "2000-01-01").write_restart(str(tmp_path / "restart.nc"))
    with pytest.raises(RestartError, match=r"calendar.*noleap.*360_day"):
        run("360_day", "", f"&ngcm_restart read_file = '{tmp_path}/restart.nc' /")


@pytest.mark.slow
def test_files_of_a_run_say_its_calendar(run, tmp_path):
    files = f"file = '{tmp_path}/history.nc', budget_file = '{tmp_path}/budget.nc'"
    component = run("360_day", "2000-02-29", f"&ngcm_history {files} /")
    advanced(component, 2)
    component.close()
    for name in ("history.nc", "budget.nc"):
        with import_netcdf4().Dataset(tmp_path / name) as file:
            time = file["time"]
            assert (time.units, time.calendar) == ("seconds since 2000-02-29 00:00:00", "360_day")
            dates = import_netcdf4().num2date(time[:], time.units, time.calendar)
            assert [date.isoformat()[:10] for date in dates] == ["2000-02-30", "2000-03-01"]


@pytest.mark.slow
@pytest.mark.bits
def test_the_published_model_takes_its_initial_date_in_the_calendar_of_the_run():
    """Its air is that of the date in the real calendar; the time of its sun is its own."""
    from ngcm_coupler.engine.neuralgcm.checkpoint import read_checkpoint
    from ngcm_coupler.engine.neuralgcm.model import NeuralGCM

    day = Clock("1959-01-02", "360_day").day
    engine = NeuralGCM(read_checkpoint("demo"), "demo", "360_day")
    initial = initial_condition(engine, None, jax.random.key(0))
    assert initial.time == "1959-01-02T00:00:00"
    time = initial.state.state.sim_time
    dated = jax.jit(engine.with_date)(initial.state, day, 0).state.sim_time
    assert dated == time and abs(float(time)) < 730 * DAY / 6856.0
    century = jax.jit(engine.with_date)(initial.state, day + 36000, 0)
    assert century.state.sim_time == time
    assert jnp.array_equal(century.state.vorticity, initial.state.state.vorticity)
