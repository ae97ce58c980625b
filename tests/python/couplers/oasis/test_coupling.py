"""What the settings make of the exchange: names, weights, lags."""

from __future__ import annotations

import pytest
from project import ROOT

from ngcm_coupler import config as configuration
from ngcm_coupler.couplers.oasis import coupling
from ngcm_coupler.engine import load
from ngcm_coupler.errors import ConfigError
from ngcm_coupler.fields import IMPORTS

NAMELIST = """
&ngcm_model engine = 'analytic', analytic_latitudes = 8 /
&ngcm_grid sea_grid_name = 'torc' {grid} /
&ngcm_coupling
  interval_seconds = 3600
  imports = 'sea_surface_temperature', 'sea_ice_area_fraction', 'sea_ice_surface_temperature',
            'surface_albedo_direct_visible_over_sea_ice',
            'surface_albedo_diffuse_visible_over_sea_ice',
            'surface_albedo_direct_near_infrared_over_sea_ice',
            'surface_albedo_diffuse_near_infrared_over_sea_ice'
/
&ngcm_oasis
  exports = 'surface_downward_nonsolar_heat_flux_over_sea', 'rainfall_flux',
            'air_pressure_at_mean_sea_level'
  partner_names = 'surface_downward_nonsolar_heat_flux_over_sea = O_QnsMix',
                  'sea_surface_temperature = O_SSTSST',
                  'surface_albedo_direct_visible_over_sea_ice = O_AlbIce',
                  'surface_albedo_diffuse_visible_over_sea_ice = O_AlbIce'
  {oasis}
/
&ngcm_driver run_hours = 6 /
"""


def pairs(oasis="", grid=""):
    config = configuration.parse(NAMELIST.format(oasis=oasis, grid=grid))
    return {pair.field.name: pair for pair in coupling.pairs(config)}


def test_names_are_the_partners_where_given_and_the_plugins_elsewhere():
    found = pairs()
    qns = found["surface_downward_nonsolar_heat_flux_over_sea"]
    assert (qns.source, qns.target) == ("NG_QNSS", "O_QnsMix")
    rain = found["rainfall_flux"]
    assert (rain.source, rain.target) == ("NG_RAIN", "OC_RAIN")
    sst = found["sea_surface_temperature"]
    assert (sst.source, sst.target) == ("O_SSTSST", "NG_SST")


def test_one_field_of_the_partner_can_feed_several_imports():
    found = pairs()
    albedos = [pair for pair in found.values() if pair.source == "O_AlbIce"]
    assert [pair.target for pair in albedos] == ["NG_AIVDR", "NG_AIVDF"]


def test_couplings_of_one_source_follow_each_other():
    text = NAMELIST.format(oasis="", grid="").replace(
        "diffuse_visible_over_sea_ice = O_AlbIce", "direct_near_infrared_over_sea_ice = O_AlbIce"
    )
    sources = [pair.source for pair in coupling.pairs(configuration.parse(text))]
    first = sources.index("O_AlbIce")
    assert sources[first : first + 2] == ["O_AlbIce"] * 2


def test_fluxes_and_imports_conserve_and_states_are_smooth():
    found = pairs()
    assert found["rainfall_flux"].remapping.file == "rmp_ngcm_to_torc_conserv.nc"
    pressure = found["air_pressure_at_mean_sea_level"].remapping
    assert pressure.file == "rmp_ngcm_to_torc_bilinear.nc"
    assert pressure.fill == "nearest"
    assert found["sea_surface_temperature"].remapping.file == "rmp_torc_to_ngcm_conserv.nc"


def test_land_of_the_ocean_gets_values_that_do_not_count():
    found = pairs()
    # NEMO averages the stress of neighbours, of which one may be land.
    assert found["rainfall_flux"].remapping.fill == "nearest"
    assert found["sea_surface_temperature"].remapping.fill == "none"


def test_the_ocean_applies_the_weights_and_its_ranks_change_no_bit():
    config = configuration.parse(NAMELIST.format(oasis="", grid=""))
    entries = coupling.namcouple(config, (16, 8), (182, 149)).entries
    places = {entry.source_grid: entry.operations[0].words[1:] for entry in entries}
    assert places == {"ngcm": ("dst", "bfb"), "torc": ("src", "bfb")}


def test_methods_are_the_users():
    found = pairs("flux_method = 'conservative_second_order', state_method = 'conservative'")
    assert found["rainfall_flux"].remapping.file == "rmp_ngcm_to_torc_conserv2.nc"
    pressure = found["air_pressure_at_mean_sea_level"].remapping
    assert pressure.file == "rmp_ngcm_to_torc_conserv.nc"


