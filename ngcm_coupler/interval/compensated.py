"""Sums that need more than single precision, on devices that are given single precision only.

A number is the unevaluated sum of two single-precision ones, which together hold some 48 bits. All
of it is additions and multiplications without errors (Dekker 1971; Knuth, TAOCP 2, 4.2.2): it works
wherever the compiler keeps to the order of operations, and needs no double precision, which JAX has
switched off for whole processes or not at all. XLA keeps to the order but for constants, which it
adds up: what is known when a function is traced may be multiplied by here, and not added.
Derivatives are those of the formulae.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

_UPPER_HALF = np.uint32(0xFFFFF000)
"""The bits of a single-precision number that leave half of its mantissa."""


class Pair(NamedTuple):
    """Numbers ``high + low``, float32 each and of one shape; ``low`` is at most half a last digit.

    Attributes:
      high: the number rounded to single precision.
      low: what is left.
    """

    high: jax.Array
    low: jax.Array

    @classmethod
    def of(cls, values: np.ndarray | float) -> Pair:
        """Numbers of double precision that are known when a function is traced."""
        values = np.asarray(values, np.float64)
        high = values.astype(np.float32)
        return cls(jnp.asarray(high), jnp.asarray((values - high).astype(np.float32)))

    def __add__(self, other: Pair) -> Pair:
        """The sum."""
        total, error = _two_sum(self.high, other.high)
        return Pair(*_two_sum(total, error + (self.low + other.low)))

    def __sub__(self, other: Pair) -> Pair:
        """The difference."""
        return self + Pair(-other.high, -other.low)

    def __mul__(self, other: Pair) -> Pair:
        """The product."""
        product, error = _two_product(self.high, other.high)
        return Pair(*_two_sum(product, error + (self.high * other.low + self.low * other.high)))

    def __truediv__(self, other: Pair) -> Pair:
        """The quotient of numbers without an axis; of what is divided by must not be zero."""
        first = self.high / other.high
        rest = self - single(first) * other
        return Pair(*_two_sum(first, rest.high / other.high))

    def sum(self) -> Pair:
        """The sum over the last axis."""
        return _sum(self)


def single(values: jax.Array) -> Pair:
    """Numbers of single precision."""
    values = jnp.asarray(values, jnp.float32)
    return Pair(values, jnp.zeros_like(values))


def as_float(pair: Pair) -> float:
    """A number that has been computed, in double precision."""
    return float(pair.high) + float(pair.low)


@jax.custom_jvp
def _sum(pairs: Pair) -> Pair:
    nothing = np.float32(0.0)
    axis = (pairs.high.ndim - 1,)
    return Pair(*jax.lax.reduce(tuple(pairs), (nothing, nothing), _added, axis))


@_sum.defjvp
def _sum_jvp(primals: tuple[Pair], tangents: tuple[Pair]) -> tuple[Pair, Pair]:
    # A reduction with a function of one's own has no derivative in JAX; a sum is linear.
    (pairs,), (slopes,) = primals, tangents
    slope = slopes.high.sum(axis=-1) + slopes.low.sum(axis=-1)
    return _sum(pairs), Pair(slope, jnp.zeros_like(slope))


def _added(
    one: tuple[jax.Array, jax.Array], other: tuple[jax.Array, jax.Array]
) -> tuple[jax.Array, jax.Array]:
    total = Pair(*one) + Pair(*other)
    return total.high, total.low


def _two_sum(a: jax.Array, b: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The rounded sum, and what rounding has cost."""
    total = a + b
    of_b = total - a
    return total, (a - (total - of_b)) + (b - of_b)


def _two_product(a: jax.Array, b: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The rounded product, and what rounding has cost."""
    product = a * b
    (a_high, a_low), (b_high, b_low) = _halves(a), _halves(b)
    error = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
    return product, error


def _halves(values: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Two numbers of half a mantissa, whose products with others of the kind are exact."""
    bits = jax.lax.bitcast_convert_type(values, jnp.uint32) & _UPPER_HALF
    high = jax.lax.bitcast_convert_type(bits, jnp.float32)
    return high, values - high
