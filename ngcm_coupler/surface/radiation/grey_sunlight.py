"""Short wave by broad-band formulae: the visible and the near infrared, one layer of cloud.

Sources: Lacis and Hansen (1974), J. Atmos. Sci. 31, 118-133; Meador and Weaver (1980), J. Atmos.
Sci. 37, 630-643, with delta scaling; Ebert and Curry (1992), J. Geophys. Res. 97, 3831-3836, for
ice.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from ngcm_coupler.config.model_groups import Radiation as RadiationSettings
from ngcm_coupler.surface.radiation.clouds import Clouds, added_up, cover_below

VISIBLE = 0.471
"""Part of sunlight below 0.7 micrometres [1], as in RRTMGP's table of the quiet sun."""

DIFFUSIVITY = 1.66
"""Path of diffuse light over the vertical one [1]."""

_ABSORBED = 0.353  # part of sunlight in the bands of water vapour; Lacis and Hansen (1974)
# How much more than in 1974 vapour is known to absorb in the near infrared, and what vapour and
# oxygen absorb in the visible. Fitted to the spectra of the demo model's clear air.
_VAPOUR_FACTOR = 1.25
_VISIBLE_LOSS = 0.0084
# Albedo of clear air in light from below, visible and near infrared; Lacis and Hansen (1974).
_CLEAR_ALBEDO = (0.0685 / VISIBLE, 0.0)
_RAYLEIGH_DEPTH = 0.16  # optical depth of clear air in the visible, mean over its sunlight
_OZONE_UPWARD = 1.9  # path of diffuse light through ozone; Lacis and Hansen (1974)
_AEROSOL_ALBEDO = 0.93  # single-scattering albedo
_AEROSOL_ASYMMETRY = 0.7
_AEROSOL_DEPTH = (1.0, 0.4)  # in the visible and the near infrared, over that at 550 nm
_CLOUD_ASYMMETRY = 0.85
# Single-scattering albedo; in the near infrared, of the light that vapour leaves.
_CLOUD_ALBEDO = (0.99999, 0.999)
# Layers that overlap in part make a sky of thick and thin places, which lets more light through
# than an even one: the optical depth goes with this power of the fraction in a layer over the cover
# by all. Fitted, with the near infrared above, to the spectra of the demo model's clouds.
_OVERLAP_POWER = 0.3
_LEAST_COSINE = 0.02


class Sunlit(NamedTuple):
    """Where sunlight goes, as part of what falls on the top of the air [1]."""

    transmissivity: Array
    """To the surface in four bands, shape (4, n)."""
    reflectivity: Array
    """Back to space, shape (n,)."""


class _Light(NamedTuple):
    """What is left of a band of sunlight, as part of all sunlight."""

    clear: Array  # at the surface under clear air, without what the air scatters upward
    beam: Array  # of that: unscattered
    scattered: Array | float  # goes back to space from clear air
    overcast: Array  # at the surface, if the cloud let everything through
    mirrored: Array  # back in space, if the cloud reflected everything
    clear_escape: Array  # part of what leaves the surface that the gases let through
    cloudy_escape: Array