def test_areas_of_the_model_count_for_fluxes_alone():
    found = pairs("state_method = 'conservative'", ", sea_area = 'model'")
    assert found["rainfall_flux"].remapping.file == "rmp_ngcm_to_torc_conserv_modelarea.nc"
    # A pressure times a ratio of areas would be no pressure.
    pressure = found["air_pressure_at_mean_sea_level"].remapping
    assert pressure.file == "rmp_ngcm_to_torc_conserv.nc"


@pytest.mark.parametrize(
    ("oasis", "to_ocean", "to_atmosphere"),
    [
        ("", 0, 3600),
        ("ocean_step_seconds = 900", 0, 900),
        ("coupling = 'concurrent'", 3600, 3600),
        ("coupling = 'concurrent', ocean_step_seconds = 1200", 3600, 1200),
    ],
)
def test_the_lag_follows_the_order_of_the_two(oasis, to_ocean, to_atmosphere):
    found = pairs(oasis)
    assert found["rainfall_flux"].lag == to_ocean
    assert found["sea_surface_temperature"].lag == to_atmosphere


def test_what_is_of_ice_comes_weighted_by_it():
    assert [name for name, pair in pairs().items() if pair.ice_weighted] == [
        "sea_ice_surface_temperature",
        "surface_albedo_direct_visible_over_sea_ice",
        "surface_albedo_diffuse_visible_over_sea_ice",
        "surface_albedo_direct_near_infrared_over_sea_ice",
        "surface_albedo_diffuse_near_infrared_over_sea_ice",
    ]
    assert not any(pair.ice_weighted for pair in pairs("ice_weighted = .false.").values())


@pytest.mark.parametrize(
    ("oasis", "grid", "message"),
    [
        (
            "ocean_step_seconds = 1000",
            "",
            "&ngcm_oasis ocean_step_seconds = 1000 does not divide &ngcm_coupling interval_seconds"
            " = 3600, so that OASIS would never send; use 900",
        ),
        (
            "grid = 'torc'",
            "",
            "&ngcm_grid sea_grid_name = 'torc' cannot be the ocean's prefix in OASIS' files, which"
            " has at most 4 characters and is not the atmosphere's 'torc'; rename the grid in its"
            " file",
        ),
    ],
)
def test_what_cannot_be_coupled_is_refused(oasis, grid, message):
    with pytest.raises(ConfigError) as refused:
        pairs(oasis, grid)
    assert refused.value.faults == [message]


def test_a_run_longer_than_oasis_reads_is_refused():
    text = NAMELIST.format(oasis="", grid="").replace("run_hours = 6", "run_hours = 27778")
    with pytest.raises(ConfigError, match="reads eight digits; run 27777 hours at most"):
        coupling.pairs(configuration.parse(text))


def test_two_exports_of_one_name_and_an_empty_list_are_refused():
    text = NAMELIST.format(oasis="", grid="").replace("= O_QnsMix'", "= OC_RAIN'")
    with pytest.raises(ConfigError, match="surface_downward_nonsolar_heat_flux_over_sea and rain"):
        coupling.pairs(configuration.parse(text))
    with pytest.raises(ConfigError, match="&ngcm_oasis exports is empty"):
        coupling.pairs(configuration.Config())


def test_imports_of_land_are_left_to_a_land_model():
    land = [f"'{row.name}'" for row in IMPORTS if row.surface == "land"]
    text = NAMELIST.format(oasis="", grid="").replace(
        "imports = ", f"imports = {', '.join(land)}, "
    )
    config = configuration.parse(text)
    assert len(coupling.land_imports(config)) == len(land)
    assert not any(pair.field.surface == "land" for pair in coupling.pairs(config))


@pytest.mark.slow
def test_the_example_couples_with_the_names_of_nemo(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "orca2").mkdir()
    (tmp_path / "orca2" / "grids.nc").touch()
    config = load(str(ROOT / "namelists" / "oasis.nml"))
    assert coupling.run_seconds(config) == 48 * 3600
    found = coupling.pairs(config)
    received = {pair.target for pair in found if pair.field.direction == "export"}
    assert received == {
        "O_OTaux1", "O_OTauy1", "O_OTauz1", "O_QsrMix", "O_QnsMix", "O_QsrIce", "O_QnsIce",
        "O_dQnsdT", "OTotEvap", "OIceEvap", "OTotRain", "OTotSnow", "O_MSLP",
    }  # fmt: skip
    sent = {pair.source for pair in found if pair.field.direction == "import"}
    assert sent == {
        "O_SSTSST", "OIceFrc", "O_TepIce", "O_AlbVis", "O_AlbNIR", "O_OCurx1", "O_OCury1",
        "O_OCurz1",
    }  # fmt: skip
    assert {remapping.file for remapping in coupling.remappings(config)} == {
        "rmp_ngcm_to_torc_conserv.nc",
        "rmp_ngcm_to_torc_bilinear.nc",
        "rmp_torc_to_ngcm_conserv.nc",
    }
