"""What is wrong in the folder of a run is named before OASIS stops on it."""

from __future__ import annotations

import logging
import random

import pytest
from couplers.oasis.mutations import mutated

from ngcm_coupler import abi
from ngcm_coupler import config as configuration
from ngcm_coupler.cli import main
from ngcm_coupler.component import Component
from ngcm_coupler.couplers import require_run_folder
from ngcm_coupler.couplers.oasis import check
from ngcm_coupler.engine import load
from ngcm_coupler.errors import ConfigError
from ngcm_coupler.files.netcdf import import_netcdf4
from ngcm_coupler.grid import GaussianGrid

GRID = GaussianGrid(16, 8)


def faults(folder, grid=GRID, coupling="concurrent"):
    text = (folder / "run.nml").read_text().replace("'concurrent'", f"'{coupling}'")
    return check.check_folder(configuration.parse(text, with_files=False), grid, folder)


def edit(folder, old, new):
    path = folder / "namcouple"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_what_the_commands_write_is_sound(folder):
    assert faults(folder) == []
    require_run_folder(load("run.nml"))


def test_a_missing_namcouple_is_named(folder):
    (folder / "namcouple").unlink()
    (fault,) = faults(folder)
    assert "namcouple cannot be read" in fault
    with pytest.raises(ConfigError, match="`ngcm-coupler namcouple` writes one"):
        require_run_folder(load("run.nml"))


def test_what_the_namcouple_names_is_not_written(folder):
    """OASIS reads it when the atmosphere has opened its files."""
    weights = min(each.name for each in folder.glob("rmp_*.nc"))
    (folder / "run.nml").write_text(
        (folder / "run.nml").read_text()
        + f"&ngcm_history file = '{weights}' / &ngcm_recording file = 'rsta.nc' /"
    )
    first, second = faults(folder)
    assert f"&ngcm_history file and {weights}, which the namcouple names, are one file" in first
    assert "&ngcm_recording file and rsta.nc, which the namcouple names, are one file" in second


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
            ["NG_PSL -> OC_PSL: neither MAPPING nor SCRIPR nor YAC takes it to the other grid"],
        ),
    ],
)
def test_a_fault_of_the_namcouple_is_named(folder, old, new, expected):
    edit(folder, old, new)
    found = faults(folder)
    for part in expected:
        assert any(part in fault for fault in found), "\n".join(found)


def remarks(folder, caplog):
    """What is said of a sound folder beside that it is sound."""
    caplog.clear()
    assert faults(folder) == []
    return caplog.messages


@pytest.fixture
def heard(monkeypatch):
    """Lets caplog hear the package, whatever another test has made of its log."""
    monkeypatch.setattr(logging.getLogger("ngcm_coupler"), "propagate", True)


@pytest.mark.usefixtures("heard")
@pytest.mark.parametrize(
    ("operations", "lines", "remark"),
    [
        ("1", "SCRIPR\nCONSERV LR SCALAR LATLON 10 FRACAREA FIRST", "OASIS makes its weights when"),
        ("2", "LOCTRANS YAC\nINSTANT\nLL GC 2 STACK 4\nCONSERV FIRST FRACAREA\nNNN AVG 1",
         "whether they conserve, and reach all of the sea, cannot be judged"),
        ("1", "TWIRL\n3 turns\nand a jump", "TWIRL is not known here; what it makes of the field"),
    ],
)  # fmt: skip
def test_what_only_oasis_can_judge_is_said_and_not_refused(
    folder, caplog, operations, lines, remark
):
    assert remarks(folder, caplog) == []
    edit(folder, "NG_PSL OC_PSL 1 3600 1", f"NG_PSL OC_PSL 1 3600 {operations}")
    edit(folder, "MAPPING\nrmp_ngcm_to_sinu_bilinear.nc dst bfb", lines)
    (said,) = remarks(folder, caplog)
    assert said.startswith("namcouple: NG_PSL -> OC_PSL: ")
    assert remark in said


