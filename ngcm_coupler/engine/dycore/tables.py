"""Matrices of the dynamical core, built once in double precision and held in single.

Notation: longitude and latitude λ, θ; sphere's radius a; order m and degree l of a harmonic;
sigma levels k, counted from the top. Wind is carried as (U, V) = cosθ (u, v), as in all
spectral models, so that only cosθ times a gradient is ever needed (Bourke 1972; Durran 2010,
sec. 8.6.2).
"""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import numpy as np
from dinosaur import associated_legendre, fourier, primitive_equations
from dinosaur.sigma_coordinates import SigmaCoordinates
from dinosaur.spherical_harmonic import Grid, get_latitude_nodes


class Latitudes(NamedTuple):
    """What depends on latitude, cut into blocks of neighbouring rows: the first axis of all.

    A last block that is not full is filled with rows of zeros.

    Attributes:
      synthesis: P_lm(sinθ), shape (block, m, l, θ).
      slope: cosθ ∂P_lm/∂θ / a, shape (block, m, l, θ).
      analysis: quadrature of values and, below them, of what is to be differentiated along the
        meridian, shape (block, m, 2 θ, l).
      secant_squared: 1 / cos²θ, shape (block, 1, 1, θ).
      coriolis: 2 Ω sinθ, shape (block, 1, 1, θ).
    """

    synthesis: np.ndarray
    slope: np.ndarray
    analysis: np.ndarray
    secant_squared: np.ndarray
    coriolis: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class Horizontal:
    """The spectral transform.

    Zonal orders stand in `parities` groups. With an even number of longitudes there are two, even
    and odd orders: half way round the circle the first repeat themselves and the second change
    sign, so that their sums over half of the longitudes give both halves (Temperton 1983).

    Attributes:
      parities: number of those groups.
      orders: zonal orders in a group; a last one may be padding, with zeros in all tables.
      degrees: number of degrees l.
      longitudes: number of longitudes.
      blocks: number of latitude blocks.
      fourier: cosines and sines, shape (parity, λ / parities, orders 2).
      zonal_slope: factors of ∂/∂λ / a on the flipped pair (cos, sin), shape (m, 2, 1, 1).
      laplacian: eigenvalues of ∇², shape (l,).
      inverse_laplacian: the same of its inverse, zero for the mean, shape (l,).
      latitudes: see `Latitudes`.
    """

    parities: int
    orders: int
    degrees: int
    longitudes: int
    blocks: int
    fourier: np.ndarray
    zonal_slope: np.ndarray
    laplacian: np.ndarray
    inverse_laplacian: np.ndarray
    latitudes: Latitudes


