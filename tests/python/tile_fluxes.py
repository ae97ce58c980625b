"""The fluxes of tiles from flat inputs by name, of which tests vary one after the other."""

from ngcm_coupler.surface.ice import ice_ground
from ngcm_coupler.surface.land import land_ground
from ngcm_coupler.surface.turbulence.bulk import bulk_fluxes
from ngcm_coupler.surface.turbulence.near_surface_air import NearSurfaceAir
from ngcm_coupler.surface.turbulence.skin import SeaSkin
from ngcm_coupler.surface.turbulence.solid import solid_fluxes


def _of(kind, inputs):
    return kind(**{name: inputs[name] for name in kind._fields if name in inputs})


def over_sea(scheme, inputs, iterations=None, drag_limit=0.0):
    skin = _of(SeaSkin, inputs) if "net_shortwave_flux" in inputs else None
    return bulk_fluxes(
        scheme,
        _of(NearSurfaceAir, inputs),
        inputs["sea_surface_temperature"],
        skin=skin,
        iterations=iterations,
        drag_limit=drag_limit,
    )


def ice(inputs):
    return ice_ground(_of(NearSurfaceAir, inputs), inputs["surface_temperature"])


def land(inputs):
    return land_ground(
        _of(NearSurfaceAir, inputs),
        inputs["surface_temperature"],
        roughness_length=inputs["roughness_length"],
        moisture_availability=inputs["moisture_availability"],
    )


def over_ice(inputs):
    (over,) = solid_fluxes(ice(inputs))
    return over


def over_land(inputs):
    (over,) = solid_fluxes(land(inputs))
    return over
