"""One run, two languages: Fortran through libngcm and Python give the same bits."""

from __future__ import annotations

import subprocess

import numpy as np
import pytest

from ngcm_coupler.component import Component
from ngcm_coupler.files.netcdf import import_netcdf4

MODELS = [
    pytest.param("analytic", "aquaplanet", ("sea", "sea ice"), id="analytic"),
    pytest.param("neuralgcm", "demo", ("sea", "sea ice", "land"), id="neuralgcm"),
]


@pytest.mark.slow
@pytest.mark.bits
@pytest.mark.parametrize(("engine", "imports_of", "surfaces"), MODELS)
def test_fortran_and_python_export_the_same_bits(
    engine, imports_of, surfaces, coupling, closed_budgets, assert_ledgers_agree, prefix, tmp_path
):
    model = f"&ngcm_model engine = '{engine}' /\n{coupling(imports_of)}"
    run = tmp_path / "run.nml"
    files = "&ngcm_history file = 'fortran.nc', budget_file = 'budget.nc' /\n"
    run.write_text(f"{model}&ngcm_driver run_hours = 3 /\n{files}")
    done = subprocess.run(
        [prefix / "bin" / "ngcm_driver", run],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    heat, _ = closed_budgets(done.stdout, *surfaces)
    assert_ledgers_agree(tmp_path / "budget.nc", heat)

    # The driver's surfaces change from hour to hour; Python is given what Fortran has put.
    again = tmp_path / "again.nml"
    again.write_text(model)
    component = Component.create(str(again))
    out = np.empty(component.grid.size, np.float32)
    with import_netcdf4().Dataset(tmp_path / "fortran.nc") as history:
        history.set_auto_mask(False)
        assert history["time"].size == 3
        for hour in range(3):
            for number, field in enumerate(component.fields, start=1):
                if field.direction == "import":
                    component.put(number, history[field.name][hour].reshape(-1))
            component.advance(3600)
            for number, field in enumerate(component.fields, start=1):
                component.get(number, out)
                fortran = history[field.name][hour].reshape(-1)
                there = slice(None)
                if field.direction == "export" and field.surface:
                    land = component.land_area_fraction
                    there = land > 0.0 if field.surface == "land" else land < 1.0
                np.testing.assert_array_equal(out[there], fortran[there], err_msg=field.name)
    component.close()
