"""Imports where some points have no sea."""

import numpy as np
import pytest

from ngcm_coupler.clock import Clock
from ngcm_coupler.component.imports import Imports
from ngcm_coupler.errors import StateError, ValueRangeError
from ngcm_coupler.fields import field
from ngcm_coupler.grid import GaussianGrid

GRID = GaussianGrid(16, 8)
SEA = np.arange(GRID.size) % 4 != 0
LAND = np.where(SEA, 0.25, 1.0)
START = Clock("2000-01-01T00:00:00")


@pytest.fixture
def imports():
    held = Imports([field("sea_surface_temperature")], max_age_seconds=3600)
    held.hold(np.full((1, GRID.size), 290.0, np.float32), np.arange(GRID.size), GRID, LAND)
    return held


@pytest.mark.parametrize("anything", [np.nan, np.inf, 0.0, -1e300])
def test_points_without_sea_may_hold_anything(imports, anything):
    imports.put(0, np.where(SEA, 280.0, anything), 0)
    assert (imports.values[0, SEA] == 280.0).all()


def test_fault_is_counted_and_placed_where_there_is_sea(imports):
    values = np.where(SEA, 280.0, -1e30)
    values[[2, 5]] = 0.0, 250.0
    with pytest.raises(ValueRangeError, match="2 of 128 .* the worst is 0 at point 3 "):
        imports.put(0, values, 0)


def test_values_of_land_count_where_there_is_land_and_of_ice_where_there_is_sea():
    land, ice = np.where(SEA, 0.0, 1.0), np.where(SEA, 0.5, 0.0)
    names = ("land_surface_skin_temperature", "sea_ice_surface_temperature")
    held = Imports([field(name) for name in names], max_age_seconds=3600)
    nothing = np.zeros((2, GRID.size), np.float32)
    held.hold(nothing, np.arange(GRID.size), GRID, land)
    held.put(0, np.where(SEA, np.nan, 280.0), 0)
    held.put(1, np.where(SEA, 260.0, np.nan), 0)
    with pytest.raises(ValueRangeError, match="points without land may hold anything"):
        held.put(0, 1000.0 * ice, 0)
    with pytest.raises(ValueRangeError, match="points without sea may hold anything"):
        held.put(1, 1000.0 * land, 0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sea_surface_temperature", 0.0),
        ("sea_ice_area_fraction", 1.2),
        ("sea_ice_surface_temperature", 0.0),
        ("surface_albedo_direct_visible_over_sea_ice", -0.1),
        ("surface_albedo_diffuse_near_infrared_over_land", -0.1),
        ("land_surface_skin_temperature", 0.0),
        ("surface_roughness_length_for_momentum_over_land", 0.0),
        ("moisture_availability_over_land", 1.1),
        ("imposed_surface_downward_sensible_heat_flux", 1e5),
    ],
)
def test_impossible_value_is_refused_with_its_place_and_the_range(name, value):
    row = field(name)
    held = Imports([row], max_age_seconds=3600)
    good = np.float32(0.5 * (row.valid_min + row.valid_max))
    held.hold(np.full((1, GRID.size), good), np.arange(GRID.size), GRID, np.full(GRID.size, 0.5))
    values = np.full(GRID.size, good)
    values[9] = value
    with pytest.raises(ValueRangeError) as raised:
        held.put(0, values, 0)
    message = f"{name}: 1 of 128 values are not finite or outside {row.valid_min:g} to"
    assert message in str(raised.value) and "at point 10 " in str(raised.value)


def test_what_is_right_in_degrees_celsius_is_told_so(imports):
    with pytest.raises(ValueRangeError, match="outside 260 to 320 K; .*; if these are degrees Cel"):
        imports.put(0, np.full(GRID.size, 15.0), 0)
    with pytest.raises(ValueRangeError) as raised:
        imports.put(0, np.full(GRID.size, 500.0), 0)
    assert "Celsius" not in str(raised.value)


def test_a_part_has_no_unit_in_messages():
    held = Imports([field("sea_ice_area_fraction")], max_age_seconds=3600)
    held.hold(np.zeros((1, GRID.size), "f4"), np.arange(GRID.size), GRID, LAND)
    with pytest.raises(ValueRangeError, match="outside 0 to 1; the worst is 90 at"):
        held.put(0, np.full(GRID.size, 90.0), 0)


def test_refused_values_are_not_taken_over_and_the_old_ones_no_longer_count(imports):
    imports.put(0, np.full(GRID.size, 280.0), 0)
    with pytest.raises(ValueRangeError):
        imports.put(0, np.full(GRID.size, 0.0), 0)
    assert (imports.values == 280.0).all()
    with pytest.raises(StateError, match="has not been put"):
        imports.require_fresh(START)


def test_age_is_counted_from_the_last_put(imports):
    imports.put(0, np.full(GRID.size, 280.0), 1800)
    imports.require_fresh(START.advanced(5400))
    with pytest.raises(StateError, match="3601 s before"):
        imports.require_fresh(START.advanced(5401))


def test_rank_without_points_needs_no_put():
    empty = Imports([field("sea_surface_temperature")], max_age_seconds=3600)
    empty.hold(np.empty((1, 0), np.float32), np.arange(0), GRID, LAND)
    empty.put(0, np.empty(0), 0)
    empty.require_fresh(START)
