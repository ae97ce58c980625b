"""What is wrong in the folder of a run is named before OASIS stops on it."""

from __future__ import annotations

import pytest

from ngcm_coupler import abi
from ngcm_coupler import config as configuration
from ngcm_coupler.cli import main
from ngcm_coupler.component import Component
from ngcm_coupler.couplers.oasis import check
from ngcm_coupler.errors import ConfigError
from ngcm_coupler.grid import GaussianGrid
from ngcm_coupler.netcdf import import_netcdf4

GRID = GaussianGrid(16, 8)


def faults(folder, grid=GRID, coupling="concurrent"):
    text = (folder / "run.nml").read_text().replace("'concurrent'", f"'{coupling}'")
    return check.check_folder(configuration.parse(text), grid, folder)


def edit(folder, old, new):
    path = folder / "namcouple"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_what_the_commands_write_is_sound(folder):
    assert faults(folder) == []
    check.require_folder(configuration.load("run.nml"), GRID, folder)


def test_a_missing_namcouple_is_named(folder):
    (folder / "namcouple").unlink()
    (fault,) = faults(folder)
    assert "namcouple cannot be read" in fault
    with pytest.raises(ConfigError, match="`ngcm-coupler namcouple` writes one"):
        check.require_folder(configuration.load("run.nml"), GRID, folder)


def test_libngcm_refuses_the_folder_before_it_builds_the_model(folder, monkeypatch):
    (folder / "namcouple").unlink()
    monkeypatch.setattr(Component, "__init__", lambda *_: pytest.fail("the model is built"))
    with pytest.raises(ConfigError, match="`ngcm-coupler namcouple` writes one"):
        abi.create("run.nml", None)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "NG_RAIN OC_RAIN",
            "NG_RAEN OC_RAIN",
            [
                "NG_RAEN on the atmosphere's grid is neither sent nor taken by this configuration;"
                " did you mean NG_RAIN?",
                "NG_RAIN (rainfall_flux) does not go to the ocean, but &ngcm_oasis exports lists",
            ],
        ),
        (
            "OC_TICE NG_TICE",
            "OC_TICE NG_ICET",
            [
                "NG_ICET on the atmosphere's grid is neither sent nor taken",
                "NG_TICE (sea_ice_surface_temperature), which &ngcm_coupling imports names, is"
                " delivered by no coupling, expected one",
            ],
        ),
        (
            "OC_ICEF NG_ICEF",
            "OC_ICEF NG_SST",
            [
                "the ocean's name of sea_surface_temperature is O_SSTSST",
                "NG_SST (sea_surface_temperature), which &ngcm_coupling imports names, is delivered"
                " by 2 couplings",
                "NG_ICEF (sea_ice_area_fraction)",
            ],
        ),
        (
            "NG_QNSS O_QnsMix",
            "NG_QNSS O_QnsOce",
            ["the ocean's name of surface_downward_nonsolar_heat_flux_over_sea is O_QnsMix"],
        ),
        (
            "O_SSTSST NG_SST 1 3600",
            "O_SSTSST NG_SST 1 7200",
            [
                "O_SSTSST -> NG_SST: the period is 7200 s, but &ngcm_coupling interval_seconds ="
                " 3600"
            ],
        ),
        (
            "25 12 16 8 sinu ngcm LAG=+1800",
            "25 12 16 8 sinu ngcm LAG=+1000",
            ["LAG is 1000 s, but &ngcm_oasis ocean_step_seconds = 1800 needs 1800"],
        ),
        (
            "16 8 25 12 ngcm sinu LAG=+3600",
            "16 8 25 12 ngcm sinu",
            ["LAG is 0 s, but &ngcm_oasis coupling = 'concurrent' needs 3600"],
        ),
        (" $RUNTIME\n  21600", " $RUNTIME\n  3600", ["$RUNTIME is 3600 s, but &ngcm_driver run_"]),
        ("16 8 25 12", "16 8 12 25", ["the grid sinu has 12 x 25 points, but 25 x 12 in this"]),
        ("25 12 16 8", "25 12 32 16", ["the grid ngcm has 32 x 16 points, but 16 x 8 in this"]),
        ("ngcm sinu", "ngcm tort", ["does not go to the ocean"]),
        ("sinu ngcm", "tort ngcm", ["the source grid is tort, expected sinu"]),
        ("2 ngcm ocean", "2 ngcm oceanx", ["$NBMODEL lists ngcm, oceanx, without ocean"]),
        ("NG_QNSS O_QnsMix", "NG_QNSS O_QnsMixed", ["the field O_QnsMixed has 10 characters"]),
        ("sinu ngcm", "sinus ngcm", ["the grid sinus has 5 characters"]),
        ("rsto.nc", "restart_o.nc", ["the restart file restart_o.nc has 12 characters"]),
        ("rsto.nc", "none.nc", ["there is no restart file"]),
        ("rmp_sinu_to_ngcm_conserv.nc", "rmp.nc", ["there is no weight file", "`ngcm-coupler w"]),
        (
            "rmp_sinu_to_ngcm_conserv.nc",
            "rmp_ngcm_to_sinu_conserv.nc",
            ["its source grid has 128 points, expected 25 x 12"],
        ),
        (
            "MAPPING\nrmp_ngcm_to_sinu_bilinear.nc dst bfb",
            "CHECKIN\nINT=1",
            ["NG_PSL -> OC_PSL: neither MAPPING nor SCRIPR takes it to the other grid"],
        ),
    ],
)
def test_a_fault_of_the_namcouple_is_named(folder, old, new, expected):
    edit(folder, old, new)
    found = faults(folder)
    for part in expected:
        assert any(part in fault for fault in found), "\n".join(found)


