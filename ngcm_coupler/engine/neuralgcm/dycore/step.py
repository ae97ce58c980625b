"""One step of the dynamical core: explicit and implicit terms together, then the filters.

SIL3 of Whitaker and Kar (2013): third order in the explicit terms f, second in the implicit, g,

  Y1 = y + Δt (1/3 f0) + Δt (1/6 g0 + 1/6 g1)
  Y2 = y + Δt (1/6 f0 + 1/2 f1) + Δt (1/3 g0 + 1/3 g2)
  Y3 = y + Δt (1/2 f0 - 1/2 f1 + f2) + Δt (3/8 g0 + 3/8 g2 + 1/4 g3)

The scheme is stiffly accurate, Y3 is the new state. g is linear and couples divergence,
temperature and surface pressure of every harmonic alone (Hoskins and Simmons 1975).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from dinosaur import primitive_equations
from dinosaur.jax_numpy_utils import precise_einsum

from ngcm_coupler.engine.neuralgcm.dycore.layout import Layout


@dataclasses.dataclass(frozen=True, eq=False)
class Implicit:
    """The implicit terms of every degree, and the inverses that the stages need.

    Attributes:
      layout: of the packed state.
      terms: g as a matrix on divergence, temperature and log surface pressure, shape (e, l', h, h).
      solutions: (1 - η g)⁻¹ - 1 for the η of the three stages, shape (e, l', h, h) each. Without
        the one, rounding is that of the increment and not of the state, and does not add up.
    """

    layout: Layout
    terms: np.ndarray
    solutions: tuple[np.ndarray, np.ndarray, np.ndarray]

    @classmethod
    def of(
        cls,
        equation: primitive_equations.PrimitiveEquationsSigma,
        layout: Layout,
        degrees: np.ndarray,
        step: float,
    ) -> Implicit:
        """Builds the matrices of an equation for the degrees (e, l') and a step."""

        def one_minus(eta: float) -> np.ndarray:
            matrices = primitive_equations._get_implicit_term_matrix_sigma(
                eta,
                equation.coords,
                equation.reference_temperature,
                equation.physics_specs.kappa,
                equation.physics_specs.R,
            )
            return matrices[degrees.clip(max=len(matrices) - 1)]

        one = np.eye(2 * layout.levels + 1)

        def solution(share: float) -> np.ndarray:
            return (np.linalg.inv(one_minus(step * share)) - one).astype(np.float32)

        terms = (one - one_minus(1.0)).astype(np.float32)
        return cls(layout, terms, (solution(1 / 6), solution(1 / 3), solution(1 / 4)))


def advance(
    x: jax.Array,
    explicit: Callable[[jax.Array], jax.Array],
    implicit: Implicit,
    step: float,
) -> jax.Array:
    """The packed state after one step.

    Args:
      x: the state before it.
      explicit: its explicit tendency.
      implicit: matrices for the same step.
      step: Δt.
    """
    part, with_part = implicit.layout.gravity_wave_part, implicit.layout.with_gravity_wave_part
    first, second, third = implicit.solutions
    barrier = jax.lax.optimization_barrier

    def solved(x: jax.Array, known: jax.Array, solution: np.ndarray) -> jax.Array:
        """A stage, from what is known of it."""
        right = part(x) + known
        return barrier(with_part(x, right + _per_degree(solution, right)))

    f0 = barrier(explicit(x))
    g0 = _per_degree(implicit.terms, part(x))
    y1 = solved(x + (step / 3) * f0, (step / 6) * g0, first)
    f1 = barrier(explicit(y1))
    y2 = solved(x + step * (f0 / 6 + f1 / 2), (step / 3) * g0, second)
    g2 = _per_degree(implicit.terms, part(y2))
    f2 = barrier(explicit(y2))
    return solved(x + step * (f0 / 2 - f1 / 2 + f2), (3 * step / 8) * (g0 + g2), third)


def _per_degree(matrices: np.ndarray, x: jax.Array) -> jax.Array:
    """A matrix (e, l', h, h) on the channels of (m, e, pair, h, l')."""
    turned = jnp.transpose(x, (1, 4, 3, 0, 2))
    product = precise_einsum("elgh,elhm->elgm", matrices, turned.reshape(*turned.shape[:3], -1))
    return jnp.transpose(product.reshape(turned.shape), (3, 0, 4, 2, 1))
