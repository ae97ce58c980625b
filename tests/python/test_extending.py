"""The walks of docs/extending.md, done as the page says in a copy of the installed package."""

from __future__ import annotations

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from project import ROOT

import ngcm_coupler
from ngcm_coupler.config import Config, coupler_groups
from ngcm_coupler.couplers import coupled_run, registry
from ngcm_coupler.fields import field

PAGE = (ROOT / "docs" / "extending.md").read_text()

CHANGES = re.findall(r"^```diff\n--- (\S+)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
"""File and lines of every block that changes one."""

FILES = dict(re.findall(r"^```\w+\n(?:#|!) (\S+)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE))
"""Text of every new file by its name."""


def changed(text: str, change: str) -> str:
    """The text with the change of a block; each of its parts must fit in one place."""
    for part in re.split(r"^@@\n", change, flags=re.MULTILINE):
        lines = part.splitlines()
        assert {line[:1] for line in lines} <= {" ", "+", "-", ""}, part
        old, new = (
            "".join(f"{line[1:]}\n" for line in lines if line[:1] != without) for without in "+-"
        )
        assert f"\n{text}".count(f"\n{old}") == 1, f"these stand not there once:\n{old}"
        text = f"\n{text}".replace(f"\n{old}", f"\n{new}")[1:]
    return text


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder for PYTHONPATH with the package and the modules of the page."""
    site = tmp_path_factory.mktemp("site")
    shutil.copytree(
        pathlib.Path(ngcm_coupler.__file__).parent,
        site / "ngcm_coupler",
        ignore=shutil.ignore_patterns("__pycache__", "bin", "include", "lib", "share"),
    )
    for name, text in FILES.items():
        if name.endswith(".py"):
            (site / name).parent.mkdir(exist_ok=True)
            (site / name).write_text(text)
    for name, change in CHANGES:
        (site / name).write_text(changed((site / name).read_text(), change))
    return site


@pytest.fixture(scope="module")
def run(site):
    """Runs a command of the environment with the copy first; gives exit status and output."""

    def run(*words, folder=site):
        done = subprocess.run(
            [pathlib.Path(sys.executable).parent / words[0], *words[1:]],
            cwd=folder, env=os.environ | {"PYTHONPATH": str(site)},
            capture_output=True, text=True, check=False, timeout=600,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    return run


@pytest.fixture
def check(run, tmp_path):
    """What `check` says of a namelist."""

    def check(text):
        (tmp_path / "run.nml").write_text(text)
        return run("ngcm-coupler", "check", "run.nml", folder=tmp_path)

    return check


@pytest.fixture(scope="module")
def computed(run, site):
    """Everything that needs JAX, in one process."""
    status, said = run("python", ROOT / "tests" / "python" / "extended.py")
    assert status == 0, said
    return json.loads((site / "extended.json").read_text())


@pytest.mark.slow
def test_a_field_is_listed_and_offered_with_the_value_of_its_formula(run, computed):
    status, table = run("ngcm-coupler", "fields", "--format", "csv")
    assert status == 0
    (cell,) = re.findall(r"^relative_humidity_at_2m,.*$", table, re.MULTILINE)
    assert ",export,instantaneous,0,2,bulk," in cell and ",sea_ice land," in cell
    assert re.search(r"^relative_humidity_at_2m_over_ice_free_sea,.*,NG_RH2O,", table, re.MULTILINE)
    relative, temperature, humidity, pressure, _ = np.array(computed["states"])
    # Another formula of saturation than the code's (Bolton 1980), within 0.5 % of it in this range.
    celsius = temperature - 273.15
    saturation = 611.2 * np.exp(17.67 * celsius / (celsius + 243.5))
    expected = humidity * pressure / (0.622 + 0.378 * humidity) / saturation
    np.testing.assert_allclose(relative, expected, rtol=1e-2)
    assert 0.7 < relative.min() and relative.max() < 1.0


@pytest.mark.slow
def test_a_bulk_scheme_is_chosen_by_name_and_gives_fluxes_of_its_own(check, computed):
    status, said = check("&ngcm_model engine = 'analytic' / &ngcm_surface bulk_scheme = 'zeng' /")
    assert status == 0, said
    zeng, default = (np.array(computed["bulk"][scheme]) for scheme in ("zeng", "coare3p6"))
    assert zeng[0] > 0.0 and (zeng[1:] < 0.0).all()
    ratio = zeng / default
    # Published schemes differ by less than a quarter in ordinary weather.
    assert (0.8 < ratio).all() and (ratio < 1.25).all() and (abs(ratio - 1.0) > 1e-3).all()


@pytest.mark.long
def test_tests_of_every_scheme_hold_for_the_new_one(run):
    tests = ROOT / "tests" / "python" / "surface"
    status, said = run("pytest", tests, "-k", "zeng or choice", "-m", "", "-p", "no:cacheprovider")
    passed = re.search(r"(\d+) passed", said)
    assert status == 0 and passed and int(passed[1]) >= 8, said


CURRENTS = (
    "&ngcm_coupling imports = 'sea_surface_temperature', 'sea_ice_area_fraction',"
    " 'sea_water_x_velocity', 'sea_water_y_velocity' /"
)


@pytest.mark.slow
def test_a_key_is_described_checked_and_tied_to_others(run, check):
    model = "&ngcm_model engine = 'analytic' /\n"
    status, said = check(f"{model}{CURRENTS}&ngcm_surface current_part = 0.5 /")
    assert status == 0, said
    status, said = check(f"{model}{CURRENTS}\n&ngcm_surface current_part = 1.5 /")
    assert status == 1
    assert "run.nml:3: &ngcm_surface current_part = 1.5 is too large; allowed: 0 to 1" in said
    status, said = check(f"{model}&ngcm_surface current_part = 0.5 /")
    assert status == 1
    assert "current_part = 0.5 needs currents; add them to &ngcm_coupling imports" in said
    status, said = run("ngcm-coupler", "check", "--describe")
    assert "  current_part: real [1], default 1.0\n      Part of the current" in said


@pytest.mark.slow
def test_a_key_acts_where_the_page_uses_it(computed):
    (half,), (halved, whole) = computed["half"], computed["whole"]
    # Compiled apart: equal to rounding, where half a current makes a wind of another tenth.
    np.testing.assert_allclose(half, halved, atol=1e-4)
    assert np.abs(np.subtract(half, whole)).max() > 0.02


@pytest.mark.slow
def test_an_atmosphere_from_outside_is_checked_and_runs(check, computed):
    status, said = check("&ngcm_model engine = 'breezy' /")
    assert status == 0 and "breezy, 16 x 8 points, step 1800 s" in said, said
    wind, latent = computed["breeze"]
    np.testing.assert_allclose(wind, 1.5 * np.array(computed["states"][-1]), rtol=1e-6)
    assert -300.0 < np.mean(latent) < -20.0


@pytest.fixture
def cap(tmp_path):
    """The sources of the cap with a program, built as the page says."""
    for name, text in FILES.items():
        if name.endswith(".f90"):
            (tmp_path / name).write_text(text)
    command = re.search(r"```sh\n(gfortran .*?)```", PAGE, re.DOTALL)[1]
    done = subprocess.run(
        ["sh", "-ec", command], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return tmp_path


@pytest.mark.slow
def test_a_cap_builds_against_the_installed_modules(cap):
    assert (cap / "ngcm_cap_mail.mod").exists() and os.access(cap / "atmosphere", os.X_OK)


@pytest.mark.slow
def test_a_cap_takes_the_sea_and_gives_its_heat(cap):
    text = "&ngcm_model engine = 'analytic', analytic_latitudes = 8 / &ngcm_log level = 'error' /"
    (cap / "run.nml").write_text(text)
    done = subprocess.run(
        ["./atmosphere"], cwd=cap, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "receives NG_SST\n" in done.stdout and "offers   NG_LATO\n" in done.stdout
    (latent,) = re.findall(r"^NG_LATO in the mean +(\S+)$", done.stdout, re.MULTILINE)
    assert -300.0 < float(latent) < -20.0


def test_every_change_of_the_page_fits_its_file():
    texts = {name: (ROOT / name).read_text() for name, _ in CHANGES}
    for name, change in CHANGES:
        texts[name] = changed(texts[name], change)
    assert len(texts) > 4


def test_files_and_fields_that_the_page_names_are_there():
    names = {name for name in re.findall(r"`((?:\w+/)+[\w.]+)`", PAGE) if "NAME" not in name}
    roots = (ROOT, ROOT / "ngcm_coupler", ROOT / "tests" / "python")
    assert len(names) > 25 and sum("/test_" in name for name in names) > 8
    for name in names:
        assert any((root / name).exists() for root in roots), name
    assert field("surface_downward_latent_heat_flux_over_ice_free_sea").oasis == "NG_LATO"


ASKING = {
    "analysis/report/tables.py", "cli/grids.py", "cli/namcouple.py", "cli/run_folder.py",
    "cli/weights.py", "config/exchange_rules.py", "couplers/registry.py",
}  # fmt: skip
"""What is of OASIS outside of its room: who writes or reads its files, rules of its group."""


def test_nobody_else_knows_a_coupler_by_name():
    package = ROOT / "ngcm_coupler"
    asking = {
        str(path.relative_to(package))
        for path in package.rglob("*.py")
        # Other than the aliases of fields there.
        if re.search(r"(?<!\bfield)(?<!\brow)\.oasis\b", path.read_text())
    }
    asking = {name for name in asking if not name.startswith("couplers/oasis/")}
    assert asking == ASKING


def test_every_coupler_is_in_both_tables():
    assert registry._COUPLERS.keys() == coupler_groups.COUPLERS.keys()
    for name in coupler_groups.COUPLERS:
        assert not getattr(Config(), name).couples
    assert Config().coupler is None
    assert coupled_run(Config()) is None
