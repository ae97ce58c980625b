"""What cannot be air or ground has no flux: never a plausible one."""

import jax
import numpy as np
import pytest
from tile_fluxes import over_ice, over_land, over_sea

from ngcm_coupler.surface.turbulence.schemes import SCHEMES

AIR = {
    "eastward_wind": 8.0,
    "northward_wind": -2.0,
    "air_temperature": 275.0,
    "specific_humidity": 4e-3,
    "surface_air_pressure": 1e5,
    "wind_height": 120.0,
    "temperature_height": 120.0,
}
TILES = {
    **{
        scheme: lambda inputs, scheme=scheme: over_sea(
            scheme, inputs | {"sea_surface_temperature": inputs["surface_temperature"]}
        )
        for scheme in SCHEMES
    },
    "ice": over_ice,
    "land": lambda inputs: over_land(
        inputs | {"roughness_length": 0.1, "moisture_availability": 0.5}
    ),
}
IMPOSSIBLE = [
    ("surface_air_pressure", -1e5),
    ("surface_air_pressure", 0.0),
    ("surface_temperature", 0.0),
    ("surface_temperature", -280.0),
    ("air_temperature", 0.0),
    ("wind_height", 0.0),
    ("temperature_height", -10.0),
    *((name, np.nan) for name in (*AIR, "surface_temperature")),
]


@pytest.mark.slow
@pytest.mark.parametrize("tile", TILES)
def test_impossible_input_has_no_flux_and_leaves_its_neighbour_its_own(tile):
    good = {"surface_temperature": 276.0, **AIR}
    columns = {name: np.full(1 + len(IMPOSSIBLE), value) for name, value in good.items()}
    for place, (name, value) in enumerate(IMPOSSIBLE, start=1):
        columns[name][place] = value
    fluxes = jax.jit(TILES[tile])(columns)
    for name in ("eastward_stress", "sensible_heat_flux", "latent_heat_flux", "evaporation"):
        flux = np.asarray(getattr(fluxes, name))
        assert np.isfinite(flux[0])
        kept = [case for case, value in zip(IMPOSSIBLE, flux[1:], strict=True) if value == value]
        assert not kept, name
