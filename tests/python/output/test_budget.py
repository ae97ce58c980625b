"""The ledger: sums that a hand calculation gives, and water that closes in the long run."""

from __future__ import annotations

import dataclasses
import json

import jax.numpy as jnp
import numpy as np
import pytest

from ngcm_coupler.clock import Clock
from ngcm_coupler.config import parse
from ngcm_coupler.errors import FieldError, OutputError, RestartError
from ngcm_coupler.fields import EXPORTS, IMPORTS, TILES, field, offered, over
from ngcm_coupler.fields.levels import LEVEL_FIELDS, Levels
from ngcm_coupler.files.foreign import BUDGET_TITLE
from ngcm_coupler.files.netcdf import import_netcdf4
from ngcm_coupler.grid import GaussianGrid
from ngcm_coupler.interval.water_closure import WaterClosure, WaterOfGlobe
from ngcm_coupler.output.budget import entries as names
from ngcm_coupler.output.budget.entries import (
    area_of,
    entries,
    largest_residual_of,
    residual_of,
    share_of,
)
from ngcm_coupler.output.budget.ledger import Ledger
from ngcm_coupler.output.budget.output import BudgetFile
from ngcm_coupler.output.budget.provenance import Sources
from ngcm_coupler.output.budget.table import table

GRID = GaussianGrid(32, 16)
WEIGHTS = GRID.area / GRID.area.sum()
INTERVAL = 3600
START = Clock("2000-01-01T00:00:00")
DRY = 98305.0
LATENT = 2.5e6
CLOSED = WaterOfGlobe(25.0, 1.0e-12, 3.0e-5, 1.0)
"""What an interval tells of its water, where a test does not look at it."""

OCEAN_ONLY = offered(frozenset({"water"}))
SEA_SURFACE = tuple(row for row in IMPORTS if row.surface == "sea")
TAKEN = tuple(row for row in IMPORTS if not row.name.startswith("imposed_"))
IMPOSING = (*SEA_SURFACE, field("imposed_water_evapotranspiration_flux"))


class World:
    """Random exports that fit together as those of a run do, one interval after the other."""

    def __init__(self, exports=EXPORTS, imports=TAKEN, seed=0):
        self.rng = np.random.default_rng(seed)
        self.exports, self.imports = exports, imports
        self.land = np.where(self.rng.random(GRID.size) < 0.3, self.rng.random(GRID.size), 0.0)
        self.land[:40] = 1.0
        self.water = self.rng.normal(25.0, 2.0, GRID.size).astype(np.float32)
        self.clock = START

    def ledger(self):
        names = [row.name for row in self.imports]
        self.closure = WaterClosure(GRID, self.land, names, self.exports, INTERVAL)
        self.budget = self.closure.begin(self.water)
        water = WaterOfGlobe.of(self.budget).column_water
        return Ledger(GRID, self.land, self.imports, self.exports, INTERVAL, water, DRY)

    def interval(self):
        """Imports, exports and dry-air pressure."""
        ice = np.where(self.rng.random(GRID.size) < 0.2, self.rng.random(GRID.size), 0.0)
        fractions = self.fractions(ice)
        quantities = {}
        for name in (*names.HEAT, *names.MOMENTUM, names.EVAPORATION):
            size = 3.0e-5 if name == names.EVAPORATION else 50.0
            tiles = {tile: self.rng.normal(size, size, GRID.size) for tile in TILES}
            quantities |= {over(name, tile): values for tile, values in tiles.items()}
            quantities[name] = sum(fractions[tile] * tiles[tile] for tile in TILES)
        self.water = (self.water + self.rng.normal(0.0, 0.3, GRID.size)).astype(np.float32)
        quantities[names.COLUMN_WATER] = self.water
        quantities[names.CELL_EVAPORATION] = quantities[names.EVAPORATION]
        for name in ("rainfall_flux", "snowfall_flux"):
            quantities[name] = self.rng.exponential(2.0e-5, GRID.size)
        quantities["precipitation_flux"] = quantities["rainfall_flux"] + quantities["snowfall_flux"]
        for name in (*names.SKY, *names.SPACE):
            quantities[name] = self.rng.uniform(0.0, 400.0, GRID.size)
        rows = [quantities.get(row.name, np.zeros(GRID.size)) for row in self.exports]
        given = {"sea_ice_area_fraction": np.where(self.land < 1.0, ice, np.nan)}
        given["imposed_water_evapotranspiration_flux"] = np.full(GRID.size, 4.0e-5)
        imports = [given.get(row.name, np.full(GRID.size, 280.0)) for row in self.imports]
        self.clock = self.clock.advanced(INTERVAL)
        return (
            np.stack(imports).astype(np.float32),
            np.stack(rows).astype(np.float32),
            DRY + self.rng.normal(),
        )

    def fractions(self, ice):
        ice = np.where(self.land < 1.0, ice.astype(np.float32).astype(np.float64), 0.0)
        sea = 1.0 - self.land
        return {"ice_free_sea": sea * (1.0 - ice), "sea_ice": sea * ice, "land": self.land}

    def closed(self, imports, exports):
        """The exports with their water closed, as an interval of the component gives them."""
        place = [row.name for row in self.imports].index("sea_ice_area_fraction")
        ice = np.nan_to_num(imports[place])
        self.budget, exports = self.closure.close(self.budget, imports, ice, jnp.asarray(exports))
        return np.asarray(exports), WaterOfGlobe.of(self.budget)

    def close(self, ledger):
        imports, before, pressure = self.interval()
        exports, water = self.closed(imports, before)
        ledger.enter(self.clock, imports, exports, pressure, water)
        return imports, before, exports

    def row(self, array, name):
        number = [row.name for row in self.exports].index(name)
        return array[number].astype(np.float64)