def test_every_fault_is_named_at_once(folder):
    edit(folder, "O_SSTSST NG_SST 1 3600", "O_SSTSST NG_SST 1 7200")
    edit(folder, "2 ngcm ocean", "2 ngcm oceanx")
    (folder / "rsta.nc").unlink()
    assert len(faults(folder)) == 3


def test_another_atmosphere_than_the_files_are_for_is_named(folder):
    found = faults(folder, grid=GaussianGrid(32, 16))
    assert any("the grid ngcm has 16 x 8 points, but 32 x 16" in fault for fault in found)
    assert any("its target grid has 128 points, expected 32 x 16" in fault for fault in found)


def test_restart_files_of_other_fields_or_another_grid_are_named(folder):
    with import_netcdf4().Dataset(folder / "rsto.nc", "a") as file:
        file.renameVariable("O_SSTSST", "O_SST")
    with import_netcdf4().Dataset(folder / "rsta.nc", "w") as file:
        file.createDimension("y", 4)
        file.createDimension("x", 4)
        for name in ("NG_QNSS", "NG_RAIN", "NG_PSL"):
            file.createVariable(name, "f8", ("y", "x"))
    found = faults(folder)
    assert len(found) == 2
    assert "rsto.nc: it lacks O_SSTSST" in found[1]
    assert "rsta.nc: it has NG_QNSS, NG_RAIN, NG_PSL with 4 x 4 points, expected 16 x" in found[0]


def test_grids_that_cannot_be_read_are_named(folder):
    (folder / "masks.nc").write_text("no netCDF")
    (fault,) = faults(folder)
    assert "cannot be read" in fault
    assert "run `ngcm-coupler grids`" in fault


def test_weights_that_lose_are_named(folder):
    with import_netcdf4().Dataset(folder / "rmp_sinu_to_ngcm_conserv.nc", "a") as file:
        weights = file["remap_matrix"][:]
        target = file["dst_address"][:]
        weights[target == 70] *= 0.9
        weights[target == 77] = 0.0
        file["remap_matrix"][:] = weights
    found = faults(folder)
    assert len(found) == 2
    assert "point 77 of ngcm is sea and gets nothing (1 such points)" in found[0]
    assert "the weights into point 70 of ngcm add up to 0.9" in found[1]


def test_a_sequential_namelist_does_not_fit_a_concurrent_namcouple(folder):
    found = faults(folder, coupling="sequential")
    assert any("LAG is 3600 s, but &ngcm_oasis coupling = 'sequential' needs 0" in fault
               for fault in found)  # fmt: skip


def test_fields_for_a_land_model_are_not_the_oceans(folder):
    """A namcouple may have further couplings, of the same fields too."""
    edit(folder, " $NFIELDS\n  10", " $NFIELDS\n  11")
    edit(
        folder,
        "#\n# rainfall_flux",
        "NG_RAIN L_Rain 1 3600 1 rsta.nc EXPORTED\nngcm land\nP 0 P 0\nMAPPING\nx.nc\n"
        "#\n# rainfall_flux",
    )
    assert faults(folder) == []


def test_names_of_others_may_be_as_long_as_their_release_takes(folder):
    edit(folder, " $NFIELDS\n  10", " $NFIELDS\n  11")
    edit(folder, "2 ngcm ocean", "3 ngcm ocean runoff-mapper")
    edit(
        folder,
        "#\n# rainfall_flux",
        "runoff_from_land O_Runoff 1 86400 1 restart_of_rivers.nc EXPORTED\nriver sinu\nP 0 P 0\n"
        "MAPPING\nx.nc\n#\n# rainfall_flux",
    )
    assert faults(folder) == []


def test_the_command_check_looks_into_the_folder(folder, capsys):
    assert main(["check", "run.nml"]) == 0
    edit(folder, "2 ngcm ocean", "2 ngcm oceanx")
    edit(folder, "LAG=+1800", "LAG=+900")
    assert main(["check", "run.nml"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[-1] == "2 faults"  # one program, and the lag, which seven fields share
    assert "O_SSTSST -> NG_SST and 6 other couplings: LAG is 900 s" in lines[1]
    assert all(line.startswith("run.nml:") for line in lines[:-1])
