"""Regridding: published misfits, application in JAX, files, what it refuses."""

import dataclasses
import re
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from project import ROOT

from ngcm_coupler.constants import EARTH_RADIUS
from ngcm_coupler.errors import DataError, ShapeError
from ngcm_coupler.grid import GaussianGrid
from ngcm_coupler.regrid import ExchangeGrid, Regridder
from ngcm_coupler.regrid.analytic_fields import FIELDS
from ngcm_coupler.regrid.tripolar import tripolar_grid
from ngcm_coupler.regrid.weights import write_weights

TL63 = GaussianGrid(128, 64)
# Mean relative misfit over the wet cells of ORCA2 of fields of Valcke et al. (2022) on TL63.
MISFITS = {
    "conservative": (1.79e-3, 7.13e-3, 4.58e-3, 2.77e-3),
    "conservative_second_order": (2.55e-4, 1.36e-3, 1.06e-3, 1.27e-3),
    "bilinear": (9.02e-5, 4.02e-3, 1.83e-3, 1.17e-3),
}


@pytest.fixture(scope="module")
def exchange(torc):
    return ExchangeGrid.build(TL63, torc)


@pytest.fixture(scope="module")
def small():
    return ExchangeGrid.build(GaussianGrid(64, 32), tripolar_grid(62, 51))


def misfit(regridder, field, where):
    source, target = regridder.source.points, regridder.target.points
    got = regridder.apply(field(source.longitude, source.latitude))
    expected = field(target.longitude, target.latitude)
    return np.mean(np.abs(got / expected - 1.0)[where])


@pytest.mark.parametrize("method", MISFITS)
def test_misfits_are_those_published_for_the_method(exchange, method):
    regridder = exchange.regridder("to_surface", method)
    got = [misfit(regridder, field, exchange.counted) for field in FIELDS.values()]
    np.testing.assert_allclose(got, MISFITS[method], rtol=0.01)


def test_second_order_converges_faster():
    grid = tripolar_grid(122, 101)
    for method, order in (("conservative", 0.9), ("conservative_second_order", 1.7)):
        coarse, fine = (
            misfit(exchange.regridder("to_surface", method), FIELDS["sinusoid"], exchange.counted)
            for exchange in (ExchangeGrid.build(GaussianGrid(2 * n, n), grid) for n in (32, 64))
        )
        assert np.log2(coarse / fine) > order


def test_bilinear_is_exact_for_what_is_linear_in_latitude(small):
    regridder = small.regridder("to_surface", "bilinear")
    latitude = regridder.target.points.latitude
    got = regridder.apply(regridder.source.points.latitude)
    inside = small.counted & (np.abs(latitude) < small.atmosphere.latitudes[-1])
    np.testing.assert_allclose(got[inside], latitude[inside], atol=1e-10)


def test_bilinear_crosses_the_pole(cubed_sphere):
    exchange = ExchangeGrid.build(GaussianGrid(64, 32), cubed_sphere(25))
    regridder = exchange.regridder("to_surface", "bilinear")
    source, target = regridder.source.points, regridder.target.points

    def slope(points):  # position along an axis in the equator: smooth across the poles
        return np.cos(np.deg2rad(points.latitude)) * np.cos(np.deg2rad(points.longitude) - 0.3)

    near = np.abs(target.latitude) > exchange.atmosphere.latitudes[-1]
    assert near.sum() >= 2
    got = regridder.apply(slope(source))
    # The error of linear interpolation over a step of 5.6 degrees: an eighth of its square.
    assert np.abs(got - slope(target))[near].max() < np.deg2rad(5.7) ** 2 / 8.0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("direction", "method", "fill"),
    [
        ("to_surface", "conservative", "none"),
        ("to_surface", "conservative_second_order", "nearest"),
        ("to_surface", "bilinear", "nearest"),
        ("to_atmosphere", "conservative", "nearest"),
    ],
)
def test_jax_gives_what_the_host_gives(small, direction, method, fill):
    regridder = small.regridder(direction, method, fill)
    values = np.random.default_rng(3).normal(size=(2, 3, regridder.source.size))
    expected = regridder.apply(values)
    for shape in (values, values[0, 0]):
        got = jax.jit(lambda gather, v: gather(v))(
            regridder.gather, jnp.asarray(shape, jnp.float32)
        )
        assert got.dtype == jnp.float32
        reference = expected if shape is values else expected[0, 0]
        # Rounding of single precision in sums of values of a few units.
        np.testing.assert_allclose(got, reference, atol=2e-6)
    np.testing.assert_allclose(
        regridder.apply_in_jax(jnp.asarray(values, jnp.float32)), expected, atol=2e-6
    )