def test_every_entry_is_filled_in_the_order_of_the_list():
    for exports in (EXPORTS, OCEAN_ONLY, offered(frozenset())):
        world = World(exports)
        ledger = world.ledger()
        world.close(ledger)
        assert list(ledger.last) == [entry.name for entry in entries(TAKEN, exports)]
        assert np.isfinite(list(ledger.last.values())).all()
        assert len(set(ledger.last)) == len(ledger.entries)


def test_water_closes_cumulatively_to_the_precision_of_the_sums():
    """What has fallen is what has evaporated less what the air has gained, over 100 intervals.

    The interval has the water in the air, 25 kg m-2, to 48 bits less those of a sum: to 3e-12, over
    3600 s 1e-15, at the begin and at the end only. Without the remainder, single precision would
    leave about 1e-13 in each interval.
    """
    world = World()
    ledger = world.ledger()
    first = float((world.water.astype(np.float64) * WEIGHTS).sum())
    net = 0.0
    for _ in range(100):
        imports, _, exports = world.close(ledger)
        fallen = world.row(exports, "rainfall_flux") + world.row(exports, "snowfall_flux")
        fractions = world.fractions(np.nan_to_num(imports[1]))
        evaporated = sum(
            fractions[tile] * world.row(exports, over(names.EVAPORATION, tile)) for tile in TILES
        )
        net += float(((fallen - evaporated) * WEIGHTS).sum())
    gained = float((world.water.astype(np.float64) * WEIGHTS).sum()) - first
    owed = ledger.last["water_remainder"]
    assert net + owed + gained / INTERVAL == pytest.approx(0.0, abs=1e-15)
    assert ledger.means()["water_residual"] == pytest.approx(0.0, abs=1e-15)
    assert abs(ledger.means()["water_residual_as_computed"]) > 1e-6
    assert 0.1 < ledger.means()["precipitation_factor"] < 10.0


def test_rain_and_snow_keep_their_pattern_and_sum_up_to_precipitation():
    world = World()
    ledger = world.ledger()
    _, before, after = world.close(ledger)
    factor = ledger.last["precipitation_factor"]
    for name in ("rainfall_flux", "snowfall_flux"):
        np.testing.assert_allclose(
            world.row(after, name), factor * world.row(before, name), rtol=1e-7
        )
    both = world.row(after, "rainfall_flux") + world.row(after, "snowfall_flux")
    np.testing.assert_allclose(world.row(after, "precipitation_flux"), both, rtol=1e-7)
    others = [i for i, row in enumerate(EXPORTS) if row.name not in names.PRECIPITATION]
    np.testing.assert_array_equal(after[others], before[others])


