"""Cheap radiation at the surface: broad-band formulae, a few operations a column.

Long wave: emission of clear air by Prata (1996), and of clouds through what it leaves open. Short
wave: absorption by ozone and water vapour after Lacis and Hansen (1974), aerosol, and one layer of
cloud as a two-stream problem in each of two bands.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from ngcm_coupler.config.model_groups import Radiation as RadiationSettings
from ngcm_coupler.constants import GRAVITY
from ngcm_coupler.surface.derived import STEFAN_BOLTZMANN
from ngcm_coupler.surface.radiation.clouds import Clouds, cover_below

VISIBLE = 0.471
"""Part of sunlight below 0.7 micrometres [1], as in RRTMGP's table of the quiet sun."""

_ABSORBED = 0.353  # part of sunlight in the bands of water vapour; Lacis and Hansen (1974)
# Albedo of clear air in light from below, visible and near infrared; Lacis and Hansen (1974).
_CLEAR_ALBEDO = (0.0685 / VISIBLE, 0.0)
_RAYLEIGH_DEPTH = 0.16  # optical depth of clear air in the visible, mean over its sunlight
_DIFFUSIVITY = 1.66  # path of diffuse light over the vertical one
_AEROSOL_ALBEDO = 0.93  # single-scattering albedo
_AEROSOL_BACKWARD = 0.25  # part of what it scatters that goes up, most of the day
_AEROSOL_DEPTH = (1.0, 0.4)  # in the visible and the near infrared, over that at 550 nm
_CLOUD_ASYMMETRY = 0.85
_CLOUD_ALBEDO = (0.99999, 0.992)  # single-scattering albedo in the visible and the near infrared
# Layers that overlap in part make a sky of thick and thin places, which lets more light through
# than an even one. Fitted to the spectra of the demo model's clouds.
_UNEVEN = 0.62
_LIQUID_EMISSION = 90.361  # absorption of liquid water [m2 kg-1]; Kiehl et al. (1996)
_LEAST_COSINE = 0.02


class RadiatingColumns(NamedTuple):
    """The air above every point as radiation sees it, and the surface below; top level first."""

    air_temperature: Array
    """[K], shape (levels, n)."""
    specific_humidity: Array
    """[1], shape (levels, n); negative values count as zero."""
    air_pressure: Array
    """At the centres of the levels [Pa], shape (levels, n)."""
    interface_pressure: Array
    """[Pa], shape (levels + 1, n)."""
    clouds: Clouds
    """Shape (levels, n)."""
    ozone: Array
    """In the column [Dobson units], shape (n,)."""
    surface_albedo: Array
    """Bands as in `fields.BANDS` [1], shape (4, n)."""
    surface_temperature: Array
    """[K], shape (n,)."""


class GreySky(NamedTuple):
    """What reaches the surface."""

    transmissivity: Array
    """Short wave in four bands, as part of the sunlight above the air [1], shape (4, n)."""
    longwave_down: Array
    """[W m-2], shape (n,)."""


def grey_sky(settings: RadiationSettings, air: RadiatingColumns, sunlit_cosine: Array) -> GreySky:
    """Radiation at the surface by broad-band formulae.

    Args:
      settings: ``&ngcm_radiation``.
      air: the air.
      sunlit_cosine: cosine of the zenith angle while the sun is up [1], shape (n,).

    Returns:
      What reaches the surface.
    """
    mass = jnp.diff(air.interface_pressure, axis=0) / GRAVITY
    vapour = jnp.maximum(air.specific_humidity, 0.0) * mass
    # Lines narrow with falling pressure; Lacis and Hansen (1974).
    effective = vapour * (air.air_pressure / 101325.0) * jnp.sqrt(273.15 / air.air_temperature)
    cosine = jnp.maximum(sunlit_cosine, _LEAST_COSINE)
    return GreySky(
        transmissivity=_short_wave(settings, air, cosine, effective),
        longwave_down=_long_wave(air.clouds, air.air_temperature, vapour),
    )


