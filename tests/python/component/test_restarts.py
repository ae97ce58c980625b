"""What a component leaves and continues from: restart files, and history beside them."""

import numpy as np
import pytest
from analytic_host import NAMELIST, advance, all_fields, get, put_surface

from ngcm_coupler.errors import (
    OutputError,
    RestartError,
)
from ngcm_coupler.files.netcdf import import_netcdf4
from ngcm_coupler.output.budget.entries import OF_SPACE
from ngcm_coupler.output.restart.files import read_restart, write_restart


@pytest.mark.slow
@pytest.mark.bits
def test_restart_continues_bit_for_bit(create, tmp_path):
    whole = create()
    advance(whole, 2)
    whole.write_restart(str(tmp_path / "restart.nc"))
    at_restart = all_fields(whole)
    advance(whole, 2)
    continued = create(f"&ngcm_restart read_file = '{tmp_path}/restart.nc' /")
    assert continued.clock.elapsed_seconds == 2 * 3600
    for name, values in all_fields(continued).items():
        np.testing.assert_array_equal(values, at_restart[name], err_msg=name)
    advance(continued, 2)
    for name, values in all_fields(continued).items():
        np.testing.assert_array_equal(values, all_fields(whole)[name], err_msg=name)


@pytest.mark.bits
@pytest.mark.long
def test_restart_between_calculations_of_spectra_continues_bit_for_bit(create, tmp_path):
    """Spectra at 0 and 3 h, a warm layer, and a restart at 1 h."""
    text = NAMELIST + (
        "&ngcm_radiation scheme = 'rrtmgp', interval_seconds = 10800, coarsening = 8 /"
        "&ngcm_surface sea_skin = 'cool_and_warm' /"
    )
    whole = create(text=text)
    advance(whole, 1)
    whole.write_restart(str(tmp_path / "restart.nc"))
    advance(whole, 3)
    outgoing = get(whole, "toa_outgoing_longwave_flux")
    assert 150.0 < outgoing.min() and outgoing.max() < 350.0
    continued = create(f"&ngcm_restart read_file = '{tmp_path}/restart.nc' /", text)
    advance(continued, 3)
    for name, values in all_fields(continued).items():
        np.testing.assert_array_equal(values, all_fields(whole)[name], err_msg=name)

    # What versions before 0.2 kept is computed anew in the first step.
    header, arrays = read_restart(str(tmp_path / "restart.nc"))
    kept = "state.exchange.radiation."
    old = {
        name.removesuffix("_excess") if "reflect" in name or "outgoing" in name else name: array
        for name, array in arrays.items()
    }
    assert {f"{kept}reflectivity", f"{kept}outgoing_longwave", f"{kept}begun"} <= old.keys()
    write_restart(str(tmp_path / "old.nc"), header, old)
    afresh = create(f"&ngcm_restart read_file = '{tmp_path}/old.nc' /", text)
    advance(afresh, 1)
    afresh.write_restart(str(tmp_path / "after.nc"))
    assert read_restart(str(tmp_path / "after.nc"))[1][f"{kept}begun"].all()
    outgoing = get(afresh, "toa_outgoing_longwave_flux")
    assert 150.0 < outgoing.min() and outgoing.max() < 350.0


def test_the_correction_of_the_lowest_level_is_handed_on(create, tmp_path):
    create().write_restart(str(tmp_path / "first.nc"))
    header, arrays = read_restart(str(tmp_path / "first.nc"))
    air = {name: values for name, values in arrays.items() if name.startswith("state.air.")}
    assert len(air) == 4
    changed = {name: (values + 1).astype(values.dtype) for name, values in air.items()}
    write_restart(str(tmp_path / "changed.nc"), header, arrays | changed)
    continued = create(f"&ngcm_restart read_file = '{tmp_path}/changed.nc' /")
    continued.write_restart(str(tmp_path / "second.nc"))
    _, after = read_restart(str(tmp_path / "second.nc"))
    for name, values in changed.items():
        np.testing.assert_array_equal(after[name], values, err_msg=name)


def test_restart_of_another_grid_is_refused(create, tmp_path):
    create().write_restart(str(tmp_path / "restart.nc"))
    other = NAMELIST.replace("latitudes = 8", "latitudes = 16")
    with pytest.raises(RestartError, match="its atmosphere is analytic-16x8, this run's is"):
        create(f"&ngcm_restart read_file = '{tmp_path}/restart.nc' /", other)


def test_restart_of_another_start_is_refused(create, tmp_path):
    create().write_restart(str(tmp_path / "restart.nc"))
    with pytest.raises(RestartError, match="began at 2000-01-01T00:00:00"):
        create(
            f"&ngcm_restart read_file = '{tmp_path}/restart.nc' /"
            "&ngcm_run start_date = '1999-01-01' /"
        )


@pytest.mark.slow
def test_history_holds_every_interval_and_cf_attributes(create, tmp_path):
    component = create(f"&ngcm_history file = '{tmp_path}/history.nc' /")
    expected = []
    for _ in range(3):
        advance(component)
        expected.append(all_fields(component))
    component.close()
    with import_netcdf4().Dataset(tmp_path / "history.nc") as file:
        assert file.Conventions == "CF-1.11"
        assert file["time"][:].tolist() == [3600, 7200, 10800]
        assert file["time_bounds"][:].tolist() == [[0, 3600], [3600, 7200], [7200, 10800]]
        for row in component.fields:
            variable = file[row.name]
            assert variable.units == row.units
            assert getattr(variable, "standard_name", "") == row.standard_name
            assert variable.provenance.startswith(row.provenance)
            for record, fields in enumerate(expected):
                np.testing.assert_array_equal(variable[record].reshape(-1), fields[row.name])
        latent = file["surface_downward_latent_heat_flux_over_ice_free_sea"]
        assert latent.cell_methods == "time: mean area: mean where ice_free_sea"


