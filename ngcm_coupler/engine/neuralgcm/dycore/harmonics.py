"""The folded transform as an implementation of upstream's harmonics, for the learned physics.

Upstream's grids take their transforms from a class that the configuration names. Those here have
the shapes of upstream's two, of which `FastSphericalHarmonics` has a row for the sine of order
zero, and their numbers to rounding. On other devices than CPUs, where fewer and larger kernels win,
they are their base classes.
"""

from __future__ import annotations

import dataclasses
import functools

import gin
import jax
import jax.numpy as jnp
from dinosaur.spherical_harmonic import (
    FastSphericalHarmonics,
    RealSphericalHarmonics,
    SphericalHarmonics,
)

from ngcm_coupler.engine.neuralgcm.dycore import transform
from ngcm_coupler.engine.neuralgcm.dycore.layout import sorted_by_number, sorted_by_parity
from ngcm_coupler.engine.neuralgcm.dycore.tables import Horizontal, horizontal_tables


@gin.register(module="ngcm_coupler")
@dataclasses.dataclass(frozen=True)
class FoldedSphericalHarmonics(FastSphericalHarmonics):
    """Transforms that use the symmetries of the grid; see `tables.Horizontal`."""

    @property
    def _folded(self) -> bool:
        plain = self.spmd_mesh is None and not any((*self.modal_padding, *self.nodal_padding))
        return plain and _on_cpu()

    def inverse_transform(self, x: jax.Array) -> jax.Array:
        """See the base class: (..., wavenumber, l) -> (..., longitude, latitude)."""
        return _to_nodal(self, x) if self._folded else super().inverse_transform(x)

    def transform(self, x: jax.Array) -> jax.Array:
        """See the base class: (..., longitude, latitude) -> (..., wavenumber, l)."""
        return _to_modal(self, x, *self.modal_shape) if self._folded else super().transform(x)


@gin.register(module="ngcm_coupler")
@dataclasses.dataclass(frozen=True)
class FoldedRealHarmonics(RealSphericalHarmonics):
    """The same in the shapes of `RealSphericalHarmonics`."""

    def inverse_transform(self, x: jax.Array) -> jax.Array:
        """See the base class: (..., wavenumber, l) -> (..., longitude, latitude)."""
        if not _on_cpu():
            return super().inverse_transform(x)
        cosine, rest = x[..., :1, :], x[..., 1:, :]
        return _to_nodal(self, jnp.concatenate([cosine, jnp.zeros_like(cosine), rest], axis=-2))

    def transform(self, x: jax.Array) -> jax.Array:
        """See the base class: (..., longitude, latitude) -> (..., wavenumber, l)."""
        if not _on_cpu():
            return super().transform(x)
        wavenumbers, degrees = self.modal_shape
        modal = _to_modal(self, x, wavenumbers + 1, degrees)
        return jnp.concatenate([modal[..., :1, :], modal[..., 2:, :]], axis=-2)


def _on_cpu() -> bool:
    return jax.default_backend() == "cpu"


def _to_nodal(harmonics: SphericalHarmonics, x: jax.Array) -> jax.Array:
    """(..., wavenumber, l), a row for the sine of order zero among them, to the grid."""
    tables = _tables(harmonics)
    fields = x.reshape(-1, *x.shape[-2:])
    y = transform.legendre(sorted_by_parity(fields, tables), tables.latitudes.synthesis[0])
    folded = transform.to_longitudes(transform.to_hemispheres(y, tables, odd=False), tables)
    nodal = transform.to_grid(folded, tables, harmonics.nodal_shape)
    return nodal.reshape(*x.shape[:-2], *harmonics.nodal_shape)


def _to_modal(
    harmonics: SphericalHarmonics, x: jax.Array, wavenumbers: int, degrees: int
) -> jax.Array:
    """The opposite of `_to_nodal`, to so many wavenumbers and degrees."""
    tables = _tables(harmonics)
    folded = transform.from_grid(x.reshape(-1, *x.shape[-2:]), tables)
    y = transform.from_longitudes(folded, tables)
    values = transform.from_hemispheres(y, tables, odd=False)
    quadrature = tables.latitudes.analysis[0][..., : values.shape[-1], :]
    product = transform.legendre(values, quadrature)
    modal = sorted_by_number(product, tables, wavenumbers, degrees)
    return modal.reshape(*x.shape[:-2], wavenumbers, degrees)


@functools.lru_cache(maxsize=4)
def _tables(harmonics: SphericalHarmonics) -> Horizontal:
    """The tables of one of upstream's implementations, in one block."""
    return horizontal_tables(harmonics, rows=2 * harmonics.latitude_nodes, clip=False)
