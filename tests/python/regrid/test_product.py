"""The product of weights with fields: scipy's, the same bits in every layout, NaN kept apart."""

import numpy as np
import pytest
from scipy.sparse import csr_array, random_array

from ngcm_coupler.errors import ShapeError
from ngcm_coupler.regrid.product import product

# Rows without links, and one long one.
MATRIX = csr_array(
    np.vstack(
        [
            random_array((50, 37), density=0.05, rng=np.random.default_rng(2)).toarray(),
            np.linspace(-1.0, 1.0, 37)[None],
        ]
    )
)


def random_fields(*shape):
    return np.random.default_rng(1).normal(size=(*shape, 37))


@pytest.mark.parametrize("count", [1, 2, 4, 7, 8, 20])
def test_the_product_is_that_of_scipy(count):
    """To what sums of 37 products may be rounded by, of which a compiler may fuse some."""
    fields = random_fields(count)
    rounding = 37 * np.finfo(np.float64).eps * (abs(MATRIX) @ np.abs(fields.T)).T
    difference = np.abs(product(MATRIX, fields) - (MATRIX @ fields.T).T)
    assert (difference <= rounding).all()


@pytest.mark.bits
@pytest.mark.parametrize("count", [1, 2, 4, 7, 8, 20])
def test_no_layout_of_the_fields_changes_a_bit(count):
    fields = random_fields(count)
    expected = product(MATRIX, fields)
    side_by_side = np.ascontiguousarray(fields.T).T
    np.testing.assert_array_equal(product(MATRIX, side_by_side), expected)
    padded = np.repeat(fields, 2, axis=-1)[:, ::2]
    np.testing.assert_array_equal(product(MATRIX, padded), expected)
    for field, alone in zip(fields, expected, strict=True):
        np.testing.assert_array_equal(product(MATRIX, field), alone)


def test_any_number_of_dimensions_and_any_type_goes():
    fields = random_fields(2, 3).astype(np.float32)
    got = product(MATRIX, fields)
    assert got.shape == (2, 3, 51) and got.dtype == np.float64
    np.testing.assert_array_equal(got[1, 2], product(MATRIX, fields[1, 2].astype(np.float64)))
    assert product(MATRIX, fields[0, 0]).shape == (51,)
    assert product(MATRIX, np.zeros((0, 37))).shape == (0, 51)


def test_a_result_is_written_over_an_earlier_one():
    for shape in ((), (5,), (2, 3)):
        first = product(MATRIX, random_fields(*shape))
        expected = product(MATRIX, 2.0 * random_fields(*shape))
        again = product(MATRIX, 2.0 * random_fields(*shape), first)
        assert again is first
        np.testing.assert_array_equal(first, expected)


@pytest.mark.parametrize(
    "out",
    [np.empty((5, 50)), np.empty((51, 5)), np.empty((5, 51)), np.empty((51, 5), np.float32).T],
    ids=["too short", "turned", "other order in memory", "single precision"],
)
def test_what_is_no_earlier_result_is_refused(out):
    with pytest.raises(ShapeError, match="give an earlier result"):
        product(MATRIX, random_fields(5), out)


def test_nan_goes_along_links_only():
    fields = random_fields(4)
    fields[2, 11] = np.nan
    touched = np.zeros((4, 51), bool)
    touched[2] = MATRIX.toarray()[:, 11] != 0.0
    np.testing.assert_array_equal(np.isnan(product(MATRIX, fields)), touched)
