"""The keys of ``&ngcm_history``: what is refused, where, and what is offered instead."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

from ngcm_coupler.cli import main
from ngcm_coupler.component import Component
from ngcm_coupler.config.namelist import text_of
from ngcm_coupler.engine import parse
from ngcm_coupler.engine.analytic import AnalyticAtmosphere
from ngcm_coupler.errors import ConfigError
from ngcm_coupler.fields.levels import LEVEL_FIELDS, Levels
from ngcm_coupler.files.netcdf import open_dataset

ANALYTIC = "&ngcm_model engine = 'analytic', analytic_latitudes = 8 /\n"
TEMPERATURE, WIND = LEVEL_FIELDS[1], LEVEL_FIELDS[2]


def faults(history, before=ANALYTIC):
    with pytest.raises(ConfigError) as refused:
        parse(f"{before}&ngcm_history file = 'h.nc', {history} /")
    return [fault.partition(": ")[2] for fault in refused.value.faults]


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("fields = 'air_temperatur'", "no field; did you mean air_temperature?"),
        ("fields = 'sst'", "no field; did you mean sea_surface_temperature?"),
        (
            "fields = 'latent_heat_flux', 'wind_u', 'height', 'height'",
            "names 'latent_heat_flux', which is no field; did you mean"
            " surface_downward_latent_heat_flux, surface_downward_latent_heat_flux_over_sea or"
            " surface_downward_latent_heat_flux_over_land?; names 'wind_u', which is no field;"
            " names height more than once; allowed: ",
        ),
        (
            "fields = 'air_temperature_at_2m'",
            "needs sea_ice (all imports of sea ice in &ngcm_coupling imports) and land (all",
        ),
        ("fields = 'height', 'height'", "names height more than once"),
        ("fields = 'sea_water_x_velocity'", "which the host does not give; it gives sea_surface_t"),
        ("fields = 'surface_downward_latent_heat_flux_over_land'", "it needs land (all imports of"),
        ("level_fields = 'temprature'", "did you mean 'temperature'?"),
        ("level_fields = 'temperature'", "has no decoder for levels of constant pressure; leave"),
        ("pressure_levels_hpa = 0", "holds a pressure that is not positive"),
        ("pressure_levels_hpa = '500'", "is not a list of integers [hPa]"),
        ("pressure_levels_hpa = 850.5", "is not a list of integers [hPa]"),
        ("interval_hours = -1", "is too small"),
        ("record = 'monthly_mean', interval_hours = 6", "has no meaning with &ngcm_history record"),
        ("record = 'daily'", "is none of 'instant', 'mean', 'monthly_mean'"),
        ("file_period = 'month'", "would be that of every month; put {period} into the name"),
        ("file_period = 'year'", "would be that of every year; put {period} into the name"),
        ("budget_file = 'b_{period}.nc'", "one file holds the budgets of a run; use {date}"),
        ("compression_level = 10", "is too large"),
    ],
)
def test_what_cannot_be_written_is_refused_with_what_can(tmp_path, monkeypatch, keys, words):
    monkeypatch.chdir(tmp_path)
    (fault,) = faults(keys)
    assert words in fault


def test_a_wrong_name_in_a_list_hides_no_fault_of_the_others():
    wrong, lacking = faults("fields = 'no', 'height', 'air_temperature_at_2m'")
    assert "names 'no', which is no field; allowed" in wrong
    assert "names air_temperature_at_2m, which is not offered" in lacking


def test_records_are_whole_coupling_intervals():
    before = ANALYTIC + "&ngcm_coupling interval_seconds = 10800 /\n"
    (fault,) = faults("interval_hours = 4", before)
    assert fault == (
        "&ngcm_history interval_hours = 4 is not a whole number of coupling intervals of 10800 s;"
        " use a multiple of 3"
    )
    before = ANALYTIC + "&ngcm_coupling interval_seconds = 25200 /\n"
    (fault,) = faults("record = 'monthly_mean'", before)
    assert "needs coupling intervals that divide a day" in fault


def test_a_name_without_a_period_to_fill_it_is_refused():
    (fault,) = _faults_of("&ngcm_history file = 'h_{period}.nc' /")
    assert "names a {period}, and &ngcm_history file_period = 'run' has none" in fault


def _faults_of(text):
    with pytest.raises(ConfigError) as refused:
        parse(ANALYTIC + text)
    return refused.value.faults


def test_keys_survive_their_own_text():
    """So a restart and a recording hold them, and lists of numbers too."""
    text = (
        "&ngcm_history file = 'h_{period}.nc', file_period = 'month', fields = 'air_temperature',"
        " 'height', level_fields = 'temperature', pressure_levels_hpa = 850, 500,"
        " interval_hours = 6, record = 'mean', compression_level = 4 /"
    )
    config = parse(text)
    assert config.history.pressure_levels_hpa == (850, 500)
    assert parse(config.resolved_text()) == config
    assert parse(parse("").resolved_text()).history.pressure_levels_hpa == ()
    assert text_of(config.history.pressure_levels_hpa) == "850, 500"


def test_check_finds_what_the_checkpoint_does_not_decode(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run.nml").write_text(
        "&ngcm_history\n file = 'h.nc'\n level_fields = 'temperature', 'geopotential'\n"
        " pressure_levels_hpa = 850, 510\n/\n"
    )
    assert main(["check", "run.nml"]) == 1
    error = capsys.readouterr().err
    assert error.startswith(
        "run.nml:4: &ngcm_history pressure_levels_hpa names 510, which the model does not decode;"
        " it offers 1, 2, 3, 5, 7, 10, 20,"
    )
    assert "850, 875, 900" in error and error.endswith("1 fault\n")
    (tmp_path / "run.nml").write_text(
        "&ngcm_history\n file = 'h.nc'\n level_fields = 'temprature'\n pressure_levels_hpa = 860\n/"
    )
    assert main(["check", "run.nml"]) == 1
    name, pressure, _ = capsys.readouterr().err.splitlines()
    assert name.endswith("; did you mean 'temperature'?")
    assert pressure.startswith("run.nml:4: &ngcm_history pressure_levels_hpa names 860, which")
    (tmp_path / "run.nml").write_text(
        "&ngcm_history file = 'h.nc', level_fields = 'temperature', pressure_levels_hpa = 850 /\n"
    )
    assert main(["check", "run.nml"]) == 0


def test_a_choice_of_levels_is_in_the_order_of_the_offer():
    offer = Levels.offered(("temperature", "u_component_of_wind", "geopotential"), (100, 500, 850))
    assert [row.decoder for row in offer.fields] == [
        "geopotential",
        "temperature",
        "u_component_of_wind",
    ]
    chosen = offer.chosen(("u_component_of_wind", "temperature"), (850, 100))
    assert (chosen.fields, chosen.pressures_hpa) == ((TEMPERATURE, WIND), (100.0, 850.0))
    assert chosen.places(offer).tolist() == [0, 2]
    assert offer.chosen(("temperature",), ()).pressures_hpa == offer.pressures_hpa
    assert offer.chosen((), ()) == Levels()
    with pytest.raises(ConfigError) as refused:
        offer.chosen(("specific_humidity",), (20,))
    assert [fault.rpartition("; ")[2] for fault in refused.value.faults] == [
        "it offers geopotential, temperature, u_component_of_wind",
        "it offers 100, 500, 850",
    ]


class Decoding(AnalyticAtmosphere):
    """The analytic atmosphere with a decoder: the pressure of a level, and the lowest level."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.levels = Levels((TEMPERATURE, WIND), (100.0, 500.0, 850.0))
        Decoding.calls = 0

    def pressure_levels(self, parameters, state, surface):
        Decoding.calls += 1
        air = self.lowest_level(parameters, state)
        pressures = jnp.array(self.levels.pressures_hpa, jnp.float32)[:, None]
        cold = surface.sea_surface_temperature - 273.0
        return {
            TEMPERATURE.name: air.air_temperature + pressures + 0.0 * cold,
            WIND.name: air.eastward_wind * jnp.ones_like(pressures),
        }


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs four hours with an atmosphere that decodes, and gives its fields by hour."""
    monkeypatch.setattr("ngcm_coupler.engine.analytic.AnalyticAtmosphere", Decoding)
    # That an analytic engine has no decoder is known to the settings already.
    monkeypatch.setattr("ngcm_coupler.engine.loading._facts_conflicts", lambda *_: ())

    def advance(settings):
        text = ANALYTIC + f"&ngcm_history file = '{tmp_path}/h.nc', {settings} /\n"
        text += "&ngcm_device keep_compiled = 'nothing' /\n"  # what is traced is counted
        (tmp_path / "run.nml").write_text(text)
        component = Component.create(str(tmp_path / "run.nml"))
        values, seen = np.empty(component.grid.size), []
        for _ in range(4):
            for name in ("sea_surface_temperature", "sea_ice_area_fraction"):
                component.get(component.field_id(name), values)
                component.put(component.field_id(name), values)
            component.advance(3600)
            component.get(component.field_id("air_temperature"), values)
            seen.append(values.copy())
        component.close()
        return np.stack(seen)

    return advance


@pytest.mark.slow
def test_an_ensemble_writes_the_levels_of_each_member(run, tmp_path):
    levels = "level_fields = 'temperature', pressure_levels_hpa = 500"
    ensemble = "&ngcm_ensemble members = 2, perturbation_kelvin = 0.1"
    run(f"interval_hours = 2, fields = 'air_temperature', {levels} / {ensemble}")
    with open_dataset(tmp_path / "h.nc") as file:
        found, air = (file[name][...] for name in (TEMPERATURE.name, "air_temperature"))
        assert found.shape == (2, 2, 1, 8, 16) and (air[:, 0] != air[:, 1]).any()
        np.testing.assert_allclose(found[:, :, 0], air + 500.0, rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("record", ["instant", "mean"])
def test_a_run_writes_what_the_decoder_gives_for_its_records(run, tmp_path, record):
    levels = "level_fields = 'temperature', pressure_levels_hpa = 850, 100"
    air = run(f"interval_hours = 2, record = '{record}', fields = 'air_temperature', {levels}")
    expected = air[[1, 3]] if record == "instant" else air.reshape(2, 2, -1).mean(axis=1)
    with open_dataset(tmp_path / "h.nc") as file:
        assert WIND.name not in file.variables
        found = file[TEMPERATURE.name][...].reshape(2, 2, -1)
        assert file["plev"][:].tolist() == [10000.0, 85000.0]
        for place, pressure in enumerate((100.0, 850.0)):
            np.testing.assert_allclose(found[:, place], expected + pressure, rtol=1e-6)
    assert Decoding.calls == 1, "compiled once, and never again"


@pytest.mark.slow
def test_a_run_without_levels_never_decodes(run):
    run("interval_hours = 2")
    assert Decoding.calls == 0


def test_levels_that_the_model_lacks_fail_the_creation(run, tmp_path):
    with pytest.raises(ConfigError, match=r"names 300, which the model does not decode; it offers"):
        run("level_fields = 'temperature', pressure_levels_hpa = 300")
    assert not (tmp_path / "h.nc").exists()


@pytest.mark.slow
def test_a_field_that_only_the_model_knows_to_lack_fails_the_creation(run, tmp_path, monkeypatch):
    class Dry(Decoding):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            self.budgets_water = False

    monkeypatch.setattr("ngcm_coupler.engine.analytic.AnalyticAtmosphere", Dry)
    words = "names rainfall_flux, which this model does not offer; it offers sea_surface_temp"
    with pytest.raises(ConfigError, match=words):
        run("fields = 'rainfall_flux'")
    assert not (tmp_path / "h.nc").exists()
