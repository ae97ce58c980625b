"""The numbers and names of the contract, which several files repeat."""

from __future__ import annotations

import ctypes
import dataclasses
import json
import re
import subprocess

import pytest
from project import ROOT

from ngcm_coupler.config import Config
from ngcm_coupler.errors import STATUS_LABELS

BRIDGE = ROOT / "bridge"

STATUSES = {
    ("NGCM_OK" if label == "ok" else f"NGCM_ERROR_{label.upper()}"): number
    for number, label in STATUS_LABELS.items()
}


def _numbers(text: str, pattern: str) -> dict[str, int]:
    return {name.upper(): int(number) for name, number in re.findall(pattern, text)}


def test_header_lists_the_statuses_of_the_package():
    header = (BRIDGE / "include" / "ngcm.h").read_text()
    assert _numbers(header, r"(NGCM_(?:OK|ERROR_\w+)) = (\d+)") == STATUSES


def test_fortran_lists_the_statuses_of_the_package():
    source = (BRIDGE / "fortran" / "ngcm_errors.f90").read_text()
    assert _numbers(source, r"enumerator :: (ngcm_\w+) = (\d+)") == STATUSES


def test_fortran_names_the_statuses_as_the_package_does():
    source = (BRIDGE / "fortran" / "ngcm_errors.f90").read_text()
    listed = re.search(r"names\(0:\d+\) = \[character\(10\) :: (.+?)\]", source, re.DOTALL)
    assert listed is not None
    assert re.findall(r'"(\w+)"', listed[1]) == [
        STATUS_LABELS[number] for number in sorted(STATUS_LABELS)
    ]


def _fortran_namelists() -> dict[str, list[set[str]]]:
    """The keys of every namelist that a Fortran program reads, by its group."""
    found: dict[str, list[set[str]]] = {}
    for source in sorted(BRIDGE.rglob("*.[fF]90")):
        text = re.sub(r"&\s*\n\s*", "", source.read_text())
        for group, keys in re.findall(r"^ *namelist /(\w+)/ (.+)$", text, re.MULTILINE):
            found.setdefault(group, []).append(set(re.split(r",\s*", keys.strip())))
    return found


@pytest.mark.parametrize("group", sorted(_fortran_namelists()))
def test_fortran_reads_the_keys_of_the_package(group):
    """A namelist is read whole: a key that is not declared in Fortran ends the run."""
    config = getattr(Config(), group.removeprefix("ngcm_"))
    keys = {field.name for field in dataclasses.fields(config)}
    for declared in _fortran_namelists()[group]:
        assert declared == keys


def test_library_names_the_statuses_as_the_package_does(prefix):
    library = ctypes.CDLL(str(prefix / "lib" / "libngcm.so"))
    name = ctypes.create_string_buffer(32)
    for number, label in STATUS_LABELS.items():
        library.ngcm_error_name(number, name, len(name))
        assert name.value.decode() == label


def test_library_exports_the_functions_of_the_header_and_nothing_else(prefix):
    header = (BRIDGE / "include" / "ngcm.h").read_text()
    listing = subprocess.run(
        ["nm", "-D", "--defined-only", "--format=posix", prefix / "lib" / "libngcm.so"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    exported = {line.split()[0] for line in listing.splitlines()}
    assert exported == set(re.findall(r"^NGCM_API int (\w+)\(", header, re.MULTILINE))


def test_library_links_no_coupler_no_mpi_and_no_netcdf(prefix):
    listing = subprocess.run(
        ["readelf", "-d", prefix / "lib" / "libngcm.so"], capture_output=True, text=True, check=True
    ).stdout
    needed = re.findall(r"NEEDED.*\[(\w+)", listing)
    assert {"libpython3"} < {re.sub(r"\W.*", "", name) for name in needed}
    assert not [name for name in needed if re.match("lib(mpi|netcdf|hdf5|psmile|esmf)", name)]


@pytest.mark.slow
def test_calls_cost_little_and_keep_no_memory(prefix, namelist):
    done = subprocess.run(
        [prefix / "bin" / "ngcm_bench", namelist, "100"], capture_output=True, text=True, check=True
    )
    figures = json.loads(done.stdout)
    # Measured 0.15 ms on a slow core; far above means an import, a copy or a compilation per call.
    assert figures["exchange_us"]["median"] < 2000.0
    # Less than one array of the 64 x 32 grid in 10,000 puts and gets.
    assert figures["resident_bytes_after"] - figures["resident_bytes_before"] < 64 * 32 * 8