def _long_wave(clouds: Clouds, air_temperature: Array, vapour: Array) -> Array:
    """Downwelling long wave at the surface [W m-2], shape (n,).

    Air below a cloud emits as much as Prata's formula gives for its vapour; of what it does not
    emit, the cloud fills its share at its own temperature. The lowest level stands for the screen
    level of the formula.

    Source: Prata (1996), Q. J. R. Meteorol. Soc. 122, 1127-1151; Kiehl et al. (1996),
    NCAR/TN-420, for the emissivity of clouds.
    """
    up = slice(None, None, -1)
    temperature, column = air_temperature[up], vapour[up]
    ice_emission = 5.0 + 1e-3 / clouds.ice_radius  # [m2 kg-1]
    depth = _LIQUID_EMISSION * clouds.liquid_path + ice_emission * clouds.ice_path
    opaque = clouds.fraction * -jnp.expm1(-_DIFFUSIVITY * depth)
    cover = cover_below(opaque[up])
    seen = jnp.diff(cover, axis=0, prepend=jnp.zeros_like(cover[:1]))
    near = temperature[0]
    open_below = 1.0 - _clear_emissivity(jnp.cumsum(column, axis=0) - 0.5 * column)
    open_above = 1.0 - _clear_emissivity(column.sum(axis=0))
    emitted = near**4 * (
        (1.0 - open_above) * (1.0 - cover[-1]) + (seen * (1.0 - open_below)).sum(axis=0)
    ) + (seen * open_below * temperature**4).sum(axis=0)
    return STEFAN_BOLTZMANN * emitted


def _clear_emissivity(vapour: Array) -> Array:
    """Emissivity of clear air [1] from its water vapour [kg m-2]. Source: Prata (1996), eq. 19."""
    centimetres = vapour / 10.0
    return 1.0 - (1.0 + centimetres) * jnp.exp(-jnp.sqrt(1.2 + 3.0 * centimetres))


def _short_wave(
    settings: RadiationSettings, air: RadiatingColumns, cosine: Array, vapour: Array
) -> Array:
    """Transmissivity in the four bands [1], shape (4, n).

    Sources: Lacis and Hansen (1974), J. Atmos. Sci. 31, 118-133; Meador and Weaver (1980),
    J. Atmos. Sci. 37, 630-643, with delta scaling; Ebert and Curry (1992), J. Geophys. Res. 97,
    3831-3836, for ice. What the cover hides has the optical depth of all clouds over the cover.
    """
    clouds, albedo = air.clouds, air.surface_albedo
    # 1.5 / density of water; 3.448 m2 kg-1 and 2431 um m2 kg-1 of Ebert and Curry (1992).
    extinction = (
        1.5e-3 / clouds.liquid_radius * clouds.liquid_path
        + (3.448 + 2.431e-3 / clouds.ice_radius) * clouds.ice_path
    )
    layers = _UNEVEN * settings.cloud_inhomogeneity * clouds.fraction * extinction
    cover = cover_below(clouds.fraction)[-1]
    total = layers.sum(axis=0)
    depth = total / jnp.maximum(cover, 1e-3)

    # Vapour above the middle of the clouds is crossed by the beam, below it by diffuse light.
    slant = 35.0 / jnp.sqrt(1224.0 * cosine**2 + 1.0)
    all_vapour = vapour.sum(axis=0)
    weight = layers / jnp.maximum(total, 1e-6)
    above = (weight * (jnp.cumsum(vapour, axis=0) - 0.5 * vapour)).sum(axis=0)
    clear_path = slant * all_vapour
    cloudy_path = slant * above + _DIFFUSIVITY * (all_vapour - above)

    ozone_absorbed = _ozone_absorption(slant * air.ozone * 1e-3)
    scattered = 0.28 / (1.0 + 6.43 * cosine)
    visible = VISIBLE - ozone_absorbed - scattered
    beam = (VISIBLE - ozone_absorbed) * jnp.exp(-_RAYLEIGH_DEPTH / cosine)
    lost = 1.0 - _AEROSOL_ALBEDO * (1.0 - _AEROSOL_BACKWARD)
    bands = []
    infrared = 1.0 - VISIBLE - _vapour_absorption(clear_path)
    through_air = (
        # all of it and its beam where it is clear, and all of it where it is cloudy
        (visible, jnp.minimum(beam, visible), VISIBLE - ozone_absorbed),
        (infrared, infrared, 1.0 - VISIBLE - _vapour_absorption(cloudy_path)),
    )
    for band, (clear, clear_beam, cloudy) in enumerate(through_air):
        particles = settings.aerosol_optical_depth * _AEROSOL_DEPTH[band] / cosine
        haze = jnp.exp(-lost * particles)
        direct = clear_beam * jnp.exp(-particles)
        layer = _layer(depth, cosine, _CLOUD_ALBEDO[band])
        below = albedo[2 * band], albedo[2 * band + 1]
        clear_sky = _reflected(direct, clear * haze - direct, _CLEAR_ALBEDO[band], *below)
        through = cloudy * haze
        overcast = _reflected(
            direct * layer.beam, through * layer.diffuse, layer.reflection, *below
        )
        bands += [clear_sky[i] + cover * (overcast[i] - clear_sky[i]) for i in (0, 1)]
    return jnp.stack(bands)


