"""Keys without effect: there is a warning, as nothing that a namelist says is passed over."""

from __future__ import annotations

import pytest

from ngcm_coupler.config import KEYS, Where
from ngcm_coupler.engine import parse
from ngcm_coupler.errors import ConfigError

ANALYTIC = "&ngcm_model engine = 'analytic' /\n"


def warned(text):
    """What a text that is taken is warned of."""
    return list(parse(text, "test.nml").doubts)


@pytest.mark.parametrize(
    ("engine", "idle"),
    [
        ("analytic", ["checkpoint = 'no.pkl'", "initial_state = 'no.nc'", "dycore = 'upstream'"]),
        ("neuralgcm", ["analytic_latitudes = 64", "analytic_step_seconds = 600"]),
    ],
)
def test_what_an_engine_does_not_read_is_warned_of(engine, idle):
    keys = "\n".join(idle)
    assert warned(f"&ngcm_model engine = '{engine}'\n{keys} /") == [
        f"test.nml:{line}: &ngcm_model {key} is without effect: &ngcm_model engine = '{engine}'"
        " does not read it; take it out, or name another engine"
        for line, key in enumerate(idle, start=2)
    ]


IDLE = {
    "ngcm_history": {
        "file": ["file_period = 'year'", "fields = 'air_temperature'", "interval_hours = 6",
                 "record = 'mean'", "compression_level = 4", "level_fields = 'temperature'"],
        "level_fields": ["pressure_levels_hpa = 850"],
    },
    "ngcm_restart": {
        "read_file": ["branch = .true."],
        "folder": ["interval_hours = 6", "keep = 1"],
    },
    "ngcm_grid": {
        "sea_grid_file": ["sea_grid_kind = 'idealised'"],
    },
    "oasis_ocean": {"output_file": ["output_interval_hours = 6"]},
}  # fmt: skip
"""Group -> key -> keys that are about it."""
SPECTRAL = ["interval_seconds = 3600", "coarsening = 2", "carbon_dioxide_ppm = 560.0",
            "methane_ppb = 0.0", "nitrous_oxide_ppb = 0.0"]  # fmt: skip
OURS = ["solar_constant = 1365.0", "aerosol_optical_depth = 0.0", "cloud_water_coefficient = 50.0",
        "cloud_humidity_exponent = 0.5", "stratus_factor = 0.0", "cloud_inhomogeneity = 1.0",
        "cloud_ice_inhomogeneity = 1.0", "droplet_radius_micrometres = 8.0"]  # fmt: skip


def test_a_key_without_what_it_is_about_is_warned_of():
    needing = {where: key.needs for where, key in KEYS.items() if key.needs and not key.under}
    for group, keys in IDLE.items():
        for needed, others in keys.items():
            for other in others:
                assert warned(f"&{group} {other} /") == [
                    f"test.nml:1: &{group} {other} is without effect: &{group} {needed} is not"
                    " given; give it, or take this out"
                ]
                assert needing.pop(Where(group, other.split()[0])) == needed
    assert not needing
    assert not warned("&ngcm_history interval_hours = 0, record = 'instant' /")


@pytest.mark.parametrize(
    ("scheme", "idle", "remedy"),
    [
        ("grey", SPECTRAL, "'rrtmgp'"),
        ("host", SPECTRAL, "'rrtmgp'"),
        ("host", OURS, "'grey' or 'rrtmgp'"),
    ],
)
def test_what_a_scheme_of_radiation_does_not_read_is_warned_of(scheme, idle, remedy):
    for key in idle:
        assert warned(f"&ngcm_radiation scheme = '{scheme}', {key} /") == [
            f"test.nml:1: &ngcm_radiation {key} is without effect: &ngcm_radiation scheme ="
            f" '{scheme}' does not read it; take it out, or give scheme = {remedy}"
        ]


def test_every_key_of_radiation_is_read_by_one_scheme():
    keys = {where.key for where in KEYS if where.group == "ngcm_radiation"}
    assert keys == {"scheme", *(text.split()[0] for text in SPECTRAL + OURS)}
    every = ", ".join(SPECTRAL + OURS)
    assert not warned(f"&ngcm_radiation scheme = 'rrtmgp', {every} /")
    assert not warned(f"&ngcm_radiation scheme = 'grey', {', '.join(OURS)} /")


def test_the_text_of_a_run_elsewhere_may_hold_what_is_without_effect():
    text = ANALYTIC.replace("/", "checkpoint = 'no.pkl' /") + "&ngcm_history record = 'mean' /"
    config = parse(text, with_files=False)
    assert config.history.record == "mean" and not config.doubts


ICE = """&ngcm_coupling imports = 'sea_surface_temperature', 'sea_ice_area_fraction',
 'sea_ice_surface_temperature', 'surface_albedo_direct_visible_over_sea_ice',
 'surface_albedo_diffuse_visible_over_sea_ice',
 'surface_albedo_direct_near_infrared_over_sea_ice',
 'surface_albedo_diffuse_near_infrared_over_sea_ice' /
"""


@pytest.mark.parametrize(
    ("text", "tile"),
    [
        ("&slab_ice surface_layer_m = 0.2 /", "sea ice"),
        ("&bucket_land bucket_depth_mm = 100.0 /", "land"),
    ],
)
def test_a_slab_that_gives_no_imports_is_warned_of(text, tile):
    key = text.removesuffix(" /")
    assert warned(text) == [
        f"test.nml:1: {key} is without effect: &ngcm_coupling imports names no imports of {tile};"
        f" add imports of {tile}, or take this out"
    ]
    assert not warned(ICE + "&slab_ice surface_layer_m = 0.2 /")


def test_noise_that_perturbs_nobody_is_warned_of():
    (doubt,) = warned("&ngcm_ensemble perturbation_kelvin = 0.1 /")
    assert "perturbation_kelvin = 0.1 is without effect: member 0, the control" in doubt
    assert not warned("&ngcm_ensemble perturbation_kelvin = 0.1, members = 2 /")
    assert not warned("&ngcm_ensemble perturbation_kelvin = 0.1, first_member = 3 /")


@pytest.mark.parametrize("group", ["ngcm_log", "ngcm_driver"])
def test_lines_that_cannot_come_when_they_are_asked_for_are_warned_of(group):
    interval = "&ngcm_coupling interval_seconds = 7200 /\n"
    assert warned(f"{interval}&{group} hours_per_line = 3 /") == [
        f"test.nml:2: &{group} hours_per_line = 3 is not a whole number of coupling intervals of"
        " 7200 s; use a multiple of 2, or lines come at other times"
    ]
    assert not warned(f"{interval}&{group} hours_per_line = 4 /")


@pytest.mark.parametrize(
    ("group", "key", "placeholder"),
    [
        ("ngcm_history", "file", "{member}"),
        ("ngcm_restart", "write_file", "{date}"),
        ("ngcm_restart", "folder", "{date}"),
    ],
)
def test_a_placeholder_that_stands_for_nothing_is_warned_of(
    group, key, placeholder, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert warned(f"&{group} {key} = 'x_{placeholder}' /") == [
        f"test.nml:1: &{group} {key} = 'x_{placeholder}': {placeholder} stands for nothing in this"
        " name, and stays as it is"
    ]
    assert not warned("&ngcm_history budget_file = 'b_{member}_{date}.nc' /")


def test_a_placeholder_in_the_name_of_a_folder_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out_{date}").mkdir()
    with pytest.raises(ConfigError, match=r"has \{date\} in the name of a folder; put it into"):
        parse("&ngcm_history file = 'out_{date}/h.nc' /")