def test_weights_that_oasis_is_to_make_need_not_be_there(folder):
    edit(folder, "NG_PSL OC_PSL 1 3600 1", "NG_PSL OC_PSL 1 3600 2")
    edit(
        folder,
        "MAPPING\nrmp_ngcm_to_sinu_bilinear.nc dst bfb",
        "MAPPING SCRIPR\nnew.nc dst\nBILINEAR LR SCALAR LATLON 10",
    )
    assert faults(folder) == []


@pytest.mark.usefixtures("heard")
@pytest.mark.parametrize(
    "lines",
    [
        "runoff\tO_Runoff 1 86400 1 r.nc EXPORTED\nriver sinu\nP 0 P 0\nMAPPING\nx.nc",
        "runoff O_Runoff 1 86400 1 r.nc exported\nriver sinu\nP 0 P 0\nMAPPING\nx.nc",
        "runoff O_Runoff 1 86400 1 r.nc EXPORTED\nriver sinu\nP 0 P 0\nWARP\nx.nc\nand more",
        "runoff O_Runoff 1 86400 1 r.nc EXPORTED\nriver sinu\nP 0 P 0\nMAPPING\nx.nc\nand more",
        "runoff O_Runoff 1 daily 1 r.nc EXPORTED\nriver sinu\nP 0 P 0\nMAPPING\nx.nc",
    ],
)  # fmt: skip
def test_what_is_odd_and_of_others_is_left_to_oasis(folder, caplog, lines):
    others = "spray foam 1 3600 1 f.nc EXPORTED\nwave wave\nP 0 P 0\nLOCTRANS\nINSTANT\n"
    edit(folder, " $NFIELDS\n  10", " $NFIELDS\n  12")
    edit(folder, " $STRINGS", f" $STRINGS\n{others}{lines}")
    assert remarks(folder, caplog)
    assert all("left to OASIS" in said for said in caplog.messages), caplog.messages


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param(
            "NG_RAIN OC_RAIN 1 3600", "NG_RAIN\tOC_RAIN 1 3600",
            ["has a tab, which OASIS does not take for a blank; run `ngcm-coupler namcouple`"],
            id="tab",
        ),
        pytest.param(
            "rsta.nc EXPORTED\n16 8 25 12 ngcm sinu LAG=+3600\nP 0 P 0\nMAPPING\n"
            "rmp_ngcm_to_sinu_bilinear.nc",
            "rsta.nc exported\n16 8 25 12 ngcm sinu LAG=+3600\nP 0 P 0\nMAPPING\n"
            "rmp_ngcm_to_sinu_bilinear.nc",
            ["OASIS knows 'exported' in capitals only"],
            id="small letters",
        ),
        pytest.param(
            "O_SSTSST NG_SST 1 3600", "O_SSTSST NG_SST 1 hourly",
            ["cannot be understood: behind NG_", "got 'O_SSTSST NG_SST 1 hourly",
             "NG_SST (sea_surface_temperature), which &ngcm_coupling imports names, is delivered"
             " by no coupling"],
            id="no period",
        ),
        pytest.param(
            "16 8 25 12 ngcm sinu", "16 8 25 ngcm sinu", ["expected the sizes of both grids"],
            id="three sizes",
        ),
        pytest.param(
            "MAPPING\nrmp_ngcm_to_sinu_bilinear.nc dst bfb", "MOZAIC\nrmp.nc",
            ["MOZAIC is of earlier couplers, and OASIS3-MCT stops at it"], id="of long ago",
        ),
        pytest.param(
            "$NFIELDS\n  10", "$NFIELDS\n  9", ["$NFIELDS is 9, but there are 10"], id="fields"
        ),
        pytest.param("$NFIELDS", "$nfields", ["'$nfields' in capitals only"], id="keyword"),
        pytest.param(
            "rmp_sinu_to_ngcm_conserv.nc", "n" * 5000, ["there is no weight file ", "/'nnnn"],
            id="a name that no file can have",
        ),
        pytest.param(
            "rsto.nc", "\x1b[2J" + "r" * 300, ["there is no restart file ", "/'\\x1b[2Jrrr"],
            id="a name that would clear the screen",
        ),
    ],
)  # fmt: skip
def test_damage_to_a_coupling_of_ours_is_named(folder, old, new, expected):
    edit(folder, old, new)
    found = faults(folder)
    for part in expected:
        assert any(part in fault for fault in found), "\n".join(found)
    assert all(len(fault) < 700 and fault.isprintable() for fault in found)