class _Layer(NamedTuple):
    """A layer of cloud, as parts of what falls on it."""

    beam: Array  # goes through unscattered
    diffuse: Array  # of the beam: goes through scattered
    reflection: Array  # of diffuse light


def _layer(depth: Array, cosine: Array, scattering: float) -> _Layer:
    """Two-stream solution of a layer, delta-Eddington.

    Source: Meador and Weaver (1980), eq. 14, 15, 25 and table 1.
    """
    forward = _CLOUD_ASYMMETRY**2
    asymmetry = _CLOUD_ASYMMETRY / (1.0 + _CLOUD_ASYMMETRY)
    depth = (1.0 - scattering * forward) * depth
    albedo = scattering * (1.0 - forward) / (1.0 - scattering * forward)
    gamma1 = 0.25 * (7.0 - albedo * (4.0 + 3.0 * asymmetry))
    gamma2 = -0.25 * (1.0 - albedo * (4.0 - 3.0 * asymmetry))
    gamma3 = 0.25 * (2.0 - 3.0 * asymmetry * cosine)
    gamma4 = 1.0 - gamma3
    k = (gamma1**2 - gamma2**2) ** 0.5
    # Removable singularity where the beam fades as fast as diffuse light does.
    resonance = 1.0 - (k * cosine) ** 2
    resonance = jnp.where(jnp.abs(resonance) < 1e-3, 1e-3, resonance)
    alpha1 = gamma1 * gamma4 + gamma2 * gamma3
    fading = jnp.exp(-k * depth)
    beam = jnp.exp(-depth / cosine)
    denominator = (k + gamma1) + (k - gamma1) * fading**2
    scale = albedo / (resonance * denominator)
    diffuse = -scale * (
        beam * (1.0 + k * cosine) * (alpha1 + k * gamma4)
        - beam * (1.0 - k * cosine) * (alpha1 - k * gamma4) * fading**2
        - 2.0 * k * (gamma4 + alpha1 * cosine) * fading
    )
    reflection = gamma2 * (1.0 - fading**2) / denominator
    return _Layer(beam, jnp.clip(diffuse, 0.0, 1.0 - beam), reflection)


def _reflected(
    direct: Array, diffuse: Array, sky: Array | float, albedo_direct: Array, albedo_diffuse: Array
) -> tuple[Array, Array]:
    """Direct and diffuse light at the surface, with what goes to and fro between it and the sky."""
    up = albedo_direct * direct + albedo_diffuse * diffuse
    return direct, diffuse + sky * up / (1.0 - sky * albedo_diffuse)


def _ozone_absorption(centimetres: Array) -> Array:
    """Part of sunlight that ozone absorbs [1]. Source: Lacis and Hansen (1974), eq. 8 and 9."""
    x = centimetres
    ultraviolet = 1.082 * x / (1.0 + 138.6 * x) ** 0.805 + 0.0658 * x / (1.0 + (103.6 * x) ** 3)
    return ultraviolet + 0.02118 * x / (1.0 + 0.042 * x + 0.000323 * x**2)


def _vapour_absorption(kilograms: Array) -> Array:
    """Part of sunlight that water vapour absorbs [1]. Source: Lacis and Hansen (1974), eq. 13."""
    y = kilograms / 10.0
    return jnp.minimum(2.9 * y / ((1.0 + 141.5 * y) ** 0.635 + 5.925 * y), _ABSORBED)
