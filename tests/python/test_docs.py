"""The documentation does as it says: its programs are built and run as a reader would."""

import re
import subprocess

import pytest
from project import ROOT

from ngcm_coupler.cli import main
from ngcm_coupler.fields.levels import LEVEL_FIELDS

DOCS = ROOT / "docs"


def files_of(page):
    """The fenced blocks that begin with a file name, by that name."""
    blocks = re.findall(r"```\w+\n(?:!|#|//) (\S+)\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)
    return dict(blocks)


def unpack(page, folder):
    for name, text in files_of(page).items():
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def folder(tmp_path):
    return unpack("coupling.md", tmp_path)


def build_and_run(folder, name, page="coupling.md"):
    commands = re.search(r"```sh\n((?:gfortran|cc) .*?)```", (DOCS / page).read_text(), re.DOTALL)
    script = commands[1].replace("host", name)
    done = subprocess.run(
        ["sh", "-ec", script], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_hosts_of_the_coupling_page_and_of_the_c_page_run_alike(folder, tmp_path_factory):
    line = re.compile(r"^hour \d: greatest latent heat loss +(\S+)$", re.MULTILINE)
    losses = line.findall(build_and_run(folder, "host"))
    assert len(losses) == 3
    assert all(50.0 < float(loss) < 300.0 for loss in losses)
    in_c = unpack("c.md", tmp_path_factory.mktemp("c"))
    assert line.findall(build_and_run(in_c, "host", page="c.md")) == losses


@pytest.mark.slow
def test_host_of_the_coupling_page_takes_heat_over_water_and_over_ice(folder):
    hours = re.findall(r"^hour \d: petawatts into open water +(\S+), into ice +(\S+)$",
                       build_and_run(folder, "tiles"), re.MULTILINE)  # fmt: skip
    # January's sun on a cloudless sea that covers the planet: some 80 W m-2 on 5e14 m2.
    assert all(20.0 < float(water) < 80.0 and -5.0 < float(ice) < 0.0 for water, ice in hours)
    assert len(hours) == 3


@pytest.mark.slow
def test_legacy_model_of_the_coupling_page_runs_and_leaves_a_restart(folder):
    output = build_and_run(folder, "legacy")
    assert 289.0 < float(re.search(r"temperature +(\S+)", output)[1]) < 290.0
    assert (folder / "restart.nc").exists()


@pytest.fixture
def python_host(tmp_path):
    """Runs a program of the page for hosts in Python as the page says; gives what it prints."""
    for name, text in files_of("python.md").items():
        (tmp_path / name).write_text(text)
    commands = re.findall(r"```sh\n(.*?)```", (DOCS / "python.md").read_text(), re.DOTALL)

    def run(name):
        command = next(command for command in commands if name in command)
        done = subprocess.run(
            ["sh", "-ec", command], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.mark.slow
def test_slab_of_the_python_page_warms_and_cools_within_reason(python_host):
    hours = re.findall(r"^hour \d: (\S+) PW into the sea, (\S+) K at most$",
                       python_host("slab.py"), re.MULTILINE)  # fmt: skip
    assert len(hours) == 3
    for petawatts, warmest in hours:
        assert -200.0 < float(petawatts) < 200.0 and 295.0 < float(warmest) < 305.0


@pytest.mark.slow
def test_mask_of_the_python_page_is_refused_and_filled(python_host):
    said = python_host("masks.py")
    assert "error 14 (argument): sea_surface_temperature: got a masked array in which" in said
    assert said.endswith("filled: 1 hour done\n")


@pytest.mark.slow
def test_chain_of_the_python_page_goes_on_on_other_ranks(python_host):
    """Two runs on two ranks, then one on a single one: the sea's heat goes on where it was."""
    lines = [line.split() for line in python_host("chain.py").splitlines()]
    assert [line[0] for line in lines] == [f"2000-01-01T0{hour}:00:00" for hour in (3, 6, 9)]
    begun, ended = ([float(line[place]) for line in lines] for place in (3, 5))
    assert begun[1:] == ended[:-1] and len({*ended}) == 3
    # Some 100 W m-2 of 6e10 J m-2 in three hours.
    assert abs(ended[2] / begun[0] - 1.0) < 1e-4


HISTORIES = re.findall(r"```fortran\n(&ngcm.*?)```", (DOCS / "history.md").read_text(), re.DOTALL)


@pytest.mark.parametrize("namelist", HISTORIES)
def test_namelists_of_the_history_page_are_sound(namelist, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run.nml").write_text(namelist)
    assert len(HISTORIES) == 3 and main(["check", "run.nml"]) == 0


def test_the_history_page_names_every_field_on_levels():
    rows = re.findall(
        r"^\| `(\w+)` \| `(\w+)` \| (.*) \|$", (DOCS / "history.md").read_text(), re.M
    )
    expected = [(row.decoder, row.standard_name, row.units) for row in LEVEL_FIELDS]
    assert rows == expected


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), target
