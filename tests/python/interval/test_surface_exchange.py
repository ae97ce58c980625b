"""The exchange of a step on the analytic engine: tiles, what is offered, imposed fluxes."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ngcm_coupler.config import parse
from ngcm_coupler.constants import GRAVITY, SPECIFIC_HEAT_DRY_AIR
from ngcm_coupler.engine.analytic import AnalyticAtmosphere
from ngcm_coupler.engine.atmosphere import initial_condition
from ngcm_coupler.errors import ConfigError
from ngcm_coupler.fields import IMPORTS, TILES, over
from ngcm_coupler.interval import Interval, surface_exchange
from ngcm_coupler.surface.turbulence.bulk import bulk_fluxes

STEP = 1800
SEA = ["sea_surface_temperature", "sea_ice_area_fraction"]
TILE_IMPORTS = [row.name for row in IMPORTS if row.surface in ("sea_ice", "land")]
IMPOSED = [row.name for row in IMPORTS if row.name.startswith("imposed_")]


class Continents(AnalyticAtmosphere):
    """With land on a third of the northern cells, and half of it in others."""

    def __init__(self):
        super().__init__(16, STEP)
        north = self.grid.latitude > 0.0
        self.land_area_fraction = np.where(north, (np.arange(self.grid.size) % 3) / 2.0, 0.0)


class Run:
    """A few steps with what a host has put."""

    def __init__(self, imports, extra=""):
        self.names = imports
        listed = ", ".join(f"'{name}'" for name in imports)
        self.engine = Continents()
        self.interval = Interval(
            self.engine,
            parse(f"&ngcm_coupling interval_seconds = {STEP}, imports = {listed} / {extra}"),
        )
        initial = initial_condition(self.engine, None, jax.random.key(0))
        self.imports = self.interval.initial_imports({}, initial.state, initial.surface)
        self.state = self.interval.begin({}, initial.state, 10957, 0)
        self._advance = jax.jit(self.interval.advance)

    def put(self, **values):
        for name, value in values.items():
            self.imports = self.imports.at[self.names.index(name)].set(value)

    def advance(self):
        self.state, exports = self._advance({}, self.state, self.imports)
        exports = np.asarray(exports)
        assert np.isfinite(exports).all()
        return {
            row.name: values for row, values in zip(self.interval.exports, exports, strict=True)
        }


@pytest.fixture(scope="module")
def fluxes():
    """Exports after a step of a run with all tiles, and the run."""
    run = Run(SEA + TILE_IMPORTS)
    return run.advance(), run


def test_cell_and_sea_are_the_sums_of_their_tiles_for_every_flux(fluxes):
    exports, run = fluxes
    land = run.engine.land_area_fraction
    ice = np.asarray(run.imports[1])
    part = {"ice_free_sea": (1 - land) * (1 - ice), "sea_ice": (1 - land) * ice, "land": land}
    names = [name for name in exports if over(name, "land") in exports]
    assert len(names) == 8
    for name in names:
        tiles = sum(part[tile] * exports[over(name, tile)] for tile in TILES)
        size = np.abs(tiles).max()
        np.testing.assert_allclose(exports[name], tiles, rtol=1e-5, atol=1e-6 * size, err_msg=name)
        sea = (1 - ice) * exports[over(name, "ice_free_sea")] + ice * exports[over(name, "sea_ice")]
        np.testing.assert_allclose(exports[over(name, "sea")], sea, rtol=1e-5, atol=1e-6 * size)


def test_scheme_and_limit_of_drag_reach_the_formulae_of_open_water(monkeypatch):
    given = []

    def recorded(scheme, *arguments, drag_limit, **others):
        given.append((scheme, drag_limit))
        return bulk_fluxes(scheme, *arguments, drag_limit=drag_limit, **others)

    monkeypatch.setattr(surface_exchange, "bulk_fluxes", recorded)
    run = Run(SEA, "&ngcm_surface bulk_scheme = 'coare3p0', drag_limit = 0.0025 /")
    jax.eval_shape(run.interval.diagnose, {}, run.state, run.imports)
    assert given == [("coare3p0", 0.0025)]


def test_the_sun_shines_where_it_stands_above_the_horizon(fluxes):
    """The first half hour of 1 January 2000, UTC: by an almanac the sun stands at 23.07 degrees
    south, is 3.2 minutes late and 0.9833 astronomical units away."""
    exports, run = fluxes
    latitude = np.deg2rad(run.engine.grid.latitude)
    hour_angle = np.deg2rad(run.engine.grid.longitude - 180.0 + 3.75 - 0.8)
    declination = np.deg2rad(-23.07)
    cosine = np.sin(latitude) * np.sin(declination)
    cosine += np.cos(latitude) * np.cos(declination) * np.cos(hour_angle)
    expected = 1361.0 / 0.9833**2 * cosine.clip(0.0)
    # The sun moves by 7.5 degrees in the step: where it rises or sets in the middle, the mean is an
    # eighth of that, in radians, above what the middle has.
    largest = 1361.0 / 0.9833**2 * np.deg2rad(7.5) / 8.0
    sun = exports["toa_incoming_shortwave_flux"]
    np.testing.assert_allclose(sun, expected, atol=largest)


def test_nonsolar_flux_is_what_its_name_says_over_each_tile(fluxes):
    exports, _ = fluxes
    for tile in TILES:
        parts = ("net_downward_longwave", "downward_sensible_heat", "downward_latent_heat")
        total = sum(exports[over(f"surface_{part}_flux", tile)] for part in parts)
        name = over("surface_downward_nonsolar_heat_flux", tile)
        np.testing.assert_allclose(exports[name], total, rtol=1e-5, atol=1e-3)


@pytest.mark.slow
def test_nonsolar_flux_over_ice_has_the_exported_derivative():
    """A central difference of 2 K; exchange coefficients, held fixed in it, move with stability."""
    name = over("surface_downward_nonsolar_heat_flux", "sea_ice")
    found = []
    for warming in (-1.0, 1.0):
        run = Run(SEA + TILE_IMPORTS)
        run.put(sea_ice_surface_temperature=run.imports[2] - 5.0 + warming)
        found.append(run.advance())
    icy = (np.asarray(run.imports[1]) > 0.5) & (run.engine.land_area_fraction < 1.0)
    slope = (found[1][name] - found[0][name]) / 2.0
    derivative = found[0]["surface_downward_nonsolar_heat_flux_derivative_over_sea_ice"]
    assert (derivative < -3.0).all()
    np.testing.assert_allclose(slope[icy], derivative[icy], rtol=0.6)


def test_rain_and_snow_are_precipitation_and_warm_places_have_no_snow(fluxes):
    exports, _ = fluxes
    both = exports["rainfall_flux"] + exports["snowfall_flux"]
    np.testing.assert_allclose(both, exports["precipitation_flux"], rtol=1e-6)
    warm = exports["air_temperature_at_2m"] > 285.0
    assert (exports["snowfall_flux"][warm] < 1e-4 * both.max()).all()
    frozen = exports["air_temperature_at_2m"] < 268.0
    assert (exports["snowfall_flux"][frozen] >= 0.99 * both[frozen]).all()


@pytest.mark.slow
def test_host_without_ice_and_land_still_gets_precipitation_but_no_flux_of_theirs():
    exports = Run(SEA).advance()
    assert exports["precipitation_flux"].max() > 0.0
    assert not any(name.endswith(("_over_land", "_over_sea_ice")) for name in exports)
    assert "surface_downward_latent_heat_flux" not in exports


@pytest.mark.slow
def test_host_with_radiation_of_its_own_is_offered_none():
    sky = "&ngcm_radiation scheme = 'host' /"
    exports = Run(SEA, sky).advance()
    assert not any("wave" in name or "nonsolar" in name for name in exports)


@pytest.mark.slow
@pytest.mark.bits
def test_values_of_land_where_there_is_none_do_not_matter(fluxes):
    expected, _ = fluxes
    other = Run(SEA + TILE_IMPORTS)
    no_land = other.engine.land_area_fraction == 0.0
    rows = jnp.array([name in TILE_IMPORTS and "land" in name for name in other.names])
    other.imports = jnp.where(rows[:, None] & no_land, jnp.nan, other.imports)
    for name, values in other.advance().items():
        np.testing.assert_array_equal(values, expected[name], err_msg=name)


@pytest.mark.slow
def test_skin_is_cooler_than_the_water_at_night_and_saves_heat(fluxes):
    bare, run = fluxes
    cool = Run(SEA + TILE_IMPORTS, "&ngcm_surface sea_skin = 'cool' /").advance()
    night = bare["toa_incoming_shortwave_flux"] == 0.0
    night &= run.engine.land_area_fraction < 1.0
    sea = np.asarray(run.imports[0])
    assert (cool["sea_surface_skin_temperature"][night] < sea[night]).all()
    name = over("surface_downward_latent_heat_flux", "ice_free_sea")
    assert (cool[name][night] > bare[name][night]).mean() > 0.99


@pytest.mark.slow
def test_warm_layer_is_carried_from_step_to_step():
    run = Run(SEA + TILE_IMPORTS, "&ngcm_surface sea_skin = 'cool_and_warm' /")
    run.state = dataclasses.replace(run.state, second=jnp.int32(6 * 3600))
    for _ in range(12):
        run.advance()
    warming = np.asarray(run.state.exchange.warming)
    assert 0.3 < warming.max() < 5.0
    assert warming.min() == 0.0


@pytest.mark.slow
def test_imposing_the_plugins_own_fluxes_changes_nothing():
    free, bound = Run(SEA + TILE_IMPORTS), Run(SEA + TILE_IMPORTS + IMPOSED)
    exports = free.advance()
    bound.put(**{name: exports[name.removeprefix("imposed_")] for name in IMPOSED})
    bound.advance()
    for one, other in zip(
        jax.tree.leaves(free.state.atmosphere), jax.tree.leaves(bound.state.atmosphere), strict=True
    ):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-9)


@pytest.mark.slow
def test_imposed_heat_cools_the_air_by_what_it_takes():
    run, free = Run(SEA + IMPOSED), Run(SEA)
    exports = free.advance()
    name = "surface_downward_sensible_heat_flux"
    more = 50.0
    own = Run(SEA + TILE_IMPORTS).advance()
    run.put(**{each: own[each.removeprefix("imposed_")] for each in IMPOSED})
    run.put(**{f"imposed_{name}": own[name] + more})
    run.advance()
    cooling = free.state.atmosphere.air_temperature - run.state.atmosphere.air_temperature
    # The lowest layer holds the weight of the ramp that the sigma levels below 0.85 give it.
    levels, thickness = run.engine.nominal_levels, np.diff(run.engine._interfaces)
    ramp = np.maximum(levels - 0.85, 0.0)
    mass = (ramp * thickness).sum() * exports["surface_air_pressure"] / GRAVITY
    expected = more * STEP * ramp[-1] / mass / SPECIFIC_HEAT_DRY_AIR
    np.testing.assert_allclose(cooling, expected, rtol=2e-3)


@pytest.mark.parametrize(
    ("namelist", "message"),
    [
        ("imports = {sea}, 'sea_ice_surface_temperature' /", "give all imports of sea ice or none"),
        ("imports = {sea}, 'land_surface_skin_temperature' /", "give all imports of land or none"),
        (
            "imports = {sea}, {tiles} / &ngcm_radiation scheme = 'host' /",
            "which &ngcm_radiation scheme = 'host' leaves unused; take them out",
        ),
        (
            "imports = {sea} / &ngcm_radiation scheme = 'host' / &ngcm_surface sea_skin = 'cool' /",
            "needs radiation",
        ),
        (
            "imports = {sea}, 'imposed_surface_downward_eastward_stress' /",
            "without imposed_surface_downward_northward_stress",
        ),
    ],
)
def test_half_a_tile_is_refused_with_a_remedy(namelist, message):
    sea, tiles = (", ".join(f"'{name}'" for name in names) for names in (SEA, TILE_IMPORTS))
    with pytest.raises(ConfigError, match=message):
        parse("&ngcm_coupling " + namelist.format(sea=sea, tiles=tiles))
