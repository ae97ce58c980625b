"""Matrices of the dynamical core, built once in double precision and held in single.

Notation: longitude and latitude λ, θ; sphere's radius a; order m and degree l of a harmonic;
sigma levels k, counted from the top. Wind is carried as (U, V) = cosθ (u, v), as in all
spectral models, so that only cosθ times a gradient is ever needed (Bourke 1972; Durran 2010,
sec. 8.6.2).
"""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple

import numpy as np
from dinosaur import associated_legendre, fourier, primitive_equations
from dinosaur.sigma_coordinates import SigmaCoordinates
from dinosaur.spherical_harmonic import Grid, SphericalHarmonics, get_latitude_nodes

Table = Any
"""An array in float32: NumPy's, or JAX's while a function of it is compiled."""


class Latitudes(NamedTuple):
    """What depends on latitude, cut into blocks of neighbouring rows: the first axis of all.

    Rows are those from the equator to one pole; θ is the row, and fields have those of the other
    hemisphere beside them, shape (..., hemisphere 2, θ). A last block that is not full is filled
    with rows of zeros. Degrees l = 2 l' + e stand in two groups, even and odd: (..., e, l').

    Attributes:
      synthesis: P_lm(sinθ), shape (block, m, e, l', θ).
      slope: cosθ ∂P_lm/∂θ / a, shape (block, m, e, l', θ).
      analysis: quadrature of values and, below them, of what is to be differentiated along the
        meridian, shape (block, m, e, 2 θ, l').
      secant_squared: 1 / cos²θ, shape (block, 1, 1, 2 θ).
      coriolis: 2 Ω sinθ, shape (block, 1, 1, 2 θ).
    """

    synthesis: Table
    slope: Table
    analysis: Table
    secant_squared: Table
    coriolis: Table


@dataclasses.dataclass(frozen=True, eq=False)
class Horizontal:
    """The spectral transform, folded by the symmetries of the grid.

    Harmonics are symmetric or antisymmetric about the equator as l + m is even or odd, cosines and
    sines about a meridian, and the orders m about half a turn as m is even or odd. A sum over a
    class of them at the points of one octant therefore gives their part at the mirror images of
    these points too, up to signs, which leaves a quarter of the products of the Fourier sums and
    half of those of the Legendre sums. Points that are their own
    image, as those on the equator, are carried twice with half of the weight.

    Attributes:
      groups: number of classes of Fourier functions, four: cosines of even m, their sines, cosines
        and sines of odd m. With an odd number of longitudes two: cosines and sines.
      orders: orders m of a group; a last one may be padding, with zeros in all tables.
      degrees: l of every place, shape (e, l'); a last one may be padding.
      blocks: number of latitude blocks.
      fourier: synthesis, shape (group, λ, order).
      fourier_quadrature: analysis, shape (group, order, λ).
      images: signs of the groups at the images of a longitude, shape (image, group).
      mirror: (-1)^m, shape (m, 1, 1, 1).
      zonal_slope: factors of ∂/∂λ / a on the flipped pair (cos, sin), shape (m, 1, 2, 1, 1).
      laplacian: eigenvalues of ∇², shape (1, e, 1, 1, l').
      inverse_laplacian: the same of its inverse, zero for the mean.
      kept: zero for the top degree, which tendencies do not keep, and one for all others.
      latitudes: see `Latitudes`.
    """

    groups: int
    orders: int
    degrees: Table
    blocks: int
    fourier: Table
    fourier_quadrature: Table
    images: tuple[tuple[int, ...], ...]
    mirror: Table
    zonal_slope: Table
    laplacian: Table
    inverse_laplacian: Table
    kept: Table
    latitudes: Latitudes


_QUADRANTS = ((1, 1, 1, 1), (1, -1, -1, 1), (1, 1, -1, -1), (1, -1, 1, -1))
"""Signs at λ, π - λ, π + λ and 2π - λ."""
_HALVES = ((1, 1), (1, -1))
"""Signs at λ and 2π - λ."""