def sunlit(
    settings: RadiationSettings,
    clouds: Clouds,
    surface_albedo: Array,
    ozone: Array,
    vapour: Array,
    sunlit_cosine: Array,
) -> Sunlit:
    """Short wave through one column of clear air beside one of cloud.

    Args:
      settings: ``&ngcm_radiation``.
      clouds: shape (levels, n), top level first.
      surface_albedo: bands as in `fields.BANDS` [1], shape (4, n).
      ozone: in the column [Dobson units], shape (n,).
      vapour: as it absorbs, with the narrower lines of thin air [kg m-2], shape (levels, n).
      sunlit_cosine: cosine of the zenith angle while the sun is up [1], shape (n,).

    Returns:
      Where sunlight goes. What the cover hides has the optical depth of all clouds over the cover.
    """
    cosine = jnp.maximum(sunlit_cosine, _LEAST_COSINE)
    # 1.5 / density of water; 3.448 m2 kg-1 and 2431 um m2 kg-1 of Ebert and Curry (1992).
    liquid = settings.cloud_inhomogeneity * clouds.liquid_path
    ice = settings.cloud_ice_inhomogeneity * clouds.ice_path
    extinction = (
        1.5e-3 / clouds.liquid_radius * liquid + (3.448 + 2.431e-3 / clouds.ice_radius) * ice
    )
    layers = clouds.fraction * extinction
    cover = cover_below(clouds.fraction)[-1]
    total = layers.sum(axis=0)
    some_cover = jnp.maximum(cover, 1e-3)
    weight = layers / jnp.maximum(total, 1e-6)
    overlap = jnp.clip((weight * clouds.fraction).sum(axis=0) / some_cover, 1e-3, 1.0)
    depth = overlap**_OVERLAP_POWER * total / some_cover
    above = (weight * (added_up(vapour) - 0.5 * vapour)).sum(axis=0)
    backward = _AEROSOL_ALBEDO * _backward(_AEROSOL_ASYMMETRY, cosine)
    lost = 1.0 - _AEROSOL_ALBEDO + backward
    bands, reflected = [], jnp.zeros_like(cosine)
    lights = _visible(ozone, cosine), _near_infrared(vapour.sum(axis=0), above, cosine)
    for band, light in enumerate(lights):
        particles = settings.aerosol_optical_depth * _AEROSOL_DEPTH[band]
        haze = jnp.exp(-lost * particles / cosine)
        haze_upward = jnp.exp(-lost * particles * DIFFUSIVITY)
        direct = light.beam * jnp.exp(-particles / cosine)
        layer = _layer(depth, cosine, _CLOUD_ALBEDO[band])
        sky, below = _CLEAR_ALBEDO[band], (surface_albedo[2 * band], surface_albedo[2 * band + 1])
        clear = _to_and_fro(direct, light.clear * haze - direct, sky, *below)
        # Under a cloud light comes from everywhere, and haze takes what it absorbs.
        through = light.overcast * jnp.exp((_AEROSOL_ALBEDO - 1.0) * DIFFUSIVITY * particles)
        overcast = _to_and_fro(
            direct * layer.beam, through * layer.diffuse, layer.reflection, *below
        )
        bands += [clear[i] + cover * (overcast[i] - clear[i]) for i in (0, 1)]
        to_space = (
            light.scattered
            + light.clear * backward / lost * (1.0 - haze)
            + clear[2] * (1.0 - sky) * haze_upward * light.clear_escape
        )
        from_cloud = (
            light.mirrored * layer.mirrored
            + overcast[2] * layer.transmission * haze_upward * light.cloudy_escape
        )
        reflected = reflected + to_space + cover * (from_cloud - to_space)
    return Sunlit(jnp.stack(bands), reflected)


def _visible(ozone: Array, cosine: Array) -> _Light:
    slant = _slant(cosine)
    centimetres = ozone * 1e-3

    def left(path: Array) -> Array:
        return VISIBLE - _VISIBLE_LOSS - _ozone_absorption(path * centimetres)

    open_down, open_both = left(slant), left(slant + _OZONE_UPWARD)
    scattered = 0.28 / (1.0 + 6.43 * cosine)
    clear = open_down - scattered
    beam = jnp.minimum(open_down * jnp.exp(-_RAYLEIGH_DEPTH / cosine), clear)
    escape = open_both / open_down
    return _Light(clear, beam, scattered, open_down, open_both, escape, escape)


