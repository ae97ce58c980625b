"""The house is as docs/architecture.md says, and small enough to find one's way in it."""

from __future__ import annotations

import importlib
import re
import tomllib

import pytest
from project import ROOT

PACKAGE = ROOT / "ngcm_coupler"
PAGE = (ROOT / "docs" / "architecture.md").read_text()
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
    "contracts"
]
SOURCES = (".py", ".f90", ".F90", ".c", ".h", ".cpp", ".hpp", ".cmake", ".sh", ".pyi")
MOST_FOLDERS, MOST_FILES, MOST_MODULES, MOST_LINES, MOST_LAYERS = 17, 8, 18, 500, 14


def rooms():
    return sorted(place.name for place in PACKAGE.iterdir() if (place / "__init__.py").exists())


def layers_of(container):
    found = [each for each in CONTRACTS if each.get("containers") == [container]]
    assert len(found) == 1, container
    return found[0]


def test_the_top_of_the_package_is_seen_at_a_glance():
    files = [place.name for place in PACKAGE.iterdir() if place.suffix in (".py", ".typed")]
    assert len(rooms()) <= MOST_FOLDERS, rooms()
    assert len(files) <= MOST_FILES, files


def test_no_folder_has_more_modules_than_a_shelf():
    for folder in (PACKAGE, *(place for place in PACKAGE.rglob("*") if place.is_dir())):
        modules = list(folder.glob("*.py"))
        assert len(modules) <= MOST_MODULES, folder


def test_no_file_is_longer_than_one_reads_in_a_sitting():
    tops = [ROOT / name for name in ("ngcm_coupler", "bridge", "namelists", "tests", "tools")]
    found = [ROOT / "CMakeLists.txt", *(file for top in tops for file in top.rglob("*"))]
    sources = [file for file in found if file.name.endswith(SOURCES) or "CMakeLists" in file.name]
    files = [
        file for file in sources if file.is_file() and "build" not in file.relative_to(ROOT).parts
    ]
    assert len(files) > 300
    long = {
        str(file.relative_to(ROOT)): count
        for file in files
        if (count := len(file.read_text().splitlines())) > MOST_LINES
    }
    assert not long


def test_imports_go_downwards_in_the_house_and_in_its_large_rooms():
    """`make lint` enforces the contracts; here they must be there, and hold every module."""
    house = layers_of("ngcm_coupler")
    assert house["exhaustive"] and len(house["layers"]) <= MOST_LAYERS
    for room in ("component", "config", "device", "output"):
        assert layers_of(f"ngcm_coupler.{room}")["exhaustive"], room


def test_the_page_names_every_room_in_the_order_of_the_layers():
    layers = [layer.split(" | ") for layer in layers_of("ngcm_coupler")["layers"]]
    table = re.findall(r"^\| (`.*?) \|", PAGE.partition("Beside the package")[0], re.MULTILINE)
    told = [re.findall(r"`(\w+)/?`", row) for row in table]
    assert told == layers


@pytest.mark.parametrize("way", ["put", "get", "a namelist key"])
def test_the_way_of_a_field_and_of_a_key_is_short_and_there(way):
    section = re.search(rf"^### The way of {way}\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert section, way
    steps = re.findall(r"^\d+\. `([^`]+)`", section[1], re.MULTILINE)
    passed = []
    for step in steps:
        place, _, name = step.partition(":")
        if place.startswith("ngcm_coupler."):
            found = importlib.import_module(place)
            for part in name.split("."):
                found = getattr(found, part)
            room = place.split(".")[1]
        else:
            assert name in (ROOT / place).read_text(), step
            room = place.rpartition("/")[0]
        passed.append(room)
    assert len(steps) >= 3
    assert len(set(passed)) <= 8, passed