@pytest.mark.slow
def test_history_of_an_earlier_segment_is_not_overwritten(create, tmp_path):
    first = create(f"&ngcm_history file = '{tmp_path}/history.nc' /")
    advance(first)
    first.write_restart(str(tmp_path / "restart.nc"))
    first.close()
    records = (tmp_path / "history.nc").read_bytes()
    with pytest.raises(OutputError, match="in the name"):
        create(
            f"&ngcm_restart read_file = '{tmp_path}/restart.nc' /"
            f"&ngcm_history file = '{tmp_path}/history.nc' /"
        )
    assert (tmp_path / "history.nc").read_bytes() == records


@pytest.mark.slow
@pytest.mark.bits
def test_restart_holds_what_was_put_since_the_last_interval(create, tmp_path):
    component = create()
    advance(component)
    put_surface(component, warming=1.0)
    component.write_restart(str(tmp_path / "restart.nc"))
    component.advance(3600)
    continued = create(f"&ngcm_restart read_file = '{tmp_path}/restart.nc' /")
    continued.advance(3600)
    for name, values in all_fields(continued).items():
        np.testing.assert_array_equal(values, all_fields(component)[name], err_msg=name)


@pytest.mark.slow
def test_a_file_whose_ledger_had_the_water_of_the_globe_is_continued(create, tmp_path):
    """As versions before 0.2 wrote it: the state without water, which the ledger closed, without a
    correction of the lowest level, and nothing of what leaves the planet."""
    whole = create()
    advance(whole, 2)
    whole.write_restart(str(tmp_path / "new.nc"))
    header, arrays = read_restart(str(tmp_path / "new.nc"))
    value = {
        name: float(arrays[f"state.water.{name}.high"][0])
        + float(arrays[f"state.water.{name}.low"][0])
        for name in ("column_water", "remainder")
    }
    assert value["column_water"] == pytest.approx(
        float.fromhex(header["budgets"][0]["column_water"]), rel=1e-12
    )
    header["budgets"][0] |= {name: number.hex() for name, number in value.items()}
    unknown = "state.water.", "state.air."
    old = {name: array for name, array in arrays.items() if not name.startswith(unknown)}
    exports = header["identity"]["exports"]
    known = [name for name in exports if not name.startswith("toa_outgoing")]
    assert len(known) == len(exports) - 2
    header["identity"]["exports"] = known
    old["exports"] = old["exports"][:, [exports.index(name) for name in known]]
    for book in (header["budgets"][0]["totals"], header["budgets"][0]["last"]):
        for name in set(book) & OF_SPACE:
            del book[name]
    write_restart(str(tmp_path / "old.nc"), header, old)
    continued = create(f"&ngcm_restart read_file = '{tmp_path}/old.nc' /")
    assert np.isnan(get(continued, "toa_outgoing_longwave_flux")).all(), "not told, and not zero"
    advance(whole)
    advance(continued)
    expected = all_fields(whole)
    for name, values in all_fields(continued).items():
        np.testing.assert_array_equal(values, expected[name], err_msg=name)
    closed = [each._owner.records.last()["water_residual"] for each in (whole, continued)]
    # The ledger of the file has it to 48 bits: 25 kg m-2 over an hour.
    assert closed[1] == pytest.approx(closed[0], abs=1e-15)


def test_a_restart_is_written_over_no_other_file_of_the_run(create, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = "&ngcm_restart read_file = '{}', write_file = 'r.nc' /"
    create(text.format("")).write_restart()
    component = create(text.format("r.nc") + "&ngcm_history file = 'h.nc' /")
    there = {name: (tmp_path / name).read_bytes() for name in ("run1.nml", "h.nc")}
    for name, other in (("./run1.nml", "the namelist itself"), ("h.nc", "&ngcm_history file = ")):
        message = rf"^write_restart\('{name}'\) and {other}.* are one file; give two names$"
        with pytest.raises(OutputError, match=message):
            component.write_restart(name)
    assert {name: (tmp_path / name).read_bytes() for name in there} == there
    component.write_restart("r.nc")
    component.write_restart()


def test_a_restart_that_is_written_nowhere_is_warned_of(create, tmp_path, caplog):
    component = create()
    component.write_restart()
    assert "written nowhere: &ngcm_restart has neither folder nor write_file" in caplog.text
    caplog.clear()
    component.write_restart(tmp_path / "named.nc")
    assert "nowhere" not in caplog.text


def test_a_host_that_has_changed_its_folder_leaves_restarts_where_the_run_began(
    create, tmp_path, monkeypatch
):
    for name in ("begin", "other"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "begin")
    component = create("&ngcm_restart folder = 'restarts', write_file = 'last.nc' /\n")
    with pytest.raises(OutputError, match="this is folder of &ngcm_restart; give a file in it"):
        component.write_restart("restarts")
    monkeypatch.chdir(tmp_path / "other")
    component.write_restart()
    assert not list((tmp_path / "other").iterdir())
    assert (tmp_path / "begin" / "last.nc").exists()
    assert list((tmp_path / "begin" / "restarts").glob("restart_*.nc"))