def horizontal_tables(
    grid: Grid | SphericalHarmonics, rows: int, angular_velocity: float = 0.0, clip: bool = True
) -> Horizontal:
    """Tables of the transforms of a grid.

    Args:
      grid: upstream's grid, without padding of its own, or its harmonics.
      rows: about how many latitudes a block shall have, both hemispheres counted.
      angular_velocity: of the sphere, nondimensional.
      clip: whether quadrature leaves the top degree out, as tendencies do.
    """
    radius = float(getattr(grid, "radius", None) or 1.0)
    images = _HALVES if grid.longitude_nodes % 2 else _QUADRANTS
    parities = len(images) // 2
    orders = -(-grid.longitude_wavenumbers // parities)
    # m of every row of the tables: for two parities 0, 2, 4, ... and then 1, 3, 5, ...
    m = np.arange(parities * orders).reshape(orders, parities).T.reshape(-1)
    real = m < grid.longitude_wavenumbers
    degrees = np.arange(grid.total_wavenumbers + grid.total_wavenumbers % 2).reshape(-1, 2).T
    kept = degrees < grid.total_wavenumbers - clip

    latitudes = _latitudes(grid, np.where(real, m, -1), kept, rows, radius, angular_velocity)
    fourier_table, quadrature = _fourier(grid.longitude_nodes, m, real, parities)
    eigenvalues = -degrees * (degrees + 1.0) / radius**2
    with np.errstate(divide="ignore"):
        inverse = np.where(degrees == 0, 0.0, 1.0 / eigenvalues)
    # ∂/∂λ (c cos mλ + s sin mλ) = m s cos mλ - m c sin mλ.
    zonal_slope = np.stack([m, -m], axis=1)[:, None, :, None, None] * (1.0 / radius)

    def by_degree(values: np.ndarray) -> np.ndarray:
        return values[None, :, None, None].astype(np.float32)

    return Horizontal(
        groups=len(images),
        orders=orders,
        degrees=degrees,
        blocks=len(latitudes.synthesis),
        fourier=fourier_table.astype(np.float32),
        fourier_quadrature=quadrature.astype(np.float32),
        images=images,
        mirror=((-1.0) ** m)[:, None, None, None].astype(np.float32),
        zonal_slope=zonal_slope.astype(np.float32),
        laplacian=by_degree(eigenvalues),
        inverse_laplacian=by_degree(inverse),
        kept=by_degree(kept),
        latitudes=latitudes,
    )


def _latitudes(
    grid: Grid | SphericalHarmonics,
    m: np.ndarray,
    kept: np.ndarray,
    rows: int,
    radius: float,
    angular_velocity: float,
) -> Latitudes:
    """The tables of one hemisphere in blocks; m is -1 in rows of padding."""
    sine, weight = get_latitude_nodes(grid.latitude_nodes, grid.latitude_spacing)
    weight = weight * fourier.quadrature_nodes(grid.longitude_nodes)[1]
    northern = len(sine) // 2  # the equator, if there is one
    sine, weight = sine[northern:], weight[northern:].copy()
    if grid.latitude_nodes % 2:
        sine[0], weight[0] = 0.0, 0.5 * weight[0]
    legendre = associated_legendre.evaluate(
        grid.longitude_wavenumbers, grid.total_wavenumbers, sine
    )
    values = np.zeros((len(m), kept.size, len(sine)))
    values[m >= 0, : grid.total_wavenumbers] = legendre[m[m >= 0]].transpose(0, 2, 1)
    slope = _meridional_slope(values, m, grid.total_wavenumbers) / radius
    # (m, l, θ) -> (m, e, l', θ)
    values, slope = (
        table.reshape(len(m), -1, 2, len(sine)).swapaxes(1, 2) for table in (values, slope)
    )
    quadrature = values * kept[..., None] * weight
    # secθ ∂(cosθ X)/∂θ is integrated by parts: the derivative goes to P_lm and changes sign.
    by_parts = -slope * kept[..., None] * weight

    blocks = max(1, round(2 * len(sine) / rows))
    width = -(-len(sine) // blocks)

    def blocked(table: np.ndarray) -> np.ndarray:
        fill = [(0, 0)] * (table.ndim - 1) + [(0, blocks * width - len(sine))]
        table = np.pad(table, fill).reshape(*table.shape[:-1], blocks, width)
        return np.ascontiguousarray(np.moveaxis(table, -2, 0), dtype=np.float32)

    def both(north: np.ndarray, south: np.ndarray) -> np.ndarray:
        return np.concatenate([blocked(north), blocked(south)], axis=-1)[:, None, None]

    return Latitudes(
        synthesis=blocked(values),
        slope=blocked(slope),
        analysis=np.ascontiguousarray(
            np.concatenate([blocked(quadrature), blocked(by_parts)], axis=-1).swapaxes(-1, -2)
        ),
        secant_squared=both(*[1.0 / (1.0 - sine**2)] * 2),
        coriolis=both(*(2.0 * angular_velocity * sign * sine for sign in (1.0, -1.0))),
    )


def _fourier(
    nodes: int, m: np.ndarray, real: np.ndarray, parities: int
) -> tuple[np.ndarray, np.ndarray]:
    """Cosines and sines at the longitudes of a quadrant (or half), and their quadrature.

    Returns:
      Shapes (group, λ, order) and (group, order, λ).
    """
    turn = nodes // parities
    place = np.arange(turn // 2 + 1)
    angle = 2.0 * np.pi * place / nodes * m[:, None]
    # Of unit norm over the circle.
    norm = np.where(m == 0, np.sqrt(0.5), 1.0)[:, None] * real[:, None] / np.sqrt(np.pi)
    waves = norm * np.stack([np.cos(angle), np.sin(angle)])
    waves[1, m == 0] = 0.0
    waves = waves.reshape(2, parities, -1, len(place)).swapaxes(0, 1)
    waves = waves.reshape(2 * parities, -1, len(place))
    its_own_image = (2 * place) % turn == 0
    return waves.swapaxes(1, 2), waves * np.where(its_own_image, 0.5, 1.0)


def _meridional_slope(values: np.ndarray, m: np.ndarray, count: int) -> np.ndarray:
    """cosθ ∂P_lm/∂θ = (l + 1) ε_lm P_(l-1)m - l ε_(l+1)m P_(l+1)m for (m, l, θ).

    Of the top degree, the last of `count`, only the first term is kept, as upstream does.

    Source: Durran (2010), eq. 6.56, with normalised P_lm: ε_lm² = (l² - m²) / (4 l² - 1).
    """
    degree, order = np.meshgrid(np.arange(values.shape[1]), m)
    epsilon = np.sqrt(np.maximum(degree**2 - order**2, 0) / (4.0 * degree**2 - 1.0).clip(3.0))
    epsilon[:, count:] = 0.0
    epsilon, degree = epsilon[..., None], degree[..., None]
    slope = np.zeros_like(values)
    slope[:, 1:] += ((degree + 1) * epsilon)[:, 1:] * values[:, :-1]
    slope[:, :-1] -= degree[:, :-1] * epsilon[:, 1:] * values[:, 1:]
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

    reference: Table
    thickness: Table
    bottom: Table
    half_inverse_distance: Table
    alpha: Table
    integral: Table
    mean_flow: Table
    geopotential: Table


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
