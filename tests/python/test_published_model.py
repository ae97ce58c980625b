"""A published model coupled for days: mass, water, energy; and signs of a response.

One compiled hour serves all tests of this file.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ngcm_coupler.analysis.evaluation.latitudes import alternation
from ngcm_coupler.analysis.evaluation.precipitation import BOXES
from ngcm_coupler.clock import Clock
from ngcm_coupler.config import parse
from ngcm_coupler.engine.atmosphere import initial_condition
from ngcm_coupler.engine.neuralgcm.checkpoint import read_checkpoint
from ngcm_coupler.engine.neuralgcm.model import NeuralGCM
from ngcm_coupler.fields import IMPORTS, TILES, field, over
from ngcm_coupler.interval import Interval
from ngcm_coupler.interval.water_closure import WaterOfGlobe
from ngcm_coupler.output.budget.ledger import Ledger
from ngcm_coupler.surface.turbulence.bulk import bulk_fluxes
from ngcm_coupler.surface.turbulence.near_surface_air import NearSurfaceAir

HOUR = 3600
MILLIMETRE_PER_DAY = 1.0 / 86400.0
TAKEN = [row.name for row in IMPORTS if row.surface and "water_" not in row.name]

OF_WATER = (
    "precipitation_flux",
    "column_budget_precipitation_flux",
    "column_budget_evaporation_flux",
)

pytestmark = pytest.mark.slow


class Hour:
    """The demo model with all tiles and grey radiation, in intervals of an hour."""

    def __init__(self):
        self.engine = NeuralGCM(read_checkpoint("demo"), "demo")
        names = ", ".join(f"'{name}'" for name in TAKEN)
        config = parse(f"&ngcm_coupling interval_seconds = {HOUR}, imports = {names} /")
        self.interval = Interval(self.engine, config)
        self.initial = initial_condition(self.engine, None, jax.random.key(0))
        self.imports = self.interval.initial_imports(
            self.engine.parameters, self.initial.state, self.initial.surface
        )
        day = Clock(self.initial.time).day
        self.state = jax.jit(self.interval.begin)(
            self.engine.parameters, self.initial.state, day, 0
        )
        self._advance = jax.jit(self.interval.advance)
        self._dry_air_pressure = jax.jit(self.engine.dry_air_pressure)
        self.weights = self.engine.grid.area / self.engine.grid.area.sum()

    def advance(self, state, imports):
        state, exports = self._advance(self.engine.parameters, state, imports)
        return state, np.asarray(exports)

    @functools.cached_property
    def first(self):
        """Exports of the first hour."""
        return self.advance(self.state, self.imports)[1]

    @functools.cached_property
    def day(self):
        """The atmosphere after some hours of the first day, and the exports of every hour of it."""
        atmospheres, exports, state = {}, [], self.state
        for elapsed in range(1, 25):
            state, each = self.advance(state, self.imports)
            exports.append(each)
            if elapsed in (1, 3, 11, 23):  # the last two when a correction is oldest
                atmospheres[elapsed] = state.atmosphere
        return atmospheres, np.stack(exports)

    def dry_air_pressure(self, state):
        return float(self._dry_air_pressure(state.atmosphere))

    def row(self, exports, name):
        place = [row.name for row in self.interval.exports].index(name)
        return exports[place].astype(np.float64)

    def mean(self, exports, name):
        return float((self.row(exports, name) * self.weights).sum())

    def ledger(self):
        return Ledger(
            self.engine.grid,
            self.engine.land_area_fraction,
            [field(name) for name in TAKEN],
            self.interval.exports,
            HOUR,
            WaterOfGlobe.of(self.state.water).column_water,
            self.dry_air_pressure(self.state),
        )


@pytest.fixture(scope="module")
def hour():
    return Hour()


@pytest.mark.parametrize("days", [1, pytest.param(10, marks=pytest.mark.long)])
def test_mass_and_water_are_accounted_for_over_days(hour, days):
    """Dry air to 0.1 Pa; water to 0.05 mm/day as the model has it, and to round-off as exported."""
    ledger, state, clock = hour.ledger(), hour.state, Clock(hour.initial.time)
    first = ledger._column_water
    fallen = evaporated = 0.0
    debts, factors, rows = [], [], []
    for _ in range(24 * days):
        state, exports = hour.advance(state, hour.imports)
        assert np.isfinite(exports).all()
        clock = clock.advanced(HOUR)
        ledger.enter(
            clock,
            np.asarray(hour.imports),
            exports,
            hour.dry_air_pressure(state),
            WaterOfGlobe.of(state.water),
        )
        assert abs(ledger.last["water_residual"]) < 2e-8 * MILLIMETRE_PER_DAY
        assert abs(ledger.last["dry_air_pressure_drift"]) < 0.1
        for name in ("rainfall_flux", "snowfall_flux", "precipitation_flux"):
            assert hour.row(exports, name).min() >= 0.0
        rain, snow = (hour.mean(exports, name) for name in ("rainfall_flux", "snowfall_flux"))
        fallen += rain + snow
        evaporated += ledger.last["evaporation_total"]
        debts.append(ledger.last["precipitation_debt"])
        factors.append(ledger.last["precipitation_factor"])
        rows.append([hour.row(exports, name) for name in OF_WATER])
        for name in ("surface_downward_sensible_heat_flux", "surface_net_downward_shortwave_flux"):
            # A cell adds three products of a few hundred W m-2, in single precision.
            assert ledger.last[f"{name}_largest_residual"] < 1e-3
    means = ledger.means()
    assert abs(means["water_residual_of_model"]) < 0.05 * MILLIMETRE_PER_DAY
    # The interval has 25 kg m-2 to 3e-12 (48 bits, less those of the sum), at the begin and at the
    # end, over an hour: in the mean of a day that is less than 4e-12 mm/day.
    owed = ledger.last["water_remainder"]
    gained = (ledger._column_water - first) / HOUR
    assert fallen - evaporated + gained + owed == pytest.approx(0.0, abs=1e-15)
    assert np.mean(debts) < 0.5
    daily = np.mean(np.reshape(factors, (days, 24)), axis=1)
    # In the first three hours, of 0.63, 0.49 and 0.82, the air gains 3 mm/day: few columns rain.
    assert daily[0] == pytest.approx(0.93, abs=0.05)
    if days == 10:
        assert (np.abs(daily[2:] - 1.0) < 0.03).all()
        check_rain(
            hour, *np.reshape(rows, (days, 24, len(OF_WATER), -1)).mean(axis=1).swapaxes(0, 1)
        )
    # Rodell et al. (2015) have 2.8 mm/day over the year.
    assert means["precipitation_flux"] / MILLIMETRE_PER_DAY == pytest.approx(2.8, abs=0.5)
    # Wild et al. (2015) have 185 and 342 W m-2 over the year.
    assert abs(means["surface_downwelling_shortwave_flux_in_air"] - 185.0) < 20.0
    assert abs(means["surface_downwelling_longwave_flux_in_air"] - 342.0) < 20.0


def check_rain(hour, rain, raw, evaporation):
    """Daily means of what falls, (day, n), beside the sum of column physics and evaporation."""
    grid = hour.engine.grid
    horizontal = hour.engine._model.model_coords.horizontal

    def harmonics(fields):
        nodal = fields.reshape(-1, grid.nlat, grid.nlon).swapaxes(1, 2)
        return np.asarray(horizontal.to_modal(nodal), np.float64)

    def power(fields):
        return (harmonics(fields) ** 2).sum(axis=1).mean(axis=0)

    def mean(fields, region):
        weights = np.where(region, hour.weights, 0.0)
        return (fields[4:].mean(axis=0) * weights).sum() / weights.sum() / MILLIMETRE_PER_DAY

    maps = rain.reshape(-1, grid.nlat, grid.nlon)
    along = np.corrcoef(maps.ravel(), np.roll(maps, 1, axis=2).ravel())[0, 1]
    across = np.corrcoef(maps[:, 1:].ravel(), maps[:, :-1].ravel())[0, 1]
    assert along > 0.8 and across > 0.7, "storms are larger than cells"
    assert 22.0 < np.quantile(rain, 0.999) / MILLIMETRE_PER_DAY < 35.0
    smooth, rough = power(rain), power(raw)
    assert smooth[1:11].sum() > 0.8 * rough[1:11].sum()
    assert smooth[40:50].mean() < 0.5 * smooth[20:30].mean(), "raw has 2.9"
    tropics = np.abs(grid.latitudes) < 25.0
    zonal = [
        field.mean(axis=0).reshape(grid.nlat, -1).mean(axis=1)[tropics].max()
        for field in (rain, raw)
    ]
    assert zonal[0] == pytest.approx(zonal[1], rel=0.15)
    budgets = [harmonics((field - evaporation).mean(axis=0))[0][:, :21] for field in (rain, raw)]
    assert np.corrcoef(*(each.ravel()[1:] for each in budgets))[0, 1] > 0.9
    east = (grid.longitude + 180.0) % 360.0 - 180.0
    boxes = {
        name: (grid.latitude > south) & (grid.latitude < north) & (east > west) & (east < end)
        for name, (south, north, west, end) in BOXES.items()
    }
    assert mean(rain, boxes["Sahara"]) < 0.5
    for region in (
        boxes["Amazon"],
        # It had 1.4 times raw's where land that nobody tells of was always half wet.
        (grid.latitude > 30.0) & (hour.engine.land_area_fraction > 0.5),
    ):
        assert mean(rain, region) == pytest.approx(mean(raw, region), rel=0.15)


def test_warmer_sea_evaporates_more_heats_the_air_and_a_colder_one_the_opposite(hour):
    sea = 1.0 - hour.engine.land_area_fraction
    weights = sea * hour.weights / (sea * hour.weights).sum()
    evaporation, heat, air = [], [], []
    for warming in (-2.0, 0.0, 2.0):
        imports = jnp.asarray(hour.imports).at[TAKEN.index("sea_surface_temperature")].add(warming)
        state = hour.state
        for _ in range(12):
            state, exports = hour.advance(state, imports)
        for values, name in (
            (evaporation, over("water_evapotranspiration_flux", "ice_free_sea")),
            (heat, over("surface_downward_sensible_heat_flux", "ice_free_sea")),
            (air, "air_temperature"),
        ):
            values.append(float((hour.row(exports, name) * weights).sum()))
    assert evaporation[0] < evaporation[1] < evaporation[2]
    assert heat[0] > heat[1] > heat[2], "downward: a warmer sea loses more"
    assert air[0] < air[1] < air[2]


def test_four_bands_are_the_sunlight_and_there_is_none_at_night(hour):
    exports = hour.first
    name = "surface_downwelling_shortwave_flux_in_air"
    bands = [row.name for row in hour.interval.exports if row.name.startswith(f"{name}_")]
    total = hour.row(exports, name)
    assert len(bands) == 4
    np.testing.assert_allclose(sum(hour.row(exports, band) for band in bands), total, rtol=1e-6)
    polar_night = hour.engine.grid.latitude > 70.0
    assert (total[polar_night] == 0.0).all()
    assert total[~polar_night].max() > 300.0


def test_cell_is_the_sum_of_its_tiles(hour):
    exports = hour.first
    land = hour.engine.land_area_fraction
    ice = np.where(land < 1.0, hour.imports[TAKEN.index("sea_ice_area_fraction")], 0.0)
    part = {"ice_free_sea": (1 - land) * (1 - ice), "sea_ice": (1 - land) * ice, "land": land}
    for name in ("surface_downward_eastward_stress", "surface_downward_nonsolar_heat_flux"):
        tiles = sum(part[tile] * hour.row(exports, over(name, tile)) for tile in TILES)
        largest = np.abs(tiles).max()
        np.testing.assert_allclose(hour.row(exports, name), tiles, rtol=1e-5, atol=1e-6 * largest)


class AirOfTheAnalysis:
    """ERA5's air of the initial date at the pressure of a lowest level, over the open sea."""

    def __init__(self, hour):
        self.hour = hour
        fields = hour.engine.initial_data(None).fields[0]
        self.levels = 100.0 * np.array(hour.engine.levels.pressures_hpa)
        size = hour.engine.grid.size
        names = "temperature", "specific_humidity", "u_component_of_wind", "v_component_of_wind"
        self.fields = [
            np.asarray(fields[name], np.float64).transpose(0, 2, 1).reshape(-1, size)
            for name in names
        ]
        ice = np.asarray(hour.imports[TAKEN.index("sea_ice_area_fraction")])
        open_sea = hour.weights * ((hour.engine.land_area_fraction == 0.0) & (ice == 0.0))
        self.weights = open_sea / open_sea.sum()

    def mean(self, values):
        return float((self.weights * np.asarray(values, np.float64)).sum())

    def at(self, pressure):
        """Temperature, humidity and wind, linear in pressure."""
        place = np.searchsorted(self.levels, pressure).clip(1, self.levels.size - 1)
        low, high = self.levels[place - 1], self.levels[place]
        part = (pressure - low) / (high - low)
        every = np.arange(place.size)
        return [
            (1.0 - part) * field[place - 1, every] + part * field[place, every]
            for field in self.fields
        ]

    def fluxes(self, level, air):
        """Means of latent heat, sensible heat [W m-2] and stress [mN m-2] by COARE 3.6."""
        temperature, humidity, eastward, northward = air
        potential = temperature * (1e5 / np.asarray(level.air_pressure)) ** (2.0 / 7.0)
        near = NearSurfaceAir(
            eastward_wind=np.float32(eastward),
            northward_wind=np.float32(northward),
            air_temperature=np.float32(temperature),
            specific_humidity=np.float32(humidity),
            surface_air_pressure=level.surface_air_pressure,
            wind_height=level.height,
            temperature_height=level.height,
            potential_temperature=np.float32(potential),
        )
        found = bulk_fluxes("coare3p6", near, self.hour.imports[0])
        stress = np.hypot(found.eastward_stress, found.northward_stress)
        return (
            self.mean(found.latent_heat_flux),
            self.mean(found.sensible_heat_flux),
            1e3 * self.mean(stress),
        )


