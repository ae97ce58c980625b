"""What falls from the columns in a step: smoothed, cleared of negatives, and as rain or snow."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from ngcm_coupler.air import SurfaceWater
from ngcm_coupler.grid import Grid
from ngcm_coupler.surface.water.heat_kernel import HeatKernel
from ngcm_coupler.surface.water.precipitation import (
    cleared_among_neighbours,
    precipitation_step,
    remembered_debt,
)
from ngcm_coupler.surface.water.snow import rain_and_snow, snow_fraction

Rows = dict[str, jax.Array]
"""Exported fields by name, shape (n,) each."""


class ColumnBudget:
    """The water of the columns of one atmosphere, step by step."""

    def __init__(self, grid: Grid, smoothing: float) -> None:
        """Prepares the smoothing.

        Args:
          grid: the atmosphere's grid.
          smoothing: total wavenumber of the Gaussian [1]; 0 takes every column for itself.
        """
        self._kernel = HeatKernel(grid, smoothing) if smoothing > 0.0 else None

    def step(
        self,
        debt: jax.Array,
        exchanged: SurfaceWater,
        evaporation: jax.Array,
        unsupported: jax.Array,
        rows: Rows,
        surface_air_pressure: jax.Array,
        seconds: float,
    ) -> tuple[jax.Array, Rows]:
        """Precipitation of a step; the model's own where it predicts it, as it is.

        Args:
          debt: precipitation that columns owe [kg m-2], shape (n,).
          exchanged: water that the atmosphere has moved in the step.
          evaporation: of the cell [kg m-2 s-1], shape (n,).
          unsupported: the part of it that the air does not bear out [kg m-2 s-1], shape (n,); it
            falls on the globe, by the closing of its water, and not on the cell that it came from.
          rows: with temperature and humidity at 2 m.
          surface_air_pressure: [Pa], shape (n,).
          seconds: length of the step.

        Returns:
          The new debt, and the exported fields of water.
        """
        raw = exchanged.precipitation
        if raw is None:
            raw = exchanged.net_downward + evaporation
            wanted = raw - unsupported
            if self._kernel is not None:
                wanted = cleared_among_neighbours(self._kernel(wanted), self._kernel)
        else:
            wanted = raw
        precipitation, debt = precipitation_step(wanted, remembered_debt(debt, seconds), seconds)
        snow = snow_fraction(
            rows["air_temperature_at_2m"],
            jnp.maximum(rows["specific_humidity_at_2m"], 0.0),
            surface_air_pressure,
        )
        rain, snow = rain_and_snow(precipitation, snow)
        return debt, {
            "column_budget_evaporation_flux": evaporation,
            "column_budget_precipitation_flux": raw,
            "precipitation_debt": debt,
            "precipitation_flux": precipitation,
            "rainfall_flux": rain,
            "snowfall_flux": snow,
        }
