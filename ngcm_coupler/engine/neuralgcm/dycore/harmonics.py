"""The folded transform as an implementation of upstream's harmonics, for the learned physics.

Upstream's grids take their transforms from a class that the configuration names. This one has
the shapes of `FastSphericalHarmonics` and its numbers to rounding.
"""

from __future__ import annotations

import dataclasses
import functools

import gin
import jax
from dinosaur.spherical_harmonic import FastSphericalHarmonics

from ngcm_coupler.engine.neuralgcm.dycore import transform
from ngcm_coupler.engine.neuralgcm.dycore.layout import sorted_by_number, sorted_by_parity
from ngcm_coupler.engine.neuralgcm.dycore.tables import Horizontal, horizontal_tables


@gin.register(module="ngcm_coupler")
@dataclasses.dataclass(frozen=True)
class FoldedSphericalHarmonics(FastSphericalHarmonics):
    """Transforms that use the symmetries of the grid; see `tables.Horizontal`.

    On other devices than CPUs, where fewer and larger kernels win, it is its base class.
    """

    @property
    def _folded(self) -> bool:
        plain = self.spmd_mesh is None and not any((*self.modal_padding, *self.nodal_padding))
        return plain and jax.default_backend() == "cpu"

    def inverse_transform(self, x: jax.Array) -> jax.Array:
        """See the base class: (..., wavenumber, l) -> (..., longitude, latitude)."""
        if not self._folded:
            return super().inverse_transform(x)
        tables = _tables(self)
        fields = x.reshape(-1, *x.shape[-2:])
        y = transform.legendre(sorted_by_parity(fields, tables), tables.latitudes.synthesis[0])
        folded = transform.to_longitudes(transform.to_hemispheres(y, tables, odd=False), tables)
        return transform.to_grid(folded, tables, self.nodal_shape).reshape(
            *x.shape[:-2], *self.nodal_shape
        )

    def transform(self, x: jax.Array) -> jax.Array:
        """See the base class: (..., longitude, latitude) -> (..., wavenumber, l)."""
        if not self._folded:
            return super().transform(x)
        tables = _tables(self)
        folded = transform.from_grid(x.reshape(-1, *x.shape[-2:]), tables)
        y = transform.from_longitudes(folded, tables)
        values = transform.from_hemispheres(y, tables, odd=False)
        quadrature = tables.latitudes.analysis[0][..., : values.shape[-1], :]
        modal = sorted_by_number(transform.legendre(values, quadrature), tables, *self.modal_shape)
        return modal.reshape(*x.shape[:-2], *self.modal_shape)


@functools.lru_cache(maxsize=4)
def _tables(harmonics: FoldedSphericalHarmonics) -> Horizontal:
    """The tables of one of upstream's implementations, in one block."""
    return horizontal_tables(harmonics, rows=2 * harmonics.latitude_nodes, clip=False)