def test_shares_of_the_tiles_add_up_to_the_cell_and_means_are_per_area_of_the_tile():
    world = World()
    ledger = world.ledger()
    imports, _, exports = world.close(ledger)
    fractions = world.fractions(np.nan_to_num(imports[1]))
    for name in (*names.HEAT, *names.MOMENTUM, names.EVAPORATION):
        shares = sum(ledger.last[share_of(over(name, tile))] for tile in TILES)
        assert shares == pytest.approx(
            ledger.last[name] + ledger.last[residual_of(name)], rel=1e-12
        )
        # The cell is a float32 of up to some 200 W m-2, so that a cell may be off by 1e-5.
        assert abs(ledger.last[residual_of(name)]) < 1e-6
        assert ledger.last[largest_residual_of(name)] < 2e-5
        for tile in TILES:
            expected = np.average(
                world.row(exports, over(name, tile)), weights=fractions[tile] * WEIGHTS
            )
            assert ledger.last[over(name, tile)] == pytest.approx(expected, rel=1e-12)
    assert sum(ledger.last[area_of(tile)] for tile in TILES) == pytest.approx(1.0, rel=1e-14)


def test_a_cell_that_does_not_fit_its_tiles_shows():
    world = World()
    ledger = world.ledger()
    imports, exports, pressure = world.interval()
    name = "surface_downward_sensible_heat_flux"
    exports[[row.name for row in EXPORTS].index(name), 7] += 3.0
    ledger.enter(world.clock, imports, exports, pressure, CLOSED)
    assert ledger.last[largest_residual_of(name)] == pytest.approx(3.0, abs=1e-4)
    assert ledger.last[residual_of(name)] == pytest.approx(-3.0 * WEIGHTS[7], abs=1e-6)


def test_net_heat_is_the_sum_of_its_parts_and_the_air_keeps_the_difference():
    world = World()
    ledger = world.ledger()
    world.close(ledger)
    for surface in ("", *TILES):
        parts = [ledger.last[over(part, surface)] for part in names.HEAT[:4]]
        assert ledger.last[over(names.NET_HEAT, surface)] == pytest.approx(sum(parts))
    gain = ledger.last[names.NET_SPACE]
    incoming, reflected, emitted = (ledger.last[name] for name in names.SPACE)
    assert gain == pytest.approx(incoming - reflected - emitted)
    kept = ledger.last["atmosphere_net_heat_flux"]
    assert kept == pytest.approx(gain - ledger.last[names.NET_HEAT])


def test_means_over_a_tile_count_its_area():
    """Ice of 10 % of the sea with 1 W m-2 and then of 30 % with 5: (0.1 + 1.5) / 0.4 = 4."""
    world = World()
    world.land[:] = 0.0
    ledger = world.ledger()
    name = "surface_downward_sensible_heat_flux_over_sea_ice"
    row = [each.name for each in EXPORTS].index(name)
    for ice, flux in ((0.1, 1.0), (0.3, 5.0)):
        imports, exports, pressure = world.interval()
        imports[1], exports[row] = ice, flux
        ledger.enter(world.clock, imports, exports, pressure, CLOSED)
    assert ledger.means()[name] == pytest.approx(4.0, rel=1e-6)
    assert ledger.means()[share_of(name)] == pytest.approx(0.8, rel=1e-6)


def test_a_surface_that_is_nowhere_has_no_mean():
    world = World()
    ledger = world.ledger()
    imports, exports, pressure = world.interval()
    imports[1] = 0.0
    ledger.enter(world.clock, imports, exports, pressure, CLOSED)
    name = "surface_downward_sensible_heat_flux_over_sea_ice"
    assert np.isnan(ledger.last[name]) and np.isnan(ledger.means()[name])
    assert ledger.last[share_of(name)] == 0.0
    assert "nan" not in table(ledger)


def test_evaporation_of_surfaces_without_a_host_is_in_the_balance_and_named():
    world = World(OCEAN_ONLY)
    ledger = world.ledger()
    _, exports, _ = world.close(ledger)
    total = float((world.row(exports, names.CELL_EVAPORATION) * WEIGHTS).sum())
    told = ledger.last[share_of(over(names.EVAPORATION, "ice_free_sea"))]
    assert ledger.last["evaporation_total"] == pytest.approx(total, rel=1e-12)
    assert ledger.last["evaporation_without_host"] == pytest.approx(total - told, rel=1e-12)