def test_several_fields_in_one_coupling_are_matched_by_their_places(folder):
    text = (folder / "namcouple").read_text()
    assert "O_SSTSST NG_SST 1 3600" in text
    together = "\n".join(
        [
            "NG_QNSS:NG_RAIN O_QnsMix:OC_RAIN 1 3600 1 rsta.nc EXPORTED",
            "16 8 25 12 ngcm sinu LAG=+3600",
            "P 0 P 0",
            "MAPPING",
            "rmp_ngcm_to_sinu_conserv.nc dst bfb",
        ]
    )
    blocks = text.split("#\n# ")
    kept = [block for block in blocks if "NG_QNSS" not in block and "NG_RAIN" not in block]
    assert len(kept) == len(blocks) - 2
    (folder / "namcouple").write_text(
        "#\n# ".join(kept).replace("$STRINGS", f"$STRINGS\n{together}")
    )
    assert faults(folder) == []
    edit(folder, "O_QnsMix:OC_RAIN", "OC_RAIN:O_QnsMix")
    found = "\n".join(faults(folder))
    assert "the ocean's name of surface_downward_nonsolar_heat_flux_over_sea is O_QnsMix" in found
    assert "the ocean's name of rainfall_flux is OC_RAIN" in found


def test_a_namcouple_that_does_not_list_its_programs_is_sound(folder):
    """As from release 3 on."""
    edit(folder, " $NBMODEL\n  2 ngcm ocean\n $END\n", "")
    assert faults(folder) == []


@pytest.mark.parametrize("kind", ["grids", "masks"])
def test_grid_files_of_another_form_are_named(folder, kind):
    path = folder / f"{kind}.nc"
    path.unlink()
    with import_netcdf4().Dataset(path, "w") as file:
        file.createDimension("n", 7)
        file.createVariable("sinu.lon", "f8", ("n",))
        file.createVariable("sinu.msk", "i4", ("n",))[:] = 0
    found = faults(folder)
    told = {
        "grids": "sinu.lon has 1 dimensions, expected 2; run `ngcm-coupler grids`",
        "masks": "sinu.msk has 7 points, expected 300; run `ngcm-coupler grids`",
    }
    assert any(told[kind] in fault for fault in found), found


def test_damaged_namcouples_are_judged_without_a_traceback(folder):
    text = (folder / "namcouple").read_text()
    numbers = random.Random(7)
    for _ in range(60):
        (folder / "namcouple").write_bytes(mutated(numbers, text))
        assert all(len(fault) < 1000 for fault in faults(folder))


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
    # What was found before is not lost.
    edit(folder, "NG_RAIN OC_RAIN", "NG_RAEN OC_RAIN")
    found = faults(folder)
    assert any("did you mean NG_RAIN?" in fault for fault in found[:-1])
    assert "run `ngcm-coupler grids`" in found[-1]


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
    lines = lines[-3:]  # the first tell how the sea fits, at each check
    assert lines[-1] == "2 faults"  # one program, and the lag, which seven fields share
    assert "O_SSTSST -> NG_SST and 6 other couplings: LAG is 900 s" in lines[1]
    assert all(line.startswith("run.nml:") for line in lines[:-1])