@pytest.mark.slow
@pytest.mark.bits
def test_missing_values_on_land_do_not_spread_in_jax(small):
    up = small.regridder("to_atmosphere", "conservative", "nearest")
    assert not small.surface.sea[0], "padding points at the first cell"
    state = np.random.default_rng(3).normal(size=small.surface.size).astype(np.float32)
    missing = jnp.asarray(np.where(small.counted, state, np.nan))
    np.testing.assert_array_equal(up.apply_in_jax(missing), up.apply_in_jax(jnp.asarray(state)))
    slope = jax.grad(lambda values: jnp.sum(up.apply_in_jax(values)))(missing)
    assert np.isfinite(slope).all()


def test_a_missing_flux_where_there_is_no_sea_stays_there(small):
    flux = np.where(small.sea_area > 0.0, 1.0, np.nan)
    assert np.isnan(flux).any()
    down = small.regridder("to_surface", "conservative")
    assert np.isfinite(down.apply(flux)).all()
    assert np.isfinite(down.apply_in_jax(jnp.asarray(flux, jnp.float32))).all()
    # Slopes need all cells, and what lacks them shows.
    steep = small.regridder("to_surface", "conservative_second_order").apply(flux)
    assert np.isnan(steep).any()


def test_budgets_close_to_single_precision_in_jax(small):
    for direction in ("to_surface", "to_atmosphere"):
        regridder = small.regridder(direction, "conservative")
        values = np.random.default_rng(3).normal(size=regridder.source.size) + 3.0
        got = regridder.apply_in_jax(jnp.asarray(values, jnp.float32))
        given = regridder.source.flux_area @ values
        taken = regridder.target.flux_area @ np.asarray(got, np.float64)
        assert abs(taken / given - 1.0) < np.finfo(np.float32).eps


def test_second_order_overshoots_a_front_and_first_order_does_not(small):
    front = np.where(small.atmosphere.longitude < 180.0, 0.0, 1.0)
    for method, within in (("conservative", 1e-14), ("conservative_second_order", 0.5)):
        got = small.regridder("to_surface", method).apply(front)[small.counted]
        beyond = max(got.max() - 1.0, -got.min())
        # The slope at the front is half the step a cell, and no point of a cell is a cell away from
        # the middle of its sea.
        assert beyond < within
        assert method == "conservative" or beyond > 0.01


def test_a_pole_cell_does_not_pad_every_row(small):
    up = small.regridder("to_atmosphere", "conservative")
    longest = np.diff(up.matrix.indptr).max()
    assert up.gather.index.shape[0] < longest
    assert up.gather.index.shape[0] * up.target.size < 3 * up.matrix.nnz


def test_gradient_through_jax_is_the_transpose(small):
    regridder = small.regridder("to_surface", "conservative_second_order")
    sensitivity = np.random.default_rng(5).normal(size=regridder.target.size).astype(np.float32)

    def cost(values):
        return jnp.sum(sensitivity * regridder.apply_in_jax(values))

    got = jax.jit(jax.grad(cost))(jnp.zeros(regridder.source.size, jnp.float32))
    np.testing.assert_allclose(got, regridder.matrix.T @ sensitivity, atol=2e-5)


@pytest.mark.bits
def test_fields_side_by_side_are_regridded_alike(small):
    regridder = small.regridder("to_surface", "conservative")
    values = np.random.default_rng(3).normal(size=(4, 5, regridder.source.size))
    together = regridder.apply(values)
    assert together.shape == (4, 5, regridder.target.size) and together.dtype == np.float64
    np.testing.assert_array_equal(together[2, 3], regridder.apply(values[2, 3]))


def test_values_of_another_grid_are_refused(small):
    regridder = small.regridder("to_surface", "conservative")
    for wrong in (np.zeros(3), np.zeros((regridder.source.size, 2)), np.float64(1.0)):
        with pytest.raises(ShapeError, match=f"expected the {regridder.source.size} points"):
            regridder.apply(np.asarray(wrong))


@pytest.mark.parametrize("form", ["esmf", "oasis"])
def test_a_file_gives_the_same_weights_back(small, tmp_path, form):
    for direction in ("to_surface", "to_atmosphere"):
        ours = small.regridder(direction, "conservative")
        file = tmp_path / f"{direction}.nc"
        write_weights(ours.weights, file, form)
        theirs = Regridder.from_file(file)
        assert abs(theirs.matrix - ours.matrix).max() == 0.0
        assert theirs.method == "conservative"
        np.testing.assert_allclose(theirs.source.flux_area, ours.source.flux_area)
        given = Regridder.from_file(file, ours.source, ours.target)
        assert given.source is ours.source


