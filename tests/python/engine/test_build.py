"""An atmosphere over a sea of its own says how well this fits, and refuses one that does not."""

import logging

import numpy as np
import pytest
from grid_writers import write_scrip

from ngcm_coupler.config import parse
from ngcm_coupler.engine import analytic
from ngcm_coupler.engine.build import build_atmosphere
from ngcm_coupler.errors import DataError
from ngcm_coupler.grid import RegularGrid
from ngcm_coupler.regrid import SurfaceGrid


def ocean(sea):
    """A grid of 10 degrees."""
    grid = RegularGrid(36, 18)
    return SurfaceGrid(
        "ocean", (36, 18), grid.longitude, grid.latitude, grid.corner_longitude,
        grid.corner_latitude, sea(grid.longitude, grid.latitude),
    )  # fmt: skip


def west_of_200(longitude, latitude):
    return longitude < 200.0


def north_of_80(longitude, latitude):
    return latitude > 80.0


@pytest.fixture
def build(tmp_path, caplog, monkeypatch):
    """Builds the analytic atmosphere over a sea; returns its land and what it has said."""
    monkeypatch.setattr(logging.getLogger("ngcm_coupler"), "propagate", True)
    caplog.set_level(logging.INFO, "ngcm_coupler")

    def over(sea, more=""):
        path = write_scrip(tmp_path, grid=ocean(sea))
        text = "&ngcm_model engine = 'analytic', analytic_latitudes = 16 /"
        config = parse(f"{text}\n&ngcm_grid sea_grid_file = '{path}' {more} /")
        built = build_atmosphere(config)
        said = [(record.levelname, record.getMessage()) for record in caplog.records]
        return built.land_area_fraction, said

    return over


def test_an_aquaplanet_takes_any_sea_and_warns_of_little(build):
    land, said = build(west_of_200)
    assert land.mean() == pytest.approx(0.45, abs=0.02)
    ((level, message),) = said
    assert level == "INFO" and "the atmosphere tells of no land to hold it against" in message


def test_an_aquaplanet_warns_of_little_sea_that_is_not_meant(build):
    (told, warned) = build(north_of_80)[1]
    assert (told[0], warned[0]) == ("INFO", "WARNING")
    assert "0.8 % of the sphere is sea, expected more than 50 %" in warned[1]


def test_little_sea_that_is_meant_is_not_warned_of(build):
    ((level, _),) = build(north_of_80, ", sea_grid_kind = 'regional'")[1]
    assert level == "INFO"


def test_an_atmosphere_with_land_refuses_a_sea_on_it(build, monkeypatch):
    class WithLand(analytic.AnalyticAtmosphere):
        def __init__(self, *given):
            super().__init__(*given)
            self.land_area_fraction = (self.grid.longitude > 200.0).astype(np.float64)

    monkeypatch.setattr(analytic, "AnalyticAtmosphere", WithLand)
    land, said = build(west_of_200)
    assert land.mean() == pytest.approx(0.45, abs=0.02)
    assert [level for level, _ in said] == ["INFO"]
    with pytest.raises(DataError, match="with land and sea exchanged it would be"):
        build(lambda longitude, latitude: ~west_of_200(longitude, latitude))
    assert build(north_of_80, ", sea_grid_kind = 'idealised'")[0].mean() > 0.9