def test_heat_of_open_water_has_no_stripes_and_every_value_is_in_its_range(hour):
    """Sea-surface temperature comes in 64 x 32 cells: as terraces they make 6.5 and 14 W m-2."""
    _, exports = hour.day
    for values, row in zip(exports.swapaxes(0, 1), hour.interval.exports, strict=True):
        assert row.valid_min <= values.min() and values.max() <= row.valid_max, row.name
    grid, ice = hour.engine.grid, np.asarray(hour.imports[TAKEN.index("sea_ice_area_fraction")])
    open_water = (1.0 - hour.engine.land_area_fraction) * (1.0 - ice)
    for name, largest in (("sensible", 1.0), ("latent", 2.5)):
        flux = over(f"surface_downward_{name}_heat_flux", "ice_free_sea")
        mean = hour.row(exports.mean(axis=0), flux) * open_water
        rows = mean.reshape(grid.nlat, grid.nlon).mean(axis=1)
        assert np.sqrt(np.nanmean(alternation(rows) ** 2)) < largest


def test_lowest_level_and_its_fluxes_are_near_the_analysis(hour):
    """Of ERA5 there is the initial date only: means over all open sea change little in a day.

    An hour later the raw level is 0.41 K too cold and 0.45 g/kg too dry there; latent heat over
    it is 16 % too strong after a day, and stress 32 %.
    """
    analysis, (atmospheres, exports_of_hours) = AirOfTheAnalysis(hour), hour.day
    lowest = jax.jit(hour.engine.lowest_level)
    for elapsed, atmosphere in atmospheres.items():
        exports = exports_of_hours[elapsed - 1]
        raw = lowest(hour.engine.parameters, atmosphere)
        air = analysis.at(np.asarray(raw.air_pressure, np.float64))
        colder = analysis.mean(raw.air_temperature - air[0])
        drier = analysis.mean(raw.specific_humidity - air[1])
        warmer = analysis.mean(hour.row(exports, "air_temperature") - air[0])
        moister = analysis.mean(hour.row(exports, "specific_humidity") - air[1])
        assert colder < -0.4 and abs(warmer) < 0.2
        assert drier < -0.3e-3 and abs(moister) < 0.06e-3
        latent, sensible, stress = analysis.fluxes(raw, air)
        sea = {
            name: over(f"surface_downward_{name}", "ice_free_sea")
            for name in ("latent_heat_flux", "sensible_heat_flux", "eastward_stress",
                         "northward_stress")
        }  # fmt: skip
        found = {name: hour.row(exports, row) for name, row in sea.items()}
        assert analysis.mean(found["latent_heat_flux"]) == pytest.approx(latent, rel=0.05)
        assert analysis.mean(found["sensible_heat_flux"]) == pytest.approx(sensible, abs=2.0)
        if elapsed > 1:  # the raw wind itself is 5 % too weak in the first hour
            own = np.hypot(found["eastward_stress"], found["northward_stress"])
            bare = raw.air_temperature, raw.specific_humidity, raw.eastward_wind, raw.northward_wind
            raw_stress = analysis.fluxes(raw, bare)[2]
            assert abs(1e3 * analysis.mean(own) - stress) < 0.75 * abs(raw_stress - stress)