def horizontal_tables(grid: Grid, angular_velocity: float, rows: int) -> Horizontal:
    """Tables of the transforms of a grid.

    Args:
      grid: upstream's grid, without padding of its own.
      angular_velocity: of the sphere, nondimensional.
      rows: about how many latitudes a block shall have.
    """
    radius = float(grid.radius or 1.0)
    degrees = grid.total_wavenumbers
    parities = 1 if grid.longitude_nodes % 2 else 2
    orders = -(-grid.longitude_wavenumbers // parities)
    # m of every row of the tables: for two parities 0, 2, 4, ... and then 1, 3, 5, ...
    m = np.arange(parities * orders).reshape(orders, parities).T.reshape(-1)
    real = m < grid.longitude_wavenumbers

    sine, meridional_weight = get_latitude_nodes(grid.latitude_nodes, grid.latitude_spacing)
    _, zonal_weight = fourier.quadrature_nodes(grid.longitude_nodes)
    weight = zonal_weight * meridional_weight
    legendre = associated_legendre.evaluate(grid.longitude_wavenumbers, degrees, sine)
    values = np.zeros((len(m), degrees, len(sine)))
    values[real] = legendre[m[real]].transpose(0, 2, 1)
    slope = _meridional_slope(values, m) / radius
    # The top degree is there for the meridional derivative only, and tendencies do not keep it.
    kept = np.append(np.ones(degrees - 1), 0.0)
    quadrature = (values * weight).transpose(0, 2, 1) * kept
    # secθ ∂(cosθ X)/∂θ is integrated by parts: the derivative goes to P_lm and changes sign.
    by_parts = -(slope * weight).transpose(0, 2, 1) * kept

    blocks = max(1, round(len(sine) / rows))
    width = -(-len(sine) // blocks)

    def blocked(table: np.ndarray, axis: int = -1) -> np.ndarray:
        table = np.moveaxis(table, axis, 0)
        fill = [(0, blocks * width - len(sine))] + [(0, 0)] * (table.ndim - 1)
        table = np.pad(table, fill).reshape(blocks, width, *table.shape[1:])
        return np.moveaxis(table, 1, axis).astype(np.float32)

    latitudes = Latitudes(
        synthesis=blocked(values),
        slope=blocked(slope),
        analysis=np.concatenate([blocked(quadrature, -2), blocked(by_parts, -2)], axis=2),
        secant_squared=blocked(1.0 / (1.0 - sine**2))[:, None, None],
        coriolis=blocked(2.0 * angular_velocity * sine)[:, None, None],
    )
    waves = np.zeros((grid.longitude_nodes, len(m), 2))
    pairs = fourier.real_basis_with_zero_imag(grid.longitude_wavenumbers, grid.longitude_nodes)
    waves[:, real] = pairs.reshape(len(pairs), -1, 2)[:, m[real]]
    waves = waves[: grid.longitude_nodes // parities].reshape(-1, parities, 2 * orders)
    eigenvalues = -np.arange(degrees) * (np.arange(degrees) + 1.0) / radius**2
    inverse = np.append(0.0, 1.0 / eigenvalues[1:])
    # ∂/∂λ (c cos mλ + s sin mλ) = m s cos mλ - m c sin mλ.
    zonal_slope = np.stack([m, -m], axis=1)[..., None, None] * real[:, None, None, None] / radius
    return Horizontal(
        parities,
        orders,
        degrees,
        grid.longitude_nodes,
        blocks,
        waves.swapaxes(0, 1).astype(np.float32),
        zonal_slope.astype(np.float32),
        eigenvalues.astype(np.float32),
        inverse.astype(np.float32),
        latitudes,
    )


def _meridional_slope(values: np.ndarray, m: np.ndarray) -> np.ndarray:
    """cosθ ∂P_lm/∂θ = (l + 1) ε_lm P_(l-1)m - l ε_(l+1)m P_(l+1)m, the top degree cut off.

    Source: Durran (2010), eq. 6.56, with normalised P_lm: ε_lm² = (l² - m²) / (4 l² - 1).
    """
    l, m = np.meshgrid(np.arange(values.shape[1]), m)
    epsilon = np.sqrt(np.maximum(l**2 - m**2, 0) / (4.0 * l**2 - 1.0).clip(3.0))[..., None]
    l = l[..., None]
    slope = np.zeros_like(values)
    slope[:, 1:] += ((l + 1) * epsilon)[:, 1:] * values[:, :-1]
    slope[:, :-1] -= l[:, :-1] * epsilon[:, 1:] * values[:, 1:]
    return slope


@dataclasses.dataclass(frozen=True, eq=False)
class Vertical:
    """The sigma levels (Simmons and Burridge 1981; Durran 2010, sec. 8.6.3 to 8.6.5).

    Attributes:
      reference: reference temperature T̄, shape (k, 1).
      thickness: Δσ of a layer, shape (k, 1).
      bottom: σ at the lower interface of a layer, shape (k, 1).
      half_inverse_distance: 1/2 over the distance of the centres on both sides of an interface
        inside, shape (k - 1, 1).
      alpha: Durran's α of eq. 8.115, the logarithmic half distances, shape (k, 1).
      integral: ∫ dσ from the top to the lower interface, shape (k, k).
      mean_flow: what v·∇ln p_s does to temperature through T̄ and, in the last row, to surface
        pressure, shape (k + 1, k).
      geopotential: of temperature, Durran's matrix G of eq. 8.117, shape (k, k).
    """

    reference: np.ndarray
    thickness: np.ndarray
    bottom: np.ndarray
    half_inverse_distance: np.ndarray
    alpha: np.ndarray
    integral: np.ndarray
    mean_flow: np.ndarray
    geopotential: np.ndarray


def vertical_tables(
    levels: SigmaCoordinates, reference: np.ndarray, gas_constant: float, kappa: float
) -> Vertical:
    """Tables of the levels.

    Args:
      levels: upstream's sigma levels.
      reference: reference temperature of each level, nondimensional.
      gas_constant: of dry air, nondimensional.
      kappa: R / c_p.
    """
    count = levels.layers
    thickness = np.asarray(levels.layer_thickness, np.float64)
    reference = np.asarray(reference, np.float64).reshape(-1)
    half_inverse = 0.5 / np.asarray(levels.center_to_center, np.float64)
    alpha = primitive_equations.get_sigma_ratios(levels)
    integral = np.tril(np.ones((count, count))) * thickness
    bottom = np.cumsum(thickness)[:, None]
    # κ T̄ ω/p of the flow along the pressure gradient, eq. 8.124, ...
    compression = alpha[:, None] * integral
    compression[1:] += compression[:-1].copy()
    heating = kappa * reference[:, None] * (np.eye(count) - compression / thickness[:, None])
    # ... and the advection of T̄ by its part of the vertical velocity, averaged from interfaces.
    velocity = (bottom * integral[-1] - integral)[:-1]
    through = (half_inverse * np.diff(reference))[:, None] * velocity
    advection = np.vstack([through, np.zeros(count)]) + np.vstack([np.zeros(count), through])
    mean_flow = np.vstack([heating - advection, -thickness])

    def single(table: np.ndarray) -> np.ndarray:
        table = table[:, None] if table.ndim == 1 else table
        return np.ascontiguousarray(table, dtype=np.float32)

    return Vertical(
        single(reference),
        single(thickness),
        single(bottom),
        single(half_inverse),
        single(alpha),
        single(integral),
        single(mean_flow),
        single(primitive_equations.get_geopotential_weights_sigma(levels, gas_constant)),
    )
