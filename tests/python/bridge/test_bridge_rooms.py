"""The rooms of bridge/ rest on those below them: a cap needs nothing of the hosts."""

from __future__ import annotations

import pathlib
import re

import pytest
from project import ROOT

BRIDGE = ROOT / "bridge"

BELOW = {
    "fortran": {"fortran"},
    "ranks": {"fortran", "ranks"},
    "caps": {"fortran", "ranks", "caps"},
    "hosts": {"fortran", "ranks", "hosts"},
}
"""Room -> the rooms whose modules it may use."""

SOURCES = sorted(BRIDGE.rglob("*.f90"))


def _text(source: pathlib.Path) -> str:
    """Without comments, in lower case as Fortran reads it."""
    return re.sub(r"!.*", "", source.read_text()).lower()


def _room(source: pathlib.Path) -> str:
    return source.relative_to(BRIDGE).parts[0]


OWNERS = {
    name: source
    for source in SOURCES
    for name in re.findall(r"^ *module +(?!procedure\b)(\w+) *$", _text(source), re.MULTILINE)
}
"""Module -> the file that defines it."""


def _used(source: pathlib.Path) -> set[pathlib.Path]:
    """The files of bridge/ that a file needs; modules of MPI, netCDF or a coupler are not here."""
    uses = r"^ *use\b(?: *, *(?:non_)?intrinsic)?(?: *::)? *(\w+)"
    names = re.findall(uses, _text(source), re.MULTILINE)
    names += re.findall(r"^ *submodule *\( *(\w+)", _text(source), re.MULTILINE)
    return {OWNERS[name] for name in names if name in OWNERS}


def _needed(source: pathlib.Path) -> set[pathlib.Path]:
    """What it needs, and what that needs, itself too."""
    found, todo = set(), {source}
    while todo:
        found |= todo
        todo = set().union(*map(_used, todo)) - found
    return found


def _lists(text: str) -> dict[str, list[str]]:
    """The sources of every list and program of a CMakeLists.txt, the lists in them resolved."""
    lists: dict[str, list[str]] = {}
    for name, body in re.findall(
        r"^ *(?:set|add_executable|add_library)\(\s*(\w+)\s([^)]*)\)", text, re.MULTILINE
    ):
        words: list[str] = []
        for word in re.sub(r"#.*", "", body).split():
            inner = re.fullmatch(r"\$\{(\w+)\}", word)
            words += lists.get(inner[1], []) if inner else [word]
        lists[name] = [word for word in words if re.search(r"\.(f90|c|cpp)$", word)]
    return lists


LISTS = _lists((BRIDGE / "CMakeLists.txt").read_text())


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: str(source.relative_to(BRIDGE)))
def test_a_source_uses_no_room_above_its_own(source):
    above = {str(used) for used in _used(source) if _room(used) not in BELOW[_room(source)]}
    assert not above


@pytest.mark.parametrize("cap", sorted((BRIDGE / "caps").glob("*/")), ids=lambda cap: cap.name)
def test_a_cap_uses_no_other_cap(cap):
    for source in cap.glob("*.f90"):
        assert all(used.parent == cap for used in _used(source) if _room(used) == "caps")


def test_the_rooms_are_seen():
    """What the other tests follow is there: the cap's module, its use of ranks, the lists."""
    cap = OWNERS["ngcm_cap_oasis"]
    assert {_room(used) for used in _used(cap)} == {"caps", "ranks", "fortran"}
    assert set(LISTS) >= {"ngcm_driver", "ngcm_oasis_atm", "ngcm_oasis_ocean", "cap_sources"}


def test_cmake_builds_and_installs_the_cap_without_hosts():
    """What a user compiles with another compiler is whole: all that its modules need."""
    listed = {BRIDGE / name for name in LISTS["cap_sources"]}
    assert set(map(_room, listed)) == {"caps", "ranks"}
    assert LISTS["ngcm_oasis_atm"] == LISTS["cap_sources"]
    whole = set().union(*map(_needed, listed))
    assert whole <= listed | {BRIDGE / name for name in LISTS["fortran_sources"]}


@pytest.mark.parametrize("program", ["ngcm_driver", "ngcm_oasis_atm", "ngcm_oasis_ocean"])
def test_cmake_gives_a_program_what_its_modules_need_and_no_more(program):
    listed = {BRIDGE / name for name in LISTS[program] if name.endswith(".f90")}
    needed = _needed(next(source for source in listed if source.stem == program))
    # Not a module: it stands before MPI's own subroutine.
    spare = {BRIDGE / "ranks" / "mpi_abort_guard.f90"}
    assert {source for source in listed if _room(source) != "fortran"} - spare == {
        source for source in needed if _room(source) != "fortran"
    }