@pytest.mark.parametrize("form", ["esmf", "oasis"])
@pytest.mark.parametrize("norm", ["destarea", "modelarea"])
def test_a_file_says_what_its_weights_are_per(small, tmp_path, form, norm):
    surface = small.surface
    area = surface.polygon_area * EARTH_RADIUS**2 * (1.0 + 0.02 * np.sin(np.arange(surface.size)))
    exchange = dataclasses.replace(small, surface=dataclasses.replace(surface, area=area))
    ours = exchange.regridder("to_surface", "conservative", norm=norm)
    write_weights(ours.weights, tmp_path / "w.nc", form)
    theirs = Regridder.from_file(tmp_path / "w.nc")
    assert theirs.norm == norm
    np.testing.assert_allclose(theirs.target.flux_area, ours.target.flux_area)
    bad = ours.matrix.copy()
    bad.data[:] *= 1.001
    write_weights(dataclasses.replace(ours, matrix=bad).weights, tmp_path / "bad.nc", form)
    with pytest.raises(DataError, match="times what|add up to"):
        Regridder.from_file(tmp_path / "bad.nc")


def test_who_reads_a_file_may_say_what_its_weights_are_per(small, tmp_path):
    surface = small.surface
    area = surface.polygon_area * EARTH_RADIUS**2 * 1.01
    exchange = dataclasses.replace(small, surface=dataclasses.replace(surface, area=area))
    ours = exchange.regridder("to_surface", "conservative", norm="modelarea")
    foreign = dataclasses.replace(ours.weights, normalization="none")
    write_weights(foreign, tmp_path / "w.nc", "esmf")
    with pytest.raises(DataError, match="add up to"):
        Regridder.from_file(tmp_path / "w.nc")
    told = Regridder.from_file(tmp_path / "w.nc", norm="modelarea")
    assert abs(told.matrix - ours.matrix).max() == 0.0


def test_a_link_of_weight_zero_carries_nothing(small, tmp_path):
    ours = small.regridder("to_surface", "conservative").weights
    target = int(ours.target_index[0])
    unused = int(np.setdiff1d(np.arange(ours.source_size), ours.source_index)[0])
    linked = dataclasses.replace(
        ours,
        source_index=np.append(ours.source_index, unused),
        target_index=np.append(ours.target_index, target),
        weight=np.append(ours.weight, 0.0),
    )
    write_weights(linked, tmp_path / "w.nc", "esmf")
    flux = np.ones(ours.source_size)
    flux[unused] = np.nan
    assert np.isfinite(Regridder.from_file(tmp_path / "w.nc").apply(flux)).all()


def test_a_file_that_loses_flux_is_refused(small, tmp_path):
    good = small.regridder("to_surface", "conservative")
    row = int(np.argmax(np.diff(good.matrix.indptr) > 0))
    bad = good.matrix.copy()
    bad.data[bad.indptr[row]] *= 0.9
    write_weights(dataclasses.replace(good, matrix=bad).weights, tmp_path / "bad.nc", "esmf")
    with pytest.raises(DataError, match=f"target point {row + 1} "):
        Regridder.from_file(tmp_path / "bad.nc")


def test_a_file_for_other_sea_is_refused(small, tmp_path):
    ours = small.regridder("to_atmosphere", "conservative")
    write_weights(ours.weights, tmp_path / "w.nc", "esmf")
    less = ours.source.points.sea.copy()
    less[np.flatnonzero(less)[5]] = False
    source = dataclasses.replace(
        ours.source, points=dataclasses.replace(ours.source.points, sea=less)
    )
    with pytest.raises(DataError, match="takes .* of masked source point"):
        Regridder.from_file(tmp_path / "w.nc", source, ours.target)
    with pytest.raises(DataError, match="expected the"):
        Regridder.from_file(tmp_path / "w.nc", ours.target, ours.source)


@pytest.mark.slow
def test_the_example_of_the_page_runs(torc, tmp_path):
    page = (ROOT / "docs" / "regridding.md").read_text()
    shell, python = (
        re.search(rf"```{kind}\n(.*?)```", page, re.DOTALL)[1] for kind in ("sh", "python")
    )
    for command in (["sh", "-ec", shell], [sys.executable, "-c", python]):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    sea, lost = re.findall(r"sea (\S+) of the sphere, flux lost (\S+)", done.stdout)[0]
    assert 0.68 < float(sea) < 0.73 and abs(float(lost)) < 1e-14
