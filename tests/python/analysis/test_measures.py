"""The measures of an evaluation, on fields of which the answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from ngcm_coupler.analysis.evaluation.harmonics import Harmonics, mean_power, ratio
from ngcm_coupler.analysis.evaluation.latitudes import (
    alternation,
    band_means,
    box_mean,
    mean,
    tropical_maximum,
    zonal_means,
)
from ngcm_coupler.analysis.evaluation.rain import (
    correlation,
    lag_one,
    percentile,
    share_of_area,
)
from ngcm_coupler.grid import GaussianGrid, RegularGrid

GRID = GaussianGrid(64, 32)
AREA = GRID.area.reshape(32, 64)
LATITUDES = GRID.latitudes
SINES = np.sin(np.deg2rad(LATITUDES))[:, np.newaxis]
COSINES = np.sqrt(1.0 - SINES**2)
EAST = np.deg2rad(GRID.longitudes)
TRANSFORM = Harmonics.of(LATITUDES, AREA)


def test_the_power_of_a_harmonic_is_at_its_degree_and_is_its_mean_square():
    fields = {
        0: np.full((32, 64), 3.0),
        1: SINES * np.ones(64),
        2: COSINES * SINES * np.cos(EAST),
        3: COSINES**3 * np.sin(3.0 * EAST),
        31: COSINES**31 * np.cos(31.0 * EAST),
    }
    for degree, values in fields.items():
        expected = np.zeros(32)
        expected[degree] = (AREA * values**2).sum() / AREA.sum()
        assert TRANSFORM.power(values) == pytest.approx(expected, abs=1e-12)


def test_the_powers_of_a_smooth_field_add_up_to_its_mean_square():
    values = np.exp(COSINES * np.cos(EAST - 1.0) + SINES)
    power = TRANSFORM.power(values)
    assert power.sum() == pytest.approx((AREA * values**2).sum() / AREA.sum(), rel=1e-12)
    two = TRANSFORM.power(np.stack([values, 2.0 * values]))
    assert two[1] == pytest.approx(4.0 * power)


def test_cutting_keeps_the_degrees_below():
    small = SINES * np.ones(64) + COSINES**2 * np.sin(2.0 * EAST)
    large = COSINES**9 * np.cos(9.0 * EAST)
    assert TRANSFORM.below(small + large, 9) == pytest.approx(small, abs=1e-12)
    assert TRANSFORM.below(small + large, 10) == pytest.approx(small + large, abs=1e-12)


def test_rows_of_equal_height_keep_power_where_it_is_within_a_few_percent():
    grid = RegularGrid(64, 32)
    area = grid.area.reshape(32, 64)
    cosines = np.cos(np.deg2rad(grid.latitudes))[:, np.newaxis]
    values = cosines**3 * np.sin(3.0 * EAST)
    power = Harmonics.of(grid.latitudes, area).power(values)
    assert power[3] == pytest.approx((area * values**2).sum() / area.sum(), rel=0.02)
    assert power.sum() - power[3] < 0.02 * power[3]


def test_a_ratio_of_degrees_is_none_where_the_grid_or_the_field_has_none():
    power = np.arange(64.0)
    assert mean_power(power, 40, 49) == 44.5
    assert ratio(power, (40, 49), (20, 29)) == pytest.approx(44.5 / 24.5)
    assert np.isnan(ratio(power[:32], (40, 49), (20, 29)))
    assert np.isnan(ratio(np.eye(64)[0], (40, 49), (20, 29)))


def test_means_are_of_what_has_weight():
    average = np.full((32, 64), np.nan)
    average[:, :16], average[:, 16:32] = 1.0, 3.0
    weight = np.where(np.isnan(average), 0.0, AREA)
    weight[0] = 0.0
    assert mean(average, weight) == pytest.approx(2.0)
    rows = zonal_means(average, weight)
    assert np.isnan(rows[0]) and rows[1:] == pytest.approx(2.0)
    assert band_means(average, weight, LATITUDES) == pytest.approx(2.0)
    bands = band_means(np.broadcast_to(LATITUDES[:, np.newaxis], (32, 64)), AREA, LATITUDES)
    assert bands[3] == pytest.approx(0.0, abs=1e-9) and bands == pytest.approx(-bands[::-1])
    assert np.isnan(mean(average, np.zeros((32, 64))))


def test_a_box_may_lie_across_greenwich():
    average = np.broadcast_to(GRID.longitudes, (32, 64))
    box = (-20.0, 20.0, -10.0, 10.0)
    inside = np.array([0.0, 5.625, 354.375])
    assert box_mean(average, np.ones((32, 64)), LATITUDES, GRID.longitudes, box) == pytest.approx(
        inside.mean()
    )


def test_stripes_are_told_from_what_is_smooth():
    rows = np.arange(40.0)
    smooth = 3.0 + rows - 0.02 * rows**2 + 1e-3 * rows**3
    assert np.nanmax(np.abs(alternation(smooth))) < 1e-9
    striped = smooth + 2.5 * (-1.0) ** rows
    found = alternation(striped)
    assert np.isnan(found[[0, 1, -2, -1]]).all()
    assert np.abs(found[2:-2]) == pytest.approx(5.0), "the difference between neighbours"
    assert np.isnan(alternation(rows[:4])).all()
    pairs = np.repeat(np.arange(20.0), 2)  # blocks of two rows under air that changes evenly
    assert np.nanmean(np.abs(alternation(pairs - 0.5 * rows))) == pytest.approx(0.5)


def test_the_maximum_of_the_tropics_leaves_the_storm_tracks_out():
    rows = 2.0 + 5.0 * np.exp(-(((LATITUDES - 7.0) / 6.0) ** 2)) + 20.0 * (np.abs(LATITUDES) > 40)
    value, latitude = tropical_maximum(rows, LATITUDES)
    assert 6.5 < value < 7.0 and abs(latitude - 7.0) < 3.0
    assert np.isnan(tropical_maximum(np.full(32, np.nan), LATITUDES)).all()


def test_shares_are_of_area():
    north = np.broadcast_to(LATITUDES[:, np.newaxis] > 30.0, (3, 32, 64)).copy()
    north[2] = False
    # A quarter of the globe lies north of 30 degrees, in two of three records.
    assert share_of_area(north, AREA) == pytest.approx(2.0 / 3.0 * 0.25, rel=0.1)


def test_neighbours_of_a_wave_correlate_by_its_length_and_of_noise_not_at_all():
    wave = np.broadcast_to(np.cos(8.0 * EAST), (2, 32, 64))
    east, north = lag_one(wave, AREA)
    assert east == pytest.approx(np.cos(8.0 * 2.0 * np.pi / 64.0)) and north == pytest.approx(1.0)
    noise = np.random.default_rng(7).normal(size=(20, 32, 64))
    assert np.abs(lag_one(noise, AREA)) == pytest.approx(0.0, abs=0.02)
    assert correlation(noise[0], -2.0 * noise[0] + 1.0, AREA) == pytest.approx(-1.0)
    assert np.isnan(correlation(noise[0], np.ones((32, 64)), AREA))


def test_a_percentile_is_of_area():
    values = np.broadcast_to(np.abs(SINES), (4, 32, 64))
    # Half of the area lies within 30 degrees, 90 % where the sine is below 0.9.
    assert percentile(values, AREA, 50.0) == pytest.approx(0.5, abs=0.06)
    assert percentile(values, AREA, 90.0) == pytest.approx(0.9, abs=0.06)
    assert percentile(values, AREA, 100.0) == values.max()