def test_imposed_evaporation_is_the_one_that_is_balanced():
    world = World(OCEAN_ONLY, IMPOSING)
    ledger = world.ledger()
    world.close(ledger)
    assert ledger.last["evaporation_total"] == pytest.approx(np.float32(4.0e-5), rel=1e-12)
    assert "evaporation_without_host" not in ledger.last


def test_without_a_water_budget_exports_stay_as_they_are():
    world = World(offered(frozenset({"sea_ice", "land"})))
    ledger = world.ledger()
    imports, exports, pressure = world.interval()
    after, water = world.closed(imports, exports)
    np.testing.assert_array_equal(after, exports)
    ledger.enter(world.clock, imports, exports, pressure, water)
    assert "water_residual" not in ledger.last
    assert ledger.last[names.COLUMN_WATER] == pytest.approx(25.0, abs=1.0)


def test_dry_air_is_compared_with_the_interval_before_and_with_the_start():
    world = World()
    ledger = world.ledger()
    for pressure in (DRY + 2.0, DRY + 5.0):
        imports, exports, _ = world.interval()
        ledger.enter(world.clock, imports, exports, pressure, CLOSED)
    assert ledger.last["dry_air_pressure_change"] == 3.0
    assert ledger.last["dry_air_pressure_drift"] == 5.0
    assert ledger.means()["dry_air_pressure_change"] == 2.5
    assert ledger.means()["dry_air_pressure_drift"] == 5.0


@pytest.mark.bits
def test_a_restored_ledger_continues_bit_for_bit():
    world = World()
    straight = world.ledger()
    for _ in range(3):
        world.close(straight)
    continued = World().ledger()
    continued.restore(json.loads(json.dumps(straight.state())))
    assert table(continued) == table(straight)
    for _ in range(3):
        imports, exports, pressure = world.interval()
        both = [
            ledger.enter(world.clock, imports, exports, pressure, CLOSED)
            for ledger in (straight, continued)
        ]
        np.testing.assert_array_equal(*both)
    assert continued.state() == straight.state()
    assert continued.means() == straight.means()


def test_a_state_of_other_entries_is_refused():
    state = World(OCEAN_ONLY).ledger().state()
    with pytest.raises(RestartError, match="snow|land") as raised:
        World().ledger().restore(state)
    assert "continue with the imports and the radiation of that run" in str(raised.value)


def test_a_run_without_ice_cover_or_column_water_cannot_be_budgeted():
    no_ice = [row for row in TAKEN if row.name != "sea_ice_area_fraction"]
    with pytest.raises(FieldError, match="needs sea_ice_area_fraction"):
        World(imports=no_ice).ledger()
    dry = [row for row in EXPORTS if row.name != names.COLUMN_WATER]
    with pytest.raises(FieldError, match=f"needs {names.COLUMN_WATER}"):
        World(exports=dry).ledger()


@pytest.mark.parametrize("exports", [EXPORTS, OCEAN_ONLY])
def test_the_table_fits_a_terminal_and_says_what_the_ledger_says(exports):
    world = World(exports)
    ledger = world.ledger()
    assert "no interval has been completed" in table(ledger)
    for _ in range(2):
        world.close(ledger)
    lines = table(ledger).splitlines()
    assert max(map(len, lines)) <= 100
    assert lines[0] == "budget from 2000-01-01T00:00:00 to 2000-01-01T02:00:00: 2 intervals, 2 h"
    rain = next(line for line in lines if line.startswith("  rain"))
    millimetres = 86400.0 * ledger.means()["rainfall_flux"]
    assert rain.split()[1] == f"{millimetres:.5f}"
    assert rain.split()[-1] == f"{86400.0 * ledger.last['rainfall_flux']:.5f}"
    latent = next(line for line in lines if line.startswith("  latent heat"))
    water = ledger.means()["surface_downward_latent_heat_flux_over_ice_free_sea"]
    assert f"{water:.3f}" in latent
    assert ("top of the air [W m-2]" in lines) == (exports is EXPORTS)


