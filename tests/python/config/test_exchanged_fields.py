"""Lists of fields that are exchanged: every fault of a list, and what was meant."""

from __future__ import annotations

import pytest
from config.refusal import faults

from ngcm_coupler.engine import parse


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        (["sea_surface_temperature"], "lacks sea_ice_area_fraction, which every model needs"),
        (
            ["sea_ice_area_fraction", "sea_surface_temperature", "sea_surface_temperature"],
            "names sea_surface_temperature more than once",
        ),
        (
            ["sea_ice_area_fraction", "sea_surface_temperature", "sea_water_y_velocity"],
            "names sea_water_y_velocity without sea_water_x_velocity",
        ),
        (
            ["sea_ice_area_fraction", "sea_surface_temp"],
            "holds 'sea_surface_temp', which is none of 'sea_surface_temperature', ",
        ),
        (
            ["sea_ice_area_fraction", "air_temperature"],
            "holds 'air_temperature', which is none of 'sea_surface_temperature', ",
        ),
    ],
)
def test_imports_that_no_model_can_run_on_are_faults(names, problem):
    text = ", ".join(f"'{name}'" for name in names)
    (fault,) = faults(f"&ngcm_coupling imports = {text} /")
    assert fault.startswith(f"test.nml:1: &ngcm_coupling imports = {text} {problem}")


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        (
            "exports = 'rainfall_flux', 'snowfal_flux'",
            "names 'snowfal_flux', which is no export; did you mean snowfall_flux?",
        ),
        (
            "exports = 'rain', 'latent'",
            "names 'rain', which is no export; did you mean rainfall_flux?; names 'latent', which"
            " is no export; did you mean surface_downward_latent_heat_flux, ",
        ),
        (
            "partner_names = 'rain = A', 'sea_surface_temperature = O_SSTSSTSST'",
            "did you mean rainfall_flux?; gives sea_surface_temperature the name 'O_SSTSSTSST'",
        ),
        ("exports = 'rain', partner_names = 'rainfall_flux = A'", "names 'rain', which is no ex"),
        ("exports = 'snowfall_flux', 'snowfall_flux'", "names snowfall_flux more than once"),
        (
            "exports = 'surface_downward_latent_heat_flux_over_sea'",
            "names surface_downward_latent_heat_flux_over_sea, which is not offered: it needs"
            " sea_ice (all imports of sea ice in &ngcm_coupling imports)",
        ),
        (
            "partner_names = 'snowfall_flux = OTotSnow'",
            "names snowfall_flux, which is not exchanged; add it to exports",
        ),
        (
            "partner_names = 'sea_surface_temperature = O_SSTSSTSST'",
            "gives sea_surface_temperature the name 'O_SSTSSTSST'; OASIS takes 1 to 8 characters",
        ),
        ("component = 'neuralgcm'", "is no name of 1 to 6 letters, digits and _"),
    ],
)
def test_what_oasis_cannot_exchange_is_a_fault(keys, problem):
    (fault,) = faults(f"&ngcm_oasis {keys} /")
    assert problem in fault


def test_only_the_model_knows_whether_it_rains():
    assert parse("&ngcm_oasis exports = 'rainfall_flux' /").oasis.exports == ("rainfall_flux",)


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        (["sea_water_geocentric_x_velocity"], "without sea_water_geocentric_y_velocity, sea_water"),
        (
            [
                "sea_water_x_velocity",
                "sea_water_y_velocity",
                *(f"sea_water_geocentric_{axis}_velocity" for axis in "xyz"),
            ],
            "names the current twice",
        ),
    ],
)
def test_half_a_current_and_two_currents_are_faults(names, problem):
    names = ["sea_surface_temperature", "sea_ice_area_fraction", *names]
    text = ", ".join(f"'{name}'" for name in names)
    (fault,) = faults(f"&ngcm_coupling imports = {text} /")
    assert problem in fault


def test_what_an_import_lacks_is_told_without_all_that_there_are():
    names = "'sea_water_x_velocity', 'sea_surface_temperature', 'sea_surface_temperature'"
    assert faults(f"&ngcm_coupling imports = {names} /") == [
        f"test.nml:1: &ngcm_coupling imports = {names} names sea_surface_temperature more than"
        " once; lacks sea_ice_area_fraction, which every model needs; names sea_water_x_velocity"
        " without sea_water_y_velocity"
    ]


def test_every_wrong_import_is_told_what_it_may_stand_for():
    (fault,) = faults("&ngcm_coupling imports = 'sst', 'ice', 'albedo_direct', 'x' /")
    assert "holds 'sst', 'ice', 'albedo_direct', 'x', which are none of " in fault
    assert fault.endswith(
        "'sea_ice_surface_temperature' and 15 more, which `ngcm-coupler check --describe` lists;"
        " for 'sst' did you mean 'sea_surface_temperature'?; for 'ice' did you mean"
        " 'sea_ice_area_fraction', 'sea_ice_surface_temperature' or"
        " 'surface_albedo_direct_visible_over_sea_ice'?; for 'albedo_direct' did you mean"
        " 'surface_albedo_direct_visible_over_land', 'surface_albedo_direct_visible_over_sea_ice'"
        " or 'surface_albedo_direct_near_infrared_over_land'?"
    )