def _near_infrared(vapour: Array, above: Array, cosine: Array) -> _Light:
    """Vapour above the middle of the clouds is crossed by the beam, below it by diffuse light."""
    slant = _slant(cosine)

    def left(path: Array) -> Array:
        return 1.0 - VISIBLE - _VAPOUR_FACTOR * _vapour_absorption(path)

    clear_path = slant * vapour
    cloudy_path = slant * above + DIFFUSIVITY * (vapour - above)
    clear, overcast = left(clear_path), left(cloudy_path)
    return _Light(
        clear=clear,
        beam=clear,
        scattered=0.0,
        overcast=overcast,
        mirrored=left((slant + DIFFUSIVITY) * above),
        clear_escape=left(clear_path + DIFFUSIVITY * vapour) / clear,
        cloudy_escape=left(cloudy_path + DIFFUSIVITY * vapour) / overcast,
    )


def _slant(cosine: Array) -> Array:
    """Path of the beam through the air over the vertical one [1]."""
    return 35.0 / jnp.sqrt(1224.0 * cosine**2 + 1.0)


class _Layer(NamedTuple):
    """A layer of cloud, as parts of what falls on it."""

    beam: Array  # goes through unscattered
    diffuse: Array  # of the beam: goes through scattered
    mirrored: Array  # of the beam: goes back
    transmission: Array  # of diffuse light
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
    alpha2 = gamma1 * gamma3 + gamma2 * gamma4
    fading = jnp.exp(-k * depth)
    beam = jnp.exp(-depth / cosine)
    denominator = (k + gamma1) + (k - gamma1) * fading**2
    scale = albedo / (resonance * denominator)
    diffuse = -scale * (
        beam * (1.0 + k * cosine) * (alpha1 + k * gamma4)
        - beam * (1.0 - k * cosine) * (alpha1 - k * gamma4) * fading**2
        - 2.0 * k * (gamma4 + alpha1 * cosine) * fading
    )
    mirrored = scale * (
        (1.0 - k * cosine) * (alpha2 + k * gamma3)
        - (1.0 + k * cosine) * (alpha2 - k * gamma3) * fading**2
        - 2.0 * k * (gamma3 - alpha2 * cosine) * fading * beam
    )
    diffuse = jnp.clip(diffuse, 0.0, 1.0 - beam)
    return _Layer(
        beam=beam,
        diffuse=diffuse,
        mirrored=jnp.clip(mirrored, 0.0, 1.0 - beam - diffuse),
        transmission=2.0 * k * fading / denominator,
        reflection=gamma2 * (1.0 - fading**2) / denominator,
    )


def _backward(asymmetry: float, cosine: Array) -> Array:
    """Part of what particles scatter of a beam that goes up, delta-Eddington [1]."""
    forward = asymmetry**2
    return 0.25 * (1.0 - forward) * (2.0 - 3.0 * asymmetry / (1.0 + asymmetry) * cosine)


def _to_and_fro(
    direct: Array, diffuse: Array, sky: Array | float, albedo_direct: Array, albedo_diffuse: Array
) -> tuple[Array, Array, Array]:
    """Direct, diffuse and upward light at the surface, with what goes between it and the sky."""
    up = albedo_direct * direct + albedo_diffuse * diffuse
    up = up / (1.0 - sky * albedo_diffuse)
    return direct, diffuse + sky * up, up


def _ozone_absorption(centimetres: Array) -> Array:
    """Part of sunlight that ozone absorbs [1]. Source: Lacis and Hansen (1974), eq. 8 and 9."""
    x = centimetres
    ultraviolet = 1.082 * x / (1.0 + 138.6 * x) ** 0.805 + 0.0658 * x / (1.0 + (103.6 * x) ** 3)
    return ultraviolet + 0.02118 * x / (1.0 + 0.042 * x + 0.000323 * x**2)


def _vapour_absorption(kilograms: Array) -> Array:
    """Part of sunlight that water vapour absorbs [1]. Source: Lacis and Hansen (1974), eq. 13."""
    y = kilograms / 10.0
    return jnp.minimum(2.9 * y / ((1.0 + 141.5 * y) ** 0.635 + 5.925 * y), _ABSORBED)