def test_the_file_holds_every_interval_with_cf_attributes_and_provenance(tmp_path):
    world = World()
    ledger = world.ledger()
    sources = Sources(
        "a model",
        "coare3p6",
        "none",
        "rrtmgp",
        predicts_precipitation=False,
        precipitation_smoothing=22.0,
        lowest_level="corrected",
    )
    file = BudgetFile(
        str(tmp_path / "budget.nc"), ledger, START, {"source": "a model"},
        {row.name: sources.text(row) for row in EXPORTS},
    )  # fmt: skip
    expected = []
    for count in range(1, 4):
        world.close(ledger)
        expected.append(dict(ledger.last))
        file.write()
        with import_netcdf4().Dataset(tmp_path / "budget.nc") as written:
            assert written["time"].size == count
            assert written.title == BUDGET_TITLE
            assert written.source == "a model"
            assert written["time_bounds"][-1].tolist() == [(count - 1) * 3600, count * 3600]
    file.close()
    with import_netcdf4().Dataset(tmp_path / "budget.nc") as written:
        for entry in ledger.entries:
            variable = written[entry.name]
            assert variable[:].tolist() == [values[entry.name] for values in expected]
            assert (variable.units, variable.long_name) == (entry.units, entry.description)
        name = "surface_downward_latent_heat_flux_over_ice_free_sea"
        assert written[name].cell_methods == "time: mean area: mean where ice_free_sea"
        assert written[name].provenance == "bulk: coare3p6"
        assert written[name].positive_direction == "down"
        assert written["water_residual"].provenance == "budget: sum of other entries"


def test_a_file_that_cannot_be_written_says_so(tmp_path):
    world = World()
    ledger = world.ledger()
    with pytest.raises(OutputError, match="cannot be created .* check folder"):
        BudgetFile(str(tmp_path / "missing" / "budget.nc"), ledger, START, {}, {})
    file = BudgetFile(str(tmp_path / "budget.nc"), ledger, START, {}, {})
    world.close(ledger)
    file._file.close()
    with pytest.raises(OutputError, match="2000-01-01T01:00:00 cannot be written"):
        file.write()
    with pytest.raises(OutputError, match="cannot be completed"):
        file.close()


def test_provenance_names_the_scheme_behind_every_field():
    sources = Sources(
        "a model",
        "ecmwf",
        "cool",
        "grey",
        predicts_precipitation=False,
        precipitation_smoothing=22.0,
        lowest_level="corrected",
    )
    texts = {row.name: sources.text(row) for row in EXPORTS}
    assert texts["eastward_wind"] == "model: a model, corrected by its decoder at 0 and 12 UTC"
    assert texts["air_pressure"] == "model: a model"
    assert texts["sea_surface_skin_temperature"] == "bulk: ecmwf with cool skin"
    assert texts["surface_downwelling_longwave_flux_in_air"] == "radiation: grey"
    assert texts["surface_net_downward_shortwave_flux_over_land"] == (
        "radiation: grey, with the albedo of land"
    )
    assert texts["precipitation_flux"] == (
        "budget: learned column water tendency plus evaporation of the tiles, smoothed by a"
        " Gaussian of total wavenumber 22 and shared by neighbours, negative amounts carried as"
        " debt, closed globally"
    )
    assert "paid by the others" in texts["atmosphere_mass_content_of_water"]
    limited = Sources.of(
        parse("&ngcm_surface drag_limit = 2.5e-3 /"),
        "a model",
        predicts_precipitation=False,
        levels=Levels(),
    )
    assert limited.text(field("air_temperature_at_2m_over_ice_free_sea")) == (
        "bulk: coare3p6 (drag at most 0.0025)"
    )
    alone = dataclasses.replace(sources, precipitation_smoothing=0.0)
    assert "Gaussian" not in alone.text(field("precipitation_flux"))
    own = dataclasses.replace(sources, predicts_precipitation=True)
    assert "that the model predicts" in own.text(field("rainfall_flux"))
    for row in EXPORTS:
        assert texts[row.name].startswith(row.provenance)


def test_provenance_says_which_air_the_lowest_level_is():
    nothing = Levels((), ())
    offered = Levels(LEVEL_FIELDS, (500.0, 1000.0))
    for asked, levels, expected in (
        ("corrected", nothing, "model: m"),
        ("corrected", offered, "model: m, corrected by its decoder at 0 and 12 UTC"),
        ("decoded", offered, "model: m, as its decoder has it"),
    ):
        config = parse(f"&ngcm_surface lowest_level = '{asked}' /", with_files=False)
        sources = Sources.of(config, "m", predicts_precipitation=False, levels=levels)
        assert sources.text(field("air_temperature")) == expected
